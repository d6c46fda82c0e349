--- Expression specs to resolved nodes: paths become joined columns, functions become templates, kinds are inferred.
-- A resolved node: { op, kind, args, aggregate, ... }. A scope says where a spec stands:
--   { node = shape node whose link carries the values, reuse = joins a multi-valued path may share,
--     used = [out] joins }
local errors = require "rdb.orm.errors"
local lookups = require "rdb.orm.lookups"

local expressions = {}

local resolvers = {}

--- Resolve one spec in a query.
-- @treturn table node
function expressions.resolve(query, spec, scope)
  local resolver = resolvers[spec.kind]
  if not resolver then
    errors.raise("misuse", "an expression of kind '%s' cannot stand here", tostring(spec.kind))
  end
  return resolver(query, spec, scope)
end

--- A parameter node: value `index` of the scope's link.
function expressions.param(query, scope, index, kind, label, convert)
  local depth, position = query.source(scope.node, index)
  return { op = "param", depth = depth, index = position, kind = kind or "any", label = label, convert = convert }
end

--- A node with a template of our own.
function expressions.template(text, args, kind)
  local aggregate = false
  for _, argument in ipairs(args) do
    aggregate = aggregate or argument.aggregate or false
  end
  return { op = "template", template = text, args = args, kind = kind, aggregate = aggregate }
end
local template = expressions.template

--- Wrap a node so that values of its kind compare and sort right.
function expressions.comparable(query, node)
  local collation = query.dialect.collations[node.kind]
  return collation and template(collation, { node }, node.kind) or node
end

--- Apply the transforms of a path.
function expressions.transformed(query, node, transforms, label)
  for _, name in ipairs(transforms) do
    local text = query.dialect.transforms[name]
    if not text then
      errors.raise("unsupported", "%s: the database has no '%s'", label, name)
    end
    node = template(text, { node }, lookups.transforms[name].kind)
  end
  return node
end

--- The column that a resolved path ends at, joined into the query.
-- @treturn table node
-- @treturn {table,...} joins used
function expressions.column(query, resolved, scope)
  local join, used = query.tree:add_all(scope.from, resolved.edges, scope.reuse)
  for _, one in ipairs(scope.used and used or {}) do
    scope.used[one] = true
  end
  local field = resolved.field
  local nullable = field.null or resolved.nullable or false
  return { op = "column", join = join, column = resolved.column, field = field, kind = field.kind,
    nullable = nullable }, used
end

--- What a path to a composite key is for those who only ask whether the row is there: its first column.
function expressions.key_column(resolved)
  local field = resolved.composite[1]
  return { composite = false, field = field, column = field.column }
end

-- rdb.Count counts the rows of a relation to a composite key by one column of the key, which is never NULL there.
local function composite_path(query, resolved, scope)
  if not scope.counts then
    errors.raise("unsupported", "%s: a composite key cannot stand in an expression; name one of its fields",
      resolved.label)
  end
  local column = setmetatable(expressions.key_column(resolved), { __index = resolved })
  return (expressions.column(query, column, scope))
end

--- A field path, or the name of an annotation.
function expressions.path(query, path, scope)
  if query.resolve_path then
    return query.resolve_path(path)
  end
  local resolved = query:resolve(path)
  if resolved.lookup ~= "exact" then
    errors.raise("misuse", "%s: '%s' is a lookup; only a field can stand in an expression", resolved.label,
      resolved.lookup)
  elseif resolved.composite then
    return composite_path(query, resolved, scope)
  end
  local node
  if resolved.annotation then
    node = query:annotation(resolved.annotation)
  else
    node = expressions.column(query, resolved, scope)
  end
  return expressions.transformed(query, node, resolved.transforms, resolved.label)
end

function resolvers.f(query, spec, scope)
  return expressions.path(query, spec.path, scope)
end

function resolvers.value(query, spec, scope)
  return expressions.param(query, scope, spec.index, spec.value_kind, "Value")
end

function resolvers.star()
  return { op = "star", kind = "int64" }
end

function resolvers.outer(query, spec)
  if not query.outer then
    errors.raise("misuse", "OuterRef(%q) stands outside of a Subquery, Exists or __in", spec.path)
  end
  return expressions.path(query.outer, spec.path, query.outer_scope)
end

-- A plain value beside a column binds as the column's kind where Lua has no such type.
local ADOPTED = { decimal = true, date = true, time = true, timestamp = true, uuid = true, interval = true,
  double = true }

local function resolve_args(query, specs, scope)
  local args, kind = {}, nil
  for i, spec in ipairs(specs) do
    if spec.kind ~= "value" then
      args[i] = expressions.resolve(query, spec, scope)
      if args[i].kind ~= "any" then
        kind = kind or args[i].kind
      end
    end
  end
  for i, spec in ipairs(specs) do
    if spec.kind == "value" then
      local plain = spec.value_kind == "text" or spec.value_kind == "int64"
      args[i] = expressions.param(query, scope, spec.index, plain and ADOPTED[kind] and kind
        or spec.value_kind, "Value")
      kind = kind or args[i].kind
    end
  end
  return args, kind
