--- Relation fields: foreign_key, one_to_one, many_to_many.
-- `field.relation` says where they point; `relation.model` and `relation.target` exist once the other model is
-- defined and raise a clear error before.
local errors = require "rdb.orm.errors"

local Field = require "rdb.orm.fields.base"

local Relation = {}

-- Only missing keys come here: those of an unresolved relation say what is missing.
function Relation:__index(key)
  if key == "model" or key == "target" or key == "through_from" or key == "through_to" then
    errors.raise("config", "%s points to %s, which is not defined", rawget(self, "field"):describe(), self.to)
  end
  return nil
end

--- The label that `to` means for a field of `model`: "self" and "Author" are completed.
local function normalise(to, model)
  if type(to) == "table" then
    return to._meta.label
  elseif to == "self" then
    return model._meta.label
  elseif not to:find(".", 1, true) then
    return model._meta.app_label .. "." .. to
  end
  return to
end

local function is_model(value)
  return type(value) == "table" and rawget(value, "_meta") ~= nil or (type(value) == "table" and value._meta ~= nil)
end

-- `to` stands first without a name, or under its name.
local function take_to(self, example)
  local to = self.given[1]
  if to == nil then
    to = self.given.to
  end
  if to == nil then
    return self:problem("needs the model it points to: f.%s { \"blog.Author\"%s }", self.type, example)
  end
  if not is_model(to) and not (type(to) == "string" and to:find("^[%a_][%w_]*%.?[%w_]*$")) then
    return self:problem("points to a model or an \"app.Model\" text, got %s", errors.type_name(to))
  end
  self.to = nil
  self.to_given = to
end

local ForeignKey = Field.define("foreign_key", {
  positional = "to", required = { "on_delete" }, defaults = { db_index = true, db_constraint = true },
  options = { "to", "on_delete", "on_update", "related_name", "related_query_name", "to_field", "db_constraint",
        "limit_choices_to" },
  without = { "choices" },
})

-- The kind of the column is that of the key it points to.
function ForeignKey:__index(key)
  if key == "kind" and rawget(self, "relation") then
    local kind = self.relation.target.kind
    rawset(self, "kind", kind)
    return kind
  end
  return getmetatable(self)[key]
end

function ForeignKey:check()
  take_to(self, ", on_delete = rdb.CASCADE")
  if self.problems then
    return
  end
  Field.check(self)
  local name = self.on_delete.name
  if (name == "SET_NULL" or name == "DB_SET_NULL") and not self.null then
    self:problem("has on_delete = rdb.%s, which needs null = true", name)
  elseif name == "SET_DEFAULT" and self.default == nil then
    self:problem("has on_delete = rdb.SET_DEFAULT, which needs a default")
  elseif name == "DB_SET_DEFAULT" and self.db_default == nil then
    self:problem("has on_delete = rdb.DB_SET_DEFAULT, which needs a db_default")
  end
end

local function bind_relation(self, model, kind)
  self.relation = setmetatable({
    field = self, to = normalise(self.to_given, model), kind = kind, on_delete = self.on_delete,
    related_name = self.related_name, related_query_name = self.related_query_name,
    to_field = self.to_field, db_constraint = self.db_constraint,
  }, Relation)
end

function ForeignKey:bind(model, name)
  Field.bind(self, model, name)
  self.attname = name .. "_id"
  self.column = self.db_column or self.attname
  bind_relation(self, model, self.type)
end

--- The target model exists now: find the field that the key refers to.
-- @raise misuse when the target has no such field, or one that is not unique
function ForeignKey:resolve(target_model)
  local meta = target_model._meta
  local target = meta.pk
  if self.relation.to_field then
    target = meta.by_name[self.relation.to_field]
    if not target or target.many_to_many then
      errors.raise("misuse", "%s: %s has no field '%s' to point to", self:describe(), meta.label,
        self.relation.to_field)
    elseif not target.unique and not target.primary_key then
      errors.raise("misuse", "%s: to_field %s is not unique", self:describe(), target:describe())
    end
  elseif not target then
    errors.raise("unsupported", "%s: %s has a composite key; point to one of its unique fields with to_field",
      self:describe(), meta.label)
  end
  self.relation.model, self.relation.target = target_model, target
