--- The error of a failed migration: what, where, which statement, what the state of the database is now, what to do.

local errors = require "rdb.orm.errors"

local M = {}


local function message_of(err)
  if type(err) == "table" and err.message then return err.message end
  return tostring(err)
end


-- "operation 2 of 5 (Add field x to Post, blog/migrations/0002_x.lua:12)", or "operations 2, 3 of 5" for work that was
-- held back.
local function place(migration, number, err)
  local total = #migration.operations
  local numbers = type(err) == "table" and err.operations
  if numbers and #numbers > 0 and not (#numbers == 1 and numbers[1] == number) then
    if #numbers == 1 then
      number = numbers[1]
    else
      return ("operations %s of %d (%s)"):format(table.concat(numbers, ", "), total, migration.path or migration.key)
    end
  end
  local operation = number and migration.operations[number]
  if not operation then return ("the end of %d operations (%s)"):format(total, migration.path or migration.key) end
  return ("operation %d of %d (%s, %s)"):format(number, total, operation:describe(),
    operation.source or migration.path or migration.key)
end


local function next_step(migration, backwards, err)
  if migration.initial and not backwards and message_of(err):find "already exists" then
    return "when the tables are what the migration makes, note it as applied with migrate --fake-initial"
  end
  return "correct the migration or the data and run migrate again"
end


--- Build the error that is raised instead of err.
-- @tparam Migration migration
-- @tparam boolean backwards
-- @tparam integer|nil number of the operation
-- @param err what was raised
-- @tparam table done { applied = {key...}, kept = nil|"text": what of this migration is in the database }
-- @treturn table error with code, message, hint, sql, migration, operation
function M.wrap(migration, backwards, number, err, done)
  local verb = backwards and "unapplying" or "applying"
  local lines = {
    ("%s %s failed at %s"):format(verb, migration.key, place(migration, number, err)),
    "  " .. message_of(err):gsub("\n", "\n  "),
  }
  if type(err) == "table" and err.sql then lines[#lines + 1] = "  SQL: " .. err.sql end
  lines[#lines + 1] = done.kept or ("The database is as it was before %s: all of it was rolled back."):format(
    migration.key)
  if #done.finished > 0 then
    lines[#lines + 1] = ("Before it, this run %s: %s."):format(backwards and "unapplied" or "applied",
      table.concat(done.finished, ", "))
  end
  local hint = type(err) == "table" and err.hint
  hint = (hint and hint .. "\n  " or "") .. (done.next or next_step(migration, backwards, err))
  return errors.new(type(err) == "table" and err.code or "misuse", table.concat(lines, "\n"), {
    hint = hint, sql = type(err) == "table" and err.sql or nil, migration = migration.key, operation = number,
    backwards = backwards, cause = err, exit_code = type(err) == "table" and err.exit_code or nil,
    constraint = type(err) == "table" and err.constraint or nil,
  })
end


return M
