--- rdb.Q: conditions as values, combined with | & ~.
-- A Q is { connector = "AND"|"OR", negated = bool, children = {...} }; a child is another Q, a boolean expression
-- (rdb.Exists, F"a":gt(...)), or a leaf { path =, value = }. The connector is set here only, never from a user's table.
local base = require "rdb.orm.expressions.base"
local errors = require "rdb.orm.errors"

local Q = { __name = "rdb.Q" }
Q.__index = Q

local q = { Q = Q }

local function new(connector, negated, children)
  return setmetatable({ connector = connector, negated = negated, children = children }, Q)
end

--- Is `value` a Q?
function q.is(value)
  return type(value) == "table" and getmetatable(value) == Q
end

--- Is `value` something that can stand as a whole condition: a Q or a boolean expression?
function q.is_condition(value)
  return q.is(value) or (base.is(value) and value.condition == true)
end

-- The keys of a condition table in an order that is the same in every run: positions, then names sorted.
local function sorted_keys(conditions)
  local names, positions = {}, 0
  for key in pairs(conditions) do
    if type(key) == "string" then
      names[#names + 1] = key
    elseif math.type(key) == "integer" and key >= 1 then
      positions = math.max(positions, key)
    else
      errors.raise("misuse", "a condition is named by a string such as \"title__icontains\"; got %s as the name",
        errors.type_name(key))
    end
  end
  table.sort(names)
  return names, positions
end

--- The children of a condition table { name = value, ..., Q, ... }.
-- @tparam table conditions plain table, not empty
-- @tparam string where names the caller in messages ("filter")
-- @treturn {table,...}
function q.children_of(conditions, where)
  local names, positions = sorted_keys(conditions)
  local children = {}
  for i = 1, positions do
    local child = conditions[i]
    if not q.is_condition(child) then
      errors.raise("misuse", "%s: entry %d without a name must be a Q or a boolean expression; got %s", where, i,
        errors.type_name(child))
    end
    children[#children + 1] = child
  end
  for _, name in ipairs(names) do
    children[#children + 1] = { path = name, value = conditions[name] }
  end
  if #children == 0 then
    errors.raise_with("misuse", {
      hint = "In Lua { owner = id } with id == nil is an empty table. Write rdb.null or owner__isnull to find "
        .. "NULLs, all() or none() to mean everything or nothing.",
    }, "%s got an empty table: a condition that lost its value would widen the query", where)
  end
  return children
end

local function nil_value(where, name)
  errors.raise_with("misuse", {
    hint = ("To find NULLs write %s(%q, rdb.null) or %s{ %s__isnull = true }."):format(where, name, where, name),
  }, "%s(%q, nil): nil is no value; use rdb.null or %s__isnull", where, name, name)
end

--- The children of call arguments: pairs ("name", value, ...), tables, Qs and boolean expressions.
-- @tparam string where names the caller in messages
-- @treturn {table,...} children, to be ANDed
function q.children_of_arguments(where, ...)
  local n = select("#", ...)
  if n == 0 then
    errors.raise("misuse", "%s needs a condition: a table, a Q, or a name and a value", where)
  end
  local arguments = { ... }
  if type(arguments[1]) == "string" then
    local children = {}
    if n % 2 == 1 then
      nil_value(where, tostring(arguments[n]))
    end
    for i = 1, n, 2 do
      local name, value = arguments[i], arguments[i + 1]
      if type(name) ~= "string" then
        errors.raise("misuse", "%s: argument %d must be a field name, got %s", where, i, errors.type_name(name))
      elseif value == nil then
        nil_value(where, name)
      end
      children[#children + 1] = { path = name, value = value }
    end
    return children
  end
  local children = {}
  for i = 1, n do
    local argument = arguments[i]
    if q.is_condition(argument) then
      children[#children + 1] = argument
    elseif type(argument) == "table" and getmetatable(argument) == nil then
      for _, child in ipairs(q.children_of(argument, where)) do
        children[#children + 1] = child
      end
    else
      errors.raise("misuse", "%s takes a table, a Q, or a name and a value; argument %d is %s", where, i,
        errors.type_name(argument))
    end
  end
  return children
end

--- rdb.Q{ name = value, ... }, rdb.Q(name, value, ...), rdb.Q(expression).
function q.new(...)
  local children = q.children_of_arguments("Q", ...)
  for _, child in ipairs(children) do
    if child.path and not child.path:find("^[%w_]+$") then
      errors.raise("misuse", "Q: %q is no field path", child.path)
    end
  end
  return new("AND", false, children)
end

--- A Q of children that were checked already.
function q.conjunction(children, negated)
  return new("AND", negated or false, children)
end

--- Any condition as a Q.
function q.from(value, where)
  if q.is(value) then
    return value
  elseif base.is(value) and value.condition then
    return new("AND", false, { value })
  elseif type(value) == "table" and getmetatable(value) == nil then
    return new("AND", false, q.children_of(value, where or "Q"))
  end
  errors.raise("misuse", "%s takes a Q, a table of conditions or a boolean expression; got %s", where
    or "a condition",
    errors.type_name(value))
end

local function join(connector, left, right)
  local children = {}
  for _, side in ipairs { q.from(left), q.from(right) } do
    if side.connector == connector and not side.negated then
      table.move(side.children, 1, #side.children, #children + 1, children)
    elseif #side.children == 1 and not side.negated then
      children[#children + 1] = side.children[1]
    else
      children[#children + 1] = side
    end
  end
  return new(connector, false, children)
end

function Q.__band(left, right)
  return join("AND", left, right)
end

function Q.__bor(left, right)
  return join("OR", left, right)
end

function Q.__bnot(operand)
  return new(operand.connector, not operand.negated, operand.children)
end

base.to_q = q.from

setmetatable(q, { __call = function(_, ...) return q.new(...) end })

return q
