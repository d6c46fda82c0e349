--- From fields and options to a model: all checks of a definition, and the `_meta` that every layer reads.
-- Used by rdb.model and by the models of the past that migrations render.
local errors = require "rdb.orm.errors"
local meta_options = require "rdb.orm.meta_options"
local model_class = require "rdb.orm.model_class"
local naming = require "rdb.orm.naming"
local registry = require "rdb.orm.registry"
local suggest = require "rdb.orm.suggest"

local Field = require "rdb.orm.fields.base"

local definition = {}

local KEYWORDS = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat return then true
    until while]]):gmatch("%a+") do
  KEYWORDS[word] = true
end

-- "blog.Author" -> "blog", "Author"
local function parse_label(label, source)
  local app_label, name = tostring(label):match("^([%a][%w_]*)%.([%a][%w_]*)$")
  if not app_label or type(label) ~= "string" or label:find("__", 1, true) or name:find("_$") then
    errors.raise("misuse", "a model is named \"app.Model\", got %s (%s)",
      type(label) == "string" and "'" .. label .. "'" or errors.type_name(label), source)
  end
  return app_label, name
end

local function check_name(name, field, reserved)
  local problem
  if not name:find("^[%a_][%w_]*$") then
    problem = "a field name is made of letters, digits and underscores"
  elseif name:find("__", 1, true) then
    problem = "a field name cannot contain two underscores, which span relations in queries"
  elseif name:find("^_") or name:find("_$") then
    problem = "a field name cannot begin or end with an underscore"
  elseif KEYWORDS[name] then
    problem = "this is a word of Lua"
  elseif reserved[name] then
    problem = "the name belongs to every model"
  end
  if problem then
    errors.raise("misuse", "%s: %s", field:describe(), problem)
  end
end

local function check_problems(field)
  if field.problems then
    local code = field.unsupported and "unsupported" or "misuse"
    errors.raise(code, "%s: %s", field:describe(), table.concat(field.problems, "; "))
  end
end

-- Bind a copy of each field; collisions between names and attnames are refused.
local function bind_fields(model, meta, entries, methods)
  for _, entry in ipairs(entries) do
    local name, given = entry[1], entry[2]
    local field = given:clone()
    field.model, field.name = model, name
    check_name(name, field, field.composite and {} or model_class.reserved)
    check_problems(field)
    field:bind(model, name)
    for _, key in ipairs { name, field.attname } do
      local other = meta.by_name[key]
      if other and other ~= field then
        errors.raise("misuse", "%s and %s both take the name '%s'", other:describe(), field:describe(), key)
      elseif methods[key] ~= nil then
        errors.raise("misuse", "%s collides with the method '%s'", field:describe(), key)
      end
    end
    if field.composite then
      meta.composite_key = field
    elseif field.many_to_many then
      table.insert(meta.many_to_many, field)
      meta.by_name[name] = field
    else
      table.insert(meta.fields, field)
      meta.by_name[name], meta.by_name[field.attname] = field, field
    end
  end
end

local function check_columns(meta)
  local seen = {}
  for _, field in ipairs(meta.fields) do
    local other = seen[field.column:lower()]
    if other then
      errors.raise("misuse", "%s and %s both use the column '%s'", other:describe(), field:describe(),
        field.column)
    end
    seen[field.column:lower()] = field
  end
end

