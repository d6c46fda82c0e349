--- Path resolution: what "author__profile__city__icontains" means on a model.
-- A path names fields and relations joined by "__", then transforms (year, ...), then a lookup. Resolving gives the
-- edges to join, the column at the end, and the lookup; nothing here depends on a query or a database.
--
-- An edge: { from_column, to_model, to_column, nullable, multi, key }. A last edge that a foreign key column already
-- answers is trimmed: author__id is the column author_id of the first table.
local errors = require "rdb.orm.errors"
local lookups = require "rdb.orm.lookups"
local suggest = require "rdb.orm.suggest"

local joins = {}

local function edge(from_column, to_model, to_column, nullable, multi, forward)
  return {
    from_column = from_column,
    to_model = to_model,
    to_column = to_column,
    nullable = nullable,
    multi = multi,
    forward = forward,
    key = from_column .. "\1" .. to_model._meta.label .. "\1" .. to_column,
  }
end

local function through_edges(relation, enter, leave)
  local through = relation.through
  local back, ahead = enter.relation, leave.relation
  return {
    edge(back.target.column, through, enter.column, true, true, false),
    edge(leave.column, ahead.model, ahead.target.column, leave.null, false, true),
  }
end

--- The edges that cross one relation.
-- @tparam Field field foreign key, one-to-one or many-to-many field
-- @tparam boolean reverse from the model that the field points to, to the model that has the field
-- @treturn {edge,...}
function joins.edges(field, reverse)
  local relation = field.relation
  if relation.kind == "many_to_many" then
    if reverse then
      return through_edges(relation, relation.through_to, relation.through_from)
    end
    return through_edges(relation, relation.through_from, relation.through_to)
  elseif reverse then
    return { edge(relation.target.column, field.model, field.column, true, relation.kind ~= "one_to_one", false) }
  end
  return { edge(field.column, relation.model, relation.target.column, field.null, false, true) }
end

