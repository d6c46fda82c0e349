--- The ledger: the table rdb_migrations, which says what is applied to a database.
--
-- A row is written in the transaction of its migration, so the ledger and the schema cannot disagree. Rows of
-- migrations that run without a transaction say how far they came (ops_done of op_count).

local core = require "rdb.core"
local connections = require "rdb.orm.connections"

local Recorder = {}
Recorder.__index = Recorder

Recorder.TABLE = "rdb_migrations"

local CREATE = 'CREATE TABLE IF NOT EXISTS "rdb_migrations" (' .. table.concat({
  '"id" integer NOT NULL PRIMARY KEY AUTOINCREMENT', '"app" varchar(255) NOT NULL', '"name" varchar(255) NOT NULL',
  '"applied_at" datetime NOT NULL', '"batch" integer NOT NULL', '"checksum" varchar(80)', '"op_count" integer NOT NULL',
  '"ops_done" integer NOT NULL', '"state" varchar(20) NOT NULL', '"duration_ms" integer', '"version" varchar(40)',
  '"host" varchar(255)', '"pid" integer', '"error" text', 'UNIQUE ("app", "name")',
}, ", ") .. ")"

local COLUMNS = "id, app, name, applied_at, batch, checksum, op_count, ops_done, state, duration_ms, version, host, "
  .. "pid, error"


--- The ledger of a database.
-- @tparam string alias
function Recorder.new(alias)
  return setmetatable({ alias = alias }, Recorder)
end


local function target(self) return connections.target(self.alias) end


--- All rows in the order in which they were applied; none when the ledger does not exist yet.
-- @treturn table { { app=, name=, key= "app.name", state=, checksum=, batch=, ... }... }, also by key in `by_key`
function Recorder:rows()
  local ok, found = pcall(core.run, target(self), ('SELECT %s FROM "%s" ORDER BY id'):format(COLUMNS, self.TABLE))
  if not ok then
    if type(found) == "table" and found.code == "undefined_table" then return { by_key = {} } end
    error(found, 0)
  end
  found.by_key = {}
  for _, row in ipairs(found) do
    row.key = row.app .. "." .. row.name
    found.by_key[row.key] = row
  end
  return found
end


--- Create the ledger when it is missing. Inside a transaction that holds the write lock, so no other migrator can be
-- doing the same.
function Recorder:ensure() core.script(target(self), CREATE) end


local function read_line(path)
  local file = io.open(path)
  local line = file and file:read "l"
  if file then file:close() end
  return line
end


--- Who this process is, for the ledger.
-- @treturn string|nil host name
-- @treturn integer|nil process id
function Recorder.process()
  local stat = read_line "/proc/self/stat"
  local pid = stat and math.tointeger(tonumber(stat:match "^%d+"))
  return read_line "/proc/sys/kernel/hostname" or os.getenv "HOSTNAME", pid
end


--- The number of the next batch: what one run of migrate applies has one batch number.
function Recorder:next_batch()
  local row = core.run(target(self), ('SELECT coalesce(max(batch), 0) + 1 AS n FROM "%s"'):format(self.TABLE), {})[1]
  return row.n
end


--- Write a migration's row; an earlier one of the same migration is replaced.
-- @tparam Migration migration
-- @tparam table values batch, state ("applied"|"faked"|"running"|"failed"), ops_done, duration_ms, error
function Recorder:record(migration, values)
  local host, pid = self.process()
  self:remove(migration)
  core.run(target(self), ('INSERT INTO "%s" (app, name, applied_at, batch, checksum, op_count, ops_done, state, '
    .. "duration_ms, version, host, pid, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"):format(self.TABLE), {
    migration.app, migration.name, core.now(), values.batch, migration:checksum(), #migration.operations,
    values.ops_done or #migration.operations, values.state, values.duration_ms, core.version, host, pid, values.error,
    n = 13,
  })
end


--- Say how far a migration without a transaction came.
function Recorder:progress(migration, ops_done, state, message)
  core.run(target(self), ('UPDATE "%s" SET ops_done = ?, state = ?, error = ? WHERE app = ? AND name = ?'):format(
    self.TABLE), { ops_done, state, message, migration.app, migration.name, n = 5 })
end


--- Forget a migration.
-- @tparam table migration anything with app and name
function Recorder:remove(migration)
  core.run(target(self), ('DELETE FROM "%s" WHERE app = ? AND name = ?'):format(self.TABLE),
    { migration.app, migration.name })
end


--- Accept the checksum that a file has now.
function Recorder:set_checksum(migration)
  core.run(target(self), ('UPDATE "%s" SET checksum = ? WHERE app = ? AND name = ?'):format(self.TABLE),
    { migration:checksum(), migration.app, migration.name, n = 3 })
end


--- Does a row count as applied?
function Recorder.is_applied(row) return row.state == "applied" or row.state == "faked" end


return Recorder
