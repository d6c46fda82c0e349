--- rdb.CheckConstraint { condition = Q{...}, name = } and
-- rdb.UniqueConstraint { "a", "b", name =, condition =, include =, deferrable =, nulls_distinct = }
local errors = require "rdb.orm.errors"
local indexes = require "rdb.orm.indexes"
local naming = require "rdb.orm.naming"

local constraints = {}

local function copy_of(object)
  local copy = {}
  for key, value in pairs(object) do
    copy[key] = value
  end
  return setmetatable(copy, getmetatable(object))
end

local Check = { __name = "rdb.CheckConstraint" }
Check.__index = Check

local CHECK_OPTIONS = { condition = "table", name = "string", message = "string" }

local function new_check(spec)
  indexes.check_options(spec, CHECK_OPTIONS, "rdb.CheckConstraint")
  if spec.condition == nil then
    errors.raise("misuse", "rdb.CheckConstraint needs a condition, for example Q { price__gte = 0 } (%s)",
      errors.at(3))
  end
  return setmetatable({
    kind = "check",
    condition = indexes.as_condition(spec.condition), name = spec.name, fields = {}, message = spec.message,
    source = errors.at(3),
  }, Check)
end

--- A copy with its final name for the model that `meta` describes.
-- @raise misuse for fields that the model does not have
function Check:bind(meta)
  indexes.check_fields(self, meta, "rdb.CheckConstraint")
  local copy = copy_of(self)
  copy.name = copy.name or naming.constraint_name(meta.table, {}, "check", naming.fingerprint(self.condition))
  return copy
end

--- @treturn string "CheckConstraint"
-- @treturn table what the constructor takes to make an equal one
function Check:deconstruct()
  return "CheckConstraint", { condition = self.condition, name = self.name, message = self.message }
end

local Unique = { __name = "rdb.UniqueConstraint" }
Unique.__index = Unique

local UNIQUE_OPTIONS = {
  name = "string", condition = "table", include = "table", deferrable = "string", nulls_distinct = "boolean",
  opclasses = "table", message = "string",
}

local function new_unique(spec)
  indexes.check_options(spec, UNIQUE_OPTIONS, "rdb.UniqueConstraint")
  local fields, expressions = indexes.parse_items(spec, "rdb.UniqueConstraint")
  if #fields == 0 and #expressions == 0 then
    errors.raise("misuse", "rdb.UniqueConstraint needs at least one field or expression (%s)", errors.at(3))
  end
  if spec.deferrable and spec.deferrable ~= "deferred" and spec.deferrable ~= "immediate" then
    errors.raise("misuse", "rdb.UniqueConstraint expects \"deferred\" or \"immediate\" for 'deferrable' (%s)",
      errors.at(3))
  end
  return setmetatable({
    kind = "unique", fields = fields, expressions = expressions, name = spec.name,
    condition = indexes.as_condition(spec.condition),
    include = spec.include or {}, deferrable = spec.deferrable, nulls_distinct = spec.nulls_distinct,
    opclasses = spec.opclasses or {}, message = spec.message, source = errors.at(3),
  }, Unique)
end

--- A copy with its final name for the model that `meta` describes.
-- @raise misuse for fields that the model does not have
function Unique:bind(meta)
  indexes.check_fields(self, meta, "rdb.UniqueConstraint")
  local copy = copy_of(self)
  if not copy.name then
    local extra = naming.fingerprint { self.condition, self.include, self.expressions, self.nulls_distinct }
    copy.name = naming.constraint_name(meta.table, indexes.field_columns(self, meta), "uniq", extra)
  end
  return copy
end

--- @treturn string "UniqueConstraint"
-- @treturn table what the constructor takes to make an equal one
function Unique:deconstruct()
  local spec = indexes.field_items(self)
  spec.name, spec.condition, spec.deferrable = self.name, self.condition, self.deferrable
  spec.include, spec.opclasses = indexes.filled(self.include), indexes.filled(self.opclasses)
  spec.nulls_distinct, spec.message = self.nulls_distinct, self.message
  return "UniqueConstraint", spec
end

-- No tail calls: messages name the line that called this.
local function constructor(new)
  return function(_, spec)
    local constraint = new(spec)
    return constraint
  end
end

constraints.CheckConstraint = setmetatable(Check, { __call = constructor(new_check) })
constraints.UniqueConstraint = setmetatable(Unique, { __call = constructor(new_unique) })

return constraints
