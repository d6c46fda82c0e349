--- Shape to SQL. A node is compiled once per dialect; what comes out is shared by all chains of that shape.
--
-- compiled: { sql, kinds, steps, labels, shape, columns, related, plan }
--   steps   [depth] -> where the values of that link go: a parameter position when the link's only value goes there
-- as it
--           is, else a flat list of position, index, convert (index 0: link.value itself; convert false: as it is)
local conditions = require "rdb.orm.compiler.conditions"
local core = require "rdb.core"
local query = require "rdb.orm.compiler.query"
local render = require "rdb.orm.compiler.render"
local select = require "rdb.orm.compiler.select"

local compiler = {}

local function columns_of(output)
  local columns = {}
  for i, column in ipairs(output) do
    columns[i] = { column.name, column.node.kind }
  end
  return columns
end

local function rows(built, options)
  local parts, answer = select.rows(built, options)
  return parts, { shape = answer.shape, columns = columns_of(answer.output), related = answer.related }
end

local ONE_INTEGER = { shape = "flat", columns = { { "count", "int64" } } }
local NO_ROWS = { shape = "none", columns = {} }

-- What a terminal's node compiles to; other nodes are rows.
local terminals = {}

function terminals.get(built)
  return rows(built, { unordered = not built.distinct, limit = 2 })
end

function terminals.first(built)
  return rows(built, { by_key = true, limit = 1 })
end

function terminals.last(built)
  built.reversed = not built.reversed
  return rows(built, { by_key = true, limit = 1 })
end

function terminals.count(built)
  return select.count(built), ONE_INTEGER
end

function terminals.exists(built)
  return select.exists(built, { limit = 1 }), ONE_INTEGER
end

function terminals.aggregate(built, node)
  local parts, output = select.aggregate(built, node)
  return parts, { shape = "dict", columns = columns_of(output) }
end

function terminals.update(built, node)
  return require "rdb.orm.compiler.modify".update(built, node), NO_ROWS
end

function terminals.delete(built)
  return require "rdb.orm.compiler.modify".delete(built), NO_ROWS
end

for name in pairs(terminals) do
  query.register(name, function() end)
end

-- Where each link's values go. A value may be bound several times.
local function steps_of(params)
  local steps = {}
  for position, param in ipairs(params) do
    local step = steps[param.depth] or {}
    steps[param.depth] = step
    local n = #step
    step[n + 1], step[n + 2], step[n + 3] = position, param.index, param.convert or false
  end
  for depth, step in pairs(steps) do
    if #step == 3 and step[2] == 0 and not step[3] then
      steps[depth] = step[1]
    end
  end
  return steps
end

local function finish(parts, answer, dialect)
  local sql, params = render.finish(parts, dialect)
  local kinds, labels = {}, {}
  for i, param in ipairs(params) do
    kinds[i], labels[i] = param.kind, param.label
  end
  return {
    sql = sql, kinds = kinds, labels = labels, steps = steps_of(params), n = #params,
    shape = answer.shape, columns = answer.columns, related = answer.related, dialect = dialect,
  }
end

--- The compiled form of a node.
-- @tparam table node
-- @tparam table dialect
-- @treturn table compiled, cached on the node
function compiler.compile(node, dialect)
  local compiled = node.compiled
  if compiled and compiled.dialect == dialect then
    return compiled
  end
  local terminal = terminals[node.kind]
  local built = query.build(node, dialect)
  local parts, answer
  if terminal then
    parts, answer = terminal(built, node)
  else
    parts, answer = rows(built)
  end
  compiled = finish(parts, answer, dialect)
  node.compiled = compiled
  return compiled
end

--- Give a compiled shape its hydration plan.
-- @tparam table compiled
-- @tparam table node
-- @treturn userdata core.plan
function compiler.plan(compiled, node)
  local Model = node.trie.model
  local instance = compiled.shape == "instance"
  local plan = core.plan {
    sql = compiled.sql,
    database = node.alias,
    params = compiled.kinds,
    shape = compiled.shape,
    columns = compiled.columns,
    metatable = instance and Model._meta.metatable or nil,
    model = instance and Model or nil,
    related = compiled.related,
  }
  compiled.plan = plan
  return plan
end

local fill

--- The values of a chain in parameter order.
-- @tparam table compiled
-- @tparam table link last link of the chain; a terminal's node above it carries none
-- @treturn table params
function compiler.collect(compiled, link)
  local params = {}
  local steps = compiled.steps
  for depth = link.node.depth, 1, -1 do
    local step = steps[depth]
    if step then
      if type(step) == "number" then
        params[step] = link.value
      else
        fill(params, step, link.value)
      end
    end
    link = link.prev
  end
  return params
end

function fill(params, step, value)
  for i = 1, #step, 3 do
    local index, convert = step[i + 1], step[i + 2]
    local item = value
    if index > 0 then
      item = value[index]
    end
    if convert then
      item = convert(item)
    end
    params[step[i]] = item
  end
end

-- Columns of a table that is being defined stand without the table's name.
local function unqualified(parts, dialect, table_name)
  local prefix = dialect.quote_name(table_name) .. "."
  for i, part in ipairs(parts) do
    if type(part) == "string" and part:sub(1, #prefix) == prefix then
      parts[i] = part:sub(#prefix + 1)
    end
  end
end

local function literal_of(param, values, dialect)
  local value = values[param.index == 0 and 1 or param.index]
  if param.convert then
    value = param.convert(value)
  end
  return dialect.literal(value, param.kind)
end

-- A condition or an expression of one table, its values rendered as literals.
local function inline(Model, thing, dialect)
  local errors = require "rdb.orm.errors"
  local q = require "rdb.orm.q"
  local expressions = require "rdb.orm.compiler.expressions"
  local shape = require "rdb.orm.shape"
  local structure = require "rdb.orm.structure"
  local root = shape.root(Model)
  local collector = structure.collector(root, "inline")
  collector.exact = true
  local built = query.build(root, dialect)
  local scope = { node = { depth = 0, single = false } }
  local node
  if q.is(thing) then
    node = conditions.build(built, structure.q(collector, thing), scope)
  else
    node = expressions.resolve(built, structure.expression(collector, thing), scope)
  end
  if #built.tree.joins > 0 then
    errors.raise("misuse", "%s: a constraint or index can only name fields of its own table", Model._meta.label)
  end
  local parts = {}
  render.node(parts, node, dialect)
  for i, part in ipairs(parts) do
    if type(part) ~= "string" then
      parts[i] = literal_of(part, collector.values, dialect)
    end
  end
  unqualified(parts, dialect, Model._meta.table)
  return table.concat(parts)
end

--- A condition as SQL with literals, for CHECK constraints and partial indexes, which cannot bind parameters.
-- @tparam table Model
-- @tparam table condition a Q
-- @tparam table dialect
-- @treturn string
function compiler.inline_condition(Model, condition, dialect)
  return inline(Model, condition, dialect)
end

--- An expression as SQL with literals, for indexes on expressions and database defaults.
-- @tparam table Model
-- @tparam table expression
-- @tparam table dialect
-- @treturn string
function compiler.inline_expression(Model, expression, dialect)
  return inline(Model, expression, dialect)
end

return compiler
