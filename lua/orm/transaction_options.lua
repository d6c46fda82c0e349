--- The options of rdb.atomic and rdb.begin and what type each takes.
local errors = require "rdb.orm.errors"
local suggest = require "rdb.orm.suggest"

local transaction_options = {}

local NO_OPTIONS = {}

local BEGIN_OPTIONS = {
  using = "string", isolation = "string", read_only = "boolean", deferrable = "boolean", deferred = "boolean",
  timeout = "number", acquire_timeout = "number", foreign_keys = "boolean",
}

local ATOMIC_OPTIONS = setmetatable({
  durable = "boolean", savepoint = "boolean", retry = "number", propagation = "string",
}, { __index = BEGIN_OPTIONS })

local function all_names(known)
  local names = {}
  for _, list in ipairs { known, BEGIN_OPTIONS } do
    for name in pairs(list) do
      names[name] = true
    end
  end
  return names
end

--- The options, an empty table for nil.
-- @tparam table known transaction_options.BEGIN or ATOMIC
-- @tparam string what "rdb.atomic", for messages
-- @raise misuse naming the option
function transaction_options.check(options, known, what)
  if options == nil then
    return NO_OPTIONS
  elseif type(options) ~= "table" then
    errors.raise("misuse", "%s takes a table of options, got %s", what, errors.type_name(options))
  end
  for key, value in pairs(options) do
    if not known[key] then
      errors.raise("misuse", "%s has no option '%s'%s", what, tostring(key),
        suggest.clause(key, all_names(known)))
    elseif type(value) ~= known[key] then
      errors.raise("misuse", "%s expects a %s for '%s', got %s", what, known[key], key, errors.type_name(value))
    end
  end
  local retry = options.retry
  if retry and (retry < 0 or math.tointeger(retry) == nil) then
    errors.raise("misuse", "%s: retry is how often to try again, a whole number, got %s", what, tostring(retry))
  end
  return options
end

transaction_options.BEGIN, transaction_options.ATOMIC = BEGIN_OPTIONS, ATOMIC_OPTIONS

return transaction_options
