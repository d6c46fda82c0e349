--- The joins that join, left_join and rdb.FilteredRelation ask for.
local conditions = require "rdb.orm.compiler.conditions"
local errors = require "rdb.orm.errors"
local expressions = require "rdb.orm.compiler.expressions"
local query = require "rdb.orm.compiler.query"

-- Rows without a partner stay away, whatever conditions vote.
local function pin(join)
  while join.parent do
    join.outer, join.pinned = false, true
    join = join.parent
  end
end

-- The joins of a relation: the last is this link's own when it has a name.
local function join_relation(self, spec)
  local edges, reuse = spec.edges, {}
  if not spec.name then
    return (self.tree:add_all(nil, edges, reuse))
  end
  local parent = self.tree:add_all(nil, { table.unpack(edges, 1, #edges - 1) }, reuse)
  return self.tree:add_own(parent, setmetatable({ nullable = spec.left }, { __index = edges[#edges] }), spec.name)
end

-- The join of another model by pairs of columns; the first pair hangs it into the tree.
local function join_model(self, spec, node)
  local scope, join = { node = node, reuse = {} }, nil
  for i, pair in ipairs(spec.pairs) do
    local left = expressions.column(self, pair.resolved, scope)
    if i == 1 then
      join = self.tree:add_own(left.join, {
        from_column = left.column, to_model = spec.model, to_column = pair.field.column, nullable = spec.left,
        key = "join\1" .. spec.name,
      }, spec.name)
      join.conditions = {}
    else
      local right = { op = "column", join = join, column = pair.field.column, field = pair.field,
        kind = pair.field.kind }
      join.conditions[i - 1] = expressions.template("<1> = <2>", { left, right }, "bool")
    end
  end
  return join
end

-- The condition that belongs to ON. It reads the joined table only, and never turns LEFT into INNER.
local function add_condition(self, join, spec, node)
  local outer, before = join.outer, #self.tree.joins
  join.conditions = join.conditions or {}
  table.insert(join.conditions, conditions.build(self, spec.condition, { node = node }))
  if #self.tree.joins > before then
    errors.raise("unsupported", "%s: the condition of the join '%s' can only name columns of the joined table",
      self.meta.label, spec.name)
  end
  join.outer = outer
end

query.register("join", function(self, node)
  local spec = node.spec
  local join = spec.edges and join_relation(self, spec) or join_model(self, spec, node)
  if spec.left and spec.name then
    join.outer = true
  elseif not spec.left then
    pin(join)
  end
  if spec.name then
    self.tree.named[spec.name] = join
  end
  if spec.condition then
    add_condition(self, join, spec, node)
  end
end)
