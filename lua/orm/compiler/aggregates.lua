--- Aggregates: Count, Sum, ... as resolved nodes.
local errors = require "rdb.orm.errors"
local expressions = require "rdb.orm.compiler.expressions"

local aggregates = {}

local function definition_of(query, spec)
  local definition = query.dialect.aggregates[spec.name]
  if not definition then
    errors.raise("unsupported", "rdb.%s is not available on this database", spec.title)
  elseif spec.distinct and definition.plain_only then
    errors.raise("unsupported", "rdb.%s cannot be distinct on this database", spec.title)
  elseif spec.order_by and not query.dialect.features.aggregate_order_by then
    errors.raise("unsupported", "rdb.%s cannot take order_by on this database", spec.title)
  end
  return definition
end

local function output_kind(definition, argument)
  if definition.kind == "same" then
    return argument.kind
  elseif definition.kind == "sum" then
    return argument.kind == "bool" and "int64" or argument.kind
  end
  return definition.kind
end

local SORTED = { min = true, max = true }

local function resolve(query, spec, scope)
  local definition = definition_of(query, spec)
  local args = {}
  if spec.name == "count" and not spec.distinct then
    scope = setmetatable({ counts = true }, { __index = scope })
  end
  for i, argument in ipairs(spec.args) do
    args[i] = expressions.resolve(query, argument, scope)
    if args[i].aggregate then
      errors.raise("misuse", "rdb.%s cannot aggregate over another aggregate; use aggregate() on the annotated "
        .. "QuerySet", spec.title)
    end
  end
  local argument = args[1]
  local text, kind = definition.template, output_kind(definition, argument)
  if argument.kind == "decimal" and definition.decimal then
    text, kind = definition.decimal, "decimal"
  elseif SORTED[spec.name] then
    args[1] = expressions.comparable(query, argument)
  end
  local node = { op = "aggregate", template = text, args = args, kind = kind, aggregate = true,
    distinct = spec.distinct }
  if spec.filter then
    node.filter = query:condition(spec.filter, scope)
  end
  if spec.sample ~= nil then
    args[2] = { op = "literal", text = spec.sample and "1" or "0", kind = "int64" }
  end
  if spec.root then
    node = expressions.template("SQRT(MAX(<1>, 0))", { node }, kind)
  end
  return node
end

-- The value for "no rows" stands last in args when there is one.
expressions.register("aggregate", function(query, spec, scope)
  if not spec.has_default then
    return resolve(query, spec, scope)
  end
  local inner = {}
  for key, value in pairs(spec) do
    inner[key] = value
  end
  inner.args = { table.unpack(spec.args, 1, #spec.args - 1) }
  local node = resolve(query, inner, scope)
  local default = spec.args[#spec.args]
  local kind = node.kind == "decimal" and "decimal" or default.value_kind
  local value = default.kind == "value" and expressions.param(query, scope, default.index, kind, spec.title)
    or expressions.resolve(query, default, scope)
  return expressions.template("COALESCE(<1>, <2>)", { node, value }, node.kind)
end)

return aggregates
