--- What an instance knows about its changes: is_dirty, changes, to_table, refresh.
local errors = require "rdb.orm.errors"
local null = require "rdb.orm.null"
local suggest = require "rdb.orm.suggest"

local rawget = rawget

return function(instance)
  local methods, assigned = instance.methods, instance.assigned
  local loaded_core

  local function core()
    loaded_core = loaded_core or require "rdb.core"
    return loaded_core
  end

  -- The column of a field name or attname. @raise misuse
  local function column_field(meta, name)
    local field = meta.by_name[name]
    if not field or field.many_to_many then
      errors.raise("misuse", "%s has no column field '%s'%s", meta.label, tostring(name),
        suggest.clause(name, meta.by_name))
    end
    return field
  end
  instance.column_field = column_field

  --- The attnames whose values differ from the row: changed columns and deferred ones that were assigned.
  -- @treturn {string,...} in column order; every set column for an unsaved object
  function instance.changed(object, meta)
    local changed = {}
    if not instance.is_saved(object) then
      for _, field in ipairs(meta.fields) do
        if rawget(object, field.attname) ~= nil then
          changed[#changed + 1] = field.attname
        end
      end
      return changed
    end
    for _, attname in ipairs(core().changed(object) or changed) do
      if meta.by_attname[attname] then
        changed[#changed + 1] = attname
      end
    end
    if assigned[object] then
      local loaded = core().loaded
      for _, field in ipairs(meta.fields) do
        local attname = field.attname
        if rawget(object, attname) ~= nil and not loaded(object, attname) then
          changed[#changed + 1] = attname
        end
      end
    end
    return changed
  end

  --- Would save write anything? With a name: would it write this field?
  -- @tparam ?string name a field name or attname
  -- @treturn boolean
  function methods:is_dirty(name)
    local meta = instance.model_of(self)._meta
    local attname = name ~= nil and column_field(meta, name).attname
    for _, changed in ipairs(instance.changed(self, meta)) do
      if not attname or changed == attname then
        return true
      end
    end
    return not attname and not instance.is_saved(self)
  end

  --- What save would write.
  -- @treturn {[string]={old=,new=}} by attname; NULL reads as an absent old or new
  function methods:changes()
    local meta = instance.model_of(self)._meta
    local saved, changes = instance.is_saved(self), {}
    for _, attname in ipairs(instance.changed(self, meta)) do
      local new = rawget(self, attname)
      local old
      if saved and core().loaded(self, attname) then
        old = core().original(self, attname)
      end
      if new == null and meta.by_attname[attname].type ~= "json" then
        new = nil
      end
      changes[attname] = { old = old, new = new }
    end
    return changes
  end

  --- The columns as a plain table (NULL absent), and annotations. Deferred columns are left out.
  -- @tparam ?{string,...} names only these fields (deferred ones are loaded)
  function methods:to_table(names)
    local meta, row = instance.model_of(self)._meta, {}
    if names then
      for _, name in ipairs(names) do
        local attname = column_field(meta, name).attname
        row[attname] = self[attname]
      end
      return row
    end
    for key, value in next, self do
      local field = value == null and meta.by_attname[key]
      if type(key) == "string" and (value ~= null or (field and field.type == "json")) then
        row[key] = value
      end
    end
    return row
  end

  --- Read the row again: all columns, or the named ones. Related objects are forgotten.
  -- @tparam ?{string,...} names
  -- @raise does_not_exist when the row is gone
  function methods:refresh(names)
    local model = instance.model_of(self)
    local meta, attnames = model._meta, nil
    if not instance.is_saved(self) then
      errors.raise_with("misuse", { model = meta.label }, "%s is not saved, so there is no row to read",
        meta.label)
    end
    if names ~= nil then
      attnames = {}
      for i, name in ipairs(type(names) == "table" and names or { names }) do
        attnames[i] = column_field(meta, name).attname
      end
    end
    if not require "rdb.orm.write".refresh(model, instance.database(self), self, attnames) then
      errors.raise_with("does_not_exist", { model = meta.label }, "%s is no longer in the database",
        tostring(self))
    end
    if attnames then
      for _, attname in ipairs(attnames) do
        instance.cache(self, meta.by_attname[attname].name, nil)
      end
    else
      self[3] = nil
    end
    return self
  end
end
