--- Arithmetic of expressions: F"price" * F"quantity", -F"balance".
local errors = require "rdb.orm.errors"
local expressions = require "rdb.orm.compiler.expressions"

local NUMERIC = { int64 = true, double = true, decimal = true, bool = true, any = true }
local OPERATORS = {
  ["+"] = "(<1> + <2>)", ["-"] = "(<1> - <2>)", ["*"] = "(<1> * <2>)", ["%"] = "(<1> % <2>)",
  ["/"] = "(CAST(<1> AS REAL) / <2>)", ["//"] = "(CAST(<1> AS INTEGER) / CAST(<2> AS INTEGER))",
    ["^"] = "POWER(<1>, <2>)",
  [".."] = "(<1> || <2>)",
}

local function arithmetic_kind(query, operator, left, right)
  if operator == ".." then
    return "text"
  end
  for _, side in ipairs { left, right } do
    if not NUMERIC[side.kind] then
      errors.raise("unsupported", "%s arithmetic ('%s') is not available on this database", side.kind, operator)
    end
  end
  if (left.kind == "decimal" or right.kind == "decimal") and operator ~= "^" then
    return query.dialect.features.decimal_arithmetic and "decimal" or "double"
  elseif operator == "//" then
    return "int64"
  elseif operator == "/" or operator == "^" or left.kind == "double" or right.kind == "double" then
    return "double"
  elseif left.kind == "any" or right.kind == "any" then
    return "any"
  end
  return "int64"
end

-- Beside a decimal a text is one too: F"price" * "1.1".
local function adopt_texts(spec, args)
  for i, other in ipairs { args[2], args[1] } do
    if spec.args[i].kind == "value" and args[i].kind == "text" and other.kind == "decimal" then
      args[i].kind = "decimal"
    end
  end
end

expressions.register("combined", function(query, spec, scope)
  local args = {}
  for i, argument in ipairs(spec.args) do
    args[i] = expressions.resolve(query, argument, scope)
  end
  if spec.operator ~= ".." then
    adopt_texts(spec, args)
  end
  local kind = arithmetic_kind(query, spec.operator, args[1], args[2])
  local operators = kind == "decimal" and query.dialect.decimal_operators or OPERATORS
  return expressions.template(operators[spec.operator], args, kind)
end)
