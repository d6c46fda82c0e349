--- prefetch_related: the related objects of a whole result with one query for each relation.
-- What is found is kept with the objects (instance.cache), where relations look first; rdb.Prefetch may name another
-- QuerySet and another attribute.
local core = require "rdb.core"
local errors = require "rdb.orm.errors"
local instance = require "rdb.orm.instance"
local joins = require "rdb.orm.joins"
local peers = require "rdb.orm.relations.peers"
local suggest = require "rdb.orm.suggest"

local prefetch = {}

local Prefetch = { __name = "rdb.Prefetch" }
Prefetch.__index = Prefetch

local OPTIONS = { queryset = true, to_attr = true }

-- Annotation under which the near key of a many_to_many row travels.
local NEAR_KEY = "rdb_prefetch_key"

local KEYS_PER_QUERY = 30000

local key_of = peers.key_of

local function is_queryset(value)
  return require("rdb.orm.queryset").is(value)
end

--- rdb.Prefetch("posts", { queryset = Post.objects:filter{...}, to_attr = "drafts" }).
function prefetch.Prefetch(path, options)
  options = options or {}
  if type(path) ~= "string" or path == "" then
    errors.raise("misuse", "rdb.Prefetch takes the path of a relation, got %s", errors.type_name(path))
  end
  for name in pairs(options) do
    if not OPTIONS[name] then
      errors.raise("misuse", "rdb.Prefetch has no option '%s'%s", tostring(name), suggest.clause(name, OPTIONS))
    end
  end
  if options.queryset ~= nil and not is_queryset(options.queryset) then
    errors.raise("misuse", "rdb.Prefetch(%q): queryset must be a QuerySet, got %s", path,
      errors.type_name(options.queryset))
  elseif options.queryset and (options.queryset.node.sliced or options.queryset.node.mode) then
    errors.raise("unsupported", "rdb.Prefetch(%q): its QuerySet cannot be sliced or select values", path)
  end
  if options.to_attr ~= nil then
    require("rdb.orm.dialects.base").check_identifier(options.to_attr, "to_attr of rdb.Prefetch")
  end
  return setmetatable({ path = path, queryset = options.queryset, to_attr = options.to_attr }, Prefetch)
end

--- An argument of prefetch_related as { path, queryset, to_attr, key }.
-- @tparam string label names the model in messages
function prefetch.lookup(item, label)
  if type(item) == "string" then
    return { path = item, key = item }
  elseif type(item) == "table" and getmetatable(item) == Prefetch then
    local key = ("%s\2%s\2%s"):format(item.path, item.to_attr or "", item.queryset and item.queryset.node.id or "")
    return { path = item.path, queryset = item.queryset, to_attr = item.to_attr, key = key }
  end
  errors.raise("misuse", "%s: prefetch_related takes names of relations or rdb.Prefetch; got %s", label,
    errors.type_name(item))
end

-- The relation `name` of a model: { kind, model, field, reverse, name }.
local function relation_of(model, name, path)
  local meta = model._meta
  local field = meta.by_name[name]
  if field and field.relation and name == field.name then
    local many = field.relation.kind == "many_to_many"
    return { kind = many and "many" or "forward", model = field.relation.model, field = field, name = name }
  end
  local choices = {}
  for _, candidate in ipairs(meta.related) do
    if candidate.name == name then
      local many = candidate.kind == "many_to_many"
      return {
        kind = many and "many" or candidate.kind == "one_to_one" and "one" or "reverse",
        model = candidate.model, field = candidate.field, name = name, reverse = true,
      }
    elseif candidate.name then
      choices[candidate.name] = true
    end
  end
  for _, candidate in pairs(meta.by_name) do
    choices[candidate.name] = candidate.relation and true or nil
  end
  errors.raise("misuse", "prefetch_related('%s'): %s has no relation '%s'%s (it has: %s)", path, meta.label, name,
    suggest.clause(name, choices), suggest.list(choices))
