--- rdb.Subquery(qs), rdb.Exists(qs), rdb.OuterRef("path").
local base = require "rdb.orm.expressions.base"
local errors = require "rdb.orm.errors"

local subqueries = {}

local function check(queryset, name)
  if not base.is_queryset(queryset) then
    errors.raise("misuse", "rdb.%s takes a QuerySet, got %s", name, errors.type_name(queryset))
  end
end

--- rdb.Subquery(qs): the one value that the QuerySet selects.
function subqueries.Subquery(queryset)
  check(queryset, "Subquery")
  return base.new("subquery", "subquery", {}, { queryset = queryset, dynamic = true, keep_order = true })
end

--- rdb.Exists(qs): whether the QuerySet has a row; a condition.
function subqueries.Exists(queryset)
  check(queryset, "Exists")
  return base.new("exists", "exists", {}, { queryset = queryset, dynamic = true, condition = true })
end

--- rdb.OuterRef("path"): a field of the query around a Subquery or Exists.
function subqueries.OuterRef(path)
  local reference = base.path(path)
  return base.new("outer", "outer:" .. path, {}, { path = reference.path })
end

base.from_queryset = subqueries.Subquery

return subqueries
