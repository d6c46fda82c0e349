--- Conditions (Q) and expressions as Lua source, for serializer.lua.
local base = require "rdb.orm.expressions.base"
local q = require "rdb.orm.q"
local errors = require "rdb.orm.errors"

local M = {}


local function serializer()
  return require "rdb.migrations.serializer"
end


local function is_leaf(child)
  return child.path ~= nil and child.connector == nil and not base.is(child)
end


-- rdb.Q { a = 1, b__gte = 2 } for leaves with names of their own, the usual case.
local function leaves_node(children, context)
  local seen = {}
  for _, child in ipairs(children) do
    if not is_leaf(child) or seen[child.path] then
      return nil
    end
    seen[child.path] = child.value
  end
  return serializer().group("rdb.Q {", serializer().table_items(seen, context))
end


local condition_text


local function child_text(child, context)
  if is_leaf(child) then
    return serializer().flat(leaves_node({ child }, context))
  elseif base.is(child) then
    return "rdb.Q(" .. serializer().flat(M.node(child, context)) .. ")"
  end
  return condition_text(child, context, true)
end


-- A condition on one line; `inside` another one it gets parentheses where it needs them.
function condition_text(condition, context, inside)
  context.uses.rdb = true
  local children = condition.children
  local text, compound
  local leaves = condition.connector == "AND" and #children > 0 and leaves_node(children, context)
  if leaves then
    text = serializer().flat(leaves)
  else
    local parts = {}
    for index, child in ipairs(children) do
      parts[index] = child_text(child, context)
    end
    text = table.concat(parts, condition.connector == "AND" and " & " or " | ")
    compound = #parts > 1
  end
  if condition.negated then
    return compound and "~(" .. text .. ")" or "~" .. text
  end
  return compound and inside and "(" .. text .. ")" or text
end


local function argument_nodes(expression, context)
  local items = {}
  for index, argument in ipairs(expression.args) do
    items[index] = { nil, M.node(argument, context) }
  end
  return items
end


local METHODS = { ["="] = "eq", ["<>"] = "ne", ["<"] = "lt", ["<="] = "le", [">"] = "gt", [">="] = "ge" }

-- kind of expression -> function(expression, context) -> node
local WRITERS = {}


function WRITERS.f(expression)
  return ("rdb.F(%s)"):format(serializer().literal(expression.path))
end


function WRITERS.value(expression, context)
  local items = { { nil, serializer().node(expression.value, context) } }
  if expression.value_kind ~= base.kind_of_value(expression.value) then
    items[2] = { nil, serializer().literal(expression.value_kind) }
  end
  return serializer().group("rdb.Value(", items, ")")
end


function WRITERS.combined(expression, context)
  local left, right = M.node(expression.args[1], context), M.node(expression.args[2], context)
  return ("(%s %s %s)"):format(serializer().flat(left), expression.operator, serializer().flat(right))
end


function WRITERS.compare(expression, context)
  local left, right = M.node(expression.args[1], context), M.node(expression.args[2], context)
  return ("%s:%s(%s)"):format(serializer().flat(left), METHODS[expression.operator], serializer().flat(right))
end


function WRITERS.ordering(expression, context)
  local options = expression.nulls and (" { nulls_%s = true }"):format(expression.nulls) or "()"
  return ("%s:%s%s"):format(serializer().flat(M.node(expression.args[1], context)),
    expression.descending and "desc" or "asc", options)
end


local function call(name, items)
  return serializer().group(name .. "(", items, ")")
end


function WRITERS.func(expression, context)
  return call("rdb.fn." .. expression.name, argument_nodes(expression, context))
end


function WRITERS.extract(expression, context)
  local part = expression.part
  local prefix = (part == "date" or part == "time") and "trunc_" or "extract_"
  return call("rdb.fn." .. prefix .. part, argument_nodes(expression, context))
end


function WRITERS.trunc(expression, context)
  return call("rdb.fn.trunc_" .. expression.part, argument_nodes(expression, context))
end


function WRITERS.custom(expression, context)
  local items = argument_nodes(expression, context)
  table.insert(items, 1, { nil, serializer().literal(expression.name) })
  return call("rdb.Func", items)
end


function WRITERS.cast(expression, context)
  local items = argument_nodes(expression, context)
  items[2] = { nil, serializer().literal(expression.type) }
  return call("rdb.Cast", items)
end


function WRITERS.raw(expression, context)
  local items = { { nil, serializer().literal(table.concat(expression.pieces, "?")) } }
  if #expression.args > 0 or expression.output then
    items[2] = { nil, serializer().group("{", argument_nodes(expression, context)) }
  end
  if expression.output then
    items[3] = { nil, serializer().node({ output = expression.output }, context) }
  end
  return call("rdb.RawSQL", items)
end


function WRITERS.case(expression, context)
  local items = {}
  for index, condition in ipairs(expression.conditions) do
    items[index] = { nil, serializer().group("{", {
      { nil, condition_text(condition, context, false) }, { nil, M.node(expression.args[index], context) },
    }) }
  end
  items[#items + 1] = { "default = ", M.node(expression.args[#expression.args], context) }
  return serializer().group("rdb.Case {", items)
end


--- The node of a condition or an expression; nil for anything else.
-- @raise unsupported for an expression that has no written form
function M.node(value, context)
  if q.is(value) then
    return condition_text(value, context, false)
  elseif not base.is(value) then
    return nil
  end
  context.uses.rdb = true
  local write = WRITERS[value.kind]
  if not write then
    errors.raise("unsupported", "%san expression of kind %q cannot be written to a migration",
      context.where and context.where .. ": " or "", value.kind)
  end
  return write(value, context)
end


return M
