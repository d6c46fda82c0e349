--- One migration: what a file in app/migrations/ returns.
--
-- A migration lists operations, or has `up` and `down` functions that get a schema builder; both are kept as
-- operations, so the executor knows one form only.
local errors = require "rdb.orm.errors"
local suggest = require "rdb.orm.suggest"

local Migration = {}
Migration.__index = Migration
Migration.__name = "rdb.migration"

local KEYS = {
  initial = "boolean", dependencies = "table", operations = "table", run_before = "table", atomic = "boolean",
  up = "function", down = "function",
}


local function check_keys(given)
  for key, value in pairs(given) do
    local wanted = KEYS[key]
    if not wanted then
      errors.raise("config", "m.Migration has no option %q%s (it takes: %s)", tostring(key),
        suggest.clause(key, KEYS), suggest.list(KEYS))
    elseif type(value) ~= wanted then
      errors.raise("config", "option %q of m.Migration must be a %s, got a %s", key, wanted, type(value))
    end
  end
end


local function check_pairs(option, list)
  for index, pair in ipairs(list or {}) do
    if type(pair) ~= "table" or type(pair[1]) ~= "string" or type(pair[2]) ~= "string" or #pair ~= 2 then
      errors.raise("config", "%s[%d] of m.Migration must be { \"app\", \"migration\" }", option, index)
    end
  end
end


local function check_operations(list)
  for index, operation in ipairs(list) do
    if type(operation) ~= "table" or type(operation.kind) ~= "string" or not operation.state_forwards then
      errors.raise("config", "operations[%d] of m.Migration is not an operation", index)
    end
  end
end


local function operations_of(given)
  if not given.up then
    if given.down then
      errors.raise("config", "m.Migration has down but no up")
    end
    return given.operations or {}
  end
  if given.operations then
    errors.raise("config", "m.Migration takes operations or up and down, not both")
  end
  return { require("rdb.migrations.operations").RunSchema { up = given.up, down = given.down } }
end


--- Build a migration; `app`, `name` and `key` are set by the loader (or by hand in code).
-- @tparam table given initial, dependencies = { { app, name }, ... }, run_before, operations, atomic (default true),
--   or up and down = function(schema)
-- @treturn table migration
-- @raise config for unknown options and wrong types
function Migration.new(given)
  check_keys(given)
  check_pairs("dependencies", given.dependencies)
  check_pairs("run_before", given.run_before)
  local operations = operations_of(given)
  check_operations(operations)
  return setmetatable({
    initial = given.initial or false,
    dependencies = given.dependencies or {},
    run_before = given.run_before or {},
    operations = operations,
    atomic = given.atomic ~= false,
  }, Migration)
end


--- Give the migration its place.
-- @tparam string app app label
-- @tparam string name file name without ".lua"
-- @tparam[opt] string path the file
-- @tparam[opt] string source the file's text
-- @treturn table the same migration
function Migration:place(app, name, path, source)
  self.app, self.name, self.path, self.source = app, name, path, source
  self.key = app .. "." .. name
  return self
end


--- The checksum of the file; nil for a migration that has none.
function Migration:checksum()
  if not self.source then
    return nil
  end
  self.source_checksum = self.source_checksum or require("rdb.core").source_checksum(self.source)
  return self.source_checksum
end


--- Change a project state as one operation does; the database is not touched.
-- @tparam ProjectState state is changed in place
-- @tparam integer number of the operation
-- @raise the operation's error; `operations = { number }` in it tells where
function Migration:mutate_state_once(state, number)
  local operation = self.operations[number]
  local ok, err = pcall(operation.state_forwards, operation, self.app, state)
  if not ok then
    if type(err) == "table" then
      err.operations = err.operations or { number }
    end
    error(err, 0)
  end
end


--- Change a project state as this migration does; the database is not touched.
-- @tparam ProjectState state is changed in place
-- @treturn ProjectState the same state
-- @raise the error of an operation, with file and line
function Migration:mutate_state(state)
  for number, operation in ipairs(self.operations) do
    local ok, err = pcall(self.mutate_state_once, self, state, number)
    if not ok then
      if type(err) == "table" and err.message then
        err.message = ("%s: %s"):format(operation.source or self.path or self.key, err.message)
      end
      error(err, 0)
    end
  end
  return state
end


--- The first operation that cannot be undone, or nil.
function Migration:irreversible_operation()
  for _, operation in ipairs(self.operations) do
    if not operation.reversible then
      return operation
    end
  end
  return nil
end


--- A name for the file made from what the operations do ("author_email"), without a number.
-- @treturn string at most 60 characters
function Migration.suggest_name(operations, initial)
  if initial then
    return "initial"
  end
  local parts, length = {}, 0
  for _, operation in ipairs(operations) do
    local fragment = operation:migration_name_fragment()
    if fragment then
      fragment = fragment:lower():gsub("[^%w_]+", "_")
      if length + #fragment > 52 and #parts > 0 then
        parts[#parts + 1] = "and_more"
        break
      end
      parts[#parts + 1] = fragment
      length = length + #fragment + 1
    end
  end
  if #parts == 0 then
    return #operations == 0 and "custom" or "auto"
  end
  return table.concat(parts, "_"):sub(1, 100)
end


function Migration:__tostring()
  return "migration " .. (self.key or "(without a file)")
end


return Migration
