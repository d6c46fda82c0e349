--- rdb.model "blog.Author" { ... }
local definition = require "rdb.orm.definition"
local errors = require "rdb.orm.errors"

local Field = require "rdb.orm.fields.base"

-- An abstract model: fields, options and methods for models that name it in meta.extends. It has no table.
local Abstract = { __name = "abstract model" }
Abstract.__index = Abstract

-- Sort the table of a definition into fields (in the order written) and methods.
local function sort_body(label, body, source)
  local fields, methods = {}, {}
  for name, value in pairs(body) do
    if name == "meta" then -- luacheck: ignore 542
    elseif type(name) ~= "string" then
      errors.raise("misuse", "%s (%s): every field has a name, got %s without one", label, source,
        errors.type_name(value))
    elseif Field.is_field(value) then
      fields[#fields + 1] = { name, value }
    elseif type(value) == "function" then
      methods[name] = value
    elseif type(value) == "table" and rawget(value, "class_name") then
      errors.raise("misuse", "%s.%s (%s): f.%s is not called; write f.%s {}", label, name, source,
        value.class_name, value.class_name)
    else
      errors.raise("misuse", "%s.%s (%s): expects a field such as f.char { ... } or a function, got %s", label,
        name, source, errors.type_name(value))
    end
  end
  table.sort(fields, function(a, b)
    if a[2].counter ~= b[2].counter then
      return a[2].counter < b[2].counter
    end
    return a[1] < b[1]
  end)
  return fields, methods
end

-- Put what the abstract parents have before the model's own; the model's own names win.
local function inherit(parents, fields, methods, options)
  local own = {}
  for _, entry in ipairs(fields) do
    own[entry[1]] = true
  end
  local all = {}
  for _, parent in ipairs(parents) do
    for _, entry in ipairs(parent.fields) do
      if not own[entry[1]] then
        all[#all + 1], own[entry[1]] = entry, true
      end
    end
    for name, method in pairs(parent.methods) do
      methods[name] = methods[name] or method
    end
    for name, value in pairs(parent.options) do
      if options[name] == nil then
        options[name] = value
      end
    end
  end
  table.move(fields, 1, #fields, #all + 1, all)
  return all
end

local function define(label, body, source)
  local where = ("%s (%s)"):format(tostring(label), source)
  if type(body) ~= "table" or getmetatable(body) ~= nil then
    errors.raise("misuse", "%s: a model is a table of fields, got %s", where, errors.type_name(body))
  end
  if body.meta ~= nil and (type(body.meta) ~= "table" or getmetatable(body.meta) ~= nil) then
    errors.raise("misuse", "%s: meta is a table of options, got %s", where, errors.type_name(body.meta))
  end
  local fields, methods = sort_body(label, body, source)
  local options = {}
  for name, value in pairs(body.meta or {}) do
    options[name] = value
  end
  require "rdb.orm.meta_options".check(options, where)
  local parents, abstract = options.extends, options.abstract
  options.extends, options.abstract = nil, nil
  if parents then
    fields = inherit(parents.abstract and { parents } or parents, fields, methods, options)
  end
  if abstract then
    return setmetatable({
      abstract = true, label = label, fields = fields, methods = methods, options = options, source = source,
    }, Abstract)
  end
  return definition.define { label = label, fields = fields, options = options, methods = methods, source = source }
end

--- Define a model: `rdb.model "blog.Author" { name = f.char { max_length = 100 }, meta = { ... } }`.
-- @tparam string label "app.Model"
-- @treturn function takes the table of fields, methods and meta; returns the model
return function(label)
  local source = errors.at(2)
  return function(body)
    return define(label, body, source)
  end
end
