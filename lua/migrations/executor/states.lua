--- The project states before the steps of a plan.
--
-- Forwards one state walks along: what a migration leaves behind, with the models it has rendered, is what the next one
-- begins with. Backwards the states before each step are needed in reverse, so they are made first.

local planner = require "rdb.migrations.executor.plan"

local States = {}
States.__index = States


local function new_state() return require("rdb.migrations.state").ProjectState() end


local function backwards(loader, applied, wanted, left)
  local state, before = new_state(), {}
  for _, key in ipairs(loader.graph:all_in_order()) do
    if left == 0 then break end
    if wanted[key] then
      before[key] = state:clone()
      left = left - 1
    end
    if wanted[key] or applied[key] then loader.migrations[key]:mutate_state(state) end
  end
  return before
end


--- States for a plan.
-- @tparam Loader loader
-- @tparam table rows of the ledger
-- @tparam table plan in one direction; forwards in the order of the graph
function States.new(loader, rows, plan)
  local applied, wanted = planner.applied_set(rows), {}
  for _, step in ipairs(plan) do wanted[step.key] = true end
  local self = setmetatable({ loader = loader, applied = applied, wanted = wanted }, States)
  if plan[1].backwards then
    self.before_step = backwards(loader, applied, wanted, #plan)
  else
    self.order, self.position, self.state = loader.graph:all_in_order(), 0, new_state()
  end
  return self
end


--- The state before a migration of the plan. Forwards: ask in the order of the plan.
function States:before(key)
  if self.before_step then return self.before_step[key] end
  while self.order[self.position + 1] ~= key do
    self.position = self.position + 1
    local each = self.order[self.position]
    if self.applied[each] or self.wanted[each] then self.loader.migrations[each]:mutate_state(self.state) end
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
