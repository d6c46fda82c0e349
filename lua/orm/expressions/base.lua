--- What all expressions share: one metatable, operators, and the structural key.
-- An expression is an immutable table { kind=, args={...}, ...attributes } with the metatable `base.Expression`.
-- Identity of the metatable decides what is an expression; a user's table in a value position never is.
--   head    text that fixes kind and attributes, unambiguously, without values
--   static  the whole key when nothing inside carries a value or depends on a model
local errors = require "rdb.orm.errors"
local null = require "rdb.orm.null"

local base = {}

local Expression = { __name = "rdb.expression" }
Expression.__index = Expression
base.Expression = Expression

--- Is `value` an expression?
function base.is(value)
  return type(value) == "table" and getmetatable(value) == Expression
end

local function all_static(args)
  local keys = {}
  for i, arg in ipairs(args) do
    if not arg.static then
      return nil
    end
    keys[i] = arg.static
  end
  return table.concat(keys, ",")
end

--- Make an expression.
-- @tparam string kind names the resolver and the renderer
-- @tparam string head unambiguous structural text
-- @tparam table args array of expressions
-- @tparam ?table attributes further keys; `dynamic` says that it holds a Q, a QuerySet or a value
-- @treturn table
function base.new(kind, head, args, attributes)
  local expression = { kind = kind, head = head, args = args }
  for key, value in pairs(attributes or {}) do
    expression[key] = value
  end
  local inner = not expression.dynamic and all_static(args)
  if inner then
    expression.static = head .. "(" .. inner .. ")"
  end
  return setmetatable(expression, Expression)
end

local KIND_OF_VALUE = {
  date = "date", time = "time", datetime = "timestamp", duration = "interval", decimal = "decimal", uuid = "uuid",
}

--- The parameter kind by which a plain value binds, or nil when it is no value.
function base.kind_of_value(value)
  local lua_type = type(value)
  if lua_type == "string" then
    return "text"
  elseif lua_type == "number" then
    return math.type(value) == "integer" and "int64" or "double"
  elseif lua_type == "boolean" then
    return "bool"
  elseif value == null then
    return "any"
  end
  return lua_type == "userdata" and KIND_OF_VALUE[require("rdb.core").is(value)] or nil
end

--- rdb.Value(v): a value as an expression. `kind` ("decimal", "json", ...) says how it binds when Lua's type does not.
function base.value(value, kind)
  local own = kind or base.kind_of_value(value)
  if not own then
    errors.raise("invalid_value", "rdb.Value takes a string, number, boolean, rdb.null or a value such as "
      .. "rdb.date; got %s",
      errors.type_name(value))
  end
  return base.new("value", "?" .. own, {}, { value = value, value_kind = own, dynamic = true })
end

--- A field path, as written in F or as a plain string argument.
function base.path(path)
  if type(path) ~= "string" or not path:find("^[%a_][%w_]*$") then
    errors.raise("misuse", "a field path is a name such as \"author__name\"; got %s",
      type(path) == "string" and ("%q"):format(path) or errors.type_name(path))
  end
  return base.new("f", "f:" .. path, {}, { path = path })
end

-- Set by rdb.orm.queryset and rdb.orm.expressions.subquery, which stand above this file.
base.from_queryset = nil
base.is_queryset = function() return false end

--- What may stand beside an operator: an expression, a QuerySet, or a plain value (a string is text).
function base.operand(value)
  if base.is(value) then
    return value
  elseif base.is_queryset(value) then
    return base.from_queryset(value)
  end
  return base.value(value)
end

--- What may be an argument of a function: as `operand`, but a string is a field path.
function base.argument(value)
  if type(value) == "string" then
    return base.path(value)
  end
  return base.operand(value)
end

local function combined(operator)
  return function(left, right)
    return base.new("combined", "op:" .. operator, { base.operand(left), base.operand(right) },
      { operator = operator })
  end
end

Expression.__add = combined "+"
Expression.__sub = combined "-"
Expression.__mul = combined "*"
Expression.__div = combined "/"
Expression.__mod = combined "%"
Expression.__idiv = combined "//"
Expression.__pow = combined "^"
Expression.__concat = combined ".."
function Expression.__unm(operand)
  return base.new("combined", "op:-", { base.value(0), operand }, { operator = "-" })
end

local function comparison(operator)
  return function(self, other)
    local args = { self, other == nil and base.value(null) or base.operand(other) }
    return base.new("compare", "cmp:" .. operator, args, { operator = operator, condition = true })
  end
end

--- Comparisons as methods, because Lua's own must answer booleans.
Expression.eq = comparison "="
Expression.ne = comparison "<>"
Expression.lt = comparison "<"
Expression.le = comparison "<="
Expression.gt = comparison ">"
Expression.ge = comparison ">="

local function ordering(descending)
  return function(self, options)
    options = options or {}
    local nulls = options.nulls_first and "first" or options.nulls_last and "last" or nil
    if options.nulls_first and options.nulls_last then
      errors.raise("misuse", "an ordering takes nulls_first or nulls_last, not both")
    end
    local head = "order:" .. (descending and "desc" or "asc") .. ":" .. (nulls or "")
    return base.new("ordering", head, { self }, { descending = descending, nulls = nulls })
  end
end

--- expression:asc{ nulls_first=, nulls_last= } for order_by.
Expression.asc = ordering(false)
--- expression:desc{ nulls_first=, nulls_last= } for order_by.
Expression.desc = ordering(true)

-- Boolean expressions combine with Q and with each other; rdb.orm.q sets this.
base.to_q = nil
function Expression.__band(left, right)
  return base.to_q(left) & base.to_q(right)
end
function Expression.__bor(left, right)
  return base.to_q(left) | base.to_q(right)
end
function Expression.__bnot(operand)
  return ~base.to_q(operand)
end

function Expression.__tostring(expression)
  return "rdb expression " .. expression.kind
end

return base
