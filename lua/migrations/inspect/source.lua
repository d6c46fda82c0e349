--- Models as the text of a models.lua, and as data for --json.

local core = require "rdb.core"
local serializer = require "rdb.migrations.serializer"

local M = {}


local function group(open, items) return { open = open, items = items, close = "}" } end


-- The options that a field here can have, in the order in which people write them.
local ORDER = { "max_length", "max_digits", "decimal_places", "on_delete", "on_update", "related_name", "to_field",
  "primary_key", "null", "unique", "db_index", "db_default", "db_collation", "db_column" }


local function field_node(field)
  local items, context = {}, { uses = {} }
  for i, value in ipairs(field.options) do items[i] = { nil, serializer.node(value, context) } end
  for _, key in ipairs(ORDER) do
    if field.options[key] ~= nil then
      items[#items + 1] = { key .. " = ", serializer.node(field.options[key], context) }
    end
  end
  return group("f." .. field.type .. " {", items)
end


-- The column that the field would have by its name.
local function default_column(field) return field.relation and field.name .. "_id" or field.name end


local function strings(list)
  local items = {}
  for i, text in ipairs(list) do items[i] = { nil, serializer.literal(text) } end
  return group("{", items)
end


local function named(kind, each)
  local node = strings(each.fields)
  node.open = "rdb." .. kind .. " {"
  table.insert(node.items, { "name = ", serializer.literal(each.name) })
  return node
end


local function list_of(list, make)
  local items = {}
  for i, each in ipairs(list) do items[i] = { nil, make(each) } end
  return group("{", items)
end


local function meta_node(model, app)
  local items = {}
  if model.table ~= app .. "_" .. model.name:lower() then
    items[#items + 1] = { "table_name = ", serializer.literal(model.table) }
  end
  if model.kind == "view" then items[#items + 1] = { "managed = ", "false" } end
  if #model.unique_together > 0 then
    items[#items + 1] = { "unique_together = ", list_of(model.unique_together, strings) }
  end
  if #model.indexes > 0 then
    items[#items + 1] = { "indexes = ", list_of(model.indexes, function(each) return named("Index", each) end) }
  end
  if #model.constraints > 0 then
    items[#items + 1] = { "constraints = ", list_of(model.constraints, function(each)
      return named("UniqueConstraint", each)
    end) }
  end
  return #items > 0 and group("{", items) or nil
end


local function one_line(text) return (text:gsub("%s+", " ")) end


local function add_model(lines, model, app)
  for _, note in ipairs(model.notes) do lines[#lines + 1] = "-- " .. one_line(note) end
  lines[#lines + 1] = ("models.%s = rdb.model %s {"):format(model.name, serializer.literal(model.label))
  for _, field in ipairs(model.fields) do
    if field.column ~= default_column(field) then field.options.db_column = field.column end
    local key = "  " .. field.name .. " = "
    local text = serializer.layout(field_node(field), "  ", #key + 1)
    lines[#lines + 1] = key .. text .. "," .. (field.note and " -- " .. one_line(field.note) or "")
  end
  if model.key then
    local node = strings(model.key)
    node.open = "f.composite_key {"
    lines[#lines + 1] = "  pk = " .. serializer.layout(node, "  ", 8) .. ","
  end
  local meta = meta_node(model, app)
  if meta then lines[#lines + 1] = "  meta = " .. serializer.layout(meta, "  ", 10) .. "," end
  lines[#lines + 1] = "}"
  lines[#lines + 1] = ""
end


--- The text of a models.lua.
-- @tparam table models what inspect.models read
-- @tparam string app
-- @tparam string database what the models were read from, for the header (no password)
-- @treturn string
function M.text(models, app, database)
  local lines = {
    ("--- Models of %s, written by inspectdb from the tables."):format(one_line(database)),
    'local rdb = require "rdb"', "local f = rdb.fields", "", "local models = {}", "",
  }
  for _, model in ipairs(models) do
    if model.skipped then
      lines[#lines + 1] = ("-- %s is left out: %s"):format(one_line(model.table or model.name), model.skipped)
      lines[#lines + 1] = ""
    else
      add_model(lines, model, app)
    end
  end
  lines[#lines + 1] = "return models"
  return table.concat(lines, "\n") .. "\n"
end


-- Lists of lists stay lists when they are empty.
local function listed(list)
  for i, each in ipairs(list) do
    if type(each) == "table" and each.fields then core.array(each.fields) end
    if type(each) == "table" and not each.fields then list[i] = core.array(each) end
  end
  return core.array(list)
end


local function field_data(field)
  local options = {}
  for key, value in pairs(field.options) do
    local shown = value
    if key == "db_default" and type(value) == "table" then
      shown = { sql = table.concat(value.pieces) }
    elseif type(value) == "table" then
      shown = value.name
    end
    options[tostring(key == 1 and field.relation and "to" or key)] = shown
  end
  if field.type == "enum" then options = { values = core.array { table.unpack(field.options) } } end
  return {
    name = field.name, type = field.type, column = field.column, options = core.object(options), note = field.note,
  }
end


--- The models as plain tables, for JSON.
-- @treturn table { models = { { name=, label=, table=, fields=, primary_key=, ... } ... } }
function M.data(models)
  local list = {}
  for i, model in ipairs(models) do
    if model.skipped then
      list[i] = { name = model.name, label = model.label, table = model.table, skipped = model.skipped }
    else
      local fields, key = {}, model.key
      for k, field in ipairs(model.fields) do
        fields[k] = field_data(field)
        if not model.key and field.options.primary_key then key = { field.name } end
      end
      list[i] = {
        name = model.name, label = model.label, table = model.table, kind = model.kind, fields = core.array(fields),
        primary_key = core.array(key), indexes = listed(model.indexes), constraints = listed(model.constraints),
        unique_together = listed(model.unique_together), notes = core.array(model.notes),
      }
    end
  end
  return { models = core.array(list) }
end


return M
