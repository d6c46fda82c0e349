--- rdb.table("users"): queries over a bare table, rows as plain tables; rdb.query: SQL of the program's own.
-- Names of tables and columns are checked to be identifiers and quoted; every value is bound.
local connections = require "rdb.orm.connections"
local conditions = require "rdb.orm.table.conditions"
local core = require "rdb.core"
local dialect_base = require "rdb.orm.dialects.base"
local errors = require "rdb.orm.errors"
local q = require "rdb.orm.q"
local select = require "rdb.orm.table.select"

local tables = {}

local Query = { __name = "rdb.table" }
local methods = {}

local label = select.label

local COPIED = { "name", "alias", "where", "joins", "order", "columns", "limited", "skipped", "is_distinct" }

local function copy(self, changes)
  local new = {}
  for _, key in ipairs(COPIED) do
    new[key] = rawget(self, key)
  end
  for key, value in pairs(changes) do
    new[key] = value
  end
  return setmetatable(new, Query)
end

local function appended(list, item)
  local new = table.move(list, 1, #list, 1, {})
  new[#new + 1] = item
  return new
end

--- rdb.table("users", { using = "stats" }).
function tables.new(name, options)
  dialect_base.check_identifier(name, "the name given to rdb.table")
  for key in pairs(options or {}) do
    if key ~= "using" then
      errors.raise("misuse", "rdb.table has no option '%s'", tostring(key))
    end
  end
  return setmetatable({
    name = name, alias = options and options.using or "default", where = {}, joins = {}, order = {}, columns = {},
  }, Query)
end

--- Rows that match; conditions as for a QuerySet, names are columns ("price__gte", "users.id").
function methods.filter(self, ...)
  local condition = q.conjunction(q.children_of_arguments(label(self, "filter"), ...), false)
  return copy(self, { where = appended(self.where, condition) })
end

--- Rows that do not match.
function methods.exclude(self, ...)
  local condition = q.conjunction(q.children_of_arguments(label(self, "exclude"), ...), true)
  return copy(self, { where = appended(self.where, condition) })
end

local function join(kind)
  return function(self, name, left, right)
    dialect_base.check_identifier(name, label(self, "join") .. ": the table")
    if type(left) ~= "string" or type(right) ~= "string" then
      errors.raise("misuse", "%s takes a table and two columns: (\"orders\", \"users.id\", \"orders.user_id\")",
        label(self, "join"))
    end
    return copy(self, { joins = appended(self.joins, { kind = kind, name = name, left = left, right = right }) })
  end
end

--- join("orders", "users.id", "orders.user_id"): rows of both tables where the columns are equal.
methods.join = join "INNER"
--- The same, keeping rows of the table without a partner.
methods.left_join = join "LEFT OUTER"
--- The same, keeping rows of the joined table without a partner.
methods.right_join = join "RIGHT OUTER"

--- order_by("name", "-users.created").
function methods.order_by(self, ...)
  return copy(self, { order = { ... } })
end

--- values("users.name", { total = "orders.total" }): only these columns; a table gives other names.
function methods.values(self, ...)
  return copy(self, { columns = { ... } })
end

--- Each different row once.
function methods.distinct(self)
  return copy(self, { is_distinct = true })
end

local function count_of(self, verb, n, least)
  local whole = math.tointeger(n)
  if not whole or whole < least then
    errors.raise("misuse", "%s takes a whole number from %d upwards", label(self, verb), least)
  end
  return whole
end

--- At most n rows.
function methods.limit(self, n)
  return copy(self, { limited = count_of(self, "limit", n, 0) })
end

--- Leave out the first n rows.
function methods.offset(self, n)
  return copy(self, { skipped = count_of(self, "offset", n, 0) })
end

--- Rows first..last, counted from 1; t[{first, last}] is the same.
function methods.slice(self, first, last)
  first = count_of(self, "slice", first or 1, 1)
  return copy(self, { skipped = first - 1, limited = last
    and math.max(0, count_of(self, "slice", last, 0) - first + 1) })
end

--- Run on another configured database.
function methods.using(self, alias)
  return copy(self, { alias = alias })
end

local function run(self, sql, params)
  params.n = #params
  return core.run(connections.target(self.alias), sql, params)
end

local function rows(self)
  local list = rawget(self, "result")
  if not list then
    list = run(self, select.sql(self, "list"))
    self.result = list
  end
  return list
end

--- The rows as a list of plain tables by column name; NULL is absent.
function methods.list(self)
  return rows(self)
end

--- The SQL and its parameters, for reading.
function methods.to_sql(self)
  return select.sql(self, "to_sql")
end

--- The first row, or nil.
function methods.first(self)
  return run(self, select.sql(copy(self, { limited = math.min(self.limited or 1, 1) }), "first"))[1]
end

local function counted(self, verb, what)
  local out = select.start(self, verb)
  local inner = self
  if self.is_distinct or self.limited or self.skipped then
    local sql, params = select.sql(inner, verb)
    return run(self, ("SELECT %s AS n FROM (%s) AS rows"):format(what, sql), params)[1].n
  end
  local sql = ("SELECT %s AS n"):format(what) .. select.from(self, out) .. select.where(self, out)
  return run(self, sql, out.params)[1].n
end

--- How many rows.
function methods.count(self)
  return counted(self, "count", "COUNT(*)")
end

--- Is there a row?
function methods.exists(self)
  return run(self, select.sql(copy(self, { limited = 1, order = {} }), "exists", "1 AS n"))[1] ~= nil
end

for name, sql in pairs { sum = "SUM", avg = "AVG", min = "MIN", max = "MAX" } do
  --- sum(column), avg(column), min(column), max(column) over all rows; nil for none.
  methods[name] = function(self, column_name)
    return counted(self, name, ("%s(%s)"):format(sql,
      conditions.column(connections.dialect(self.alias), column_name, label(self, name))))
  end
end

require "rdb.orm.table.writes"(methods, run)

function Query.__index(self, key)
  if type(key) == "number" then
    return rows(self)[key]
  elseif type(key) == "table" then
    return methods.slice(self, key[1], key[2])
  end
  return methods[key]
end

function Query.__len(self)
  return #rows(self)
end

-- for row in t do: rows are tables of their own, so each says where the loop stands.
function Query.__call(self, _, control)
  local list = rows(self)
  if control == nil then
    self.at = 1
    return list[1]
  end
  if not rawequal(list[self.at], control) then
    for i, row in ipairs(list) do
      if rawequal(row, control) then
        self.at = i
      end
    end
  end
  self.at = self.at + 1
  return list[self.at]
end

function Query.__tostring(self)
  return ("rdb.table(%q)"):format(self.name)
end

--- rdb.query(sql, params, { using = alias }): run SQL with `?` or `:name` for its parameters.
-- @treturn table rows as plain tables by column name; `rows.columns` lists the names
-- @treturn integer rows changed
-- @raise misuse when placeholders and parameters do not match
function tables.query(sql, params, options)
  if type(sql) ~= "string" then
    errors.raise("misuse", "rdb.query takes SQL as a string, got %s", errors.type_name(sql))
  elseif params ~= nil and (type(params) ~= "table" or getmetatable(params) ~= nil) then
    errors.raise("misuse", "rdb.query takes its parameters as a table, got %s", errors.type_name(params))
  end
  local alias = options and options.using or "default"
  local text, values = require("rdb.orm.placeholders").translate(sql, params, connections.dialect(alias))
  local list, _, affected = core.run(connections.target(alias), text, values)
  return list, affected
end

return tables
