--- Field: one column (or relation) of a model.
-- A field is created before its model is known, so what is wrong with its options is collected in
-- `field.problems` and raised when the model is defined, with model, field, file and line.
local Object = require "rdb.orm.class"
local errors = require "rdb.orm.errors"
local kinds = require "rdb.orm.fields.kinds"
local options = require "rdb.orm.fields.options"
local suggest = require "rdb.orm.suggest"

local Field = Object:extend("Field")

--- Is `value` a field (not a field type, which is the class itself)?
function Field.is_field(value)
  return type(value) == "table" and value.field_mark == true and rawget(value, "class_name") == nil
end

Field.field_mark = true

-- Defaults of the options stand on the class, so an instance holds only what was given.
Field.null, Field.blank, Field.unique, Field.primary_key, Field.db_index = false, false, false, false, false
Field.editable, Field.auto, Field.auto_now, Field.auto_now_add, Field.many_to_many = true, false, false, false, false
Field.validators = {}
Field.own_validators = {}
Field.option_names = {}
Field.required = {}
for _, name in ipairs(options.common) do
  Field.option_names[name] = true
end

--- type name ("char") -> field class
local types = {}
Field.types = types

local counter = 0

--- Define a field type: a subclass that is called to make fields, `f.char { ... }`.
-- @tparam string type_name the name in `rdb.fields`
-- @tparam table spec { parent = Field, kind = "text", options = {names added}, without = {names removed},
--   required = {names}, defaults = {option = value}, positional = nil|"to"|"list" }
-- @treturn table the class
function Field.define(type_name, spec)
  local parent = spec.parent or Field
  local class = parent:extend(type_name)
  class.type = type_name
  class.kind = spec.kind or parent.kind
  class.positional = spec.positional or parent.positional
  class.required = spec.required or parent.required
  class.option_names = {}
  for name in pairs(parent.option_names) do
    class.option_names[name] = true
  end
  for _, name in ipairs(spec.options or {}) do
    class.option_names[name] = true
  end
  for _, name in ipairs(spec.without or {}) do
    class.option_names[name] = nil
  end
  for name, value in pairs(spec.defaults or {}) do
    class[name] = value
  end
  types[type_name] = class
  return class
end

function Field:init(given)
  counter = counter + 1
  self.counter = counter
  self.source = errors.at(3)
  self.given = {}
  if given ~= nil and (type(given) ~= "table" or getmetatable(given) ~= nil) then
    self:problem("takes a table of options, got %s", errors.type_name(given))
    given = nil
  end
  for key, value in pairs(given or {}) do
    self.given[key] = value
  end
  self:take_options()
  for _, name in ipairs(self.required) do
    if self.given[name] == nil then
      self:problem("needs the option '%s', %s", name, select(2, options.checks[name](nil)))
    end
  end
  if not self.problems then
    self:check()
  end
end

--- Note something wrong with the field; raised when its model is defined.
function Field:problem(message, ...)
  self.problems = self.problems or {}
  table.insert(self.problems, ("f.%s "):format(self.type) .. message:format(...))
end

-- Check the types of what was given and copy it onto the field.
function Field:take_options()
  for key, value in next, self.given do
    self:take_option(key, value)
  end
  if self.problems then
    table.sort(self.problems) -- the same message in every run
  end
end

function Field:take_option(key, value)
  if math.type(key) == "integer" then
    if self.positional == "list" or (self.positional == "to" and key == 1) then
      return
    end
    return self:problem("takes options by name only, got %s as item %d", errors.type_name(value), key)
  end
  if type(key) ~= "string" or not self.option_names[key] then
    return self:problem("has no option '%s'%s", tostring(key), suggest.clause(key, self.option_names))
  end
  local fits, expected = options.checks[key](value)
  if not fits then
    return self:problem("expects %s for the option '%s', got %s", expected, key, errors.type_name(value))
  end
  self[key] = value
end

--- Consistency of the options with each other; subclasses extend it. Only called when each option is fine by itself.
function Field:check()
  if self.primary_key and self.null then
    self:problem("cannot be a primary key and null")
  end
  if self.choices then
    self:normalise_choices()
  end
  local default = self.default
  if default ~= nil and type(default) ~= "function" and self.kind then
    local fits, expected = kinds.accepts(self.kind, default)
    if not fits then
      self:problem("expects %s for the option 'default', got %s", expected, errors.type_name(default))
    elseif self.choices and not self:is_choice(default) then
      self:problem("has a default that is none of its choices")
    end
  end
end

function Field:normalise_choices()
  local pairs_ = {}
  for i, choice in ipairs(self.choices) do
    if type(choice) == "table" then
      pairs_[i] = { choice[1], choice[2] or tostring(choice[1]) }
    else
      pairs_[i] = { choice, tostring(choice) }
    end
    local fits, expected = kinds.accepts(self.kind, pairs_[i][1])
    if not fits then
      self:problem("expects %s as choice %d, got %s", expected, i, errors.type_name(pairs_[i][1]))
    end
  end
  self.choices = pairs_