local function split(path)
  local parts, from = {}, 1
  while true do
    local first, last = path:find("__", from, true)
    -- "a___b" belongs to a name that ends in an underscore: cut at the last two
    while first and path:sub(last + 1, last + 1) == "_" do
      first, last = first + 1, last + 1
    end
    if not first or first == 1 then
      parts[#parts + 1] = path:sub(from)
      return parts
    end
    parts[#parts + 1] = path:sub(from, first - 1)
    from = last + 1
  end
end
joins.split = split

local function field_names(model)
  local names = { pk = true }
  for name in pairs(model._meta.by_name) do
    names[name] = true
  end
  for name, related in pairs(model._meta.related_by_query_name) do
    names[name] = not related.hidden or nil
  end
  return names
end

local function unknown_field(model, name, path, annotations)
  local names = field_names(model)
  for alias in pairs(annotations or {}) do
    names[alias] = true
  end
  errors.raise_with("misuse", { model = model._meta.label, field = name },
    "%s has no field '%s'%s%s (it has: %s)", model._meta.label, name, path ~= name and (" (in '%s')")
      :format(path) or "",
    suggest.clause(name, names), suggest.list(names))
end

local function unknown_lookup(model, field, name, path)
  local choices = lookups.names_for(field and field.kind)
  errors.raise_with("misuse", { model = model._meta.label, field = field and field.name },
    "%s%s has no lookup '%s' (in '%s')%s (it has: %s)",
    model._meta.label, field and "." .. field.name or "", name, path, suggest.clause(name, choices),
      suggest.list(choices))
end

-- One name on a model: a plain field, a relation to cross, or nil.
local function step(model, name)
  local meta = model._meta
  if name == "pk" then
    if not meta.pk then
      return { composite = meta.pk_fields }
    end
    name = meta.pk.name
  end
  local field = meta.by_name[name]
  if field then
    if field.relation and (name ~= field.attname or field.attname == field.name) then
      return { field = field, relation = field.relation, to = field.relation.model, reverse = false }
    end
    return { field = field, pk = field == meta.pk }
  end
  local related = meta.related_by_query_name and meta.related_by_query_name[name]
  if related then
    return { field = related.field, relation = related.field.relation, to = related.model, reverse = true,
      related = related }
  end
  return nil
end
joins.step = step

-- The column at the end of a path that stops at a relation or at a field.
local function set_target(resolved, model, found)
  if found.composite then
    resolved.composite, resolved.model = found.composite, model
    return
  end
  resolved.model = model
  if not found.relation then
    local own = found.field.relation
    resolved.field, resolved.column = found.field, found.field.column
    resolved.relation_model = own and own.model or found.pk and model or nil
    resolved.value_field = own and own.target or found.field
  elseif found.reverse or found.relation.kind == "many_to_many" then
    local target = found.to._meta.pk
    for _, crossed in ipairs(joins.edges(found.field, found.reverse)) do
      resolved.edges[#resolved.edges + 1] = crossed
    end
    if not target then
      resolved.composite, resolved.model = found.to._meta.pk_fields, found.to
      return
    end
    resolved.model, resolved.field, resolved.column = found.to, target, target.column
    resolved.relation_model, resolved.value_field, resolved.ends_at_relation = found.to, target, true
  else
    resolved.field, resolved.column = found.field, found.field.column
    resolved.relation_model, resolved.value_field, resolved.ends_at_relation = found.to, found.relation.target, true
  end
end

-- Drop last edges whose far column equals the near foreign key column.
local function trim(resolved)
  local edges = resolved.edges
  while #edges > 0 and resolved.column do
    local last = edges[#edges]
    if not last.forward or last.to_column ~= resolved.column then
      return
    end
    resolved.column = last.from_column
    resolved.nullable = last.nullable
    edges[#edges] = nil
  end
end

local function set_lookups(resolved, parts, from)
  local kind = resolved.field and resolved.field.kind
  for i = from, #parts do
    local name = parts[i]
    if lookups.transforms[name] and (i < #parts or not lookups.all[name]) then
      if kind and not lookups.transforms[name].on[kind] then
        unknown_lookup(resolved.model, resolved.field, name, resolved.path)
      end
      resolved.transforms[#resolved.transforms + 1] = name
      kind = lookups.transforms[name].kind
    elseif lookups.all[name] and i == #parts then
      resolved.lookup = name
    elseif resolved.annotation or not resolved.model then
      errors.raise("misuse", "annotation '%s' has no lookup '%s'%s (it has: %s)", resolved.annotation, name,
        suggest.clause(name, lookups.names_for()), suggest.list(lookups.names_for()))
    elseif #resolved.transforms == 0 and i == from and not lookups.all[name] and resolved.ends_at_relation then
      unknown_field(resolved.relation_model, name, resolved.path)
    else
      unknown_lookup(resolved.model, resolved.field, name, resolved.path)
    end
  end
  resolved.output_kind = kind
end

-- Walk relations from part `at` as far as the names go. Returns the last step and the position of the first part that
-- is no name.
local function walk(resolved, Model, parts, at, annotations)
  local model = Model
  local found = step(model, parts[at])
  if not found then
    unknown_field(Model, parts[at], resolved.path, annotations)
  end
  at = at + 1
  while at <= #parts and found.relation do
    local following = step(found.to, parts[at])
    if not following then
      break
    end
    for _, crossed in ipairs(joins.edges(found.field, found.reverse)) do
      resolved.edges[#resolved.edges + 1] = crossed
    end
    model, found, at = found.to, following, at + 1
  end
  return model, found, at
end

local function new(Model, path)
  return { path = path, label = Model._meta.label .. "." .. path, edges = {}, transforms = {}, lookup = "exact" }
end

-- What stands at the end of the walk, and what follows it.
local function finish(resolved, parts, model, found, at)
  resolved.found = found
  set_target(resolved, model, found)
  trim(resolved)
  for i, crossed in ipairs(resolved.edges) do
    if crossed.multi then
      resolved.multi = i
      break
    end
  end
  set_lookups(resolved, parts, at)
  return resolved
end

--- Resolve a path that begins with the name of a joined table.
-- @tparam table Model where the chain starts
-- @tparam string path "name" or "name__field..."
-- @tparam table tables name -> { model, edge }
function joins.resolve_joined(Model, path, tables)
  local parts, resolved = split(path), new(Model, path)
  local joined = tables[parts[1]]
  local model, meta = joined.model, joined.model._meta
  resolved.edges[1] = joined.edge
  if parts[2] and (step(model, parts[2]) or not lookups.all[parts[2]]) then
    return finish(resolved, parts, walk(resolved, model, parts, 2))
  end
  resolved.model = model
  if meta.pk then
    resolved.field, resolved.column, resolved.value_field = meta.pk, meta.pk.column, meta.pk
    resolved.relation_model, resolved.ends_at_relation = model, true
  else
    resolved.composite = meta.pk_fields
  end
  set_lookups(resolved, parts, 2)
  return resolved
end

--- Resolve a path.
-- @tparam table Model where it starts
-- @tparam string path
-- @tparam ?table annotations map of annotation names that may stand first
-- @treturn table { path, label, edges, model, field, column, relation_model, value_field, transforms, lookup, multi,
-- annotation, composite }
-- @raise misuse naming the model, the field, the nearest name and the choices
function joins.resolve(Model, path, annotations)
  local parts, resolved = split(path), new(Model, path)
  if annotations and annotations[parts[1]] then
    resolved.annotation = parts[1]
    set_lookups(resolved, parts, 2)
    return resolved
  end
  return finish(resolved, parts, walk(resolved, Model, parts, 1, annotations))
end

--- Resolve a path that must end at a field: no transform, no lookup.
function joins.resolve_field(Model, path, annotations)
  local resolved = joins.resolve(Model, path, annotations)
  if resolved.lookup ~= "exact" or path:find("__exact$") then
    errors.raise("misuse", "%s: '%s' is a lookup; only a field can stand here", resolved.label, resolved.lookup)
  end
  return resolved
end

return joins
