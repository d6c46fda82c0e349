--- Fields stored as text: char text slug email url file_path ip_address enum.
local errors = require "rdb.orm.errors"
local validators = require "rdb.orm.validators"

local Field = require "rdb.orm.fields.base"

local Text = Field.define("text", { kind = "text", options = { "db_collation", "max_length", "min_length" } })

function Text:check()
  Field.check(self)
  local own = {}
  if self.max_length then
    own[#own + 1] = validators.max_length(self.max_length)
  end
  if self.min_length then
    own[#own + 1] = validators.min_length(self.min_length)
  end
  for _, validator in ipairs(self:type_validators()) do
    own[#own + 1] = validator
  end
  self.own_validators = own
  if type(self.default) == "string" and self.max_length and (utf8.len(self.default) or 0) > self.max_length then
    self:problem("has a default longer than max_length %d", self.max_length)
  end
end

--- The validators that belong to the type itself.
function Text:type_validators() -- luacheck: no self
  return {}
end

-- A text of limited length: refused when it does not fit, on every database alike.
local Limited = Field.define("char", { parent = Text, required = { "max_length" } })
Limited.prepares = true

function Limited:prepare(value)
  if type(value) ~= "string" then
    return value
  end
  if #value > self.max_length and (utf8.len(value) or #value) > self.max_length then
    errors.raise_with("data_too_long", { model = self.model and self.model._meta.label, field = self.name },
      "%s holds at most %d characters, got %d", self:label(), self.max_length, utf8.len(value) or #value)
  end
  return value
end

-- The core counts characters just so; a type with a prepare of its own is prepared in Lua.
function Limited:checked_by_core()
  return self.prepare == Limited.prepare
end

function Limited:character_limit()
  return self:checked_by_core() and self.max_length or nil
end

-- Definitions with another required list start from a copy, as `required` is inherited.
local function limited(type_name, spec)
  spec.parent = spec.parent or Limited
  spec.required = spec.required or {}
  return Field.define(type_name, spec)
end

local Slug = limited("slug", { options = { "allow_unicode" }, defaults = { max_length = 50, db_index = true } })

function Slug:type_validators()
  return { validators.slug(self.allow_unicode) }
end

local Email = limited("email", { defaults = { max_length = 254 } })

function Email.type_validators()
  return { validators.email }
end

local Url = limited("url", { defaults = { max_length = 200 } })

function Url.type_validators()
  return { validators.url }
end

local FilePath = limited("file_path", { options = { "path", "match" }, defaults = { max_length = 100 } })

function FilePath:type_validators()
  return { validators.file_path(self.path, self.match) }
end

local IpAddress = limited("ip_address", {
  options = { "protocol" }, without = { "max_length", "min_length" },
  defaults = { max_length = 39, protocol = "both" },
})

function IpAddress:type_validators()
  return { validators.ip_address(self.protocol) }
end

local Enum = limited("enum", { positional = "list", without = { "max_length", "min_length" } })

function Enum:check()
  self.values = {}
  for i, value in ipairs(self.given) do
    self.values[i] = value
  end
  if #self.values > 0 and self.choices then
    self:problem("takes its values as a list or as choices, not both")
  elseif #self.values > 0 then
    self.choices = self.values
  elseif not self.choices then
    return self:problem("needs its values: f.enum { \"draft\", \"published\" }")
  end
  for _, value in ipairs(self.values) do
    if type(value) ~= "string" then
      return self:problem("takes texts as values, got %s", errors.type_name(value))
    end
  end
  Text.check(self)
  self.values, self.max_length = {}, 1
  for i, choice in ipairs(self.choices) do
    self.values[i] = choice[1]
    self.max_length = math.max(self.max_length, utf8.len(choice[1]) or #choice[1])
  end
end

function Enum:prepare(value)
  if type(value) == "string" and not self:is_choice(value) then
    errors.raise_with("invalid_value", { model = self.model and self.model._meta.label, field = self.name },
      "%s takes one of %s", self:label(), table.concat(self.values, ", "))
  end
  return value
end

return Text
