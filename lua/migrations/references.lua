--- What a field that belongs to no model yet points at, and fields rebuilt with other options.
--
-- In a project state a field is a prototype: its relations are labels, "blog.Author". A name without an app means
-- the app of the model, "self" the model itself.
local fields = require "rdb.orm.fields"

local M = {}

--- As a value in `rebuild`: the option is removed.
M.NONE = {}


--- The label that a reference means.
-- @param reference "blog.Author", "Author", "self" or a Model
-- @tparam string own label of the model that holds the reference
-- @treturn string
function M.resolve(reference, own)
  if type(reference) == "table" then
    return reference._meta.label
  elseif reference == "self" then
    return own
  elseif not reference:find(".", 1, true) then
    return own:match "^(.-)%." .. "." .. reference
  end
  return reference
end


--- Is the field a relation?
function M.is_relation(field)
  return field.positional == "to"
end


--- Is the field many-to-many?
function M.is_many_to_many(field)
  return field.type == "many_to_many" or field.many_to_many == true
end


--- The label of the model that a relation points at; nil for other fields.
function M.target(field, own)
  local given = field.given
  if field.positional ~= "to" or not given then
    return nil
  end
  local to = given[1] or given.to
  return to and M.resolve(to, own)
end


--- The label of the model that a many-to-many field is declared to go through, or nil.
function M.through(field, own)
  local through = field.given and field.given.through
  return through and M.resolve(through, own)
end


--- The options of a field with every reference as a label.
-- @treturn string type name
-- @treturn table options, a fresh table
function M.deconstruct(field, own)
  local kind, options = field:deconstruct()
  local copy = {}
  for key, value in pairs(options) do
    copy[key] = value
  end
  if field.positional == "to" then
    copy[1], copy.to = M.target(field, own), nil
    copy.through = M.through(field, own)
  end
  -- Validators are code of the program, not of the schema, and often closures that no file could hold.
  copy.validators = nil
  return kind, copy
end


--- A new field with some options changed.
-- @tparam Field field
-- @tparam table changes option -> value, or NONE to remove it
-- @treturn Field belongs to no model
function M.rebuild(field, changes)
  local kind, options = field:deconstruct()
  local copy = {}
  for key, value in pairs(options) do
    copy[key] = value
  end
  for key, value in pairs(changes) do
    copy[key] = value ~= M.NONE and value or nil
    if value == false then
      copy[key] = false
    end
  end
  return fields.build(kind, copy, field.source)
end


--- The field as a state keeps it: unbound, with labels.
function M.prototype(field, own)
  local kind, options = M.deconstruct(field, own)
  return fields.build(kind, options, field.source)
end


--- Does the field of model `own` point at model `label`?
function M.field_uses_model(own, field, label)
  return M.target(field, own) == label or M.through(field, own) == label
end


--- May the field of model `own` point at field `name` of model `label`? A relation that names no field points at the
-- key, whatever it is called.
function M.field_uses_field(own, field, label, name)
  if M.target(field, own) == label and not M.is_many_to_many(field) then
    local to_field = field.given.to_field
    return to_field == nil or to_field == name
  end
  if M.through(field, own) == label then
    for _, each in ipairs(field.given.through_fields or {}) do
      if each == name then
        return true
      end
    end
  end
  return false
end


--- The field with every reference to one model changed to another label; the same field when it has none.
function M.retarget(field, own, old_label, new_label)
  local changes = {}
  if M.target(field, own) == old_label then
    changes[1], changes.to = new_label, M.NONE
  end
  if M.through(field, own) == old_label then
    changes.through = new_label
  end
  return next(changes) and M.rebuild(field, changes) or field
end


--- The field with references to a renamed field of another model changed; the same field when it has none.
function M.rename_target_field(field, own, label, old_name, new_name)
  local changes = {}
  if M.target(field, own) == label and field.given.to_field == old_name then
    changes.to_field = new_name
  end
  if M.through(field, own) == label and field.given.through_fields then
    local names = {}
    for index, name in ipairs(field.given.through_fields) do
      names[index] = name == old_name and new_name or name
    end
    changes.through_fields = names
  end
  return next(changes) and M.rebuild(field, changes) or field
end


return M
