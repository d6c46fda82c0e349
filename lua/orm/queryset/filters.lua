--- filter and exclude, with the short way for one named value.
local core = require "rdb.core"
local errors = require "rdb.orm.errors"
local q = require "rdb.orm.q"
local shape = require "rdb.orm.shape"
local structure = require "rdb.orm.structure"

local null = core.null
local next, type, getmetatable, setmetatable, concat = next, type, getmetatable, setmetatable, table.concat

-- Types whose values bind as they are.
local MARKS = { string = "s", number = "n", boolean = "b", userdata = "u" }

-- Filled and read without a call that could come back here.
local buffer = {}

return function(methods, queryset)
  local QuerySet = queryset.QuerySet

  local function refuse_sliced(self, what)
    if self.node.sliced then
      errors.raise("misuse", "%s: %s cannot follow a slice; take the slice last",
        self.node.trie.model._meta.label, what)
    end
  end
  queryset.refuse_sliced = refuse_sliced

  -- A link for conditions that were checked. `kind` is what the node is in the trie: "filter" or "having".
  local function condition_link(self, children, negated, kind)
    local node = self.node
    local collector = structure.collector(node, kind)
    local spec = structure.q(collector, q.conjunction(children, negated))
    local key = structure.key(collector)
    local child = node.children[key]
    if not child then
      local only = #collector.values == 1 and spec.children[1].form == "value" and #spec.children == 1
      child = shape.add(node, key, kind, spec, #collector.values, only)
    end
    local values = collector.values
    return queryset.link(self, child, child.single and values[1] or values), spec
  end
  queryset.condition_link = condition_link

  -- Remember the short way for one name: node.filters[name] = { string = child, number = child, ..., prepare = }.
  local function remember(node, name, value, link, spec)
    local leaf = spec.children[1]
    local value_type = type(value)
    if leaf.form ~= "value" or value_type == "table" then
      return
    end
    local edge = node.filters[name]
    if not edge then
      edge = { prepare = structure.preparation(leaf.resolved) }
      shape.remember(node, name, edge)
    end
    edge[value_type] = link.node
  end

  -- Several plain values the short way. The names in the order in which the table gives them, with the types of their
  -- values, find the node; several orders lead to the same one, which has the names sorted.
  local function key_of_several(conditions)
    local n = 0
    for name, value in next, conditions do
      local mark = MARKS[type(value)]
      if not mark or value == null or type(name) ~= "string" then
        return nil
      end
      buffer[n + 1], buffer[n + 2] = name, mark
      n = n + 2
    end
    return concat(buffer, "\1", 1, n)
  end

  local function remember_several(node, key, link, spec)
    local names, prepares = {}, {}
    for i, leaf in ipairs(spec.children) do
      if leaf.form ~= "value" or leaf.index ~= i or leaf.resolved.composite then
        return
      end
      names[i] = leaf.resolved.path
      prepares[i] = structure.preparation(leaf.resolved) or false
    end
    shape.remember(node, key, { child = link.node, names = names, prepares = prepares })
  end

  -- The values in the order of the names; nil when a name with a separator in it only looked like these.
  local function values_of(known, conditions)
    local values, prepares = {}, known.prepares
    for i, name in ipairs(known.names) do
      local value = conditions[name]
      if value == nil then
        return nil
      end
      if prepares[i] then
        value = prepares[i](value)
      end
      values[i] = value
    end
    return values
  end

  local function several(self, where, conditions)
    local node = self.node
    local key = key_of_several(conditions)
    local known = key and node.filters[key]
    local values = known and values_of(known, conditions)
    if values then
      return setmetatable({ node = known.child, prev = self, value = values }, QuerySet)
    end
    refuse_sliced(self, where)
    local link, spec = condition_link(self, q.children_of(conditions, where), false, "filter")
    if key and spec.children[2] then
      remember_several(node, key, link, spec)
    end
    return link
  end

  -- One named value the short way, everything else through the collector. `where` names the verb in messages.
  local function filter(self, where, conditions, ...)
    if type(conditions) == "table" and getmetatable(conditions) == nil then
      local name, value = next(conditions)
      if name ~= nil and next(conditions, name) == nil and (...) == nil then
        local node = self.node
        local edge = node.filters[name]
        local child = edge and edge[type(value)]
        if child and value ~= null then
          local prepare = edge.prepare
          if prepare then
            value = prepare(value)
          end
          return setmetatable({ node = child, prev = self, value = value }, QuerySet)
        elseif type(name) == "string" then
          refuse_sliced(self, where)
          local link, spec = condition_link(self, { { path = name, value = value } }, false,
            "filter")
          remember(node, name, value, link, spec)
          return link
        end
      elseif name ~= nil and (...) == nil then
        return several(self, where, conditions)
      end
    end
    refuse_sliced(self, where)
    return (condition_link(self, q.children_of_arguments(where, conditions, ...), false, "filter"))
  end
  queryset.filter_as = filter

  --- Rows that match: filter{ name = value, ... }, filter("name", value, ...), filter(Q).
  function methods.filter(self, ...)
    return filter(self, "filter", ...)
  end

  --- Rows that do not match; NULL does not match.
  function methods.exclude(self, ...)
    refuse_sliced(self, "exclude")
    return (condition_link(self, q.children_of_arguments("exclude", ...), true, "filter"))
  end
end
