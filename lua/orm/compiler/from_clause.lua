--- The FROM clause of a join tree.
local render = require "rdb.orm.compiler.render"

local from_clause = {}

local function table_and_alias(parts, entry, dialect)
  parts[#parts + 1] = dialect.quote_name(entry.table)
  if entry.alias ~= entry.table then
    parts[#parts + 1] = " AS " .. dialect.quote_name(entry.alias)
  end
end

-- Further conditions of a join that was asked for by name.
local function render_conditions(parts, join, dialect)
  for _, condition in ipairs(join.conditions or {}) do
    local grouped = condition.op == "tree" and #condition.children > 1
    parts[#parts + 1] = grouped and " AND (" or " AND "
    render.node(parts, condition, dialect)
    parts[#parts + 1] = grouped and ")" or nil
  end
end

--- Append " FROM ..." with all joins in the order in which they were made.
function from_clause.render(parts, tree, dialect)
  local quote = dialect.quote_name
  parts[#parts + 1] = " FROM "
  table_and_alias(parts, tree.base, dialect)
  parts[#parts + 1] = tree.base.hint
  for _, join in ipairs(tree.joins) do
    parts[#parts + 1] = join.outer and " LEFT OUTER JOIN " or " INNER JOIN "
    table_and_alias(parts, join, dialect)
    parts[#parts + 1] = (" ON (%s.%s = %s.%s"):format(quote(join.parent.alias), quote(join.edge.from_column),
      quote(join.alias), quote(join.edge.to_column))
    render_conditions(parts, join, dialect)
    parts[#parts + 1] = ")"
  end
end

return from_clause
