--- Values of a column whose type changes: how they are rewritten, and which of them do not fit the new type.
--
-- SQLite would keep whatever stands there ('abc' in an integer column); a value that the new type cannot hold has to
-- stop the migration instead.

local columns = require "rdb.migrations.schema.columns"

local M = {}

-- old kind -> new kind -> expression over the column
local REWRITE = {
  date = { timestamp = "%s || ' 00:00:00'" },
  timestamp = { date = "substr(%s, 1, 10)", time = "substr(%s, 12)" },
}

-- new kind -> condition that finds values which do not fit
local MISFIT = {
  int64 = "typeof(%s) NOT IN ('integer', 'null')",
  interval = "typeof(%s) NOT IN ('integer', 'null')",
  double = "typeof(%s) NOT IN ('integer', 'real', 'null')",
  bool = "%s NOT IN (0, 1)",
  date = "%s IS NOT NULL AND date(%s) IS NOT %s",
  timestamp = "%s IS NOT NULL AND datetime(%s) IS NULL",
  time = "%s IS NOT NULL AND time(%s) IS NULL",
  uuid = "%s IS NOT NULL AND length(%s) NOT IN (32, 36)",
  decimal = "%s IS NOT NULL AND %s NOT GLOB '*[0-9]*' OR %s GLOB '*[^-+.0-9eE]*'",
}


--- The expression that gives a column its new values; nil where they stay as they are.
-- @tparam Field old
-- @tparam Field new
-- @tparam string column quoted
function M.rewrite(old, new, column)
  local from, to = columns.target(old).kind, columns.target(new).kind
  local template = REWRITE[from] and REWRITE[from][to]
  return template and template:format(column) or nil
end


local function fill(template, column) return (template:gsub("%%s", (column:gsub("%%", "%%%%")))) end


--- What finds values that do not fit a changed column.
-- @treturn string|nil condition over the new column
-- @treturn string|nil error code
-- @treturn string|nil what is wrong with them: "is longer than 5 characters"
function M.misfit(old, new, column)
  local source, target = columns.target(old), columns.target(new)
  local template = source.kind ~= target.kind and MISFIT[target.kind]
  if template then
    return fill(template, column), "invalid_value", ("is no %s"):format(target.type:gsub("_", " "))
  end
  local shorter = target.kind == "text" and target.max_length
    and not (source.kind == "text" and source.max_length and source.max_length <= target.max_length)
  if shorter then
    return ("length(%s) > %d"):format(column, target.max_length), "data_too_long",
      ("is longer than %d characters"):format(target.max_length)
  end
  return nil
end


return M
