--- Registries: the models of a project by label. `registry.default` holds those of rdb.model; migrations make
-- isolated ones for the models of the past.
local errors = require "rdb.orm.errors"
local suggest = require "rdb.orm.suggest"

local Registry = {}
Registry.__index = Registry

--- A new, empty registry.
-- @tparam ?string alias the database that its models use unless told otherwise (default "default")
-- @treturn Registry with its `alias`
local function new(alias)
  return setmetatable({ alias = alias or "default", by_label = {}, ordered = {}, waiting = {} }, Registry)
end

--- Add a model and run what waited for it.
-- @raise misuse when the label is taken, naming both places
function Registry:add(model)
  local meta = model._meta
  self:check_free(meta.label, meta.source)
  self.by_label[meta.label] = model
  self.ordered[#self.ordered + 1] = model
  local waiting = self.waiting[meta.label]
  self.waiting[meta.label] = nil
  for _, entry in ipairs(waiting or {}) do
    entry.fn(model)
  end
end

--- @raise misuse when a model with this label exists
function Registry:check_free(label, source)
  local other = self.by_label[label]
  if other then
    errors.raise("misuse", "%s is defined twice: at %s and at %s", label, other._meta.source, source)
  end
end

--- The model with this label, or nil.
function Registry:get(label)
  return self.by_label[label]
end

--- The model with this label. @raise config naming the nearest label
function Registry:get_model(label)
  local model = self.by_label[label]
  if not model then
    errors.raise("config", "there is no model '%s'%s", tostring(label), suggest.clause(label, self.by_label))
  end
  return model
end

--- The models in the order of their definition, without the through models that many_to_many made.
-- @tparam ?table options { auto_created = true } to have those too
function Registry:models(options)
  local models = {}
  for _, model in ipairs(self.ordered) do
    if not model._meta.auto_created or (options and options.auto_created) then
      models[#models + 1] = model
    end
  end
  return models
end

--- Call `fn(model)` now or as soon as the model is defined.
-- @tparam string label
-- @tparam function fn
-- @tparam ?Field field the relation that waits, for the message of resolve
function Registry:when_defined(label, fn, field)
  local model = self.by_label[label]
  if model then
    return fn(model)
  end
  self.waiting[label] = self.waiting[label] or {}
  table.insert(self.waiting[label], { fn = fn, field = field, model = field and field.model })
end

--- Check that nothing waits any more.
-- @raise config naming each relation whose model was never defined, with file and line
function Registry:resolve()
  local messages = {}
  for label, waiting in pairs(self.waiting) do
    for _, entry in ipairs(waiting) do
      if entry.field then
        messages[#messages + 1] = ("%s points to %s, which is not defined%s"):format(entry.field:describe(),
          label, suggest.clause(label, self.by_label))
      end
    end
  end
  table.sort(messages)
  if messages[1] then
    errors.raise("config", "%s", table.concat(messages, "; "))
  end
end

--- Take a model out again, with what it added to others. For a definition that failed and for tests.
function Registry:remove(model)
  local label = model._meta.label
  if self.by_label[label] ~= model then
    return
  end
  self.by_label[label] = nil
  for i, other in ipairs(self.ordered) do
    if other == model then
      table.remove(self.ordered, i)
      break
    end
  end
  for _, waiting in pairs(self.waiting) do
    for i = #waiting, 1, -1 do
      if waiting[i].model == model then
        table.remove(waiting, i)
      end
    end
  end
  for _, other in ipairs(self.ordered) do
    local meta = other._meta
    for i = #meta.related, 1, -1 do
      local entry = meta.related[i]
      if entry.model == model then
        table.remove(meta.related, i)
        meta.fast_delete = nil
        meta.related_by_query_name[entry.query_name] = nil
        meta.descriptors[entry.name or 0] = nil
      end
    end
  end
  for _, field in ipairs(model._meta.many_to_many) do
    if rawget(field.relation, "through") and field.relation.auto_through then
      self:remove(field.relation.through)
    end
  end
end

--- Forget all models. For tests and for tools that load a project twice.
function Registry:clear()
  self.by_label, self.ordered, self.waiting = {}, {}, {}
end

return { new = new, default = new() }
