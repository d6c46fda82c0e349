--- ProjectState: all models at one point of the history.
--
-- A clone is cheap: it copies one table of labels, because a ModelState is never changed in place. Model classes are
-- made only when they are asked for, together with the models they point at.
local errors = require "rdb.orm.errors"
local ModelState = require "rdb.migrations.state.model_state"
local references = require "rdb.migrations.references"
local renaming = require "rdb.migrations.state.renaming"

local ProjectState = {}
ProjectState.__index = ProjectState
ProjectState.__name = "rdb.project_state"


-- `pointed_at_by` remembers which apps ever had a field that points at a model of another app: their migrations have
-- to come before the model is renamed or deleted. Clones share it, because it only grows.
-- `alias` is the database that the classes use; nil means the default one.
local function new(alias)
  return setmetatable({ alias = alias, models = {}, order = {}, rendered = nil, pointed_at_by = {} }, ProjectState)
end


--- The state of the models in a registry.
-- @tparam Registry registry
-- @tparam[opt] {string,...} apps only models of these apps; nil for all
-- @treturn ProjectState
function ProjectState.from_registry(registry, apps)
  local wanted
  if apps then
    wanted = {}
    for _, app in ipairs(apps) do
      wanted[app] = true
    end
  end
  local self = new()
  for _, model in ipairs(registry:models()) do
    local meta = model._meta
    if not meta.auto_created and not meta.abstract and (not wanted or wanted[meta.app_label]) then
      self:add_model(ModelState.from_model(model))
    end
  end
  return self
end


