--- Splits what a link was given into structure and values.
-- A collector walks conditions, expressions and nested QuerySets in one fixed order. It writes the structural key,
-- gathers the values, and answers a spec: the same tree with values replaced by their positions. Equal keys mean equal
-- specs and equally many values, so a node's spec serves every later link with the same key.
local base = require "rdb.orm.expressions.base"
local errors = require "rdb.orm.errors"
local joins = require "rdb.orm.joins"
local lookups = require "rdb.orm.lookups"
local null = require "rdb.orm.null"
local q = require "rdb.orm.q"

local structure = {}


-- IN lists are padded to powers of two up to this; longer ones travel as one value or in multiples of it.
local LONGEST_PADDED = 1024
local PADDED_FROM = 4

--- Start a collector for a link on `node`.
-- @tparam table node shape node before the link
-- @tparam string head first part of the key, names the kind of link
-- @treturn table { node, keys, values }; with `exact` set, lists keep their length
function structure.collector(node, head)
  return { node = node, keys = { head }, values = {} }
end

--- The structural key that was collected.
function structure.key(collector)
  return table.concat(collector.keys, "\1")
end

local function put(collector, ...)
  local keys = collector.keys
  for i = 1, select("#", ...) do
    keys[#keys + 1] = select(i, ...)
  end
end

-- A path that begins with the name of a joined table, remembered with the names.
local function resolve_joined(node, path)
  local joined = node.joined
  local resolved = joined.paths[path]
  if not resolved and joined.tables[joins.split(path)[1]] then
    resolved = joins.resolve_joined(node.trie.model, path, joined.tables)
    joined.paths[path] = resolved
  end
  return resolved
end

--- Resolve a path on the chain up to `node`, remembered per model.
function structure.resolve(node, path)
  local by_name = node.joined and resolve_joined(node, path)
  if by_name then
    return by_name
  end
  local paths = node.trie.paths
  local resolved = paths[path]
  if not resolved then
    resolved = joins.resolve(node.trie.model, path, node.annotations)
    if not resolved.annotation then
      paths[path] = resolved
    end
  end
  return resolved
end

-- The key of an instance given where a relation's key is wanted.
local function key_of_instance(resolved, value)
  local model = resolved.relation_model
  local metatable = getmetatable(value)
  if model and metatable == model._meta.metatable then
    local key = value[resolved.value_field.attname]
    if key == nil then
      errors.raise("invalid_value", "%s: the %s is not saved yet, it has no key", resolved.label,
        model._meta.label)
    end
    return key
  end
  if model then
    lookups.refuse(resolved.label, ("a %s or its key"):format(model._meta.label), value)
  end
  lookups.refuse(resolved.label, "a plain value (a table is no value; build conditions with rdb.Q)", value)
end

--- A value as it binds: a scalar or value userdata, the key of an instance, or what the field makes of it.
-- @raise invalid_value for other tables, functions and threads
function structure.scalar(resolved, value)
  local lua_type = type(value)
  if lua_type == "table" then
    value = key_of_instance(resolved, value)
  elseif lua_type == "function" or lua_type == "thread" or lua_type == "nil" then
    lookups.refuse(resolved.label, "a value", value)
  end
  local prepare = structure.preparation(resolved)
  if prepare then
    return prepare(value)
  end
  return value
end

--- What a field wants done with values before they bind, or nil: only fields with a to_param of their own need it.
-- @treturn ?function
function structure.preparation(resolved)
  local field = resolved.value_field
  if not field or #resolved.transforms > 0 or field.relation or lookups.all[resolved.lookup] == "text"
    or field.to_param == require("rdb.orm.fields.base").to_param then
    return nil
  end
  return function(value)
    return field:to_param(value)
  end
end

local function padded_length(n)
  local length = PADDED_FROM
  while length < n do
    length = length * 2
  end
  return length
end

-- Values of an IN list without NULLs (they match nothing), or nil when one is an expression.
local function list_values(resolved, value)
  local n = lookups.check_list(value, resolved.label)
  local items = {}
  for i = 1, n do
    if value[i] ~= null then
      items[#items + 1] = structure.scalar(resolved, value[i])
    end
  end
  return items
end

local function append_list(collector, items)
  local n = #items
  local length = (n <= 2 or collector.exact) and n or n <= LONGEST_PADDED and padded_length(n)
    or math.ceil(n / LONGEST_PADDED) * LONGEST_PADDED
  local values = collector.values
  for i = 1, length do
    values[#values + 1] = items[i] or items[n]
  end
  return length
end

local JSON_LIST_KINDS = { int64 = true, text = true }

local function list(collector, leaf, resolved, value)
  if base.is_queryset(value) then
    put(collector, "in")
    leaf.form, leaf.queryset = "queryset", structure.queryset(collector, value)
    return
  elseif base.is(value) then
    put(collector, "inx")
    leaf.form, leaf.expression = "in_expression", structure.expression(collector, value)
    return
  end
  local items = list_values(resolved, value)
  if #items == 0 then
    put(collector, "e")
    leaf.form = "empty"
  elseif #items > LONGEST_PADDED and JSON_LIST_KINDS[resolved.output_kind] then
    put(collector, "j")
    leaf.form, leaf.n = "long_list", 1
    collector.values[leaf.index] = items
  else
    leaf.form, leaf.n = "list", append_list(collector, items)
    put(collector, "l" .. leaf.n)
  end
end

local function pair(collector, leaf, resolved, value)
  if lookups.check_list(value, resolved.label) ~= 2 then
    errors.raise("invalid_value", "%s expects a list of two values, the first and the last", resolved.label)
  end
  leaf.form, leaf.bounds = "pair", {}
  for i = 1, 2 do
    local bound = value[i]
    if base.is(bound) then
      leaf.bounds[i] = { expression = structure.expression(collector, bound) }
    else
      if bound == null then
        lookups.refuse(resolved.label, "two values that are not NULL", bound)
      end
      collector.values[#collector.values + 1] = structure.scalar(resolved, bound)
      leaf.bounds[i] = { index = #collector.values }
      put(collector, "v")
    end
  end
end

local function check_null(resolved)
  if resolved.lookup ~= "exact" then
    errors.raise("invalid_value", "%s cannot compare with NULL; use %s__isnull", resolved.label,
      (resolved.path:gsub("__" .. resolved.lookup .. "$", "")))
  end
end

local function scalar(collector, leaf, resolved, value)
  if value == null then
    check_null(resolved)
    leaf.form = "null"
    put(collector, "z")
  elseif base.is_queryset(value) then
    put(collector, "q")
    leaf.form, leaf.expression = "expression", structure.expression(collector, base.from_queryset(value))
  elseif base.is(value) then
    put(collector, "x")
    leaf.form, leaf.expression = "expression", structure.expression(collector, value)
  else
    lookups.check_scalar(resolved.lookup, value, resolved.label)
    leaf.form = "value"
    collector.values[leaf.index] = structure.scalar(resolved, value)
    put(collector, "v")
  end
end

local function composite_tuple(resolved, value)
  local fields = resolved.composite
  if type(value) == "table" and getmetatable(value) == resolved.model._meta.metatable then
    local key = {}
    for i, field in ipairs(fields) do
      key[i] = value[field.attname]
    end
    return key
  end
  if lookups.check_list(value, resolved.label) ~= #fields then
    errors.raise("invalid_value", "%s expects a list of %d values, one for each field of the key",
      resolved.label, #fields)
  end
  return value
end

-- A condition on a composite key: exact with one tuple, in with a list of tuples.
local function composite(collector, leaf, resolved, value)
  local tuples
  if resolved.lookup == "in" then
    lookups.check_list(value, resolved.label)
    tuples = value
  elseif resolved.lookup == "exact" then
    tuples = { value }
  else
    errors.raise("unsupported", "%s: a composite key has the lookups exact, in and isnull", resolved.label)
  end
  local n = #tuples
  local length = n <= 2 and n or padded_length(n)
  leaf.form, leaf.n = n == 0 and "empty" or "tuples", length
  for i = 1, length do
    for _, item in ipairs(composite_tuple(resolved, tuples[i] or tuples[n])) do
      if type(item) == "table" or type(item) == "function" then
        lookups.refuse(resolved.label, "plain values", item)
      end
      collector.values[#collector.values + 1] = item
    end
  end
  put(collector, "c" .. length)
end

--- A condition { path, value }.
-- @treturn table leaf spec { kind = "leaf", resolved, form, index, ... }
function structure.leaf(collector, path, value)
  local resolved = structure.resolve(collector.node, path)
  local leaf = { kind = "leaf", resolved = resolved, index = #collector.values + 1 }
  put(collector, path)
  local takes = lookups.all[resolved.lookup]
  if value == nil then
    errors.raise_with("misuse", { hint = "Use rdb.null, or " .. path .. "__isnull = true." },
      "%s: nil is no value", resolved.label)
  elseif resolved.composite and takes ~= "flag" and value ~= null then
    composite(collector, leaf, resolved, value)
  elseif takes == "list" then
    list(collector, leaf, resolved, value)
  elseif takes == "pair" then
    pair(collector, leaf, resolved, value)
  elseif takes == "flag" then
    lookups.check_scalar(resolved.lookup, value, resolved.label)
    leaf.form, leaf.flag = "flag", value
    put(collector, tostring(value))
  else
    scalar(collector, leaf, resolved, value)
  end
  return leaf
end

--- A Q.
-- @treturn table { kind = "q", connector, negated, children }
function structure.q(collector, condition)
  local children = {}
  put(collector, condition.negated and "!(" or "(", condition.connector)
  for i, child in ipairs(condition.children) do
    if q.is(child) then
      children[i] = structure.q(collector, child)
    elseif base.is(child) then
      children[i] = structure.expression(collector, child)
    else
      children[i] = structure.leaf(collector, child.path, child.value)
    end
  end
  put(collector, ")")
  return { kind = "q", connector = condition.connector, negated = condition.negated, children = children }
end

local function each(collector, describe, items)
  local specs = {}
  for i, item in ipairs(items) do
    specs[i] = describe(collector, item)
  end
  return specs
end

--- An expression.
-- @treturn table the expression itself when it carries no value, else a copy with positions in place of values
function structure.expression(collector, expression)
  if expression.static then
    put(collector, expression.static)
    return expression
  end
  if expression.kind == "value" then
    local values = collector.values
    values[#values + 1] = expression.value
    put(collector, expression.head)
    return { kind = "value", index = #values, value_kind = expression.value_kind }
  end
  local spec = {}
  for key, value in pairs(expression) do
    spec[key] = value
  end
  put(collector, expression.head .. "(" .. #expression.args)
  spec.args = each(collector, structure.expression, expression.args)
  if expression.conditions then
    spec.conditions = each(collector, structure.q, expression.conditions)
  end
  if expression.filter then
    put(collector, "filter")
    spec.filter = structure.q(collector, expression.filter)
  end
  if expression.queryset then
    spec.queryset = structure.queryset(collector, expression.queryset)
  end
  put(collector, ")")
  return spec
end

--- Append the values of all links of a chain, first link first.
function structure.append_values(values, queryset)
  local links, n = {}, 0
  local link = queryset
  while link.prev do
    n = n + 1
    links[n] = link
    link = link.prev
  end
  for i = n, 1, -1 do
    local node, value = links[i].node, links[i].value
    if node.single then
      values[#values + 1] = value
    else
      for j = 1, node.count do
        values[#values + 1] = value[j]
      end
    end
  end
end

--- A QuerySet inside another query.
-- @treturn table { kind = "queryset", node, index }; value i of its chain stands at index + i - 1
function structure.queryset(collector, queryset)
  local spec = { kind = "queryset", node = queryset.node, index = #collector.values + 1 }
  put(collector, "qs" .. queryset.node.id)
  structure.append_values(collector.values, queryset)
  return spec
end

return structure
