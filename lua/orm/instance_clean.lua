--- full_clean: all checks of an instance before it is saved, as one ValidationError by field.
local errors = require "rdb.orm.errors"
local null = require "rdb.orm.null"

local rawget = rawget

return function(instance)
  local methods = instance.methods

  local function add(found, name, messages)
    found[name] = found[name] or {}
    for _, message in ipairs(messages) do
      table.insert(found[name], message)
    end
  end

  local function clean_fields(object, meta, found, skip)
    for _, field in ipairs(meta.fields) do
      local value = object[field.attname]
      local related = field.relation and value == nil and instance.cached(object, field.name)
      if not skip[field.name] and not related and not (field.auto and value == nil)
        and not ((field.auto_now or field.auto_now_add) and value == nil) then
        local cleaned, messages = field:clean(value)
        if messages then
          add(found, field.name, messages)
        elseif cleaned ~= nil and type(cleaned) ~= type(value) then
          object[field.attname] = cleaned
        end
      end
    end
  end

  -- Is there another row with the same values? NULLs are never equal.
  local function taken(object, model, alias, attnames)
    local condition = {}
    for _, attname in ipairs(attnames) do
      local value = object[attname]
      if value == nil or value == null then
        return false
      end
      condition[attname] = value
    end
    local query = model.objects:using(alias):filter(condition)
    if instance.is_saved(object) then
      local meta = model._meta
      local key = {}
      for _, field in ipairs(meta.pk_fields) do
        key[field.attname] = require "rdb.core".original(object, field.attname)
      end
      query = query:exclude(key)
    end
    return query:exists()
  end

  local function field_names(meta, names)
    local attnames, labels = {}, {}
    for i, name in ipairs(names) do
      local field = meta.by_name[name]
      attnames[i], labels[i] = field.attname, field.verbose_name
    end
    return attnames, labels
  end

  local function check_unique(object, model, alias, found)
    local meta = model._meta
    for _, field in ipairs(meta.fields) do
      local unsaved_auto = field.auto and not instance.is_saved(object) and rawget(object, field.attname) == nil
      local is_key = field == meta.pk and instance.is_saved(object)
      if (field.unique or field.primary_key) and not is_key and not unsaved_auto and not found[field.name]
        and field.kind ~= "any" and (field == meta.pk or not field.primary_key)
        and taken(object, model, alias, { field.attname }) then
        add(found, field.name, {
          field:message("unique", ("%s with this %s already exists."):format(meta.verbose_name,
            field.verbose_name)),
        })
      end
    end
    local groups = { table.unpack(meta.unique_together) }
    for _, constraint in ipairs(meta.constraints) do
      if constraint.kind == "unique" and #constraint.fields > 0 and not constraint.condition then
        local names = {}
        for i, item in ipairs(constraint.fields) do
          names[i] = item.name
        end
        names.message = constraint.message
        groups[#groups + 1] = names
      end
    end
    for _, names in ipairs(groups) do
      local attnames, labels = field_names(meta, names)
      local wrong = false
      for _, name in ipairs(names) do
        wrong = wrong or found[name] ~= nil
      end
      if not wrong and taken(object, model, alias, attnames) then
        add(found, #names == 1 and names[1] or "__all__", {
          names.message or ("%s with this %s already exists."):format(meta.verbose_name,
            table.concat(labels, " and ")),
        })
      end
    end
  end

  -- The user's own `clean`: may raise errors.raise_validation, or return false and a message (or messages by field).
  local function run_own_clean(object, model, found)
    local own = rawget(model, "clean")
    if not own then
      return
    end
    local ok, result, message = pcall(own, object)
    if not ok then
      if not errors.is(result, "validation_error") then
        error(result, 0)
      end
      if result.fields then
        for name, messages in pairs(result.fields) do
          add(found, name, messages)
        end
      else
        add(found, "__all__", { result.message })
      end
    elseif result == false or (result == nil and message ~= nil) then
      if type(message) == "table" then
        for name, text in pairs(message) do
          add(found, name, type(text) == "table" and text or { text })
        end
      else
        add(found, "__all__", { message or "Enter valid values." })
      end
    end
  end

  --- Check the object: fields (null, blank, choices, length, validators), the model's own `clean`, uniqueness.
  -- @tparam ?table options { exclude = {names}, validate_unique = false }
  -- @return the object
  -- @raise validation_error with `fields` = { name = { messages } }; "__all__" holds those of the whole object
  function methods:full_clean(options)
    options = options or {}
    local model = instance.model_of(self)
    local meta, found, skip = model._meta, {}, {}
    for _, name in ipairs(options.exclude or {}) do
      skip[name] = true
    end
    clean_fields(self, meta, found, skip)
    run_own_clean(self, model, found)
    if options.validate_unique ~= false then
      check_unique(self, model, instance.database(self) or meta.database, found)
    end
    if next(found) then
      errors.raise_validation(meta.label, found)
    end
    return self
  end
end
