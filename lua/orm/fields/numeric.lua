--- Number fields: auto keys, integers of three sizes, float, decimal, boolean.
local errors = require "rdb.orm.errors"
local kinds = require "rdb.orm.fields.kinds"
local validators = require "rdb.orm.validators"

local Field = require "rdb.orm.fields.base"

local RANGES = {
  small = { -32768, 32767 },
  normal = { -2147483648, 2147483647 },
  big = { math.mininteger, math.maxinteger },
}

-- The range of the type on every database: what full_clean accepts.
local function limits(field, low, high)
  if field.min_value then
    low = math.max(low, field.min_value)
  end
  if field.max_value then
    high = math.min(high, field.max_value)
  end
  return low, high
end

local function define_integer(type_name, size, positive)
  local class = Field.define(type_name, { kind = "int64", options = { "min_value", "max_value" } })
  class.size, class.positive = size, positive

  function class:check()
    Field.check(self)
    local low, high = limits(self, positive and 0 or RANGES[size][1], RANGES[size][2])
    if low > high then
      return self:problem("has a min_value above its max_value")
    end
    self.own_validators = { validators.min_value(low), validators.max_value(high) }
  end
end

define_integer("integer", "normal", false)
define_integer("small_integer", "small", false)
define_integer("big_integer", "big", false)
define_integer("positive_integer", "normal", true)
define_integer("positive_small_integer", "small", true)
define_integer("positive_big_integer", "big", true)

local function define_auto(type_name, size)
  local class = Field.define(type_name, {
    kind = "int64", without = { "null", "default", "db_default", "unique", "db_index", "choices", "blank" },
    defaults = { blank = true },
  })
  class.size, class.auto, class.positive = size, true, false

  function class:check()
    if self.given.primary_key == false then
      return self:problem("must be the primary key")
    end
    self.given.primary_key, self.primary_key = true, true
    Field.check(self)
  end
end

define_auto("auto", "normal")
define_auto("small_auto", "small")
define_auto("big_auto", "big")

local Float = Field.define("float", { kind = "double", options = { "min_value", "max_value" } })

-- float and decimal: only the limits that were given.
local function given_limits(self)
  local own = {}
  if self.min_value then
    own[#own + 1] = validators.min_value(self.min_value)
  end
  if self.max_value then
    own[#own + 1] = validators.max_value(self.max_value)
  end
  self.own_validators = own
end

function Float:check()
  Field.check(self)
  given_limits(self)
end

local Decimal = Field.define("decimal", {
  kind = "decimal", options = { "max_digits", "decimal_places", "min_value", "max_value" },
  required = { "max_digits", "decimal_places" },
})
Decimal.prepares = true

function Decimal:check()
  Field.check(self)
  given_limits(self)
  if self.decimal_places > self.max_digits then
    self:problem("has more decimal_places (%d) than max_digits (%d)", self.decimal_places, self.max_digits)
  end
  table.insert(self.own_validators, 1, validators.decimal(self.max_digits, self.decimal_places))
end

--- The value with exactly the places of the column. A value with more places or digits is refused, never rounded.
function Decimal:prepare(value)
  local decimal = kinds.convert("decimal", value, self:label())
  if type(decimal) ~= "userdata" then
    decimal = require "rdb.core".decimal(decimal)
  end
  local fault = validators.decimal_fault(tostring(decimal), self.max_digits, self.decimal_places)
  if fault then
    errors.raise_with("out_of_range", { model = self.model and self.model._meta.label, field = self.name },
      "%s holds %d digits with %d of them after the point; the value has more", self:label(), self.max_digits,
      self.decimal_places)
  end
  return decimal:quantize(self.decimal_places)
end

Field.define("boolean", { kind = "bool" })

return Field
