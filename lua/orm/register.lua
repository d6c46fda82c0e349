--- rdb.register_lookup and rdb.register_function: SQL of the program's own under a name.
-- Templates are trusted source: <1>, <2>, ... stand for the arguments, which are expressions or bound values; nothing a
-- user typed may be in them. What is registered serves all models and databases of this state.
local dialect_base = require "rdb.orm.dialects.base"
local errors = require "rdb.orm.errors"
local functions = require "rdb.orm.functions"
local lookups = require "rdb.orm.lookups"
local raw = require "rdb.orm.expressions.raw"
local suggest = require "rdb.orm.suggest"
local template = require "rdb.orm.compiler.template"

local register = {}

local function check_name(where, name)
  if type(name) ~= "string" or not name:find "^%l[%l%d_]*$" or name:find("__", 1, true) or #name > 63 then
    errors.raise("misuse", "%s: a name has small letters, digits and single _, and begins with a letter; got %s",
      where, type(name) == "string" and ("%q"):format(name) or errors.type_name(name))
  end
end

local function check_spec(where, spec, known)
  if type(spec) ~= "table" or getmetatable(spec) ~= nil then
    errors.raise("misuse", "%s needs a table with a template, got %s", where, errors.type_name(spec))
  end
  for key, value in pairs(spec) do
    if not known[key] then
      errors.raise("misuse", "%s has no option '%s'%s", where, tostring(key), suggest.clause(key, known))
    elseif type(value) ~= known[key] then
      errors.raise("misuse", "%s expects a %s for '%s', got %s", where, known[key], key, errors.type_name(value))
    end
  end
end

-- The arguments that a template names: highest number, and whether it has <*>.
local function check_template(where, text)
  if type(text) ~= "string" or text:find("[%z?;]") then
    errors.raise("misuse", "%s needs a template such as \"LENGTH(<1>)\", without '?' and ';'", where)
  end
  local highest, all = 0, false
  for _, piece in ipairs(template.parse(text)) do
    if piece == 0 then
      all = true
    elseif type(piece) == "number" then
      highest = math.max(highest, piece)
    end
  end
  return highest, all
end

local KINDS = {
  bool = true, int64 = true, double = true, decimal = true, text = true, bytes = true, date = true, time = true,
  timestamp = true, interval = true, uuid = true, json = true, any = true, same = true,
}

local function check_kind(where, kind, also_same)
  if not KINDS[kind] or (kind == "same" and not also_same) then
    errors.raise("misuse", "%s: '%s' is no kind of value%s", where, tostring(kind), suggest.clause(kind, KINDS))
  end
  return kind
end

local LOOKUP_OPTIONS = {
  template = "string", takes = "string", param = "string", convert = "function", on = "table", output = "string",
}
local TAKES = { scalar = true, text = true }

local function transform(where, name, spec)
  local on = spec.on and {} or setmetatable({}, { __index = function() return true end })
  for _, kind in ipairs(spec.on or {}) do
    on[check_kind(where, kind)] = true
  end
  if check_template(where, spec.template) ~= 1 then
    errors.raise("misuse", "%s: the template of a transform names <1> only", where)
  elseif spec.takes or spec.param or spec.convert then
    errors.raise("misuse", "%s: a transform (with output) compares nothing: takes, param and convert are for "
      .. "lookups", where)
  end
  dialect_base.transforms[name] = spec.template
  lookups.transforms[name] = { on = on, kind = check_kind(where, spec.output) }
end

--- rdb.register_lookup("ne", { template = "<1> <> <2>" }): then filter{ status__ne = "draft" } compares so.
-- @tparam string name
-- @tparam table spec
--   template  <1> the column, <2> the value
--   takes     "scalar" (default) or "text": a string is demanded
--   param     the kind by which the value binds ("text", "int64", ...); default: the column's
--   convert   function(value): what is bound for it
--   output    a kind: then it is a transform ("LENGTH(<1>)", output "int64") that other lookups follow:
--             filter{ title__length__gt = 10 }
--   on        kinds of columns that a transform applies to; default: all
-- @raise misuse for a name that is taken or no name, an unknown option, a bad template
function register.lookup(name, spec)
  check_name("rdb.register_lookup", name)
  local where = ("rdb.register_lookup(%q)"):format(name)
  if lookups.all[name] or lookups.transforms[name] then
    errors.raise("misuse", "%s: there is a lookup of that name", where)
  end
  check_spec(where, spec, LOOKUP_OPTIONS)
  if spec.output then
    return transform(where, name, spec)
  end
  local takes = spec.takes or "scalar"
  if not TAKES[takes] then
    errors.raise("misuse", "%s: takes is \"scalar\" or \"text\"", where)
  elseif spec.on then
    errors.raise("misuse", "%s: on is for transforms (with output)", where)
  elseif check_template(where, spec.template) ~= 2 then
    errors.raise("misuse", "%s: the template names <1>, the column, and <2>, the value", where)
  end
  dialect_base.lookups[name] = {
    template = spec.template, convert = spec.convert,
    param_kind = spec.param and check_kind(where, spec.param) or takes == "text" and "text" or nil,
  }
  lookups.all[name] = takes
end

local FUNCTION_OPTIONS = { template = "string", output = "string", min = "number", max = "number" }

--- rdb.register_function("levenshtein", { template = "levenshtein(<1>, <2>)", output = "int64" }): then
-- rdb.fn.levenshtein("title", rdb.Value "x") is an expression.
-- @tparam string name
-- @tparam table spec
--   template  <1>, <2>, ... the arguments; <*> all of them with commas between
--   output    kind of the result; default "same": that of the first argument
--   min, max  how many arguments; default: those that the template names
-- @raise misuse for a name that is taken or no name, an unknown option, a bad template
function register.database_function(name, spec)
  check_name("rdb.register_function", name)
  local where = ("rdb.register_function(%q)"):format(name)
  if rawget(functions, name) then
    errors.raise("misuse", "%s: there is a function of that name", where)
  end
  check_spec(where, spec, FUNCTION_OPTIONS)
  local highest, all = check_template(where, spec.template)
  local min = spec.min or highest
  local max = spec.max or (all and 100 or highest)
  if not math.tointeger(min) or not math.tointeger(max) or min < highest or max < min then
    errors.raise("misuse", "%s: min and max are whole numbers, the template needs %d arguments", where, highest)
  end
  dialect_base.functions[name] = {
    template = spec.template, kind = check_kind(where, spec.output or "same", true),
    min = math.tointeger(min), max = math.tointeger(max),
  }
  functions[name] = raw.caller(name)
end

return register
