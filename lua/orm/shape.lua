--- The trie of query shapes: what a QuerySet asks, without its values.
-- Every link of a chain is one edge; the node at its end owns the compiled SQL, so that building the same chain
-- again finds everything ready. Values stay on the links. The trie is bounded: past `shape.limit` nodes a model's
-- root forgets its children (QuerySets that are alive keep the nodes that they need).
--
-- A node: { id, trie, parent, depth, kind, spec, count, single, base, children, filters, ...facts }
--   count   how many values a link to this node carries; single: the value itself stands in link.value,
--           otherwise link.value is an array of them
--   base    values carried by the links before this one
--   facts   what later links ask about the chain: alias, annotations, sliced, mode, ordered, prefetch, empty,
--           fetch_mode, joined (tables by name), runs (running it takes more than the SQL)
local shape = {}

--- Nodes per model before its trie starts anew.
shape.limit = 10000

local FACTS = { "alias", "annotations", "sliced", "mode", "ordered", "prefetch", "empty", "fetch_mode",
  "joined", "runs" }
local last_id = 0

local function new_node(trie, parent, kind, spec, count, single)
  last_id = last_id + 1
  trie.size = trie.size + 1
  return {
    id = last_id,
    trie = trie,
    generation = trie.generation,
    parent = parent,
    depth = parent and parent.depth + 1 or 0,
    base = parent and parent.base + parent.count or 0,
    kind = kind,
    spec = spec,
    count = count,
    single = single,
    children = {},
    filters = {},
  }
end

--- The root node of a model: all its rows, on the database of its registry.
-- @tparam table Model a model class
-- @treturn table node
function shape.root(Model)
  local meta = Model._meta
  local root = rawget(meta, "shape_root")
  if not root then
    local trie = { size = 0, generation = 1, model = Model, paths = {} }
    root = new_node(trie, nil, "root", nil, 0, false)
    root.alias = meta.database
    root.annotations = {}
    trie.root = root
    meta.shape_root = root
  end
  return root
end

local function forget_children(node)
  node.children, node.filters, node.generation = {}, {}, node.trie.generation
end

-- A node that was cut off with an old generation must not grow without bounds either.
local function make_room(node)
  local trie = node.trie
  if trie.size >= shape.limit then
    trie.size, trie.generation, trie.paths = 0, trie.generation + 1, {}
    forget_children(trie.root)
  end
  if node.generation ~= trie.generation then
    forget_children(node)
  end
end

--- Add the child reached from `node` by `key`.
-- @tparam table node
-- @tparam string key everything structural about the link, unambiguously
-- @tparam string kind of link ("filter", "order_by", ...)
-- @param spec what the compiler needs to know about it (never a value)
-- @tparam integer count values that such a link carries
-- @tparam boolean single the only value stands in link.value itself
-- @tparam ?table facts differences from the parent's facts; false removes one
-- @treturn table the new node
function shape.add(node, key, kind, spec, count, single, facts)
  make_room(node)
  local child = new_node(node.trie, node, kind, spec, count, single)
  for _, name in ipairs(FACTS) do
    child[name] = node[name]
  end
  for name, value in pairs(facts or {}) do
    child[name] = value or nil
  end
  node.children[key] = child
  return child
end

--- Keep a short way from `node` to a child: node.filters[key] = edge. Counts like a node, so that it is bounded too.
function shape.remember(node, key, edge)
  make_room(node)
  node.trie.size = node.trie.size + 1
  node.filters[key] = edge
end

--- The nodes from the root to `node`, in order.
function shape.path(node)
  local nodes = {}
  while node do
    nodes[node.depth + 1] = node
    node = node.parent
  end
  return nodes
end

return shape
