--- The attribute of a many_to_many relation, from either end.
local many_to_many = {}

--- @tparam Field field the many_to_many field
-- @tparam boolean reversed true for the end that does not hold the field
-- @treturn table { field =, get = function(object) -> manager }
function many_to_many.descriptor(field, reversed)
  return {
    field = field,
    get = function(object)
      return require "rdb.orm.relations.many_manager".get(field, object, reversed)
    end,
  }
end

return many_to_many
