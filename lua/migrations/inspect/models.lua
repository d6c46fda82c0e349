--- From the description of tables to the description of models: names, field types, options. Nothing is guessed: what
-- no model can say (a CHECK, an index on an expression) is kept as a note.
--
--   model: { name=, table=, label=, kind=, fields = { field... }, key = {field name...}|nil, indexes = {...},
--            constraints = {...}, unique_together = { {...} }, notes = { "text"... }, skipped = reason|nil }
--   field: { name=, type= "char", options = { ... }, column=, relation = nil | { to =, model = , accessor= }, note= }

local defaults = require "rdb.migrations.inspect.defaults"
local errors = require "rdb.orm.errors"
local names = require "rdb.migrations.inspect.names"
local relations = require "rdb.migrations.inspect.relations"

local M = {}


-- May a name of the catalogue stand in SQL that we write? (The dialect refuses the others.)
local function writable(name) return name ~= "" and not name:find "[%c\"'`%.%$%[%]]" end


-- The index that makes a single column unique: part of CREATE TABLE, without a condition.
local function is_unique(description, column)
  for _, index in ipairs(description.indexes) do
    if index.origin == "unique" and #index.columns == 1 and index.columns[1].name == column.name then return true end
  end
  return false
end


local function plain_index(index)
  if index.partial then return false end
  for _, part in ipairs(index.columns) do
    if part.expression then return false end
  end
  return true
end


local function has_index(description, column)
  for _, index in ipairs(description.indexes) do
    if index.origin == "index" and not index.unique and #index.columns == 1 and plain_index(index)
      and index.columns[1].name == column.name and not index.columns[1].desc then
      return true
    end
  end
  return false
end


