--- Operations on what a model says besides its fields: AlterModelTable, AlterModelOptions, AlterUniqueTogether.
local base = require "rdb.migrations.operations.base"
local models = require "rdb.migrations.operations.models"
local tables = require "rdb.migrations.operations.tables"


-- Operations on options: a later one of the same kind, or the deletion of the model, makes this one superfluous.
local OptionOperation = base.define("OptionOperation", { arguments = {}, category = "~" }, models.ModelOperation)


function OptionOperation:absorbed_by_create()
  return self.name
end


function OptionOperation:reduce(other, app)
  if (other.kind == self.kind or other.kind == "DeleteModel") and other.name == self.name then
    return { other }
  end
  return models.ModelOperation.reduce(self, other, app)
end


local NAME = { name = "name", alias = "model", type = "string", required = true, positional = 1, show_key = true }


local AlterModelTable = base.define("AlterModelTable", {
  arguments = { NAME, { name = "table", alias = "table_name", type = "string", positional = 2, show_key = true } },
}, OptionOperation)


function AlterModelTable:state_forwards(app, state)
  state:alter_options(app .. "." .. self.name, { table_name = self.table or false })
end


function AlterModelTable:database_forwards(app, editor, from, to)
  tables.rename_model(editor, from, to, app .. "." .. self.name, app .. "." .. self.name)
end

AlterModelTable.database_backwards = AlterModelTable.database_forwards


function AlterModelTable:describe()
  return ("Rename table for %s to %s"):format(self.name, self.table or "(default)")
end


function AlterModelTable:migration_name_fragment()
  return ("alter_%s_table"):format(self.name)
end


-- The database does not know these options. `options` holds all of them: one that is left out is removed.
local AlterModelOptions = base.define("AlterModelOptions", {
  arguments = { NAME, { name = "options", type = "table", required = true } },
}, OptionOperation)

-- Options with an operation of their own; AlterModelOptions leaves them alone.
AlterModelOptions.OWN_OPERATION = { table_name = true, indexes = true, constraints = true, unique_together = true }


function AlterModelOptions:state_forwards(app, state)
  local label = app .. "." .. self.name
  local changes = {}
  for key in pairs(state:require_model(label).options) do
    if not self.OWN_OPERATION[key] then
      changes[key] = false
    end
  end
  local removed = {}
  for key, value in pairs(changes) do
    removed[key] = value
  end
  state:alter_options(label, removed)
  state:set_options(label, self.options)
end


function AlterModelOptions.database_forwards() end
function AlterModelOptions.database_backwards() end


function AlterModelOptions:describe()
  return "Change options of " .. self.name
end


function AlterModelOptions:migration_name_fragment()
  return ("alter_%s_options"):format(self.name)
end


local AlterUniqueTogether = base.define("AlterUniqueTogether", {
  arguments = { NAME, { name = "unique_together", type = "table", required = true, positional = 2, show_key = true } },
}, OptionOperation)


function AlterUniqueTogether:state_forwards(app, state)
  state:set_options(app .. "." .. self.name, { unique_together = self.unique_together })
end


function AlterUniqueTogether:database_forwards(app, editor, from, to)
  local label = app .. "." .. self.name
  local model = to:model(label)
  if tables.managed(model) then
    editor:alter_unique_together(model, from:require_model(label):unique_together(),
      to:require_model(label):unique_together())
  end
end

AlterUniqueTogether.database_backwards = AlterUniqueTogether.database_forwards


function AlterUniqueTogether:references_field(label, name, app)
  if label ~= app .. "." .. self.name then
    return false
  end
  for _, fields in ipairs(self.unique_together) do
    for _, field in ipairs(fields) do
      if field == name then
        return true
      end
    end
  end
  return false
end


function AlterUniqueTogether:describe()
  return ("Alter unique_together for %s (%d constraint%s)"):format(self.name, #self.unique_together,
    #self.unique_together == 1 and "" or "s")
end


function AlterUniqueTogether:migration_name_fragment()
  return ("alter_%s_unique_together"):format(self.name)
end


return {
  AlterModelTable = AlterModelTable, AlterModelOptions = AlterModelOptions, AlterUniqueTogether = AlterUniqueTogether,
}