end

--- Check the paths of lookups on a model, as far as they do not go through to_attr names.
function prefetch.check(model, lookups)
  local attributes = {}
  for _, lookup in ipairs(lookups) do
    if lookup.to_attr then
      attributes[lookup.to_attr] = true
    end
  end
  for _, lookup in ipairs(lookups) do
    local at = model
    for _, name in ipairs(joins.split(lookup.path)) do
      if attributes[name] then
        break
      end
      at = relation_of(at, name, lookup.path).model
    end
  end
end

-- -- loading
-- ------------------------------------------------------------------------------------------------------------

local function distinct_keys(objects, attname, skip)
  local keys, seen = {}, {}
  for _, object in ipairs(objects) do
    local key = object[attname]
    if key ~= nil and not (skip and skip(object)) then
      local id = key_of(key)
      if not seen[id] then
        seen[id] = true
        keys[#keys + 1] = key
      end
    end
  end
  return keys
end

-- Run the QuerySet for the keys, in as few statements as the parameters allow; each list is handed to take().
local function for_rows(queryset, path, keys, take)
  for first = 1, #keys, KEYS_PER_QUERY do
    local chunk = #keys <= KEYS_PER_QUERY and keys
      or table.move(keys, first, math.min(first + KEYS_PER_QUERY - 1, #keys), 1, {})
    take(queryset:filter(path .. "__in", chunk))
  end
end

local function related_queryset(relation, lookup, alias)
  local queryset = lookup.queryset
  if queryset then
    if queryset.node.trie.model ~= relation.model then
      errors.raise("misuse", "rdb.Prefetch('%s'): its QuerySet is of %s, the relation leads to %s", lookup.path,
        queryset.node.trie.model._meta.label, relation.model._meta.label)
    end
    return queryset
  end
  local root = require("rdb.orm.queryset").root(relation.model)
  return alias == relation.model._meta.database and root or root:using(alias)
end

local function keep(object, relation, lookup, value)
  if lookup.to_attr then
    rawset(object, lookup.to_attr, value)
  else
    instance.cache(object, relation.name, value)
  end
end

local loaders = {}

-- post.author: the object behind each key.
function loaders.forward(objects, relation, lookup, queryset)
  local field = relation.field
  local target = field.relation.target.attname
  local found, loaded = {}, {}
  local keys = distinct_keys(objects, field.attname)
  for_rows(queryset, target, keys, function(rows)
    for _, related in ipairs(rows:list()) do
      found[key_of(related[target])] = related
      loaded[#loaded + 1] = related
    end
  end)
  for _, object in ipairs(objects) do
    local key = object[field.attname]
    local related = key ~= nil and found[key_of(key)]
    if related then
      keep(object, relation, lookup, related)
    end
  end
  return loaded
end

-- user.profile: the one object that points here, false for none.
function loaders.one(objects, relation, lookup, queryset)
  local field = relation.field
  local target = field.relation.target.attname
  local found, loaded = {}, {}
  for_rows(queryset, field.attname, distinct_keys(objects, target), function(rows)
    for _, related in ipairs(rows:list()) do
      found[key_of(related[field.attname])] = related
      loaded[#loaded + 1] = related
    end
  end)
  for _, object in ipairs(objects) do
    local key = object[target]
    local related = key ~= nil and found[key_of(key)] or false
    keep(object, relation, lookup, related)
    if related then
      instance.cache(related, field.name, object)
    end
  end
  return loaded
end

-- A list for each object, empty at first, by the key that the rows name it with; the first object of each; and whether
-- the keys are integers and strings, which the core can group by.
local function empty_lists(objects, relation, lookup, attname)
  local lists, owners, plain = {}, {}, true
  for _, object in ipairs(objects) do
    local key = object[attname]
    if key ~= nil then
      local id = key_of(key)
      local list = lists[id]
      if not list then
        list = {}
        lists[id], owners[id] = list, object
        plain = plain and type(key) ~= "userdata"
      end
      keep(object, relation, lookup, list)
    end
  end
  return lists, owners, plain
end

-- Put the rows into the lists that their `attname` names. With owners, each row keeps its owner under `name`; without,
-- it loses `attname`.
local function group(rows, attname, lists, plain, name, owners)
  if plain then
    return core.group(rows, attname, lists, name, owners)
  end
  for _, row in ipairs(rows) do
    local id = key_of(row[attname])
    local list = lists[id]
    list[#list + 1] = row
    if owners then
      instance.cache(row, name, owners[id])
    else
      row[attname] = nil
    end
  end
end

local function append_all(loaded, rows)
  return #loaded == 0 and rows or table.move(rows, 1, #rows, #loaded + 1, loaded)
end

-- author.posts: all objects that point here.
function loaders.reverse(objects, relation, lookup, queryset)
  local field = relation.field
  local target = field.relation.target.attname
  local lists, owners, plain = empty_lists(objects, relation, lookup, target)
  local loaded, attname = {}, field.attname
  for_rows(queryset, attname, distinct_keys(objects, target), function(chunk)
    local rows = chunk:list()
    group(rows, attname, lists, plain, field.name, owners)
    loaded = append_all(loaded, rows)
  end)
  return loaded
end

-- post.tags, tag.posts: rows of the far side with the key of the near one.
function loaders.many(objects, relation, lookup, queryset)
  local field = relation.field
  local through = relation.reverse and field.relation.through_to or field.relation.through_from
  local target = through.relation.target.attname
  local path = relation.reverse and field.name or field.relation.reverse.query_name
  local lists, _, plain = empty_lists(objects, relation, lookup, target)
  local loaded = {}
  local F = require("rdb.orm.expressions").F
  for_rows(queryset, path, distinct_keys(objects, target), function(chunk)
    local rows = chunk:annotate { [NEAR_KEY] = F(path) }:list()
    group(rows, NEAR_KEY, lists, plain)
    loaded = append_all(loaded, rows)
  end)
  return loaded
end

-- Objects already there for a name: through to_attr, or loaded by an earlier lookup or select_related.
local function present(objects, name)
  local list, complete = {}, true
  for _, object in ipairs(objects) do
    local value = rawget(object, name)
    if value == nil then
      value = instance.cached(object, name)
    end
    if value == nil then
      complete = false
    elseif type(value) == "table" and instance.model_of(value) then
      list[#list + 1] = value
    elseif type(value) == "table" then
      table.move(value, 1, #value, #list + 1, list)
    end
  end
  return list, complete
end

-- One name of a lookup's path: answers the objects that it leads to.
local function load_step(objects, name, lookup, last, alias, result)
  local existing, complete = present(objects, name)
  local model = instance.model_of(objects[1])
  if complete and not (last and (lookup.queryset or lookup.to_attr)) then
    return existing
  end
  local relation = relation_of(model, name, lookup.path)
  local here = last and lookup or { path = lookup.path }
  local loaded = loaders[relation.kind](objects, relation, here, related_queryset(relation, here, alias))
  peers.keep(result, "prefetch:" .. lookup.key .. ":" .. name, loaded)
  return loaded
end

--- Load what a chain's prefetch_related links ask for.
-- @tparam table queryset the evaluated chain
-- @tparam table list its instances
function prefetch.run(queryset, list)
  if #list == 0 then
    return
  end
  local links, link = {}, queryset
  while link do
    if link.node.kind == "prefetch_related" then
      table.insert(links, 1, link)
    end
    link = link.prev
  end
  for _, one in ipairs(links) do
    for _, lookup in ipairs(one.value) do
      local objects, names = list, joins.split(lookup.path)
      for i, name in ipairs(names) do
        if #objects == 0 then
          break
        end
        objects = load_step(objects, name, lookup, i == #names, queryset.node.alias, list)
      end
    end
  end
end

return prefetch
