--- Running a statement under the conditions that verbs such as timeout put on it.
local cache = require "rdb.orm.cache"
local connections = require "rdb.orm.connections"
local core = require "rdb.core"
local errors = require "rdb.orm.errors"

local running = {}

local KINDS = { select_for_update = true, timeout = true, read_from = true, cache_for = true, cache_key = true }

-- Kind of link -> what it was given; the last of a kind counts.
local function options_of(link)
  local options = {}
  while link.prev do
    local kind = link.node.kind
    if KINDS[kind] and options[kind] == nil then
      options[kind] = link.value
    end
    link = link.prev
  end
  return options
end

-- Terminals that read no rows: there is nothing to lock.
local ROWLESS = { count = true, exists = true, aggregate = true, update = true, delete = true }

local function check_lock(node)
  if not ROWLESS[node.kind] and not connections.context(node.alias) then
    errors.raise("misuse", "%s: select_for_update locks until the end of a transaction, and none is open on '%s'; "
      .. "use rdb.atomic", node.trie.model._meta.label, node.alias)
  end
end

-- Where to read: nothing is configured to be a replica, so that only another alias is another place.
local function alias_of(node, place, compiled)
  if place == nil or place == "primary" or place == "replica" then
    return node.alias
  elseif connections.dialect(place) ~= compiled.dialect then
    errors.raise("misuse", "%s: read_from(%q): the database is of another kind than '%s'",
      node.trie.model._meta.label, place, node.alias)
  end
  return place
end

local function check_plain(node, compiled)
  if compiled.shape == "instance" then
    errors.raise("unsupported",
      "%s: cache_for keeps plain rows and answers, not objects: add values or values_list",
      node.trie.model._meta.label)
  end
end

--- Run a statement; evaluation.run calls it for nodes with the fact `runs`.
-- @tparam function verb core.fetch, core.fetch_one, core.execute or core.cursor
-- @tparam table compiled with its plan
-- @tparam table link last link of the chain
-- @tparam table params
-- @tparam table node of the terminal
-- @return what the verb answers
function running.run(verb, compiled, link, params, node)
  local options = options_of(link)
  if options.select_for_update then
    check_lock(node)
  end
  local alias = verb == core.execute and node.alias or alias_of(node, options.read_from, compiled)
  local function ask()
    return verb(connections.target(alias), compiled.plan, params, options.timeout)
  end
  if not options.cache_for or verb == core.execute or verb == core.cursor then
    return ask()
  end
  check_plain(node, compiled)
  if connections.context(alias) then
    return ask() -- a transaction sees its own writes, and nobody else may
  end
  return cache.through(options.cache_key or cache.key(alias .. ":" .. compiled.shape, compiled.sql, params,
    #compiled.kinds), compiled.plan,
    options.cache_for, ask)
end

return running
