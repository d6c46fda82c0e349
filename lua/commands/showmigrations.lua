--- showmigrations: lists migrations and whether they are applied.
local project = require "rdb.commands.project"

local M = {
  summary = "List migrations and whether they are applied.",
  examples = {
    "rdb-lua manage.lua showmigrations           all apps",
    "rdb-lua manage.lua showmigrations blog      one app",
    "rdb-lua manage.lua showmigrations --plan    in the order in which they are applied",
    "rdb-lua manage.lua showmigrations --json",
  },
}


function M.arguments(parser)
  parser:argument("apps", "Apps to list; all when none is given."):args "*"
  parser:option("--database", "Alias of the database."):default "default"
  parser:mutex(
    parser:flag("-l --list", "By app (what happens anyway)."),
    parser:flag("-p --plan", "In the order of application, with dependencies."))
  parser:flag("--json", "Print as JSON.")
end


local function wanted_set(apps)
  local set = {}
  for _, app in ipairs(apps) do
    set[app] = true
  end
  return set
end


-- Every migration as { key, app, name, state, applied_at, dependencies }, in the order of application.
local function collect(loader, rows, apps)
  local wanted, list = wanted_set(apps), {}
  local Recorder = require "rdb.migrations.recorder"
  for _, key in ipairs(loader.graph:all_in_order()) do
    local migration, row = loader.migrations[key], rows.by_key[key]
    if #apps == 0 or wanted[migration.app] then
      local dependencies = {}
      for parent in pairs(loader.graph.parents[key]) do
        dependencies[#dependencies + 1] = parent
      end
      table.sort(dependencies)
      list[#list + 1] = {
        key = key, app = migration.app, name = migration.name, applied = row ~= nil and Recorder.is_applied(row),
        state = row and row.state or "pending", applied_at = row and row.applied_at and tostring(row.applied_at),
        dependencies = dependencies,
      }
    end
  end
  return list
end


local MARKS = { applied = "[X]", faked = "[F]", pending = "[ ]" }


local function mark(entry, terminal)
  local text = MARKS[entry.state] or "[!]"
  return entry.applied and terminal:style("green", text) or text
end


local function show_list(list, apps, terminal)
  local by_app = {}
  for _, entry in ipairs(list) do
    by_app[entry.app] = by_app[entry.app] or {}
    table.insert(by_app[entry.app], entry)
  end
  for _, app in ipairs(apps) do
    terminal:print(terminal:style("bold", app))
    table.sort(by_app[app] or {}, function(a, b) return a.name < b.name end)
    for _, entry in ipairs(by_app[app] or {}) do
      local note = MARKS[entry.state] and "" or (" (%s)"):format(entry.state)
      terminal:print((" %s %s%s"):format(mark(entry, terminal), entry.name, note))
    end
    if not by_app[app] then
      terminal:print " (no migrations)"
    end
  end
end


local function show_plan(list, terminal)
  for _, entry in ipairs(list) do
    local needs = #entry.dependencies > 0 and " <- " .. table.concat(entry.dependencies, ", ") or ""
    terminal:print(("%s %s%s"):format(mark(entry, terminal), entry.key, terminal:style("dim", needs)))
  end
end


function M.run(options, terminal)
  project.check_labels(options.apps)
  local executor = project.executor(options.database)
  local loader = executor:loader()
  local list = collect(loader, executor:applied(), options.apps)
  if options.json then
    local core = require "rdb.core"
    for _, entry in ipairs(list) do
      core.array(entry.dependencies)
    end
    terminal:json { version = 1, migrations = core.array(list) }
  elseif options.plan then
    show_plan(list, terminal)
  else
    show_list(list, #options.apps > 0 and options.apps or loader.apps, terminal)
  end
end


return M
