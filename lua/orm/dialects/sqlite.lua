--- SQLite's spellings.
-- Case folding (LOWER, UPPER, NOCASE, LIKE) covers ASCII only. Decimals are TEXT with the collation rdb_decimal and
-- summed by rdb_decimal_sum; dates and timestamps are text in ISO order; both come from the driver.
local base = require "rdb.orm.dialects.base"
local errors = require "rdb.orm.errors"

local sqlite = { name = "sqlite" }

sqlite.features = {
  returning = true, bulk_reuse = true, group_by_pk = true, nulls_order = true, aggregate_filter = true,
  insert_ignore = true, upsert = true, json_lists = true, row_values = true, partial_indexes = true,
  expression_indexes = true, right_join = true, transactional_ddl = true, inline_references = true,
  decimal_arithmetic = true,
}
sqlite.limits = { params = 32766 }

local like = base.like

sqlite.lookups = {
  iexact = { template = "<1> = <2> COLLATE NOCASE", param_kind = "text" },
  contains = { template = "INSTR(<1>, <2>) > 0", param_kind = "text" },
  startswith = { template = "SUBSTR(<1>, 1, LENGTH(<2>)) = <2>", param_kind = "text" },
  endswith = { template = "SUBSTR(<1>, LENGTH(<1>) - LENGTH(<2>) + 1) = <2>", param_kind = "text" },
  icontains = like("'%' || ", " || '%'"),
  istartswith = like("", " || '%'"),
  iendswith = like("'%' || ", ""),
  regex = { template = "rdb_regexp(<2>, <1>, 0)", param_kind = "text" },
  iregex = { template = "rdb_regexp(<2>, <1>, 1)", param_kind = "text" },
}

sqlite.collations = { decimal = "<1> COLLATE rdb_decimal" }

-- SQLite's own operators would turn decimals into doubles.
sqlite.decimal_operators = {
  ["+"] = "rdb_decimal_add(<1>, <2>)", ["-"] = "rdb_decimal_sub(<1>, <2>)", ["*"] = "rdb_decimal_mul(<1>, <2>)",
  ["/"] = "rdb_decimal_div(<1>, <2>)", ["//"] = "rdb_decimal_idiv(<1>, <2>)", ["%"] = "rdb_decimal_mod(<1>, <2>)",
}
sqlite.decimal_round = "rdb_decimal_round(<1>, %d)"

local THURSDAY = "DATE(<1>, '-3 days', 'weekday 4')"

sqlite.transforms = {
  year = "CAST(STRFTIME('%Y', <1>) AS INTEGER)",
  iso_year = "CAST(STRFTIME('%Y', " .. THURSDAY .. ") AS INTEGER)",
  quarter = "((CAST(STRFTIME('%m', <1>) AS INTEGER) + 2) / 3)",
  month = "CAST(STRFTIME('%m', <1>) AS INTEGER)",
  week = "((CAST(STRFTIME('%j', " .. THURSDAY .. ") AS INTEGER) - 1) / 7 + 1)",
  day = "CAST(STRFTIME('%d', <1>) AS INTEGER)",
  week_day = "(CAST(STRFTIME('%w', <1>) AS INTEGER) + 1)",
  iso_week_day = "((CAST(STRFTIME('%w', <1>) AS INTEGER) + 6) % 7 + 1)",
  hour = "CAST(STRFTIME('%H', <1>) AS INTEGER)",
  minute = "CAST(STRFTIME('%M', <1>) AS INTEGER)",
  second = "CAST(STRFTIME('%S', <1>) AS INTEGER)",
  date = "SUBSTR(<1>, 1, 10)",
  time = "SUBSTR(<1>, 12)",
}

local function truncation(date_format)
  return {
    date = ("STRFTIME('%s', <1>)"):format(date_format),
    timestamp = ("STRFTIME('%s 00:00:00', <1>)"):format(date_format),
  }
end

local QUARTER_MONTH = "SUBSTR('01040710', ((STRFTIME('%m', <1>) + 2) / 3) * 2 - 1, 2)"

