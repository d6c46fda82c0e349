--- rdb.configure { log = { ... } }: lines about the statements of this state, on stderr or wherever they are wanted.
-- A statement is a line of level debug, a slow one of level warn. What the core itself has to say (about connections,
-- files) goes to stderr from the same level on. Values of parameters are written only when `params` asks for them.
local core = require "rdb.core"
local errors = require "rdb.orm.errors"
local query_log = require "rdb.orm.query_log"
local suggest = require "rdb.orm.suggest"

local logging = {}

local TYPES = { level = "string", sql = "boolean", params = "boolean", slow = "number", to = "function" }
local LEVELS = { debug = 1, info = 2, warn = 3, error = 4 }
local LONGEST_VALUE = 200 -- bytes of a text or JSON value in a line

local listener -- what is installed

local function to_stderr(line)
  io.stderr:write(line, "\n")
end

--- Check the `log` of rdb.configure.
-- @raise config naming the key
function logging.check(given)
  if given == nil or given == false then
    return
  elseif type(given) ~= "table" then
    errors.raise("config", "log must be a table such as { sql = true }, got %s", errors.type_name(given))
  end
  for key, value in pairs(given) do
    if not TYPES[key] then
      errors.raise("config", "log has no key '%s'%s", tostring(key), suggest.clause(key, TYPES))
    elseif type(value) ~= TYPES[key] then
      errors.raise("config", "log.%s must be a %s, got %s", key, TYPES[key], errors.type_name(value))
    end
  end
  if given.level and not LEVELS[given.level] then
    errors.raise("config", "log.level must be one of debug, info, warn, error, got '%s'", given.level)
  elseif given.slow and (given.slow < 0 or given.slow ~= given.slow) then
    errors.raise("config", "log.slow must be a number of seconds that is not negative, got %s",
      tostring(given.slow))
  end
end

local function show(value)
  if value == core.null then
    return "NULL"
  elseif type(value) ~= "string" then
    return tostring(value)
  elseif not utf8.len(value) then
    return ("<%d bytes>"):format(#value)
  end
  local text = value
  if #text > LONGEST_VALUE then
    text = text:sub(1, utf8.offset(text, 0, LONGEST_VALUE + 1) - 1)
  end
  text = text:gsub('[%c"\\]', function(char)
    return char == "\n" and "\\n" or char:find "%c" and ("\\x%02X"):format(char:byte()) or "\\" .. char
  end)
  return ('"%s"%s'):format(text, #value > LONGEST_VALUE and ("... (%d bytes)"):format(#value) or "")
end

local function show_params(params)
  if not params or params.n == 0 then
    return ""
  end
  local shown = {}
  for i = 1, params.n do
    shown[i] = show(params[i])
  end
  return " [" .. table.concat(shown, ", ") .. "]"
end

local function line_of(label, sql, seconds, rows, database, params)
  local outcome = rows and ("%d row%s"):format(rows, rows == 1 and "" or "s") or "failed"
  return ("rdb: %s: %s: %.3f ms, %s: %s%s"):format(database, label, seconds * 1000, outcome,
    (sql:gsub("%s*\n%s*", " ")), show_params(params))
end

local function new_listener(given, least)
  local to, slow = given.to or to_stderr, given.slow or math.huge
  local wants_statements = given.sql and least <= LEVELS.debug
  local wants_slow = least <= LEVELS.warn
  return function(sql, seconds, rows, database, params)
    local label
    if wants_slow and seconds > slow then
      label = "warning: slow"
    elseif wants_statements then
      label = "debug"
    else
      return
    end
    local line = line_of(label, sql, seconds, rows, database, params)
    -- A log that cannot be written is no reason for a statement to fail.
    if not pcall(to, line) and to ~= to_stderr then
      to_stderr(line)
    end
  end
end

--- Log as `given` says from now on, in place of what was set before; nil or false: not at all.
-- @tparam ?table given { level = "debug"|"info"|"warn"|"error" (default debug with sql, else warn), sql = bool: every
--   statement, params = bool: with its values, slow = seconds: statements that take longer, to = function(line)
--   (default: stderr) }, checked by logging.check
function logging.configure(given)
  if listener then
    query_log.remove(listener)
    listener = nil
  end
  given = given or {}
  local level = given.level or (given.sql and "debug" or "warn")
  core.log_level(level)
  if given.sql or given.slow then
    listener = new_listener(given, LEVELS[level])
    query_log.add(listener, { params = given.params })
  end
end

return logging
