--- Options, indexes, constraints, unique_together and table names that changed.
local m = require "rdb.migrations.operations"
local serializer = require "rdb.migrations.serializer"

local M = {}


-- Options that are compared as a whole: all without an operation of their own.
local function other_options(model)
  local options = {}
  for key, value in pairs(model.options) do
    if not m.AlterModelOptions.OWN_OPERATION[key] then
      options[key] = value
    end
  end
  return options
end


--- Options such as ordering and verbose_name.
function M.altered_options(context)
  for _, label in ipairs(context.kept) do
    local old, new = other_options(context.before.models[label]), other_options(context.after.models[label])
    if serializer.fingerprint(old, label) ~= serializer.fingerprint(new, label) then
      local model = context.after.models[label]
      context.add(model.app, m.AlterModelOptions { name = model.name, options = new })
    end
  end
end


-- What an index or constraint is, apart from its name.
local function content_of(object)
  local kind, spec = object:deconstruct()
  local copy = {}
  for key, value in pairs(spec) do
    copy[key] = value
  end
  copy.name = nil
  return kind .. " " .. serializer.fingerprint(copy)
end


-- Entries of list that have no equal (name and content) in other.
local function without_equal(list, other)
  local rest = {}
  for _, object in ipairs(list) do
    local found = false
    for _, candidate in ipairs(other) do
      found = found or (candidate.name == object.name and content_of(candidate) == content_of(object))
    end
    if not found then
      rest[#rest + 1] = object
    end
  end
  return rest
end


-- Pairs of a removed and an added object with the same content; both are taken out of their lists.
local function take_renamed(removed, added)
  local pairs_found = {}
  for position = #added, 1, -1 do
    for other = 1, #removed do
      if content_of(removed[other]) == content_of(added[position]) then
        table.insert(pairs_found, 1, { old = removed[other], new = added[position] })
        table.remove(removed, other)
        table.remove(added, position)
        break
      end
    end
  end
  return pairs_found
end


-- A constraint without a name of its own is named after table and columns. When only that name would change, because
-- one of them was renamed, the constraint keeps the name that it has.
local function take_equal_but_for_made_name(removed, added, made_names)
  for position = #added, 1, -1 do
    for other = 1, #removed do
      if made_names[added[position].name] and content_of(removed[other]) == content_of(added[position]) then
        table.remove(removed, other)
        table.remove(added, position)
        break
      end
    end
  end
end


--- Compare indexes and constraints; remove and rename the ones that are gone or have another name.
function M.removed_objects(context)
  context.added = {}
  for _, label in ipairs(context.kept) do
    local old, new = context.before.models[label], context.after.models[label]
    if old:managed() and new:managed() then
      local old_indexes, new_indexes = old.options.indexes or {}, new.options.indexes or {}
      local old_constraints, new_constraints = old.options.constraints or {}, new.options.constraints or {}
      local removed_indexes = without_equal(old_indexes, new_indexes)
      local added_indexes = without_equal(new_indexes, old_indexes)
      local renamed = take_renamed(removed_indexes, added_indexes)
      local removed = without_equal(old_constraints, new_constraints)
      local added = without_equal(new_constraints, old_constraints)
      take_equal_but_for_made_name(removed, added, new.made_names or {})
      for _, constraint in ipairs(removed) do
        context.add(new.app, m.RemoveConstraint { model = new.name, name = constraint.name })
      end
      for _, index in ipairs(removed_indexes) do
        context.add(new.app, m.RemoveIndex { model = new.name, name = index.name })
      end
      for _, pair in ipairs(renamed) do
        context.add(new.app, m.RenameIndex { model = new.name, old_name = pair.old.name, new_name = pair.new.name })
      end
      context.added[label] = { indexes = added_indexes, constraints = added }
    end
  end
end


--- Add the indexes and constraints that are new.
function M.added_objects(context)
  for _, label in ipairs(context.kept) do
    local added, model = context.added[label], context.after.models[label]
    for _, index in ipairs(added and added.indexes or {}) do
      context.add(model.app, m.AddIndex { model = model.name, index = index })
    end
    for _, constraint in ipairs(added and added.constraints or {}) do
      context.add(model.app, m.AddConstraint { model = model.name, constraint = constraint })
    end
  end
end


local function key_of(names)
  return table.concat(names, "\0")
end


local function keys_of(list)
  local keys = {}
  for _, names in ipairs(list) do
    keys[key_of(names)] = true
  end
  return keys
end


local function contains_all(keys, list)
  for _, names in ipairs(list) do
    if not keys[key_of(names)] then
      return false
    end
  end
  return true
end


local function alter_unique_together(context, model, list)
  local operation = m.AlterUniqueTogether { name = model.name, unique_together = list }
  context.add(model.app, operation)
  operation:state_forwards(model.app, context.before)
end


--- Drop combinations that are gone, before their fields are.
function M.removed_unique_together(context)
  for _, label in ipairs(context.kept) do
    local old, new = context.before.models[label]:unique_together(), context.after.models[label]:unique_together()
    local wanted, remaining = keys_of(new), {}
    for _, names in ipairs(old) do
      if wanted[key_of(names)] then
        remaining[#remaining + 1] = names
      end
    end
    if #remaining < #old then
      alter_unique_together(context, context.after.models[label], remaining)
    end
  end
end


--- Add combinations that are new, after their fields exist.
function M.altered_unique_together(context)
  for _, label in ipairs(context.kept) do
    local old, new = context.before.models[label]:unique_together(), context.after.models[label]:unique_together()
    if not contains_all(keys_of(old), new) then
      alter_unique_together(context, context.after.models[label], new)
    end
  end
end


--- Tables with another name.
function M.altered_tables(context)
  for _, label in ipairs(context.kept) do
    local old, new = context.before.models[label], context.after.models[label]
    if old.options.table_name ~= new.options.table_name then
      context.add(new.app, m.AlterModelTable { name = new.name, table = new.options.table_name })
    end
  end
end


return M
