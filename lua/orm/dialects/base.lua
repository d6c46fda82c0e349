--- What every dialect starts from: standard SQL spellings and the checks that guard identifiers and literals.
-- A dialect is a table; `base.extend` makes one that inherits. Callers ask `dialect.features.x`, never for a name.
--
--   quote_name(name) placeholder(i) literal(value, kind) check_identifier(name, what)
--   features   booleans        limits     { params = }
--   lookups    name -> { template, param_kind, convert, expression }   <1> column, <2> value
--   transforms name -> template              functions name -> { template, kind, min, max }
--   aggregates name -> { template, decimal } casts     type -> { template, kind }
--   truncations unit -> { date =, timestamp = }
--   index_hint(name) -> SQL behind the table in FROM, or nil where the database has none
--   collations kind -> template that makes values of the kind compare right
local errors = require "rdb.orm.errors"
local null = require "rdb.orm.null"

local base = {}

-- The value userdata and JSON live in the C core, which tools that only read definitions do without.
local function core()
  return require "rdb.core"
end

--- A dialect that inherits from `parent`, also in its inner tables.
function base.extend(parent, own)
  for name, value in pairs(own) do
    local inherited = parent[name]
    if type(value) == "table" and type(inherited) == "table" then
      setmetatable(value, { __index = inherited })
    end
  end
  return setmetatable(own, { __index = parent })
end

--- Names from outside a model (aliases, columns of rdb.table) must be plain identifiers.
-- @tparam string what names the thing in the message
-- @treturn string the name
function base.check_identifier(name, what)
  if type(name) ~= "string" or not name:find("^[A-Za-z_][A-Za-z0-9_]*$") or #name > 63 then
    errors.raise("misuse", "%s must be an identifier (letters, digits, _; at most 63); got %s", what,
      type(name) == "string" and ("%q"):format(name) or errors.type_name(name))
  end
  return name
end

--- Quote an identifier. Control characters, quotes, dots and `$` are refused everywhere.
function base.quote_name(name)
  if type(name) ~= "string" or name == "" or name:find("[%c\"'`%.%$]") or name:find("\194[\128-\159]") then
    errors.raise("misuse", "%s cannot be an identifier: it is empty or has a control character, a quote, a dot "
      .. "or '$'",
      type(name) == "string" and ("%q"):format(name) or errors.type_name(name))
  end
  return '"' .. name .. '"'
end

--- The placeholder of the i-th parameter.
function base.placeholder(_)
  return "?"
end

local function text_literal(text)
  if text:find("\0", 1, true) then
    errors.raise("invalid_value", "a literal in DDL cannot contain a NUL byte")
  end
  return "'" .. text:gsub("'", "''") .. "'"
end

local function number_literal(value)
  if math.type(value) == "integer" then
    return ("%d"):format(value)
  elseif value ~= value or value == math.huge or value == -math.huge then
    errors.raise("invalid_value", "NaN and infinity have no literal")
  end
  local text = ("%.17g"):format(value)
  return text:find("[%.eE]") and text or text .. ".0"
end

--- Render a value as a literal. Only for DDL, which cannot bind parameters.
-- @param value scalar, rdb.null or value userdata
-- @tparam ?string kind column kind (timestamps are written the way the column stores them)
-- @treturn string
function base.literal(value, kind)
  if value == nil or value == null then
    return "NULL"
  elseif type(value) == "boolean" then
    return value and "1" or "0"
  elseif kind == "decimal" then
    return text_literal(tostring(value))
  elseif type(value) == "number" then
    return number_literal(value)
  elseif type(value) == "string" then
    if kind == "bytes" then
      return "X'" .. value:gsub(".", function(byte) return ("%02X"):format(byte:byte()) end) .. "'"
    end
    return text_literal(value)
  elseif core().is(value) then
    return base.value_literal(value)
  elseif kind == "json" then
    return text_literal(core().json_encode(value))
  end
  errors.raise("invalid_value", "%s has no literal", errors.type_name(value))
end

--- The literal of a value userdata in the form in which columns store it.
function base.value_literal(value)
  local text = tostring(value)
  local kind = core().is(value)
  if kind == "datetime" then
    text = text:gsub("T", " "):gsub("Z$", "")
  elseif kind == "duration" then
    return ("%d"):format(value.microseconds)
  end
  return text_literal(text)
end

--- Escape what LIKE gives a meaning; the templates say ESCAPE '\'.
function base.escape_like(value)
  return (value:gsub("[\\%%_]", "\\%0"))
end

base.features = {}
base.limits = { params = 1000 }

local ESCAPED = "REPLACE(REPLACE(REPLACE(<2>, '\\', '\\\\'), '%', '\\%'), '_', '\\_')"

local function like(before, after, column)
  local template = (column or "<1>") .. " LIKE " .. before .. "%s" .. after .. " ESCAPE '\\'"
  local plain = template:gsub("%%s", function() return "<2>" end)
  local expression = template:gsub("%%s", function() return ESCAPED end)
  return { template = plain, param_kind = "text", convert = base.escape_like, expression = expression }
end
base.like = like

base.lookups = {
  exact = { template = "<1> = <2>" },
  gt = { template = "<1> > <2>" },
  gte = { template = "<1> >= <2>" },
  lt = { template = "<1> < <2>" },
  lte = { template = "<1> <= <2>" },
  iexact = { template = "LOWER(<1>) = LOWER(<2>)", param_kind = "text" },
  contains = like("'%' || ", " || '%'"),
  startswith = like("", " || '%'"),
  endswith = like("'%' || ", ""),
  icontains = like("'%' || ", " || '%'"),
  istartswith = like("", " || '%'"),
  iendswith = like("'%' || ", ""),
}

base.transforms = {}
base.truncations = {}
base.collations = {}

base.functions = {
  lower = { template = "LOWER(<1>)", kind = "text" },
  upper = { template = "UPPER(<1>)", kind = "text" },
  length = { template = "LENGTH(<1>)", kind = "int64" },
  coalesce = { template = "COALESCE(<*>)", kind = "same", min = 2, max = 100 },
  nullif = { template = "NULLIF(<1>, <2>)", kind = "same", min = 2, max = 2 },
  trim = { template = "TRIM(<1>)", kind = "text" },
  ltrim = { template = "LTRIM(<1>)", kind = "text" },
  rtrim = { template = "RTRIM(<1>)", kind = "text" },
  replace = { template = "REPLACE(<1>, <2>, <3>)", kind = "text", min = 3, max = 3 },
  abs = { template = "ABS(<1>)", kind = "same" },
}

base.aggregates = {
  count = { template = "COUNT(<1>)", kind = "int64" },
  sum = { template = "SUM(<1>)", kind = "sum" },
  avg = { template = "AVG(<1>)", kind = "double" },
  min = { template = "MIN(<1>)", kind = "same" },
  max = { template = "MAX(<1>)", kind = "same" },
}

base.casts = {}

return base
