--- Placeholders in SQL written by hand: `?`, or `:name`, on every backend.
-- An LPeg grammar passes over strings, quoted identifiers, comments, `::` casts and `:=`, so that a `?` in them stays
-- text.
local errors = require "rdb.orm.errors"
local lpeg = require "lpeg"

local placeholders = {}

local P, R, C, Cc, Ct, Cg = lpeg.P, lpeg.R, lpeg.C, lpeg.Cc, lpeg.Ct, lpeg.Cg

local function quoted(mark)
  return P(mark) * ((P(1) - mark) + P(mark) * mark) ^ 0 * P(mark)
end

local line_comment = P "--" * (P(1) - P "\n") ^ 0
local block_comment = P "/*" * (P(1) - P "*/") ^ 0 * P "*/"
local name = (R("az", "AZ") + "_") * (R("az", "AZ", "09") + "_") ^ 0
local text = quoted "'" + quoted '"' + quoted "`" + line_comment + block_comment + P "::" + P ":="

local positional = Ct(Cg(Cc "?", "mark"))
local by_name = P ":" * Ct(Cg(Cc ":", "mark") * Cg(C(name), "name"))
local plain = C((text + (P(1) - P "?" - (P ":" * name))) ^ 1)
local statement = Ct((plain + P "?" * positional + by_name) ^ 0) * -1

--- Take SQL apart.
-- @tparam string sql
-- @treturn {string|table,...} text, and { mark = "?" } or { mark = ":", name = } for placeholders
function placeholders.parse(sql)
  return lpeg.match(statement, sql)
end

--- Cut SQL at its `?`.
-- @tparam string sql
-- @tparam string where names the caller in messages
-- @treturn {string,...} one piece more than there are placeholders
function placeholders.split(sql, where)
  local pieces = { "" }
  for _, part in ipairs(placeholders.parse(sql)) do
    if type(part) == "string" then
      pieces[#pieces] = pieces[#pieces] .. part
    elseif part.mark == ":" then
      errors.raise("misuse", "%s takes ? for its parameters, found :%s", where, part.name)
    else
      pieces[#pieces + 1] = ""
    end
  end
  return pieces
end

local function count_error(where, wanted, given)
  errors.raise("misuse", "%s: the SQL has %d placeholder%s, but %d parameter%s given", where, wanted,
    wanted == 1 and "" or "s", given, given == 1 and " was" or "s were")
end

local function named_value(where, params, part)
  local value = params[part.name]
  if value == nil then
    errors.raise("misuse", "%s: the SQL has a placeholder :%s, but no such parameter was given "
      .. "(use rdb.null for NULL)", where, part.name)
  end
  return value
end

local function check_unused(where, params, seen)
  for key in pairs(params) do
    if not seen[key] then
      errors.raise("misuse", "%s: the SQL has no placeholder for the parameter '%s'", where, tostring(key))
    end
  end
end

-- How many positional parameters were given: params.n when it is there, else up to the last one.
local function given_count(params)
  local n = math.tointeger(params.n) or 0
  for key in pairs(params) do
    if math.type(key) == "integer" and key > n then
      n = key
    end
  end
  return n
end

--- Translate SQL to a dialect's placeholders and put the parameters in their order.
-- @tparam string sql with `?`, or with `:name`, not both
-- @tparam ?table params array (holes are NULL up to params.n), or table by name
-- @tparam table dialect
-- @tparam ?string where names the caller in messages
-- @treturn string sql
-- @treturn table params { n = count }
-- @raise misuse naming the placeholder or the counts
function placeholders.translate(sql, params, dialect, where)
  params, where = params or {}, where or "rdb.query"
  local pieces, values, n, marks, seen = {}, {}, 0, {}, {}
  for i, part in ipairs(placeholders.parse(sql)) do
    if type(part) == "string" then
      pieces[i] = part
    else
      n = n + 1
      marks[part.mark] = true
      if part.mark == ":" then
        values[n] = named_value(where, params, part)
        seen[part.name] = true
      else
        values[n] = params[n]
      end
      pieces[i] = dialect.placeholder(n)
    end
  end
  if marks["?"] and marks[":"] then
    errors.raise("misuse", "%s: the SQL mixes ? and :%s; use one kind", where, (next(seen)))
  elseif marks[":"] then
    check_unused(where, params, seen)
  elseif given_count(params) ~= n then
    count_error(where, n, given_count(params))
  end
  values.n = n
  return table.concat(pieces), values
end

return placeholders
