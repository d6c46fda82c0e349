--- rdb.atomic, rdb.begin, rdb.on_commit, rdb.on_rollback, and the memory of objects for a rollback.
local connections = require "rdb.orm.connections"
local contexts = require "rdb.orm.transaction_context"
local errors = require "rdb.orm.errors"
local transaction_options = require "rdb.orm.transaction_options"

local object_log = require "rdb.orm.object_log"

local note = object_log.note

local rawget = rawget

local transactions = { atomic = require "rdb.orm.atomic" }

local function check_hook(fn, what)
  if type(fn) ~= "function" then
    errors.raise("misuse", "%s takes a function, got %s", what, errors.type_name(fn))
  end
end

--- Call `fn` once the transaction is committed, in the order of the calls; at once when none is open. A rollback (also
-- to a savepoint around the call) drops it. All hooks run; the first error of one is raised after the commit.
-- @tparam ?table options { using = alias }
function transactions.on_commit(fn, options)
  check_hook(fn, "rdb.on_commit")
  local context = connections.context(options and options.using or "default")
  if not context then
    return fn()
  end
  table.insert(contexts.top(context).commit, fn)
end

--- Call `fn` when the transaction, or the savepoint block around the call, is rolled back. Without a transaction
-- nothing can be rolled back and `fn` is never called.
-- @tparam ?table options { using = alias }
function transactions.on_rollback(fn, options)
  check_hook(fn, "rdb.on_rollback")
  local context = connections.context(options and options.using or "default")
  if context then
    table.insert(contexts.top(context).rollback, fn)
  end
end

--- Note the state of an object before it is written in a transaction, so that a rollback restores it.
-- @tparam table context of the transaction
-- @tparam table object
-- @tparam table meta the model's _meta
function transactions.note(context, object, meta)
  local key = meta.auto_key
  if key and rawget(object, key) ~= nil then
    key = nil
  end
  local frames = context.frames
  note(frames[#frames].log or contexts.log(context), object, rawget(object, 1), rawget(object, 2), key)
end

--- The same for objects first .. last of a list that were written just now.
-- @tparam ?table states, key as for object_log.note_list
function transactions.note_list(context, list, first, last, states, key)
  object_log.note_list(contexts.log(context), list, first, last, states, key)
end

--- The same when a transaction is open on `alias`.
function transactions.remember(object, alias, meta)
  local context = connections.context(alias)
  if context then
    transactions.note(context, object, meta)
  end
end

local Transaction = { __name = "rdb.transaction" }
local methods = {}

function Transaction.__index(tx, key)
  if key == "state" then
    return tx.context.txn:state()
  end
  return methods[key]
end

function Transaction.__tostring(tx)
  return ("rdb.transaction on '%s' (%s)"):format(tx.context.alias, tx.state)
end

-- Left without commit: roll back.
function Transaction.__close(tx)
  if not tx.context.over then
    contexts.rollback(tx.context)
  end
end

local function open(tx, what)
  if tx.context.over then
    errors.raise("misuse", "%s: the transaction on '%s' is over (%s)", what, tx.context.alias, tx.state)
  end
  return tx.context
end

--- Commit; then on_commit hooks run.
function methods:commit()
  contexts.commit(open(self, "commit"))
end

--- Roll back; then on_rollback hooks run.
function methods:rollback()
  contexts.rollback(open(self, "rollback"))
end

--- Set a savepoint. `name` is an identifier.
function methods:savepoint(name)
  local context = open(self, "savepoint")
  context.txn:savepoint(name)
  table.insert(context.frames, contexts.new_frame(name))
end

local function frame_depth(context, name)
  for depth = #context.frames, 2, -1 do
    if context.frames[depth].name == name then
      return depth
    end
  end
  errors.raise("misuse", "there is no savepoint '%s' in this transaction", tostring(name))
end

--- Undo what happened since the savepoint; the savepoint stays.
function methods:rollback_to(name)
  local context = open(self, "rollback_to")
  local depth = frame_depth(context, name)
  local hooks = contexts.undo_frames(context, depth)
  context.txn:rollback_to(name)
  table.insert(context.frames, contexts.new_frame(name))
  contexts.run_hooks(hooks)
end

--- Forget the savepoint and keep what happened since.
function methods:release(name)
  local context = open(self, "release")
  local depth = frame_depth(context, name)
  context.txn:release(name)
  while #context.frames >= depth do
    contexts.merge(context)
  end
end

--- Begin a transaction by hand: `local tx <close> = rdb.begin { }`. While it is open, queries of this coroutine run
-- in it.
-- @tparam ?table options { using=, isolation=, read_only=, timeout=, ... }
-- @treturn transaction with commit, rollback, savepoint, rollback_to, release and `state`
function transactions.begin(options)
  options = transaction_options.check(options, transaction_options.BEGIN, "rdb.begin")
  local alias = options.using or "default"
  if connections.context(alias) then
    errors.raise("misuse", "a transaction is open on '%s' in this coroutine; use its savepoints", alias)
  end
  return setmetatable({ context = contexts.open(alias, options) }, Transaction)
end

return transactions
