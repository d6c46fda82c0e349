--- ORDER BY: names, paths and expressions to ordering nodes; the model's own ordering when none was given.
local errors = require "rdb.orm.errors"
local expressions = require "rdb.orm.compiler.expressions"

local ordering = {}

local function ordering_node(node, descending, nulls)
  return { op = "ordering", args = { node }, descending = descending, nulls = nulls, kind = node.kind,
    aggregate = node.aggregate }
end

-- "-author" on a relation means the order of that model, or its key.
local function by_relation(query, items, item, scope, seen)
  local resolved = query:resolve(item.path)
  local related = resolved.relation_model
  local names = resolved.ends_at_relation and related._meta.ordering
  if not names or #names == 0 or seen[related] then
    return false
  end
  seen[related] = true
  for _, name in ipairs(names) do
    if type(name) == "string" then
      local inner, descending = name:match("^%-?(.*)$"), name:sub(1, 1) == "-"
      ordering.add(query, items, { path = item.path .. "__" .. inner,
        descending = descending ~= item.descending }, scope, seen)
    end
  end
  seen[related] = nil
  return true
end

-- A selected annotation is named instead of repeated, where no collation has to be added.
local function selected_reference(query, path)
  local annotation = query.annotations[path]
  if query.dialect.collations[annotation.kind] then
    return nil
  end
  for _, name in ipairs(query.output_names or {}) do
    if name == path then
      return { op = "literal", text = query.dialect.quote_name(path), kind = annotation.kind,
        aggregate = annotation.aggregate }
    end
  end
end

local function by_path(query, items, item, scope, seen)
  local resolved = query:resolve(item.path)
  if resolved.composite then
    for _, field in ipairs(resolved.composite) do
      local prefix = item.path == "pk" and "" or item.path:gsub("__pk$", "") .. "__"
      ordering.add(query, items, { path = prefix .. field.name, descending = item.descending }, scope, seen)
    end
    return
  end
  local node = expressions.path(query, item.path, scope)
  items[#items + 1] = ordering_node(expressions.comparable(query, node), item.descending)
end

--- Append the ordering nodes of one item { path, descending } | { expression } | { random }.
function ordering.add(query, items, item, scope, seen)
  if item.random then
    items[#items + 1] = ordering_node({ op = "literal", text = "RANDOM()", kind = "int64" }, false)
  elseif item.expression then
    local node = expressions.resolve(query, item.expression, scope)
    if node.op ~= "ordering" then
      node = ordering_node(node, false)
    end
    node.args[1] = expressions.comparable(query, node.args[1])
    items[#items + 1] = node
  elseif query.annotations[item.path] then
    local node = selected_reference(query, item.path) or expressions.comparable(query, query.annotations[item.path])
    items[#items + 1] = ordering_node(node, item.descending)
  elseif not by_relation(query, items, item, scope, seen) then
    by_path(query, items, item, scope, seen)
  end
end

--- "-name" as an item.
function ordering.parse(name)
  if name == "?" then
    return { random = true }
  end
  local descending = name:sub(1, 1) == "-"
  return { path = descending and name:sub(2) or name, descending = descending }
end

local function reverse(items)
  for _, item in ipairs(items) do
    item.descending = not item.descending
    item.nulls = item.nulls and (item.nulls == "first" and "last" or "first")
  end
end

local function add_default(query, items, scope)
  for _, name in ipairs(query.meta.ordering or {}) do
    local item = type(name) == "string" and ordering.parse(name) or { expression = name }
    if item.expression and not item.expression.static then
      errors.raise("misuse", "%s: an ordering in meta cannot hold values", query.meta.label)
    end
    ordering.add(query, items, item, scope, {})
  end
end

--- The ordering nodes of a query.
-- @tparam ?boolean by_key order by the primary key when nothing else says how
-- @treturn {table,...}
function ordering.build(query, by_key)
  local items = {}
  local node = query.order
  local scope = { node = node or query.node }
  if node then
    for _, item in ipairs(node.spec) do
      ordering.add(query, items, item, scope, {})
    end
  elseif not query.group then
    add_default(query, items, scope)
  end
  if #items == 0 and by_key then
    by_path(query, items, { path = "pk" }, scope, {})
  end
  if query.reversed then
    reverse(items)
  end
  return items
end

return ordering
