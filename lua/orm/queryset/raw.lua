--- raw(sql, params): objects from SQL of the program's own.
local connections = require "rdb.orm.connections"
local core = require "rdb.core"
local errors = require "rdb.orm.errors"
local evaluation = require "rdb.orm.queryset.evaluation"
local placeholders = require "rdb.orm.placeholders"
local shape = require "rdb.orm.shape"

local RawQuery = { __name = "rdb.raw" }
local methods = {}

local function meta_of(self)
  return self.base.node.trie.model._meta
end

-- The columns of the result, by running the statement for no rows.
local function column_names(target, sql, values)
  return core.run(target, ("SELECT * FROM (%s\n) AS raw LIMIT 0"):format(sql), values).columns
end

-- Which key of the object each column becomes, and its kind. Columns of the model by their name in the database or in
-- the model; others are annotations.
local function columns_of(self, names)
  local meta, known = meta_of(self), {}
  for _, field in ipairs(meta.fields) do
    known[field.name], known[field.attname] = field, field
  end
  for _, field in ipairs(meta.fields) do
    known[field.column] = field
  end
  local columns, seen = {}, {}
  for i, name in ipairs(names) do
    local field = known[name]
    local key = field and field.attname or name
    if seen[key] then
      errors.raise("misuse", "%s: raw: two columns of the result are '%s'; give one another name with AS",
        meta.label, key)
    end
    seen[key] = true
    columns[i] = { key, field and field.kind or "any" }
  end
  for _, field in ipairs(meta.pk_fields) do
    if not seen[field.attname] then
      errors.raise("misuse", "%s: raw: the result must have the primary key, column '%s'", meta.label,
        field.column)
    end
  end
  return columns
end

-- The plan for a result with these columns, kept with the SQL's text in the trie of shapes.
local function plan_of(self, sql, names, n)
  local node, model = self.base.node, self.base.node.trie.model
  local key = "raw\1" .. sql
  local kept = node.children[key] or shape.add(node, key, "raw", true, 0, false)
  local signature = table.concat(names, "\1")
  if kept.signature ~= signature then
    local kinds = {}
    for i = 1, n do
      kinds[i] = "any"
    end
    kept.plan = core.plan {
      sql = sql, database = node.alias, params = kinds, shape = "instance", columns = columns_of(self, names),
      metatable = model._meta.metatable, model = model,
    }
    kept.signature = signature
  end
  return kept.plan
end

local function translated(self)
  local alias = self.base.node.alias
  return placeholders.translate(self.sql, self.params, connections.dialect(alias), meta_of(self).label .. ".raw")
end

local function rows(self)
  local list = self.result
  if not list then
    local target = connections.target(self.base.node.alias)
    local sql, values = translated(self)
    local plan = plan_of(self, sql, column_names(target, sql, values), values.n)
    list = evaluation.finish(self.base, (core.fetch(target, plan, values)))
    self.result = list
  end
  return list
end

--- The objects as a plain list.
function methods.list(self)
  return rows(self)
end

--- The first object, or nil.
function methods.first(self)
  return rows(self)[1]
end

--- The SQL as it goes to the database, and its parameters.
function methods.to_sql(self)
  return translated(self)
end

local function with_base(self, base)
  return setmetatable({ base = base, sql = self.sql, params = self.params }, RawQuery)
end

--- Run on another configured database.
function methods.using(self, alias)
  return with_base(self, self.base:using(alias))
end

--- Load related objects with one query per relation.
function methods.prefetch_related(self, ...)
  return with_base(self, self.base:prefetch_related(...))
end

function RawQuery.__index(self, key)
  if type(key) == "number" then
    return rows(self)[key]
  end
  return methods[key]
end

function RawQuery.__len(self)
  return #rows(self)
end

function RawQuery.__call(self, _, control)
  rows(self)
  return evaluation.step(self, control)
end

function RawQuery.__tostring(self)
  return "raw query of " .. meta_of(self).label
end

local BEFORE = { root = true, using = true, prefetch_related = true, fetch_mode = true }

return function(queryset_methods, queryset)
  --- Objects from SQL: raw("SELECT id, title FROM blog_post WHERE views > ?", { 10 }); `?` or `:name` stand for the
  -- parameters. Columns become fields by their names, others stand beside them; fields that are missing are read when
  -- they are used; the primary key must be there. The SQL is a SELECT (or WITH ... SELECT) and trusted: it must never
  -- be put together from user input. Runs when the rows are asked for: loops, #, [i], list(), first().
  function queryset_methods.raw(self, sql, params)
    if type(sql) ~= "string" then
      errors.raise("misuse", "%s: raw takes SQL as a string, got %s", queryset.label(self),
        errors.type_name(sql))
    elseif params ~= nil and (type(params) ~= "table" or getmetatable(params) ~= nil) then
      errors.raise("misuse", "%s: raw takes its parameters as a table, got %s", queryset.label(self),
        errors.type_name(params))
    end
    local node = self.node
    while node do
      if not BEFORE[node.kind] then
        errors.raise("misuse", "%s: raw cannot follow %s: the SQL says it all", queryset.label(self), node.kind)
      end
      node = node.parent
    end
    local text = sql:gsub("[;%s]+$", "")
    return setmetatable({ base = self, sql = text, params = params }, RawQuery)
  end
end