-- The primary key: the declared one, the composite one, or an `id` that is added.
local function choose_key(model, meta)
  local keys = {}
  for _, field in ipairs(meta.fields) do
    if field.primary_key then
      keys[#keys + 1] = field
    end
  end
  local composite = meta.composite_key
  if #keys > 1 or (composite and #keys > 0) then
    errors.raise("misuse", "%s and %s are both primary keys; f.composite_key makes a key of several fields",
      keys[1]:describe(), (composite or keys[2]):describe())
  elseif composite then
    meta.pk_fields = {}
    for i, name in ipairs(composite.field_names) do
      local field = meta.by_name[name]
      if not field or field.many_to_many then
        errors.raise("misuse", "%s: there is no column field '%s'%s", composite:describe(), name,
          suggest.clause(name, meta.by_name))
      elseif field.null then
        errors.raise("misuse", "%s: %s is null, which a part of a key cannot be", composite:describe(),
          field:describe())
      end
      meta.pk_fields[i] = field
    end
    return
  elseif #keys == 0 then
    if meta.by_name.id then
      errors.raise("misuse", "%s: a field named 'id' must be the primary key (primary_key = true)",
        meta.by_name.id:describe())
    end
    keys[1] = Field.types.big_auto { primary_key = true }
    keys[1].source, keys[1].implicit = meta.source, true
    keys[1]:bind(model, "id")
    table.insert(meta.fields, 1, keys[1])
    meta.by_name.id = keys[1]
  end
  meta.pk, meta.pk_fields = keys[1], { keys[1] }
end

local function check_ordering(meta, where)
  for _, item in ipairs(meta.ordering) do
    local name = type(item) == "string" and item:gsub("^[-+]", "")
    if name and name ~= "?" and name ~= "pk" and not name:find("__", 1, true) and not meta.by_name[name] then
      errors.raise("misuse", "%s: meta.ordering names '%s', which is no field%s", where, name,
        suggest.clause(name, meta.by_name))
    end
  end
end

local function take_options(meta, options, where)
  meta.ordering = options.ordering or {}
  meta.managed = options.managed ~= false
  meta.verbose_name = options.verbose_name or (meta.name:gsub("(%l)(%u)", "%1 %2"):lower())
  meta.verbose_name_plural = options.verbose_name_plural or meta.verbose_name .. "s"
  meta.get_latest_by, meta.default_related_name = options.get_latest_by, options.default_related_name
  meta.options = options
  meta.unique_together = meta_options.unique_together(options.unique_together)
  for _, names in ipairs(meta.unique_together) do
    for _, name in ipairs(names) do
      if not meta.by_name[name] or meta.by_name[name].many_to_many then
        errors.raise("misuse", "%s: meta.unique_together names '%s', which is no column field%s", where, name,
          suggest.clause(name, meta.by_name))
      end
    end
  end
  check_ordering(meta, where)
end

-- Indexes and constraints get their names here; one name may stand only once.
local function bind_objects(meta, options, where)
  local seen = {}
  for _, list in ipairs { "indexes", "constraints" } do
    meta[list] = {}
    for i, object in ipairs(options[list] or {}) do
      local bound = object:bind(meta)
      if seen[bound.name] then
        errors.raise("misuse", "%s: two indexes or constraints are named '%s'", where, bound.name)
      end
      meta[list][i], seen[bound.name] = bound, true
    end
  end
end

local function check_fields_list(spec, where)
  for _, entry in ipairs(spec.fields) do
    if type(entry[1]) ~= "string" or not Field.is_field(entry[2]) then
      errors.raise("misuse", "%s: '%s' is no field; write %s = f.char { ... }", where, tostring(entry[1]),
        tostring(entry[1]))
    end
  end
end

--- Define a model.
-- @tparam table spec { registry = (default: registry.default), label = "blog.Author",
--   fields = { { name, field }, ... }, options = {meta options},
--   methods = { name = function }, source = "file:line" }. Fields are copied, never changed.
-- @treturn Model
-- @raise misuse (or unsupported) naming model, field, file and line
function definition.define(spec)
  local source = spec.source or errors.at(2)
  local app_label, name = parse_label(spec.label, source)
  local where = ("%s (%s)"):format(spec.label, source)
  local options, methods = spec.options or {}, spec.methods or {}
  local models = spec.registry or registry.default
  models:check_free(spec.label, source)
  meta_options.check(options, where)
  check_fields_list(spec, where)
  local meta = {
    label = spec.label, app_label = app_label, name = name, registry = models, source = source,
    table = options.table_name or naming.table_name(app_label, name),
    fields = {}, by_name = {}, many_to_many = {}, related = {}, related_by_query_name = {}, descriptors = {},
    auto_created = spec.auto_created, database = models.alias,
  }
  local model = model_class.allocate(meta)
  bind_fields(model, meta, spec.fields, methods)
  choose_key(model, meta)
  check_columns(meta)
  take_options(meta, options, where)
  bind_objects(meta, options, where)
  model_class.complete(model, methods)
  local connected, err = pcall(require "rdb.orm.relations.wiring".connect, model)
  if not connected then
    models:remove(model)
    error(err, 0)
  end
  return model
end

return definition
