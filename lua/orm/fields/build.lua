--- fields.build: make a field from what Field:deconstruct gave.
local errors = require "rdb.orm.errors"
local suggest = require "rdb.orm.suggest"

local Field = require "rdb.orm.fields.base"

--- @tparam string type_name "char", "foreign_key", ...
-- @tparam ?table options as written in f.char { ... }
-- @tparam ?string source "file:line" to name in messages; default: the caller
-- @treturn Field
-- @raise misuse for a type that does not exist
return function(type_name, options, source)
  local class = Field.types[type_name]
  if not class then
    errors.raise("misuse", "there is no field type '%s'%s", tostring(type_name),
      suggest.clause(type_name, Field.types))
  end
  local field = class(options)
  field.source = source or errors.at(2)
  return field
end
