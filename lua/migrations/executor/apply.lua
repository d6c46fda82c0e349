--- Runs one migration, forwards or backwards, with its row in the ledger.

local core = require "rdb.core"
local Editor = require "rdb.migrations.schema.editor"
local failure = require "rdb.migrations.executor.failure"
local lock = require "rdb.migrations.executor.lock"
local Recorder = require "rdb.migrations.recorder"

local M = {}

-- Changes of these kinds are gathered by the editor; before anything else runs they are carried out.
local GATHERED = {
  AddField = true, RemoveField = true, AlterField = true, AddIndex = true, RemoveIndex = true, AddConstraint = true,
  RemoveConstraint = true, AlterUniqueTogether = true, AlterModelOptions = true, AlterModelManagers = true,
}
-- These never rebuild a table or drop one: foreign keys stay enforced.
local KEEPS_FOREIGN_KEYS = {
  CreateModel = true, AddIndex = true, RemoveIndex = true, RenameIndex = true, RunSQL = true, RunLua = true,
  AlterModelOptions = true, AlterModelManagers = true,
}
-- After these, with foreign keys off, any table may hold rows that point nowhere.
local MAY_ORPHAN = {
  RunSQL = true, RunLua = true, RunSchema = true, DeleteModel = true, SeparateDatabaseAndState = true,
}


local function any(operations, kinds, wanted)
  for _, operation in ipairs(operations) do
    if (kinds[operation.kind] == true) == wanted then return true end
  end
  return false
end


--- Must the transaction of this migration begin with foreign keys off (for table rebuilds)? Creating and dropping
-- change places when a migration is unapplied.
function M.needs_foreign_keys_off(migration, backwards)
  return any(migration.operations, KEEPS_FOREIGN_KEYS, false)
    or backwards and any(migration.operations, { CreateModel = true }, true)
end