sqlite.truncations = {
  year = truncation "%Y-01-01",
  quarter = {
    date = "(STRFTIME('%Y-', <1>) || " .. QUARTER_MONTH .. " || '-01')",
    timestamp = "(STRFTIME('%Y-', <1>) || " .. QUARTER_MONTH .. " || '-01 00:00:00')",
  },
  month = truncation "%Y-%m-01",
  week = {
    date = "DATE(<1>, '-6 days', 'weekday 1')",
    timestamp = "(DATE(<1>, '-6 days', 'weekday 1') || ' 00:00:00')",
  },
  day = truncation "%Y-%m-%d",
  hour = { timestamp = "STRFTIME('%Y-%m-%d %H:00:00', <1>)" },
  minute = { timestamp = "STRFTIME('%Y-%m-%d %H:%M:00', <1>)" },
  second = { timestamp = "STRFTIME('%Y-%m-%d %H:%M:%S', <1>)" },
}

local function math_function(name, kind)
  return { template = name .. "(<1>)", kind = kind or "double" }
end

sqlite.functions = {
  concat = { template = "CONCAT", kind = "text", min = 2, max = 100, joiner = " || ", each = "COALESCE(<1>, '')" },
  substr = { template = "SUBSTR(<*>)", kind = "text", min = 2, max = 3 },
  left = { template = "SUBSTR(<1>, 1, <2>)", kind = "text", min = 2, max = 2 },
  right = { template = "SUBSTR(<1>, MAX(LENGTH(<1>) - <2>, 0) + 1)", kind = "text", min = 2, max = 2 },
  str_index = { template = "INSTR(<1>, <2>)", kind = "int64", min = 2, max = 2 },
  chr = { template = "CHAR(<1>)", kind = "text" },
  ord = { template = "UNICODE(<1>)", kind = "int64" },
  round = { template = "ROUND(<*>)", kind = "double", max = 2 },
  ceil = math_function("CEIL", "int64"),
  floor = math_function("FLOOR", "int64"),
  sqrt = math_function "SQRT",
  exp = math_function "EXP",
  ln = math_function "LN",
  sin = math_function "SIN",
  cos = math_function "COS",
  tan = math_function "TAN",
  asin = math_function "ASIN",
  acos = math_function "ACOS",
  atan = math_function "ATAN",
  degrees = math_function "DEGREES",
  radians = math_function "RADIANS",
  sign = math_function("SIGN", "int64"),
  power = { template = "POWER(<1>, <2>)", kind = "double", min = 2, max = 2 },
  mod = { template = "(<1> % <2>)", kind = "same", min = 2, max = 2 },
  log = { template = "LOG(<1>, <2>)", kind = "double", min = 2, max = 2 },
  atan2 = { template = "ATAN2(<1>, <2>)", kind = "double", min = 2, max = 2 },
  pi = { template = "PI()", kind = "double", min = 0, max = 0 },
  random = { template = "((RANDOM() + 9223372036854775808.0) / 18446744073709551616.0)", kind = "double", min = 0,
    max = 0 },
  abs = { template = "ABS(<1>)", kind = "same", decimal = "rdb_decimal_abs(<1>)" },
  greatest = { template = "MAX(<*>)", kind = "same", min = 2, max = 100, compares = true },
  least = { template = "MIN(<*>)", kind = "same", min = 2, max = 100, compares = true },
  now = { template = "STRFTIME('%Y-%m-%d %H:%M:%f', 'now')", kind = "timestamp", min = 0, max = 0 },
}

sqlite.aggregates = {
  sum = { template = "SUM(<1>)", kind = "sum", decimal = "rdb_decimal_sum(<1>)" },
  avg = { template = "AVG(<1>)", kind = "double", decimal = "rdb_decimal_avg(<1>)" },
  variance = {
    template = "((SUM(1.0 * <1> * <1>) - SUM(<1>) * SUM(1.0 * <1>) / COUNT(<1>)) / NULLIF(COUNT(<1>) - <2>, 0))",
    kind = "double",
  },
  string_agg = { template = "GROUP_CONCAT(<1>, <2>)", kind = "text", plain_only = true },
  bool_and = { template = "MIN(<1>)", kind = "bool" },
  bool_or = { template = "MAX(<1>)", kind = "bool" },
  json_agg = { template = "JSON_GROUP_ARRAY(<1>)", kind = "json" },
  any_value = { template = "MAX(<1>)", kind = "same" },
}

local INTEGER = { template = "CAST(<1> AS INTEGER)", kind = "int64" }
local TEXT = { template = "CAST(<1> AS TEXT)", kind = "text" }

