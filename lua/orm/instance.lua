--- Instances: one row as a plain Lua table.
-- Columns are plain keys; the array part belongs to the core and this file: [1] snapshot (what the row held when it was
-- loaded or saved), [2] row number, [3] related objects by name. A NULL column is an absent key. Only absent keys come
-- to the metatable: relations, deferred columns and methods.
local errors = require "rdb.orm.errors"
local null = require "rdb.orm.null"
local suggest = require "rdb.orm.suggest"

local core

local function load_core()
  core = require "rdb.core"
  return core
end

--- The methods of every model.
local methods = {}

local instance = { methods = methods }

local NOTHING = {}

local rawget, rawset, getmetatable, setmetatable, pairs, type = rawget, rawset, getmetatable, setmetatable, pairs, type

--- The model of an instance, nil for any other value.
function instance.model_of(value)
  local metatable = type(value) == "table" and getmetatable(value)
  return type(metatable) == "table" and rawget(metatable, "model") or nil
end

--- Is the object a row of the database, as far as we know?
function instance.is_saved(object)
  return rawget(object, 1) ~= nil
end

--- The alias of the database that the object came from, or nil.
function instance.database(object)
  return rawget(object, 1) ~= nil and (core or load_core()).database_of(object) or nil
end

--- The related object kept under `name`: the object, false for "there is none", nil for "not loaded".
function instance.cached(object, name)
  local related = rawget(object, 3)
  return related and related[name]
end

--- Keep a related object (or false, or a list for a reverse accessor) under `name`; nil forgets it.
function instance.cache(object, name, value)
  local related = rawget(object, 3)
  if related then
    related[name] = value
  elseif value ~= nil then
    rawset(object, 3, { [name] = value })
  end
end

--- The key of an instance: a value, or for a composite key an array of values; nil when not set.
function instance.key(object, meta)
  local pk = meta.pk
  if pk then
    local value = object[pk.attname]
    return value ~= null and value or nil
  end
  local key = {}
  for i, field in ipairs(meta.pk_fields) do
    key[i] = object[field.attname]
    if key[i] == nil then
      return nil
    end
  end
  return key
end

local function unknown(meta, name, what)
  local known = {}
  for key in pairs(meta.by_name) do
    known[key] = true
  end
  for key in pairs(meta.descriptors) do
    known[key] = true
  end
  errors.raise_with("misuse", { model = meta.label }, "%s %s '%s'%s", meta.label, what, tostring(name),
    suggest.clause(name, known))
end

-- -- construction ---------------------------------------------------------------------------------

local function set_defaults(object, meta)
  for _, field in ipairs(meta.with_default) do
    local attname = field.attname
    if rawget(object, attname) == nil then
      local default = field.default
      local kind = type(default)
      if kind == "function" or kind == "table" then
        default = field:get_default()
      end
      rawset(object, attname, default)
    end
  end
end

