--- Operations on fields: AddField, RemoveField, AlterField, RenameField.
local base = require "rdb.migrations.operations.base"
local references = require "rdb.migrations.references"
local tables = require "rdb.migrations.operations.tables"

local Operation = base.Operation

local MODEL = { name = "model", alias = "model_name", type = "string", required = true }
local NAME = { name = "name", type = "string", required = true }
local FIELD = { name = "field", type = "table", required = true }
-- false: the default of the field is for existing rows only and does not stay in the state.
local PRESERVE = { name = "preserve_default", type = "boolean", default = true }


local FieldOperation = base.define("FieldOperation", { arguments = {} })


function FieldOperation:absorbed_by_create()
  return self.model
end


function FieldOperation:references_model(label, app)
  local own = app .. "." .. self.model
  return label == own or (self.field ~= nil and references.field_uses_model(own, self.field, label))
end


function FieldOperation:references_field(label, name, app)
  local own = app .. "." .. self.model
  if label == own and name == self.name then
    return true
  end
  return self.field ~= nil and references.field_uses_field(own, self.field, label, name)
end


function FieldOperation:is_same_field(other)
  return other.model == self.model and other.name == self.name
end


function FieldOperation:reduce(other, app)
  return Operation.reduce(self, other, app) or not other:references_field(app .. "." .. self.model, self.name, app)
end


-- The field as it is put into the state: without a default that is for existing rows only.
function FieldOperation:state_field()
  return self.preserve_default and self.field or references.rebuild(self.field, { default = references.NONE })
end


-- The rendered field, with the one-off default for the statement.
function FieldOperation:statement_field(field)
  if self.preserve_default or not field then
    return field
  end
  local copy = setmetatable({}, getmetatable(field))
  for key, value in pairs(field) do
    copy[key] = value
  end
  copy.default = self.field.default
  return copy
end


-- Others refer to a key, so all models are needed when one changes. `operation` knows a default for existing rows.
local function alter_in_database(label, editor, from, to, old_name, new_name, operation)
  local old_state, new_state = from:require_model(label):field(old_name), to:require_model(label):field(new_name)
  local is_key = old_state.primary_key or new_state.primary_key or old_state.unique or new_state.unique
  local old_model, new_model = from:model(label, is_key), to:model(label, is_key)
  local new_field = new_model._meta.by_name[new_name]
  tables.alter_field(editor, old_model, old_model._meta.by_name[old_name],
    operation and operation:statement_field(new_field) or new_field)
end


local AddField = base.define("AddField", {
  category = "+", arguments = { MODEL, NAME, FIELD, PRESERVE },
}, FieldOperation)


function AddField:state_forwards(app, state)
  state:add_field(app .. "." .. self.model, self.name, self:state_field())
end


function AddField:database_forwards(app, editor, from, to)
  local label = app .. "." .. self.model
  local field = to:model(label)._meta.by_name[self.name]
  tables.add_field(editor, from:model(label), self:statement_field(field))
end


function AddField:database_backwards(app, editor, from)
  local model = from:model(app .. "." .. self.model)
  tables.remove_field(editor, model, model._meta.by_name[self.name])
end


-- The field as altered later. A value for existing rows stays when the later field has none of its own.
local function altered(self, other)
  local field, preserve = other.field, other.preserve_default
  if not self.preserve_default and preserve and not field.null and not field:has_default() then
    field, preserve = references.rebuild(field, { default = self.field.default }), false
    if field.problems then
      return nil -- the value does not fit the later type
    end
  end
  return self:with { field = field, preserve_default = preserve }
end


function AddField:reduce(other, app)
  if other.model == self.model then
    if other.kind == "AlterField" and self:is_same_field(other) then
      local combined = altered(self, other)
      return combined and { combined } or false
    elseif other.kind == "RemoveField" and self:is_same_field(other) then
      return {}
    elseif other.kind == "RenameField" and other.old_name == self.name then
      return { self:with { name = other.new_name } }
    end
  end
  return FieldOperation.reduce(self, other, app)
