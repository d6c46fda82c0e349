--- sqlmigrate: shows the SQL of a migration without connecting to a database.
local project = require "rdb.commands.project"

local M = {
  summary = "Show the SQL of a migration.",
  examples = {
    "rdb-lua manage.lua sqlmigrate blog 0002                what applying it runs",
    "rdb-lua manage.lua sqlmigrate blog 0002 --backwards    what taking it back runs",
  },
}


function M.arguments(parser)
  parser:argument("app", "App of the migration.")
  parser:argument("migration", "Name or beginning of the name.")
  parser:option("--database", "Alias of the database, for its kind of SQL."):default "default"
  parser:flag("--backwards", "The SQL that takes the migration back.")
  parser:flag("--json", "Print as JSON.")
end


function M.run(options, terminal)
  project.check_labels { options.app }
  local statements, migration = project.executor(options.database):sql(options.app, options.migration,
    options.backwards)
  if options.json then
    terminal:json { version = 1, migration = migration.key, statements = require("rdb.core").array(statements) }
    return
  end
  for _, statement in ipairs(statements) do
    local is_comment = statement:sub(1, 2) == "--" and not statement:find("\n", 1, true)
    terminal:print(is_comment and terminal:style("dim", statement) or statement .. ";")
  end
end


return M
