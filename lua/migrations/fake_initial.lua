--- --fake-initial: is a database what an initial migration would make of it?
--
-- A legacy database has its tables already; the initial migration that describes them must be noted as applied, not
-- run. Tables and columns are compared as the database declares them, by meaning: NVARCHAR(160) is f.char of 160.

local columns = require "rdb.migrations.schema.columns"
local connections = require "rdb.orm.connections"
local errors = require "rdb.orm.errors"
local introspection = require "rdb.migrations.schema.introspection"

local M = {}

-- What a database cannot tell apart counts as the same.
local SAME = {
  auto = "integer", big_auto = "integer", small_auto = "integer", small_integer = "integer", big_integer = "integer",
  positive_integer = "integer", positive_small_integer = "integer", positive_big_integer = "integer",
  slug = "char", email = "char", url = "char", file_path = "char", enum = "char",
}


local function describe(kind, options)
  if options.max_length then return ("%s(%d)"):format(kind, options.max_length) end
  if options.max_digits then return ("%s(%d, %d)"):format(kind, options.max_digits, options.decimal_places) end
  return kind
end


-- The type that a field's column has, in the words of introspection.
local function expected_type(field, context)
  local kind, options = context.types.field_of(columns.declared(field, context))
  return SAME[kind] or kind, options
end


local function compare_type(field, column, context, report)
  local kind, options = expected_type(field, context)
  local live = SAME[column.field] or column.field
  local wanted, found = describe(kind, options), describe(live, column.options)
  if wanted ~= found then report(("column %s is %s (%s), the model says %s"):format(column.name, found,
    column.declared, wanted)) end
end


local function compare_key(meta, description, report)
  local wanted, found = {}, {}
  for i, field in ipairs(meta.pk_fields) do wanted[i] = field.column:lower() end
  for i, name in ipairs(description.primary_key) do found[i] = name:lower() end
  wanted, found = table.concat(wanted, ", "), table.concat(found, ", ")
  if wanted ~= found then report(("primary key is (%s), the model says (%s)"):format(found, wanted)) end
end


local function compare_foreign_key(field, column, description, report)
  local relation = field.relation
  if relation.db_constraint == false then return end
  for _, key in ipairs(description.foreign_keys) do
    if #key.columns == 1 and key.columns[1]:lower() == column.name:lower() then
      local table_name, target = relation.model._meta.table, relation.target.column
      if key.to_table:lower() ~= table_name:lower() or key.to_columns[1]:lower() ~= target:lower() then
        report(("column %s refers to %s (%s), the model says %s (%s)"):format(column.name, key.to_table,
          key.to_columns[1], table_name, target))
      end
      return
    end
  end
  report(("column %s has no foreign key to %s"):format(column.name, relation.model._meta.table))
end


local function compare_column(field, column, description, context, report)
  compare_type(field, column, context, report)
  if column.null ~= (field.null or false) and not column.auto then
    report(("column %s %s NULL, the model says it %s"):format(column.name, column.null and "allows" or "forbids",
      column.null and "does not" or "does"))
  end
  if field.relation then compare_foreign_key(field, column, description, report) end
end


--- The differences between a model and its table.
-- @tparam Model model
-- @tparam table description of the live table
-- @tparam table context { dialect=, types= }
-- @treturn {string,...}
function M.differences(model, description, context)
  local list, meta = {}, model._meta
  local function report(text) list[#list + 1] = ("table %s: %s"):format(description.name, text) end
  local known = {}
  for _, field in ipairs(meta.fields) do
    local column = description.by_name[field.column:lower()]
    if column then
      known[column.name:lower()] = true
      compare_column(field, column, description, context, report)
    else
      report(("column %s is missing"):format(field.column))
    end
  end
  for _, column in ipairs(description.columns) do
    if not known[column.name:lower()] then report(("column %s is not in the model"):format(column.name)) end
  end
  compare_key(meta, description, report)
  return list
end


-- The models whose tables a migration creates, many-to-many tables included.
local function created_models(migration, before)
  local after = migration:mutate_state(before:clone())
  local models = {}
  local function add(model)
    if model._meta.managed ~= false then models[#models + 1] = model end
    for _, field in ipairs(model._meta.many_to_many) do
      if field.relation.through._meta.auto_created then models[#models + 1] = field.relation.through end
    end
  end
  for _, operation in ipairs(migration.operations) do
    local label = operation.kind == "CreateModel" and migration.app .. "." .. operation.name
    if label and after.models[label] then add(after:model(label)) end
  end
  return models
end


--- Compare what an initial migration creates with the live database.
-- @tparam string alias
-- @tparam Migration migration
-- @tparam ProjectState before the state before it
-- @treturn boolean true when at least one of its tables exists: then it cannot run
-- @treturn {string,...} differences, missing tables included
function M.compare(alias, migration, before)
  local dialect = connections.dialect(alias)
  local context = { dialect = dialect, types = require("rdb.migrations.schema.types_" .. dialect.name) }
  local live = introspection.new(connections.target(alias), dialect.name)
  local exists, list = false, {}
  for _, model in ipairs(created_models(migration, before)) do
    local description = live:table(model._meta.table)
    if description then
      exists = true
      for _, text in ipairs(M.differences(model, description, context)) do list[#list + 1] = text end
    else
      list[#list + 1] = ("table %s is missing"):format(model._meta.table)
    end
  end
  return exists, list
end


--- Raise when there are differences: noting the migration as applied would make the ledger wrong.
function M.refuse_differences(migration, differences)
  if #differences == 0 then return end
  errors.raise_with("misuse", { exit_code = 5, migration = migration.key,
    hint = "change the models (and the migration) or the tables until they agree; migrate --fake notes the migration "
      .. "without looking" },
    "%s cannot be faked, the database differs in %d %s:\n  %s", migration.key, #differences,
    #differences == 1 and "place" or "places", table.concat(differences, "\n  "))
end


return M
