--- The FROM clause of a join tree.
local from_clause = {}

local function table_and_alias(parts, entry, dialect)
    parts[#parts + 1] = dialect.quote_name(entry.table)
    if entry.alias ~= entry.table then
        parts[#parts + 1] = " AS " .. dialect.quote_name(entry.alias)
    end
end

--- Append " FROM ..." with all joins in the order in which they were made.
function from_clause.render(parts, tree, dialect)
    local quote = dialect.quote_name
    parts[#parts + 1] = " FROM "
    table_and_alias(parts, tree.base, dialect)
    for _, join in ipairs(tree.joins) do
        parts[#parts + 1] = join.outer and " LEFT OUTER JOIN " or " INNER JOIN "
        table_and_alias(parts, join, dialect)
        parts[#parts + 1] = (" ON (%s.%s = %s.%s)"):format(quote(join.parent.alias), quote(join.edge.from_column),
            quote(join.alias), quote(join.edge.to_column))
    end
end

return from_clause