--- The states around each operation.
-- @tparam ProjectState before is not changed
-- @treturn table states[k] is before operation k, states[#operations + 1] after the last
function M.states(migration, before)
  local states = { before }
  for number = 1, #migration.operations do
    local after = states[number]:clone()
    migration:mutate_state_once(after, number)
    states[number + 1] = after
  end
  return states
end


local function run_operation(editor, migration, states, number, backwards)
  local operation = migration.operations[number]
  if not GATHERED[operation.kind] then editor:flush() end
  editor:begin_operation(number)
  if backwards then
    operation:database_backwards(migration.app, editor, states[number + 1], states[number])
  else
    operation:database_forwards(migration.app, editor, states[number], states[number + 1])
  end
end


--- Run the operations of a migration with an editor.
-- @tparam function on_operation called with the number before each operation
-- @treturn ProjectState after the migration
function M.operations(editor, migration, before, backwards, on_operation)
  local states = M.states(migration, before)
  local total = #migration.operations
  for index = 1, total do
    local number = backwards and total - index + 1 or index
    on_operation(number)
    run_operation(editor, migration, states, number, backwards)
  end
  return states[total + 1]
end


local function milliseconds(started) return math.floor((core.now() - started).seconds * 1000 + 0.5) end


-- Has another process done this step while we waited for the lock?
local function done_by_other(rows, step)
  local row = rows.by_key[step.key]
  return (row ~= nil and Recorder.is_applied(row)) ~= step.backwards
end


local function editor_for(run)
  return Editor.new(run.alias, { on_event = run.on_event })
end


local function record(run, step, values)
  if step.backwards then
    run.recorder:remove(step.migration)
  else
    values.batch = run.batch
    run.recorder:record(step.migration, values)
  end
end


local function prepare_ledger(run)
  run.recorder:ensure()
  run.batch = run.batch or run.recorder:next_batch()
end


-- One transaction: the operations, the checks, the row.
local function run_atomic(run, step, current)
  local migration = step.migration
  local unenforced = M.needs_foreign_keys_off(migration, step.backwards)
  return lock.run(run.alias, {
    foreign_keys = not unenforced and nil or false, lock_timeout = run.lock_timeout, on_wait = run.on_wait,
  }, function()
    local rows = run.recorder:rows()
    if done_by_other(rows, step) then return "skipped" end
    local started = core.now()
    prepare_ledger(run)
    local editor = editor_for(run)
    local whole = unenforced and (step.backwards or any(migration.operations, MAY_ORPHAN, true))
    if whole then editor:remember_violations() end
    local after = M.operations(editor, migration, run.states:before(step.key), step.backwards, function(number)
      current.number = number
    end)
    current.number = nil
    editor:finish()
    record(run, step, { state = "applied", duration_ms = milliseconds(started) })
    run.states:ran(step.key, after)
    return "done"
  end)
end


-- Without one transaction around it: each operation with the ledger's count in a transaction of its own; code of a
-- person (RunLua) runs outside of any, so that it can use its own.
local function run_in_steps(run, step, current)
  local migration, total = step.migration, #step.migration.operations
  local function locked(fn)
    return lock.run(run.alias, { foreign_keys = false, lock_timeout = run.lock_timeout, on_wait = run.on_wait }, fn)
  end
  local first = locked(function()
    local rows = run.recorder:rows()
    if done_by_other(rows, step) then return nil end
    prepare_ledger(run)
    local row = rows.by_key[step.key]
    local done = row and (step.backwards and total - row.ops_done or row.ops_done) or 0
    if not row then run.recorder:record(migration, { batch = run.batch, state = "running", ops_done = 0 }) end
    return done + 1
  end)
  if not first then return "skipped" end
  local started = core.now()
  local states = M.states(migration, run.states:before(step.key))
  for index = first, total do
    local number = step.backwards and total - index + 1 or index
    current.number, current.done = number, index - 1
    local function work()
      local editor = editor_for(run)
      run_operation(editor, migration, states, number, step.backwards)
      editor:finish()
    end
    local function count()
      run.recorder:progress(migration, step.backwards and number - 1 or number, "running", nil)
    end
    if migration.operations[number].kind == "RunLua" then
      work()
      locked(count)
    else
      locked(function() work() count() end)
    end
  end
  locked(function() record(run, step, { state = "applied", duration_ms = milliseconds(started) }) end)
  return "done"
end


local function kept_text(step, current)
  if step.migration.atomic or not current.done then return nil end
  return ("%s runs without a transaction: %d of its %d operations are done and stay."):format(step.key, current.done,
    #step.migration.operations)
end


--- Run one step of a plan.
-- @tparam table run { alias=, recorder=, states= States, finished = {key...}, on_event=, lock_timeout=,
--   on_wait= }; batch is added
-- @tparam table step { key=, migration=, backwards= }
-- @treturn string "done", or "skipped" when another process has done it meanwhile
-- @raise the error of failure.wrap
function M.step(run, step)
  local current = {}
  local work = step.migration.atomic and run_atomic or run_in_steps
  local ok, result = pcall(work, run, step, current)
  if ok then return result end
  local kept = kept_text(step, current)
  if kept then
    pcall(lock.run, run.alias, { lock_timeout = 5 }, function()
      local done = step.backwards and #step.migration.operations - current.done or current.done
      run.recorder:progress(step.migration, done, "failed", type(result) == "table" and result.message or nil)
    end)
  elseif type(result) == "table" and result.code == "lock_timeout" and result.exit_code then
    error(result, 0)
  end
  error(failure.wrap(step.migration, step.backwards, current.number, result, {
    finished = run.finished, kept = kept,
    next = kept and "correct what is wrong and run migrate again: it goes on where it stopped" or nil,
  }), 0)
end


--- Only write or remove the ledger's row.
-- @treturn string "done" or "skipped"
function M.fake(run, step)
  return lock.run(run.alias, { lock_timeout = run.lock_timeout, on_wait = run.on_wait }, function()
    if done_by_other(run.recorder:rows(), step) then return "skipped" end
    prepare_ledger(run)
    record(run, step, { state = "faked" })
    return "done"
  end)
end


return M
