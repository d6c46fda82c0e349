--- What Lua values fit a column kind, and how texts become values.
-- The core converts parameters by kind; this is the same knowledge for checks that happen before a
-- statement is built (defaults, full_clean, choices) and for giving an instance proper values on save.
local errors = require "rdb.orm.errors"

local kinds = {}

local function core()
  return require "rdb.core"
end

local function is_text(value)
  return type(value) == "string"
end

-- Values with a userdata form: a text in the right notation fits too.
local function is_value(name)
  return function(value)
    return type(value) == "string" or (type(value) == "userdata" and core().is(value) == name)
  end
end

local function is_decimal(value)
  if type(value) == "string" then
    return value:find("^%s*[+-]?%d*%.?%d*[eE]?[+-]?%d*%s*$") ~= nil and value:find("%d") ~= nil
  end
  return math.type(value) == "integer" or (type(value) == "userdata" and core().is(value) == "decimal")
end

-- kind -> { check, what fits, core constructor of the userdata }
local KINDS = {
  text = { is_text, "a string" },
  bytes = { is_text, "a string" },
  int64 = { function(value) return type(value) == "number" and math.tointeger(value) ~= nil end, "an integer" },
  double = { function(value) return type(value) == "number" end, "a number" },
  bool = { function(value) return type(value) == "boolean" end, "true or false" },
  decimal = { is_decimal, "a decimal, an integer or a decimal text such as \"1.10\"", "decimal" },
  date = { is_value "date", "a date or a text such as \"2024-02-29\"", "date" },
  time = { is_value "time", "a time or a text such as \"12:30:00\"", "time" },
  timestamp = { is_value "datetime", "a datetime or a text such as \"2024-02-29T12:00:00Z\"", "datetime" },
  interval = { is_value "duration", "a duration or a text such as \"P1DT2H\"", "duration" },
  uuid = { is_value "uuid", "a uuid or its text", "uuid" },
  json = { function(value)
    local kind = type(value)
    return kind ~= "function" and kind ~= "thread"
  end, "a table, string, number or boolean" },
}

--- Does `value` (not nil) fit a column of `kind`?
-- @treturn boolean fits
-- @treturn string what would fit, for messages
function kinds.accepts(kind, value)
  local entry = KINDS[kind]
  return entry[1](value), entry[2]
end

--- Turn a text into the value of its kind ("2024-02-29" into a date); other values are returned as they are.
-- @raise invalid_value naming `label` when the text does not parse or the type does not fit
function kinds.convert(kind, value, label)
  local entry = KINDS[kind]
  if not entry[1](value) then
    errors.raise("invalid_value", "%s expects %s, got %s", label, entry[2], errors.type_name(value))
  end
  if not entry[3] or type(value) == "userdata" then
    return value
  end
  local ok, converted = pcall(core()[entry[3]], value)
  if not ok then
    errors.raise("invalid_value", "%s expects %s, got a text that is none", label, entry[2])
  end
  return converted
end

return kinds
