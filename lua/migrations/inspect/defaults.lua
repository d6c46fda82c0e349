--- DEFAULT of a column as db_default of a field: a Lua value where the field has one, else the expression as it stands.

local table_sql = require "rdb.migrations.schema.table_sql"

local M = {}


-- Words that SQLite does not read as a text when they stand after DEFAULT alone.
local KEYWORDS = { ["NULL"] = true, ["TRUE"] = true, ["FALSE"] = true, CURRENT_TIME = true, CURRENT_DATE = true,
  CURRENT_TIMESTAMP = true }


-- SQLite reads DEFAULT "abc" and DEFAULT abc as the text abc.
local function as_text(text)
  local inside = text:match '^"(.*)"$'
  if inside then
    inside = inside:gsub('""', '"')
  elseif text:find "^[%a_][%w_]*$" and not KEYWORDS[text:upper()] then
    inside = text
  end
  return inside and "'" .. inside:gsub("'", "''") .. "'" or text
end


local function without_parentheses(text)
  local inside = table_sql.inside_parentheses(text)
  return inside and without_parentheses(inside) or text
end


-- 'it''s' -> it's; nil for what is not one text literal.
local function inside_quotes(text)
  local inside = text:match "^'(.*)'$"
  local plain = inside and inside:gsub("''", "")
  return plain and not plain:find("'", 1, true) and (inside:gsub("''", "'")) or nil
end


-- The Lua value of a literal that the field's type has exactly, or nil.
local function literal_value(column, text)
  local quoted = inside_quotes(text)
  if column.field == "boolean" then
    local plain = (quoted or text):lower()
    if plain == "1" or plain == "true" then return true end
    if plain == "0" or plain == "false" then return false end
  elseif column.field == "char" or column.field == "text" or column.field == "decimal" then
    if quoted then return quoted end
    if column.field == "decimal" and tonumber(text) then return text end
  else
    local number = tonumber(quoted or text)
    if number and column.field:find "integer" then return math.tointeger(number) end
    if number and column.field == "float" then return number end
  end
  return nil
end


--- The default of a column.
-- @tparam table column see introspection.lua
-- @return the value or rdb.RawSQL expression for db_default, or nil
-- @treturn string|nil a note where there is a default that no field can say
function M.of_column(column)
  local text = column.default
  if text == nil or text:upper() == "NULL" then return nil end
  if column.primary_key then return nil, "DEFAULT " .. text .. " not shown: an object must know its key" end
  text = without_parentheses(as_text(text))
  local value = literal_value(column, text)
  if value ~= nil then return value end
  -- What looks like a parameter in it cannot be written as an expression.
  local ok, expression = pcall(require("rdb.orm.expressions").RawSQL, text)
  if ok then return expression end
  return nil, "DEFAULT " .. column.default .. " not shown"
end


return M
