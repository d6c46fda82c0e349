--- The SQL of indexes and of the constraints that are made as indexes (unique_together, UniqueConstraint).

local errors = require "rdb.orm.errors"
local naming = require "rdb.orm.naming"
local portability = require "rdb.migrations.schema.portability"

local M = {}


--- The field of a model by name (or key name), which must have a column.
-- @raise misuse naming the model, the name and what asked for it
function M.field(model, name, subject)
  local field = model._meta.by_name[name]
  if name == "pk" and not field then field = model._meta.pk end
  if not field or not field.column then
    errors.raise("misuse", "%s: %s names the field %q, which is no column of the model", model._meta.label, subject,
      name)
  end
  return field
end


--- The column names of a list of field names.
function M.columns(model, names, subject)
  local columns = {}
  for i, name in ipairs(names) do columns[i] = M.field(model, name, subject).column end
  return columns
end


-- The parts of an index: column names with direction, or expressions.
local function parts(model, index, context, subject)
  local list = {}
  for _, each in ipairs(index.fields or {}) do
    local name = type(each) == "table" and each.name or each
    local text = context.dialect.quote_name(M.field(model, name, subject).column)
    if type(each) == "table" and each.collation then
      text = text .. " COLLATE " .. context.dialect.quote_name(each.collation)
    end
    list[#list + 1] = type(each) == "table" and each.desc and text .. " DESC" or text
  end
  for _, expression in ipairs(index.expressions or {}) do
    list[#list + 1] = require("rdb.orm.compiler").inline_expression(model, expression, context.dialect)
  end
  return table.concat(list, ", ")
end


local function create(context, unique, name, table_name, list, condition)
  local quote = context.dialect.quote_name
  return ("CREATE %sINDEX %s ON %s (%s)%s"):format(unique and "UNIQUE " or "", quote(name), quote(table_name), list,
    condition and " WHERE " .. condition or "")
end


local function condition_of(model, q, context)
  return q and require("rdb.orm.compiler").inline_condition(model, q, context.dialect) or nil
end


--- CREATE INDEX of an rdb.Index. Options that portability.left_out names are left out.
-- @treturn string
function M.index(model, index, context)
  local subject = "index " .. tostring(index.name)
  return create(context, index.unique, index.name, model._meta.table, parts(model, index, context, subject),
    condition_of(model, index.where or index.condition, context))
end


--- CREATE UNIQUE INDEX of an rdb.UniqueConstraint.
-- @raise unsupported for what the database cannot do (portability.refusal)
function M.unique_constraint(model, constraint, context)
  local subject = "constraint " .. constraint.name
  portability.require_possible(model, constraint, context.dialect)
  return create(context, true, constraint.name, model._meta.table, parts(model, constraint, context, subject),
    condition_of(model, constraint.condition or constraint.where, context))
end


--- The text of a CHECK constraint for CREATE TABLE.
function M.check(model, constraint, context)
  local compiler = require "rdb.orm.compiler"
  return ("CONSTRAINT %s CHECK (%s)"):format(context.dialect.quote_name(constraint.name),
    compiler.inline_condition(model, constraint.condition, context.dialect))
end


--- The name of the index that a field with db_index has.
function M.field_index_name(table_name, column) return naming.constraint_name(table_name, { column }, "idx") end


--- The name of the unique index of one unique_together group.
function M.unique_name(table_name, columns) return naming.constraint_name(table_name, columns, "uniq") end


--- CREATE INDEX of a field with db_index.
function M.field_index(table_name, column, context)
  return create(context, false, M.field_index_name(table_name, column), table_name, context.dialect.quote_name(column))
end


--- CREATE UNIQUE INDEX of one unique_together group.
function M.unique_together(table_name, columns, context)
  local quoted = {}
  for i, column in ipairs(columns) do quoted[i] = context.dialect.quote_name(column) end
  return create(context, true, M.unique_name(table_name, columns), table_name, table.concat(quoted, ", "))
end


return M
