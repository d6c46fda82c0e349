--- The databases of the project by alias: their pools, dialects, and which transaction is open in this coroutine.
-- Pools are opened on first use; a pool that a C host registered under the alias is taken as it is.
local errors = require "rdb.orm.errors"
local suggest = require "rdb.orm.suggest"

local connections = {}

local running = coroutine.running

local configured = {} -- alias -> { url =, pool = {} }
local pools = {}      -- alias -> pool
local dialects = {}   -- alias -> dialect

--- The dialects of the aliases in use, for those who ask often. Read only.
connections.dialects = dialects

-- coroutine -> alias -> the context of its open transaction. Contexts are held by whoever runs the transaction, so
-- that one which is abandoned is collected and gives its connection back.
local contexts = setmetatable({}, { __mode = "k" })
local open_contexts = 0

--- Replace the configured databases. Pools that are open stay; their aliases keep them until close().
-- @tparam table databases alias -> { url =, pool = {options} }
function connections.configure(databases)
  configured = databases
end

--- The aliases that are configured, sorted.
function connections.aliases()
  local aliases = {}
  for alias in pairs(configured) do
    aliases[#aliases + 1] = alias
  end
  table.sort(aliases)
  return aliases
end

local function raise_unknown(alias)
  if type(alias) ~= "string" then
    errors.raise("misuse", "a database is named by its alias, got %s", errors.type_name(alias))
  elseif next(configured) == nil then
    errors.raise("config", "there is no database '%s': call rdb.configure { databases = { %s = "
      .. "\"sqlite:///app.db\" } } or set DATABASE_URL", alias, alias)
  end
  errors.raise("config", "there is no database '%s' in the settings%s", alias, suggest.clause(alias, configured))
end

-- Opening a pool does not connect.
local function open_pool(alias)
  local core = require "rdb.core"
  local pool = type(alias) == "string" and core.pool_get(alias) or nil
  if not pool then
    local database = configured[alias]
    if not database and alias == "default" and os.getenv "DATABASE_URL" then
      database = { url = os.getenv "DATABASE_URL" }
    elseif not database then
      raise_unknown(alias)
    end
    local opened, result = pcall(core.pool_open, alias, database.url, database.pool)
    if opened then
      pool = result
    else
      pool = core.pool_get(alias) -- another thread of this process was faster
      if not pool then
        result.message = ("database '%s': %s"):format(alias, result.message)
        error(result, 0)
      end
    end
  end
  pools[alias] = pool
  return pool
end

--- The pool of a database.
-- @raise config for an alias that is not configured
function connections.pool(alias)
  return pools[alias] or open_pool(alias)
end

--- What statements for `alias` run on: the transaction that is open in this coroutine, else the pool.
function connections.target(alias)
  if open_contexts == 0 then
    return pools[alias] or open_pool(alias)
  end
  local by_alias = contexts[running()]
  local context = by_alias and by_alias[alias]
  if not context then
    return pools[alias] or open_pool(alias)
  elseif context.broken then
    errors.raise("misuse", "the transaction on '%s' must roll back: %s", alias, context.broken)
  end
  return context.txn
end

--- The same with the context of the transaction.
-- @treturn userdata target
-- @treturn ?table context
function connections.current(alias)
  if open_contexts == 0 then
    return pools[alias] or open_pool(alias)
  end
  local by_alias = contexts[running()]
  local context = by_alias and by_alias[alias]
  if not context or context.broken then
    return connections.target(alias)
  end
  return context.txn, context
end

--- The dialect of a database. Does not connect.
function connections.dialect(alias)
  local dialect = dialects[alias]
  if not dialect then
    dialect = require("rdb.orm.dialects." .. connections.pool(alias):backend())
    dialects[alias] = dialect
  end
  return dialect
end

--- What is known about a database: { alias =, url = (without password), pool =, dialect = }.
function connections.get(alias)
  local pool = connections.pool(alias)
  return { alias = alias, url = pool:url(), pool = pool, dialect = connections.dialect(alias) }
end

--- The URL of a database as configured, password included: for starting its own shell, never for messages.
function connections.url(alias)
  if configured[alias] then
    return configured[alias].url
  end
  return alias == "default" and os.getenv "DATABASE_URL" or raise_unknown(alias)
end

--- Close the pool of a database and forget it; the next use opens it anew.
function connections.close(alias)
  if pools[alias] then
    pools[alias], dialects[alias] = nil, nil
    require "rdb.core".pool_remove(alias)
  end
end

--- Close all pools that this state opened or used.
function connections.close_all()
  for _, alias in ipairs { table.unpack(connections.open_aliases()) } do
    connections.close(alias)
  end
end

--- The aliases whose pools are in use, sorted.
function connections.open_aliases()
  local aliases = {}
  for alias in pairs(pools) do
    aliases[#aliases + 1] = alias
  end
  table.sort(aliases)
  return aliases
end

-- -- for rdb.orm.transactions ---------------------------------------------------------------------

--- The context of the transaction that is open on `alias` in this coroutine, or nil.
function connections.context(alias)
  if open_contexts == 0 then
    return nil
  end
  local by_alias = contexts[running()]
  return by_alias and by_alias[alias]
end

--- A context is open from now on. The caller keeps it alive.
function connections.enter(alias, context)
  local thread = running()
  local by_alias = contexts[thread]
  if not by_alias then
    by_alias = setmetatable({}, { __mode = "v" })
    contexts[thread] = by_alias
  end
  by_alias[alias], context.thread = context, thread
  open_contexts = open_contexts + 1
end

--- The context has ended. Called once per enter, from any coroutine.
function connections.leave(alias, context)
  open_contexts = open_contexts - 1
  local by_alias = contexts[context.thread]
  if by_alias and by_alias[alias] == context then
    by_alias[alias] = nil
  end
end

--- Set the current context aside while something runs outside it; `connections.resume` puts it back.
function connections.suspend(alias)
  contexts[running()][alias] = nil
end

function connections.resume(alias, context)
  local by_alias = contexts[running()]
  if not by_alias then
    by_alias = setmetatable({}, { __mode = "v" })
    contexts[running()] = by_alias
  end
  by_alias[alias] = context
end

return connections
