--- Errors as values: every failure of the Lua layers is a table { code=, message=, ... } that is raised.
-- The same form as the errors of the C core, so `err.code` and `tostring(err)` work whoever raised it.
-- Parameter values never belong in a message.
local errors = {}

local Error = { __name = "rdb.error" }

function Error.__tostring(err)
  local text = err.code .. ": " .. err.message
  if err.hint then
    text = text .. "\n  " .. err.hint
  end
  return text
end

function Error.__concat(left, right)
  return tostring(left) .. tostring(right)
end

--- Build an error without raising it.
-- @tparam string code one of the frozen codes ("misuse", "config", ...)
-- @tparam string message for people; names the thing and what would be right
-- @tparam ?table extra further keys (hint, model, field, ...)
-- @treturn table the error
function errors.new(code, message, extra)
  local err = {}
  for key, value in pairs(extra or {}) do
    err[key] = value
  end
  err.code, err.message = code, message
  return setmetatable(err, Error)
end

--- Raise `code` with a message formatted as by string.format (only when arguments are given).
function errors.raise(code, message, ...)
  if select("#", ...) > 0 then
    message = message:format(...)
  end
  error(errors.new(code, message), 0)
end

--- Raise `code` with further keys in the error, for example a hint.
-- @tparam table extra keys copied into the error
function errors.raise_with(code, extra, message, ...)
  if select("#", ...) > 0 then
    message = message:format(...)
  end
  error(errors.new(code, message, extra), 0)
end

--- Is `value` an error of ours (from Lua or from C), and of `what`?
-- @param value anything, as caught by pcall
-- @param what nil, a code, or a class such as Author.DoesNotExist
-- @treturn boolean
function errors.is(value, what)
  if type(value) ~= "table" or type(rawget(value, "code")) ~= "string" or rawget(value, "message") == nil then
    return false
  end
  if what == nil then
    return true
  end
  if type(what) == "string" then
    return value.code == what
  end
  return value.code == what.code and (what.model == nil or value.model == what.model)
end

--- Where the caller's code stands, as "blog/models.lua:12".
-- @tparam integer level as for debug.getinfo, counted from the function that calls `at`
-- @treturn string
function errors.at(level)
  local info = debug.getinfo(level + 1, "Sl")
  if not info then
    return "?"
  end
  return ("%s:%d"):format(info.short_src, info.currentline)
end

--- What Lua calls the type of a value, as messages say it: "a string", "nil", "an integer".
function errors.type_name(value)
  if value == nil then
    return "nil"
  end
  local metatable = getmetatable(value)
  local name = type(metatable) == "table" and rawget(metatable, "__name")
  if type(name) == "string" then
    return "a " .. name:gsub("^rdb%.", "")
  end
  if math.type(value) == "integer" then
    return "an integer"
  end
  if type(value) == "userdata" then
    local core = package.loaded["rdb.core"]
    local kind = core and core.is(value)
    return kind and "a " .. kind or value == (core and core.null) and "null" or "a userdata"
  end
  return "a " .. type(value)
end

--- Error classes: `errors.is(err, Author.DoesNotExist)`, or compare `err.code` and `err.model`.
errors.DoesNotExist = { code = "does_not_exist" }
errors.MultipleObjectsReturned = { code = "multiple_objects_returned" }
errors.ValidationError = { code = "validation_error" }

local function one_line(fields)
  local names = {}
  for name in pairs(fields) do
    names[#names + 1] = name
  end
  table.sort(names)
  local parts = {}
  for i, name in ipairs(names) do
    parts[i] = name .. ": " .. table.concat(fields[name], " ")
  end
  return table.concat(parts, "; ")
end

--- Raise a ValidationError.
-- @tparam string label the model's label
-- @tparam {[string]={string,...}} fields messages by field name; those of the whole object under "__all__"
function errors.raise_validation(label, fields)
  errors.raise_with("validation_error", { model = label, fields = fields }, "%s: %s", label, one_line(fields))
end

--- Call `fn(...)`; its results, or nil and the error when it raises.
function errors.try(fn, ...)
  local results = table.pack(pcall(fn, ...))
  if results[1] then
    return table.unpack(results, 2, results.n)
  end
  return nil, results[2]
end

return errors
