--- Operations on whole models: CreateModel, DeleteModel, RenameModel.
local base = require "rdb.migrations.operations.base"
local errors = require "rdb.orm.errors"
local references = require "rdb.migrations.references"
local ModelState = require "rdb.migrations.state.model_state"
local tables = require "rdb.migrations.operations.tables"

local Operation = base.Operation


-- Operations that act on one model, named by `name`.
local ModelOperation = base.define("ModelOperation", { arguments = {} })


function ModelOperation:references_model(label, app)
  return label == app .. "." .. self.name
end


function ModelOperation:reduce(other, app)
  return Operation.reduce(self, other, app) or not other:references_model(app .. "." .. self.name, app)
end


local CreateModel = base.define("CreateModel", {
  category = "+",
  arguments = {
    { name = "name", type = "string", required = true, positional = 1 },
    { name = "fields", type = "table", required = true },
    { name = "options", type = "table", omit_empty = true },
    { name = "bases", type = "table", omit_empty = true },
  },
}, ModelOperation)


function CreateModel:check()
  local seen = {}
  for index, pair in ipairs(self.fields) do
    if type(pair) ~= "table" or type(pair[1]) ~= "string" or type(pair[2]) ~= "table" then
      errors.raise("config", "fields[%d] of m.CreateModel %q must be { \"name\", f.… }", index, self.name)
    end
    if seen[pair[1]] then
      errors.raise("config", "m.CreateModel %q has two fields %q", self.name, pair[1])
    end
    seen[pair[1]] = true
  end
end


function CreateModel:state_forwards(app, state)
  state:add_model(ModelState {
    app = app, name = self.name, fields = self.fields, options = self.options, bases = self.bases,
  })
end


function CreateModel:database_forwards(app, editor, _, to)
  tables.create(editor, to:model(app .. "." .. self.name))
end


function CreateModel:database_backwards(app, editor, from)
  tables.delete(editor, from:model(app .. "." .. self.name))
end


function CreateModel:describe()
  return "Create model " .. self.name
end


function CreateModel:migration_name_fragment()
  return self.name
end


function CreateModel:references_model(label, app)
  local own = app .. "." .. self.name
  if label == own then
    return true
  end
  for _, pair in ipairs(self.fields) do
    if references.field_uses_model(own, pair[2], label) then
      return true
    end
  end
  for _, parent in ipairs(self.bases or {}) do
    if references.resolve(parent, own) == label then
      return true
    end
  end
  return false
end


function CreateModel:reduce(other, app)
  if other.kind == "DeleteModel" and other.name == self.name then
    return {}
  end
  -- Every other combination is "what the state would be": apply the later operation to a state with this model only.
  local absorbed = other.absorbed_by_create
  if absorbed and absorbed(other) == self.name then
    local own = ModelState { app = app, name = self.name, fields = self.fields, options = self.options,
      bases = self.bases }
    local state = require("rdb.migrations.state").ProjectState()
    state:add_model(own)
    other:state_forwards(app, state)
    local result = state.models[app .. "." .. (other.kind == "RenameModel" and other.new_name or self.name)]
    return { self:with { name = result.name, fields = result.fields, options = result.options } }
  end
  return ModelOperation.reduce(self, other, app)
end


local DeleteModel = base.define("DeleteModel", {
  category = "-",
  arguments = { { name = "name", type = "string", required = true, positional = 1 } },
}, ModelOperation)


function DeleteModel:state_forwards(app, state)
  state:remove_model(app .. "." .. self.name)
end


function DeleteModel:database_forwards(app, editor, from)
  tables.delete(editor, from:model(app .. "." .. self.name))
end


function DeleteModel:database_backwards(app, editor, _, to)
  tables.create(editor, to:model(app .. "." .. self.name))
end


-- A deleted model may be referred to by anything.
function DeleteModel.references_model()
  return true
end


function DeleteModel:describe()
  return "Delete model " .. self.name
end


function DeleteModel:migration_name_fragment()
  return "delete_" .. self.name
end


local RenameModel = base.define("RenameModel", {
  category = "~",
  arguments = {
    { name = "old_name", type = "string", required = true, positional = 1, show_key = true },
    { name = "new_name", type = "string", required = true, positional = 2, show_key = true },
  },
}, ModelOperation)


function RenameModel:absorbed_by_create()
  return self.old_name
end


function RenameModel:state_forwards(app, state)
  state:rename_model(app .. "." .. self.old_name, self.new_name)
end


function RenameModel:database_forwards(app, editor, from, to)
  tables.rename_model(editor, from, to, app .. "." .. self.old_name, app .. "." .. self.new_name)
end


function RenameModel:database_backwards(app, editor, from, to)
  tables.rename_model(editor, from, to, app .. "." .. self.new_name, app .. "." .. self.old_name)
end


function RenameModel:references_model(label, app)
  return label == app .. "." .. self.old_name or label == app .. "." .. self.new_name
end


function RenameModel:reduce(other, app)
  if other.kind == "RenameModel" and other.old_name == self.new_name then
    if other.new_name == self.old_name then
      return {}
    end
    return { self:with { new_name = other.new_name } }
  end
  return Operation.reduce(self, other, app) or not (other:references_model(app .. "." .. self.new_name, app)
    or other:references_model(app .. "." .. self.old_name, app))
end


function RenameModel:describe()
  return ("Rename model %s to %s"):format(self.old_name, self.new_name)
end


function RenameModel:migration_name_fragment()
  return ("rename_%s_%s"):format(self.old_name, self.new_name)
end


return { CreateModel = CreateModel, DeleteModel = DeleteModel, RenameModel = RenameModel,
  ModelOperation = ModelOperation }
