--- Foreign keys of a live table as relation fields, with reverse names that do not collide.

local names = require "rdb.migrations.inspect.names"

local M = {}

local ON_DELETE = {
  CASCADE = "DB_CASCADE", ["SET NULL"] = "DB_SET_NULL", ["SET DEFAULT"] = "DB_SET_DEFAULT",
}
local ON_UPDATE = {
  CASCADE = "cascade", ["SET NULL"] = "set_null", ["SET DEFAULT"] = "set_default", RESTRICT = "restrict",
}


--- The foreign key of a column, when the model of its target is described too and can be pointed at.
-- @treturn table|nil the key, with `model` = the target's model
function M.of_column(description, column, tables)
  for _, key in ipairs(description.foreign_keys) do
    local model = tables[key.to_table:lower()]
    if #key.columns == 1 and key.columns[1] == column.name and model and not model.skipped then
      return { key = key, model = model }
    end
  end
  return nil
end


--- What a column refers to when its target is not among the models.
-- @treturn string|nil "refers to shop_customer (id)"
function M.note(description, column)
  for _, key in ipairs(description.foreign_keys) do
    if #key.columns == 1 and key.columns[1] == column.name then
      return ("refers to %s (%s)"):format(key.to_table, key.to_columns[1] or "?")
    end
  end
  return nil
end


-- The default action of SQL refuses the deletion: the database does it, the model does nothing.
local function on_delete(key, column)
  local name = ON_DELETE[key.on_delete] or "DO_NOTHING"
  if name == "DB_SET_NULL" and not column.null or name == "DB_SET_DEFAULT" and not column.default then
    name = "DO_NOTHING"
  end
  return require("rdb.orm.on_delete")[name]
end


--- The relation field of a column.
-- @tparam table model being described
-- @tparam table column of the introspection
-- @tparam table found what of_column answered
-- @treturn table field
function M.field(model, column, found)
  local key = found.key
  local field = {
    column = column.name, type = "foreign_key", options = { found.model.label, on_delete = on_delete(key, column) },
    relation = { model = found.model, to_column = key.to_columns[1] },
  }
  field.options.on_update = ON_UPDATE[key.on_update]
  field.name = names.field(column.name, true, model.taken)
  return field
end


-- A foreign key to a column that is not the primary key names the field.
local function set_to_field(field)
  local target = field.relation.model.by_column[(field.relation.to_column or ""):lower()]
  if target and not target.options.primary_key then field.options.to_field = target.name end
end


local function default_names(model, field)
  local lower = model.name:lower()
  return field.type == "one_to_one" and lower or lower .. "_set", lower
end


--- Give related names where the default ones collide with a field or with each other.
-- @tparam table models all that are described; their options are completed
function M.name_reverse(models)
  local counts = {}
  local function each_relation(fn)
    for _, model in ipairs(models) do
      for _, field in ipairs(model.fields or {}) do
        if field.relation then fn(model, field, field.relation.model) end
      end
    end
  end
  each_relation(function(model, _, target)
    counts[target] = counts[target] or {}
    counts[target][model] = (counts[target][model] or 0) + 1
  end)
  each_relation(function(model, field, target)
    set_to_field(field)
    target.taken_reverse = target.taken_reverse or {}
    local function taken(name) return target.taken[name] or target.taken_reverse[name] end
    local accessor, query_name = default_names(model, field)
    if counts[target][model] > 1 or taken(accessor) or taken(query_name) then
      accessor = model.name:lower() .. "_" .. field.name
      while taken(accessor) do accessor = accessor .. "_set" end
      field.options.related_name, query_name = accessor, accessor
    end
    target.taken_reverse[accessor], target.taken_reverse[query_name] = true, true
  end)
end


return M
