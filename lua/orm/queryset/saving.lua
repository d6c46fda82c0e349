--- Verbs that write: create, get_or_create, update_or_create, update, delete.
local core = require "rdb.core"
local base = require "rdb.orm.expressions.base"
local connections = require "rdb.orm.connections"
local errors = require "rdb.orm.errors"
local evaluation = require "rdb.orm.queryset.evaluation"
local instance = require "rdb.orm.instance"
local shape = require "rdb.orm.shape"
local structure = require "rdb.orm.structure"
local suggest = require "rdb.orm.suggest"
local transactions = require "rdb.orm.transactions"

local null = core.null
local insert, note = require("rdb.orm.write").insert, transactions.note
local construct, prepare_insert = instance.construct, instance.prepare_insert

return function(methods, queryset)
  local function meta_of(self)
    return self.node.trie.model._meta
  end

  local save_options = {}

  local function insert_options(alias)
    local options = save_options[alias]
    if not options then
      options = { force_insert = true, using = alias }
      save_options[alias] = options
    end
    return options
  end

  --- Make an object and save it.
  -- @treturn table the saved instance
  function methods.create(self, values)
    local node = self.node
    local Model = node.trie.model
    local object = construct(Model._meta, values)
    if rawget(Model, "save") then -- the model's own save decides
      object:save(insert_options(node.alias))
      return object
    end
    local meta, alias = Model._meta, node.alias
    local duties = meta.duties
    if not (duties and duties.none) then
      prepare_insert(object, meta)
    end
    local target, context = connections.current(alias)
    if context then
      note(context, object, meta)
    end
    insert(Model, alias, object, target)
    return object
  end

  -- Conditions and what to create with: { name =, defaults = {...}, create_defaults = {...} }.
  local function split(self, verb, given)
    if type(given) ~= "table" or getmetatable(given) ~= nil then
      errors.raise("misuse", "%s: %s takes a table of values and defaults, got %s", meta_of(self).label, verb,
        errors.type_name(given))
    end
    local conditions, values = {}, {}
    for name, value in pairs(given) do
      if name ~= "defaults" and name ~= "create_defaults" then
        conditions[name] = value
        if not tostring(name):find("__", 1, true) then
          values[name] = value
        end
      end
    end
    if next(conditions) == nil then
      errors.raise("misuse", "%s: %s needs a value to look for", meta_of(self).label, verb)
    end
    return conditions, values
  end

  local function add(values, defaults)
    for name, value in pairs(defaults or {}) do
      if type(value) == "function" then
        value = value()
      end
      values[name] = value
    end
    return values
  end

  local function atomic(self, fn)
    return transactions.atomic(fn, { using = self.node.alias })
  end

  -- Create, unless another was faster: then what it made.
  local function create_or_get(self, conditions, values)
    local ok, object = pcall(atomic, self, function()
      return methods.create(self, values)
    end)
    if ok then
      return object, true
    elseif errors.is(object, "unique_violation") then
      local found, existing = pcall(methods.get, self, conditions)
      if found then
        return existing, false
      end
    end
    error(object, 0)
  end

  local function find(self, conditions)
    local ok, object = pcall(methods.get, self, conditions)
    if ok then
      return object
    elseif not errors.is(object, "does_not_exist") then
      error(object, 0)
    end
  end

  --- The row with these values, created with `defaults` when there is none. Safe against others doing the same.
  -- @treturn table object
  -- @treturn boolean created
  function methods.get_or_create(self, given)
    local conditions, values = split(self, "get_or_create", given)
    local object = find(self, conditions)
    if object then
      return object, false
    end
    return create_or_get(self, conditions, add(values, given.defaults))
  end

  --- The row with these values, changed by `defaults`; created with `create_defaults` or `defaults` when there is
  -- none.
  -- @treturn table object
  -- @treturn boolean created
  function methods.update_or_create(self, given)
    local conditions, values = split(self, "update_or_create", given)
    return atomic(self, function()
      local object = find(self, conditions)
      if not object then
        local created
        object, created = create_or_get(self, conditions, add(values, given.create_defaults or given.defaults))
        if created then
          return object, true
        end
      end
      for name, value in pairs(add({}, given.defaults)) do
        if value == null then
          value = nil
        end
        object[name] = value
      end
      object:save { using = self.node.alias }
      return object, false
    end)
  end

  -- -- update
  -- --------------------------------------------------------------------------------------------------------

  local function pairs_to_table(self, verb, first, ...)
    if type(first) ~= "string" then
      return first
    end
    local given, n = {}, select("#", ...) + 1
    local arguments = { first, ... }
    for i = 1, n, 2 do
      if arguments[i + 1] == nil then
        errors.raise("misuse", "%s: %s(%q, nil): nil is no value; rdb.null writes NULL", meta_of(self).label,
          verb,
          tostring(arguments[i]))
      end
      given[arguments[i]] = arguments[i + 1]
    end
    return given
  end

  local function column_field(self, verb, name)
    local meta = meta_of(self)
    local field = name == "pk" and meta.pk or meta.by_name[name]
    if not field or field.many_to_many or (field.relation and field.relation.kind == "many_to_many") then
      errors.raise_with("misuse", { model = meta.label, field = name },
        "%s: %s: '%s' is no column of the model%s", meta.label,
        verb, tostring(name), suggest.clause(name, meta.by_name))
    end
    return field
  end
  queryset.column_field = column_field

  -- One assignment of update: the field with a value's position or an expression's spec.
  local function assignment(self, collector, name, value)
    local field = column_field(self, "update", name)
    local keys = collector.keys
    keys[#keys + 1] = field.attname
    if base.is(value) or queryset.is(value) then
      return { field = field, expression = structure.expression(collector, base.operand(value)) }
    end
    if value ~= null then
      value = queryset.prepared(field, value)
    end
    collector.values[#collector.values + 1] = value
    keys[#keys + 1] = "v"
    return { field = field, index = #collector.values }
  end

  --- A plain value made ready for a column: keys of instances, texts to dates, lengths checked.
  function queryset.prepared(field, value)
    if type(value) == "table" and field.relation then
      value = field:to_param(value)
    end
    return field.prepares and field:prepare(value) or value
  end

  --- Change all rows: update{ name = value or expression }, update("name", value). Nothing is loaded, no save() is
  -- called.
  -- @treturn integer rows matched
  function methods.update(self, first, ...)
    local given = pairs_to_table(self, "update", first, ...)
    local node, meta = self.node, meta_of(self)
    if type(given) ~= "table" or getmetatable(given) ~= nil or next(given) == nil then
      errors.raise("misuse", "%s: update needs a table of values by name, not an empty one", meta.label)
    end
    queryset.refuse_sliced(self, "update")
    local names = {}
    for name in pairs(given) do
      names[#names + 1] = tostring(name)
    end
    table.sort(names)
    local collector = structure.collector(node, "update")
    local spec = {}
    for i, name in ipairs(names) do
      spec[i] = assignment(self, collector, name, given[name])
    end
    if node.empty then
      return 0
    end
    local key = structure.key(collector)
    local child = node.children[key] or shape.add(node, key, "update", spec, #collector.values, false)
    return (evaluation.run(core.execute, child, queryset.link(self, child, collector.values)))
  end

  -- -- delete
  -- --------------------------------------------------------------------------------------------------------

  --- DELETE without looking at what points at the rows; for deletion and bare tables.
  -- @treturn integer rows deleted
  function methods.delete_rows(self)
    return (evaluation.run(core.execute, evaluation.terminal(self.node, "delete"), self))
  end

  --- Delete all rows and, as on_delete says, what points at them.
  -- @treturn integer total rows deleted
  -- @treturn table rows by model label
  function methods.delete(self, condition)
    local node, meta = self.node, meta_of(self)
    if condition ~= nil then
      errors.raise("misuse", "%s: delete takes no condition; write filter(...):delete()", meta.label)
    elseif node.sliced then
      errors.raise("misuse", "%s: delete cannot follow a slice", meta.label)
    elseif node.mode then
      errors.raise("misuse", "%s: delete cannot follow values", meta.label)
    elseif node.empty then
      return 0, {}
    end
    local deletion = require "rdb.orm.deletion"
    local model = node.trie.model
    if deletion.can_fast_delete(model) then
      local n = methods.delete_rows(self)
      self.result = nil
      return n, n > 0 and { [meta.label] = n } or {}
    end
    return atomic(self, function()
      return deletion.delete_instances(model, node.alias, methods.all(self):list())
    end)
  end
end
