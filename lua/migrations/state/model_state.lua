--- ModelState: what one model is at one point of the history. Treat it as immutable: changes make a copy.
--
--   ModelState { app = "blog", name = "Author", fields = { { "id", f.big_auto { … } }, … }, options = {}, bases = {} }
--
-- `options` holds the model's meta: table_name, ordering, indexes, constraints, unique_together, managed, …
-- Fields are prototypes (see references.lua); `by_name` finds them by name.
local errors = require "rdb.orm.errors"
local references = require "rdb.migrations.references"

local ModelState = {}
ModelState.__index = ModelState
ModelState.__name = "rdb.model_state"


local function copy_of(list)
  local copy = {}
  for key, value in pairs(list or {}) do
    copy[key] = value
  end
  return copy
end


local function index_fields(label, list)
  local by_name = {}
  for index, pair in ipairs(list) do
    local name, field = pair[1], pair[2]
    if type(name) ~= "string" or type(field) ~= "table" or not field.deconstruct then
      errors.raise("config", "field %d of model %s must be { \"name\", f.… }", index, label)
    end
    if by_name[name] then
      errors.raise("config", "model %s has two fields %q", label, name)
    end
    if field.problems then
      errors.raise("config", "%s.%s: %s", label, name, field.problems[1])
    end
    by_name[name] = field
  end
  return by_name
end


--- Build a state.
-- @tparam table given app, name, fields (list of { name, Field }), options, bases
-- @raise config for a wrong shape, naming the model
function ModelState.new(given)
  for _, key in ipairs { "app", "name" } do
    if type(given[key]) ~= "string" then
      errors.raise("config", "ModelState needs %s, got %s", key, errors.type_name(given[key]))
    end
  end
  local label = given.app .. "." .. given.name
  local self = setmetatable({
    app = given.app, name = given.name, label = label, options = copy_of(given.options), bases = given.bases,
    fields = {}, made_names = given.made_names,
  }, ModelState)
  for index, pair in ipairs(given.fields or {}) do
    self.fields[index] = { pair[1], pair[2] }
  end
  self.by_name = index_fields(label, self.fields)
  return self
end


-- Names of indexes and constraints that the definition did not give.
local function made_names(meta)
  local names = {}
  for _, list in ipairs { "indexes", "constraints" } do
    for position, object in ipairs(meta[list] or {}) do
      local written = meta.options and meta.options[list] and meta.options[list][position]
      names[object.name] = written and written.name == nil or nil
    end
  end
  return names
end


-- Keys of a model's meta that say nothing about its schema or its historical behaviour.
local NOT_KEPT = { abstract = true, extends = true }


local function meta_options(meta)
  local options = {}
  for key, value in pairs(meta.options or {}) do
    if not NOT_KEPT[key] then
      options[key] = value
    end
  end
  for _, key in ipairs { "indexes", "constraints", "unique_together" } do
    options[key] = meta[key] and #meta[key] > 0 and copy_of(meta[key]) or nil
  end
  return options
end


--- The state of a model class.
-- @tparam Model model
-- @treturn ModelState
function ModelState.from_model(model)
  local meta = model._meta
  local list = {}
  local function add(field)
    list[#list + 1] = { field.name, references.prototype(field, meta.label) }
  end
  for _, field in ipairs(meta.fields) do
    add(field)
  end
  for _, field in ipairs(meta.many_to_many) do
    add(field)
  end
  if meta.composite_key then
    add(meta.composite_key)
  end
  return ModelState.new {
    app = meta.app_label, name = meta.name, fields = list, options = meta_options(meta), made_names = made_names(meta),
  }
end


--- A copy with some of app, name, fields, options, bases replaced.
function ModelState:with(changes)
  return ModelState.new {
    app = changes.app or self.app, name = changes.name or self.name, fields = changes.fields or self.fields,
    options = changes.options or self.options, bases = changes.bases or self.bases,
  }
end


--- The field called name.
-- @raise config when there is none
function ModelState:field(name)
  local field = self.by_name[name]
  if not field then
    errors.raise("config", "model %s has no field %q at this point of the migrations", self.label, tostring(name))
  end
  return field
end


local function find_named(self, option, what, name)
  for position, each in ipairs(self.options[option] or {}) do
    if each.name == name then
      return each, position
    end
  end
  errors.raise("config", "model %s has no %s %q at this point of the migrations", self.label, what, tostring(name))
end


--- The index called name and its position. @raise config when there is none
function ModelState:index(name)
  return find_named(self, "indexes", "index", name)
end


--- The constraint called name and its position. @raise config when there is none
function ModelState:constraint(name)
  return find_named(self, "constraints", "constraint", name)
end


--- unique_together as a list of lists of names; empty for none.
function ModelState:unique_together()
  local given = self.options.unique_together or {}
  if type(given[1]) == "string" then
    return { given }
  end
  return given
end


--- Is the field a part of the model's composite key?
function ModelState:in_composite_key(name)
  for _, pair in ipairs(self.fields) do
    for _, part in ipairs(pair[2].composite and pair[2].given or {}) do
      if part == name then
        return true
      end
    end
  end
  return false
end


--- Do unique_together, an index or a constraint of the model name the field?
function ModelState:in_options(name)
  local lists = { table.unpack(self:unique_together()) }
  for _, key in ipairs { "indexes", "constraints" } do
    for _, object in ipairs(self.options[key] or {}) do
      local names = {}
      for index, item in ipairs(object.fields or {}) do
        names[index] = item.name
      end
      lists[#lists + 1] = names
    end
  end
  for _, names in ipairs(lists) do
    for _, each in ipairs(names) do
      if each == name then
        return true
      end
    end
  end
  return false
end


--- Does the project manage the table?
function ModelState:managed()
  return self.options.managed ~= false
end


--- Labels of the models that this one points at by its fields, without itself, sorted.
function ModelState:targets()
  local set, list = {}, {}
  for _, pair in ipairs(self.fields) do
    for _, label in pairs { references.target(pair[2], self.label), references.through(pair[2], self.label) } do
      if label ~= self.label and not set[label] then
        set[label] = true
        list[#list + 1] = label
      end
    end
  end
  table.sort(list)
  return list
end


--- Define the model in a registry.
-- @tparam Registry registry
-- @treturn Model
function ModelState:render(registry)
  return require("rdb.orm.definition").define {
    registry = registry, label = self.label, fields = self.fields, options = copy_of(self.options), methods = {},
    source = "migrations of " .. self.app,
  }
end


return setmetatable(ModelState, { __call = function(_, given) return ModelState.new(given) end })
