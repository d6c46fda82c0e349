--- Does the ledger agree with the files? Edited, missing and out-of-order migrations, each an error that names them.

local core = require "rdb.core"
local errors = require "rdb.orm.errors"
local files = require "rdb.migrations.files"
local Recorder = require "rdb.migrations.recorder"

local M = {}

--- The exit status of commands that find the ledger and the files in disagreement.
M.EXIT_CODE = 5


local function raise(message, hint)
  errors.raise_with("misuse", { exit_code = M.EXIT_CODE, hint = hint }, "%s", message)
end


--- Compare one applied file with its row.
-- @treturn string|nil what is wrong
local function difference(entry, row, now)
  if not row.checksum or row.checksum == now then return nil end
  return ("%s: applied as %s, the file now is %s"):format(entry.path or entry.key, row.checksum, now)
end


local function raise_edited(list)
  if #list == 0 then return end
  raise(("%d applied %s edited afterwards:\n  %s"):format(#list, #list == 1 and "migration was" or "migrations were",
    table.concat(list, "\n  ")), "restore the files and put the change into a new migration; when the edit is meant "
    .. "and the database already agrees with it, accept it with migrate --accept-edited")
end


--- Raise when applied files were edited. White space and comments do not count.
-- @tparam table migrations key -> Migration
-- @tparam table rows of the ledger
function M.check_edited(migrations, rows)
  local edited = {}
  for _, row in ipairs(rows) do
    local migration = migrations[row.key]
    local now = migration and Recorder.is_applied(row) and migration:checksum()
    if now then edited[#edited + 1] = difference(migration, row, now) end
  end
  raise_edited(edited)
end


-- A file that is not applied and has the checksum of a row without a file: it was renamed.
local function renamed_to(migrations, rows, row)
  for key, migration in pairs(migrations) do
    if migration.app == row.app and not rows.by_key[key] and row.checksum and migration:checksum() == row.checksum then
      return key
    end
  end
  return nil
end


--- Raise when an applied migration of one of our apps has no file.
-- @tparam table migrations key -> Migration
-- @tparam table rows of the ledger
-- @tparam table apps app -> true
function M.check_missing(migrations, rows, apps)
  local missing, renamed = {}, false
  for _, row in ipairs(rows) do
    if apps[row.app] and not migrations[row.key] then
      local new_key = renamed_to(migrations, rows, row)
      renamed = renamed or new_key ~= nil
      local note = new_key and (" (renamed to %s? the content is the same)"):format(new_key) or ""
      missing[#missing + 1] = row.key .. note
    end
  end
  if #missing == 0 then return end
  raise(("applied to this database, but there is no file: %s"):format(table.concat(missing, ", ")),
    renamed and "give the file its old name again"
    or "restore the file; or forget the rows of files that are gone for good with migrate --prune")
end


--- Raise when a migration is applied whose dependency is not.
function M.check_history(loader, rows)
  local applied = {}
  for _, row in ipairs(rows) do
    if Recorder.is_applied(row) then applied[row.key] = true end
  end
  local ok, err = pcall(loader.check_consistent_history, loader, applied)
  if not ok then
    if type(err) == "table" then err.exit_code = M.EXIT_CODE end
    error(err, 0)
  end
end


--- The short answer for the usual case: are all files applied, none edited, and no rows without a file? Reads the
-- files' texts, loads none.
-- @tparam {string,...} apps
-- @tparam string root the project's folder
-- @tparam table rows of the ledger
-- @treturn boolean false means "look closer"
function M.up_to_date(apps, root, rows)
  local expected = 0
  for _, app in ipairs(apps) do
    for _, entry in ipairs(files.list(root, app)) do
      local row = rows.by_key[entry.key]
      if not row or not Recorder.is_applied(row) then return false end
      if row.checksum and core.source_checksum(files.read(entry.path)) ~= row.checksum then return false end
      expected = expected + 1
    end
  end
  local known = {}
  for _, app in ipairs(apps) do known[app] = true end
  for _, row in ipairs(rows) do
    if known[row.app] then expected = expected - 1 end
  end
  return expected == 0
end


return M
