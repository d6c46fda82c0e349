--- makemigrations: writes migration files for what changed in the models.
local errors = require "rdb.orm.errors"
local exit_codes = require "rdb.commands.exit_codes"
local project = require "rdb.commands.project"

local M = {
  summary = "Write migrations for what changed in the models.",
  examples = {
    "rdb-lua manage.lua makemigrations                          for all apps",
    "rdb-lua manage.lua makemigrations blog --name add_email    for one app, with a name",
    "rdb-lua manage.lua makemigrations --dry-run                show the files, write nothing",
    "rdb-lua manage.lua makemigrations --check                  exit code 1 when something changed, write nothing",
    "rdb-lua manage.lua makemigrations --rename blog.Author.name:full_name",
    "rdb-lua manage.lua makemigrations --default blog.Post.slug=none",
    "rdb-lua manage.lua makemigrations blog --empty --name fill_slugs",
  },
}


function M.arguments(parser)
  parser:argument("apps", "Apps to make migrations for; all when none is given."):args "*"
  parser:flag("--dry-run", "Show what would be written, write nothing."):target "dry_run"
  parser:flag("--check", "Exit with code 1 when migrations are missing; write nothing.")
  parser:flag("--empty", "Make a migration without operations, to write by hand.")
  parser:option("-n --name", "Name of the migration, without the number."):argname "NAME"
  parser:flag("--no-input --noinput", "Never ask; say which flag answers the question."):target "no_input"
  parser:option("--rename", "A rename: app.Model:New, app.Model.field:new, or none."):count "*":argname "OLD:NEW"
  parser:option("--default", "Value of existing rows for a new field: app.Model.field=value."):count "*":argname "F=V"
  parser:flag("--json", "Print what was made as JSON.")
end


-- The operations with the sign of their category.
local function operation_lines(migration)
  local lines = {}
  for index, operation in ipairs(migration.operations) do
    lines[index] = ("  %s %s"):format(operation.category, operation:describe())
  end
  return lines
end


local function sorted(changes)
  local list, apps = {}, {}
  for app in pairs(changes) do
    apps[#apps + 1] = app
  end
  table.sort(apps)
  for _, app in ipairs(apps) do
    table.move(changes[app], 1, #changes[app], #list + 1, list)
  end
  return list
end


local function check_name(name)
  if name and not name:find "^[%a_][%w_]*$" then
    errors.raise_with("misuse", { exit_code = exit_codes.USAGE },
      "--name takes letters, digits and underscores, got %q", name)
  end
end


-- Migrations without operations, one for each app.
local function empty_migrations(apps, loader, name)
  if #apps == 0 then
    errors.raise_with("misuse", { exit_code = exit_codes.USAGE }, "--empty needs the apps to make a migration for")
  end
  local changes = {}
  for _, app in ipairs(apps) do
    local leaf = loader.graph:leaf_nodes(app)[1]
    changes[app] = { {
      app = app, operations = {}, dependencies = leaf and { { app, loader.migrations[leaf].name } } or {},
      name = ("%04d_%s"):format(loader:last_number(app) + 1, name or "custom"), initial = leaf == nil,
    } }
  end
  return changes
end


local function detect(options, loader, terminal)
  if options.empty then
    return empty_migrations(options.apps, loader, options.name)
  end
  local answers = require "rdb.commands.answers"
  local models = project.models_state()
  local known = answers.from_flags(options.rename, options.default, models)
  local questioner = answers.questioner(known, options, terminal)
  local changes = require("rdb.migrations.autodetector").changes(loader:project_state(), models, {
    questioner = questioner, loader = loader, name = options.name, apps = #options.apps > 0 and options.apps or nil,
  })
  local unused = questioner:unused_renames()
  if #unused > 0 then
    errors.raise_with("misuse", {
      exit_code = exit_codes.USAGE, hint = "the old name stands in the migrations, the new one in the models",
    }, "--rename %s: nothing was renamed so; nothing was written", table.concat(unused, ", "))
  end
  return changes
end


local function print_json(list, written, terminal)
  local core = require "rdb.core"
  local result = { version = 1, written = written, migrations = core.array {} }
  for index, migration in ipairs(list) do
    local operations = core.array {}
    for position, operation in ipairs(migration.operations) do
      operations[position] = { kind = operation.kind, text = operation:describe() }
    end
    result.migrations[index] = {
      app = migration.app, name = migration.name, path = migration.path, operations = operations,
    }
  end
  terminal:json(result)
end


local function show(list, options, terminal)
  local writer = require "rdb.migrations.writer"
  for _, migration in ipairs(list) do
    terminal:print(terminal:style("bold", migration.path))
    for _, line in ipairs(operation_lines(migration)) do
      terminal:print(line)
    end
    if options.dry_run then
      terminal:print(writer.render(migration))
    end
  end
end


-- All files or none: half of the apps' migrations would depend on files that do not exist.
local function write_all(list, folders, writer)
  local written = {}
  for _, migration in ipairs(list) do
    local ok, result = pcall(writer.write, folders, migration)
    if not ok then
      for _, path in ipairs(written) do
        os.remove(path)
      end
      error(result, 0)
    end
    written[#written + 1] = result
  end
end


-- Better now than when somebody migrates.
local function warn_of_refusals(terminal)
  for _, finding in ipairs(require("rdb.commands.portability").findings()) do
    if finding.refused then
      terminal:warn(finding.text .. "; migrate will refuse it")
    end
  end
end


function M.run(options, terminal)
  check_name(options.name)
  project.check_labels(options.apps)
  local loader = project.loader()
  loader:check_conflicts()
  local list = sorted(detect(options, loader, terminal))
  local writer = require "rdb.migrations.writer"
  local _, folders = project.apps()
  local write = not (options.check or options.dry_run)
  for _, migration in ipairs(list) do
    writer.render(migration) -- everything can be written, or nothing is
    migration.path = writer.path(folders, migration)
  end
  if write then
    write_all(list, folders, writer)
  end
  if #list > 0 then
    warn_of_refusals(terminal)
  end
  if options.json then
    print_json(list, write, terminal)
  elseif #list == 0 then
    terminal:note "No changes found."
  else
    show(list, options, terminal)
    if write then
      terminal:note(("\nApply %s with: %s migrate"):format(#list == 1 and "it" or "them", options.program))
    end
  end
  return options.check and #list > 0 and exit_codes.FAILED or exit_codes.OK
end


return M