sqlite.casts = {
  integer = INTEGER, big_integer = INTEGER, small_integer = INTEGER, text = TEXT, char = TEXT,
  float = { template = "CAST(<1> AS REAL)", kind = "double" },
  decimal = { template = "CAST(<1> AS TEXT)", kind = "decimal" },
  boolean = { template = "(CAST(<1> AS INTEGER) <> 0)", kind = "bool" },
  date = { template = "DATE(<1>)", kind = "date" },
  datetime = { template = "STRFTIME('%Y-%m-%d %H:%M:%S', <1>)", kind = "timestamp" },
  binary = { template = "CAST(<1> AS BLOB)", kind = "bytes" },
}

local YEAR_FORMAT = { date = "%04d-01-01", timestamp = "%04d-01-01 00:00:00" }

--- How to compare a column with the first instant of a year without touching the column, so that an index serves.
-- @tparam string kind "date" or "timestamp"
-- @tparam integer add years to add to the value
-- @treturn string parameter kind
-- @treturn function converts the year
function sqlite.year_start(kind, add)
  local format = YEAR_FORMAT[kind]
  return "text", function(year)
    year = math.tointeger(year)
    if not year or year < 1 or year > 9999 then
      errors.raise("invalid_value", "expected a year from 1 to 9999")
    end
    year = year + add
    return year > 9999 and "9999-99-99" or format:format(year)
  end
end

--- LIMIT and OFFSET as pieces; "limit" and "offset" stand for the parameters.
function sqlite.limit_clause(has_limit, has_offset)
  if has_offset then
    return has_limit and { " LIMIT ", "limit", " OFFSET ", "offset" } or { " LIMIT -1 OFFSET ", "offset" }
  end
  return { " LIMIT ", "limit" }
end

--- Behind the table in FROM: read it by this index.
function sqlite.index_hint(name)
  return " INDEXED BY " .. base.quote_name(name)
end

--- A parameter for a list of any length.
-- @treturn string template of the condition, <1> the column, <2> the list
-- @treturn string parameter kind
-- @treturn string encoding of the list, "json"
function sqlite.long_list()
  return "<1> IN (SELECT value FROM JSON_EACH(<2>))", "text", "json"
end

--- Rows of one INSERT in bulk: half the time per row of an INSERT each; more rows gain nothing.
sqlite.rows_per_insert = 20

local TRIGGERS = "EXISTS (SELECT 1 FROM %s WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE)"

-- SQLite gives random keys when this one is taken; far below it there is room for any list.
local LAST_KEY = math.maxinteger // 2

--- Do the rows of one INSERT get keys that follow each other? Not when a trigger may insert rows in between.
-- @tparam userdata target whose transaction holds the write lock
function sqlite.keys_in_order(target, table_name, column)
  local sql = ("SELECT %s OR %s AS triggers, (SELECT MAX(%s) FROM %s) AS last"):format(
    TRIGGERS:format "sqlite_master", TRIGGERS:format "sqlite_temp_master", base.quote_name(column),
    base.quote_name(table_name))
  local answer = require "rdb.core".run(target, sql, { table_name, table_name })[1]
  return answer.triggers == 0 and (answer.last or 0) < LAST_KEY
end

--- Behind INSERT ... VALUES: leave a row that is there already as it is.
function sqlite.conflict_ignore()
  return " ON CONFLICT DO NOTHING"
end

--- Behind INSERT ... VALUES: overwrite some columns of a row that is there already.
-- @tparam {Field,...} unique fields that identify a row
-- @tparam {Field,...} update fields to overwrite
function sqlite.conflict_update(unique, update)
  local targets, sets = {}, {}
  for i, field in ipairs(unique) do
    targets[i] = base.quote_name(field.column)
  end
  for i, field in ipairs(update) do
    local column = base.quote_name(field.column)
    sets[i] = column .. " = excluded." .. column
  end
  return (" ON CONFLICT (%s) DO UPDATE SET %s"):format(table.concat(targets, ", "), table.concat(sets, ", "))
end

sqlite.explain = "EXPLAIN QUERY PLAN "
sqlite.explain_columns = { { "id", "int64" }, { "parent", "int64" }, { "notused", "int64" }, { "detail", "text" } }

--- One line of a query plan from a row of `explain_columns`.
function sqlite.explain_line(row)
  return row[4]
end
sqlite.insert_default = ' DEFAULT VALUES'

return base.extend(base, sqlite)
