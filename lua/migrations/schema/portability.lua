--- What a database cannot do of a model's indexes and constraints.
--
-- Some options of an index only make it faster where they exist: elsewhere it is made without them, and this is said.
-- An option that changes what may be stored is refused.

local errors = require "rdb.orm.errors"

local M = {}

-- Options that change no result: { option, the dialect's feature, what it is }.
local OPTIONAL = {
  { "include", "covering_indexes", "included columns" },
  { "method", "index_methods", "index methods" },
  { "opclasses", "operator_classes", "operator classes" },
}

-- Names as people write them.
local TITLES = { sqlite = "SQLite" }


local function title(dialect) return TITLES[dialect.name] or dialect.name end


local function is_given(value)
  if type(value) == "table" then return next(value) ~= nil end
  return value ~= nil
end


--- What is left out of an index or a unique constraint.
-- @tparam Model model
-- @tparam table index bound to the model
-- @tparam Dialect dialect
-- @treturn string|nil "blog.Post: index by_title: SQLite has no included columns (include): left out"
function M.left_out(model, index, dialect)
  local missing = {}
  for _, option in ipairs(OPTIONAL) do
    if is_given(index[option[1]]) and not dialect.features[option[2]] then
      missing[#missing + 1] = ("%s (%s)"):format(option[3], option[1])
    end
  end
  if #missing == 0 then return nil end
  return ("%s: %s %s: %s has no %s: left out"):format(model._meta.label,
    index.kind == "unique" and "constraint" or "index", index.name, title(dialect),
    table.concat(missing, " and no "))
end


--- Why a unique constraint cannot be made.
-- @treturn string|nil
function M.refusal(model, constraint, dialect)
  local problem
  if constraint.deferrable and not dialect.features.deferrable_unique then
    problem = ("is deferrable, which %s has only for foreign keys"):format(title(dialect))
  elseif constraint.nulls_distinct == false and not dialect.features.nulls_not_distinct then
    problem = ("has nulls_distinct = false, which %s cannot do"):format(title(dialect))
  end
  return problem and ("%s: constraint %s %s"):format(model._meta.label, constraint.name, problem) or nil
end


--- @raise unsupported for a unique constraint that cannot be made
function M.require_possible(model, constraint, dialect)
  local problem = M.refusal(model, constraint, dialect)
  if problem then errors.raise("unsupported", "%s", problem) end
end


--- All that a database cannot do of a model.
-- @treturn table { { text=, refused = bool }... } in the order of definition
function M.of_model(model, dialect)
  local list = {}
  local function add(text, refused)
    if text then list[#list + 1] = { text = text, refused = refused } end
  end
  for _, index in ipairs(model._meta.indexes or {}) do add(M.left_out(model, index, dialect), false) end
  for _, constraint in ipairs(model._meta.constraints or {}) do
    if constraint.kind == "unique" then
      add(M.refusal(model, constraint, dialect), true)
      add(M.left_out(model, constraint, dialect), false)
    end
  end
  return list
end


return M
