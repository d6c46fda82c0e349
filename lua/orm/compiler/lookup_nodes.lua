--- One condition, column against value, as a resolved node. The dialect owns the spelling of each lookup.
local errors = require "rdb.orm.errors"
local expressions = require "rdb.orm.compiler.expressions"

local lookup_nodes = {}

local template = expressions.template

local forms = {}

function forms.null(_, lhs)
  return template("<1> IS NULL", { lhs }, "bool")
end

function forms.flag(_, lhs, leaf)
  return template(leaf.flag and "<1> IS NULL" or "<1> IS NOT NULL", { lhs }, "bool")
end

function forms.empty()
  return { op = "literal", text = "0 = 1", kind = "bool" }
end

local function definition_of(query, leaf)
  local definition = query.dialect.lookups[leaf.resolved.lookup]
  if not definition then
    errors.raise("unsupported", "%s: the database has no lookup '%s'", leaf.resolved.label, leaf.resolved.lookup)
  end
  return definition
end

local YEAR_COMPARISONS = {
  exact = { ">=", 0, "<", 1 }, gt = { ">=", 1 }, gte = { ">=", 0 }, lt = { "<", 0 }, lte = { "<", 1 },
}

-- year compares the column itself with the bounds of the year, so that an index on it serves.
local function year_range(query, lhs, leaf, scope)
  local comparison = YEAR_COMPARISONS[leaf.resolved.lookup]
  local transforms = leaf.resolved.transforms
  local column = lhs.args and lhs.args[1]
  if not comparison or transforms[#transforms] ~= "year" or not query.dialect.year_start
    or (column.kind ~= "date" and column.kind ~= "timestamp") then
    return nil
  end
  local children = {}
  for i = 1, #comparison, 2 do
    local kind, convert = query.dialect.year_start(column.kind, comparison[i + 1])
    local param = expressions.param(query, scope, leaf.index, kind, leaf.resolved.label, convert)
    children[#children + 1] = template("<1> " .. comparison[i] .. " <2>", { column, param }, "bool")
  end
  if #children == 1 then
    return children[1]
  end
  return { op = "tree", connector = "AND", negated = false, children = children, kind = "bool",
    aggregate = lhs.aggregate }
end

function forms.value(query, lhs, leaf, scope)
  local by_year = year_range(query, lhs, leaf, scope)
  if by_year then
    return by_year
  end
  local definition = definition_of(query, leaf)
  local kind = definition.param_kind or lhs.kind
  local param = expressions.param(query, scope, leaf.index, kind, leaf.resolved.label, definition.convert)
  return template(definition.template, { expressions.comparable(query, lhs), param }, "bool")
end

function forms.expression(query, lhs, leaf, scope)
  local definition = definition_of(query, leaf)
  local rhs = expressions.resolve_args(query, { leaf.expression }, scope)[1]
  if rhs.op == "param" and lhs.kind ~= "any" then
    rhs.kind, rhs.label, rhs.convert = definition.param_kind or lhs.kind, leaf.resolved.label, definition.convert
    return template(definition.template, { expressions.comparable(query, lhs), rhs }, "bool"), rhs
  end
  return template(definition.expression or definition.template, { expressions.comparable(query, lhs), rhs },
    "bool"), rhs
end

function forms.list(query, lhs, leaf, scope)
  local params = {}
  for i = 1, leaf.n do
    params[i] = expressions.param(query, scope, leaf.index + i - 1, lhs.kind, leaf.resolved.label)
  end
  if leaf.n > query.dialect.limits.params then
    errors.raise("out_of_range", "%s: a list of %d values is more than a statement's %d parameters",
      leaf.resolved.label,
      leaf.n, query.dialect.limits.params)
  end
  local list = { op = "list", args = params, kind = lhs.kind }
  return template("<1> IN (<2>)", { expressions.comparable(query, lhs), list }, "bool")
end

function forms.long_list(query, lhs, leaf, scope)
  if not query.dialect.features.json_lists then
    errors.raise("out_of_range", "%s: the list is longer than a statement can take", leaf.resolved.label)
  end
  local text, kind, encoding = query.dialect.long_list()
  local param = expressions.param(query, scope, leaf.index, kind, leaf.resolved.label)
  param.convert = encoding == "json" and require("rdb.core").json_encode or nil
  return template(text, { lhs, param }, "bool")
end

function forms.pair(query, lhs, leaf, scope)
  local bounds = {}
  for i, bound in ipairs(leaf.bounds) do
    if bound.index then
      bounds[i] = expressions.param(query, scope, bound.index, lhs.kind, leaf.resolved.label)
    else
      bounds[i] = expressions.resolve(query, bound.expression, scope)
    end
  end
  local node = template("<1> BETWEEN <2> AND <3>", { expressions.comparable(query, lhs), bounds[1], bounds[2] },
    "bool")
  return node
end

function forms.queryset(query, lhs, leaf, scope)
  local target = leaf.resolved.value_field
  local parts = query:inner(leaf.queryset, scope, "column", { default_field = target })
  return template("<1> IN (<2>)", { lhs, { op = "parts", parts = parts, kind = lhs.kind } }, "bool")
end

function forms.in_expression(query, lhs, leaf, scope)
  local rhs = expressions.resolve(query, leaf.expression, scope)
  local text = rhs.op == "parts" and "<1> IN <2>" or "<1> IN (<2>)"
  return template(text, { lhs, rhs }, "bool")
end

--- The condition of a leaf.
-- @tparam table lhs resolved node of the left side
-- @treturn table node
-- @treturn ?table resolved right side when it is an expression
function lookup_nodes.build(query, lhs, leaf, scope)
  return forms[leaf.form](query, lhs, leaf, scope)
end

-- One tuple compares field by field; several are a list of rows, which stays flat however long it is.
local function tuple_equals(query, columns, params)
  local children = {}
  for i, column in ipairs(columns) do
    children[i] = template("<1> = <2>", { expressions.comparable(query, column), params[i] }, "bool")
  end
  return { op = "tree", connector = "AND", negated = false, children = children, kind = "bool" }
end

--- The condition of a leaf on a composite key.
-- @tparam {table,...} columns resolved nodes of the key's fields
function lookup_nodes.tuples(query, columns, leaf, scope)
  if leaf.form == "empty" then
    return forms.empty()
  end
  local width, tuples = #columns, {}
  for tuple = 1, leaf.n do
    local params = {}
    for i, column in ipairs(columns) do
      local index = leaf.index + (tuple - 1) * width + i - 1
      params[i] = expressions.param(query, scope, index, column.kind, leaf.resolved.label)
    end
    if leaf.n == 1 then
      return tuple_equals(query, columns, params)
    end
    tuples[tuple] = template("(<*>)", params, "any")
  end
  local rows = { op = "list", args = tuples, kind = "any" }
  return template("<1> IN (VALUES <2>)", { template("(<*>)", columns, "any"), rows }, "bool")
end

return lookup_nodes
