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
        local where = conditions.split(query.where)
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
    parts[#parts + 1] = #names == 1 and (" WHERE %s IN ("):format(names[1]) or (" WHERE (%s) IN (")
        :format(table.concat(names, ", "))
    local inner = select.assemble(query, output, { unordered = true })
    table.move(inner, 1, #inner, #parts + 1, parts)
    parts[#parts + 1] = ")"
end

-- Right side of an assignment; a value binds as the column's kind.
local function assigned(query, node, item)
    if item.index then
        return expressions.param(query, { node = node }, item.index, item.field.kind, query.meta.label .. "."
            .. item.field.name)
    end
    local before = #query.tree.joins
    local value = expressions.resolve(query, item.expression, { node = node })
    if #query.tree.joins > before then
        errors.raise("unsupported", "%s.%s: update cannot read another table; use a Subquery", query.meta.label,
            item.field.name)
    elseif value.aggregate then
        errors.raise("misuse", "%s.%s: update cannot assign an aggregate", query.meta.label, item.field.name)
    elseif value.op == "param" then
        value.kind, value.label = item.field.kind, query.meta.label .. "." .. item.field.name
    end
    return value
end

--- UPDATE of all rows of a query.
-- @tparam table node the update link; spec is a list of { field, index | expression }
-- @treturn table parts
function modify.update(query, node)
    local dialect = query.dialect
    local plain = is_plain(query)
    local values = {}
    for i, item in ipairs(node.spec) do
        local joins = query.tree.joins
        if not plain then -- judge the assignment by itself: conditions may have joined already
            query.tree.joins = {}
        end
        values[i] = assigned(query, node, item)
        query.tree.joins = joins
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
