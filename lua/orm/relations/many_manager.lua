--- post.tags and tag.posts: the QuerySet of the objects at the other end of a many_to_many, with add, remove, set ...
local errors = require "rdb.orm.errors"
local instance = require "rdb.orm.instance"
local peers = require "rdb.orm.relations.peers"

local many_manager = {}

local key_of = peers.key_of

local methods = {}

-- What was prefetched is true no more.
local function changed(self)
  instance.cache(self.owner, self.accessor, nil)
  rawset(self, "result", nil)
  rawset(self.base, "result", nil)
end

local function in_transaction(self, fn)
  return require "rdb.orm.transactions".atomic(fn, { using = self.alias })
end

local function through_rows(self)
  return self.through.objects:using(self.alias)
end

-- Options may close a call: add(a, b, { through_defaults = {...} }).
local function is_options(value)
  return type(value) == "table" and getmetatable(value) == nil
    and (value.through_defaults ~= nil or value.clear ~= nil)
end

--- The distinct keys of the objects or keys in add(a, b) or add { a, b }, and the options.
local function arguments(self, what, ...)
  local list = { ... }
  local options = is_options(list[#list]) and table.remove(list) or {}
  if #list == 1 and type(list[1]) == "table" and getmetatable(list[1]) == nil then
    list = list[1]
  end
  local target, keys, seen = self.to.relation.target, {}, {}
  for i, item in ipairs(list) do
    local key = item
    local model = instance.model_of(item)
    if model == self.model then
      key = item[target.attname]
      if key == nil then
        errors.raise("misuse", "%s: item %d is an unsaved %s; save it first", what, i, self.model._meta.label)
      end
    elseif model or type(item) == "table" then
      errors.raise("invalid_value", "%s takes objects or keys of %s, got %s as item %d", what,
        self.model._meta.label, errors.type_name(item), i)
    end
    if not seen[key_of(key)] then
      keys[#keys + 1], seen[key_of(key)] = key, true
    end
  end
  return keys, options
end

local function row(self, from, to, defaults)
  local values = {}
  for name, value in pairs(defaults or {}) do
    values[name] = value
  end
  values[self.from.attname], values[self.to.attname] = from, to
  return self.through(values)
end

-- The keys among `keys` that are related already.
local function related(self, keys)
  local found = {}
  local rows = through_rows(self):filter { [self.from.attname] = self.key, [self.to.attname .. "__in"] = keys }
  for _, key in ipairs(rows:values_list(self.to.attname, { flat = true }):list()) do
    found[key_of(key)] = true
  end
  return found
end

local function add_keys(self, keys, defaults)
  if #keys == 0 then
    return
  end
  in_transaction(self, function()
    local found, rows = related(self, keys), {}
    for _, key in ipairs(keys) do
      if not found[key_of(key)] then
        rows[#rows + 1] = row(self, self.key, key, defaults)
        if self.symmetrical and key_of(key) ~= key_of(self.key) then
          rows[#rows + 1] = row(self, key, self.key, defaults)
        end
      end
    end
    if #rows > 0 then
      through_rows(self):bulk_create(rows)
    end
  end)
end

local function remove_keys(self, keys)
  if #keys == 0 then
    return
  end
  in_transaction(self, function()
    through_rows(self):filter { [self.from.attname] = self.key, [self.to.attname .. "__in"] = keys }:delete()
    if self.symmetrical then
      through_rows(self):filter { [self.to.attname] = self.key, [self.from.attname .. "__in"] = keys }:delete()
    end
  end)
end

--- The QuerySet itself; the prefetched objects when there are some.
function methods:all()
  return self.base
end

--- Relate objects (or keys): add(a, b), add { a, b }, add(a, { through_defaults = {...} }). Those that are related
-- already stay as they are.
function methods:add(...)
  local keys, options = arguments(self, "add", ...)
  add_keys(self, keys, options.through_defaults)
  changed(self)
end

--- Relate them no more.
function methods:remove(...)
  remove_keys(self, (arguments(self, "remove", ...)))
  changed(self)
end

--- Relate nothing.
function methods:clear()
  in_transaction(self, function()
    through_rows(self):filter(self.from.attname, self.key):delete()
    if self.symmetrical then
      through_rows(self):filter(self.to.attname, self.key):delete()
    end
  end)
  changed(self)
end

--- Relate exactly these: set { a, b }, with { clear = true } after dropping all rows first.
function methods:set(...)
  local keys, options = arguments(self, "set", ...)
  in_transaction(self, function()
    if options.clear then
      self:clear()
    else
      local keep, gone = {}, {}
      for _, key in ipairs(keys) do
        keep[key_of(key)] = true
      end
      local rows = through_rows(self):filter(self.from.attname, self.key)
      for _, key in ipairs(rows:values_list(self.to.attname, { flat = true }):list()) do
        if not keep[key_of(key)] then
          gone[#gone + 1] = key
        end
      end
      remove_keys(self, gone)
    end
    add_keys(self, keys, options.through_defaults)
  end)
  changed(self)
end

--- Make, save and relate an object.
-- @tparam ?table options { through_defaults = {...} }
function methods:create(values, options)
  return in_transaction(self, function()
    local object = self.model(values)
    object:save { using = self.alias }
    add_keys(self, { object[self.to.relation.target.attname] }, options and options.through_defaults)
    changed(self)
    return object
  end)
end

-- These look among the related objects, and relate the one that they make.
for _, name in ipairs { "get_or_create", "update_or_create" } do
  methods[name] = function(self, values, options)
    return in_transaction(self, function()
      local object, created = self.base[name](self.base, values)
      if created then
        add_keys(self, { object[self.to.relation.target.attname] }, options and options.through_defaults)
      end
      changed(self)
      return object, created
    end)
  end
end

--- Insert many objects and relate them.
function methods:bulk_create(list, options)
  return in_transaction(self, function()
    local created = self.root:bulk_create(list, options)
    add_keys(self, (arguments(self, "bulk_create", list)))
    changed(self)
    return created
  end)
end

--- The manager of one end of a many_to_many.
-- @tparam Field field
-- @tparam table object
-- @tparam boolean reversed the object is at the end that does not hold the field
-- @raise misuse for an object without a key
function many_manager.get(field, object, reversed)
  local relation = field.relation
  local from, to = relation.through_from, relation.through_to
  local model, query_name, accessor = relation.model, relation.reverse.query_name, field.name
  if reversed then
    from, to, model, query_name, accessor = to, from, field.model, field.name, relation.reverse.name
  end
  local key = object[from.relation.target.attname]
  if key == nil then
    errors.raise("misuse", "%s.%s needs a saved %s", instance.model_of(object)._meta.label, accessor,
      instance.model_of(object)._meta.label)
  end
  local queryset = require "rdb.orm.queryset"
  local alias = instance.database(object) or model._meta.database
  local root = queryset.root(model)
  if alias ~= model._meta.database then
    root = root:using(alias)
  end
  local base = root:filter(query_name, key)
  base.result = instance.cached(object, accessor)
  local manager = queryset.manager(base, methods)
  local state = {
    owner = object, key = key, from = from, to = to, model = model, through = relation.through, alias = alias,
    accessor = accessor, symmetrical = relation.symmetrical, root = root, base = base, result = base.result,
  }
  for name, value in pairs(state) do
    rawset(manager, name, value)
  end
  return manager
end

return many_manager
