--- Makes a list of operations shorter without changing what it does.
--
-- An operation is asked to `reduce` with each later one: it answers the list that replaces both, true when the later
-- one
-- may move before it, or false. The result of a pass is passed through again until nothing changes.
local M = {}


local function append(list, other, first, last)
  table.move(other, first or 1, last or #other, #list + 1, list)
end


-- May the later operation move before all operations between?
local function can_move_left(operations, from, to, later, app)
  for index = from, to do
    if operations[index]:reduce(later, app) ~= true then
      return false
    end
  end
  return true
end


-- Try to combine operations[position] with a later one.
-- @treturn nil|table the whole list after the combination
local function combine(operations, position, done, app)
  local operation, can_move_right = operations[position], true
  for other = position + 1, #operations do
    local result = operation:reduce(operations[other], app)
    if type(result) == "table" then
      local combined = {}
      append(combined, done)
      if can_move_right then
        append(combined, operations, position + 1, other - 1)
        append(combined, result)
      elseif can_move_left(operations, position + 1, other - 1, operations[other], app) then
        append(combined, result)
        append(combined, operations, position + 1, other - 1)
      else
        return nil
      end
      append(combined, operations, other + 1)
      return combined
    elseif not result then
      can_move_right = false
    end
  end
  return nil
end


local function pass(operations, app)
  local done = {}
  for position, operation in ipairs(operations) do
    local combined = combine(operations, position, done, app)
    if combined then
      return combined, true
    end
    done[position] = operation
  end
  return done, false
end


--- Shorten a list of operations.
-- @tparam {operation,...} operations is not changed
-- @tparam string app app label of the migration
-- @treturn {operation,...}
function M.optimize(operations, app)
  local again = true
  while again do
    operations, again = pass(operations, app)
  end
  return operations
end


return M
