--- Operations on indexes: AddIndex, RemoveIndex, RenameIndex.
local base = require "rdb.migrations.operations.base"
local errors = require "rdb.orm.errors"
local tables = require "rdb.migrations.operations.tables"

local Operation = base.Operation

local MODEL = { name = "model", alias = "model_name", type = "string", required = true }


local IndexOperation = base.define("IndexOperation", { arguments = {} })


function IndexOperation:absorbed_by_create()
  return self.model
end


function IndexOperation:references_model(label, app)
  return label == app .. "." .. self.model
end


-- What does not concern the model may move before.
function IndexOperation:reduce(other, app)
  return Operation.reduce(self, other, app) or not other:references_model(app .. "." .. self.model, app)
end


local AddIndex = base.define("AddIndex", {
  category = "+", arguments = { MODEL, { name = "index", type = "table", required = true } },
}, IndexOperation)


function AddIndex:check()
  if not self.index.name then
    errors.raise("config", "an index in m.AddIndex for %s needs a name", self.model)
  end
end


function AddIndex:state_forwards(app, state)
  state:add_index(app .. "." .. self.model, self.index)
end


function AddIndex:database_forwards(app, editor, _, to)
  local model = to:model(app .. "." .. self.model)
  if tables.managed(model) then
    editor:add_index(model, self.index)
  end
end


function AddIndex:database_backwards(app, editor, from)
  local model = from:model(app .. "." .. self.model)
  if tables.managed(model) then
    editor:remove_index(model, self.index)
  end
end


function AddIndex:reduce(other, app)
  if other.model == self.model then
    if other.kind == "RemoveIndex" and other.name == self.index.name then
      return {}
    elseif other.kind == "RenameIndex" and other.old_name == self.index.name then
      return { self:with { index = require("rdb.migrations.named").rename(self.index, other.new_name) } }
    end
  end
  return IndexOperation.reduce(self, other, app)
end


function AddIndex:describe()
  return ("Create index %s on %s"):format(self.index.name, self.model)
end


function AddIndex:migration_name_fragment()
  return self.model .. "_" .. self.index.name
end


local RemoveIndex = base.define("RemoveIndex", {
  category = "-", arguments = { MODEL, { name = "name", type = "string", required = true } },
}, IndexOperation)


function RemoveIndex:state_forwards(app, state)
  state:remove_index(app .. "." .. self.model, self.name)
end


function RemoveIndex:database_forwards(app, editor, from)
  local label = app .. "." .. self.model
  local model = from:model(label)
  if tables.managed(model) then
    editor:remove_index(model, from:require_model(label):index(self.name))
  end
end


function RemoveIndex:database_backwards(app, editor, _, to)
  local label = app .. "." .. self.model
  local model = to:model(label)
  if tables.managed(model) then
    editor:add_index(model, to:require_model(label):index(self.name))
  end
end


function RemoveIndex:describe()
  return ("Remove index %s from %s"):format(self.name, self.model)
end


function RemoveIndex:migration_name_fragment()
  return ("remove_%s_%s"):format(self.model, self.name)
end


local RenameIndex = base.define("RenameIndex", {
  category = "~",
  arguments = {
    MODEL, { name = "old_name", type = "string", required = true }, { name = "new_name", type = "string",
      required = true },
  },
}, IndexOperation)


function RenameIndex:state_forwards(app, state)
  state:rename_index(app .. "." .. self.model, self.old_name, self.new_name)
end


local function rename(editor, from, to, label, old_name, new_name)
  local model = to:model(label)
  if tables.managed(model) then
    editor:rename_index(model, from:require_model(label):index(old_name), to:require_model(label):index(new_name))
  end
end


function RenameIndex:database_forwards(app, editor, from, to)
  rename(editor, from, to, app .. "." .. self.model, self.old_name, self.new_name)
end


function RenameIndex:database_backwards(app, editor, from, to)
  rename(editor, from, to, app .. "." .. self.model, self.new_name, self.old_name)
end


function RenameIndex:reduce(other, app)
  if other.kind == "RenameIndex" and other.model == self.model and other.old_name == self.new_name then
    if other.new_name == self.old_name then
      return {}
    end
    return { self:with { new_name = other.new_name } }
  end
  return IndexOperation.reduce(self, other, app)
end


function RenameIndex:describe()
  return ("Rename index %s on %s to %s"):format(self.old_name, self.model, self.new_name)
end


function RenameIndex:migration_name_fragment()
  return ("rename_%s_%s"):format(self.old_name, self.new_name)
end


return { AddIndex = AddIndex, RemoveIndex = RemoveIndex, RenameIndex = RenameIndex }
