--- The names that the query half adds to `rdb`: name -> { module, key }, or a module.
local exports = {
  Q = { "rdb.orm.q", "new" },
  fn = "rdb.orm.functions",
  table = { "rdb.orm.table", "new" },
  query = { "rdb.orm.table", "query" },
  Prefetch = { "rdb.orm.prefetch", "Prefetch" },
}

for _, name in ipairs {
  "F", "Value", "Case", "Subquery", "Exists", "OuterRef", "RawSQL", "Func", "Cast", "Window", "RowRange",
    "ValueRange",
  "FilteredRelation", "Count", "Sum", "Avg", "Min", "Max", "StdDev", "Variance", "StringAgg", "ArrayAgg",
    "JSONAgg", "BoolAnd",
  "BoolOr", "BitAnd", "BitOr", "AnyValue",
} do
  exports[name] = { "rdb.orm.expressions", name }
end

return exports
