--- What happens to the rows that point at a deleted one. Each is a table { kind = "on_delete", name = ... }.
-- DB_* leave the work to the database's own foreign key action.
local errors = require "rdb.orm.errors"

local on_delete = {}

local OnDelete = {}

function OnDelete.__tostring(self)
  return "rdb." .. self.name
end

local function constant(name, in_database)
  return setmetatable({ kind = "on_delete", name = name, in_database = in_database or false }, OnDelete)
end

on_delete.CASCADE = constant "CASCADE"
on_delete.PROTECT = constant "PROTECT"
on_delete.RESTRICT = constant "RESTRICT"
on_delete.SET_NULL = constant "SET_NULL"
on_delete.SET_DEFAULT = constant "SET_DEFAULT"
on_delete.DO_NOTHING = constant "DO_NOTHING"
on_delete.DB_CASCADE = constant("DB_CASCADE", true)
on_delete.DB_SET_NULL = constant("DB_SET_NULL", true)
on_delete.DB_SET_DEFAULT = constant("DB_SET_DEFAULT", true)

--- rdb.SET(value): point the rows at another key; a function is called at the time of the deletion.
function on_delete.SET(value)
  if value == nil then
    errors.raise("misuse", "rdb.SET needs a value or a function; rdb.SET_NULL writes NULL")
  end
  return setmetatable({ kind = "on_delete", name = "SET", value = value, in_database = false }, OnDelete)
end

function OnDelete.__eq(a, b)
  return a.name == b.name and a.value == b.value
end

return on_delete
