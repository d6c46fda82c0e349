--- rdb.cache: what QuerySets with cache_for remember, in the memory of one state.
-- An entry answers until it expires, until clear(), or until the cache is full and starts anew. Callers get copies.
local core = require "rdb.core"

local cache = {}

--- Entries before the cache starts anew.
cache.limit = 1000

local entries, size = {}, 0

local function deep_copy(value)
  if type(value) ~= "table" then
    return value
  end
  local copy = {}
  for key, item in next, value do
    copy[key] = deep_copy(item)
  end
  return setmetatable(copy, getmetatable(value))
end

-- Values as text, unambiguously: type, length, digits.
local function key_part(value)
  if type(value) == "table" then
    value = core.json_encode(value)
  end
  local text = math.type(value) == "float" and ("%a"):format(value) or tostring(value)
  return ("%s:%d:%s"):format(math.type(value) or core.is(value) or type(value), #text, text)
end

--- The key of a statement and its parameters.
-- @tparam string alias
-- @tparam string sql
-- @tparam table params
-- @tparam integer n how many
function cache.key(alias, sql, params, n)
  local parts = { alias, sql }
  for i = 1, n do
    parts[i + 2] = key_part(params[i])
  end
  return table.concat(parts, "\0")
end

local function keep(key, entry)
  if entries[key] == nil then
    if size >= cache.limit then
      cache.clear()
    end
    size = size + 1
  end
  entries[key] = entry
end

--- What `ask` answers, from the cache when it was asked before.
-- @tparam string key
-- @tparam any owner an entry that another owner made under the same key does not count
-- @tparam number seconds how long an answer is good from now on; a shorter time than the entry's own counts
-- @tparam function ask answers two values
function cache.through(key, owner, seconds, ask)
  local entry, now = entries[key], core.now()
  if entry and entry.owner == owner and (now - entry.made).seconds < math.min(seconds, entry.seconds) then
    return deep_copy(entry[1]), entry[2]
  end
  local first, second = ask()
  keep(key, { deep_copy(first), second, owner = owner, made = now, seconds = seconds })
  return first, second
end

--- Forget everything, or the entry of one cache_key.
function cache.clear(key)
  if key == nil then
    entries, size = {}, 0
  elseif entries[key] ~= nil then
    entries[key], size = nil, size - 1
  end
end

return cache
