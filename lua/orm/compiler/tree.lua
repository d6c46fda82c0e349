--- The join tree of one query: which tables stand in FROM, under which alias, joined how.
-- Types start as LEFT where an edge may miss (or hangs below a LEFT), and are demoted to INNER or promoted back by the
-- votes of conditions. An edge that can multiply rows is shared only within the call that made it.
local tree = {}

local Tree = {}
Tree.__index = Tree

local LETTERS = { "U", "V", "W", "X", "Y", "Z" }

--- A tree with the model's table at its root.
-- @tparam table Model
-- @tparam integer level 0 for the outermost query; inner queries take aliases U0, V0, ... that cannot clash
function tree.new(Model, level)
  local self = setmetatable({ joins = {}, used = {}, named = {}, level = level }, Tree)
  self.base = { model = Model, table = Model._meta.table, alias = self:new_alias(Model._meta.table), children = {} }
  return self
end

function Tree:new_alias(table_name)
  local n = #self.joins + (self.base and 1 or 0)
  local alias = table_name
  if self.level > 0 then
    alias = LETTERS[(self.level - 1) % #LETTERS + 1] .. (self.level > #LETTERS and self.level or "") .. n
  elseif self.used[table_name] then
    alias = "T" .. (n + 1)
  end
  self.used[alias] = true
  return alias
end

local function reusable(join, edge, reuse)
  return not join.name and join.edge.key == edge.key and (not edge.multi or reuse == nil or reuse[join])
end

--- Join `edge` below `parent`.
-- @tparam table parent the base or a join
-- @tparam table edge
-- @tparam ?table reuse set of joins that a multi-valued edge may share; nil: any
-- @treturn table join { alias, table, model, parent, edge, outer }
function Tree:add(parent, edge, reuse)
  if edge.named then
    return self.named[edge.named]
  end
  for i = #parent.children, 1, -1 do
    if reusable(parent.children[i], edge, reuse) then
      return parent.children[i]
    end
  end
  return self:add_own(parent, edge)
end

--- Join `edge` below `parent` once more, whatever is there.
-- @tparam ?string name alias of the table in the outermost query, unless a table has it
function Tree:add_own(parent, edge, name)
  local meta = edge.to_model._meta
  local join = {
    table = meta.table,
    model = edge.to_model,
    alias = self:new_alias(name and self.level == 0 and not self.used[name] and name or meta.table),
    name = name,
    parent = parent,
    edge = edge,
    outer = parent.outer or edge.nullable or false,
    children = {},
  }
  self.joins[#self.joins + 1] = join
  parent.children[#parent.children + 1] = join
  return join
end

--- Join a list of edges one below the other.
-- @treturn table the last table reached (the base for no edges)
-- @treturn {table,...} the joins used
function Tree:add_all(from, edges, reuse)
  local at, used = from or self.base, {}
  for i, edge in ipairs(edges) do
    at = self:add(at, edge, reuse)
    used[i] = at
    if reuse then
      reuse[at] = true
    end
  end
  return at, used
end

--- Make joins LEFT, where they may miss, and all that hangs below them.
function Tree.promote(_, joins)
  local pending = {}
  for join in pairs(joins) do
    pending[#pending + 1] = join
  end
  while #pending > 0 do
    local join = table.remove(pending)
    if not join.outer and not join.pinned and (join.edge.nullable or join.parent.outer) then
      join.outer = true
      for _, child in ipairs(join.children) do
        pending[#pending + 1] = child
      end
    end
  end
end

--- Make joins INNER.
function Tree.demote(_, joins)
  for join in pairs(joins) do
    join.outer = false
  end
end

--- The joins that are INNER now, as a set.
function Tree:inner_joins()
  local inner = {}
  for _, join in ipairs(self.joins) do
    if not join.outer then
      inner[join] = true
    end
  end
  return inner
end

return tree
