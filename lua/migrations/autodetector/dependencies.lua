--- What must happen before an operation, and which operation makes it happen.
--
-- A dependency is { kind =, label = "app.Model", field = name|nil }:
--   create    the model (or the field) exists; a renamed model exists under its new name
--   remove    the field is gone        alter     the field has been altered
--   delete    the model is gone
--   history   the existing migrations of the label's app are applied
--   rename    the model has given up its name
local references = require "rdb.migrations.references"

local M = {}


local function creates_field(operation, app, dependency)
  if operation.kind == "AddField" then
    return app .. "." .. operation.model == dependency.label and operation.name == dependency.field
  elseif operation.kind == "RenameField" then
    return app .. "." .. operation.model == dependency.label and operation.new_name == dependency.field
  elseif operation.kind == "CreateModel" and app .. "." .. operation.name == dependency.label then
    for _, pair in ipairs(operation.fields) do
      if pair[1] == dependency.field then
        return true
      end
    end
  end
  return false
end


local function creates_model(operation, app, dependency)
  return operation.kind == "CreateModel" and app .. "." .. operation.name == dependency.label
    or operation.kind == "RenameModel" and app .. "." .. operation.new_name == dependency.label
end


local function field_operation(kind)
  return function(operation, app, dependency)
    return operation.kind == kind and app .. "." .. operation.model == dependency.label
      and operation.name == dependency.field
  end
end


local CHECKS = {
  create = function(operation, app, dependency)
    if dependency.field then
      return creates_field(operation, app, dependency)
    end
    return creates_model(operation, app, dependency)
  end,
  history = function() return false end,
  remove = field_operation "RemoveField",
  alter = field_operation "AlterField",
  rename = function(operation, app, dependency)
    return operation.kind == "RenameModel" and app .. "." .. operation.old_name == dependency.label
  end,
  delete = function(operation, app, dependency)
    return operation.kind == "DeleteModel" and app .. "." .. operation.name == dependency.label
  end,
}


--- Does the operation of app make the dependency true?
function M.satisfies(operation, app, dependency)
  return CHECKS[dependency.kind](operation, app, dependency)
end


--- The dependencies of a field of model `own`: the models that it points at exist.
-- @treturn {dependency,...}
function M.of_field(field, own)
  local list = {}
  for _, label in pairs { references.target(field, own), references.through(field, own) } do
    if label ~= own then
      list[#list + 1] = { kind = "create", label = label }
    end
  end
  table.sort(list, function(a, b) return a.label < b.label end)
  return list
end


--- The app of a label.
function M.app_of(label)
  return label:match "^(.-)%."
end


return M
