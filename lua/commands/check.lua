--- check: are the models well defined, the migrations loadable, and do both say the same? Needs no database.
local exit_codes = require "rdb.commands.exit_codes"
local project = require "rdb.commands.project"

local M = {
  summary = "Check models and migrations.",
  examples = { "rdb-lua manage.lua check", "manage.lua check --json" },
}


function M.arguments(parser)
  parser:flag("--json", "Print what was found as JSON.")
end


-- Run one part; what it raises is a finding.
local function attempt(findings, what, fn)
  local ok, result = pcall(fn)
  if ok then
    return result
  end
  if type(result) ~= "table" then
    error(result, 0)
  end
  findings[#findings + 1] = { about = what, message = result.message, hint = result.hint }
  return nil
end


local function compare(findings, loader, models)
  local changes = require("rdb.migrations.autodetector").changes(loader:project_state(), models,
    { questioner = require("rdb.commands.answers").lenient(), loader = loader })
  local apps = {}
  for app in pairs(changes) do
    apps[#apps + 1] = app
  end
  table.sort(apps)
  for _, app in ipairs(apps) do
    for _, migration in ipairs(changes[app]) do
      for _, operation in ipairs(migration.operations) do
        findings[#findings + 1] = {
          about = "migrations", message = ("%s: not in a migration yet: %s"):format(app, operation:describe()),
          hint = "makemigrations writes it",
        }
      end
    end
  end
end


function M.run(options, terminal)
  local findings = {}
  local models = attempt(findings, "models", project.models_state)
  local loader = attempt(findings, "migrations", function()
    local loaded = project.loader()
    loaded:check_conflicts()
    return loaded
  end)
  if models and loader then
    attempt(findings, "migrations", function() compare(findings, loader, models) end)
  end
  if options.json then
    terminal:json { version = 1, findings = require("rdb.core").array(findings) }
  elseif #findings == 0 then
    terminal:note "No problems found."
  else
    for _, finding in ipairs(findings) do
      terminal:print(("%s: %s%s"):format(terminal:style("red", finding.about), finding.message,
        finding.hint and "\n  " .. finding.hint or ""))
    end
    terminal:note(("%d problem%s found."):format(#findings, #findings == 1 and "" or "s"))
  end
  return #findings > 0 and exit_codes.FAILED or exit_codes.OK
end


return M
