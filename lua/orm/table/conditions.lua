--- WHERE of rdb.table: columns named by the program, values bound, the lookups of the dialect.
local base = require "rdb.orm.expressions.base"
local dialect_base = require "rdb.orm.dialects.base"
local errors = require "rdb.orm.errors"
local joins = require "rdb.orm.joins"
local lookups = require "rdb.orm.lookups"
local null = require "rdb.orm.null"
local q = require "rdb.orm.q"
local suggest = require "rdb.orm.suggest"
local template = require "rdb.orm.compiler.template"

local table_conditions = {}

--- Quote "column" or "table.column"; both must be identifiers.
-- @tparam table dialect
-- @tparam string name
-- @tparam string where names the caller in messages
-- @treturn string
-- @treturn string the column's own name
function table_conditions.column(dialect, name, where)
  if type(name) ~= "string" then
    errors.raise("misuse", "%s takes column names, got %s", where, errors.type_name(name))
  end
  local table_name, column = name:match("^([^.]+)%.([^.]+)$")
  if not table_name then
    dialect_base.check_identifier(name, where .. ": a column name")
    return dialect.quote_name(name), name
  end
  dialect_base.check_identifier(table_name, where .. ": a table name")
  dialect_base.check_identifier(column, where .. ": a column name")
  return dialect.quote_name(table_name) .. "." .. dialect.quote_name(column), column
end

-- "price__gte" is the column price with the lookup gte.
local function split(path, where)
  local parts = joins.split(path)
  if #parts == 1 then
    return path, "exact"
  elseif #parts == 2 and lookups.all[parts[2]] then
    return parts[1], parts[2]
  end
  errors.raise("misuse", "%s: '%s' has no lookup '%s'%s", where, parts[1], parts[#parts],
    suggest.clause(parts[#parts], lookups.all))
end

local function check_value(value, where, name)
  if value == nil or type(value) == "function" or (type(value) == "table" and not base.is(value)) then
    errors.raise("invalid_value", "%s: %s expects a plain value, got %s", where, name, errors.type_name(value))
  end
  return value
end

local function bind(out, value)
  out.params[#out.params + 1] = value
  return out.dialect.placeholder(#out.params)
end

local function in_list(out, column, value, name)
  local n = lookups.check_list(value, out.where .. ": " .. name)
  local marks = {}
  for i = 1, n do
    if value[i] ~= null then
      marks[#marks + 1] = bind(out, check_value(value[i], out.where, name))
    end
  end
  return #marks == 0 and "0 = 1" or ("%s IN (%s)"):format(column, table.concat(marks, ", "))
end

local function between(out, column, value, name)
  if lookups.check_list(value, out.where .. ": " .. name) ~= 2 then
    errors.raise("invalid_value", "%s: %s expects a list of two values", out.where, name)
  end
  local low = bind(out, check_value(value[1], out.where, name))
  return ("%s BETWEEN %s AND %s"):format(column, low, bind(out, check_value(value[2], out.where, name)))
end

local function by_template(out, column, lookup, value, name)
  local definition = out.dialect.lookups[lookup]
  if not definition then
    errors.raise("unsupported", "%s: the database has no lookup '%s'", out.where, lookup)
  end
  lookups.check_scalar(lookup, value, out.where .. ": " .. name)
  value = definition.convert and definition.convert(value) or value
  local parts = {}
  for i, piece in ipairs(template.parse(definition.template)) do
    parts[i] = type(piece) == "string" and piece or piece == 1 and column or bind(out, value)
  end
  return table.concat(parts)
end

local function leaf(out, path, value)
  local name, lookup = split(path, out.where)
  local column = table_conditions.column(out.dialect, name, out.where)
  local takes = lookups.all[lookup]
  if takes == "list" then
    return in_list(out, column, value, name)
  elseif takes == "pair" then
    return between(out, column, value, name)
  elseif takes == "flag" then
    lookups.check_scalar(lookup, value, out.where .. ": " .. name)
    return column .. (value and " IS NULL" or " IS NOT NULL")
  elseif value == null and lookup == "exact" then
    return column .. " IS NULL"
  elseif base.is(value) then
    if value.kind ~= "f" then
      errors.raise("unsupported", "%s: %s takes plain values or rdb.F", out.where, name)
    end
    local other = table_conditions.column(out.dialect, value.path, out.where)
    local definition = out.dialect.lookups[lookup]
    return (definition.template:gsub("<(%d)>", { ["1"] = column, ["2"] = other }))
  end
  return by_template(out, column, lookup, check_value(value, out.where, name), name)
end

--- Render a list of conditions.
-- @tparam table out { dialect, params = [out] values, where = caller for messages }
-- @tparam table condition { connector, negated, children } as rdb.Q makes it
-- @treturn string
function table_conditions.render(out, condition)
  local parts = {}
  for i, child in ipairs(condition.children) do
    if q.is(child) then
      parts[i] = table_conditions.render(out, child)
    elseif base.is(child) then
      errors.raise("unsupported", "%s: a bare table takes names and values; use rdb.query for expressions",
        out.where)
    else
      parts[i] = leaf(out, child.path, child.value)
    end
  end
  local text = table.concat(parts, " " .. condition.connector .. " ")
  if condition.negated then
    return "NOT (" .. text .. ")"
  end
  return #parts > 1 and "(" .. text .. ")" or text
end

return table_conditions
