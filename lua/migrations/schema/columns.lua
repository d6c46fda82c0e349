--- The SQL of one column: declared type and everything that belongs to the column alone.
--
-- Whatever a field asks of its column stands inside the column's definition (default, not null, key, unique, check,
-- reference), so that altering a field means replacing one piece of text. Indexes are separate statements. db_comment
-- stays in the state only: SQLite has no comments.

local errors = require "rdb.orm.errors"

local M = {}


--- The field at the end of a chain of foreign keys: what decides the column's type.
-- @tparam Field field
-- @tparam[opt] table replaced Field -> Field: use another target than the model says (a key that is being altered)
-- @treturn Field
function M.target(field, replaced)
  local depth = 0
  while field.relation do
    field = field.relation.target
    field = replaced and replaced[field] or field
    depth = depth + 1
    if depth > 32 then
      errors.raise("config", "%s: its foreign keys point at each other in a circle", field:describe())
    end
  end
  return field
end


--- The declared type of a field's column.
-- @tparam Field field
-- @tparam table context { dialect=, types=, replaced= }
-- @treturn string
-- @raise unsupported naming the field when the database has no such type
function M.declared(field, context)
  local target = M.target(field, context.replaced)
  local declared = context.types.declared(target, field.relation ~= nil)
  if not declared then
    errors.raise("unsupported", "%s: %s has no column type for f.%s", field:describe(), context.dialect.name,
      target.type)
  end
  return declared
end


-- dialect.literal renders by kind and refuses what it cannot render exactly.
local function literal(context, value, kind)
  return context.dialect.literal(value, kind)
end


local function choice_values(field)
  local values = {}
  for i, choice in ipairs(field.choices) do values[i] = choice[1] end
  return values
end


--- The condition that a column's type brings along, or nil.
-- @tparam Field field
-- @tparam string column quoted
-- @treturn string|nil SQL without CHECK ( )
function M.check(field, column, context)
  if field.relation then return nil end
  local kind = field.type
  if kind:match "^positive_" then
    return column .. " >= 0"
  elseif kind == "json" then
    return ("json_valid(%s) OR %s IS NULL"):format(column, column)
  elseif kind == "enum" then
    local values = choice_values(field)
    for i, value in ipairs(values) do values[i] = literal(context, value, "text") end
    return ("%s IN (%s)"):format(column, table.concat(values, ", "))
  end
  return nil
end


-- DEFAULT for the database: a plain value, or an expression object that the compiler turns into SQL.
local function default_clause(field, context)
  local value = field.db_default
  if value == nil then return nil end
  if type(value) == "table" and getmetatable(value) then
    local compiler = require "rdb.orm.compiler"
    return ("DEFAULT (%s)"):format(compiler.inline_expression(field.model, value, context.dialect))
  end
  return "DEFAULT " .. literal(context, value, M.target(field).kind)
end


local ACTIONS = { DB_CASCADE = "CASCADE", DB_SET_NULL = "SET NULL", DB_SET_DEFAULT = "SET DEFAULT" }


--- The REFERENCES clause of a foreign key, or nil.
function M.references(field, context)
  local relation = field.relation
  if not relation or relation.db_constraint == false then return nil end
  local quote = context.dialect.quote_name
  local target = context.replaced and context.replaced[relation.target] or relation.target
  local table_name = relation.model._meta.table
  table_name = context.renamed and context.renamed[table_name] or table_name
  local parts = { ("REFERENCES %s (%s)"):format(quote(table_name), quote(target.column)) }
  local on_delete = relation.on_delete and ACTIONS[relation.on_delete.name]
  if on_delete then parts[#parts + 1] = "ON DELETE " .. on_delete end
  if field.on_update then parts[#parts + 1] = "ON UPDATE " .. field.on_update:gsub("_", " "):upper() end
  parts[#parts + 1] = "DEFERRABLE INITIALLY DEFERRED"
  return table.concat(parts, " ")
end


--- The whole definition of a field's column, as it stands in CREATE TABLE.
-- @tparam Field field not a many-to-many
-- @tparam table context { dialect = rdb.orm.dialects.*, types = schema.types_*, replaced = nil | Field -> Field,
--   renamed = nil | table name -> the name it has by now }
-- @tparam[opt] string column_name another name than the field's
-- @treturn string for example "name" varchar(100) NOT NULL UNIQUE
-- @raise unsupported naming the field
function M.definition(field, context, column_name)
  local column = context.dialect.quote_name(column_name or field.column)
  local parts = { column, M.declared(field, context) }
  local function add(part)
    if part then parts[#parts + 1] = part end
  end
  if field.db_collation then add("COLLATE " .. context.dialect.quote_name(field.db_collation)) end
  add(default_clause(field, context))
  if not field.null then add "NOT NULL" end
  if field.primary_key then
    add(field.auto and "PRIMARY KEY AUTOINCREMENT" or "PRIMARY KEY")
  elseif field.unique then
    add "UNIQUE"
  end
  local check = M.check(field, column, context)
  if check then add(("CHECK (%s)"):format(check)) end
  add(M.references(field, context))
  return table.concat(parts, " ")
end


--- True when the field wants an index of its own (a key and a unique column have one already).
function M.wants_index(field)
  return field.db_index == true and not field.unique and not field.primary_key and field.column ~= nil
end


return M