end

--- An instance stands for its key.
function ForeignKey:to_param(value)
  if type(value) == "table" then
    local metatable = getmetatable(value)
    local model = type(metatable) == "table" and rawget(metatable, "model")
    if not model then
      return value
    end
    local target = self.relation.target
    if model ~= self.relation.model then
      errors.raise("invalid_value", "%s expects a %s, got a %s", self:label(), self.relation.to,
        model._meta.label)
    end
    local key = value[target.attname]
    if key == nil then
      errors.raise("invalid_value", "%s got an unsaved %s, which has no key yet", self:label(), self.relation.to)
    end
    return target:to_param(key)
  end
  return self.relation.target:to_param(value)
end

ForeignKey.prepares = true

function ForeignKey:prepare(value)
  local target = self.relation.target
  if type(value) == "table" then
    errors.raise_with("invalid_value", { model = self.model and self.model._meta.label, field = self.name },
      "%s expects a key, got a table; an object is assigned to '%s'", self:label(), self.name)
  end
  if target.prepares then
    return target:prepare(value)
  end
  return value
end

-- A plain key needs nothing. Of a limited text the error names the target, so that is left to prepare.
function ForeignKey:checked_by_core()
  return self.prepare == ForeignKey.prepare and not self.relation.target.prepares
end

function ForeignKey:convert(value)
  return self.relation.target:convert(value)
end

local function deconstruct(self)
  local type_name, given = Field.deconstruct(self)
  given.to = nil
  given[1] = self.relation and self.relation.to or self.to_given
  if type(given[1]) == "table" then
    given[1] = given[1]._meta.label
  end
  return type_name, given
end

ForeignKey.deconstruct = deconstruct

function ForeignKey:clone()
  local copy = Field.clone(self)
  copy.to_given = self.relation and self.relation.to or self.to_given
  copy.kind = nil
  return copy
end

local OneToOne = Field.define("one_to_one", { parent = ForeignKey, without = { "unique" } })
OneToOne.unique = true
OneToOne.__index = ForeignKey.__index

local ManyToMany = Field.define("many_to_many", {
  kind = "any", positional = "to", defaults = { db_constraint = true },
  options = { "to", "related_name", "related_query_name", "through", "through_fields", "db_constraint", "db_table",
        "symmetrical", "limit_choices_to" },
  without = { "null", "default", "db_default", "unique", "primary_key", "db_index", "db_column", "db_comment",
        "choices", "validators" },
})
ManyToMany.many_to_many = true
ManyToMany.default = nil

function ManyToMany:check()
  take_to(self, "")
  if self.through and self.db_table then
    self:problem("takes db_table or through, not both (the table is the one of the through model)")
  end
  if self.through_fields and not self.through then
    self:problem("takes through_fields only together with through")
  elseif self.through_fields and #self.through_fields ~= 2 then
    self:problem("expects two names in through_fields: the key to this model, then the key to the other")
  end
end

function ManyToMany:bind(model, name)
  Field.bind(self, model, name)
  self.attname, self.column = name, nil
  bind_relation(self, model, "many_to_many")
  local relation = self.relation
  relation.auto_through = self.through == nil
  relation.through_label = self.through and normalise(self.through, model) or (model._meta.label .. "_" .. name)
  local to_self = relation.to == model._meta.label
  relation.symmetrical = to_self and self.symmetrical ~= false
  if self.symmetrical and not to_self then
    errors.raise("misuse", "%s: symmetrical is only for a relation of a model to itself", self:describe())
  end
end

function ManyToMany:deconstruct()
  local type_name, given = deconstruct(self)
  if given.through ~= nil then
    given.through = self.relation and self.relation.through_label or given.through
    if type(given.through) == "table" then
      given.through = given.through._meta.label
    end
  end
  return type_name, given
end

function ManyToMany:clone()
  local copy = Field.clone(self)
  copy.to_given = self.relation and self.relation.to or self.to_given
  copy.through = self.relation and self.through and self.relation.through_label or self.through
  return copy
end

return ForeignKey
