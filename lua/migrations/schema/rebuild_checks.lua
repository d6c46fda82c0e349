--- The checks around a table rebuild, and errors that say which rows are in the way.

local errors = require "rdb.orm.errors"
local table_sql = require "rdb.migrations.schema.table_sql"

local M = {}

local SAMPLES = 5


-- "id 3, 8, 12" or "(post_id, tag_id) (1, 2), …": which rows a condition finds.
local function sample_rows(db, table_name, condition)
  local keys = db:rows("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", table_name)
  local names, quoted = {}, {}
  for i, row in ipairs(keys) do names[i], quoted[i] = row.name, db.quote(row.name) end
  if #names == 0 then names, quoted = { "rowid" }, { "rowid" } end
  local found = {}
  for i, row in ipairs(db:rows(("SELECT %s FROM %s WHERE %s LIMIT %d"):format(table.concat(quoted, ", "),
      db.quote(table_name), condition, SAMPLES + 1))) do
    local values = {}
    for k, name in ipairs(names) do values[k] = tostring(row[name]) end
    local text = table.concat(values, ", ")
    found[i] = i > SAMPLES and "…" or #values > 1 and "(" .. text .. ")" or text
  end
  local title = #names > 1 and "(" .. table.concat(names, ", ") .. ")" or names[1]
  return title .. " " .. table.concat(found, ", ")
end


