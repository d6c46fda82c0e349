--- Indexes and constraints as migrations handle them: named things that are rebuilt with changes.
local MODULES = {
  Index = "rdb.orm.indexes", CheckConstraint = "rdb.orm.constraints", UniqueConstraint = "rdb.orm.constraints",
}

local M = {}


local function rebuild(kind, spec)
  return require(MODULES[kind])[kind](spec)
end


--- The same index or constraint under another name.
function M.rename(object, name)
  local kind, spec = object:deconstruct()
  spec.name = name
  return rebuild(kind, spec)
end


-- "author__name" when "author" became "writer": "writer__name".
local function rename_path(path, old_name, new_name)
  if path == old_name then
    return new_name
  elseif path:sub(1, #old_name + 2) == old_name .. "__" then
    return new_name .. path:sub(#old_name + 1)
  end
  return path
end


-- A copy of a condition or expression in which a field has its new name. Both are trees of plain tables with a
-- metatable; names of fields stand under `path` only.
local function rename_in_tree(node, old_name, new_name)
  if type(node) ~= "table" then
    return node
  end
  local copy = {}
  for key, value in pairs(node) do
    if key == "path" and type(value) == "string" then
      copy[key] = rename_path(value, old_name, new_name)
    elseif (key == "head" or key == "static") and type(value) == "string" then
      copy[key] = nil -- texts derived from the path: see below
    else
      copy[key] = rename_in_tree(value, old_name, new_name)
    end
  end
  return setmetatable(copy, getmetatable(node))
end


local function mentions(node, name)
  if type(node) ~= "table" then
    return false
  end
  for key, value in pairs(node) do
    if key == "path" and type(value) == "string" and rename_path(value, name, "") ~= value then
      return true
    elseif mentions(value, name) then
      return true
    end
  end
  return false
end


local function rename_condition(condition, old_name, new_name)
  if condition == nil or not mentions(condition, old_name) then
    return condition
  end
  -- Expressions carry texts derived from their parts, so they are written and read again instead of being copied.
  local serializer = require "rdb.migrations.serializer"
  return serializer.evaluate(serializer.text(rename_in_tree(condition, old_name, new_name)))
end


--- The same index or constraint with one field renamed; its name stays.
function M.rename_field(object, old_name, new_name)
  local kind, spec = object:deconstruct()
  local changed = {}
  for key, value in pairs(spec) do
    if math.type(key) == "integer" and type(value) == "string" then
      local sign, name = value:match "^(%-?)(.*)$"
      changed[key] = sign .. (name == old_name and new_name or name)
    elseif key == "include" then
      changed[key] = {}
      for index, name in ipairs(value) do
        changed[key][index] = name == old_name and new_name or name
      end
    elseif key == "name" or type(value) ~= "table" then
      changed[key] = value
    else
      changed[key] = rename_condition(value, old_name, new_name)
    end
  end
  return rebuild(kind, changed)
end


return M
