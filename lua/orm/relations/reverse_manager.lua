--- author.posts: the QuerySet of the objects that point here, with add, remove, set, clear, create ...
local errors = require "rdb.orm.errors"
local instance = require "rdb.orm.instance"
local null = require "rdb.orm.null"
local peers = require "rdb.orm.relations.peers"

local reverse_manager = {}

local methods = {}

--- The objects of a call such as add(a, b) or add { a, b }, checked to be of `model`.
local function objects_of(self, what, ...)
  local list = { ... }
  if #list == 1 and type(list[1]) == "table" and not instance.model_of(list[1]) then
    list = list[1]
  end
  for i, object in ipairs(list) do
    if instance.model_of(object) ~= self.entry.model then
      errors.raise("invalid_value", "%s takes objects of %s, got %s as item %d", what,
        self.entry.model._meta.label, errors.type_name(object), i)
    end
  end
  return list
end

local function in_transaction(self, fn)
  return require "rdb.orm.transactions".atomic(fn, { using = self.alias })
end

-- What was prefetched is true no more.
local function changed(self)
  instance.cache(self.owner, self.entry.name, nil)
  rawset(self, "result", nil)
  rawset(self.base, "result", nil)
end

local function with_owner(self, values)
  local copy = {}
  for name, value in pairs(values or {}) do
    copy[name] = value
  end
  copy[self.entry.field.name] = self.owner
  return copy
end

local function need_null(self, what)
  local field = self.entry.field
  if not field.null then
    errors.raise("misuse", "%s: %s is not null, so an object cannot be without it; delete it or give it to another",
      what, field:describe())
  end
end

local function point(object, field, owner, alias)
  object[field.name] = owner
  if instance.database(object) == alias then
    object:save { update_fields = { field.name }, using = alias }
  else
    object:save { using = alias }
  end
end

--- The QuerySet itself; the prefetched objects when there are some.
function methods:all()
  return self.base
end

--- Make the objects point here; unsaved ones are saved.
function methods:add(...)
  local list = objects_of(self, "add", ...)
  in_transaction(self, function()
    for _, object in ipairs(list) do
      point(object, self.entry.field, self.owner, self.alias)
    end
  end)
  changed(self)
end

--- Make the objects point to nothing. @raise does_not_exist for one that does not point here; misuse when not null
function methods:remove(...)
  need_null(self, "remove")
  local list, field = objects_of(self, "remove", ...), self.entry.field
  local key = peers.key_of(self.key)
  for _, object in ipairs(list) do
    if peers.key_of(object[field.attname]) ~= key then
      errors.raise_with("does_not_exist", { model = self.entry.model._meta.label }, "%s is not related to %s",
        tostring(object), tostring(self.owner))
    end
  end
  in_transaction(self, function()
    for _, object in ipairs(list) do
      point(object, field, nil, self.alias)
    end
  end)
  changed(self)
end

--- Make all objects that point here point to nothing.
function methods:clear()
  need_null(self, "clear")
  self.base:all():update { [self.entry.field.name] = null }
  changed(self)
end

--- Make exactly these objects point here.
function methods:set(...)
  local list, keep = objects_of(self, "set", ...), {}
  local meta = self.entry.model._meta
  for _, object in ipairs(list) do
    local key = instance.key(object, meta)
    if key ~= nil then
      keep[peers.key_of(key)] = true
    end
  end
  in_transaction(self, function()
    local present, gone = {}, {}
    for _, object in ipairs(self.base:all():list()) do
      local key = peers.key_of(object.pk)
      present[key] = true
      if not keep[key] then
        gone[#gone + 1] = object
      end
    end
    if #gone > 0 then
      self:remove(gone)
    end
    for _, object in ipairs(list) do
      local key = instance.key(object, meta)
      if key == nil or not present[peers.key_of(key)] then
        point(object, self.entry.field, self.owner, self.alias)
      end
    end
  end)
  changed(self)
end

--- Make and save an object that points here.
function methods:create(values)
  local object = self.entry.model(with_owner(self, values))
  object:save { using = self.alias }
  changed(self)
  return object
end

-- These look among the objects that point here, and make one that does.
for _, name in ipairs { "get_or_create", "update_or_create" } do
  methods[name] = function(self, values, ...)
    changed(self)
    return self.root[name](self.root, with_owner(self, values), ...)
  end
end

--- Insert many objects that point here.
function methods:bulk_create(list, ...)
  for _, object in ipairs(objects_of(self, "bulk_create", list)) do
    object[self.entry.field.name] = self.owner
  end
  changed(self)
  return self.root:bulk_create(list, ...)
end

--- The manager of the objects that point to `object`.
-- @tparam table entry of _meta.related, kind one_to_many
-- @raise misuse for an object without a key
function reverse_manager.get(entry, object)
  local key = object[entry.field.relation.target.attname]
  if key == nil then
    errors.raise("misuse", "%s.%s needs a saved %s", instance.model_of(object)._meta.label, entry.name,
      instance.model_of(object)._meta.label)
  end
  local queryset = require "rdb.orm.queryset"
  local alias = instance.database(object) or entry.model._meta.database
  local root = queryset.root(entry.model)
  if alias ~= entry.model._meta.database then
    root = root:using(alias)
  end
  local base = root:filter(entry.field.attname, key)
  base.result = instance.cached(object, entry.name)
  local manager = queryset.manager(base, methods)
  rawset(manager, "entry", entry)
  rawset(manager, "owner", object)
  rawset(manager, "key", key)
  rawset(manager, "alias", alias)
  rawset(manager, "root", root)
  rawset(manager, "base", base)
  rawset(manager, "result", base.result)
  return manager
end

return reverse_manager
