--- The open transactions of coroutines.
-- A context is one transaction on one database in one coroutine. Its frames (the outermost block and one per savepoint)
-- hold the hooks and the object states that a rollback to there must undo.
local connections = require "rdb.orm.connections"
local errors = require "rdb.orm.errors"
local object_log = require "rdb.orm.object_log"

local contexts = {}

local Context = {}
Context.__index = Context

-- An abandoned context (its coroutine was dropped) leaves the count of open ones; its transaction rolls back by itself.
function Context:__gc()
  if not self.over then
    self.over = true
    connections.leave(self.alias, self)
  end
end

--- What a block or savepoint must undo when it fails. Its object log is made with the first note.
function contexts.new_frame(name)
  return { name = name, commit = {}, rollback = {}, log = nil }
end

--- Begin a transaction on `alias`: a context with one frame, known to this coroutine.
-- @raise what core.begin raises
function contexts.open(alias, options)
  local txn = require "rdb.core".begin(connections.pool(alias), {
    isolation = options.isolation, read_only = options.read_only, deferrable = options.deferrable,
    deferred = options.deferred, timeout = options.timeout, acquire_timeout = options.acquire_timeout,
    foreign_keys = options.foreign_keys,
  })
  local context = setmetatable({
    alias = alias, txn = txn, frames = { contexts.new_frame() }, savepoints = 0, over = false,
  }, Context)
  connections.enter(alias, context)
  return context
end

--- The innermost frame.
function contexts.top(context)
  return context.frames[#context.frames]
end

--- The log of the objects that are written in the innermost frame.
function contexts.log(context)
  local frame = context.frames[#context.frames]
  local log = frame.log
  if not log then
    log = object_log.new()
    frame.log = log
  end
  return log
end

--- Run hooks in order; all of them run, then the first error is raised.
function contexts.run_hooks(hooks)
  local failure
  for _, hook in ipairs(hooks) do
    local ok, err = pcall(hook)
    failure = failure or (not ok and { err }) or nil
  end
  if failure then
    error(failure[1], 0)
  end
end

--- A frame that succeeded hands what it holds to the one around it.
function contexts.merge(context)
  local inner = table.remove(context.frames)
  local outer = contexts.top(context)
  table.move(inner.commit, 1, #inner.commit, #outer.commit + 1, outer.commit)
  table.move(inner.rollback, 1, #inner.rollback, #outer.rollback + 1, outer.rollback)
  if inner.log then
    object_log.merge(contexts.log(context), inner.log)
  end
end

--- Frames from the innermost down to `depth` are undone; their on_rollback hooks are returned.
function contexts.undo_frames(context, depth)
  local hooks = {}
  while #context.frames >= depth do
    local frame = table.remove(context.frames)
    if frame.log then
      object_log.restore(frame.log)
    end
    table.move(frame.rollback, 1, #frame.rollback, #hooks + 1, hooks)
  end
  return hooks
end

local function leave(context)
  context.over = true
  connections.leave(context.alias, context)
end

--- Commit and run the on_commit hooks. A context that was broken inside rolls back and raises.
function contexts.commit(context)
  if context.broken then
    local reason = context.broken
    leave(context)
    local hooks = contexts.undo_frames(context, 1)
    context.txn:rollback()
    contexts.run_hooks(hooks)
    errors.raise("misuse", "the transaction was rolled back, not committed: %s", reason)
  end
  leave(context)
  local ok, err = pcall(context.txn.commit, context.txn)
  if not ok then
    pcall(contexts.run_hooks, contexts.undo_frames(context, 1))
    error(err, 0)
  end
  while #context.frames > 1 do
    contexts.merge(context)
  end
  contexts.run_hooks(context.frames[1].commit)
end

--- Roll back, restore the objects, run the on_rollback hooks.
function contexts.rollback(context)
  leave(context)
  local hooks = contexts.undo_frames(context, 1)
  local state = context.txn:state()
  if state == "active" or state == "failed" then
    context.txn:rollback()
  end
  contexts.run_hooks(hooks)
end

return contexts