-- Relations, unknown names and nulls, which core.new leaves to us. A null hides the default, then is nil.
local function finish(object, meta, values)
  local by_attname, nulls = meta.by_attname, nil
  for name, value in next, values do
    local field = by_attname[name]
    if field then
      if value == null and field.type ~= "json" then -- there it is JSON null
        nulls = nulls or {}
        nulls[#nulls + 1] = name
      end
    else
      local descriptor = meta.descriptors[name]
      if not descriptor or not descriptor.set then
        unknown(meta, name, "has no field")
      end
      descriptor.set(object, value)
    end
  end
  set_defaults(object, meta)
  for _, name in ipairs(nulls or NOTHING) do
    object[name] = nil
  end
end

--- Make an unsaved instance.
-- @tparam table meta the model's _meta
-- @tparam ?table values by field name or attname; relations take objects; rdb.null is an explicit NULL without default
-- @raise misuse for unknown names
function instance.construct(meta, values)
  if values == nil then
    values = NOTHING
  elseif type(values) ~= "table" or getmetatable(values) ~= nil then
    errors.raise("misuse", "%s is made from a table of values, got %s", meta.label, errors.type_name(values))
  end
  local object, special = (core or load_core()).new(meta.metatable, meta.plain_names, values, meta.n_columns)
  if special ~= nil then
    finish(object, meta, values)
  elseif meta.with_default[1] then
    set_defaults(object, meta)
  end
  return object
end

-- -- attribute access -----------------------------------------------------------------------------

local function load_deferred(object, meta, attname)
  local alias = core.database_of(object)
  require "rdb.orm.relations.deferred".load(meta.model, alias, object, attname)
  return rawget(object, attname)
end

local function make_index(meta, model)
  local descriptors, by_attname = meta.descriptors, meta.by_attname
  return function(object, key)
    if by_attname[key] then
      if rawget(object, 1) ~= nil and not (core or load_core()).loaded(object, key) then
        return load_deferred(object, meta, key)
      end
      return nil
    end
    local descriptor = descriptors[key]
    if descriptor then
      return descriptor.get(object)
    end
    local method = rawget(model, key)
    if method == nil then
      method = methods[key]
    end
    return method
  end
end

-- Objects with a deferred column that was assigned: the core knows of loaded columns only.
local assigned = setmetatable({}, { __mode = "k" })
instance.assigned = assigned

local function make_newindex(meta)
  local descriptors, by_attname = meta.descriptors, meta.by_attname
  return function(object, key, value)
    if by_attname[key] then
      if rawget(object, 1) ~= nil and not (core or load_core()).loaded(object, key) then
        assigned[object] = true
      end
      return rawset(object, key, value)
    elseif type(key) ~= "string" or key:byte() == 95 then -- "_..." is free for the user
      return rawset(object, key, value)
    end
    local descriptor = descriptors[key]
    if not descriptor then
      return unknown(meta, key, "has no field")
    elseif not descriptor.set then
      errors.raise("misuse", "%s.%s cannot be assigned; use its methods add, remove and set", meta.label, key)
    end
    descriptor.set(object, value)
  end
end

local function equal(a, b)
  local model = instance.model_of(a)
  if not model or model ~= instance.model_of(b) then
    return false
  end
  local left, right = instance.key(a, model._meta), instance.key(b, model._meta)
  if left == nil or right == nil then
    return false
  elseif not model._meta.pk then
    for i = 1, #model._meta.pk_fields do
      if left[i] ~= right[i] then
        return false
      end
    end
    return true
  end
  return left == right
end

local function to_string(object)
  local model = instance.model_of(object)
  local own = rawget(model, "__tostring")
  if own then
    return own(object)
  end
  local key = instance.key(object, model._meta)
  if type(key) == "table" then
    local parts = {}
    for i, value in ipairs(key) do
      parts[i] = tostring(value)
    end
    key = table.concat(parts, ", ")
  end
  return ("%s(%s)"):format(model._meta.label, key == nil and "unsaved" or tostring(key))
end

local function key_descriptor(meta)
  return {
    get = function(object)
      return instance.key(object, meta)
    end,
    set = function(object, value)
      if meta.pk then
        object[meta.pk.attname] = value
        return
      end
      for i, field in ipairs(meta.pk_fields) do
        object[field.attname] = type(value) == "table" and value[i] or nil
      end
    end,
  }
end

local function display_descriptor(field)
  return { field = field, get = function()
    return function(object)
      for _, choice in ipairs(field.choices) do
        if choice[1] == object[field.attname] then
          return choice[2]
        end
      end
      return object[field.attname]
    end
  end }
end

--- Build the metatable of a model's instances and what construction and saving look up.
function instance.attach(model)
  local meta = model._meta
  meta.by_attname, meta.with_default = {}, {}
  meta.auto_now_fields, meta.relations, meta.with_db_default = {}, {}, {}
  meta.plain_names, meta.n_columns = {}, #meta.fields
  for _, field in ipairs(meta.fields) do
    meta.by_attname[field.attname] = field
    meta.plain_names[field.attname] = true
    if field:has_default() then
      table.insert(meta.with_default, field)
    end
    if field.auto_now or field.auto_now_add then
      table.insert(meta.auto_now_fields, field)
    end
    if field.relation then
      table.insert(meta.relations, field)
    end
    if field.db_default ~= nil or field.generated then
      table.insert(meta.with_db_default, field)
    end
    if field.choices then
      meta.descriptors["get_" .. field.name .. "_display"] = display_descriptor(field)
    end
  end
  if meta.pk and meta.pk.auto then
    meta.auto_key, meta.only_auto_key = meta.pk.attname, { [meta.pk.attname] = true }
  end
  meta.descriptors.pk = key_descriptor(meta)
  meta.metatable = {
    __name = meta.label, model = model, __index = make_index(meta, model), __newindex = make_newindex(meta),
    __eq = equal, __tostring = to_string,
  }
end

for _, part in ipairs { "state", "prepare", "save", "clean" } do
  require("rdb.orm.instance_" .. part)(instance)
end

return instance