end
expressions.resolve_args = resolve_args

--- A node as a column takes it: decimals that were calculated get the places of the column.
function expressions.assignable(query, node, field)
  local round = query.dialect.decimal_round
  if field.kind ~= "decimal" or node.op == "param" or not round or not field.decimal_places then
    return node
  end
  return template(round:format(field.decimal_places), { node }, "decimal")
end

function resolvers.compare(query, spec, scope)
  local args = resolve_args(query, spec.args, scope)
  args[1] = expressions.comparable(query, args[1])
  args[2] = args[2].op == "param" and args[2] or expressions.comparable(query, args[2])
  local node = template("<1> " .. spec.operator .. " <2>", args, "bool")
  return node
end

local function function_of(query, spec)
  local definition = query.dialect.functions[spec.name]
  if not definition then
    errors.raise("unsupported", "rdb.fn.%s is not available on this database", spec.name)
  end
  local n, least = #spec.args, definition.min or 1
  local most = definition.max or least
  if n < least or n > most then
    errors.raise("misuse", "rdb.fn.%s takes %s; got %d", spec.name,
      least == most and ("%d argument%s"):format(least, least == 1 and "" or "s")
      or ("%d to %d arguments"):format(least, most), n)
  end
  return definition
end

function resolvers.func(query, spec, scope)
  local definition = function_of(query, spec)
  local args, kind = resolve_args(query, spec.args, scope)
  if definition.kind ~= "same" then
    kind = definition.kind
  end
  if definition.compares and args[1].op ~= "param" then
    args[1] = expressions.comparable(query, args[1])
  end
  if not definition.joiner then
    return template(kind == "decimal" and definition.decimal or definition.template, args, kind)
  end
  local node = template("", args, kind)
  for i, argument in ipairs(args) do
    args[i] = template(definition.each, { argument }, argument.kind)
  end
  node.op, node.joiner = "joined", definition.joiner
  return node
end

-- rdb.Func("name", ...): a function that the dialect does not know; the name was checked to be an identifier.
function resolvers.custom(query, spec, scope)
  local args = resolve_args(query, spec.args, scope)
  return template(spec.name .. "(<*>)", args, spec.output or "any")
end

function resolvers.cast(query, spec, scope)
  local cast = query.dialect.casts[spec.type]
  if not cast then
    errors.raise("unsupported", "rdb.Cast to '%s' is not available on this database", spec.type)
  end
  return template(cast.template, { expressions.resolve(query, spec.args[1], scope) }, cast.kind)
end

function resolvers.extract(query, spec, scope)
  local node = expressions.resolve(query, spec.args[1], scope)
  return expressions.transformed(query, node, { spec.part }, "rdb.fn.extract_" .. spec.part)
end

function resolvers.trunc(query, spec, scope)
  local node = expressions.resolve(query, spec.args[1], scope)
  local kind = node.kind == "date" and "date" or "timestamp"
  local text = (query.dialect.truncations[spec.part] or {})[kind]
  if not text then
    errors.raise("unsupported", "rdb.fn.trunc_%s does not apply to a %s on this database", spec.part, kind)
  end
  return template(text, { node }, kind)
end

function resolvers.case(query, spec, scope)
  local args, kind = resolve_args(query, spec.args, scope)
  local node = template("", args, kind)
  node.op, node.conditions = "case", {}
  for i, condition in ipairs(spec.conditions) do
    node.conditions[i] = query:condition(condition, scope)
    node.aggregate = node.aggregate or node.conditions[i].aggregate or false
  end
  return node
end

function resolvers.raw(query, spec, scope)
  local args = resolve_args(query, spec.args, scope)
  local node = template("", args, spec.output or "any")
  node.op, node.pieces = "raw", spec.pieces
  return node
end

function resolvers.ordering(query, spec, scope)
  local node = expressions.resolve(query, spec.args[1], scope)
  return { op = "ordering", args = { node }, descending = spec.descending, nulls = spec.nulls, kind = node.kind,
    aggregate = node.aggregate }
end

function resolvers.subquery(query, spec, scope)
  local parts, kind = query:inner(spec.queryset, scope, "column", spec)
  table.insert(parts, 1, "(")
  parts[#parts + 1] = ")"
  return { op = "parts", parts = parts, kind = kind }
end

function resolvers.exists(query, spec, scope)
  local parts = query:inner(spec.queryset, scope, "exists")
  table.insert(parts, 1, "EXISTS(")
  parts[#parts + 1] = ")"
  return { op = "parts", parts = parts, kind = "bool" }
end

--- A Q inside an expression.
function resolvers.q(query, spec, scope)
  return query:condition(spec, scope)
end

--- Add a kind of expression from another file.
function expressions.register(kind, resolver)
  resolvers[kind] = resolver
end

return expressions
