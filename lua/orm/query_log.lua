--- rdb.capture, rdb.on_query and logging: who listens to the statements of this state.
local errors = require "rdb.orm.errors"

local query_log = {}

local listeners = {} -- in the order they came
local own            -- the one of rdb.on_query
local trusted = {}   -- those that are shown the values of parameters

local function dispatch(sql, seconds, rows, database, params)
  for i = #listeners, 1, -1 do
    local listener = listeners[i]
    if trusted[listener] then
      listener(sql, seconds, rows, database, params)
    else
      listener(sql, seconds, rows, database)
    end
  end
end

local function update()
  require "rdb.core".on_query(#listeners > 0 and dispatch or nil, next(trusted) ~= nil)
end

--- End what query_log.add began.
function query_log.remove(listener)
  for i = #listeners, 1, -1 do
    if listeners[i] == listener then
      table.remove(listeners, i)
    end
  end
  trusted[listener] = nil
  update()
end

local remove = query_log.remove

--- Call `listener(sql, seconds, rows, database [, params])` after each statement, beside others that listen.
-- @tparam function listener rows is nil when the statement failed
-- @tparam ?table options { params = true: it gets the values as { n =, ... } too, nil for a statement that ran for many
--   rows }
function query_log.add(listener, options)
  table.insert(listeners, listener)
  trusted[listener] = options and options.params or nil
  update()
end

--- Call `fn(sql, seconds, rows, database)` after each statement; nil ends it. Parameter values are never passed.
-- @tparam ?function fn
function query_log.on_query(fn)
  if fn ~= nil and type(fn) ~= "function" then
    errors.raise("misuse", "rdb.on_query takes a function or nil, got %s", errors.type_name(fn))
  end
  if own then
    remove(own)
  end
  own = fn
  if fn then
    table.insert(listeners, fn)
  end
  update()
end

local function finish(log, listener, ok, ...)
  remove(listener)
  if not ok then
    error((...), 0)
  end
  return log, ...
end

--- Run `fn(...)` and list its statements.
-- @treturn table { { sql=, seconds=, rows=, database= }, ... }
-- @return the results of fn
function query_log.capture(fn, ...)
  if type(fn) ~= "function" then
    errors.raise("misuse", "rdb.capture takes a function, got %s", errors.type_name(fn))
  end
  local log = {}
  local function listener(sql, seconds, rows, database)
    log[#log + 1] = { sql = sql, seconds = seconds, rows = rows, database = database }
  end
  table.insert(listeners, listener)
  update()
  return finish(log, listener, pcall(fn, ...))
end

return query_log
