--- Keyset pagination: a total order, the condition for what comes after a row, and cursors as text.
-- A cursor is hexadecimal: a check of the model, the order and the values, then the values of a row as JSON. They are
-- bound like any others; nothing in a cursor becomes SQL.
local core = require "rdb.core"
local errors = require "rdb.orm.errors"
local naming = require "rdb.orm.naming"
local ordering = require "rdb.orm.compiler.ordering"
local q = require "rdb.orm.q"
local structure = require "rdb.orm.structure"

local keyset = {}

local null = core.null

local function label(self)
  return self.node.trie.model._meta.label
end

-- What orders the rows: the items of the last order_by, or the model's own.
local function given_items(self)
  local at = self
  local reversed = false
  while at do
    local kind = at.node.kind
    if kind == "order_by" then
      return at.node.spec, reversed
    elseif kind == "reverse" then
      reversed = not reversed
    end
    at = at.prev
  end
  local items = {}
  for i, name in ipairs(self.node.trie.model._meta.ordering or {}) do
    items[i] = type(name) == "string" and ordering.parse(name) or { expression = name }
  end
  return items, reversed
end

-- The name under which a row has the value of an order's item.
local function name_of(self, item)
  if not item.path then
    errors.raise("unsupported", "%s: page_after needs an order by names; annotate the expression and order by that",
      label(self))
  end
  local resolved = structure.resolve(self.node, item.path)
  if resolved.annotation and #resolved.transforms == 0 then
    return item.path
  elseif resolved.ends_at_relation or #resolved.edges > 0 or #resolved.transforms > 0 then
    errors.raise("unsupported", "%s: page_after cannot order by '%s'; annotate it and order by the annotation",
      label(self), item.path)
  end
  return not resolved.composite and resolved.field.attname or nil
end

--- The order of a QuerySet, made total by the key.
-- @treturn {table,...} { name, descending }, with `text`
function keyset.order(self)
  local order, seen, text = {}, {}, { label(self) }
  local function add(name, descending)
    if not seen[name] then
      seen[name] = true
      order[#order + 1] = { name = name, descending = descending }
      text[#text + 1] = (descending and "-" or "+") .. name
    end
  end
  local items, reversed = given_items(self)
  for _, item in ipairs(items) do
    local name = name_of(self, item)
    if name then
      add(name, (item.descending or false) ~= reversed)
    else
      for _, field in ipairs(self.node.trie.model._meta.pk_fields) do
        add(field.attname, (item.descending or false) ~= reversed)
      end
    end
  end
  for _, field in ipairs(self.node.trie.model._meta.pk_fields) do
    add(field.attname, reversed)
  end
  order.text = table.concat(text, " ")
  return order
end

--- Rows of values must have what they are ordered by.
-- @raise misuse naming what is missing
function keyset.check_values(self, order)
  if not self.node.mode then
    return
  end
  local selected, at = {}, self
  while at.node.kind ~= "values" and at.node.kind ~= "group_by" do
    if at.node.kind == "annotate" and not at.node.spec.hidden then
      for _, name in ipairs(at.node.spec.names) do
        selected[name] = true
      end
    end
    at = at.prev
  end
  if at.node.kind == "group_by" or at.node.spec.mode == "values_list" then
    errors.raise("unsupported", "%s: page_after pages objects and values, not %s", label(self),
      at.node.kind == "group_by" and "groups" or "values_list")
  elseif at.node.spec.fields then
    for _, name in ipairs(at.node.spec.fields) do
      selected[name] = true
    end
    for _, item in ipairs(order) do
      if not selected[item.name] then
        errors.raise("misuse", "%s: page_after needs '%s' among the values: the rows are ordered by it",
          label(self), item.name)
      end
    end
  end
end

--- The QuerySet in that order.
function keyset.ordered(self, order)
  local names = {}
  for i, item in ipairs(order) do
    names[i] = (item.descending and "-" or "") .. item.name
  end
  return self:order_by(table.unpack(names))
end

-- Rows whose `name` comes after the value, and those that have the same value. NULLs come first; descending, last.
local function beyond(item, value)
  if value == null then
    return not item.descending and q.new(item.name .. "__isnull", false) or nil
  elseif item.descending then
    return q.new(item.name .. "__lt", value) | q.new(item.name .. "__isnull", true)
  end
  return q.new(item.name .. "__gt", value)
end

--- The condition for the rows after the one with these values.
-- @tparam table values in the order's order, rdb.null for NULL
-- @treturn Q
function keyset.after(self, order, values)
  local required = {}
  for _, field in ipairs(self.node.trie.model._meta.fields) do
    required[field.attname] = not field.null
  end
  local condition
  for i = #order, 1, -1 do
    local item, value = order[i], values[i]
    local later = beyond(item, value)
    if later and item.descending and required[item.name] then
      later = q.new(item.name .. "__lt", value)
    end
    local same = condition and (q.new(item.name, value) & condition)
    condition = later and same and (later | same) or later or same
  end
  return condition
end

local function plain(value)
  local kind = type(value)
  if kind == "nil" then
    return null
  elseif kind == "userdata" then
    return tostring(value)
  elseif math.type(value) == "float" then
    return ("%.17g"):format(value)
  end
  return value
end

local function check_of(order, text)
  return naming.hash8(order.text .. "\0" .. text)
end

--- The cursor that marks a row's place.
function keyset.write(self, order, row)
  local values = {}
  for i, item in ipairs(order) do
    local value = row[item.name]
    if type(value) == "table" then
      errors.raise("unsupported", "%s: page_after cannot order by '%s': its values are tables", label(self),
        item.name)
    end
    values[i] = plain(value)
  end
  local text = core.json_encode(core.array(values))
  return check_of(order, text) .. text:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end)
end

local function refuse(self)
  errors.raise("invalid_value", "%s: page_after got a cursor that is none of this order; begin again with nil",
    label(self))
end

local SCALARS = { string = true, number = true, boolean = true, userdata = true }

--- The values of a cursor.
-- @raise invalid_value when it was not made by keyset.write for this order
function keyset.read(self, order, cursor)
  local check, digits = tostring(cursor):match "^(%x%x%x%x%x%x%x%x)(%x+)$"
  if not check or #digits % 2 ~= 0 then
    refuse(self)
  end
  local text = digits:gsub("%x%x", function(byte) return string.char(tonumber(byte, 16)) end)
  local ok, values = pcall(core.json_decode, text)
  if not ok or check ~= check_of(order, text) or type(values) ~= "table" or #values ~= #order then
    refuse(self)
  end
  for i = 1, #order do
    if not SCALARS[type(values[i])] then
      refuse(self)
    end
  end
  return values
end

return keyset
