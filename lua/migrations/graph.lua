--- The graph of migrations: nodes are keys "app.name", edges are dependencies.
--
-- Every walk is iterative, so a chain of ten thousand migrations needs no C or Lua stack. All answers
-- are in a deterministic order: dependencies first, and among equals by key.
local errors = require "rdb.orm.errors"

local Graph = {}
Graph.__index = Graph


local function new()
  return setmetatable({ nodes = {}, parents = {}, children = {}, missing = {} }, Graph)
end


--- The key of a migration.
-- @tparam string app app label
-- @tparam string name file name without ".lua"
-- @treturn string "app.name"
local function key_of(app, name)
  return app .. "." .. name
end


--- The app of a key ("blog.0001_initial" -> "blog").
local function app_of(key)
  return key:match "^(.-)%.[^.]*$"
end


--- Add a migration as a node.
-- @tparam string key "app.name"
-- @param migration what is kept for it (any value)
function Graph:add_node(key, migration)
  self.nodes[key] = migration
  self.parents[key] = self.parents[key] or {}
  self.children[key] = self.children[key] or {}
end


--- Say that child needs parent. Both may be added later; `validate` finds what never came.
-- @tparam string child key of the migration that has the dependency
-- @tparam string parent key of the migration that is needed
-- @tparam[opt] string needed_by where the need is written, for the error message
function Graph:add_dependency(child, parent, needed_by)
  self.parents[child] = self.parents[child] or {}
  self.children[parent] = self.children[parent] or {}
  self.parents[child][parent] = true
  self.children[parent][child] = true
  for _, key in ipairs { child, parent } do
    if self.nodes[key] == nil and not self.missing[key] then
      self.missing[key] = needed_by or child
    end
  end
end


local function sorted_keys(set)
  local list = {}
  for key in pairs(set) do
    list[#list + 1] = key
  end
  table.sort(list)
  return list
end


--- Raise unless every dependency exists and there is no cycle.
-- @raise config: names the missing migration and who needs it, or prints the cycle
function Graph:validate()
  for _, key in ipairs(sorted_keys(self.missing)) do
    if self.nodes[key] == nil then
      errors.raise("config", "migration %s depends on %s, which does not exist", self.missing[key], key)
    end
  end
  self:ensure_not_cyclic()
end


local WALKING, DONE = 1, 2


local function raise_cycle(path, key)
  local from = 1
  while path[from] ~= key do
    from = from + 1
  end
  local cycle = table.move(path, from, #path, 1, {})
  cycle[#cycle + 1] = key
  errors.raise("config", "migrations depend on each other in a circle: %s", table.concat(cycle, " -> "))
end


--- Visit start and all that `edges` reaches from it, deepest first.
-- @treturn {string,...} keys in post-order
local function post_order(edges, starts, state)
  local order, path, todo = {}, {}, {}
  for index = #starts, 1, -1 do
    todo[#todo + 1] = starts[index]
  end
  while #todo > 0 do
    local key = todo[#todo]
    if state[key] == nil then
      state[key] = WALKING
      path[#path + 1] = key
      local next_keys = sorted_keys(edges[key] or {})
      for index = #next_keys, 1, -1 do
        local other = next_keys[index]
        if state[other] == WALKING then
          raise_cycle(path, other)
        elseif state[other] == nil then
          todo[#todo + 1] = other
        end
      end
    else
      todo[#todo] = nil
      if state[key] == WALKING then
        state[key] = DONE
        path[#path] = nil
        order[#order + 1] = key
      end
    end
  end
  return order
end


--- Raise the cycle, printed as a path, when the dependencies form one.
function Graph:ensure_not_cyclic()
  post_order(self.parents, sorted_keys(self.nodes), {})
end


local function require_node(self, key)
  if self.nodes[key] == nil then
    errors.raise("config", "there is no migration %s", key)
  end
end


--- Everything that must be applied so that `key` is, in order; key is last.
-- @tparam string|{string,...} targets one key or several
-- @treturn {string,...}
function Graph:forwards_plan(targets)
  targets = type(targets) == "table" and targets or { targets }
  for _, key in ipairs(targets) do
    require_node(self, key)
  end
  return post_order(self.parents, targets, {})
end


--- Everything that must be unapplied so that `key` can be, in order; key is last.
function Graph:backwards_plan(targets)
  targets = type(targets) == "table" and targets or { targets }
  for _, key in ipairs(targets) do
    require_node(self, key)
  end
  return post_order(self.children, targets, {})
end


local function ends(self, edges, app)
  local list = {}
  for key in pairs(self.nodes) do
    local own = app_of(key)
    if not app or own == app then
      local inner = false
      for other in pairs(edges[key]) do
        inner = inner or app_of(other) == own
      end
      if not inner then
        list[#list + 1] = key
      end
    end
  end
  table.sort(list)
  return list
end


--- The migrations that no other migration of the same app needs, sorted; of one app or of all.
-- @tparam[opt] string app
-- @treturn {string,...} more than one per app is a conflict
function Graph:leaf_nodes(app)
  return ends(self, self.children, app)
end


--- The migrations that need no other of the same app, sorted.
function Graph:root_nodes(app)
  return ends(self, self.parents, app)
end


--- All keys so that each comes after what it needs.
function Graph:all_in_order()
  return post_order(self.parents, sorted_keys(self.nodes), {})
end


return { new = new, key_of = key_of, app_of = app_of }
