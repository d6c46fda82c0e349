--- rdb.register_field: field types of your own, built on one that exists.
local errors = require "rdb.orm.errors"
local suggest = require "rdb.orm.suggest"

local Field = require "rdb.orm.fields.base"

local register = {}

local KEYS = { base = "string", defaults = "table", validators = "table", prepare = "function" }

--- Define `f.<name>`.
-- @tparam string name
-- @tparam table spec { base = "decimal", defaults = { max_digits = 12, decimal_places = 2 }, validators = {...},
--   prepare = function(field, value) -> value to write }
-- @raise misuse for a name that is taken or a base that does not exist
function register.register(name, spec)
  if type(name) ~= "string" or not name:find("^[a-z][a-z0-9_]*$") or name == "build" then
    errors.raise("misuse", "rdb.register_field: a type is named like \"money\", got '%s'", tostring(name))
  elseif Field.types[name] then
    errors.raise("misuse", "rdb.register_field: f.%s exists already", name)
  end
  require "rdb.orm.fields"
  for key, value in pairs(spec) do
    if not KEYS[key] then
      errors.raise("misuse", "rdb.register_field has no key '%s'%s", tostring(key), suggest.clause(key, KEYS))
    elseif type(value) ~= KEYS[key] then
      errors.raise("misuse", "rdb.register_field expects a %s for '%s', got %s", KEYS[key], key,
        errors.type_name(value))
    end
  end
  local base = Field.types[spec.base]
  if not base or base.unsupported then
    errors.raise("misuse", "rdb.register_field: there is no field type '%s' to build on%s", tostring(spec.base),
      suggest.clause(spec.base, Field.types))
  end
  local required = {}
  for _, option in ipairs(base.required) do
    if not (spec.defaults and spec.defaults[option] ~= nil) then
      required[#required + 1] = option
    end
  end
  local class = Field.define(name, { parent = base, defaults = spec.defaults, required = required })
  class.type, class.validators = base.type, spec.validators or base.validators

  -- Migrations see the type underneath, so that they do not depend on the program.
  function class:deconstruct()
    local type_name, options = base.deconstruct(self)
    for option, value in pairs(spec.defaults or {}) do
      if options[option] == nil and value ~= base[option] and self.given[option] == nil then
        options[option] = value
      end
    end
    return type_name, options
  end

  if spec.prepare then
    class.prepares = true
    function class:prepare(value)
      value = spec.prepare(self, value)
      return base.prepares and base.prepare(self, value) or value
    end
  end
end

return register
