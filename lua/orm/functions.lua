--- rdb.fn.*: database functions in the snake_case of Django's names. A string argument is a field path.
local base = require "rdb.orm.expressions.base"
local errors = require "rdb.orm.errors"
local raw = require "rdb.orm.expressions.raw"
local suggest = require "rdb.orm.suggest"

local functions = {}

local PLAIN = {
  "lower", "upper", "length", "concat", "coalesce", "substr", "trim", "ltrim", "rtrim", "replace", "left", "right",
  "str_index", "chr", "ord", "abs", "round", "ceil", "floor", "sqrt", "exp", "ln", "log", "power", "mod", "sign",
    "pi", "random",
  "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "degrees", "radians", "greatest", "least", "nullif", "now",
}

local PARTS = {
  "year", "iso_year", "quarter", "month", "week", "day", "week_day", "iso_week_day", "hour", "minute", "second",
}

local UNITS = { "year", "quarter", "month", "week", "day", "hour", "minute", "second" }

for _, name in ipairs(PLAIN) do
  functions[name] = raw.caller(name)
end

for _, part in ipairs(PARTS) do
  --- rdb.fn.extract_year(path) ...
  functions["extract_" .. part] = function(argument)
    return base.new("extract", "extract:" .. part, { base.argument(argument) }, { part = part })
  end
end

for _, unit in ipairs(UNITS) do
  --- rdb.fn.trunc_month(path) ...: the first instant of the unit.
  functions["trunc_" .. unit] = function(argument)
    return base.new("trunc", "trunc:" .. unit, { base.argument(argument) }, { part = unit })
  end
end

--- rdb.fn.trunc_date(path), rdb.fn.trunc_time(path): the date or the time of a timestamp.
for _, part in ipairs { "date", "time" } do
  functions["trunc_" .. part] = function(argument)
    return base.new("extract", "extract:" .. part, { base.argument(argument) }, { part = part })
  end
end

functions.cast = raw.Cast

return setmetatable(functions, {
  __index = function(_, name)
    errors.raise("misuse", "rdb.fn has no function '%s'%s; rdb.Func(%q, ...) calls any", tostring(name),
      suggest.clause(name, functions), tostring(name))
  end,
})
