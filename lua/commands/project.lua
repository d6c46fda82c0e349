--- The project as commands need it: its apps and folders, its migrations, its models.
local errors = require "rdb.orm.errors"
local settings = require "rdb.orm.settings"

local M = {}


local function make_searchable(base)
  local path = base .. "?.lua;" .. base .. "?/init.lua;"
  if base ~= "" and package.path:sub(1, #path) ~= path then
    package.path = path .. package.path -- migrations may require the project's modules
  end
end


--- The labels of the apps and where they are.
-- @treturn {string,...} labels in the order of the settings
-- @treturn table label -> folder
function M.apps()
  local current = settings.get()
  local labels, folders = {}, {}
  for index, app in ipairs(current.apps) do
    labels[index], folders[app.label] = app.label, app.path
  end
  make_searchable(current.base)
  return labels, folders
end


--- The folder of the project, "" or with a slash at its end.
function M.base()
  return settings.get().base
end


--- Check labels that were given on the command line.
-- @raise config with exit code 2 for a label that is no app
function M.check_labels(given)
  local labels = M.apps()
  for _, label in ipairs(given) do
    local known = false
    for _, each in ipairs(labels) do
      known = known or each == label
    end
    if not known then
      errors.raise_with("config", { exit_code = 2 }, "there is no app %q; the apps in the settings are: %s", label,
        #labels > 0 and table.concat(labels, ", ") or "(none; startapp adds one)")
    end
  end
  return given
end


--- The loader of all migrations.
function M.loader()
  local labels, folders = M.apps()
  return require("rdb.migrations.loader").new { apps = labels, root = folders }
end


--- The state that the models say.
-- @treturn ProjectState
function M.models_state()
  settings.setup()
  return require("rdb.migrations.state").from_registry(require("rdb.orm.registry").default, (M.apps()))
end


--- An executor for a database.
function M.executor(alias, on_event)
  local labels, folders = M.apps()
  return require("rdb.migrations.executor").new { alias = alias, apps = labels, root = folders, on_event = on_event }
end


return M
