--- migrate: brings a database to the migrations.
local exit_codes = require "rdb.commands.exit_codes"
local project = require "rdb.commands.project"

local M = {
  summary = "Apply migrations, or take them back.",
  examples = {
    "rdb-lua manage.lua migrate                     apply everything",
    "rdb-lua manage.lua migrate blog                one app and what it needs",
    "rdb-lua manage.lua migrate blog 0003           forwards or backwards to 0003",
    "rdb-lua manage.lua migrate blog zero           take back all migrations of blog",
    "rdb-lua manage.lua migrate --plan              show what would be done",
    "rdb-lua manage.lua migrate --fake-initial      adopt tables that exist already",
  },
}


local function read_seconds(text)
  local number = tonumber(text)
  if number and number >= 0 then
    return number
  end
  return nil, ("option '--lock-timeout' takes seconds, 0 or more; got %q"):format(text)
end


function M.arguments(parser)
  parser:argument("app", "Only this app and what it needs."):args "?"
  parser:argument("migration", "Name or beginning of the name of a migration, or zero."):args "?"
  parser:option("--database", "Alias of the database."):default "default"
  parser:flag("--plan", "Show what would be done, change nothing.")
  parser:flag("--check", "Exit with code 1 when something is to be done; change nothing.")
  parser:flag("--fake", "Note migrations as applied without running them.")
  parser:flag("--fake-initial", "Do not run first migrations whose tables exist as the models say.")
    :target "fake_initial"
  parser:flag("--prune", "Forget applied migrations whose files are gone.")
  parser:flag("--accept-edited", "Take applied files as they are now."):target "accept_edited"
  parser:option("--lock-timeout", "Seconds to wait for another migrate."):target "lock_timeout":convert(read_seconds)
  parser:flag("--no-input --noinput", "Never ask (migrate does not)."):target "no_input"
  parser:flag("--json", "Print events as JSON, one per line.")
end


local function targets_of(options)
  if not options.app then
    return nil
  end
  project.check_labels { options.app }
  return { { options.app, options.migration } }
end


local function show_plan(executor, targets, options, terminal)
  local plan = executor:plan(targets)
  if options.json then
    local core = require "rdb.core"
    local steps = core.array {}
    for index, step in ipairs(plan) do
      local operations = core.array {}
      for position, operation in ipairs(step.migration.operations) do
        operations[position] = operation:describe()
      end
      steps[index] = { migration = step.key, backwards = step.backwards, operations = operations }
    end
    terminal:json { version = 1, plan = steps }
  elseif #plan == 0 then
    terminal:note "Nothing to do."
  else
    for _, step in ipairs(plan) do
      terminal:print((step.backwards and "Unapply " or "Apply ") .. terminal:style("bold", step.key))
      for _, operation in ipairs(step.migration.operations) do
        terminal:print(("  %s %s"):format(operation.category, operation:describe()))
      end
    end
  end
  return options.check and #plan > 0 and exit_codes.FAILED or exit_codes.OK
end


local RESULTS = { done = "OK", skipped = "done by another process", faked = "noted as applied" }


-- event name -> function(event, terminal)
local LISTENERS = {
  nothing_to_do = function(_, terminal) terminal:note "Nothing to do: the database is up to date." end,
  migration_started = function(event, terminal)
    terminal:write(("%s %s … "):format(event.backwards and "Unapplying" or "Applying", event.key))
  end,
  migration_ended = function(event, terminal)
    terminal:print(("%s (%.3fs)"):format(terminal:style("green", RESULTS[event.result]), event.seconds))
  end,
  migration_failed = function(_, terminal) terminal:print(terminal:style("red", "FAILED")) end,
  waiting = function(event, terminal)
    terminal:warn(("waiting for another process that holds the database (%.0fs)"):format(event.seconds))
  end,
  warning = function(event, terminal) terminal:warn(event.text) end,
  difference = function(event, terminal) terminal:print(("\n  %s: %s"):format(event.key, event.text)) end,
  pruned = function(event, terminal) terminal:print("Forgot " .. event.key) end,
}


local function listener(options, terminal)
  if not options.json then
    return function(event)
      local show = LISTENERS[event.event]
      if show then
        show(event, terminal)
      end
    end
  end
  return function(event)
    local copy = { version = 1 }
    for key, value in pairs(event) do
      copy[key] = key == "error" and (type(value) == "table" and value.message or tostring(value)) or value
    end
    terminal:json(copy)
  end
end


local function show_summary(summary, seconds, terminal)
  local parts = {}
  for _, each in ipairs { { "applied", "applied" }, { "unapplied", "unapplied" }, { "faked", "noted as applied" },
    { "skipped", "done by another process" } } do
    local count = #summary[each[1]]
    if count > 0 then
      parts[#parts + 1] = ("%d %s"):format(count, each[2])
    end
  end
  if #parts > 0 then
    terminal:note(("%s in %.3fs."):format(table.concat(parts, ", "), seconds))
  end
end


function M.run(options, terminal)
  local targets = targets_of(options)
  local executor = project.executor(options.database, listener(options, terminal))
  if options.plan or options.check then
    return show_plan(executor, targets, options, terminal)
  end
  local core = require "rdb.core"
  local started = core.now()
  local summary = executor:migrate(targets, {
    fake = options.fake, fake_initial = options.fake_initial, prune = options.prune,
    accept_edited = options.accept_edited, lock_timeout = options.lock_timeout,
  })
  if not options.json then
    show_summary(summary, (core.now() - started).seconds, terminal)
  end
  return exit_codes.OK
end


return M
