--- Models that were renamed, deleted or created.
local dependencies = require "rdb.migrations.autodetector.dependencies"
local m = require "rdb.migrations.operations"
local references = require "rdb.migrations.references"
local serializer = require "rdb.migrations.serializer"

local M = {}


-- Everything about a model's fields except what relations point at, which may be renamed too.
local function shape_of(model)
  local parts = {}
  for _, pair in ipairs(model.fields) do
    local kind, options = references.deconstruct(pair[2], model.label)
    if references.is_relation(pair[2]) then
      options[1], options.through = nil, nil
    end
    parts[#parts + 1] = pair[1] .. " " .. kind .. " " .. serializer.fingerprint(options)
  end
  table.sort(parts)
  return table.concat(parts, "\n")
end


local function missing_from(state, other)
  local list = {}
  for _, label in ipairs(state.order) do
    if not other.models[label] then
      list[#list + 1] = label
    end
  end
  return list
end


-- The existing migrations of apps that pointed at the model at any time know it under this name: they come first.
local function history_dependencies(context, label)
  local list = {}
  for app in pairs(context.before.pointed_at_by[label] or {}) do
    list[#list + 1] = { kind = "history", label = app .. "." }
  end
  table.sort(list, function(a, b) return a.label < b.label end)
  return list
end


local function rename(context, old_label, new_label)
  local old, new = context.before.models[old_label], context.after.models[new_label]
  local operation = m.RenameModel { old_name = old.name, new_name = new.name }
  context.add(new.app, operation, history_dependencies(context, old_label))
  operation:state_forwards(new.app, context.before)
  context.renamed_models[new_label], context.old_labels[old_label] = old_label, true
end


--- Find renamed models: the questioner knows, or is asked for a model of the same app with the same fields.
function M.renamed(context)
  for _, new_label in ipairs(missing_from(context.after, context.before)) do
    local new = context.after.models[new_label]
    local new_shape = shape_of(new)
    for _, old_label in ipairs(missing_from(context.before, context.after)) do
      local old = context.before.models[old_label]
      if old.app == new.app then
        local answer = context.questioner:known_model_rename(old_label, new.name)
        if answer == nil and shape_of(old) == new_shape then
          answer = context.questioner:ask_rename_model(old_label, new_label)
        end
        if answer then
          rename(context, old_label, new_label)
          break
        end
      end
    end
  end
end


-- Can the relation be removed before its model is? Not when the key or an option of the model is made of it.
local function goes_first(model, name, field)
  local target = references.target(field, model.label)
  return target ~= nil and target ~= model.label and model:managed() and not field.primary_key
    and not model:in_composite_key(name) and not model:in_options(name)
end


-- What has to be gone before a model can be deleted: the fields of others that point at it.
local function delete_dependencies(context, label)
  local list = history_dependencies(context, label)
  local function check(other, name, field)
    local owner = context.before.models[other]
    if not context.after.models[other] and not goes_first(owner, name, field) then
      list[#list + 1] = { kind = "delete", label = other }
      return
    end
    list[#list + 1] = { kind = "remove", label = other, field = name }
    list[#list + 1] = { kind = "alter", label = other, field = name }
  end
  for _, other in ipairs(context.before:referrers(label)) do
    for _, pair in ipairs(context.before.models[other].fields) do
      if other ~= label and references.field_uses_model(other, pair[2], label) then
        check(other, pair[1], pair[2])
      end
    end
  end
  return list
end


--- Delete the models that are gone. Their relations go first, so that models which point at each other can go too.
function M.deleted(context)
  for _, label in ipairs(missing_from(context.before, context.after)) do
    local model = context.before.models[label]
    local needed = delete_dependencies(context, label)
    for _, pair in ipairs(model.fields) do
      if goes_first(model, pair[1], pair[2]) then
        context.add(model.app, m.RemoveField { model = model.name, name = pair[1] })
        needed[#needed + 1] = { kind = "remove", label = label, field = pair[1] }
      end
    end
    context.add(model.app, m.DeleteModel { name = model.name }, needed)
  end
end


-- Relations are added after the model, so that models may point at each other in a circle; the optimizer puts them
-- back where nothing stands in the way. Relations that are part of the key cannot be added later.
local function split_fields(model)
  local own, later, needed = {}, {}, {}
  for _, pair in ipairs(model.fields) do
    local name, field = pair[1], pair[2]
    local target = references.target(field, model.label)
    if target and model:managed() and not field.primary_key and not model:in_composite_key(name) then
      later[#later + 1] = pair
    else
      own[#own + 1] = pair
      table.move(dependencies.of_field(field, model.label), 1, 8, #needed + 1, needed)
    end
  end
  return own, later, needed
end


-- A through model is complete when its keys are there.
local function through_dependencies(context, field, label)
  local list = {}
  local through = references.through(field, label)
  for _, pair in ipairs(through and context.after.models[through] and context.after.models[through].fields or {}) do
    if references.is_relation(pair[2]) then
      list[#list + 1] = { kind = "create", label = through, field = pair[1] }
    end
  end
  return list
end


local SEPARATE = { indexes = true, constraints = true, unique_together = true }


local function add_objects(context, model, needed)
  local options = model.options
  for _, index in ipairs(options.indexes or {}) do
    context.add(model.app, m.AddIndex { model = model.name, index = index }, needed)
  end
  for _, constraint in ipairs(options.constraints or {}) do
    context.add(model.app, m.AddConstraint { model = model.name, constraint = constraint }, needed)
  end
  if #model:unique_together() > 0 then
    context.add(model.app, m.AlterUniqueTogether { name = model.name, unique_together = model:unique_together() },
      needed)
  end
end


-- Models after those that they point at, as far as there is no circle; otherwise in the order of definition.
local function targets_first(labels, state)
  local ordered, seen, new = {}, {}, {}
  for _, label in ipairs(labels) do
    new[label] = true
  end
  local function visit(label)
    if seen[label] or not new[label] then
      return
    end
    seen[label] = true
    for _, pair in ipairs(state.models[label].fields) do
      local target = not references.through(pair[2], label) and references.target(pair[2], label)
      if target then
        visit(target)
      end
    end
    ordered[#ordered + 1] = label
  end
  for _, label in ipairs(labels) do
    visit(label)
  end
  return ordered
end


--- Create the models that are new, with their relations, indexes and constraints.
function M.created(context)
  for _, label in ipairs(targets_first(missing_from(context.after, context.before), context.after)) do
    local model = context.after.models[label]
    local own, later, needed = split_fields(model)
    local options = {}
    for key, value in pairs(model.options) do
      if not SEPARATE[key] or not model:managed() then
        options[key] = value
      end
    end
    if context.old_labels[label] then
      needed[#needed + 1] = { kind = "rename", label = label }
    end
    context.add(model.app, m.CreateModel { name = model.name, fields = own, options = options, bases = model.bases },
      needed)
    local created = { { kind = "create", label = label } }
    for _, pair in ipairs(later) do
      local field_needs = dependencies.of_field(pair[2], label)
      field_needs[#field_needs + 1] = created[1]
      local through = through_dependencies(context, pair[2], label)
      table.move(through, 1, #through, #field_needs + 1, field_needs)
      context.add(model.app, m.AddField { model = model.name, name = pair[1], field = pair[2] }, field_needs)
      created[#created + 1] = { kind = "create", label = label, field = pair[1] }
    end
    if model:managed() then
      add_objects(context, model, created)
    end
  end
end


return M
