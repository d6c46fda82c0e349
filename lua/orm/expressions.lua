--- The expressions that users write, by their public names: rdb.F, rdb.Value, rdb.Case, rdb.Count, ...
local aggregates = require "rdb.orm.expressions.aggregates"
local base = require "rdb.orm.expressions.base"
local conditional = require "rdb.orm.expressions.conditional"
local errors = require "rdb.orm.errors"
local filtered_relation = require "rdb.orm.expressions.filtered_relation"
local raw = require "rdb.orm.expressions.raw"
local subqueries = require "rdb.orm.expressions.subqueries"

local expressions = {
  F = base.path,
  Value = base.value,
  Case = conditional.Case,
  Subquery = subqueries.Subquery,
  Exists = subqueries.Exists,
  OuterRef = subqueries.OuterRef,
  RawSQL = raw.RawSQL,
  Func = raw.Func,
  Cast = raw.Cast,
  FilteredRelation = filtered_relation.new,
}

for name, constructor in pairs(aggregates) do
  expressions[name] = constructor
end

--- rdb.Window, rdb.RowRange, rdb.ValueRange: named, so that a program learns what is missing.
for _, name in ipairs { "Window", "RowRange", "ValueRange" } do
  expressions[name] = function()
    errors.raise("unsupported", "rdb.%s is not part of this version of rdb", name)
  end
end

return expressions
