--- Values as Lua source: what migration files are written with, and what the autodetector compares.
--
-- The same value gives the same text in every run, and the text evaluates to an equal value. A layout is decided here
-- too: a table stands on one line where it fits, otherwise one entry per line.
local core = require "rdb.core"
local errors = require "rdb.orm.errors"

local M = {}

local WIDTH = 110


local function raise(context, message, ...)
  errors.raise("unsupported", "%scannot be written to a migration: " .. message,
    context.where and context.where .. " " or "", ...)
end


-- A node is a text, or { open=, close=, items = { { key|nil, node }, … }, broken = bool }.
local function group(open, items, close)
  return { open = open, items = items, close = close or "}" }
end


local function key_text(key)
  if type(key) == "string" and key:match "^[%a_][%w_]*$" and not M.KEYWORDS[key] then
    return key .. " = "
  end
  return "[" .. M.literal(key) .. "] = "
end


M.KEYWORDS = {}
for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true "
  .. "until while"):gmatch "%a+" do
  M.KEYWORDS[word] = true
end


local ESCAPES = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ["\\"] = "\\\\", ['"'] = '\\"' }


local function string_literal(text)
  local valid = utf8.len(text) ~= nil
  local escaped = text:gsub('[%c\\"\127]', function(char)
    return ESCAPES[char] or ("\\x%02X"):format(char:byte())
  end)
  if not valid then
    escaped = escaped:gsub("[\128-\255]", function(char) return ("\\x%02X"):format(char:byte()) end)
  end
  return '"' .. escaped .. '"'
end


local function float_literal(value)
  if value ~= value then
    return "(0 / 0)"
  elseif value == math.huge then
    return "math.huge"
  elseif value == -math.huge then
    return "-math.huge"
  end
  local text
  for digits = 15, 17 do
    text = ("%." .. digits .. "g"):format(value)
    if tonumber(text) == value then
      break
    end
  end
  return text:find "[%.eE]" and text or text .. ".0"
end


--- The source of a string, number or boolean.
function M.literal(value)
  if type(value) == "string" then
    return string_literal(value)
  elseif math.type(value) == "integer" then
    return value == math.mininteger and "math.mininteger" or ("%d"):format(value)
  elseif math.type(value) == "float" then
    return float_literal(value)
  end
  return tostring(value)
end


