--- What a SELECT answers: the columns of instances, with only/defer and select_related, or of values rows.
local errors = require "rdb.orm.errors"
local expressions = require "rdb.orm.compiler.expressions"
local joins = require "rdb.orm.joins"
local suggest = require "rdb.orm.suggest"

local columns = {}

local function field_node(join, field)
  return { op = "column", join = join, column = field.column, field = field, kind = field.kind }
end

-- The attnames that `paths` name on a model standing at `prefix`, or nil when they name none.
-- @tparam boolean through a path that goes on into a relation counts as naming it
local function names_below(paths, model, prefix, through)
  local names
  for _, path in ipairs(paths or {}) do
    if path:sub(1, #prefix) == prefix then
      local rest = path:sub(#prefix + 1)
      local name = joins.split(rest)[1]
      local field = name == "pk" and model._meta.pk_fields[1] or model._meta.by_name[name]
      if not field then
        errors.raise("misuse", "%s has no field '%s' to load or defer%s", model._meta.label, name,
          suggest.clause(name, model._meta.by_name))
      end
      if name == rest or through then
        names = names or {}
        names[field.attname] = true
      end
    end
  end
  return names
end

-- Which fields of `model` only/defer leave; those in `needed` stay always.
local function mask(query, model, prefix, needed)
  local only = names_below(query.only, model, prefix, true)
  local defer = names_below(query.defer, model, prefix, false)
  return function(field)
    local name = field.attname
    return needed[name] or ((not only or only[name] or false) and not (defer and defer[name]))
  end
end

local function add_model(query, output, model, join, prefix, needed)
  for _, field in ipairs(model._meta.pk_fields) do
    needed[field.attname] = true
  end
  local keep = mask(query, model, prefix, needed)
  for _, field in ipairs(model._meta.fields) do
    if keep(field) then
      output[#output + 1] = { name = field.attname, node = field_node(join, field) }
    end
  end
end

local function not_related(model, name, path)
  local choices = {}
  for _, field in ipairs(model._meta.fields) do
    if field.relation then
      choices[field.name] = true
    end
  end
  for _, related in ipairs(model._meta.related or {}) do
    if related.kind == "one_to_one" then
      choices[related.name] = true
    end
  end
  errors.raise("misuse", "select_related('%s'): '%s' is no single related object of %s%s (it has: %s)", path, name,
    model._meta.label, suggest.clause(name, choices), suggest.list(choices))
end

-- One name of a select_related path: the related model and the attribute that holds the object.
local function related_step(model, name, path)
  local field = model._meta.by_name[name]
  if field and field.relation and field.relation.kind ~= "many_to_many" then
    return { attr = field.name, field = field, model = field.relation.model, edges = joins.edges(field, false) }
  end
  for _, related in ipairs(model._meta.related or {}) do
    if related.kind == "one_to_one" and (related.name == name or related.query_name == name) then
      return { attr = related.name, field = related.field, model = related.model,
        edges = joins.edges(related.field, true),
        reverse = true }
    end
  end
  not_related(model, name, path)
end

local function add_path(root, path)
  local at = root
  for _, name in ipairs(joins.split(path)) do
    local child = at.by_name[name]
    if not child then
      child = related_step(at.model, name, path)
      child.by_name, child.children, child.name = {}, {}, name
      at.by_name[name] = child
      at.children[#at.children + 1] = child
    end
    at = child
  end
end

local MAX_FOLLOWED = 5

local function follow_all(node, depth)
  if depth > MAX_FOLLOWED then
    return
  end
  for _, field in ipairs(node.model._meta.fields) do
    if field.relation and not field.null then
      add_path(node, field.name)
    end
  end
  for _, child in ipairs(node.children) do
    follow_all(child, depth + 1)
  end
end

local function related_root(query)
  local root = { model = query.model, by_name = {}, children = {} }
  for _, path in ipairs(query.select_related or {}) do
    add_path(root, path)
  end
  if query.follow_all then
    follow_all(root, 1)
  end
  return root
end

local function key_position(model, output, first)
  local pk = model._meta.pk_fields[1]
  for i = first, #output do
    if output[i].name == pk.attname then
      return i - first + 1
    end
  end
end

-- The foreign keys by which the children of a node hang on it.
local function needed_keys(node)
  local needed = {}
  for _, child in ipairs(node.children) do
    if not child.reverse then
      needed[child.field.attname] = true
    end
  end
  return needed
end

local function add_related(query, output, related, node, parent, join, prefix)
  for _, child in ipairs(node.children) do
    local at = query.tree:add_all(join, child.edges)
    local first = #output + 1
    local below = prefix .. child.name .. "__"
    add_model(query, output, child.model, at, below, needed_keys(child))
    related[#related + 1] = {
      attr = child.attr,
      parent = parent,
      first = first,
      last = #output,
      pk = key_position(child.model, output, first),
      metatable = child.model._meta.metatable,
      model = child.model,
    }
    add_related(query, output, related, child, #related, at, below)
  end
end

--- The output of a query for instances.
-- @treturn {table,...} output: { name, node } in order
-- @treturn {table,...} related entries as core.plan takes them
function columns.instances(query)
  local output, related = {}, {}
  local root = related_root(query)
  add_model(query, output, query.model, query.tree.base, "", needed_keys(root))
  for _, name in ipairs(query.selected_annotations) do
    output[#output + 1] = { name = name, node = query:annotation(name), alias = true }
  end
  add_related(query, output, related, root, 0, query.tree.base, "")
  return output, related
end

local function all_values(query)
  local output = {}
  for _, field in ipairs(query.meta.fields) do
    output[#output + 1] = { name = field.attname, node = field_node(query.tree.base, field) }
  end
  for _, name in ipairs(query.selected_annotations) do
    output[#output + 1] = { name = name, node = query:annotation(name), alias = true }
  end
  return output
end

--- The output of a query for values rows.
function columns.values(query)
  if not query.fields then
    return all_values(query)
  end
  local output = {}
  for _, name in ipairs(query.fields) do
    local annotation = query.annotations[name]
    local node = annotation or expressions.path(query, name, { node = query.node })
    output[#output + 1] = { name = name, node = node, alias = annotation ~= nil }
  end
  return output
end

return columns
