--- rdb.fields: the field types by name (f.char, f.foreign_key, ...) and `build`, the inverse of Field:deconstruct.
local errors = require "rdb.orm.errors"
local suggest = require "rdb.orm.suggest"

local Field = require "rdb.orm.fields.base"
require "rdb.orm.fields.numeric"
require "rdb.orm.fields.text"
require "rdb.orm.fields.temporal"
require "rdb.orm.fields.scalar"
require "rdb.orm.fields.relations"
require "rdb.orm.fields.composite_key"

local fields = { Field = Field, build = require "rdb.orm.fields.build" }

return setmetatable(fields, {
  __index = function(_, name)
    local class = Field.types[name]
    if not class then
      errors.raise("misuse", "rdb.fields has no field type '%s'%s (%s)", tostring(name),
        suggest.clause(name, Field.types), errors.at(2))
    end
    return class
  end,
})
