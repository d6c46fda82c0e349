--- A query under construction: the links of a chain applied one after the other to one table of clauses.
local conditions = require "rdb.orm.compiler.conditions"
local errors = require "rdb.orm.errors"
local expressions = require "rdb.orm.compiler.expressions"
local shape = require "rdb.orm.shape"
local structure = require "rdb.orm.structure"
local tree = require "rdb.orm.compiler.tree"
require "rdb.orm.compiler.aggregates" -- these register their kinds of expression
require "rdb.orm.compiler.arithmetic"

local query = {}

local Query = {}
Query.__index = Query

local function new(Model, dialect, level)
  return setmetatable({
    model = Model,
    meta = Model._meta,
    dialect = dialect,
    level = level,
    tree = tree.new(Model, level),
    where = {},
    having = {},
    annotations = {},
    pending = {},
    selected_annotations = {},
    mode = "instance",
  }, Query)
end

--- Resolve a path against the chain that this query compiles.
function Query:resolve(path)
  return structure.resolve(self.node, path)
end

--- The resolved node of an annotation; annotations of one call may name each other.
function Query:annotation(name)
  local node = self.annotations[name]
  if node then
    return node
  end
  local pending = self.pending[name]
  if not pending then
    errors.raise("misuse", "%s has no annotation '%s' at this point of the chain", self.meta.label, name)
  elseif pending.busy then
    errors.raise("misuse", "the annotation '%s' refers to itself", name)
  end
  pending.busy = true
  node = expressions.resolve(self, pending.spec, pending.scope)
  if node.op == "tree" or (node.kind == "bool" and node.op == "template") then
    node = expressions.template("(<1>)", { node }, "bool")
  end
  self.annotations[name] = node
  return node
end

--- A Q inside an expression.
function Query:condition(spec, scope)
  return conditions.inside_expression(self, spec, scope)
end

--- A query one level below, for an EXISTS of our own: its parameters come from this query's links.
function Query:child(Model)
  local child = new(Model, self.dialect, self.level + 1)
  child.outer, child.outer_scope, child.source, child.node = self, { node = self.node }, self.source,
    shape.root(Model)
  return child
end

--- Compile a nested QuerySet to parts.
-- @tparam table spec { node, index } as structure.queryset made it
-- @tparam table scope where it stands in this query
-- @tparam string purpose "column" or "exists"
-- @tparam ?table options { default_field = the column to select when the QuerySet names none }
-- @treturn table parts
-- @treturn string kind of the column
function Query:inner(spec, scope, purpose, options)
  local select = require "rdb.orm.compiler.select"
  local outer_source, outer_node, first = self.source, scope.node, spec.index
  local function source(node, index)
    return outer_source(outer_node, first + node.base + index - 1)
  end
  local inner = query.build(spec.node, self.dialect,
    { level = self.level + 1, source = source, outer = self, outer_scope = scope })
  return select[purpose](inner, options or {})
end

local links = {}

function links.filter(self, node)
  self.where[#self.where + 1] = conditions.build(self, node.spec, { node = node })
end

local function copy(list)
  return list and table.move(list, 1, #list, 1, {})
end

local function start_group(self)
  if self.group then
    return
  elseif self.mode == "instance" then
    self.group = { by = "pk" }
  else
    self.group = { by = "values", fields = copy(self.fields) }
  end
end

function links.annotate(self, node)
  local spec = node.spec
  for _, name in ipairs(spec.names) do
    self.annotations[name] = nil
    self.pending[name] = { spec = spec.specs[name], scope = { node = node } }
  end
  local aggregate = false
  for _, name in ipairs(spec.names) do
    aggregate = self:annotation(name).aggregate or aggregate
  end
  if aggregate then
    start_group(self)
  end
  if not spec.hidden then
    for _, name in ipairs(spec.names) do
      self.selected_annotations[#self.selected_annotations + 1] = name
      if self.fields then
        self.fields[#self.fields + 1] = name
      end
    end
  end
end

function links.order_by(self, node)
  self.order, self.reversed = node, false
end

function links.group_by(self, node)
  local fields = copy(node.spec)
  for _, name in ipairs(self.selected_annotations) do
    if self.annotations[name].aggregate then
      fields[#fields + 1] = name
    end
  end
  self.mode, self.flat, self.fields = "values", false, fields
  self.group = { by = "values", fields = copy(node.spec), exact = true }
end

function links.having(self, node)
  if not self.group then
    errors.raise("misuse", "%s: having needs groups: it follows group_by, or annotate with an aggregate",
      self.meta.label)
  end
  self.having[#self.having + 1] = conditions.build(self, node.spec, { node = node })
end

function links.reverse(self)
  self.reversed = not self.reversed
end

function links.distinct(self, node)
  self.distinct = node.spec
end

function links.values(self, node)
  local spec = node.spec
  self.mode, self.flat, self.fields = spec.mode, spec.flat, copy(spec.fields)
end

function links.only(self, node)
  self.only, self.defer = node.spec, nil
end

function links.defer(self, node)
  self.defer = self.defer or {}
  for _, path in ipairs(node.spec) do
    self.defer[#self.defer + 1] = path
  end
end

function links.select_related(self, node)
  self.select_related = self.select_related or {}
  for _, path in ipairs(node.spec) do
    self.select_related[#self.select_related + 1] = path
  end
  self.follow_all = self.follow_all or #node.spec == 0
end

function links.slice(self, node)
  self.slice = node
end

function links.none(self)
  self.where[#self.where + 1] = { op = "literal", text = "0 = 1", kind = "bool" }
end

function links.comment(self, node)
  self.comment = node.spec
end

local function ignore()
end

-- Links that only the evaluation reads.
for _, kind in ipairs {
  "root", "using", "prefetch_related", "fetch_mode", "select_for_update", "timeout", "read_from", "cache_for",
  "cache_key",
} do
  links[kind] = ignore
end

function links.index_hint(self, node)
  if not self.dialect.index_hint then
    errors.raise("unsupported", "%s: index_hint is not available on this database", self.meta.label)
  end
  self.tree.base.hint = self.dialect.index_hint(node.spec)
end

--- Add a kind of link from another file: apply(query, node).
function query.register(kind, apply)
  links[kind] = apply
end

local function own_source(node, index)
  return node.depth, node.single and 0 or index
end

--- Build the query of a shape node.
-- @tparam table node
-- @tparam table dialect
-- @tparam ?table nested { level, source, outer, outer_scope } for inner queries
-- @treturn table query
function query.build(node, dialect, nested)
  nested = nested or {}
  local self = new(node.trie.model, dialect, nested.level or 0)
  self.source = nested.source or own_source
  self.outer, self.outer_scope = nested.outer, nested.outer_scope
  self.node = node
  for _, link in ipairs(shape.path(node)) do
    local apply = links[link.kind]
    if not apply then
      errors.raise("misuse", "a QuerySet cannot go on after %s", link.kind)
    end
    apply(self, link)
  end
  return self
end

return query
