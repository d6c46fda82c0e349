--- What operations ask of the schema editor, with the tables of many-to-many fields taken along.
--
-- A many-to-many field without a model of its own lives in a table that belongs to the field: it is created, renamed
-- and dropped together with the field or its model.
local M = {}


--- Does the project manage the model's table?
function M.managed(model)
  return model._meta.managed ~= false
end


-- The model of a many-to-many field's own table, or nil when the field goes through a declared model or is no m2m.
local function own_through(field)
  local relation = field and field.relation
  local through = relation and relation.kind == "many_to_many" and relation.through
  if through and through._meta.auto_created then
    return through
  end
  return nil
end


local function is_many_to_many(field)
  return field.relation ~= nil and field.relation.kind == "many_to_many"
end


--- Create a model's table and the tables of its many-to-many fields.
function M.create(editor, model)
  if not M.managed(model) then
    return
  end
  editor:create_model(model)
  for _, field in ipairs(model._meta.many_to_many) do
    if own_through(field) then
      editor:create_model(own_through(field))
    end
  end
end


--- Drop a model's table, the tables of its many-to-many fields first.
function M.delete(editor, model)
  if not M.managed(model) then
    return
  end
  for _, field in ipairs(model._meta.many_to_many) do
    if own_through(field) then
      editor:delete_model(own_through(field))
    end
  end
  editor:delete_model(model)
end


--- Add a field's column, or its table.
function M.add_field(editor, model, field)
  if not M.managed(model) then
    return
  end
  if not is_many_to_many(field) then
    editor:add_field(model, field)
  elseif own_through(field) then
    editor:create_model(own_through(field))
  end
end


--- Remove a field's column, or its table.
function M.remove_field(editor, model, field)
  if not M.managed(model) then
    return
  end
  if not is_many_to_many(field) then
    editor:remove_field(model, field)
  elseif own_through(field) then
    editor:delete_model(own_through(field))
  end
end


-- Make the table of a many-to-many field what the new state says: its name and its two columns.
local function alter_through(editor, old_field, new_field)
  local old, new = own_through(old_field), own_through(new_field)
  if not (old and new) then
    return
  end
  if old._meta.table ~= new._meta.table then
    editor:rename_table(old, old._meta.table, new._meta.table)
  end
  -- The table has its new name now, so its columns are altered as columns of the new model.
  -- One may take the name that the other has until then (models of one name in two apps).
  local taken = new_field.relation.through_from.column == old_field.relation.through_to.column
  for _, side in ipairs(taken and { "through_to", "through_from" } or { "through_from", "through_to" }) do
    local old_key, new_key = old_field.relation[side], new_field.relation[side]
    if old_key.column ~= new_key.column or old_key.relation.model._meta.table ~= new_key.relation.model._meta.table then
      editor:alter_field(new, old_key, new_key)
    end
  end
end


--- Alter a field's column, or its table.
function M.alter_field(editor, model, old_field, new_field)
  if not M.managed(model) then
    return
  end
  if is_many_to_many(old_field) then
    alter_through(editor, old_field, new_field)
  else
    editor:alter_field(model, old_field, new_field)
  end
end


-- Many-to-many fields of other models whose own table has a column named after the renamed model.
local function incoming(model)
  local list = {}
  for _, related in ipairs(model._meta.related or {}) do
    if related.kind == "many_to_many" and related.field.model ~= model then
      list[#list + 1] = related.field
    end
  end
  return list
end


--- Rename a model's table, and the tables and columns that are named after it. Foreign keys follow the table.
-- @tparam SchemaEditor editor
-- @tparam ProjectState from the state with the old name
-- @tparam ProjectState to the state with the new name
-- @tparam string old_label
-- @tparam string new_label
function M.rename_model(editor, from, to, old_label, new_label)
  local old, new = from:model(old_label, true), to:model(new_label, true)
  if not M.managed(new) then
    return
  end
  if old._meta.table ~= new._meta.table then
    editor:rename_table(new, old._meta.table, new._meta.table)
  end
  for index, old_field in ipairs(old._meta.many_to_many) do
    alter_through(editor, old_field, new._meta.many_to_many[index])
  end
  for _, old_field in ipairs(incoming(old)) do
    local owner = to:model(old_field.model._meta.label)
    alter_through(editor, old_field, owner._meta.by_name[old_field.name])
  end
end


return M
