--- What follows when a model or a field of a state gets another name.
--
-- The database carries indexes, checks and foreign keys along with a renamed table or column, so the state does too:
-- otherwise every rename would be followed by changes that change nothing.
local references = require "rdb.migrations.references"

local M = {}


local function map_fields(model, change)
  local fields, any = {}, false
  for index, pair in ipairs(model.fields) do
    local field = change(pair[2])
    any = any or field ~= pair[2]
    fields[index] = { pair[1], field }
  end
  return any and fields or nil
end


--- The fields of a model with references to one model changed to another label; nil when nothing changes.
function M.retarget(model, old_label, new_label)
  return map_fields(model, function(field)
    return references.retarget(field, model.label, old_label, new_label)
  end)
end


--- The fields of a model with references to a renamed field changed; nil when nothing changes.
function M.rename_target_field(model, label, old_name, new_name)
  return map_fields(model, function(field)
    return references.rename_target_field(field, model.label, label, old_name, new_name)
  end)
end


local function rename_in_list(list, old_name, new_name)
  local copy = {}
  for index, name in ipairs(list) do
    copy[index] = name == old_name and new_name or name
  end
  return copy
end


-- "-name" and "name" in ordering; expressions are left as they are.
local function rename_in_ordering(list, old_name, new_name)
  local copy = {}
  for index, entry in ipairs(list) do
    local sign, name = "", entry
    if type(entry) == "string" then
      sign, name = entry:match "^(%-?)(.*)$"
    end
    copy[index] = name == old_name and sign .. new_name or entry
  end
  return copy
end


local function rename_in_named(list, old_name, new_name)
  local named = require "rdb.migrations.named"
  local copy = {}
  for index, each in ipairs(list) do
    copy[index] = named.rename_field(each, old_name, new_name)
  end
  return copy
end


local function rename_in_together(given, old_name, new_name)
  if type(given[1]) == "string" then
    return rename_in_list(given, old_name, new_name)
  end
  local copy = {}
  for index, list in ipairs(given) do
    copy[index] = rename_in_list(list, old_name, new_name)
  end
  return copy
end


local OPTIONS = {
  ordering = rename_in_ordering, unique_together = rename_in_together,
  indexes = rename_in_named, constraints = rename_in_named,
}


--- A model with one field renamed, also where its options and its composite key name it.
-- @treturn ModelState
function M.rename_field(model, old_name, new_name)
  local fields, options = {}, {}
  for index, pair in ipairs(model.fields) do
    local name, field = pair[1], pair[2]
    if field.type == "composite_key" then
      local changes = rename_in_list(field.given, old_name, new_name)
      field = references.rebuild(field, changes)
    end
    fields[index] = { name == old_name and new_name or name, field }
  end
  for key, value in pairs(model.options) do
    local change = OPTIONS[key]
    options[key] = change and type(value) == "table" and change(value, old_name, new_name) or value
  end
  if options.get_latest_by == old_name then
    options.get_latest_by = new_name
  end
  return model:with { fields = fields, options = options }
end


return M
