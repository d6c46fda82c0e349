--- bulk_create and bulk_update: one prepared statement run for each object, in one transaction.
local core = require "rdb.core"
local errors = require "rdb.orm.errors"
local instance = require "rdb.orm.instance"
local lists = require "rdb.orm.write.lists"
local statements = require "rdb.orm.write.statements"
local suggest = require "rdb.orm.suggest"
local transactions = require "rdb.orm.transactions"

local CREATE_OPTIONS = {
  batch_size = "number", ignore_conflicts = "boolean", update_conflicts = "boolean", unique_fields = "table",
  update_fields = "table",
}
local UPDATE_OPTIONS = { batch_size = "number" }

local NO_OPTIONS = {}

local function check_options(meta, verb, options, known)
  for name, value in pairs(options or NO_OPTIONS) do
    if not known[name] then
      errors.raise("misuse", "%s: %s has no option '%s'%s", meta.label, verb, tostring(name),
        suggest.clause(name, known))
    elseif type(value) ~= known[name] then
      errors.raise("misuse", "%s: %s expects a %s for '%s', got %s", meta.label, verb, known[name], name,
        errors.type_name(value))
    end
  end
  return options or NO_OPTIONS
end

local function check_objects(meta, verb, objects)
  if type(objects) ~= "table" or getmetatable(objects) ~= nil then
    errors.raise("misuse", "%s: %s takes a list of objects, got %s", meta.label, verb, errors.type_name(objects))
  end
end

-- Make all objects ready with prepare(object, meta, ...). The core finds out by itself what is no object of the model.
local function prepare_all(meta, objects, prepare, ...)
  for _, object in ipairs(objects) do
    if getmetatable(object) ~= meta.metatable then
      return
    end
    prepare(object, meta, ...)
  end
end

-- -- conflicts
-- ----------------------------------------------------------------------------------------------------------

local function columns_of(self, queryset, verb, names, option)
  if not names or #names == 0 then
    errors.raise("misuse", "%s: %s with update_conflicts needs %s", self.node.trie.model._meta.label, verb, option)
  end
  local fields = {}
  for i, name in ipairs(names) do
    fields[i] = queryset.column_field(self, verb, name)
  end
  return fields
end

local function add_auto_now(meta, fields)
  local seen = {}
  for _, field in ipairs(fields) do
    seen[field] = true
  end
  for _, field in ipairs(meta.auto_now_fields) do
    if field.auto_now and not seen[field] then
      fields[#fields + 1] = field
    end
  end
  return fields
end

local function names_of(fields)
  local names = {}
  for i, field in ipairs(fields) do
    names[i] = field.attname
  end
  return table.concat(names, ",")
end

-- What to do when a row is there already: a key for the statement, SQL behind VALUES, and the fields that identify a
-- row.
local function conflict_of(self, queryset, options)
  if options.ignore_conflicts and options.update_conflicts then
    errors.raise("misuse", "%s: bulk_create takes ignore_conflicts or update_conflicts, not both",
      self.node.trie.model._meta.label)
  elseif options.ignore_conflicts then
    return { key = ":ignore", suffix = function(dialect) return dialect.conflict_ignore() end }
  elseif not options.update_conflicts then
    return nil
  end
  local unique = columns_of(self, queryset, "bulk_create", options.unique_fields, "unique_fields")
  local update = add_auto_now(self.node.trie.model._meta,
    columns_of(self, queryset, "bulk_create", options.update_fields, "update_fields"))
  return {
    key = (":upsert:%s:%s"):format(names_of(unique), names_of(update)),
    suffix = function(dialect) return dialect.conflict_update(unique, update) end,
    unique = unique,
  }
end

-- After an upsert the key of each row is read by its unique fields; after ignore_conflicts nobody knows which were
-- written.
local function settle_conflicts(Model, alias, objects, conflict)
  local meta = Model._meta
  for _, object in ipairs(objects) do
    if not conflict.unique then
      core.forget(object)
    elseif meta.pk then
      local condition = {}
      for _, field in ipairs(conflict.unique) do
        condition[field.attname] = object[field.attname]
      end
      local key = Model.objects:using(alias):filter(condition):values_list(meta.pk.attname, { flat = true })
        :first()
      rawset(object, meta.pk.attname, key)
      core.take_snapshot(object, statements.row(Model, alias))
    end
  end
end

-- -- bulk_create
-- ----------------------------------------------------------------------------------------------------------

return function(methods, queryset)
  -- All objects or none, also inside another transaction.
  local function atomic(self, fn)
    return transactions.atomic(fn, { using = self.node.alias })
  end

  --- Insert many objects. Defaults, auto_now and generated keys are filled; save() is not called.
  -- @tparam table objects list of instances
  -- @tparam ?table options { batch_size, ignore_conflicts, update_conflicts, unique_fields, update_fields }
  -- @treturn table the same list
  function methods.bulk_create(self, objects, options)
    local Model, alias = self.node.trie.model, self.node.alias
    local meta = Model._meta
    options = check_options(meta, "bulk_create", options, CREATE_OPTIONS)
    check_objects(meta, "bulk_create", objects)
    if #objects == 0 then
      return objects
    end
    local conflict = conflict_of(self, queryset, options)
    atomic(self, function()
      if not instance.needs_no_preparation(meta) then
        prepare_all(meta, objects, instance.prepare_insert)
      end
      lists.insert(Model, alias, objects, options.batch_size or #objects, conflict)
      if conflict then
        settle_conflicts(Model, alias, objects, conflict)
      end
    end)
    return objects
  end

  --- Write some fields of many objects, each with its own values.
  -- @tparam table objects saved instances
  -- @tparam {string,...} names fields to write
  -- @treturn integer rows matched
  function methods.bulk_update(self, objects, names, options)
    local Model, alias = self.node.trie.model, self.node.alias
    local meta = Model._meta
    check_options(meta, "bulk_update", options, UPDATE_OPTIONS)
    check_objects(meta, "bulk_update", objects)
    if type(names) ~= "table" or #names == 0 then
      errors.raise("misuse", "%s: bulk_update needs the names of the fields to write", meta.label)
    end
    local attnames = {}
    for i, name in ipairs(names) do
      local field = queryset.column_field(self, "bulk_update", name)
      if field.primary_key then
        errors.raise("misuse", "%s: bulk_update cannot write the key '%s'", meta.label, name)
      end
      attnames[i] = field.attname
    end
    return atomic(self, function()
      if instance.prepares_any(meta, attnames) then
        prepare_all(meta, objects, instance.prepare_update, attnames, false)
      end
      return lists.update(Model, alias, objects, attnames)
    end)
  end
end
