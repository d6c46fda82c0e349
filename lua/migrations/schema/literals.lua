--- Puts values into SQL text for people to read (sqlmigrate). What is executed always binds them.

local lpeg = require "lpeg"
local core = require "rdb.core"

local P, Cs, Cc = lpeg.P, lpeg.Cs, lpeg.Cc

local M = {}

local KINDS = {
  date = "date", time = "time", datetime = "timestamp", duration = "interval", decimal = "decimal", uuid = "uuid",
}


local function kind_of(value)
  if type(value) == "boolean" then return "bool" end
  if math.type(value) == "integer" then return "int64" end
  if math.type(value) == "float" then return "double" end
  return KINDS[core.is(value)] or "text"
end


--- Replace each ? outside of strings, names and comments by the literal of its parameter.
-- @tparam string sql
-- @tparam[opt] table params values, with n; kinds optional
-- @tparam Dialect dialect renders the literals
-- @treturn string
function M.inline(sql, params, dialect)
  local count = params and (params.n or #params) or 0
  if count == 0 then return sql end
  local position = 0
  local function literal()
    position = position + 1
    local value = params[position]
    if position > count then return "?" end
    if value == nil or value == core.null then return "NULL" end
    return dialect.literal(value, params.kinds and params.kinds[position] or kind_of(value))
  end
  local skipped = P "'" * ((1 - P "'") + P "''") ^ 0 * P "'" + P '"' * ((1 - P '"') + P '""') ^ 0 * P '"'
    + P "--" * (1 - P "\n") ^ 0 + P "/*" * (1 - P "*/") ^ 0 * P "*/"
  return Cs((skipped + P "?" * Cc(true) / literal + 1) ^ 0):match(sql)
end


return M
