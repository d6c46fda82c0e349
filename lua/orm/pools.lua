--- rdb.pool: connection pools without models.
local errors = require "rdb.orm.errors"

local pools = {}

local unnamed = 0

--- Open a pool. It connects on first use.
-- @tparam string url
-- @tparam ?table options { name =, max =, min =, acquire_timeout = seconds, ... }; names are unique in the process
-- @treturn pool
function pools.new(url, options)
  if type(url) ~= "string" then
    errors.raise("misuse", "rdb.pool.new takes a URL such as \"sqlite:///app.db\", got %s", errors.type_name(url))
  end
  local rest, name = {}, nil
  for key, value in pairs(options or {}) do
    if key == "name" then
      name = value
    else
      rest[key] = value
    end
  end
  if not name then
    unnamed = unnamed + 1
    name = ("pool-%s-%d"):format(tostring(rest):match("%x+$"), unnamed)
  end
  return require "rdb.core".pool_open(name, url, rest)
end

--- The pool that this process registered under `name`, or the pool of a configured database.
-- @raise config when there is neither
function pools.get(name)
  return require "rdb.core".pool_get(name) or require "rdb.orm.connections".pool(name)
end

return pools