--- A copy that can be changed without changing this one.
function ProjectState:clone()
  local copy = new(self.alias)
  for label, model in pairs(self.models) do
    copy.models[label] = model
  end
  table.move(self.order, 1, #self.order, 1, copy.order)
  copy.rendered, copy.pointed_at_by = self.rendered, self.pointed_at_by
  return copy
end


-- The classes were made for another state; they are shared with clones, so they are dropped, not changed.
local function changed(self)
  self.rendered = nil
end


--- The ModelState called label.
-- @raise config when there is none
function ProjectState:require_model(label)
  local model = self.models[label]
  if not model then
    errors.raise("config", "there is no model %s at this point of the migrations", tostring(label))
  end
  return model
end


local function put(self, model)
  self.models[model.label] = model
  for _, target in ipairs(model:targets()) do
    if target:match "^[^.]*" ~= model.app then
      self.pointed_at_by[target] = self.pointed_at_by[target] or {}
      self.pointed_at_by[target][model.app] = true
    end
  end
  changed(self)
end


--- Add a model. @raise config when it exists
function ProjectState:add_model(model)
  if self.models[model.label] then
    errors.raise("config", "model %s exists already at this point of the migrations", model.label)
  end
  self.order[#self.order + 1] = model.label
  put(self, model)
end


local function position_of(self, label)
  for index, each in ipairs(self.order) do
    if each == label then
      return index
    end
  end
end


--- Remove a model. @raise config when it does not exist
function ProjectState:remove_model(label)
  self:require_model(label)
  table.remove(self.order, position_of(self, label))
  self.models[label] = nil
  changed(self)
end


--- Rename a model; references to it follow.
function ProjectState:rename_model(label, new_name)
  local model = self:require_model(label)
  local new_label = model.app .. "." .. new_name
  if self.models[new_label] then
    errors.raise("config", "cannot rename %s: model %s exists already", label, new_label)
  end
  self.order[position_of(self, label)] = new_label
  self.models[label] = nil
  self.pointed_at_by[new_label] = self.pointed_at_by[label]
  put(self, model:with { name = new_name, fields = renaming.retarget(model, label, new_label) })
  for _, other in ipairs(self.order) do
    local state = self.models[other]
    local fields = other ~= new_label and renaming.retarget(state, label, new_label)
    if fields then
      put(self, state:with { fields = fields })
    end
  end
end


--- Set options; other options stay.
function ProjectState:set_options(label, options)
  local model = self:require_model(label)
  local merged = {}
  for key, value in pairs(model.options) do
    merged[key] = value
  end
  for key, value in pairs(options) do
    merged[key] = value
  end
  put(self, model:with { options = merged })
end


--- Set options; the value false removes an option.
function ProjectState:alter_options(label, options)
  local model = self:require_model(label)
  local merged = {}
  for key, value in pairs(model.options) do
    merged[key] = value
  end
  for key, value in pairs(options) do
    merged[key] = value or nil
  end
  put(self, model:with { options = merged })
end


--- Add a field at the end of a model.
function ProjectState:add_field(label, name, field)
  local model = self:require_model(label)
  local fields = table.move(model.fields, 1, #model.fields, 1, {})
  fields[#fields + 1] = { name, field }
  put(self, model:with { fields = fields })
end


--- Remove a field.
function ProjectState:remove_field(label, name)
  local model = self:require_model(label)
  model:field(name)
  local fields = {}
  for _, pair in ipairs(model.fields) do
    if pair[1] ~= name then
      fields[#fields + 1] = pair
    end
  end
  put(self, model:with { fields = fields })
end


--- Replace a field by another one of the same name.
function ProjectState:alter_field(label, name, field)
  local model = self:require_model(label)
  model:field(name)
  local fields = {}
  for index, pair in ipairs(model.fields) do
    fields[index] = pair[1] == name and { name, field } or pair
  end
  put(self, model:with { fields = fields })
end


--- Rename a field; options of the model and references from other models follow.
function ProjectState:rename_field(label, old_name, new_name)
  local model = self:require_model(label)
  model:field(old_name)
  put(self, renaming.rename_field(model, old_name, new_name))
  for _, other in ipairs(self.order) do
    local state = self.models[other]
    local fields = renaming.rename_target_field(state, label, old_name, new_name)
    if fields then
      put(self, state:with { fields = fields })
    end
  end
end


local function replace_in(self, label, option, change)
  local list = {}
  local model = self:require_model(label)
  for index, each in ipairs(model.options[option] or {}) do
    list[index] = each
  end
  change(model, list)
  self:alter_options(label, { [option] = #list > 0 and list or false })
end


--- Add an index (a table with a name).
function ProjectState:add_index(label, index)
  replace_in(self, label, "indexes", function(_, list) list[#list + 1] = index end)
end


--- Remove the index called name.
function ProjectState:remove_index(label, name)
  replace_in(self, label, "indexes", function(model, list) table.remove(list, select(2, model:index(name))) end)
end


--- Give an index another name.
function ProjectState:rename_index(label, old_name, new_name)
  replace_in(self, label, "indexes", function(model, list)
    local index, position = model:index(old_name)
    list[position] = require("rdb.migrations.named").rename(index, new_name)
  end)
end


--- Add a constraint (a table with a name).
function ProjectState:add_constraint(label, constraint)
  replace_in(self, label, "constraints", function(_, list) list[#list + 1] = constraint end)
end


--- Remove the constraint called name.
function ProjectState:remove_constraint(label, name)
  replace_in(self, label, "constraints", function(model, list) table.remove(list, select(2,
    model:constraint(name))) end)
end


--- Labels of the models with a field that points at label, sorted.
function ProjectState:referrers(label)
  local list = {}
  for other, state in pairs(self.models) do
    for _, pair in ipairs(state.fields) do
      if references.field_uses_model(other, pair[2], label) then
        list[#list + 1] = other
        break
      end
    end
  end
  table.sort(list)
  return list
end


-- Define label and everything it points at, which is what its columns depend on.
local function render_with_targets(self, registry, label)
  local todo = { label }
  while #todo > 0 do
    local each = table.remove(todo)
    if not registry:get(each) then
      local state = self.models[each]
      if not state then
        errors.raise("config", "model %s is referred to by the migrations, but does not exist at this point", each)
      end
      state:render(registry)
      table.move(state:targets(), 1, #state:targets(), #todo + 1, todo)
    end
  end
end


local function registry_of(self)
  if not self.rendered then
    self.rendered = { registry = require("rdb.orm.registry").new(self.alias), complete = false }
  end
  return self.rendered
end


--- The historical Model class called label; made on first use, and kept until the state changes.
-- @tparam string label
-- @tparam[opt] boolean with_all make all models, so that `_meta.related` knows every one that points at it
-- @treturn Model
-- @raise config when the state has no such model
function ProjectState:model(label, with_all)
  self:require_model(label)
  if with_all then
    return self:render():get(label)
  end
  local rendered = registry_of(self)
  if not rendered.complete and not rendered.registry:get(label) then
    render_with_targets(self, rendered.registry, label)
    rendered.registry:resolve()
  end
  return rendered.registry:get(label)
end


--- All models as classes, in a registry of their own.
-- @treturn Registry with get_model(label)
function ProjectState:render()
  local rendered = registry_of(self)
  if not rendered.complete then
    for _, label in ipairs(self.order) do
      render_with_targets(self, rendered.registry, label)
    end
    rendered.registry:resolve()
    rendered.complete = true
  end
  return rendered.registry
end


return { ProjectState = new, class = ProjectState, from_registry = ProjectState.from_registry }