end

--- Is `value` one of the choices? (always false without choices)
function Field:is_choice(value)
  for _, choice in ipairs(self.choices or {}) do
    if choice[1] == value then
      return true
    end
  end
  return false
end

--- Give the field its place in a model. Called once, by rdb.orm.definition.
-- @tparam table model
-- @tparam string name
function Field:bind(model, name)
  self.model, self.name = model, name
  self.attname = name
  self.column = self.db_column or self.attname
  self.verbose_name = self.verbose_name or (name:gsub("_", " "))
end

-- What bind and resolving relations add.
local BOUND = { model = true, name = true, attname = true, column = true, relation = true }

--- A field with the same options that belongs to no model. It keeps its place in the order and its source.
function Field:clone()
  local copy = {}
  for key, value in pairs(self) do
    if not BOUND[key] then
      copy[key] = value
    end
  end
  copy.verbose_name = self.given.verbose_name
  return setmetatable(copy, getmetatable(self))
end

--- The options that were given and differ from the type's defaults; `fields.build` is the inverse.
-- @treturn string type name ("char")
-- @treturn table options (positional items under 1, 2, ...)
function Field:deconstruct()
  local class, given = getmetatable(self), {}
  for key, value in pairs(self.given) do
    if math.type(key) == "integer" or value ~= class[key] then
      given[key] = value
    end
  end
  return self.type, given
end

--- "blog.Author.name (blog/models.lua:12)", for messages.
function Field:describe()
  if not self.model then
    return ("f.%s (%s)"):format(self.type, self.source)
  end
  return ("%s.%s (%s)"):format(self.model._meta.label, self.name, self.source)
end

--- "blog.Author.name"
function Field:label()
  return self.model and (self.model._meta.label .. "." .. self.name) or ("f." .. self.type)
end

function Field:has_default()
  return self.default ~= nil
end

local function deep_copy(value)
  if type(value) ~= "table" then
    return value
  end
  local copy = {}
  for key, item in pairs(value) do
    copy[key] = deep_copy(item)
  end
  return setmetatable(copy, getmetatable(value))
end

--- The default for a new instance: functions are called, tables are copied; nil without a default.
function Field:get_default()
  local default = self.default
  if type(default) == "function" then
    return default()
  end
  return deep_copy(default)
end

--- The value to bind for `value`. Most kinds are converted by the core; subclasses check or convert here.
-- @raise invalid_value
function Field:to_param(value) -- luacheck: no self
  return value
end

-- True where to_param does something, so that saving may skip the others.
Field.converts = false

--- Does the core do what prepare would, or is there nothing to do? Then saving does not call prepare.
function Field:checked_by_core()
  return not self.prepares
end

--- The most characters that the core lets through for the field, nil for any number.
function Field:character_limit() -- luacheck: no self
  return nil
end

--- The text for `code` in a ValidationError.
function Field:message(code, text)
  return self.error_messages and self.error_messages[code] or text
end

local function run_validator(validator, value)
  local check = type(validator) == "table" and validator.check or validator
  local ok, result, message = pcall(check, value)
  if not ok then
    if errors.is(result, "validation_error") then
      return result.message
    end
    error(result, 0)
  end
  if result == false or (result == nil and message ~= nil) then
    return message or "Enter a valid value.", type(validator) == "table" and validator.name or nil
  end
end

--- Check a value as full_clean does.
-- @param value the instance's value; nil is NULL
-- @return the value in its proper type
-- @treturn ?{string,...} messages, nil when the value is fine
function Field:clean(value)
  if value == nil or (value == require "rdb.orm.null" and self.type ~= "json") then
    if self.null or self.auto or self.db_default ~= nil then
      return nil
    end
    return nil, { self:message("null", "This field cannot be null.") }
  end
  if value == "" and not self.blank then
    return value, { self:message("blank", "This field cannot be blank.") }
  end
  if value == "" and self.kind == "text" then
    return value
  end
  local ok, converted = pcall(self.convert, self, value)
  if not ok then
    local expected = select(2, kinds.accepts(self.kind, value))
    return value, { self:message("invalid", ("Enter %s."):format(expected)) }
  end
  local messages = {}
  if self.choices and not self:is_choice(converted) then
    messages[1] = self:message("invalid_choice", "Select a valid choice.")
  end
  for _, list in ipairs { self.own_validators, self.validators } do
    for _, validator in ipairs(list) do
      local message, code = run_validator(validator, converted)
      if message then
        messages[#messages + 1] = self:message(code or "invalid", message)
      end
    end
  end
  return converted, messages[1] and messages or nil
end

--- The value in the type that rows have; a text becomes a date, a decimal ... @raise invalid_value
function Field:convert(value)
  return kinds.convert(self.kind, value, self:label())
end

return Field
