--- The lookups and transforms that a path may end in, and what values each takes.
-- How one looks in SQL is the dialect's business (`dialect.lookups[name]`, `dialect.transforms[name]`).
local errors = require "rdb.orm.errors"

local lookups = {}

-- takes: "scalar" one value | "text" one string | "list" | "pair" | "flag" a boolean | "year" an integer
local ALL = {
  exact = "scalar", iexact = "text", contains = "text", icontains = "text", startswith = "text", istartswith = "text",
  endswith = "text", iendswith = "text", gt = "scalar", gte = "scalar", lt = "scalar", lte = "scalar",
  ["in"] = "list", range = "pair", isnull = "flag", regex = "text", iregex = "text",
}

--- name -> what it takes.
lookups.all = ALL

local DATES = { date = true, timestamp = true }
local TIMES = { time = true, timestamp = true }

--- name -> { on = kinds it applies to, kind = what it yields }.
lookups.transforms = {
  year = { on = DATES, kind = "int64" },
  iso_year = { on = DATES, kind = "int64" },
  quarter = { on = DATES, kind = "int64" },
  month = { on = DATES, kind = "int64" },
  week = { on = DATES, kind = "int64" },
  day = { on = DATES, kind = "int64" },
  week_day = { on = DATES, kind = "int64" },
  iso_week_day = { on = DATES, kind = "int64" },
  hour = { on = TIMES, kind = "int64" },
  minute = { on = TIMES, kind = "int64" },
  second = { on = TIMES, kind = "int64" },
  date = { on = { timestamp = true }, kind = "date" },
  time = { on = { timestamp = true }, kind = "time" },
}

--- Names that may follow a field of a kind (all of them for an unknown kind).
-- @treturn {[string]=true}
function lookups.names_for(kind)
  local names = {}
  for name in pairs(ALL) do
    names[name] = true
  end
  for name, transform in pairs(lookups.transforms) do
    if kind == nil or transform.on[kind] then
      names[name] = true
    end
  end
  return names
end

local function refuse(label, wanted, value)
  errors.raise("invalid_value", "%s expects %s, got %s", label, wanted, errors.type_name(value))
end

--- Check a scalar for a lookup that does not leave it to the database driver.
-- @raise invalid_value naming the label
function lookups.check_scalar(name, value, label)
  local takes = ALL[name]
  if takes == "text" and type(value) ~= "string" then
    refuse(label, "a string", value)
  elseif takes == "flag" and type(value) ~= "boolean" then
    refuse(label, "true or false", value)
  end
end

--- Check that `value` is a plain list and return its length.
-- A table with other keys is refused: a decoded request body must not smuggle operators in.
function lookups.check_list(value, label)
  if type(value) ~= "table" or getmetatable(value) ~= nil then
    refuse(label, "a list", value)
  end
  local n = 0
  for _ in pairs(value) do
    n = n + 1
  end
  for i = 1, n do
    if value[i] == nil then
      errors.raise("invalid_value", "%s expects a list without holes and without names; entry %d is nil",
        label, i)
    end
  end
  return n
end

lookups.refuse = refuse

return lookups
