--- post.author: the object behind a foreign key, loaded on first use for all objects of the result.
local errors = require "rdb.orm.errors"
local instance = require "rdb.orm.instance"
local null = require "rdb.orm.null"
local peers = require "rdb.orm.relations.peers"

local forward = {}

local cached, cache, key_of = instance.cached, instance.cache, peers.key_of

-- The kept object still belongs to the key (which may have been assigned since).
local function is_current(related, key, target)
  return key_of(related[target.attname]) == key_of(key)
end

-- The distinct keys of the objects whose related object is not loaded yet.
local function missing_keys(objects, field, target)
  local keys, seen = {}, {}
  for _, object in ipairs(objects) do
    local key = rawget(object, field.attname)
    if key ~= nil and key ~= null and not seen[key_of(key)] then
      local related = cached(object, field.name)
      if not related or not is_current(related, key, target) then
        seen[key_of(key)] = true
        keys[#keys + 1] = key
      end
    end
  end
  return keys
end

--- Load the related objects of `objects` with one query and keep them.
-- @treturn table the loaded objects by key_of(key)
local function load(field, objects, alias)
  local relation = field.relation
  local target = relation.target
  local keys = missing_keys(objects, field, target)
  local list = require "rdb.orm.write".fetch_related(relation.model, alias, target.attname, keys, {})
  local by_key = {}
  for _, related in ipairs(list) do
    by_key[key_of(related[target.attname])] = related
  end
  for _, object in ipairs(objects) do
    local key = rawget(object, field.attname)
    local related = key ~= nil and by_key[key_of(key)]
    if related then
      cache(object, field.name, related)
      if relation.kind == "one_to_one" and relation.reverse.name then
        cache(related, relation.reverse.name, object)
      end
    end
  end
  return by_key, list
end

local function get(field, object)
  local relation = field.relation
  local key = object[field.attname]
  local related = cached(object, field.name)
  if key == nil or key == null then
    return related or nil -- an unsaved object may be assigned before it has a key
  end
  if related and is_current(related, key, relation.target) then
    return related
  end
  local siblings, list = peers.of(object)
  local mode = peers.mode(list)
  if mode == "raise" then
    errors.raise("misuse",
      "%s.%s is not loaded, and the fetch mode of this result is \"raise\"; use select_related",
      field.model._meta.label, field.name)
  end
  if mode == "one" then
    siblings, list = { object }, nil
  end
  local by_key, loaded = load(field, siblings, instance.database(object) or field.model._meta.database)
  peers.keep(list, field.name, loaded)
  related = by_key[key_of(key)]
  if not related then
    errors.raise_with("does_not_exist", { model = relation.model._meta.label, field = field.name },
      "%s points to a %s that does not exist", field:label(), relation.model._meta.label)
  end
  return related
end

-- Assigning an object sets the key; nil and rdb.null clear both.
local function set(field, object, value)
  local relation = field.relation
  if value == nil or value == null then
    object[field.attname] = nil
    cache(object, field.name, nil)
    return
  end
  if instance.model_of(value) ~= relation.model then
    errors.raise_with("invalid_value", { model = field.model._meta.label, field = field.name },
      "%s expects a %s, got %s; a key is assigned to %s", field:label(), relation.to, errors.type_name(value),
      field.attname)
  end
  object[field.attname] = value[relation.target.attname]
  cache(object, field.name, value)
end

--- The attribute of a foreign key.
-- @treturn table { field =, get = function(object), set = function(object, value) }
function forward.descriptor(field)
  return {
    field = field,
    get = function(object)
      return get(field, object)
    end,
    set = function(object, value)
      set(field, object, value)
    end,
  }
end

return forward
