--- Aggregates: rdb.Count("posts", { distinct =, filter =, default = }), Sum, Avg, Min, Max, ...
local base = require "rdb.orm.expressions.base"
local errors = require "rdb.orm.errors"
local q = require "rdb.orm.q"
local suggest = require "rdb.orm.suggest"

local aggregates = {}

local OPTIONS = { distinct = true, filter = true, default = true, order_by = true }

local function check_options(title, options, extra)
  for name in pairs(options) do
    if not OPTIONS[name] and not (extra and extra[name]) then
      errors.raise("misuse", "rdb.%s has no option '%s'%s", title, tostring(name), suggest.clause(name, OPTIONS))
    end
  end
end

-- @tparam table details { name = key of dialect.aggregates, sample =, root = }
local function build(title, details, argument, options)
  local args = { argument }
  if details.separator then
    args[2] = base.value(details.separator)
  end
  if options.default ~= nil then
    args[#args + 1] = base.operand(options.default)
  end
  local filter = options.filter and q.from(options.filter, "rdb." .. title .. " filter")
  local head = ("agg:%s:%s:%s:%s:%s"):format(details.name, options.distinct and "d" or "", options.default ~= nil
    and "v" or "",
    tostring(details.sample), filter and "f" or "")
  return base.new("aggregate", head, args, {
    name = details.name, title = title, distinct = options.distinct and true or nil, filter = filter,
      sample = details.sample,
    root = details.root, has_default = options.default ~= nil or nil, order_by = options.order_by,
      dynamic = filter and true or nil,
  })
end

local function simple(title, name, fixed)
  return function(argument, options)
    options = options or {}
    check_options(title, options)
    if argument == nil then
      errors.raise("misuse", "rdb.%s needs a field path or an expression", title)
    end
    return build(title, fixed or { name = name }, base.argument(argument), options)
  end
end

local STAR = base.new("star", "*", {})

--- rdb.Count("posts"), rdb.Count("*").
function aggregates.Count(argument, options)
  options = options or {}
  check_options("Count", options)
  if argument == nil or argument == "*" then
    return build("Count", { name = "count" }, STAR, options)
  end
  return build("Count", { name = "count" }, base.argument(argument), options)
end

aggregates.Sum = simple("Sum", "sum")
aggregates.Avg = simple("Avg", "avg")
aggregates.Min = simple("Min", "min")
aggregates.Max = simple("Max", "max")
aggregates.AnyValue = simple("AnyValue", "any_value")
aggregates.BoolAnd = simple("BoolAnd", "bool_and")
aggregates.BoolOr = simple("BoolOr", "bool_or")
aggregates.BitAnd = simple("BitAnd", "bit_and")
aggregates.BitOr = simple("BitOr", "bit_or")
aggregates.ArrayAgg = simple("ArrayAgg", "array_agg")
aggregates.JSONAgg = simple("JSONAgg", "json_agg")

local SAMPLE = { sample = true }

local function spread(title, root)
  return function(argument, options)
    options = options or {}
    check_options(title, options, SAMPLE)
    if options.distinct then
      errors.raise("unsupported", "rdb.%s cannot be distinct", title)
    end
    return build(title, { name = "variance", sample = options.sample or false, root = root },
      base.argument(argument), options)
  end
end

--- Variance and standard deviation of the population, with sample = true of a sample.
aggregates.Variance = spread("Variance", nil)
aggregates.StdDev = spread("StdDev", true)

--- rdb.StringAgg("name", ", ", options).
function aggregates.StringAgg(argument, separator, options)
  options = options or {}
  check_options("StringAgg", options)
  if type(separator) ~= "string" then
    errors.raise("misuse", "rdb.StringAgg takes a field path and a separator; got %s", errors.type_name(separator))
  end
  return build("StringAgg", { name = "string_agg", separator = separator }, base.argument(argument), options)
end

return aggregates
