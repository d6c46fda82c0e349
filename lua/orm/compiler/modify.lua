--- UPDATE and DELETE of a QuerySet.
local conditions = require "rdb.orm.compiler.conditions"
local errors = require "rdb.orm.errors"
local expressions = require "rdb.orm.compiler.expressions"
local render = require "rdb.orm.compiler.render"
local select = require "rdb.orm.compiler.select"

local modify = {}

local function is_plain(query)
  return #query.tree.joins == 0 and not query.group and not query.distinct and not query.slice
end

-- WHERE of the statement: the conditions themselves, or the keys of the rows when they span tables.
local function render_where(parts, query)
  local dialect = query.dialect
  if is_plain(query) then
    local where = conditions.split(query.where, query.having)
    if where then
      parts[#parts + 1] = " WHERE "
      render.node(parts, where, dialect)
    end
    return
  end
  local keys = select.key_columns(query)
  local output, names = {}, {}
  for i, node in ipairs(keys) do
    output[i] = { name = node.field.attname, node = node }
    names[i] = dialect.quote_name(node.column)
  end
  local left = table.concat(names, ", ")
  parts[#parts + 1] = (#names == 1 and " WHERE %s IN (" or " WHERE (%s) IN ("):format(left)
  local inner = select.assemble(query, output, { unordered = true })
  table.move(inner, 1, #inner, #parts + 1, parts)
  parts[#parts + 1] = ")"
end

local function reads_other_table(node, base)
  if node.op == "column" then
    return node.join ~= base
  end
  for _, list in ipairs { node.args or {}, node.conditions or {}, node.children or {} } do
    for _, inner in ipairs(list) do
      if reads_other_table(inner, base) then
        return true
      end
    end
  end
  return false
end

-- Right side of an assignment; a value binds as the column's kind.
local function assigned(query, node, item)
  local label = query.meta.label .. "." .. item.field.name
  if item.index then
    return expressions.param(query, { node = node }, item.index, item.field.kind, label)
  end
  local value = expressions.resolve(query, item.expression, { node = node })
  if reads_other_table(value, query.tree.base) then
    errors.raise("unsupported", "%s: update cannot read another table; use a Subquery", label)
  elseif value.aggregate then
    errors.raise("misuse", "%s: update cannot assign an aggregate", label)
  elseif value.op == "param" then
    value.kind, value.label = item.field.kind, label
  end
  return expressions.assignable(query, value, item.field)
end

--- UPDATE of all rows of a query.
-- @tparam table node the update link; spec is a list of { field, index | expression }
-- @treturn table parts
function modify.update(query, node)
  local dialect = query.dialect
  local values = {}
  for i, item in ipairs(node.spec) do
    values[i] = assigned(query, node, item)
  end
  local parts = { "UPDATE ", dialect.quote_name(query.meta.table), " SET " }
  for i, item in ipairs(node.spec) do
    parts[#parts + 1] = (i > 1 and ", " or "") .. dialect.quote_name(item.field.column) .. " = "
    render.node(parts, values[i], dialect)
  end
  render_where(parts, query)
  return parts
end

--- DELETE of all rows of a query.
function modify.delete(query)
  local parts = { "DELETE FROM ", query.dialect.quote_name(query.meta.table) }
  render_where(parts, query)
  return parts
end

return modify
