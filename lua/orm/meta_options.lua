--- The options of `meta = { ... }` in a model: what each takes.
local errors = require "rdb.orm.errors"
local suggest = require "rdb.orm.suggest"

local meta_options = {}

local function is_name_list(value)
  if type(value) ~= "table" or #value == 0 then
    return false
  end
  for _, name in ipairs(value) do
    if type(name) ~= "string" then
      return false
    end
  end
  return true
end

local function text(value)
  return type(value) == "string" and value ~= "", "a text"
end

local function boolean(value)
  return type(value) == "boolean", "true or false"
end

local function objects_of(kinds, expected)
  return function(value)
    if type(value) ~= "table" or getmetatable(value) ~= nil then
      return false, expected
    end
    for key, item in pairs(value) do
      if math.type(key) ~= "integer" or type(item) ~= "table" or not kinds[item.kind] then
        return false, expected
      end
    end
    return true
  end
end

local function ordering(value)
  local expected = "a list of field names, \"-\" before a name for descending order"
  if type(value) ~= "table" or getmetatable(value) ~= nil then
    return false, expected
  end
  for key, item in pairs(value) do
    if math.type(key) ~= "integer" or (type(item) ~= "string" and type(item) ~= "table") then
      return false, expected
    end
  end
  return true
end

local function unique_together(value)
  local expected = "a list of lists of field names, for example { { \"order\", \"line\" } }"
  if type(value) ~= "table" then
    return false, expected
  end
  if #value == 0 or is_name_list(value) then
    return next(value) == nil or is_name_list(value), expected
  end
  for _, names in ipairs(value) do
    if not is_name_list(names) then
      return false, expected
    end
  end
  return true
end

local function latest(value)
  return type(value) == "string" or is_name_list(value), "a field name or a list of them"
end

local function parents(value)
  local expected = "an abstract model or a list of them"
  if type(value) ~= "table" then
    return false, expected
  end
  for _, parent in ipairs(value.abstract and { value } or value) do
    if type(parent) ~= "table" or not parent.abstract then
      return false, expected
    end
  end
  return value.abstract ~= nil or #value > 0, expected
end

local CHECKS = {
  ordering = ordering,
  indexes = objects_of({ index = true }, "a list of rdb.Index { ... }"),
  constraints = objects_of({ check = true, unique = true },
    "a list of rdb.CheckConstraint { ... } and rdb.UniqueConstraint { ... }"),
  unique_together = unique_together,
  table_name = function(value)
    return type(value) == "string" and value ~= "" and not value:find("[%c\"`%[%]]"), "a table name without quotes"
  end,
  managed = boolean, abstract = boolean, extends = parents, verbose_name = text, verbose_name_plural = text,
  get_latest_by = latest, default_related_name = text,
}

-- What people who know another name for it will write.
local OTHER_NAMES = { db_table = "table_name", table = "table_name", order_by = "ordering", unique = "unique_together" }

--- Check the options of a model.
-- @tparam table options as written
-- @tparam string where "blog.Author (blog/models.lua:12)"
-- @raise misuse naming the option and what it takes
function meta_options.check(options, where)
  local names = {}
  for key in pairs(options) do
    names[#names + 1] = tostring(key)
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local check = CHECKS[name]
    if not check then
      local other = OTHER_NAMES[name]
      errors.raise("misuse", "%s: meta has no option '%s'%s", where, name,
        other and ("; did you mean '%s'?"):format(other) or suggest.clause(name, CHECKS))
    end
    local fits, expected = check(options[name])
    if not fits then
      errors.raise("misuse", "%s: meta expects %s for '%s', got %s", where, expected, name,
        errors.type_name(options[name]))
    end
  end
end

--- unique_together as a list of lists.
function meta_options.unique_together(value)
  if not value or #value == 0 then
    return {}
  end
  return type(value[1]) == "string" and { value } or value
end

return meta_options
