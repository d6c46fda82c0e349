--- Which migrations a request means, and in which order and direction.

local errors = require "rdb.orm.errors"
local Recorder = require "rdb.migrations.recorder"

local M = {}


--- The keys of the migrations that count as applied, as a set.
local function applied_set(rows)
  local set = {}
  for _, row in ipairs(rows) do
    if Recorder.is_applied(row) then set[row.key] = true end
  end
  return set
end


-- Everything after `key` in its own app, and what needs that, that is applied: to be undone to arrive at `key`.
local function backwards_to(graph, key, app, applied)
  local starts = {}
  for child in pairs(graph.children[key]) do
    if graph.nodes[child].app == app then starts[#starts + 1] = child end
  end
  table.sort(starts)
  local plan = {}
  if #starts > 0 then
    for _, each in ipairs(graph:backwards_plan(starts)) do
      if applied[each] then plan[#plan + 1] = each end
    end
  end
  return plan
end


local function zero(graph, app, applied)
  local plan = {}
  local roots = graph:root_nodes(app)
  if #roots > 0 then
    for _, each in ipairs(graph:backwards_plan(roots)) do
      if applied[each] then plan[#plan + 1] = each end
    end
  end
  return plan
end


local function forwards(graph, keys, applied)
  local plan = {}
  for _, each in ipairs(graph:forwards_plan(keys)) do
    if not applied[each] then plan[#plan + 1] = each end
  end
  return plan
end


local function for_target(loader, target, applied)
  local app, name = target[1], target[2]
  local graph = loader.graph
  if not loader.by_app[app] then
    errors.raise("config", "there is no app %q; the apps are: %s", tostring(app), table.concat(loader.apps, ", "))
  elseif name == "zero" then
    return zero(graph, app, applied), true
  elseif name == nil then
    return forwards(graph, graph:leaf_nodes(app), applied), false
  end
  local migration = loader:find(app, name)
  if applied[migration.key] then
    return backwards_to(graph, migration.key, app, applied), true
  end
  return forwards(graph, { migration.key }, applied), false
end


local function in_graph_order(graph, plan)
  local by_key, ordered = {}, {}
  for _, step in ipairs(plan) do by_key[step.key] = step end
  for _, key in ipairs(graph:all_in_order()) do ordered[#ordered + 1] = by_key[key] end
  return ordered
end


--- Make the plan.
-- @tparam Loader loader
-- @tparam table rows of the ledger
-- @tparam[opt] table targets { { app, name|"zero"|prefix|nil }... }; nil: everything to its newest
-- @treturn table { { key=, migration=, backwards= }... } in the order of execution: forwards that of the whole graph
-- @raise config for unknown apps and migrations, misuse for plans in both directions
function M.make(loader, rows, targets)
  local applied = applied_set(rows)
  local plan, seen, direction = {}, {}, nil
  local function add(keys, backwards)
    for _, key in ipairs(keys) do
      if not seen[key] then
        seen[key] = true
        plan[#plan + 1] = { key = key, migration = loader.migrations[key], backwards = backwards }
        if direction ~= nil and direction ~= backwards then
          errors.raise("misuse", "the targets need migrations applied and others unapplied; run migrate once for each")
        end
        direction = backwards
      end
    end
  end
  if targets then
    for _, target in ipairs(targets) do add(for_target(loader, target, applied)) end
  else
    add(forwards(loader.graph, loader.graph:leaf_nodes(), applied), false)
  end
  return direction == false and in_graph_order(loader.graph, plan) or plan
end


--- Raise before anything runs when a migration that is to be unapplied cannot be.
function M.check_reversible(plan)
  for _, step in ipairs(plan) do
    local operation = step.backwards and step.migration:irreversible_operation()
    if operation then
      errors.raise("unsupported", "%s cannot be unapplied: its operation %q cannot be undone; nothing was changed",
        step.key, operation:describe())
    end
  end
end


M.applied_set = applied_set


return M