end


function AddField:describe()
  return ("Add field %s to %s"):format(self.name, self.model)
end


function AddField:migration_name_fragment()
  return self.model .. "_" .. self.name
end


local RemoveField = base.define("RemoveField", { category = "-", arguments = { MODEL, NAME } }, FieldOperation)


function RemoveField:state_forwards(app, state)
  state:remove_field(app .. "." .. self.model, self.name)
end


function RemoveField:database_forwards(app, editor, from)
  local model = from:model(app .. "." .. self.model)
  tables.remove_field(editor, model, model._meta.by_name[self.name])
end


function RemoveField:database_backwards(app, editor, from, to)
  local label = app .. "." .. self.model
  tables.add_field(editor, from:model(label), to:model(label)._meta.by_name[self.name])
end


function RemoveField:reduce(other, app)
  if other.kind == "DeleteModel" and other.name == self.model then
    return { other }
  end
  return FieldOperation.reduce(self, other, app)
end


function RemoveField:describe()
  return ("Remove field %s from %s"):format(self.name, self.model)
end


function RemoveField:migration_name_fragment()
  return ("remove_%s_%s"):format(self.model, self.name)
end


local AlterField = base.define("AlterField", {
  category = "~", arguments = { MODEL, NAME, FIELD, PRESERVE },
}, FieldOperation)


function AlterField:state_forwards(app, state)
  state:alter_field(app .. "." .. self.model, self.name, self:state_field())
end


function AlterField:database_forwards(app, editor, from, to)
  alter_in_database(app .. "." .. self.model, editor, from, to, self.name, self.name, self)
end


function AlterField:database_backwards(app, editor, from, to)
  alter_in_database(app .. "." .. self.model, editor, from, to, self.name, self.name)
end


function AlterField:reduce(other, app)
  if (other.kind == "AlterField" or other.kind == "RemoveField") and self:is_same_field(other) then
    return { other }
  elseif other.kind == "RenameField" and other.model == self.model and other.old_name == self.name
    and not self.field.db_column then
    return { other, self:with { name = other.new_name } }
  end
  return FieldOperation.reduce(self, other, app)
end


function AlterField:describe()
  return ("Alter field %s on %s"):format(self.name, self.model)
end


function AlterField:migration_name_fragment()
  return ("alter_%s_%s"):format(self.model, self.name)
end


local RenameField = base.define("RenameField", {
  category = "~",
  arguments = {
    MODEL, { name = "old_name", type = "string", required = true }, { name = "new_name", type = "string",
      required = true },
  },
}, FieldOperation)


function RenameField:state_forwards(app, state)
  state:rename_field(app .. "." .. self.model, self.old_name, self.new_name)
end


function RenameField:database_forwards(app, editor, from, to)
  alter_in_database(app .. "." .. self.model, editor, from, to, self.old_name, self.new_name)
end


function RenameField:database_backwards(app, editor, from, to)
  alter_in_database(app .. "." .. self.model, editor, from, to, self.new_name, self.old_name)
end


function RenameField:references_field(label, name, app)
  return label == app .. "." .. self.model and (name == self.old_name or name == self.new_name)
end


function RenameField:reduce(other, app)
  if other.kind == "RenameField" and other.model == self.model and other.old_name == self.new_name then
    if other.new_name == self.old_name then
      return {}
    end
    return { self:with { new_name = other.new_name } }
  end
  local own = app .. "." .. self.model
  return Operation.reduce(self, other, app)
    or not (other:references_field(own, self.old_name, app) or other:references_field(own, self.new_name, app))
end


function RenameField:describe()
  return ("Rename field %s on %s to %s"):format(self.old_name, self.model, self.new_name)
end


function RenameField:migration_name_fragment()
  return ("rename_%s_%s_%s"):format(self.old_name, self.model, self.new_name)
end


return { AddField = AddField, RemoveField = RemoveField, AlterField = AlterField, RenameField = RenameField }
