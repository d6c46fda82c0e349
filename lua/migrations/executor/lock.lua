--- The lock of a migration: the write lock of its transaction.
--
-- SQLite gives it with BEGIN IMMEDIATE and takes it back when the process dies, so nothing has to be cleaned up after
-- a kill. Waiting is polling with a message, never blocking for ever.

local core = require "rdb.core"
local connections = require "rdb.orm.connections"
local errors = require "rdb.orm.errors"
local transactions = require "rdb.orm.transactions"

local M = {}

--- The exit status of commands that did not get the lock.
M.EXIT_CODE = 4
M.DEFAULT_TIMEOUT = 60 -- seconds

local STEP = 1 -- seconds between messages


-- Wait for the write lock, without keeping it: so that the wait has a limit and a message. Whoever takes it first
-- afterwards makes the transaction wait once more.
local function wait_for_lock(alias, seconds)
  local ok, txn = pcall(core.begin, connections.pool(alias), { timeout = math.max(seconds, 0.001) })
  if ok then
    txn:rollback()
    return true
  elseif type(txn) == "table" and (txn.code == "lock_timeout" or txn.code == "statement_timeout") then
    return false
  end
  error(txn, 0)
end


--- Run fn in a transaction that holds the write lock from its beginning.
-- @tparam string alias
-- @tparam table options { foreign_keys = false: not enforced inside, lock_timeout = seconds,
--   on_wait = function(seconds_waited) }
-- @tparam function fn
-- @return what fn returns
-- @raise lock_timeout naming how long was waited; what fn raises, after a rollback
function M.run(alias, options, fn)
  local limit, started = options.lock_timeout or M.DEFAULT_TIMEOUT, core.now()
  local waited = 0
  while true do
    if connections.context(alias) or wait_for_lock(alias, math.min(limit - waited, STEP)) then
      local entered = false
      local results = table.pack(pcall(transactions.atomic, function()
        entered = true
        return fn()
      end, { using = alias, durable = true, foreign_keys = options.foreign_keys }))
      if results[1] then return table.unpack(results, 2, results.n) end
      local err = results[2]
      if entered or type(err) ~= "table" or err.code ~= "lock_timeout" then error(err, 0) end
    end
    waited = (core.now() - started).seconds
    if waited >= limit then
      errors.raise_with("lock_timeout", { exit_code = M.EXIT_CODE,
        hint = "find out what holds the database (another migrate, a long transaction), or wait longer with "
          .. "--lock-timeout" },
        "the database is locked by another connection; waited %.1f seconds", waited)
    end
    if options.on_wait then options.on_wait(waited) end
  end
end


return M
