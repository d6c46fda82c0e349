--- Running a function in a transaction: outermost, as a savepoint, or joined; with retry and propagation.
local connections = require "rdb.orm.connections"
local contexts = require "rdb.orm.transaction_context"
local errors = require "rdb.orm.errors"
local transaction_options = require "rdb.orm.transaction_options"
local suggest = require "rdb.orm.suggest"

-- Rolls back when the block is left without an answer: its coroutine was closed.
local Guard = {}

function Guard.__close(guard)
  if not guard.done and not guard.context.over then
    contexts.rollback(guard.context)
  end
end

-- Hand on the results of pcall, or end the block and raise the same error object.
local function finish(on_success, on_failure, ok, ...)
  if not ok then
    on_failure((...))
    error((...), 0)
  end
  on_success()
  return ...
end

local function run_outermost(fn, alias, options)
  local context = contexts.open(alias, options)
  local guard <close> = setmetatable({ context = context }, Guard)
  return finish(function()
    guard.done = true
    contexts.commit(context)
  end, function()
    guard.done = true
    -- The failure that is being raised matters more than one of the rollback.
    pcall(contexts.rollback, context)
  end, pcall(fn))
end

local RETRYABLE = { serialization_failure = true, deadlock = true, lock_timeout = true }

-- Seconds before the first new try; each further one waits twice as long, up to the second number.
local FIRST_PAUSE, LONGEST_PAUSE = 0.005, 1

-- Wait before another try. Between half and all of it, so that those who met do not meet again.
local function back_off(attempt)
  local pause = math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ^ (attempt - 1))
  require "rdb.core".sleep(pause * (0.5 + math.random() / 2))
end

local function run_with_retry(fn, alias, options)
  local attempts = options.retry or 0
  for attempt = 1, attempts do
    local results = table.pack(pcall(run_outermost, fn, alias, options))
    if results[1] then
      return table.unpack(results, 2, results.n)
    elseif not (errors.is(results[2]) and RETRYABLE[results[2].code]) then
      error(results[2], 0)
    end
    back_off(attempt)
  end
  return run_outermost(fn, alias, options)
end

local function run_savepoint(fn, context)
  context.savepoints = context.savepoints + 1
  local name = ("rdb_sp_%d"):format(context.savepoints)
  context.txn:savepoint(name)
  table.insert(context.frames, contexts.new_frame(name))
  local depth = #context.frames
  return finish(function()
    if context.broken then
      contexts.run_hooks(contexts.undo_frames(context, depth))
      context.txn:rollback_to(name)
      context.txn:release(name)
      local reason = context.broken
      context.broken = nil
      errors.raise("misuse", "the block was rolled back, not kept: %s", reason)
    end
    context.txn:release(name)
    while #context.frames >= depth do
      contexts.merge(context)
    end
  end, function()
    if context.over then
      return
    end
    context.broken = nil
    local hooks = contexts.undo_frames(context, depth)
    local undone, err = pcall(function()
      context.txn:rollback_to(name)
      context.txn:release(name)
    end)
    if not undone then
      context.broken = "a savepoint could not be rolled back (" .. tostring(err) .. ")"
    end
    pcall(contexts.run_hooks, hooks)
  end, pcall(fn))
end

-- savepoint = false: part of the block around; a failure spoils that one as a whole.
local function run_joined(fn, context)
  return finish(function() end, function(err)
    context.broken = context.broken
      or ("a block with savepoint = false failed inside it (%s)"):format(
        errors.is(err) and err.code or tostring(err))
  end, pcall(fn))
end

local function run_nested(fn, context, options)
  if options.durable then
    errors.raise("misuse", "atomic { durable = true } cannot run inside another transaction on '%s'", context.alias)
  end
  for _, name in ipairs { "isolation", "read_only", "timeout", "deferrable", "deferred", "foreign_keys" } do
    if options[name] ~= nil then
      errors.raise("misuse", "'%s' is set where the transaction begins; this block is nested in one on '%s'",
        name, context.alias)
    end
  end
  if options.savepoint == false then
    return run_joined(fn, context)
  end
  return run_savepoint(fn, context)
end

local function run_suspended(fn, context)
  if not context then
    return fn()
  end
  connections.suspend(context.alias)
  return finish(function()
    connections.resume(context.alias, context)
  end, function()
    connections.resume(context.alias, context)
  end, pcall(fn))
end

local PROPAGATION = {
  required = function(fn, alias, options, context)
    if context then
      return run_nested(fn, context, options)
    end
    return run_with_retry(fn, alias, options)
  end,
  requires_new = function(fn, alias, options, context)
    if not context then
      return run_with_retry(fn, alias, options)
    elseif connections.pool(alias):features()["local"] then
      errors.raise("unsupported", "propagation = \"requires_new\": '%s' has one writer at a time, so a second "
        .. "transaction would wait for the one around it", alias)
    end
    return run_suspended(function()
      return run_with_retry(fn, alias, options)
    end, context)
  end,
  nested = function(fn, alias, options, context)
    if context then
      return run_savepoint(fn, context)
    end
    return run_with_retry(fn, alias, options)
  end,
  supports = function(fn, _, _, context)
    if context then
      return run_joined(fn, context)
    end
    return fn()
  end,
  mandatory = function(fn, alias, options, context)
    if not context then
      errors.raise("misuse", "propagation = \"mandatory\": no transaction is open on '%s'", alias)
    end
    return run_nested(fn, context, options)
  end,
  never = function(fn, alias, _, context)
    if context then
      errors.raise("misuse", "propagation = \"never\": a transaction is open on '%s'", alias)
    end
    return fn()
  end,
  not_supported = function(fn, _, _, context)
    return run_suspended(fn, context)
  end,
}

--- Run `fn` in a transaction: commit when it returns, roll back when it raises. Nested in another it is a savepoint.
-- @tparam function fn
-- @tparam ?table options { using=, isolation=, read_only=, durable=, savepoint=, timeout= (seconds), retry= (times, on
--   serialization_failure, deadlock and lock_timeout; outermost only; with a pause of 5 ms that doubles up to 1 s),
--   propagation="required" }
-- @return what fn returns
-- @raise what fn raises, unchanged; misuse when a block with savepoint = false had failed inside
local function atomic(fn, options)
  if type(fn) ~= "function" then
    errors.raise("misuse", "rdb.atomic takes a function, got %s", errors.type_name(fn))
  end
  options = transaction_options.check(options, transaction_options.ATOMIC, "rdb.atomic")
  local alias = options.using or "default"
  local run = PROPAGATION[options.propagation or "required"]
  if not run then
    errors.raise("misuse", "rdb.atomic knows no propagation '%s'%s (%s)", options.propagation,
      suggest.clause(options.propagation, PROPAGATION), suggest.list(PROPAGATION))
  end
  return run(fn, alias, options, connections.context(alias))
end

return atomic
