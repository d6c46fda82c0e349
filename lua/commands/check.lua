--- check: are the models well defined, the migrations loadable, do both say the same, and can the databases do it?
-- Connects to none. Warnings alone are no failure.
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
  findings[#findings + 1] = { level = "error", about = what, message = result.message, hint = result.hint }
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
          level = "error", about = "migrations",
          message = ("%s: not in a migration yet: %s"):format(app, operation:describe()),
          hint = "makemigrations writes it",
        }
      end
    end
  end
end


-- What the databases of the settings cannot do.
local function check_portability(findings)
  for _, found in ipairs(require("rdb.commands.portability").findings()) do
    findings[#findings + 1] = {
      level = found.refused and "error" or "warning", about = "models", message = found.text,
      hint = found.refused and "migrate will refuse it" or nil,
    }
  end
end


local function count(findings, level)
  local n = 0
  for _, finding in ipairs(findings) do
    n = n + (finding.level == level and 1 or 0)
  end
  return n
end


local function plural(n, noun) return ("%d %s%s"):format(n, noun, n == 1 and "" or "s") end


local function show(findings, terminal)
  for _, finding in ipairs(findings) do
    local warning = finding.level == "warning"
    terminal:print(("%s: %s%s%s"):format(terminal:style(warning and "yellow" or "red", finding.about),
      warning and "warning: " or "", finding.message, finding.hint and "\n  " .. finding.hint or ""))
  end
  local problems, warnings = count(findings, "error"), count(findings, "warning")
  terminal:note(("%s%s"):format(problems == 0 and "No problems" or plural(problems, "problem"),
    warnings > 0 and " and " .. plural(warnings, "warning") or "") .. " found.")
end


function M.run(options, terminal)
  local findings = {}
  local models = attempt(findings, "models", project.models_state)
  local loader = attempt(findings, "migrations", function()
    local loaded = project.loader()
    loaded:check_conflicts()
    return loaded
  end)
  if models then
    attempt(findings, "models", function() check_portability(findings) end)
  end
  if models and loader then
    attempt(findings, "migrations", function() compare(findings, loader, models) end)
  end
  if options.json then
    terminal:json { version = 1, findings = require("rdb.core").array(findings) }
  elseif #findings == 0 then
    terminal:note "No problems found."
  else
    show(findings, terminal)
  end
  return count(findings, "error") > 0 and exit_codes.FAILED or exit_codes.OK
end


return M
