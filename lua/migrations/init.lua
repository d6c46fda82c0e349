--- What migration files use: `local m = require "rdb.migrations"`.
--
--   m.Migration { dependencies = { { "auth", "0001_initial" } }, operations = { m.CreateModel { … }, … } }
--   m.Migration { up = function(schema) … end, down = function(schema) … end }
--   m.noop              in RunLua and RunSQL: nothing to do or to undo
--   m.define_operation  a kind of operation of your own, see operations/base.lua
--
-- Operations are loaded on first use, so that commands that only list migrations stay quick.
local M = {}


--- Build a migration. See migration.lua.
function M.Migration(given)
  return require("rdb.migrations.migration").new(given)
end


--- Define a kind of operation; see operations/base.lua for the methods it needs.
-- @tparam string kind its name
-- @tparam table class arguments and methods
-- @treturn table the class; `m[kind]` builds operations from then on
function M.define_operation(kind, class)
  M[kind] = require("rdb.migrations.operations.base").define(kind, class)
  return M[kind]
end


local errors_for_unknown = function(key)
  local errors = require "rdb.orm.errors"
  errors.raise("config", "rdb.migrations has no operation %q%s", tostring(key),
    require("rdb.orm.suggest").clause(key, require "rdb.migrations.operations"))
end


return setmetatable(M, {
  __index = function(_, key)
    local operation = require("rdb.migrations.operations")[key]
    if operation == nil and type(key) == "string" and key:match "^%u" then
      errors_for_unknown(key)
    end
    return operation
  end,
})