--- Refuse to drop a table whose children would be emptied: with foreign keys on, DROP TABLE deletes rows first.
-- @raise misuse
function M.refuse_cascade(db, table_name)
  if not db.connected or db:rows("PRAGMA foreign_keys")[1].foreign_keys == 0 then return end
  local children = {}
  for _, row in ipairs(db:rows("SELECT DISTINCT m.name FROM sqlite_master AS m, pragma_foreign_key_list(m.name) AS k "
      .. "WHERE m.type = 'table' AND k.\"table\" = ? COLLATE NOCASE AND m.name <> ? COLLATE NOCASE ORDER BY m.name",
      table_name, table_name)) do
    children[#children + 1] = row.name
  end
  if #children == 0 then return end
  errors.raise("misuse", "table %s has to be rebuilt, but foreign keys are on in this transaction and cannot be turned "
    .. "off inside it: dropping the old table would delete or orphan rows of %s; run the change outside of rdb.atomic, "
    .. "or as a migration", table_name, table.concat(children, ", "))
end


--- Columns that become NOT NULL must have a value in every row.
-- @raise not_null_violation with the number of rows and some of their keys
function M.required_values(db, plan)
  if not db.connected then return end
  for _, each in ipairs(plan.required) do
    local source = plan.sources[each.column:lower()]
    local condition = source and source.added and "1 = 1" or db.quote(each.column) .. " IS NULL"
    local count = db:rows(("SELECT count(*) AS n FROM %s WHERE %s"):format(db.quote(plan.table_name), condition))[1].n
    if count > 0 then
      errors.raise("not_null_violation", "%s cannot be NOT NULL: %d %s of table %s %s no value for it (%s); give the "
        .. "field a default, or fill the column first", each.subject, count, count == 1 and "row" or "rows",
        plan.table_name, count == 1 and "has" or "have", sample_rows(db, plan.table_name, condition))
    end
  end
end


--- Altered columns must not hold values that do not fit their new type.
-- @raise invalid_value or data_too_long with the number of rows and some of their keys
function M.forbidden_values(db, plan, temporary)
  if not db.connected then return end
  for _, each in ipairs(plan.forbidden) do
    local count = db:rows(("SELECT count(*) AS n FROM %s WHERE %s"):format(db.quote(temporary), each.condition))[1].n
    if count > 0 then
      errors.raise(each.code, "%s cannot be changed: the value of %d %s of table %s %s (%s); correct the rows first",
        each.subject, count, count == 1 and "row" or "rows", plan.table_name, each.problem,
        sample_rows(db, temporary, each.condition))
    end
  end
end


-- For "UNIQUE constraint failed: t.a, t.b": how many groups of duplicates there are, and rows of one.
local function duplicates(db, table_name, message)
  local columns = {}
  for column in message:gmatch "%.([^%s,]+)" do columns[#columns + 1] = db.quote(column) end
  if #columns == 0 then return nil end
  local list = table.concat(columns, ", ")
  local groups = ("SELECT %s FROM %s GROUP BY %s HAVING count(*) > 1"):format(list, db.quote(table_name), list)
  local count = db:rows(("SELECT count(*) AS n FROM (%s)"):format(groups))[1].n
  if count == 0 then return nil end
  local first = ("(%s) IN (%s LIMIT 1)"):format(list, groups)
  return ("%d %s more than one row, for example %s"):format(count, count == 1 and "value has" or "values have",
    sample_rows(db, table_name, first))
end


local function table_exists(db, name)
  return #db:rows("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE", name) > 0
end


--- Call fn(...); a constraint error then names the table (not the temporary one) and the rows that are in the way.
function M.explain(db, plan, temporary, fn, ...)
  local ok, err = pcall(fn, ...)
  if ok then return end
  if type(err) == "table" and type(err.message) == "string" then
    local pattern, name = temporary:gsub("%p", "%%%0"), plan.table_name:gsub("%%", "%%%%")
    local function plain(text) return (text:gsub(pattern, name)) end
    err.message = plain(err.message)
    if err.table == temporary then err.table = plan.table_name end
    if err.code == "unique_violation" and db.connected and table_exists(db, plan.table_name) then
      local found, details = pcall(duplicates, db, plan.table_name, err.message)
      if found and details then err.message = err.message .. ": " .. details end
    end
  end
  error(err, 0)
end


--- The views that can be read now.
-- @treturn {string,...}
function M.working_views(db, table_name)
  if not db.connected then return {} end
  local names = {}
  for _, row in ipairs(db:rows "SELECT name, sql FROM sqlite_master WHERE type = 'view'") do
    if pcall(db.rows, db, ("EXPLAIN SELECT * FROM %s"):format(db.quote(row.name))) then names[#names + 1] = row.name end
  end
  names.table_name = table_name
  return names
end


--- @raise undefined_column naming the view that no longer works
function M.views_still_work(db, table_name, views)
  for _, name in ipairs(views) do
    local ok, err = pcall(db.rows, db, ("EXPLAIN SELECT * FROM %s"):format(db.quote(name)))
    if not ok then
      errors.raise("undefined_column", "table %s cannot be changed like this: the view %s needs what is removed (%s); "
        .. "drop or replace the view first", table_name, name, type(err) == "table" and err.message or tostring(err))
    end
  end
end


--- Triggers are compiled only when they fire: compile the statements that fire them.
-- @raise undefined_column naming the table's triggers
function M.triggers_still_work(db, plan, triggers)
  if #triggers == 0 then return end
  local quoted = db.quote(plan.table_name)
  local assignments = {}
  for _, column in ipairs(plan.definition.columns) do
    if not table_sql.clause(column, "generated") then
      assignments[#assignments + 1] = ("%s = %s"):format(db.quote(column.name), db.quote(column.name))
    end
  end
  for _, statement in ipairs {
    "EXPLAIN INSERT INTO " .. quoted .. " DEFAULT VALUES",
    ("EXPLAIN UPDATE %s SET %s"):format(quoted, table.concat(assignments, ", ")),
    "EXPLAIN DELETE FROM " .. quoted,
  } do
    local ok, err = pcall(db.rows, db, statement)
    if not ok then
      local names = {}
      for i, trigger in ipairs(triggers) do names[i] = trigger.name end
      errors.raise("undefined_column", "table %s cannot be changed like this: a trigger of it needs what is removed "
        .. "(%s; its triggers: %s); drop or replace the trigger first", plan.table_name,
        type(err) == "table" and err.message or tostring(err), table.concat(names, ", "))
    end
  end
end


--- The pages and constraints of the new table must be sound.
-- @raise check_violation with what SQLite found
function M.integrity(db, table_name)
  if not db.connected then return end
  local result = db:rows("PRAGMA quick_check(" .. db.quote(table_name) .. ")")[1]
  if result and result.quick_check ~= "ok" then
    errors.raise("check_violation", "table %s is not sound after its rebuild: %s", table_name, result.quick_check)
  end
end


--- The rows that point nowhere now, as a set of texts; all tables.
function M.violations(db)
  local set = {}
  for _, row in ipairs(db:rows "PRAGMA foreign_key_check") do
    set[("%s\0%s\0%s"):format(row.table, tostring(row.rowid), row.fkid)] = row
  end
  return set
end


local function raise_violation(count, first)
  errors.raise("foreign_key_violation", "%d %s of table %s would point at rows of table %s that do not exist (for "
    .. "example rowid %s)", count, count == 1 and "row" or "rows", first.table, first.parent, tostring(first.rowid))
end


--- Raise when rows point nowhere that did not before.
-- @tparam table before what violations answered
-- @raise foreign_key_violation
function M.no_new_violations(db, before)
  local count, first = 0, nil
  for key, row in pairs(M.violations(db)) do
    if not before[key] then
      count = count + 1
      if not first or key < first.key then first = { key = key, row = row } end
    end
  end
  if count > 0 then raise_violation(count, first.row) end
end


--- Check the foreign keys of a table and of the tables that refer to it. For the end of a transaction: in the middle
-- of a migration rows may point at tables that a later operation fills.
-- @raise foreign_key_violation
function M.foreign_keys(db, table_name)
  local tables = db:rows("SELECT DISTINCT m.name FROM sqlite_master AS m, pragma_foreign_key_list(m.name) AS k "
    .. "WHERE m.type = 'table' AND (k.\"table\" = ? COLLATE NOCASE OR m.name = ? COLLATE NOCASE)",
    table_name, table_name)
  for _, row in ipairs(tables) do
    local found = db:rows("PRAGMA foreign_key_check(" .. db.quote(row.name) .. ")")
    if #found > 0 then raise_violation(#found, found[1]) end
  end
end


return M
