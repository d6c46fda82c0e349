--- rdb.Case{ {condition, value}, ..., default = } : CASE WHEN.
local base = require "rdb.orm.expressions.base"
local errors = require "rdb.orm.errors"
local null = require "rdb.orm.null"
local q = require "rdb.orm.q"

local conditional = {}

--- rdb.Case: conditions are Q, tables or boolean expressions; values are expressions or plain values (a string is
-- text).
function conditional.Case(branches)
  if type(branches) ~= "table" or getmetatable(branches) ~= nil or #branches == 0 then
    errors.raise("misuse", "rdb.Case takes a list of { condition, value } and a default")
  end
  local conditions, args = {}, {}
  for i, branch in ipairs(branches) do
    if type(branch) ~= "table" or getmetatable(branch) ~= nil or branch[1] == nil or branch[2] == nil then
      errors.raise("misuse", "rdb.Case: branch %d must be { condition, value }", i)
    end
    conditions[i] = q.from(branch[1], "rdb.Case")
    args[i] = base.operand(branch[2])
  end
  local default = branches.default
  args[#args + 1] = base.operand(default == nil and null or default)
  return base.new("case", "case:" .. #conditions, args, { conditions = conditions, dynamic = true })
end

return conditional
