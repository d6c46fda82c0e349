--- The project states before the steps of a plan.
--
-- Forwards one state walks along: what a migration leaves behind, with the models it has rendered, is what the next one
-- begins with. Backwards the states before each step are needed in reverse, so they are made first.

local planner = require "rdb.migrations.executor.plan"

local States = {}
States.__index = States


local function new_state(alias) return require("rdb.migrations.state").ProjectState(alias) end


-- What is applied and stays, then the steps after their dependencies: so each step meets a state that has everything
-- the database has at that moment, also from apps that the step knows nothing of.
local function order_of(loader, rows, plan)
  local applied, wanted, order = planner.applied_set(rows), {}, {}
  for _, step in ipairs(plan) do wanted[step.key] = true end
  for _, key in ipairs(loader.graph:all_in_order()) do
    if applied[key] and not wanted[key] then order[#order + 1] = key end
  end
  local first, last, step = 1, #plan, 1
  if plan[1].backwards then first, last, step = #plan, 1, -1 end
  for index = first, last, step do order[#order + 1] = plan[index].key end
  return order, wanted
end


local function backwards(loader, order, wanted, alias)
  local state, before = new_state(alias), {}
  for _, key in ipairs(order) do
    if wanted[key] then before[key] = state:clone() end
    loader.migrations[key]:mutate_state(state)
  end
  return before
end


--- States for a plan.
-- @tparam Loader loader
-- @tparam table rows of the ledger
-- @tparam table plan in one direction, not empty; forwards in the order of the graph
-- @tparam[opt] string alias the database that the models of the states use
function States.new(loader, rows, plan, alias)
  local order, wanted = order_of(loader, rows, plan)
  local self = setmetatable({ loader = loader }, States)
  if plan[1].backwards then
    self.before_step = backwards(loader, order, wanted, alias)
  else
    self.order, self.position, self.state = order, 0, new_state(alias)
  end
  return self
end


--- The state before a migration of the plan. Forwards: ask in the order of the plan.
function States:before(key)
  if self.before_step then return self.before_step[key] end
  while self.order[self.position + 1] ~= key do
    self.position = self.position + 1
    self.loader.migrations[self.order[self.position]]:mutate_state(self.state)
  end
  return self.state
end


--- A migration was run and left this state behind.
function States:ran(key, after)
  if self.before_step then return end
  self:before(key)
  self.position = self.position + 1
  self.state = after
end


return States
