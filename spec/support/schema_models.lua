--- Models for schema specs in registries of their own, and a database to try them on.
local connections = require "rdb.orm.connections"
local definition = require "rdb.orm.definition"
local errors = require "rdb.orm.errors"
local registry = require "rdb.orm.registry"
local transactions = require "rdb.orm.transactions"

local M = {}


--- Define models in a new registry.
-- @tparam table list { { "blog.Author", { { "name", f.char {} }, ... }, options }, ... }
-- @treturn table label -> Model
function M.define(list)
  local own, models = registry.new(), {}
  for _, each in ipairs(list) do
    models[each[1]] = definition.define {
      registry = own, label = each[1], fields = each[2], options = each[3] or {}, methods = {}, source = errors.at(2),
    }
  end
  own:resolve()
  return models
end


--- The field of a model.
function M.field(model, name) return assert(model._meta.by_name[name], name) end


--- Use a database file as "default".
function M.connect(path) connections.configure { default = { url = "sqlite:///" .. path } } end


--- Close it again.
function M.disconnect() connections.close_all() end


--- Change the schema in a transaction as migrations do: with foreign keys off and the checks at the end.
-- @tparam function fn called with the editor
function M.change(fn)
  return transactions.atomic(function()
    local editor = require("rdb.migrations.schema.editor").new "default"
    fn(editor)
    editor:finish()
  end, { foreign_keys = false })
end


--- The SQL of a change, collected without connecting.
function M.collect(fn)
  local editor = require("rdb.migrations.schema.editor").new("default", { collect = true })
  fn(editor)
  editor:finish()
  return editor.collected
end


return M
