--- WHERE and HAVING: Q specs to resolved condition trees, with the join types that they need.
-- The voting over INNER and LEFT is Django's: a join is INNER when every way to satisfy the condition needs its row.
-- Negated conditions over relations that multiply rows become NOT EXISTS, so that exclude() means "no such row".
local errors = require "rdb.orm.errors"
local expressions = require "rdb.orm.compiler.expressions"
local from_clause = require "rdb.orm.compiler.from_clause"
local lookup_nodes = require "rdb.orm.compiler.lookup_nodes"
local render = require "rdb.orm.compiler.render"

local conditions = {}

local template = expressions.template

local function tree_node(connector, negated, children)
  local aggregate = false
  for _, child in ipairs(children) do
    aggregate = aggregate or child.aggregate or false
  end
  local only = #children == 1 and children[1]
  if only and not negated then
    return only
  elseif only and only.op == "tree" and not only.negated then
    connector, children = only.connector, only.children
  end
  return { op = "tree", connector = connector, negated = negated, children = children, kind = "bool",
    aggregate = aggregate }
end

local function finds_null(leaf)
  return leaf.form == "null" or (leaf.form == "flag" and leaf.flag)
end

local function column_at(join, column)
  return { op = "column", join = join, column = column, kind = "any" }
end

-- WHERE text of an inner query that is complete.
local function exists_node(inner, children)
  local parts = { "EXISTS(SELECT 1" }
  from_clause.render(parts, inner.tree, inner.dialect)
  parts[#parts + 1] = " WHERE "
  render.node(parts, tree_node("AND", false, children), inner.dialect)
  parts[#parts + 1] = ")"
  return { op = "parts", parts = parts, kind = "bool" }
end

local function correlate(children, inner_join, inner_column, outer_join, outer_column)
  children[#children + 1] = template("<1> = <2>",
    { column_at(inner_join, inner_column), column_at(outer_join, outer_column) }, "bool")
end

-- exclude() over a relation that multiplies rows: EXISTS of a row that matches, correlated with the outer table.
local function split_exclude(query, leaf, scope)
  local resolved = leaf.resolved
  local edges, multi = resolved.edges, resolved.multi
  local at = query.tree:add_all(scope.from, { table.unpack(edges, 1, multi - 1) }, scope.reuse)
  local children = {}
  local inner, join
  if finds_null(leaf) then
    inner = query:child(at.model)
    join = inner.tree:add_all(nil, { table.unpack(edges, multi) })
    for _, field in ipairs(at.model._meta.pk_fields) do
      correlate(children, inner.tree.base, field.column, at, field.column)
    end
  else
    inner = query:child(edges[multi].to_model)
    join = inner.tree:add_all(nil, { table.unpack(edges, multi + 1) })
    for _, one in ipairs(inner.tree.joins) do
      one.outer = false
    end
    correlate(children, inner.tree.base, edges[multi].to_column, at, edges[multi].from_column)
  end
  local lhs = { op = "column", join = join, column = resolved.column, field = resolved.field,
    kind = resolved.field.kind }
  lhs = expressions.transformed(query, lhs, resolved.transforms, resolved.label)
  table.insert(children, 1, lookup_nodes.build(query, lhs, leaf, scope))
  return exists_node(inner, children)
end

local function is_not_null(node)
  return template("<1> IS NOT NULL", { node }, "bool")
end

local function may_be_null(node)
  return node.op == "column" and (node.nullable or node.join.outer)
end

local function composite_leaf(query, leaf, scope)
  local join, used = query.tree:add_all(scope.from, leaf.resolved.edges, scope.reuse)
  local columns = {}
  for i, field in ipairs(leaf.resolved.composite) do
    columns[i] = { op = "column", join = join, column = field.column, field = field, kind = field.kind }
  end
  return lookup_nodes.tuples(query, columns, leaf, scope), used
end

-- NOT (a = 1) must keep rows where a is NULL: the inner condition says a IS NOT NULL too.
local function guard_nulls(node, lhs, rhs)
  local children = { node }
  if may_be_null(lhs.source or lhs) then
    children[2] = is_not_null(lhs)
  end
  if rhs and may_be_null(rhs) then
    children[#children + 1] = is_not_null(rhs)
  end
  return tree_node("AND", false, children)
end

-- Whether there is a row with a composite key shows in any of the key's columns.
local function about_one_column(leaf)
  if not leaf.resolved.composite or (leaf.form ~= "flag" and leaf.form ~= "null") then
    return leaf
  end
  local resolved = setmetatable(expressions.key_column(leaf.resolved), { __index = leaf.resolved })
  return setmetatable({ resolved = resolved }, { __index = leaf })
end

-- One leaf. Returns its node and the joins that must be INNER for it to hold.
local function build_leaf(query, leaf, scope, branch_negated, negated)
  leaf = about_one_column(leaf)
  local resolved = leaf.resolved
  if resolved.annotation then
    local lhs = expressions.transformed(query, query:annotation(resolved.annotation), resolved.transforms,
      resolved.label)
    return lookup_nodes.build(query, lhs, leaf, scope), {}
  elseif resolved.multi and branch_negated then
    if resolved.composite then
      errors.raise("unsupported", "%s: exclude over a relation to a composite key", resolved.label)
    end
    return split_exclude(query, leaf, scope), {}
  elseif resolved.composite then
    local node, used = composite_leaf(query, leaf, scope)
    return node, negated and {} or used
  end
  local column, used = expressions.column(query, resolved, scope)
  local lhs = expressions.transformed(query, column, resolved.transforms, resolved.label)
  local rhs_scope = setmetatable({ used = {} }, { __index = scope })
  local node, rhs = lookup_nodes.build(query, lhs, leaf, rhs_scope)
  if negated then
    if not finds_null(leaf) then
      if leaf.form ~= "flag" then
        lhs.source = lhs ~= column and column or nil
        node = guard_nulls(node, lhs, rhs)
      end
      return node, {}
    end
  elseif finds_null(leaf) then
    return node, {}
  end
  for join in pairs(rhs_scope.used) do
    used[#used + 1] = join
  end
  return node, used
end

local function count_votes(votes, joins)
  local seen = {}
  for _, join in ipairs(joins) do
    if not seen[join] then
      seen[join] = true
      votes[join] = (votes[join] or 0) + 1
    end
  end
end

-- Promote and demote by the votes of n children; returns the joins that are needed whatever child holds.
local function settle_votes(query, votes, n, effective_or)
  local promote, demote, needed = {}, {}, {}
  for join, count in pairs(votes) do
    if effective_or and count < n then
      promote[join] = true
    else
      demote[join] = true
      needed[#needed + 1] = join
    end
  end
  query.tree:promote(promote)
  query.tree:demote(demote)
  return needed
end

local function build_q(query, spec, scope, branch_negated, negated)
  negated = negated ~= spec.negated
  branch_negated = branch_negated or spec.negated
  local votes, children = {}, {}
  for i, child in ipairs(spec.children) do
    local needed
    if child.kind == "q" then
      children[i], needed = build_q(query, child, scope, branch_negated, negated)
    elseif child.kind == "leaf" then
      children[i], needed = build_leaf(query, child, scope, branch_negated, negated)
    else
      children[i], needed = expressions.resolve(query, child, scope), {}
    end
    count_votes(votes, needed)
  end
  local effective_or = (spec.connector == "OR") ~= negated
  local needed = settle_votes(query, votes, #spec.children, effective_or)
  return tree_node(spec.connector, spec.negated, children), needed
end

--- Resolve a Q of one filter call; joins made here are shared within it only.
-- @treturn table node
function conditions.build(query, spec, scope)
  local inner = query.tree:inner_joins()
  local own = setmetatable({ reuse = {} }, { __index = scope })
  local node = build_q(query, spec, own, false, false)
  query.tree:demote(inner)
  return node
end

--- Resolve a Q inside an expression (CASE, FILTER): joins stay as they are.
function conditions.inside_expression(query, spec, scope)
  local node = build_q(query, spec, scope, false, false)
  return node
end

local function split_into(node, where, having)
  if not node.aggregate then
    where[#where + 1] = node
  elseif node.op == "tree" and node.connector == "AND" and not node.negated then
    for _, child in ipairs(node.children) do
      split_into(child, where, having)
    end
  else
    having[#having + 1] = node
  end
end

--- Divide conditions between WHERE and HAVING.
-- @tparam {table,...} nodes
-- @tparam {table,...} always nodes for HAVING whatever they read
-- @treturn ?table WHERE node
-- @treturn ?table HAVING node
function conditions.split(nodes, always)
  local where, having = {}, table.move(always, 1, #always, 1, {})
  for _, node in ipairs(nodes) do
    split_into(node, where, having)
  end
  return where[1] and tree_node("AND", false, where), having[1] and tree_node("AND", false, having)
end

return conditions
