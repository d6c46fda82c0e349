--- save and delete of an instance.
local errors = require "rdb.orm.errors"
local null = require "rdb.orm.null"
local suggest = require "rdb.orm.suggest"

local rawget = rawget

local SAVE_OPTIONS = { update_fields = "table", force_insert = "boolean", using = "string" }
local DELETE_OPTIONS = { using = "string" }

local NO_OPTIONS = {}

local function check_options(options, known, what)
  if options == nil then
    return NO_OPTIONS
  elseif type(options) ~= "table" then
    errors.raise("misuse", "%s takes a table of options, got %s", what, errors.type_name(options))
  end
  for key, value in pairs(options) do
    if not known[key] then
      errors.raise("misuse", "%s has no option '%s'%s", what, tostring(key), suggest.clause(key, known))
    elseif type(value) ~= known[key] then
      errors.raise("misuse", "%s expects a %s for '%s', got %s", what, known[key], key, errors.type_name(value))
    end
  end
  return options
end

return function(instance)
  local methods, model_of = instance.methods, instance.model_of

  -- Loaded with the first save: definitions alone need no database.
  local write, remember, deletion, database_of

  local function load_writers()
    database_of = require "rdb.core".database_of
    write, remember = require "rdb.orm.write", require "rdb.orm.transactions".remember
    deletion = require "rdb.orm.deletion"
  end

  -- rdb.null was written as NULL, which reads as nil; in a JSON column it is JSON null and stays.
  local function clear_nulls(object, meta)
    for name, value in next, object do
      if value == null and meta.by_attname[name] and meta.by_attname[name].type ~= "json" then
        object[name] = nil
      end
    end
  end

  -- The attnames that update_fields asks for; auto_now fields are written only when named.
  local function named_attnames(meta, names)
    local attnames = {}
    for i, name in ipairs(names) do
      local field = instance.column_field(meta, name)
      if field.primary_key then
        errors.raise("misuse", "%s: update_fields cannot hold the primary key '%s'", meta.label, name)
      end
      attnames[i] = field.attname
      if field.auto_now then
        attnames.auto_now = true
      end
    end
    return attnames
  end

  local function insert(object, model, alias)
    local meta = model._meta
    instance.prepare_insert(object, meta)
    remember(object, alias, meta)
    write.insert(model, alias, object)
  end

  local function update(object, model, alias, names)
    local meta = model._meta
    instance.take_related_keys(object, meta)
    local attnames
    if names then
      attnames = named_attnames(meta, names)
      local now = attnames.auto_now
      attnames.auto_now = nil
      for _, attname in ipairs(now and attnames or NO_OPTIONS) do
        local field = meta.by_attname[attname]
        if field.auto_now then
          object[attname] = field.now()
        end
      end
      instance.prepare_update(object, meta, attnames, false)
    else
      attnames = instance.changed(object, meta)
      if #attnames > 0 and instance.prepare_update(object, meta, attnames, false) then
        attnames = instance.changed(object, meta) -- a text that became the same value is no change
      end
      if #attnames > 0 and #meta.auto_now_fields > 0 then
        instance.prepare_update(object, meta, attnames, true)
      end
    end
    if #attnames == 0 then
      return
    end
    remember(object, alias, meta)
    if write.update_row(model, alias, object, attnames) == 0 then
      errors.raise_with("does_not_exist", {
        model = meta.label, hint = "save { force_insert = true } writes it as a new row",
      }, "%s is no longer in the database", tostring(object))
    end
    clear_nulls(object, meta)
  end

  --- Write the object: INSERT when it is new, else UPDATE of what changed (nothing changed: no SQL).
  -- @tparam ?table options { update_fields = {names}, force_insert = bool, using = alias }
  -- @return the object
  function methods:save(options)
    options = options and check_options(options, SAVE_OPTIONS, "save") or NO_OPTIONS
    if not write then
      load_writers()
    end
    local model = model_of(self)
    local meta = model._meta
    local from = instance.database(self)
    local alias = options.using or from or meta.database
    if options.force_insert and options.update_fields then
      errors.raise("misuse", "%s: save takes force_insert or update_fields, not both", meta.label)
    end
    if from == alias and not options.force_insert then
      update(self, model, alias, options.update_fields)
    elseif options.update_fields then
      errors.raise("misuse", "%s: save { update_fields } needs an object that is in database '%s'", meta.label,
        alias)
    else
      insert(self, model, alias)
    end
    return self
  end

  --- Delete the row and, as on_delete says, what points at it. The object keeps its values and counts as unsaved.
  -- @tparam ?table options { using = alias }
  -- @treturn integer total number of rows deleted
  -- @treturn table rows by model label
  function methods:delete(options)
    options = options and check_options(options, DELETE_OPTIONS, "delete") or NO_OPTIONS
    if not write then
      load_writers()
    end
    local model = model_of(self)
    local meta = model._meta
    local saved = rawget(self, 1) ~= nil
    if not saved and instance.key(self, meta) == nil then
      errors.raise_with("misuse", { model = meta.label }, "%s is not saved, so it cannot be deleted", meta.label)
    end
    local alias = options.using or saved and database_of(self) or meta.database
    if meta.fast_delete or deletion.can_fast_delete(model) then
      return deletion.delete_one(model, alias, self)
    end
    return deletion.delete_instances(model, alias, { self })
  end
end
