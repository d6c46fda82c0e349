--- The executor: brings a database to the migrations that are wanted, one transaction per migration.
--
--   local executor = require "rdb.migrations.executor".new { alias = "default", apps = { "blog" }, on_event = print }
--   executor:migrate()                                   everything to its newest
--   executor:migrate({ { "blog", "0003" } })             forwards or backwards to 0003
--   executor:migrate({ { "blog", "zero" } })
--   executor:migrate(nil, { fake_initial = true })
--
-- Several processes may do this at once: each migration takes the write lock, reads the ledger again, and is skipped
-- when another process has applied it. A process that is killed leaves nothing: the ledger's row is written in the
-- migration's own transaction.
--
-- Events (on_event): { event = ... }
--   "plan" { steps = n, backwards = bool }        "nothing_to_do"
--   "migration_started"  { key, number, total, backwards, operations }
--   "migration_ended"    { key, number, total, backwards, seconds, result = "done"|"skipped"|"faked" }
--   "migration_failed"   { key, error }
--   "waiting"            { seconds } for the lock       "rebuild_started", "rebuild_ended" { table }
--   "warning"            { text } what the database cannot do and is left out
--   "difference"         { key, text } what --fake-initial found that is not as in the database
--
-- Errors carry `exit_code` where commands end with more than 1: 4 no lock, 5 ledger and files disagree.

local core = require "rdb.core"
local apply = require "rdb.migrations.executor.apply"
local integrity = require "rdb.migrations.executor.integrity"
local planner = require "rdb.migrations.executor.plan"
local Recorder = require "rdb.migrations.recorder"
local States = require "rdb.migrations.executor.states"

local Executor = {}
Executor.__index = Executor


--- Make an executor.
-- @tparam table options
--   alias     database (default "default")
--   apps      app labels; root  the project's folder (default "."): the files are loaded when they are needed
--   loader    a Loader instead of apps and root
--   on_event  function(event)
-- @treturn Executor
function Executor.new(options)
  local alias = options.alias or "default"
  return setmetatable({
    alias = alias, apps = options.apps, root = options.root or ".", given_loader = options.loader,
    on_event = options.on_event or function() end, recorder = Recorder.new(alias),
  }, Executor)
end


--- The loader: reads the migration files at its first use.
function Executor:loader()
  if not self.given_loader then
    self.given_loader = require("rdb.migrations.loader").new { apps = self.apps, root = self.root }
  end
  return self.given_loader
end


--- The rows of the ledger (shape: recorder.lua); one SELECT.
function Executor:applied() return self.recorder:rows() end


local function app_set(loader)
  local set = {}
  for _, app in ipairs(loader.apps) do set[app] = true end
  return set
end


-- Files and ledger agree, or an error; prune and accept_edited settle what a person has decided.
local function check_integrity(self, rows, options)
  local loader = self:loader()
  if options.accept_edited then self:accept_edited(rows) end
  if options.prune then rows = self:prune(rows) end
  if not options.accept_edited then integrity.check_edited(loader.migrations, rows) end
  integrity.check_missing(loader.migrations, rows, app_set(loader))
  integrity.check_history(loader, rows)
  return rows
end


--- Check files against the ledger without doing anything.
-- @raise with exit_code 5: edited, missing, or applied out of order
function Executor:verify() check_integrity(self, self:applied(), {}) end


