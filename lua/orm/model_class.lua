--- The table that a model is: construction by calling it, the user's methods, and class attributes
-- (`objects`, `_meta`, `DoesNotExist`, `MultipleObjectsReturned`).
local errors = require "rdb.orm.errors"
local instance = require "rdb.orm.instance"

local model_class = {}

--- Names that no field, method or reverse accessor may take.
model_class.reserved = {
  objects = true, pk = true, _meta = true, meta = true, DoesNotExist = true, MultipleObjectsReturned = true,
}

-- Methods that a model may write anew; the ones of every model stay reachable through rdb.Model.
local OVERRIDABLE = { save = true, delete = true, clean = true, full_clean = true, to_table = true, __tostring = true }

for name in pairs(instance.methods) do
  model_class.reserved[name] = true
end
model_class.reserved.clean = true

-- A name that a method cannot have, with the reason.
local function refuse_method(meta, name)
  local field = meta.by_name[name]
  if field then
    return ("the name belongs to the field %s"):format(field:describe())
  elseif meta.descriptors[name] then
    return "the name belongs to a relation"
  elseif model_class.reserved[name] and not OVERRIDABLE[name] then
    return "the name belongs to every model"
  end
end

local function class_newindex(model, name, value)
  local meta = model._meta
  if type(name) ~= "string" then
    errors.raise("misuse", "%s: attributes of a model have names, got %s", meta.label, errors.type_name(name))
  end
  local reason = refuse_method(meta, name)
  if reason then
    errors.raise("misuse", "%s cannot have a method '%s' (%s): %s", meta.label, name, errors.at(2), reason)
  end
  rawset(model, name, value)
end

local function manager(model)
  return require "rdb.orm.queryset".root(model)
end

--- The empty class of a model whose `_meta` is being filled.
function model_class.allocate(meta)
  local attributes = {
    DoesNotExist = { code = "does_not_exist", model = meta.label },
    MultipleObjectsReturned = { code = "multiple_objects_returned", model = meta.label },
  }
  local methods = instance.methods
  -- `_meta` is a plain key: the core looks there, without metamethods, for the label in its messages.
  local model = setmetatable({ _meta = meta }, {
    __name = "model " .. meta.label,
    __index = function(model, key)
      local value = attributes[key]
      if value == nil then
        value = methods[key]
        if value == nil and key == "objects" then
          value = manager(model)
          attributes.objects = value
        end
      end
      return value
    end,
    __newindex = class_newindex,
    __call = function(_, values)
      return instance.construct(meta, values)
    end,
    __tostring = function()
      return meta.label
    end,
  })
  meta.model = model
  return model
end

--- All fields are bound: take the methods and build the metatable of the instances.
function model_class.complete(model, methods)
  local names = {}
  for name in pairs(methods) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local reason = refuse_method(model._meta, name)
    if reason then
      errors.raise("misuse", "%s cannot have a method '%s' (%s): %s", model._meta.label, name, model._meta.source,
        reason)
    end
    rawset(model, name, methods[name])
  end
  instance.attach(model)
end

return model_class
