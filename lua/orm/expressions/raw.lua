--- Escape hatches: rdb.RawSQL(sql, params), rdb.Func("name", ...), rdb.Cast(expression, type).
local base = require "rdb.orm.expressions.base"
local errors = require "rdb.orm.errors"

local raw = {}

--- rdb.RawSQL("score * ? + 1", { 2 }, { output = "int64" }): SQL of the program's own, with `?` for its parameters.
-- The text must never be put together from user input.
function raw.RawSQL(sql, params, options)
  if type(sql) ~= "string" then
    errors.raise("misuse", "rdb.RawSQL takes SQL and a list of parameters; got %s", errors.type_name(sql))
  end
  local pieces = require("rdb.orm.placeholders").split(sql, "rdb.RawSQL")
  params = params or {}
  if #pieces - 1 ~= #params then
    errors.raise("misuse", "rdb.RawSQL has %d placeholders and got %d parameters", #pieces - 1, #params)
  end
  local args = {}
  for i, value in ipairs(params) do
    args[i] = base.is(value) and value or base.value(value)
  end
  local output = options and options.output
  return base.new("raw", ("raw:%s:%d:%s"):format(output or "", #sql, sql), args,
    { pieces = pieces, output = output, condition = true })
end

--- rdb.Func("name", argument, ...): a database function that rdb.fn does not have. Strings are field paths.
function raw.Func(name, ...)
  if type(name) ~= "string" or not name:find("^[%a_][%w_]*$") then
    errors.raise("misuse", "rdb.Func takes the name of a database function, letters, digits and _; got %s",
      type(name) == "string" and ("%q"):format(name) or errors.type_name(name))
  end
  local args = {}
  for i, argument in ipairs { ... } do
    args[i] = base.argument(argument)
  end
  return base.new("custom", "custom:" .. name, args, { name = name })
end

--- rdb.fn.name: a function that calls `name` of the dialect's functions. Strings are field paths.
function raw.caller(name)
  return function(...)
    local args = {}
    for i = 1, select("#", ...) do
      local argument = select(i, ...)
      if argument == nil then
        errors.raise("misuse", "rdb.fn.%s: argument %d is nil; NULL is rdb.null", name, i)
      end
      args[i] = base.argument(argument)
    end
    return base.new("func", "fn:" .. name .. ":" .. #args, args, { name = name })
  end
end

--- rdb.Cast(expression, "integer"): types are named as in rdb.fields.
function raw.Cast(argument, type_name)
  if type(type_name) ~= "string" or not type_name:find("^[%a_]+$") then
    errors.raise("misuse", "rdb.Cast takes an expression and a type such as \"integer\"")
  end
  return base.new("cast", "cast:" .. type_name, { base.argument(argument) }, { type = type_name })
end

return raw
