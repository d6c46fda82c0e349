--- Fields that were renamed, removed, added or altered.
local dependencies = require "rdb.migrations.autodetector.dependencies"
local errors = require "rdb.orm.errors"
local m = require "rdb.migrations.operations"
local references = require "rdb.migrations.references"
local serializer = require "rdb.migrations.serializer"

local M = {}


-- Type and options as one text; equal texts mean equal fields.
local function fingerprint(field, own, without)
  local kind, options = references.deconstruct(field, own)
  for _, key in ipairs(without or {}) do
    options[key] = nil
  end
  return kind .. " " .. serializer.fingerprint(options)
end


-- Both states of each model that exists in both and whose table is managed in both.
local function each_kept(context)
  local index = 0
  return function()
    while true do
      index = index + 1
      local label = context.kept[index]
      if not label then
        return nil
      end
      local old, new = context.before.models[label], context.after.models[label]
      if old:managed() and new:managed() then
        return label, old, new
      end
    end
  end
end


local function names_missing_from(model, other)
  local list = {}
  for _, pair in ipairs(model.fields) do
    if not other.by_name[pair[1]] then
      list[#list + 1] = pair[1]
    end
  end
  return list
end


-- How alike two names are: the share of their letter pairs, 0 to 1.
local function similarity(a, b)
  local function letter_pairs(text)
    local found, count = {}, 0
    for at = 1, #text - 1 do
      local pair = text:sub(at, at + 1):lower()
      found[pair] = (found[pair] or 0) + 1
      count = count + 1
    end
    return found, count
  end
  local left, left_count = letter_pairs(a)
  local right, right_count = letter_pairs(b)
  local common = 0
  for pair, count in pairs(left) do
    common = common + math.min(count, right[pair] or 0)
  end
  return left_count + right_count > 0 and 2 * common / (left_count + right_count) or 0
end


local function column_of(field, name)
  if field.db_column then
    return field.db_column
  end
  return references.is_relation(field) and name .. "_id" or name
end


-- The new field may be the old one under another name: equal, or equal but for a pinned column.
local function may_be_renamed(old, old_name, new, own)
  if fingerprint(old, own) == fingerprint(new, own) then
    return true
  end
  return new.db_column == column_of(old, old_name)
    and fingerprint(old, own, { "db_column" }) == fingerprint(new, own, { "db_column" })
end


local function rename(context, model, old_name, new_name, new_field)
  local own, app = model.label, model.app
  local old_field = context.before.models[own].by_name[old_name]
  local function apply(operation)
    context.add(app, operation)
    operation:state_forwards(app, context.before)
  end
  if new_field.db_column and new_field.db_column ~= old_field.db_column
    and new_field.db_column == column_of(old_field, old_name) then
    -- The column keeps its name: say so first, then the rename changes nothing in the database.
    apply(m.AlterField {
      model = model.name, name = old_name, field = references.rebuild(old_field, { db_column = new_field.db_column }),
    })
  end
  apply(m.RenameField { model = model.name, old_name = old_name, new_name = new_name })
end


local function find_renamed(context, label, new, new_name)
  local new_field = new.by_name[new_name]
  local old_labels = { label, context.renamed_models[label] }
  local old = context.before.models[label]
  local candidates = {}
  for position, old_name in ipairs(names_missing_from(old, new)) do
    local known = context.questioner:known_field_rename(old_labels, old_name, new_name)
    if known then
      return old_name
    elseif known == nil and may_be_renamed(old.by_name[old_name], old_name, new_field, label) then
      candidates[#candidates + 1] = { name = old_name, score = similarity(old_name, new_name), position = position }
    end
  end
  table.sort(candidates, function(a, b)
    return a.score > b.score or (a.score == b.score and a.position < b.position)
  end)
  for _, candidate in ipairs(candidates) do
    if context.questioner:ask_rename_field(label, candidate.name, new_name, candidate.score) then
      return candidate.name
    end
  end
  return nil
end


--- Find renamed fields: the questioner knows, or is asked for fields that are equal but for the name.
function M.renamed(context)
  for label, old, new in each_kept(context) do
    for _, new_name in ipairs(names_missing_from(new, old)) do
      local old_name = find_renamed(context, label, new, new_name)
      if old_name then
        rename(context, new, old_name, new_name, new.by_name[new_name])
      end
    end
  end
end


-- A key of several fields is part of CREATE TABLE only.
local function refuse_key_change(label, name)
  errors.raise("unsupported", "%s.%s: the composite key of an existing model cannot be changed. Write the migration by "
    .. "hand: create a new table, copy the rows in m.RunSQL, drop the old one", label, name)
end


local function remove(context, model, name)
  context.add(model.app, m.RemoveField { model = model.name, name = name })
end


--- Remove the fields that are gone.
function M.removed(context)
  for _, old, new in each_kept(context) do
    for _, name in ipairs(names_missing_from(old, new)) do
      if old.by_name[name].composite then
        refuse_key_change(new.label, name)
      end
      remove(context, new, name)
    end
  end
end


-- Existing rows get a value without asking anybody.
local function fills_itself(field)
  return field.null or field:has_default() or field.db_default ~= nil or references.is_many_to_many(field)
    or field.auto_now or field.auto_now_add or field.type == "generated"
    or (field.blank and field.kind == "text" and not references.is_relation(field))
end


local function warn_of_shared_default(context, label, name, field)
  if field.unique and type(field.default) == "function" then
    context.questioner:warn(("%s.%s is unique and its default is a function: the rows that exist all get the value of "
      .. "one call. Add it with null = true, fill the rows in RunLua, then take null away."):format(label, name))
  end
end


local function add(context, model, name)
  local field, label = model.by_name[name], model.label
  if field.composite then
    refuse_key_change(label, name)
  end
  local needed = dependencies.of_field(field, label)
  needed[#needed + 1] = { kind = "remove", label = label, field = name }
  local preserve = true
  if not fills_itself(field) then
    local value = context.questioner:ask_default(label, name, field, "addition")
    field, preserve = references.rebuild(field, { default = value }), false
  end
  warn_of_shared_default(context, label, name, field)
  context.add(model.app, m.AddField { model = model.name, name = name, field = field, preserve_default = preserve },
    needed)
end


--- Add the fields that are new.
function M.added(context)
  for _, old, new in each_kept(context) do
    for _, name in ipairs(names_missing_from(new, old)) do
      add(context, new, name)
    end
  end
end


local function check_through(label, name, old, new)
  local old_through, new_through = references.through(old, label), references.through(new, label)
  if (old_through == nil) ~= (new_through == nil) then
    errors.raise("unsupported", "%s.%s: a many-to-many field cannot change between its own table and the model %s. "
      .. "Write the migration by hand: m.SeparateDatabaseAndState with the model's m.CreateModel (table_name = the "
      .. "field's table) and the m.AlterField as state_operations", label, name, old_through or new_through)
  end
end


local function becomes_required(old, new)
  return old.null and not new.null and not new:has_default() and new.db_default == nil
    and not references.is_many_to_many(new)
end


local function alter(context, model, name, old, new)
  local label = model.label
  if old.composite or new.composite then
    refuse_key_change(label, name)
  elseif references.is_many_to_many(old) ~= references.is_many_to_many(new) then
    remove(context, model, name)
    return add(context, model, name)
  end
  if references.is_many_to_many(new) then
    check_through(label, name, old, new)
  end
  local field, preserve = new, true
  if becomes_required(old, new) then
    local value = context.questioner:ask_default(label, name, new, "alteration")
    if value ~= nil then
      field, preserve = references.rebuild(new, { default = value }), false
    end
  end
  context.add(model.app, m.AlterField { model = model.name, name = name, field = field, preserve_default = preserve },
    dependencies.of_field(new, label))
end


--- Alter the fields whose type or options differ.
function M.altered(context)
  for label, old, new in each_kept(context) do
    for _, pair in ipairs(new.fields) do
      local name, new_field = pair[1], pair[2]
      local old_field = old.by_name[name]
      if old_field and fingerprint(old_field, label) ~= fingerprint(new_field, label) then
        alter(context, new, name, old_field, new_field)
      end
    end
  end
end


M.fingerprint = fingerprint

return M
