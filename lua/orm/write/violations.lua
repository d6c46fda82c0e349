--- Errors of constraints for which the database names neither table nor column: the model and its fields are added.
local violations = {}

local NAMELESS = { foreign_key_violation = true, check_violation = true }

-- "maker must be the key of a shop.Maker that exists"
local function hint_of(meta)
  local parts = {}
  for _, field in ipairs(meta.fields) do
    local relation = field.relation
    if relation and relation.db_constraint ~= false then
      parts[#parts + 1] = ("%s must be the %s of a %s that exists"):format(field.name,
        relation.to_field or "key", relation.to)
    end
  end
  return parts[1] and table.concat(parts, "; ")
end

--- Name the model in an error of writing its rows.
-- @tparam table meta the model's _meta
-- @param err what was raised; changed in place when it is such an error
function violations.explain(meta, err)
  if type(err) ~= "table" or not NAMELESS[err.code] or err.table or err.model then
    return
  end
  err.model = meta.label
  err.message = ("%s: %s"):format(meta.label, err.message)
  if err.code == "foreign_key_violation" and not err.hint and not (err.sql or ""):find "^DELETE" then
    err.hint = hint_of(meta)
  end
end

return violations
