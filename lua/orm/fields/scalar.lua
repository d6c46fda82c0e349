--- The other single-column fields: uuid binary json, and the names that this build refuses.
local kinds = require "rdb.orm.fields.kinds"

local Field = require "rdb.orm.fields.base"

local Uuid = Field.define("uuid", { kind = "uuid" })
Uuid.prepares = true

function Uuid:prepare(value)
  if type(value) == "string" then
    return kinds.convert("uuid", value, self:label())
  end
  return value
end

local Binary = Field.define("binary", { kind = "bytes", options = { "max_length" } })

function Binary:check()
  Field.check(self)
  if self.max_length then
    local max = self.max_length
    self.own_validators = { function(value)
      return #value <= max, ("Ensure this value has at most %d bytes."):format(max)
    end }
  end
end

Field.define("json", { kind = "json" })

-- Names that exist but cannot work here: refused with the reason when the model is defined.
local function refuse(type_name, reason)
  local class = Field.define(type_name, { kind = "any" })
  class.unsupported = true

  function class:take_options()
    self.problems = { ("f.%s %s"):format(type_name, reason) }
  end
end

for _, type_name in ipairs {
  "array", "hstore", "int_range", "bigint_range", "num_range", "date_range", "datetime_range", "search_vector",
} do
  refuse(type_name, "needs PostgreSQL, which this build does not have; f.json keeps tables on every database")
end
refuse("generated", "is not available in this build; compute the value in a method or annotate the query")

return Field
