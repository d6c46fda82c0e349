--- SELECT statements: the clauses of a query put together, and the forms that terminals need.
local columns = require "rdb.orm.compiler.columns"
local conditions = require "rdb.orm.compiler.conditions"
local errors = require "rdb.orm.errors"
local expressions = require "rdb.orm.compiler.expressions"
local from_clause = require "rdb.orm.compiler.from_clause"
local ordering = require "rdb.orm.compiler.ordering"
local render = require "rdb.orm.compiler.render"

local select = {}

local function key_columns(query)
  local nodes = {}
  for i, field in ipairs(query.meta.pk_fields) do
    nodes[i] = { op = "column", join = query.tree.base, column = field.column, field = field, kind = field.kind }
  end
  return nodes
end
select.key_columns = key_columns

local function add_group_columns(group, output)
  for _, column in ipairs(output) do
    if not column.node.aggregate then
      group[#group + 1] = column.node
    end
  end
end

-- GROUP BY nodes. Grouping by values takes the fields named before the first aggregate, and what the order needs.
local function group_nodes(query, output, orders)
  if not query.group then
    return {}
  elseif query.group.by == "pk" then
    local group = key_columns(query)
    if not query.dialect.features.group_by_pk then
      group = {}
      add_group_columns(group, output)
    end
    return group
  end
  local group = {}
  if query.group.fields then
    for _, name in ipairs(query.group.fields) do
      local node = query.annotations[name] or expressions.path(query, name, { node = query.node })
      if not node.aggregate then
        group[#group + 1] = node
      end
    end
  else
    add_group_columns(group, output)
  end
  for _, order in ipairs(query.group.exact and {} or orders) do
    if not order.aggregate and order.args[1].op == "column" then
      group[#group + 1] = order.args[1]
    end
  end
  return group
end

local function render_list(parts, nodes, dialect, seen)
  local first = true
  for _, node in ipairs(nodes) do
    local piece = {}
    render.node(piece, node, dialect)
    local text = seen and #piece == 1 and piece[1]
    if not (text and seen[text]) then
      if text then
        seen[text] = true
      end
      if not first then
        parts[#parts + 1] = ", "
      end
      first = false
      table.move(piece, 1, #piece, #parts + 1, parts)
    end
  end
end

local function render_output(parts, query, output)
  local dialect = query.dialect
  for i, column in ipairs(output) do
    if i > 1 then
      parts[#parts + 1] = ", "
    end
    render.node(parts, column.node, dialect)
    if column.alias then
      parts[#parts + 1] = " AS " .. dialect.quote_name(column.alias == true and column.name or column.alias)
    end
  end
end

local function render_limit(parts, query, limit)
  if query.slice then
    local spec = query.slice.spec
    local index = 0
    for _, piece in ipairs(query.dialect.limit_clause(spec.limit, spec.offset)) do
      if piece == "limit" or piece == "offset" then
        index = index + 1
        piece = expressions.param(query, { node = query.slice }, index, "int64", "slice")
      end
      parts[#parts + 1] = piece
    end
  elseif limit then
    parts[#parts + 1] = (" LIMIT %d"):format(limit)
  end
end

local function render_conditions(parts, query, group)
  local where, having = conditions.split(query.where, query.having)
  if where then
    parts[#parts + 1] = " WHERE "
    render.node(parts, where, query.dialect)
  end
  if #group > 0 then
    parts[#parts + 1] = " GROUP BY "
    render_list(parts, group, query.dialect, {})
  end
  if having then
    parts[#parts + 1] = " HAVING "
    render.node(parts, having, query.dialect)
  end
end

--- Put a SELECT together.
-- @tparam table query
-- @tparam {table,...} output { name, node, alias }
-- @tparam ?table options { limit = literal, unordered =, by_key = }
-- @treturn table parts
function select.assemble(query, output, options)
  options = options or {}
  local parts = { query.comment and ("/* %s */ SELECT "):format(query.comment) or "SELECT " }
  query.output_names = {}
  for i, column in ipairs(output) do
    query.output_names[i] = column.alias and column.name or false
  end
  local orders = options.unordered and not query.slice and {} or ordering.build(query, options.by_key)
  local group = group_nodes(query, output, orders)
  if query.distinct then
    parts[#parts + 1] = "DISTINCT "
  end
  render_output(parts, query, output)
  from_clause.render(parts, query.tree, query.dialect)
  render_conditions(parts, query, group)
  if #orders > 0 then
    parts[#parts + 1] = " ORDER BY "
    render_list(parts, orders, query.dialect)
  end
  render_limit(parts, query, options.limit)
  return parts
end

--- The rows of a QuerySet in its own mode.
-- @treturn table parts
-- @treturn table { shape, output, related }
function select.rows(query, options)
  local output, related
  if query.mode == "instance" then
    output, related = columns.instances(query)
  else
    output = columns.values(query)
  end
  local plan_shape = query.mode == "instance" and "instance" or query.mode == "values" and "dict"
    or query.flat and "flat" or "tuple"
  return select.assemble(query, output, options), { shape = plan_shape, output = output, related = related }
end

--- One column, for IN (...) and Subquery: the only one that values named, else `default_field` or the key.
function select.column(query, options)
  local output
  if query.mode == "instance" then
    local field = options.default_field
    if not field or query.model ~= field.model then
      field = query.meta.pk
    end
    if not field then
      errors.raise("unsupported", "%s has a composite key; name one column with values_list", query.meta.label)
    end
    output = { { name = field.attname, node = { op = "column", join = query.tree.base, column = field.column,
      field = field,
      kind = field.kind } } }
  else
    output = columns.values(query)
    if #output ~= 1 and query.group and query.fields then
      output = { output[#output] }
    end
    if #output ~= 1 then
      errors.raise("misuse", "a QuerySet inside another must select one column; %s selects %d",
        query.meta.label, #output)
    end
  end
  return select.assemble(query, output, { unordered = not query.slice and not options.keep_order }),
    output[1].node.kind
end

local ONE = { { name = "a", alias = "a", node = { op = "literal", text = "1", kind = "int64" } } }

--- EXISTS(...) or exists(): whether there is a row.
function select.exists(query, options)
  query.distinct = query.slice and query.distinct
  return select.assemble(query, { { node = ONE[1].node } }, { unordered = true, limit = options.limit })
end

local function needs_subquery(query)
  return query.distinct or query.slice or query.group
end

-- The query as a table to select from: columns take the names c1, c2, ...
local function as_table(parts, query, output)
  for i, column in ipairs(output) do
    column.alias = column.alias and column.name or "c" .. i
  end
  parts[#parts + 1] = " FROM ("
  local inner = select.assemble(query, output, { unordered = true })
  table.move(inner, 1, #inner, #parts + 1, parts)
  parts[#parts + 1] = ") AS " .. query.dialect.quote_name("subquery")
end

--- count().
function select.count(query)
  local star = { { node = { op = "literal", text = "COUNT(*)", kind = "int64" } } }
  if not needs_subquery(query) then
    return select.assemble(query, star, { unordered = true })
  end
  local output
  if query.distinct then
    output = query.mode == "instance" and columns.instances(query) or columns.values(query)
  elseif query.group and query.group.by == "values" then
    output = columns.values(query)
  else
    output = { { name = "a", node = ONE[1].node } }
  end
  local parts = { "SELECT COUNT(*)" }
  as_table(parts, query, output)
  return parts
end

-- Aggregates over a query that is grouped, distinct or sliced: the inner query selects what they read.
local function aggregate_over(query, node, output)
  local inner = query.mode ~= "instance" and columns.values(query) or {}
  for i, column in ipairs(query.mode == "instance" and key_columns(query) or {}) do
    inner[#inner + 1] = { name = "key" .. i, node = column }
  end
  local by_path = {}
  local outer = setmetatable({
    resolve_path = function(path)
      local at = by_path[path]
      if not at then
        inner[#inner + 1] = { name = "c" .. (#inner + 1),
          node = expressions.path(query, path, { node = query.node }) }
        at = #inner
        by_path[path] = at
      end
      return { op = "literal", text = query.dialect.quote_name("c" .. at), kind = inner[at].node.kind }
    end,
  }, { __index = query })
  for i, name in ipairs(node.spec.names) do
    output[i] = { name = name, alias = name, node = expressions.resolve(outer, node.spec.specs[name],
      { node = node }) }
  end
  for i, column in ipairs(inner) do
    column.name, column.alias = "c" .. i, nil
  end
  local parts = { "SELECT " }
  render_output(parts, query, output)
  as_table(parts, query, inner)
  return parts
end

--- aggregate{...}: one row of named aggregates.
function select.aggregate(query, node)
  local output = {}
  if needs_subquery(query) then
    return aggregate_over(query, node, output), output
  end
  for i, name in ipairs(node.spec.names) do
    output[i] = { name = name, alias = name,
      node = expressions.resolve(query, node.spec.specs[name], { node = node }) }
    if not output[i].node.aggregate then
      errors.raise("misuse", "aggregate: '%s' is no aggregate", name)
    end
  end
  return select.assemble(query, output, { unordered = true }), output
end

return select
