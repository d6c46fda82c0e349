--- rdb.FilteredRelation("comments", { condition = Q{ comments__approved = true } }): a relation of which only some rows
-- count, under a name that annotate gives it.
local errors = require "rdb.orm.errors"
local q = require "rdb.orm.q"

local filtered_relation = {}

local FilteredRelation = { __name = "rdb.FilteredRelation" }
FilteredRelation.__index = FilteredRelation

--- The condition names the relation's fields by the relation's path, and no further tables.
function filtered_relation.new(relation, options)
  if type(relation) ~= "string" then
    errors.raise("misuse", "rdb.FilteredRelation takes the path of a relation, got %s", errors.type_name(relation))
  elseif type(options) ~= "table" or options.condition == nil then
    errors.raise("misuse", "rdb.FilteredRelation(%q) needs a condition: { condition = Q{ ... } }", relation)
  end
  for name in pairs(options) do
    if name ~= "condition" then
      errors.raise("misuse", "rdb.FilteredRelation has no option '%s'", tostring(name))
    end
  end
  return setmetatable({ relation = relation, condition = q.from(options.condition, "rdb.FilteredRelation") },
    FilteredRelation)
end

--- Is it one?
function filtered_relation.is(value)
  return type(value) == "table" and getmetatable(value) == FilteredRelation
end

return filtered_relation
