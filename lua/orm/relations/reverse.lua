--- The other end of a foreign key: author.posts is a manager, author.profile (one_to_one) the object or nil.
local errors = require "rdb.orm.errors"
local instance = require "rdb.orm.instance"
local peers = require "rdb.orm.relations.peers"

local reverse = {}

local cached, cache, key_of = instance.cached, instance.cache, peers.key_of

-- -- one_to_one: the object -----------------------------------------------------------------------

-- Load the object at the other end for all siblings; false is kept where there is none.
local function load_one(entry, objects, alias)
  local field = entry.field
  local target = field.relation.target.attname
  local keys, seen = {}, {}
  for _, object in ipairs(objects) do
    local key = object[target]
    if key ~= nil and cached(object, entry.name) == nil and not seen[key_of(key)] then
      keys[#keys + 1], seen[key_of(key)] = key, object
    end
  end
  local list = require "rdb.orm.write".fetch_related(entry.model, alias, field.attname, keys, {})
  for _, related in ipairs(list) do
    local object = seen[key_of(related[field.attname])]
    if object then
      cache(object, entry.name, related)
      cache(related, field.name, object)
    end
  end
  for _, object in pairs(seen) do
    if cached(object, entry.name) == nil then
      cache(object, entry.name, false)
    end
  end
  return list
end

local function get_one(entry, object)
  local related = cached(object, entry.name)
  if related ~= nil then
    return related or nil
  end
  if object[entry.field.relation.target.attname] == nil then
    return nil
  end
  local siblings, list = peers.of(object)
  local mode = peers.mode(list)
  if mode == "raise" then
    errors.raise("misuse",
      "%s.%s is not loaded, and the fetch mode of this result is \"raise\"; use select_related",
      instance.model_of(object)._meta.label, entry.name)
  elseif mode == "one" then
    siblings, list = { object }, nil
  end
  peers.keep(list, entry.name, load_one(entry, siblings, instance.database(object) or entry.model._meta.database))
  return cached(object, entry.name) or nil
end

local function set_one(entry, object, value)
  if instance.model_of(value) ~= entry.model then
    errors.raise_with("invalid_value", { model = instance.model_of(object)._meta.label, field = entry.name },
      "%s.%s expects a %s, got %s", instance.model_of(object)._meta.label, entry.name, entry.model._meta.label,
      errors.type_name(value))
  end
  value[entry.field.name] = object
  cache(object, entry.name, value)
end

-- -- the attribute --------------------------------------------------------------------------------

--- The attribute of a reverse relation.
-- @tparam table entry of _meta.related
-- @treturn table { field =, get = function(object), set = function(object, value) | nil }
function reverse.descriptor(entry)
  if entry.kind == "one_to_one" then
    return {
      field = entry.field,
      get = function(object)
        return get_one(entry, object)
      end,
      set = function(object, value)
        set_one(entry, object, value)
      end,
    }
  elseif entry.kind == "many_to_many" then
    return require "rdb.orm.relations.many_to_many".descriptor(entry.field, true)
  end
  return {
    field = entry.field,
    get = function(object)
      return require "rdb.orm.relations.reverse_manager".get(entry, object)
    end,
  }
end

return reverse
