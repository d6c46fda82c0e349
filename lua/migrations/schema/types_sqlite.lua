--- Which type a column is declared with on SQLite, and which field a declared type means.
--
-- SQLite keeps the declared type as text and derives only an affinity from it, so the names below are chosen to have
-- the affinity that the stored form needs and to tell the field type again: "interval" contains INT (integer
-- microseconds), "decimal_text" and the other *_text contain TEXT (digits stay exact).

local M = {}

local INTEGERS = {
  integer = "integer", small_integer = "smallint", big_integer = "bigint", positive_integer = "integer unsigned",
  positive_small_integer = "smallint unsigned", positive_big_integer = "bigint unsigned",
}
local FIXED = {
  auto = "integer", big_auto = "integer", small_auto = "integer", text = "text", float = "real", boolean = "bool",
  date = "date", time = "time", datetime = "datetime", duration = "interval", uuid = "uuid_text", json = "json_text",
  binary = "blob", ip_address = "inet_text",
}
local LENGTHS = { char = true, slug = true, email = true, url = true, file_path = true, enum = true }
-- A foreign key has the type of what it points at, but does not count up by itself.
local KEY_TYPES = { auto = "integer", big_auto = "bigint", small_auto = "smallint" }


--- The declared type of a field's column.
-- @tparam Field field with relations already followed to their target
-- @tparam[opt] boolean as_key the column is a foreign key to this field
-- @treturn string|nil nil when SQLite has no type for the field
function M.declared(field, as_key)
  local kind = field.type
  if as_key and KEY_TYPES[kind] then return KEY_TYPES[kind] end
  if INTEGERS[kind] then return INTEGERS[kind] end
  if kind == "decimal" then
    return ("decimal_text(%d, %d)"):format(field.max_digits, field.decimal_places)
  end
  if LENGTHS[kind] then
    return ("varchar(%d)"):format(field.max_length)
  end
  return FIXED[kind]
end


local BY_NAME = {
  integer = "integer", int = "integer", mediumint = "integer", int4 = "integer", int2 = "small_integer",
  int8 = "big_integer", smallint = "small_integer", tinyint = "small_integer", bigint = "big_integer",
  ["integer unsigned"] = "positive_integer", ["int unsigned"] = "positive_integer",
  ["smallint unsigned"] = "positive_small_integer", ["bigint unsigned"] = "positive_big_integer",
  ["unsigned big int"] = "positive_big_integer", ["unsigned bigint"] = "positive_big_integer",
  real = "float", float = "float", double = "float", ["double precision"] = "float",
  numeric = "decimal", decimal = "decimal", decimal_text = "decimal", bool = "boolean", boolean = "boolean",
  date = "date", time = "time", datetime = "datetime", timestamp = "datetime",
  ["timestamp with time zone"] = "datetime",
  interval = "duration", uuid = "uuid", uuid_text = "uuid", json = "json", json_text = "json", jsonb = "json",
  blob = "binary", bytea = "binary", binary = "binary", varbinary = "binary",
  inet_text = "ip_address", inet = "ip_address",
  text = "text", clob = "text", tinytext = "text", mediumtext = "text", longtext = "text",
  varchar = "char", nvarchar = "char", char = "char", nchar = "char", character = "char",
  ["character varying"] = "char", ["varying character"] = "char", ["native character"] = "char", string = "text",
}


--- Split a declared type into its name and numbers.
-- @tparam string declared "NVARCHAR(160)"
-- @treturn string lower-case name, one space between words ("nvarchar")
-- @treturn[opt] integer first number
-- @treturn[opt] integer second number
function M.split(declared)
  local name, numbers = declared:match "^%s*([^(]*)%(?([^)]*)"
  local first, second = numbers:match "^%s*(%d+)%s*,?%s*(%d*)"
  local rest = declared:match "%)%s*(.-)%s*$" or "" -- "int(11) unsigned"
  name = (name .. " " .. rest):lower():gsub('["`%[%]]', ""):gsub("%s+", " "):match "^%s*(.-)%s*$"
  return name, math.tointeger(tonumber(first)), math.tointeger(tonumber(second))
end


-- What SQLite itself makes of a type that is not in the table: the affinity rules of its documentation, in order.
local function by_affinity(name)
  if name:find "int" then return "integer" end
  if name:find "char" or name:find "clob" or name:find "text" then return "text" end
  if name == "" or name:find "blob" then return "binary" end
  if name:find "real" or name:find "floa" or name:find "doub" then return "float" end
  return "decimal"
end


--- The field that a declared type means.
-- @tparam string declared as in CREATE TABLE
-- @treturn string field type: "char"
-- @treturn table options { max_length= } or { max_digits=, decimal_places= } or {}
-- @treturn boolean false when the type's name is unknown and SQLite's affinity rules decided
function M.field_of(declared)
  local name, first, second = M.split(declared)
  local kind = BY_NAME[name]
  local known = kind ~= nil
  kind = kind or by_affinity(name)
  if kind == "char" and not first then
    return "text", {}, known
  elseif kind == "char" then
    return kind, { max_length = first }, known
  elseif kind == "decimal" then
    if first then return kind, { max_digits = first, decimal_places = second or 0 }, known end
    return "float", {}, known -- NUMERIC without a precision keeps whatever number comes
  elseif kind == "boolean" or name ~= "tinyint" or first ~= 1 then
    return kind, {}, known
  end
  return "boolean", {}, known -- tinyint(1)
end


return M
