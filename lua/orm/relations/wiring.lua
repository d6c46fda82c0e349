--- Connect the relations of a model: register it, resolve targets when they exist, make reverse accessors and
-- the hidden through models of many_to_many.
local errors = require "rdb.orm.errors"
local naming = require "rdb.orm.naming"
local on_delete = require "rdb.orm.on_delete"

local wiring = {}

local KINDS = { foreign_key = "one_to_many", one_to_one = "one_to_one", many_to_many = "many_to_many" }

-- A name for queries across a relation that has no public reverse name.
local function hidden_name(field)
  local name = ("%s_%s"):format(field.model._meta.label, field.name):lower()
  return "_" .. name:gsub("%W", "_"):gsub("_+", "_") .. "_rel"
end

local function public_names(field)
  local relation, meta = field.relation, field.model._meta
  local related_name = relation.related_name or meta.default_related_name
  local lower = meta.name:lower()
  local accessor = related_name or (field.type == "one_to_one" and lower or lower .. "_set")
  return accessor, relation.related_query_name or related_name or lower
end

local function clash(field, name, other, option)
  errors.raise("misuse", "%s: its reverse name '%s' on %s collides with %s; set %s", field:describe(), name,
    field.relation.to, other, option)
end

local function check_reverse(target, field, accessor, query_name)
  local meta = target._meta
  local taken = meta.by_name[accessor]
  if taken then
    clash(field, accessor, taken:describe(), "related_name")
  elseif meta.descriptors[accessor] then
    local other = meta.descriptors[accessor].field
    clash(field, accessor, other and "that of " .. other:describe() or "an attribute of every model",
      "related_name")
  elseif rawget(target, accessor) ~= nil or require "rdb.orm.model_class".reserved[accessor] then
    clash(field, accessor, "a method", "related_name")
  end
  taken = meta.by_name[query_name]
  if taken then
    clash(field, query_name, taken:describe(), "related_query_name")
  elseif meta.related_by_query_name[query_name] then
    clash(field, query_name, "that of " .. meta.related_by_query_name[query_name].field:describe(),
      "related_query_name")
  end
end

local function add_reverse(target, field)
  local relation = field.relation
  local hidden = (relation.related_name or ""):find("%+$") ~= nil or relation.symmetrical
  local entry = { field = field, model = field.model, kind = KINDS[relation.kind], hidden = hidden or false }
  if hidden then
    entry.query_name = relation.related_query_name or hidden_name(field)
  else
    entry.name, entry.query_name = public_names(field)
    check_reverse(target, field, entry.name, entry.query_name)
    target._meta.descriptors[entry.name] = require "rdb.orm.relations.reverse".descriptor(entry)
  end
  relation.reverse = entry
  table.insert(target._meta.related, entry)
  target._meta.fast_delete = nil -- asked anew
  target._meta.related_by_query_name[entry.query_name] = entry
end

local function key_field(to, through, db_constraint)
  local field = require "rdb.orm.fields".foreign_key {
    to, on_delete = on_delete.CASCADE, related_name = through .. "+", db_constraint = db_constraint,
  }
  return field
end

-- The hidden model of a many_to_many without `through`.
local function make_through(field)
  local relation, meta = field.relation, field.model._meta
  local from, to = meta.name:lower(), relation.model._meta.name:lower()
  if relation.model == field.model then
    from, to = "from_" .. from, "to_" .. to
  elseif from == to then
    to = relation.model._meta.app_label .. "_" .. to
  end
  local through_name = relation.through_label:match("%.(.*)$")
  local entries = {
    { from, key_field(meta.label, through_name, relation.db_constraint) },
    { to, key_field(relation.to, through_name, relation.db_constraint) },
  }
  for _, entry in ipairs(entries) do
    entry[2].source = field.source
  end
  local through = require "rdb.orm.definition".define {
    registry = meta.registry, label = relation.through_label, fields = entries, auto_created = field,
    source = field.source,
    options = {
      table_name = field.db_table or naming.shorten(meta.table .. "_" .. (field.db_column or field.name)),
      unique_together = { { from, to } }, managed = meta.managed,
    },
  }
  relation.through = through
  relation.through_from, relation.through_to = through._meta.by_name[from], through._meta.by_name[to]
end

local function keys_between(through, model)
  local keys = {}
  for _, candidate in ipairs(through._meta.fields) do
    if candidate.relation and candidate.relation.to == model._meta.label then
      keys[#keys + 1] = candidate
    end
  end
  return keys
end

local function named_key(field, through, name, model)
  local key = through._meta.by_name[name]
  if not key or not key.relation or key.relation.to ~= model._meta.label then
    errors.raise("misuse", "%s: through_fields names '%s', which is no foreign key from %s to %s", field:describe(),
      tostring(name), through._meta.label, model._meta.label)
  end
  return key
end

-- Find the two keys of a through model that the user wrote.
local function use_through(field, through)
  local relation = field.relation
  relation.through = through
  if field.through_fields then
    relation.through_from = named_key(field, through, field.through_fields[1], field.model)
    relation.through_to = named_key(field, through, field.through_fields[2], relation.model)
    return
  end
  local to_self = relation.model == field.model
  local from, to = keys_between(through, field.model), keys_between(through, relation.model)
  local wanted = to_self and 2 or 1
  if #from ~= wanted or #to ~= wanted then
    errors.raise("misuse", "%s: %s must have %s; name them with through_fields when there are more",
      field:describe(), through._meta.label, to_self and "two foreign keys to " .. relation.to
        or ("one foreign key to %s and one to %s"):format(field.model._meta.label, relation.to))
  end
  relation.through_from, relation.through_to = from[1], to_self and to[2] or to[1]
end

local function resolve_many(field, target)
  local relation, models = field.relation, field.model._meta.registry
  relation.model = target
  local key = target._meta.pk
  relation.target = key
  if not key or not field.model._meta.pk then
    errors.raise("unsupported", "%s: many_to_many needs a key of one field on both sides", field:describe())
  end
  add_reverse(target, field)
  if relation.auto_through then
    make_through(field)
  else
    models:when_defined(relation.through_label, function(through)
      use_through(field, through)
    end, field)
  end
end

--- Register a finished model and connect its relations.
function wiring.connect(model)
  local meta = model._meta
  local models = meta.registry
  for _, field in ipairs(meta.fields) do
    if field.relation then
      meta.descriptors[field.name] = require "rdb.orm.relations.forward".descriptor(field)
    end
  end
  for _, field in ipairs(meta.many_to_many) do
    meta.descriptors[field.name] = require "rdb.orm.relations.many_to_many".descriptor(field, false)
  end
  models:add(model)
  for _, field in ipairs(meta.fields) do
    if field.relation then
      models:when_defined(field.relation.to, function(target)
        field:resolve(target)
        add_reverse(target, field)
      end, field)
    end
  end
  for _, field in ipairs(meta.many_to_many) do
    models:when_defined(field.relation.to, function(target)
      resolve_many(field, target)
    end, field)
  end
end

return wiring
