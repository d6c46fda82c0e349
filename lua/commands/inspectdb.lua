--- inspectdb: writes models for the tables of a database.
local errors = require "rdb.orm.errors"

local M = {
  summary = "Write models for the tables of a database.",
  examples = {
    "rdb-lua manage.lua inspectdb > shop/models.lua             all tables",
    "rdb-lua manage.lua inspectdb --app shop orders items       these tables, models of the app shop",
    "rdb-lua manage.lua inspectdb --include-views --json",
  },
}


function M.arguments(parser)
  parser:argument("tables", "Tables (and views); all tables when none is given."):args "*"
  parser:option("--database", "Alias of the database."):default "default"
  parser:option("--app", "App of the models; by default the first app of the settings.")
  parser:flag("--include-views", "Views too, as models that migrations leave alone."):target "include_views"
  parser:flag("--json", "Print as JSON.")
end


-- The app that models are written for: the one named, the first of the settings, or "models".
local function app_of(options)
  local app = options.app or require("rdb.commands.project").apps()[1] or "models"
  if not app:find "^%a[%w_]*$" or app:find("__", 1, true) then
    errors.raise_with("misuse", { exit_code = 2 }, "--app takes the name of an app (letters, digits, _), got %q", app)
  end
  return app
end


function M.run(options, terminal)
  local connections = require "rdb.orm.connections"
  local alias, app = options.database, app_of(options)
  local introspection = require("rdb.migrations.schema.introspection").new(connections.target(alias),
    connections.dialect(alias).name)
  local models = require("rdb.migrations.inspect.models").read(introspection, app, {
    tables = options.tables, include_views = options.include_views,
  })
  local source = require "rdb.migrations.inspect.source"
  if options.json then
    local data = source.data(models)
    data.version, data.app = 1, app
    terminal:json(data)
  else
    terminal:write(source.text(models, app, connections.get(alias).url))
  end
  for _, model in ipairs(models) do
    if model.skipped then terminal:warn(("%s is left out: %s"):format(model.table or model.name, model.skipped)) end
  end
end


return M
