--- Operations on constraints: AddConstraint, RemoveConstraint.
local base = require "rdb.migrations.operations.base"
local errors = require "rdb.orm.errors"
local tables = require "rdb.migrations.operations.tables"

local Operation = base.Operation

local MODEL = { name = "model", alias = "model_name", type = "string", required = true }


local ConstraintOperation = base.define("ConstraintOperation", { arguments = {} })


function ConstraintOperation:absorbed_by_create()
  return self.model
end


function ConstraintOperation:references_model(label, app)
  return label == app .. "." .. self.model
end


-- What does not concern the model may move before.
function ConstraintOperation:reduce(other, app)
  return Operation.reduce(self, other, app) or not other:references_model(app .. "." .. self.model, app)
end


local AddConstraint = base.define("AddConstraint", {
  category = "+", arguments = { MODEL, { name = "constraint", type = "table", required = true } },
}, ConstraintOperation)


function AddConstraint:check()
  if not self.constraint.name then
    errors.raise("config", "a constraint in m.AddConstraint for %s needs a name", self.model)
  end
end


function AddConstraint:state_forwards(app, state)
  state:add_constraint(app .. "." .. self.model, self.constraint)
end


function AddConstraint:database_forwards(app, editor, _, to)
  local model = to:model(app .. "." .. self.model)
  if tables.managed(model) then
    editor:add_constraint(model, self.constraint)
  end
end


function AddConstraint:database_backwards(app, editor, from)
  local model = from:model(app .. "." .. self.model)
  if tables.managed(model) then
    editor:remove_constraint(model, self.constraint)
  end
end


function AddConstraint:reduce(other, app)
  if other.kind == "RemoveConstraint" and other.model == self.model and other.name == self.constraint.name then
    return {}
  end
  return ConstraintOperation.reduce(self, other, app)
end


function AddConstraint:describe()
  return ("Create constraint %s on %s"):format(self.constraint.name, self.model)
end


function AddConstraint:migration_name_fragment()
  return self.model .. "_" .. self.constraint.name
end


local RemoveConstraint = base.define("RemoveConstraint", {
  category = "-", arguments = { MODEL, { name = "name", type = "string", required = true } },
}, ConstraintOperation)


function RemoveConstraint:state_forwards(app, state)
  state:remove_constraint(app .. "." .. self.model, self.name)
end


function RemoveConstraint:database_forwards(app, editor, from)
  local label = app .. "." .. self.model
  local model = from:model(label)
  if tables.managed(model) then
    editor:remove_constraint(model, from:require_model(label):constraint(self.name))
  end
end


function RemoveConstraint:database_backwards(app, editor, _, to)
  local label = app .. "." .. self.model
  local model = to:model(label)
  if tables.managed(model) then
    editor:add_constraint(model, to:require_model(label):constraint(self.name))
  end
end


function RemoveConstraint:describe()
  return ("Remove constraint %s from %s"):format(self.name, self.model)
end


function RemoveConstraint:migration_name_fragment()
  return ("remove_%s_%s"):format(self.model, self.name)
end


return { AddConstraint = AddConstraint, RemoveConstraint = RemoveConstraint }
