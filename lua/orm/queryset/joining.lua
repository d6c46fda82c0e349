--- join and left_join: tables in FROM that the program asks for, with a name for paths.
local dialect_base = require "rdb.orm.dialects.base"
local errors = require "rdb.orm.errors"
local joins = require "rdb.orm.joins"
local q = require "rdb.orm.q"
local shape = require "rdb.orm.shape"
local structure = require "rdb.orm.structure"
local suggest = require "rdb.orm.suggest"
require "rdb.orm.compiler.joining" -- registers its kind of link

local OPTIONS = { as = true, on = true, condition = true }

return function(methods, queryset)
  local label = queryset.label

  local function check_name(self, name)
    dialect_base.check_identifier(name, label(self) .. ": the name of a join")
    local node = self.node
    local meta = node.trie.model._meta
    if name:find("__", 1, true) then
      errors.raise("misuse", "%s: the name '%s' of a join cannot contain '__'", meta.label, name)
    elseif meta.by_name[name] or meta.related_by_query_name[name] or node.annotations[name] or name == "pk"
      or (node.joined and node.joined.tables[name]) then
      errors.raise("misuse", "%s: the name '%s' of a join is taken; give another: { as = ... }", meta.label, name)
    end
    return name
  end

  -- The relation that a path ends at: its model and all edges to it, also those that a foreign key's column answers.
  local function relation(self, verb, path)
    local node = self.node
    local names, model, edges = joins.split(path), node.trie.model, {}
    local start = node.joined and node.joined.tables[names[1]]
    if start then
      model, edges[1] = start.model, start.edge
    end
    for i = start and 2 or 1, #names do
      local found = joins.step(model, names[i])
      if not found or not found.relation then
        structure.resolve(node, path) -- knows the misspelt names
        errors.raise("misuse", "%s: %s takes a relation or a model; '%s' is neither", label(self), verb, path)
      end
      for _, edge in ipairs(joins.edges(found.field, found.reverse)) do
        edges[#edges + 1] = edge
      end
      model = found.to
    end
    return { edges = edges, model = model }
  end

  -- { own field = their field } as pairs in a stable order.
  local function pairs_of(self, verb, model, on)
    if type(on) ~= "table" or getmetatable(on) ~= nil or next(on) == nil then
      errors.raise("misuse", "%s: %s of a model needs on = { own_field = \"their_field\" }", label(self), verb)
    end
    local names, list = {}, {}
    for name in pairs(on) do
      names[#names + 1] = tostring(name)
    end
    table.sort(names)
    for i, name in ipairs(names) do
      queryset.check_field(self, name)
      local field = on[name] == "pk" and model._meta.pk or model._meta.by_name[on[name]]
      if not field or (field.relation and field.relation.kind == "many_to_many") then
        errors.raise("misuse", "%s: %s: %s has no column '%s'%s", label(self), verb, model._meta.label,
          tostring(on[name]), suggest.clause(tostring(on[name]), model._meta.by_name))
      end
      local resolved = structure.resolve(self.node, name)
      if resolved.annotation or not resolved.field or #resolved.transforms > 0 then
        errors.raise("misuse", "%s: %s: '%s' is no column to join by", label(self), verb, name)
      end
      list[i] = { resolved = resolved, field = field, key = name .. "=" .. field.attname }
    end
    return list
  end

  local function target(self, verb, what, options)
    if type(what) == "string" then
      if options.on ~= nil then
        errors.raise("misuse", "%s: %s(%q): a relation knows its columns; on is for models", label(self), verb,
          what)
      end
      local spec = relation(self, verb, what)
      spec.name = options.as and check_name(self, options.as)
      return spec
    elseif type(what) ~= "table" or type(rawget(what, "_meta")) ~= "table" then
      errors.raise("misuse", "%s: %s takes the name of a relation or a model, got %s", label(self), verb,
        errors.type_name(what))
    end
    return {
      model = what, pairs = pairs_of(self, verb, what, options.on),
      name = check_name(self, options.as or what._meta.label:match("[^.]+$"):lower()),
    }
  end

  -- What the chain calls its joined tables after this join.
  local function joined_with(node, spec)
    local tables = {}
    for name, joined in pairs(node.joined and node.joined.tables or {}) do
      tables[name] = joined
    end
    tables[spec.name] = {
      model = spec.model, edge = { named = spec.name, to_model = spec.model, key = "named\1" .. spec.name,
        nullable = true },
    }
    return { tables = tables, paths = {} }
  end

  local function key_head(verb, spec, what)
    local parts = { verb, spec.name or "", type(what) == "string" and what or spec.model._meta.label }
    for _, pair in ipairs(spec.pairs or {}) do
      parts[#parts + 1] = pair.key
    end
    return table.concat(parts, "\2")
  end

  -- A Q over `relation` as one over the name of its join.
  local function renamed(condition, path, name)
    local children = {}
    for i, child in ipairs(condition.children) do
      if q.is(child) then
        children[i] = renamed(child, path, name)
      elseif child.path and child.path:sub(1, #path + 2) == path .. "__" then
        children[i] = { path = name .. child.path:sub(#path + 1), value = child.value }
      else
        children[i] = child
      end
    end
    return setmetatable({ connector = condition.connector, negated = condition.negated, children = children },
      getmetatable(condition))
  end

  --- annotate{ name = rdb.FilteredRelation(...) } is a left_join with that name.
  function queryset.join_filtered(self, name, filtered)
    return methods.left_join(self, filtered.relation, {
      as = name, condition = renamed(filtered.condition, filtered.relation, name),
    })
  end

  local function join(self, verb, left, what, options)
    queryset.refuse_sliced(self, verb)
    for name in pairs(options) do
      if not OPTIONS[name] then
        errors.raise("misuse", "%s: %s has no option '%s'%s", label(self), verb, tostring(name),
          suggest.clause(name, OPTIONS))
      end
    end
    local node, spec = self.node, target(self, verb, what, options)
    spec.left = left
    local joined = spec.name and joined_with(node, spec) or nil
    local collector = structure.collector(joined and setmetatable({ joined = joined }, { __index = node }) or node,
      key_head(verb, spec, what))
    if options.condition then
      if not spec.name then
        errors.raise("misuse", "%s: %s with a condition needs a name for the table: as = \"...\"", label(self),
          verb)
      end
      spec.condition = structure.q(collector, q.from(options.condition, verb))
    end
    local key = structure.key(collector)
    local child = node.children[key]
      or shape.add(node, key, "join", spec, #collector.values, false, { joined = joined })
    return queryset.link(self, child, collector.values)
  end

  --- Only rows with a partner, once for each partner: join("comments"), join("comments", { as = "c" }),
  -- join(Rating, { on = { id = "post_id" }, as = "rating" }). Paths reach the table by its name ("c__body",
  -- "rating__score"); without `as` a model is named in lower case, a relation by its own path, outside of filter.
  -- `condition` is a Q on the named table that belongs to ON.
  function methods.join(self, what, options)
    return join(self, "join", false, what, options or {})
  end

  --- The same, keeping rows without a partner.
  function methods.left_join(self, what, options)
    return join(self, "left_join", true, what, options or {})
  end
end
