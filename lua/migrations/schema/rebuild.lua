--- The table rebuild of SQLite: what ALTER TABLE cannot do, done by copying the table.
--
-- The order is the one that was proven safe; each step is there because leaving it out loses data:
--   create the new table, copy rows with their rowids, drop the old table, rename the new one to the old name
--   (never the old one away: that rewrites the foreign keys and views of others to the temporary name), with
--   legacy_alter_table = ON around the rename (or a view on the table makes it fail), create the indexes and triggers
--   again, put sqlite_sequence back, check.
-- Dropping a table deletes its rows first, which fires ON DELETE of its children: foreign keys must be off, and they
-- can only be turned off before the transaction begins. Whoever owns the transaction does that; here it is verified.

local errors = require "rdb.orm.errors"
local Plan = require "rdb.migrations.schema.rebuild_plan"
local checks = require "rdb.migrations.schema.rebuild_checks"
local table_sql = require "rdb.migrations.schema.table_sql"

local M = {}


-- rowid, oid or _rowid_: the first that no column hides; nil when the table has none or a column is it already.
local function rowid_name(definition)
  if definition.suffix:upper():find "WITHOUT%s+ROWID" then return nil end
  local only_key
  for _, constraint in ipairs(definition.constraints) do
    if constraint.kind == "primary_key" and #constraint.columns == 1 then only_key = constraint.columns[1]:lower() end
  end
  for _, column in ipairs(definition.columns) do
    local is_key = table_sql.clause(column, "primary_key") or column.name:lower() == only_key
    if is_key and column.declared:upper() == "INTEGER" then return nil end
  end
  for _, name in ipairs { "rowid", "_rowid_", "oid" } do
    if not table_sql.column(definition, name) then return name end
  end
  return nil
end


local function copy_rows(db, plan, old_definition, temporary)
  local columns, expressions, params = plan:copy(db.quote)
  if params.n == 0 then params = nil end
  local rowid = rowid_name(plan.definition)
  if rowid and rowid == rowid_name(old_definition) then
    table.insert(columns, 1, rowid)
    table.insert(expressions, 1, rowid)
  end
  db:write(("INSERT INTO %s (%s) SELECT %s FROM %s"):format(db.quote(temporary), table.concat(columns, ", "),
    table.concat(expressions, ", "), db.quote(plan.table_name)), params)
end


local function temporary_name(db, table_name)
  local name, number = "new__" .. table_name, 1
  while db.connected and #db:rows("SELECT 1 FROM sqlite_master WHERE name = ? COLLATE NOCASE", name) > 0 do
    number = number + 1
    name = ("new__%s_%d"):format(table_name, number)
  end
  return name
end


local function sequence_of(db, table_name)
  if not db.connected
    or #db:rows("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'sqlite_sequence'") == 0 then
    return nil
  end
  local row = db:rows("SELECT seq FROM sqlite_sequence WHERE name = ?", table_name)[1]
  return row and row.seq
end


-- The new table's entry says the largest id that was copied; ids of deleted rows must not come back.
local function restore_sequence(db, plan, sequence)
  if not sequence then return end
  local counts = false
  for _, column in ipairs(plan.definition.columns) do
    local key = table_sql.clause(column, "primary_key")
    counts = counts or (key ~= nil and key.body == "autoincrement")
  end
  if not counts then return end
  local name = plan.table_name
  if #db:rows("SELECT 1 FROM sqlite_sequence WHERE name = ?", name) > 0 then
    db:write("UPDATE sqlite_sequence SET seq = ? WHERE name = ? AND seq < ?", { sequence, name, sequence })
  else
    db:write("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", { name, sequence })
  end
end


local function rename_into_place(db, temporary, table_name)
  local before = db.connected and db:rows("PRAGMA legacy_alter_table")[1].legacy_alter_table or 0
  if before == 0 then db:write "PRAGMA legacy_alter_table = ON" end
  local ok, err = pcall(db.write, db, ("ALTER TABLE %s RENAME TO %s"):format(db.quote(temporary), db.quote(table_name)))
  if before == 0 then db:write "PRAGMA legacy_alter_table = OFF" end
  if not ok then error(err, 0) end
end


--- The triggers of a table, in the order of their creation; none without a connection.
local function triggers_of(db, table_name)
  if not db.connected then return {} end
  return db:rows("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE "
    .. "ORDER BY rowid", table_name)
end


--- Carry out a plan. Must run inside a transaction; whoever began it rolls back after an error.
-- @tparam table db { connected = bool, quote = function, rows(self, sql, ...) -> list, write(self, sql, params),
--   progress(self, event) }; without a connection nothing is read and nothing checked, only written (sqlmigrate)
-- @tparam Plan plan see rebuild_plan.lua
-- @tparam table old_definition the parsed table as it is
-- @raise not_null_violation, unique_violation, check_violation, foreign_key_violation naming table and rows; misuse
--   when foreign keys are on and dropping the table would delete rows elsewhere
function M.run(db, plan, old_definition)
  local name = plan.table_name
  checks.refuse_cascade(db, name)
  checks.required_values(db, plan)
  local triggers, sequence = triggers_of(db, name), sequence_of(db, name)
  local views = checks.working_views(db, name)
  local temporary = temporary_name(db, name)
  db:progress { event = "rebuild_started", table = name }
  db:write(table_sql.to_sql(plan.definition, db.quote(temporary)))
  checks.explain(db, plan, temporary, copy_rows, db, plan, old_definition, temporary)
  checks.forbidden_values(db, plan, temporary)
  db:write("DROP TABLE " .. db.quote(name))
  rename_into_place(db, temporary, name)
  for _, list in ipairs { plan.indexes, plan.added_indexes } do
    for _, index in ipairs(list) do
      checks.explain(db, plan, temporary, db.write, db, index.sql)
    end
  end
  for _, trigger in ipairs(triggers) do db:write(trigger.sql) end
  restore_sequence(db, plan, sequence)
  checks.views_still_work(db, name, views)
  checks.triggers_still_work(db, plan, triggers)
  checks.integrity(db, name)
  db:progress { event = "rebuild_ended", table = name }
end


--- Begin a plan for a table as it is now.
-- @tparam string sql its CREATE TABLE statement
-- @treturn Plan
-- @treturn table the parsed definition as it is, for run
-- @raise unsupported for tables that cannot be rebuilt (virtual tables)
function M.plan(table_name, sql, indexes)
  local definition = table_sql.parse(sql)
  if not definition then
    errors.raise("unsupported", "table %s cannot be rebuilt: its CREATE statement is not one of a plain table",
      table_name)
  end
  return Plan.new(table_name, definition, indexes), table_sql.parse(sql)
end


return M
