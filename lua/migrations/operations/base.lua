--- What all operations share: construction with checked arguments, and the defaults of their methods.
--
-- An operation is a table with `kind` and its arguments as keys. Every operation answers:
--   state_forwards(app, state)                       change a ProjectState in place
--   database_forwards(app, editor, from, to)         change the database; from and to are the states around it
--   database_backwards(app, editor, from, to)        undo: from has the operation applied, to has not
--   describe(), migration_name_fragment()            texts for people and for file names
--   references_model(label, app), references_field(label, name, app)     may it touch that model / field?
--   reduce(other, app)                               see optimizer.lua
--   deconstruct() -> kind, { { key|nil, value }, ... }     what the writer prints, positional arguments first
-- and has `source` (file:line, for messages), `reversible`, `elidable`, `category` ("+" addition, "-" removal, "~"
-- alteration, "s" SQL, "p" code, "?"
-- mixed).
local errors = require "rdb.orm.errors"

local Operation = {
  reversible = true, elidable = false, category = "?", reduces_to_sql = true,
}
Operation.__index = Operation


local function names_of(arguments)
  local names = {}
  for index, argument in ipairs(arguments) do
    names[index] = argument.name
  end
  return table.concat(names, ", ")
end


local function find_argument(class, key)
  for _, argument in ipairs(class.arguments) do
    if argument.name == key or argument.alias == key then
      return argument
    end
  end
  errors.raise("config", "m.%s has no argument %q; it takes: %s", class.kind, tostring(key), names_of(class.arguments))
end


local function check_type(class, argument, value)
  local wanted = argument.type
  if wanted ~= "any" and not (wanted .. "|"):find(type(value) .. "|", 1, true) then
    errors.raise("config", "argument %q of m.%s must be a %s, got a %s", argument.name, class.kind,
      wanted:gsub("|", " or a "), type(value))
  end
end


-- Positional values belong to the arguments that are marked positional, in order.
local function argument_for(class, key)
  if math.type(key) ~= "integer" then
    return find_argument(class, key)
  end
  for _, argument in ipairs(class.arguments) do
    if argument.positional == key then
      return argument
    end
  end
  errors.raise("config", "m.%s got a value at position %d that it has no use for", class.kind, key)
end


local function construct(class, given)
  if type(given) ~= "table" then
    errors.raise("config", "m.%s takes a table of arguments, got a %s", class.kind, type(given))
  end
  local self = {}
  for key, value in pairs(given) do
    local argument = argument_for(class, key)
    check_type(class, argument, value)
    if self[argument.name] ~= nil then
      errors.raise("config", "m.%s got argument %q twice", class.kind, argument.name)
    end
    self[argument.name] = value
  end
  for _, argument in ipairs(class.arguments) do
    if self[argument.name] == nil then
      if argument.required then
        errors.raise("config", "m.%s needs the argument %q", class.kind, argument.name)
      end
      self[argument.name] = argument.default
    end
  end
  local caller = debug.getinfo(2, "Sl")
  self.source = ("%s:%d"):format(caller.short_src, caller.currentline)
  setmetatable(self, class)
  if class.database_backwards == Operation.database_backwards then
    self.reversible = false
  end
  if class.check then
    class.check(self)
  end
  return self
end


--- Define a kind of operation.
-- @tparam string kind "AddField"
-- @tparam table class arguments = { { name=, type="string|table"|"any", required=, default=, positional=, alias= },
--   ... },
--   methods, and optionally check(self)
-- @tparam[opt] table parent class to inherit from
-- @treturn table the class; calling it with a table of arguments builds an operation
local function define(kind, class, parent)
  class.kind = kind
  class.__index = class
  class.__name = "rdb.operation"
  class.__tostring = function(self) return self:describe() end
  return setmetatable(class, { __index = parent or Operation, __call = construct })
end


function Operation.state_forwards(self)
  errors.raise("unsupported", "operation %s does not say how it changes the state", self.kind)
end


function Operation.database_forwards(self)
  errors.raise("unsupported", "operation %s does not say how it changes the database", self.kind)
end


function Operation:database_backwards()
  errors.raise("unsupported", "operation %s cannot be undone", self.kind)
end


function Operation:describe()
  return self.kind
end


function Operation.migration_name_fragment()
  return nil
end


function Operation.references_model()
  return true
end


function Operation:references_field(label, _, app)
  return self:references_model(label, app)
end


--- Combine with an operation that comes later.
-- @treturn {operation,...}|boolean a list that replaces both; true: the other may move before this one; false: it
--   may not
function Operation:reduce(other)
  if self.elidable then
    return { other }
  elseif other.elidable then
    return { self }
  end
  return false
end


--- The kind and the arguments as written in a migration file.
function Operation:deconstruct()
  local list = {}
  for _, argument in ipairs(self.arguments) do
    local value = rawget(self, argument.name)
    if value ~= nil and value ~= argument.default and not (argument.omit_empty and next(value) == nil) then
      list[#list + 1] = { not argument.show_key and argument.positional and true or argument.name, value }
    end
  end
  return self.kind, list
end


--- A copy with some arguments changed.
function Operation:with(changes)
  local copy = {}
  for _, argument in ipairs(self.arguments) do
    local value = changes[argument.name]
    if value == nil then
      value = rawget(self, argument.name)
    end
    copy[argument.name] = value
  end
  return setmetatable(copy, getmetatable(self))
end


return { Operation = Operation, define = define }
