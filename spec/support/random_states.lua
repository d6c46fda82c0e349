--- Random project states of an app "z", and what a database holds in a comparable form. Same seed, same state.
local connections = require "rdb.orm.connections"
local f = require "rdb.fields"
local indexes = require "rdb.orm.indexes"
local constraints = require "rdb.orm.constraints"
local introspection = require "rdb.migrations.schema.introspection"
local on_delete = require "rdb.orm.on_delete"
local State = require "rdb.migrations.state"

local M = {}

local NAMES = { "one", "two", "three", "four", "five" }


local function pick(list) return list[math.random(#list)] end
local function chance(probability) return math.random() < probability end


local SCALARS = {
  function(null) return f.integer { null = null, default = 5, db_index = chance(.3), unique = chance(.1) } end,
  function(null) return f.big_integer { null = null, default = 5 } end,
  function(null)
    return f.char { max_length = math.random(3) * 10, null = null, default = "x", unique = chance(.2) }
  end,
  function(null) return f.text { null = null, default = "t", db_default = chance(.3) and "d" or nil } end,
  function(null) return f.positive_integer { null = null, default = 1 } end,
  function(null) return f.json { null = null, default = {} } end,
  function(null) return f.decimal { max_digits = 8, decimal_places = 2, null = null, default = "1.00" } end,
  function(null) return f.enum { "a", pick { "b", "c" }, default = "a", null = null } end,
  function(null) return f.boolean { default = false, null = null } end,
}


local function random_field(models)
  local target = "z." .. pick(models)
  if chance(.2) then
    return f.foreign_key { target, null = true, related_name = "+",
      on_delete = pick { on_delete.CASCADE, on_delete.DB_CASCADE, on_delete.DO_NOTHING } }
  elseif chance(.1) then
    return f.one_to_one { target, null = true, related_name = "+", on_delete = on_delete.CASCADE }
  elseif chance(.1) then
    return f.many_to_many { target, related_name = "+" }
  end
  return pick(SCALARS)(chance(.4))
end


local function random_model(name, models)
  local key = chance(.15) and f.char { max_length = 12, primary_key = true } or f.big_auto { primary_key = true }
  local fields, columns, options = { { "id", key } }, {}, {}
  for _, each in ipairs(NAMES) do
    if chance(.6) then
      local field = random_field(models)
      fields[#fields + 1] = { each, field }
      if not field.many_to_many then columns[#columns + 1] = each end
    end
  end
  if #columns >= 2 and chance(.4) then options.unique_together = { { columns[1], columns[2] } } end
  if #columns >= 2 and chance(.4) then
    options.indexes = { indexes.Index { "-" .. columns[2], columns[1],
      name = ("ix_%s_%d"):format(name:lower(), math.random(2)) } }
  end
  if #columns >= 1 and chance(.3) then
    options.constraints = { constraints.UniqueConstraint { columns[1], name = "uq_" .. name:lower() } }
  end
  return State.ModelState { app = "z", name = name, fields = fields, options = options }
end


--- A random state with these models.
function M.state(models)
  local state = State.ProjectState()
  for _, name in ipairs(models) do state:add_model(random_model(name, models)) end
  return state
end


local function add_table(lines, description)
  local function add(...) lines[#lines + 1] = description.name .. " " .. string.format(...) end
  for _, column in ipairs(description.columns) do
    add("column %s %s null=%s default=%s key=%s auto=%s", column.name, column.declared, column.null, column.default,
      column.primary_key, column.autoincrement)
  end
  for _, key in ipairs(description.foreign_keys) do
    add("key %s to %s (%s) %s", key.columns[1], key.to_table, key.to_columns[1], key.on_delete)
  end
  for _, index in ipairs(description.indexes) do
    local parts = {}
    for i, part in ipairs(index.columns) do parts[i] = part.name .. (part.desc and " desc" or "") end
    add("index %s unique=%s %s", table.concat(parts, ", "), index.unique, index.origin)
  end
  for _, check in ipairs(description.checks) do add("check %s", check.sql) end
end


--- What the database "default" holds, as sorted lines. Order of columns and names of indexes do not count.
function M.describe()
  local live, lines = introspection.new(connections.target "default", "sqlite"), {}
  for _, entry in ipairs(live:tables()) do
    if entry.name ~= "rdb_migrations" then add_table(lines, live:table(entry.name)) end
  end
  table.sort(lines)
  return lines
end


return M
