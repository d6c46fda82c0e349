--- Writes migration files. The same migration gives the same bytes in every run.
local errors = require "rdb.orm.errors"
local files = require "rdb.migrations.files"
local serializer = require "rdb.migrations.serializer"

local M = {}


local function broken(node)
  node.broken = #node.items > 0
  return node
end


local operation_node


local function operations_node(list, context, app)
  local items = {}
  for index, operation in ipairs(list) do
    items[index] = { nil, operation_node(operation, context, app) }
  end
  return broken(serializer.group("{", items))
end


-- { { "id", f.big_auto { … } }, … }, one field per line.
local function fields_node(list, context)
  local items = {}
  local where = context.where
  for index, pair in ipairs(list) do
    context.where = ("%s.%s"):format(context.own, pair[1])
    items[index] = { nil, serializer.group("{", {
      { nil, serializer.literal(pair[1]) }, { nil, serializer.field_node(pair[2], context) },
    }) }
  end
  context.where = where
  return broken(serializer.group("{", items))
end


local function argument_node(key, value, context, app)
  if key == "fields" then
    return fields_node(value, context)
  elseif key == "state_operations" or key == "database_operations" then
    return operations_node(value, context, app)
  end
  return serializer.node(value, context)
end


function operation_node(operation, context, app)
  local kind, arguments = operation:deconstruct()
  local model = operation.model or operation.name or "?"
  context.own = app .. "." .. model
  context.where = context.own .. (operation.model and operation.name and "." .. operation.name or "")
  local items = {}
  for index, pair in ipairs(arguments) do
    local key, value = pair[1], pair[2]
    items[index] = { key ~= true and key .. " = " or nil, argument_node(key, value, context, app) }
  end
  return serializer.group("m." .. kind .. " {", items)
end


-- Sorted by app and name, without repetitions.
local function dependencies_node(list)
  local sorted, seen = {}, {}
  for _, pair in ipairs(list) do
    local key = pair[1] .. "\0" .. pair[2]
    if not seen[key] then
      seen[key] = true
      sorted[#sorted + 1] = pair
    end
  end
  table.sort(sorted, function(a, b)
    return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2])
  end)
  return serializer.node(sorted, { uses = {} })
end


--- The text of a migration file.
-- @tparam table migration app, name, operations, dependencies, initial, atomic
-- @treturn string
-- @raise unsupported naming the field for a value that cannot be written
function M.render(migration)
  local context = { uses = {} }
  local items = {}
  if migration.initial then
    items[#items + 1] = { "initial = ", "true" }
  end
  if migration.atomic == false then
    items[#items + 1] = { "atomic = ", "false" }
  end
  items[#items + 1] = { "dependencies = ", dependencies_node(migration.dependencies or {}) }
  items[#items + 1] = { "operations = ", operations_node(migration.operations or {}, context, migration.app) }
  local body = serializer.layout(broken(serializer.group("m.Migration {", items)), "", 7)
  return table.concat {
    ("-- %s/migrations/%s.lua\n"):format(migration.app, migration.name),
    context.uses.f and 'local m, f = require "rdb.migrations", require "rdb.fields"\n'
      or 'local m = require "rdb.migrations"\n',
    context.uses.rdb and 'local rdb = require "rdb"\n' or "",
    "\nreturn ", body, "\n",
  }
end


--- Where the file of a migration belongs.
function M.path(root, migration)
  return files.folder(root, migration.app) .. "/" .. migration.name .. ".lua"
end


--- Write a migration's file; never over an existing one. The file appears whole or not at all.
-- @tparam string|table root the project's folder, or app -> its folder
-- @tparam table migration see render
-- @treturn string the file's path
-- @raise config when the file exists or cannot be written
function M.write(root, migration)
  local core = require "rdb.core"
  local text, path = M.render(migration), M.path(root, migration)
  local folder = files.folder(root, migration.app)
  local made, reason = core.make_directory(folder)
  if not made then
    errors.raise("config", "cannot make the folder %s: %s", folder, reason)
  end
  if core.file_kind(path) then
    errors.raise("config", "the migration %s exists already", path)
  end
  local temporary = path .. ".new"
  local file, why = io.open(temporary, "wb")
  if not file then
    errors.raise("config", "cannot write %s: %s", path, why)
  end
  local written, failure = file:write(text)
  local closed, close_failure = file:close()
  if not (written and closed) then
    os.remove(temporary)
    errors.raise("config", "cannot write %s: %s", path, failure or close_failure)
  end
  assert(os.rename(temporary, path))
  return path
end


return M
