--- Names for models and fields, made from those of tables and columns.

local serializer = require "rdb.migrations.serializer"

local M = {}


-- "InvoiceLineId" -> "invoice_line_id", "HTTPServer" -> "http_server", "unit price" -> "unit_price"
local function snake_case(name)
  local text = name:gsub("(%u+)(%u%l)", "%1_%2"):gsub("([%l%d])(%u)", "%1_%2"):lower()
  text = text:gsub("[^%w]+", "_"):gsub("__+", "_"):gsub("^_", ""):gsub("_$", "")
  return text
end


-- "invoice_line" -> "InvoiceLine"; a name that has capitals keeps them.
local function camel_case(name)
  local text = name:gsub("[^%w]+", "_"):gsub("^_*(%l)", string.upper):gsub("_+(%w)", string.upper):gsub("_", "")
  return text
end


-- The first of name, name2, name3 … for which taken answers false.
local function free(name, taken)
  local candidate, number = name, 1
  while taken(candidate) do
    number = number + 1
    candidate = name .. number
  end
  return candidate
end


--- The name of a model for a table.
-- @tparam string table_name
-- @tparam string app its label: "blog_author" in the app blog is Author
-- @tparam table taken set of names, is extended
-- @treturn string
function M.model(table_name, app, taken)
  local prefix = app .. "_"
  local rest = #table_name > #prefix and table_name:sub(1, #prefix):lower() == prefix and table_name:sub(#prefix + 1)
  local name = camel_case(rest or table_name)
  if not name:find "^%a" then name = "Table" .. name end
  name = free(name, function(candidate) return taken[candidate] end)
  taken[name] = true
  return name
end


local function unusable(name)
  return serializer.KEYWORDS[name] or require("rdb.orm.model_class").reserved[name] or name == "meta"
end


--- The name of a field for a column.
-- @tparam string column
-- @tparam boolean is_relation "ArtistId" becomes artist (with the key artist_id)
-- @tparam table taken set of names in the model, is extended with the name and the key's name
-- @treturn string
function M.field(column, is_relation, taken)
  local name = snake_case(column)
  if is_relation and #name > 3 then name = name:gsub("_id$", "") end
  if not name:find "^%a" then name = "column" .. (name == "" and "" or "_" .. name) end
  if unusable(name) then name = name .. "_field" end
  name = free(name, function(candidate)
    return taken[candidate] or is_relation and taken[candidate .. "_id"]
  end)
  taken[name] = true
  if is_relation then taken[name .. "_id"] = true end
  return name
end


return M
