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


-- An app whose folder is missing would look like one without migrations.
local function check_folders(labels, folders)
  local core = require "rdb.core"
  for _, label in ipairs(labels) do
    if core.file_kind(folders[label]) ~= "directory" then
      errors.raise_with("config", { hint = "startapp makes the folder of a new app; or take the name out of apps" },
        "apps in the settings names %q, but there is no folder %s", label, folders[label])
    end
  end
end


--- The loader of all migrations.
-- @raise config for an app without a folder
function M.loader()
  local labels, folders = M.apps()
  check_folders(labels, folders)
  return require("rdb.migrations.loader").new { apps = labels, root = folders }
end


-- A model outside the apps of the settings would be left out of the migrations.
local function check_app(meta, folders)
  if not folders[meta.app_label] then
    errors.raise("config", "%s (%s) belongs to no app of the settings%s", meta.label, meta.source,
      require("rdb.orm.suggest").clause(meta.app_label, folders))
  end
end


-- Two models on one table; one of them may be there to look at it only (managed = false).
local function check_table(meta, by_table)
  local key = meta.table:lower()
  local other = by_table[key]
  if other and meta.managed and other.managed then
    errors.raise("config", "%s (%s) and %s (%s) both use the table %s", other.label, other.source, meta.label,
      meta.source, meta.table)
  end
  by_table[key] = other and other.managed and other or meta
end


local function check_models(models, folders)
  local by_table = {}
  for _, model in ipairs(models) do
    check_app(model._meta, folders)
    check_table(model._meta, by_table)
  end
end


-- A mistake in models.lua as an error of ours, with its traceback for --traceback.
local function in_models(err)
  if type(err) ~= "string" then
    return err
  end
  local message = err:match "^error loading module '[^\n]*' from file '[^\n]*':\n\t(.*)$" or err
  return errors.new("config", message, { traceback = debug.traceback("", 2) })
end


--- The state that the models say.
-- @treturn ProjectState
-- @raise config for mistakes in models.lua, models outside the apps and two models on one table
function M.models_state()
  local loaded, err = xpcall(settings.setup, in_models)
  if not loaded then
    error(err, 0)
  end
  local labels, folders = M.apps()
  local registry = require("rdb.orm.registry").default
  check_models(registry:models { auto_created = true }, folders)
  return require("rdb.migrations.state").from_registry(registry, labels)
end


--- An executor for a database.
-- @raise config for an app without a folder
function M.executor(alias, on_event)
  local labels, folders = M.apps()
  check_folders(labels, folders)
  return require("rdb.migrations.executor").new { alias = alias, apps = labels, root = folders, on_event = on_event }
end


return M