--- Make the ledger agree with edited files.
-- @treturn {string,...} keys whose checksum was changed
function Executor:accept_edited(rows)
  local changed = {}
  for _, row in ipairs(rows or self:applied()) do
    local migration = self:loader().migrations[row.key]
    if migration and migration:checksum() ~= row.checksum then
      self.recorder:set_checksum(migration)
      row.checksum = migration:checksum()
      changed[#changed + 1] = row.key
    end
  end
  return changed
end


--- Forget the rows of our apps whose file is gone.
-- @treturn table the rows that are left
function Executor:prune(rows)
  local apps, migrations = app_set(self:loader()), self:loader().migrations
  for _, row in ipairs(rows or self:applied()) do
    if apps[row.app] and not migrations[row.key] then
      self.recorder:remove(row)
      self.on_event { event = "pruned", key = row.key }
    end
  end
  return self:applied()
end


--- What migrate would do.
-- @tparam[opt] table targets { { app, name|"zero"|nil }... }; nil: everything to its newest
-- @treturn table { { key=, migration=, backwards= }... }
-- @raise config for unknown names; exit_code 5 when files and ledger disagree
function Executor:plan(targets)
  if self:is_up_to_date(targets) then return {} end
  local rows = check_integrity(self, self:applied(), {})
  return planner.make(self:loader(), rows, targets)
end


--- Is there nothing to do? The quick answer: one SELECT and the files' texts, nothing is loaded.
-- @treturn boolean false may also mean that it takes a closer look to know
function Executor:is_up_to_date(targets)
  if self.given_loader then return false end
  local apps = self.apps
  if targets then
    apps = {}
    for i, target in ipairs(targets) do
      if target[2] ~= nil then return false end
      apps[i] = target[1]
    end
  end
  return #apps > 0 and integrity.up_to_date(apps, self.root, self:applied())
end


local function run_step(self, run, step, options)
  if options.fake then return apply.fake(run, step) and "faked" end
  if options.fake_initial and not step.backwards and step.migration.initial then
    local fake_initial = require "rdb.migrations.fake_initial"
    local exists, differences = fake_initial.compare(self.alias, step.migration, run.states:before(step.key))
    if exists then
      for _, text in ipairs(differences) do
        self.on_event { event = "difference", key = step.key, text = text }
      end
      fake_initial.refuse_differences(step.migration, differences)
      return apply.fake(run, step) and "faked"
    end
  end
  return apply.step(run, step)
end


local function execute(self, plan, rows, options)
  local run = {
    alias = self.alias, recorder = self.recorder, finished = {},
    states = States.new(self:loader(), rows, plan, self.alias),
    on_event = self.on_event, lock_timeout = options.lock_timeout,
    on_wait = function(seconds) self.on_event { event = "waiting", seconds = seconds } end,
  }
  local summary = { applied = {}, unapplied = {}, skipped = {}, faked = {}, backwards = plan[1].backwards }
  for number, step in ipairs(plan) do
    self.on_event { event = "migration_started", key = step.key, number = number, total = #plan,
      backwards = step.backwards, operations = #step.migration.operations }
    local started = core.now()
    local ok, result = pcall(run_step, self, run, step, options)
    if not ok then
      self.on_event { event = "migration_failed", key = step.key, error = result }
      error(result, 0)
    end
    local list = result == "skipped" and summary.skipped or result == "faked" and summary.faked
      or step.backwards and summary.unapplied or summary.applied
    list[#list + 1] = step.key
    if result ~= "skipped" then run.finished[#run.finished + 1] = step.key end
    self.on_event { event = "migration_ended", result = result, seconds = (core.now() - started).seconds,
      key = step.key, number = number, total = #plan, backwards = step.backwards }
  end
  return summary
end


--- Bring the database to the targets.
-- @tparam[opt] table targets { { app, name|"zero"|prefix|nil }... }; nil: everything to its newest
-- @tparam[opt] table options
--   fake           only change the ledger
--   fake_initial   do not run initial migrations whose tables exist as the models say
--   lock_timeout   seconds to wait for other migrators (default 60)
--   accept_edited  take the checksums that the files have now
--   prune          forget rows whose file is gone
-- @treturn table { applied = {key...}, unapplied =, skipped = (done by another process), faked =, backwards = }
-- @raise the error of the failed migration: message with place, SQL and state of the database, hint what to do next
function Executor:migrate(targets, options)
  options = options or {}
  local rows, plan
  if not self:is_up_to_date(targets) then
    self:loader():check_conflicts()
    rows = check_integrity(self, self:applied(), options)
    plan = planner.make(self:loader(), rows, targets)
  end
  if not plan or #plan == 0 then
    self.on_event { event = "nothing_to_do" }
    return { applied = {}, unapplied = {}, skipped = {}, faked = {} }
  end
  if not options.fake then planner.check_reversible(plan) end
  self.on_event { event = "plan", steps = #plan, backwards = plan[1].backwards }
  return execute(self, plan, rows, options)
end


--- The SQL of one migration, without connecting (sqlmigrate).
-- @tparam string app
-- @tparam string name or its beginning
-- @tparam[opt] boolean backwards
-- @treturn {string,...} statements
-- @treturn Migration
function Executor:sql(app, name, backwards)
  local loader = self:loader()
  local migration = loader:find(app, name)
  local plan = loader.graph:forwards_plan(migration.key)
  table.remove(plan)
  local before = require("rdb.migrations.state").ProjectState()
  for _, key in ipairs(plan) do loader.migrations[key]:mutate_state(before) end
  local editor = require("rdb.migrations.schema.editor").new(self.alias, { collect = true })
  apply.operations(editor, migration, before, backwards or false, function(number)
    local operation = migration.operations[number]
    editor:comment(operation:describe())
  end)
  editor:finish()
  return editor.collected, migration
end


return Executor
