--- rdb.Index { "a", "-b", name =, where =, include =, method =, opclasses = }
local errors = require "rdb.orm.errors"
local naming = require "rdb.orm.naming"
local suggest = require "rdb.orm.suggest"

local Index = { __name = "rdb.Index" }
Index.__index = Index

local OPTIONS = {
  name = "string", where = "table", include = "table", method = "string", opclasses = "table", unique = "boolean",
  condition = "table",
}

local function is_expression(item)
  return type(item) == "table" and getmetatable(item) ~= nil
end

--- Parse the positional items: "a" and "-b" are fields, anything with a metatable is an expression.
-- Shared with constraints.
-- @treturn table fields { { name =, desc = }, ... }
-- @treturn table expressions
local function parse_items(spec, what)
  local fields, expressions = {}, {}
  for i, item in ipairs(spec) do
    if type(item) == "string" then
      local minus, name = item:match("^(%-?)([%a_][%w_]*)$")
      if not name then
        errors.raise("misuse", "%s: item %d is no field name: '%s' (%s)", what, i, item, errors.at(4))
      end
      fields[#fields + 1] = { name = name, desc = minus == "-" }
    elseif is_expression(item) then
      expressions[#expressions + 1] = item
    else
      errors.raise("misuse", "%s: item %d must be a field name or an expression, got %s (%s)", what, i,
        errors.type_name(item), errors.at(4))
    end
  end
  if #fields > 0 and #expressions > 0 then
    errors.raise("misuse", "%s takes either field names or expressions, not both (%s)", what, errors.at(4))
  end
  return fields, expressions
end

--- A condition given as a plain table is a Q. Shared with constraints.
local function as_condition(value)
  if type(value) == "table" and getmetatable(value) == nil and value.connector == nil then
    return require "rdb.orm.q".new(value)
  end
  return value
end

--- Check the named options of an index or constraint; shared with constraints.
local function check_options(spec, known, what)
  if type(spec) ~= "table" then
    errors.raise("misuse", "%s takes a table, got %s (%s)", what, errors.type_name(spec), errors.at(4))
  end
  for key, value in pairs(spec) do
    if type(key) == "string" then
      if not known[key] then
        errors.raise("misuse", "%s has no option '%s'%s (%s)", what, key, suggest.clause(key, known),
          errors.at(4))
      elseif type(value) ~= known[key] then
        errors.raise("misuse", "%s expects a %s for '%s', got %s (%s)", what, known[key], key,
          errors.type_name(value), errors.at(4))
      end
    elseif math.type(key) ~= "integer" then
      errors.raise("misuse", "%s takes names and options only (%s)", what, errors.at(4))
    end
  end
  if spec.name and (#spec.name > naming.MAX_LENGTH or not spec.name:find("^[%a_][%w_]*$")) then
    errors.raise("misuse", "%s: the name '%s' is none of at most %d letters, digits and underscores (%s)", what,
      spec.name, naming.MAX_LENGTH, errors.at(4))
  end
end

-- kind, fields, expressions, where, include, method, opclasses, unique, name (given or made by bind)
local function new(spec)
  check_options(spec, OPTIONS, "rdb.Index")
  local fields, expressions = parse_items(spec, "rdb.Index")
  if #fields == 0 and #expressions == 0 then
    errors.raise("misuse", "rdb.Index needs at least one field or expression (%s)", errors.at(3))
  end
  return setmetatable({
    kind = "index", fields = fields, expressions = expressions, name = spec.name,
    where = as_condition(spec.where or spec.condition), include = spec.include or {}, method = spec.method,
    opclasses = spec.opclasses or {}, unique = spec.unique or false, source = errors.at(3),
  }, Index)
end

local function field_columns(object, meta)
  local columns = {}
  for i, item in ipairs(object.fields) do
    local field = meta.by_name[item.name]
    columns[i] = (item.desc and "-" or "") .. (field and field.column or item.name)
  end
  return columns
end

-- Call fn with the first name of every path ("a" of "a__gt") in a condition or an expression.
local function each_path(node, fn)
  for key, value in pairs(node) do
    if key == "path" and type(value) == "string" then
      fn((value:gsub("__.*$", "")))
    elseif type(value) == "table" and (key ~= "value" or getmetatable(value) ~= nil) then -- not into JSON
      each_path(value, fn)
    end
  end
end

-- Every field that it names exists in the model and is a column. Shared with constraints.
local function check_fields(object, meta, what)
  local function check(name)
    local field = meta.by_name[name]
    if name ~= "pk" and (not field or field.many_to_many) then
      errors.raise("misuse", "%s (%s) on %s: there is no column field '%s'%s", what, object.source, meta.label,
        name, suggest.clause(name, meta.by_name))
    end
  end
  each_path({ object.condition or {}, object.where or {}, object.expressions or {} }, check)
  for _, item in ipairs(object.fields) do
    check(item.name)
  end
  for _, name in ipairs(object.include or {}) do
    check(name)
  end
end

--- A copy with its final name for the model that `meta` describes.
-- @raise misuse for fields that the model does not have
function Index:bind(meta)
  check_fields(self, meta, "rdb.Index")
  local copy = setmetatable({}, Index)
  for key, value in pairs(self) do
    copy[key] = value
  end
  if not copy.name then
    local extra = naming.fingerprint { self.where, self.include, self.expressions, self.method, self.unique }
    copy.name = naming.constraint_name(meta.table, field_columns(self, meta), "idx", extra)
  end
  return copy
end

local function field_items(object)
  local items = {}
  for i, item in ipairs(object.fields) do
    items[i] = (item.desc and "-" or "") .. item.name
  end
  for _, expression in ipairs(object.expressions or {}) do
    items[#items + 1] = expression
  end
  return items
end

local function filled(list)
  return next(list) ~= nil and list or nil
end

--- @treturn string "Index"
-- @treturn table what rdb.Index { ... } takes to make an equal one
function Index:deconstruct()
  local spec = field_items(self)
  spec.name, spec.where, spec.method = self.name, self.where, self.method
  spec.include, spec.opclasses = filled(self.include), filled(self.opclasses)
  spec.unique = self.unique or nil
  return "Index", spec
end

return {
  Index = setmetatable(Index, {
    __call = function(_, spec)
      local index = new(spec) -- no tail call: messages name the line that called this
      return index
    end,
  }),
  as_condition = as_condition, parse_items = parse_items, check_options = check_options, check_fields = check_fields,
  field_columns = field_columns, field_items = field_items, filled = filled,
}
