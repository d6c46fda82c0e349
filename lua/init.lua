--- rdb: the public table. Nothing is loaded until it is used, so that a command starts in milliseconds.
local rdb = {}

-- public name -> module, or { module, key in it }
local EXPORTS = {
  configure = { "rdb.orm.settings", "configure" },
  setup = { "rdb.orm.settings", "setup" },
  settings = "rdb.orm.settings",
  fields = "rdb.orm.fields",
  model = "rdb.orm.model",
  models = { "rdb.orm.registry", "default" },
  Model = { "rdb.orm.instance", "methods" },
  validators = "rdb.orm.validators",
  try = { "rdb.orm.errors", "try" },
  errors = "rdb.orm.errors",
  ValidationError = { "rdb.orm.errors", "ValidationError" },
  DoesNotExist = { "rdb.orm.errors", "DoesNotExist" },
  MultipleObjectsReturned = { "rdb.orm.errors", "MultipleObjectsReturned" },
  Index = { "rdb.orm.indexes", "Index" },
  CheckConstraint = { "rdb.orm.constraints", "CheckConstraint" },
  UniqueConstraint = { "rdb.orm.constraints", "UniqueConstraint" },
  atomic = { "rdb.orm.transactions", "atomic" },
  begin = { "rdb.orm.transactions", "begin" },
  on_commit = { "rdb.orm.transactions", "on_commit" },
  on_rollback = { "rdb.orm.transactions", "on_rollback" },
  capture = { "rdb.orm.query_log", "capture" },
  on_query = { "rdb.orm.query_log", "on_query" },
  register_lookup = { "rdb.orm.register", "lookup" },
  register_function = { "rdb.orm.register", "database_function" },
  register_field = { "rdb.orm.fields.register", "register" },
  pool = "rdb.orm.pools",
  cache = "rdb.orm.cache",
  connections = "rdb.orm.connections",
  manage = "rdb.commands.manage",
  core = "rdb.core",
}

for _, name in ipairs {
  "CASCADE", "PROTECT", "RESTRICT", "SET_NULL", "SET_DEFAULT", "SET", "DO_NOTHING", "DB_CASCADE", "DB_SET_NULL",
  "DB_SET_DEFAULT",
} do
  EXPORTS[name] = { "rdb.orm.on_delete", name }
end

for _, name in ipairs {
  "null", "version", "date", "time", "datetime", "duration", "decimal", "uuid", "now", "json_encode", "json_decode",
  "array", "object", "sleep",
} do
  EXPORTS[name] = { "rdb.core", name }
end

for _, name in ipairs { "run", "spawn", "gather", "with_timeout", "on" } do
  EXPORTS[name] = { "rdb.orm.later", name }
end

-- The names of the query half are listed by itself.
local query_exports

local function find_export(name)
  if EXPORTS[name] then
    return EXPORTS[name]
  end
  query_exports = query_exports or require "rdb.orm.exports_query"
  return query_exports[name]
end

setmetatable(rdb, {
  __index = function(self, name)
    local export = find_export(name)
    if not export then
      return nil
    end
    local value
    if type(export) == "table" then
      value = require(export[1])
      if export[2] then
        value = value[export[2]]
      end
    else
      value = require(export)
    end
    rawset(self, name, value)
    return value
  end,
  __name = "rdb",
  -- For completion in the interactive loop: a table whose keys are all names.
  __names = function()
    local names = {}
    for _, exports in ipairs { EXPORTS, require "rdb.orm.exports_query" } do
      for name in pairs(exports) do
        names[name] = true
      end
    end
    return names
  end,
})

return rdb