-- The values of CHECK ("column" IN ('a', 'b')), which is how f.enum is stored.
local function enum_values(description, column)
  for _, check in ipairs(description.checks) do
    local list = check.column == column.name and check.sql:match "^\"?[%w_]+\"?%s+[Ii][Nn]%s*%((.*)%)$"
    if list then
      local values = {}
      for value in ((list:gsub("''", "\0")) .. ","):gmatch "%s*'([^']*)'%s*," do
        values[#values + 1] = value:gsub("%z", "'")
      end
      if #values > 0 then return values end
    end
  end
  return nil
end


local function set_default(field, column)
  local value, note = defaults.of_column(column)
  field.options.db_default = value
  field.note = note or field.note
end


local function plain_field(model, description, column)
  local field = { column = column.name, type = column.field, options = {} }
  for key, value in pairs(column.options) do field.options[key] = value end
  local values = column.field == "char" and enum_values(description, column)
  if values then
    field.type, field.options = "enum", values
  end
  if not column.known then field.note = "declared as " .. (column.declared == "" and "nothing" or column.declared) end
  if column.auto then field.type = "auto" end
  field.name = names.field(column.name, false, model.taken)
  return field
end


local function add_field(model, description, column, tables)
  if not writable(column.name) then
    table.insert(model.notes, ("column %q is left out: its name cannot be quoted safely"):format(column.name))
    return
  elseif column.generated then
    table.insert(model.notes, ("column %s is left out: the database generates it (%s)"):format(column.name,
      column.expression or column.generated))
    return
  end
  local key = relations.of_column(description, column, tables)
  local field = key and relations.field(model, column, key) or plain_field(model, description, column)
  if not key then field.note = relations.note(description, column) or field.note end
  local only_key = #description.primary_key == 1 and column.primary_key
  if only_key then
    field.options.primary_key = true
    if field.type == "foreign_key" then field.type = "one_to_one" end
  end
  if column.null and not column.primary_key then field.options.null = true end
  if not only_key and is_unique(description, column) then
    if field.type == "foreign_key" then
      field.type = "one_to_one"
    else
      field.options.unique = true
    end
  end
  local indexed = has_index(description, column)
  if field.relation and field.type == "foreign_key" and not indexed then
    field.options.db_index = false
  elseif not field.relation and indexed and not only_key then
    field.options.db_index = true
  end
  if not (column.auto or field.relation and column.default == nil) then set_default(field, column) end
  if column.collation and (field.type == "char" or field.type == "text") then
    field.options.db_collation = column.collation
  end
  model.by_column[column.name:lower()] = field
  table.insert(model.fields, field)
end


local function field_names(model, columns)
  local list = {}
  for i, each in ipairs(columns) do
    local field = model.by_column[(each.name or each):lower()]
    if not field then return nil end
    list[i] = (each.desc and "-" or "") .. field.name
  end
  return list
end


local function add_indexes(model, description)
  for _, index in ipairs(description.indexes) do
    local list = plain_index(index) and field_names(model, index.columns)
    if not list then
      if index.origin == "index" then table.insert(model.notes, "index not shown: " .. (index.sql or index.name)) end
    elseif index.origin == "unique" then
      if #list > 1 then table.insert(model.unique_together, list) end
    elseif index.origin == "index" and index.unique then
      table.insert(model.constraints, { fields = list, name = index.name })
    elseif index.origin == "index" and (#list > 1 or index.columns[1].desc) then
      table.insert(model.indexes, { fields = list, name = index.name })
    end
  end
end


-- CHECKs that come with a field type are said by the type.
local function is_of_type(model, check)
  local field = check.column and model.by_column[check.column:lower()]
  return field ~= nil and (field.type:find "^positive" ~= nil and check.sql:find ">= 0$" ~= nil
    or field.type == "json" and check.sql:lower():find "^json_valid" ~= nil or field.type == "enum")
end


local function add_notes(model, description)
  for _, check in ipairs(description.checks) do
    if not is_of_type(model, check) then
      table.insert(model.notes, ("CHECK%s not shown: %s"):format(check.name and " " .. check.name or "", check.sql))
    end
  end
  for _, key in ipairs(description.foreign_keys) do
    if #key.columns > 1 then
      table.insert(model.notes, ("foreign key of several columns not shown: (%s) refers to %s (%s)"):format(
        table.concat(key.columns, ", "), key.to_table, table.concat(key.to_columns, ", ")))
    end
  end
  for _, trigger in ipairs(description.triggers) do
    table.insert(model.notes, ("the table has a trigger %s"):format(trigger.name))
  end
end


-- A view has no key, but a model needs one.
local function key_of_view(model)
  local first = model.fields[1]
  if not first then return end
  first.options.primary_key, first.options.null = true, nil
  table.insert(model.notes, "a view tells no key: the first column stands in for it")
end


--- Describe one table as a model.
-- @tparam table description see introspection.lua
-- @tparam table model { name=, label= } to fill
-- @tparam table tables lower-case table name -> model, of all that are described
function M.fill(description, model, tables)
  model.table, model.kind = description.name, description.kind
  model.fields, model.by_column, model.notes, model.taken = {}, {}, {}, {}
  model.indexes, model.constraints, model.unique_together = {}, {}, {}
  for _, column in ipairs(description.columns) do add_field(model, description, column, tables) end
  if description.kind == "view" then
    key_of_view(model)
  elseif #description.primary_key == 0 then
    model.skipped = "it has no primary key, which a model needs"
  elseif #description.primary_key > 1 then
    model.key = field_names(model, description.primary_key)
  end
  add_indexes(model, description)
  add_notes(model, description)
end


--- Describe tables as models.
-- @tparam Introspection introspection
-- @tparam string app label of the models' app
-- @tparam[opt] table options { tables = { name, ... }: only these; include_views = bool }
-- @treturn { model, ... } by table name
-- @raise undefined_table for a name that does not exist
function M.read(introspection, app, options)
  options = options or {}
  local wanted
  if options.tables and #options.tables > 0 then
    wanted = {}
    for _, name in ipairs(options.tables) do wanted[name:lower()] = name end
  end
  local models, tables, taken, descriptions = {}, {}, {}, {}
  for _, entry in ipairs(introspection:tables()) do
    local key = entry.name:lower()
    local included = entry.kind == "table" or entry.kind == "view" and (options.include_views or wanted)
    if included and key ~= "rdb_migrations" and (not wanted or wanted[key]) then
      local model = { name = names.model(entry.name, app, taken) }
      model.label = app .. "." .. model.name
      models[#models + 1], tables[key], descriptions[model] = model, model, introspection:table(entry.name)
      if not writable(entry.name) then model.skipped = "its name cannot be quoted safely" end
      if wanted then wanted[key] = nil end
    end
  end
  local missing = wanted and next(wanted)
  if missing then
    errors.raise("undefined_table", "the database has no table or view %s", wanted[missing])
  end
  for _, model in ipairs(models) do
    if not model.skipped then M.fill(descriptions[model], model, tables) end
  end
  relations.name_reverse(models)
  return models
end


return M