local function sorted_pairs(t)
  local keys = {}
  for key in pairs(t) do
    keys[#keys + 1] = key
  end
  table.sort(keys, function(a, b)
    if type(a) == type(b) and type(a) ~= "boolean" then
      return a < b
    end
    return type(a) .. tostring(a) < type(b) .. tostring(b)
  end)
  return keys
end


-- Positional entries first, then the named ones by name.
local function table_items(value, context)
  local items, count = {}, 0
  while rawget(value, count + 1) ~= nil do
    count = count + 1
    items[count] = { nil, M.node(value[count], context) }
  end
  for _, key in ipairs(sorted_pairs(value)) do
    if not (math.type(key) == "integer" and key >= 1 and key <= count) then
      if type(key) ~= "string" and type(key) ~= "number" and type(key) ~= "boolean" then
        raise(context, "a table has a %s as a key", type(key))
      end
      items[#items + 1] = { key_text(key), M.node(value[key], context) }
    end
  end
  return items
end


-- Standard modules first, then ours, then the project's by name: the first place that holds the function.
local STANDARD = { "_G", "string", "math", "os", "table", "utf8" }


local function name_in(module, value)
  if type(module) ~= "table" then
    return nil
  end
  local found
  for key, item in next, module do
    if rawequal(item, value) and type(key) == "string" and key:match "^[%a_][%w_]*$" and (not found or key < found) then
      found = key
    end
  end
  return found
end


local function function_name(value)
  for _, module in ipairs(STANDARD) do
    local name = name_in(package.loaded[module], value)
    if name then
      return module == "_G" and name or module .. "." .. name
    end
  end
  local own = name_in(package.loaded["rdb"], value) or name_in(core, value)
  if own and require("rdb")[own] == value then
    return "rdb." .. own, true
  end
  for _, module in ipairs(sorted_pairs(package.loaded)) do
    if type(module) == "string" and module ~= "rdb" and not module:find "^rdb%." then
      local name = name_in(package.loaded[module], value)
      if name then
        return ("require(%s).%s"):format(string_literal(module), name)
      end
    end
  end
  return nil
end


local function function_node(value, context)
  local name, uses_rdb = function_name(value)
  if name then
    context.uses.rdb = context.uses.rdb or uses_rdb
    return name
  end
  if context.compare then
    return ("<%s>"):format(tostring(value))
  end
  local info = debug.getinfo(value, "S")
  raise(context, "it is the function of %s:%d, which has no name a file could use; put it into a module, "
    .. "for example defaults.lua that returns { make = function() … end }, and write require(\"…defaults\").make",
    info.short_src, info.linedefined)
end


local VALUES = {
  date = "rdb.date", time = "rdb.time", datetime = "rdb.datetime", duration = "rdb.duration", decimal = "rdb.decimal",
  uuid = "rdb.uuid",
}


local function userdata_node(value, context)
  local kind = value ~= core.null and core.is(value)
  if value == core.null then
    context.uses.rdb = true
    return "rdb.null"
  elseif kind then
    context.uses.rdb = true
    return ("%s %s"):format(VALUES[kind], string_literal(tostring(value)))
  end
  raise(context, "it is a %s", (errors.type_name(value):gsub("^a ", "")))
end


-- Tables with a metatable: each entry answers a node for the tables it knows, or nil.
local function special_node(value, context)
  local metatable = getmetatable(value)
  local name = type(metatable) == "table" and rawget(metatable, "__name")
  if name == "rdb.array" or name == "rdb.object" then
    context.uses.rdb = true
    return group(name .. " {", table_items(value, context))
  elseif value.kind == "on_delete" then
    context.uses.rdb = true
    if value.name == "SET" then
      return group("rdb.SET(", { { nil, M.node(value.value, context) } }, ")")
    end
    return "rdb." .. value.name
  elseif value._meta and value._meta.label then
    return string_literal(value._meta.label)
  elseif value.given and value.deconstruct and value.type then
    return M.field_node(value, context)
  elseif value.deconstruct then
    local kind, spec = value:deconstruct()
    context.uses.rdb = true
    return group("rdb." .. kind .. " {", table_items(spec, context))
  end
  local node = require("rdb.migrations.serializer_expressions").node(value, context)
  if not node then
    raise(context, "it is %s", errors.type_name(value))
  end
  return node
end


--- A field as `f.char { max_length = 100 }`.
-- @tparam Field field
-- @tparam table context { uses = {}, where =, own = label of the model, compare = bool }
function M.field_node(field, context)
  local kind, options = require("rdb.migrations.references").deconstruct(field, context.own or ".")
  context.uses.f = true
  return group("f." .. kind .. " {", table_items(options, context))
end


--- A value as a node.
function M.node(value, context)
  local kind = type(value)
  if kind == "table" then
    if getmetatable(value) ~= nil then
      return special_node(value, context)
    end
    context.depth = (context.depth or 0) + 1
    if context.depth > 60 then
      raise(context, "a table is nested too deep, or contains itself")
    end
    local items = table_items(value, context)
    context.depth = context.depth - 1
    return group("{", items)
  elseif kind == "function" then
    return function_node(value, context)
  elseif kind == "userdata" then
    return userdata_node(value, context)
  elseif kind == "thread" then
    raise(context, "it is a coroutine")
  end
  return M.literal(value)
end


local function flat(node)
  if type(node) == "string" then
    return node
  elseif node.broken then
    return nil
  end
  local parts = {}
  for index, item in ipairs(node.items) do
    local text = flat(item[2])
    if not text then
      return nil
    end
    parts[index] = (item[1] or "") .. text
  end
  if #parts == 0 then
    return node.open .. node.close
  end
  local space = node.close == "}" and " " or ""
  return node.open .. space .. table.concat(parts, ", ") .. space .. node.close
end


--- A node as text.
-- @param node
-- @tparam string indent of the line that the node starts on
-- @tparam integer used characters before the node on its line
-- @treturn string
function M.layout(node, indent, used)
  local line = flat(node)
  if line and (type(node) == "string" or used + #line < WIDTH) then
    return line
  end
  local inner = indent .. "  "
  local parts = { node.open .. "\n" }
  local comma = node.close == ")" and "" or ","
  for index, item in ipairs(node.items) do
    local key = item[1] or ""
    parts[#parts + 1] = inner .. key .. M.layout(item[2], inner, #inner + #key + 1)
      .. (index < #node.items and "," or comma) .. "\n"
  end
  parts[#parts + 1] = indent .. node.close
  return table.concat(parts)
end


--- A value as Lua source on one line.
-- @tparam any value
-- @tparam[opt] table context see field_node; `context.compare` lets functions without a name through, for comparing
--   only
-- @treturn string
-- @raise unsupported for closures and other values that no file can hold
function M.text(value, context)
  context = context or {}
  context.uses = context.uses or {}
  return flat(M.node(value, context))
end


--- A text that is equal for equal values, also for those that cannot be written.
function M.fingerprint(value, own)
  return M.text(value, { compare = true, own = own })
end


--- The value of a text made by `text`.
function M.evaluate(text)
  local environment = setmetatable({ rdb = require "rdb", f = require "rdb.fields" }, { __index = _G })
  return assert(load("return " .. text, "=migration value", "t", environment))()
end


M.group = group
M.flat = flat
M.table_items = table_items

return M
