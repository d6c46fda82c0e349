--- The verbs that answer something else than a QuerySet: get, first, count, exists, aggregate, in_bulk, ...
local core = require "rdb.core"
local errors = require "rdb.orm.errors"
local evaluation = require "rdb.orm.queryset.evaluation"
local shape = require "rdb.orm.shape"
local structure = require "rdb.orm.structure"

local run, terminal = evaluation.run, evaluation.terminal
local fetch_one = core.fetch_one

return function(methods, queryset)
  local function meta_of(self)
    return self.node.trie.model._meta
  end

  local function does_not_exist(self, what)
    local label = meta_of(self).label
    errors.raise_with("does_not_exist", { model = label }, "%s: %s", label, what or "no row matches the query")
  end

  -- Prefetch and fetch mode of a single object.
  local function single(self, object)
    if object ~= nil and (self.node.prefetch or self.node.fetch_mode) then
      evaluation.finish_one(self, object)
    end
    return object
  end

  --- The only row that matches; conditions as for filter.
  -- @raise does_not_exist, multiple_objects_returned
  function methods.get(self, ...)
    local link = self
    if select("#", ...) > 0 then
      link = queryset.filter_as(self, "get", ...)
    end
    local node = link.node
    if node.empty then
      does_not_exist(self)
    end
    local object, more = run(fetch_one, node.children.get or terminal(node, "get"), link)
    if object == nil then
      does_not_exist(self)
    elseif more then
      local label = meta_of(self).label
      errors.raise_with("multiple_objects_returned", { model = label }, "%s: get found more than one row", label)
    end
    return single(link, object)
  end

  local function one_of(self, kind)
    local node = self.node
    if node.empty then
      return nil
    end
    return single(self, (run(fetch_one, terminal(node, kind), self)))
  end

  --- The first row in the given order, else by key; nil for none.
  function methods.first(self)
    if self.result or self.node.sliced then
      return evaluation.rows(self)[1]
    end
    return one_of(self, "first")
  end

  --- The last row in the given order, else by key; nil for none.
  function methods.last(self)
    if self.node.sliced then
      errors.raise("misuse", "%s: last cannot follow a slice; reverse the order and take first",
        meta_of(self).label)
    elseif self.result then
      return self.result[#self.result]
    end
    return one_of(self, "last")
  end

  local function by_fields(self, verb, ...)
    local names = { ... }
    if #names == 0 then
      local declared = meta_of(self).get_latest_by or (meta_of(self).options or {}).get_latest_by
      names = type(declared) == "table" and declared or { declared }
    end
    if #names == 0 then
      errors.raise("misuse", "%s: %s needs a field, or get_latest_by in meta", meta_of(self).label, verb)
    end
    queryset.refuse_sliced(self, verb)
    return self:order_by(table.unpack(names))
  end

  --- The row with the greatest of the fields. @raise does_not_exist
  function methods.latest(self, ...)
    return one_of(by_fields(self, "latest", ...), "last") or does_not_exist(self)
  end

  --- The row with the smallest of the fields. @raise does_not_exist
  function methods.earliest(self, ...)
    return one_of(by_fields(self, "earliest", ...), "first") or does_not_exist(self)
  end

  --- How many rows.
  function methods.count(self)
    if self.result then
      return #self.result
    elseif self.node.empty then
      return 0
    end
    return (run(fetch_one, terminal(self.node, "count"), self))
  end

  --- Is there a row?
  function methods.exists(self)
    if self.result then
      return self.result[1] ~= nil
    elseif self.node.empty then
      return false
    end
    return run(fetch_one, terminal(self.node, "exists"), self) ~= nil
  end

  --- Is the object among the rows?
  function methods.contains(self, object)
    local meta = meta_of(self)
    if getmetatable(object) ~= meta.metatable then
      errors.raise("misuse", "%s: contains takes a %s, got %s", meta.label, meta.label, errors.type_name(object))
    end
    local key = object.pk
    if key == nil then
      errors.raise("misuse", "%s: contains got an object that is not saved", meta.label)
    end
    if self.result then
      for _, row in ipairs(self.result) do
        if row == object then
          return true
        end
      end
      return false
    end
    if self.node.sliced then
      self = queryset.root(self.node.trie.model):using(self.node.alias):filter("pk__in", self)
    end
    return self:filter { pk = key }:exists()
  end

  --- aggregate{ total = Sum "price" } or aggregate(Sum "price"): one table of results by name.
  function methods.aggregate(self, ...)
    local given = ...
    if select("#", ...) > 1 then
      given = { ... }
    end
    local expressions, names = queryset.named_expressions(self, "aggregate", given)
    local collector, specs = queryset.describe(self, "aggregate", expressions, names)
    local node, key = self.node, structure.key(collector)
    local child = node.children[key]
    if not child then
      child = shape.add(node, key, "aggregate", { names = names, specs = specs }, #collector.values, false)
    end
    return (run(fetch_one, child, queryset.link(self, child, collector.values)))
  end

  local IN_BULK_CHUNK = 1000

  -- A key as a table key: values that are userdata by their text.
  local function table_key(value)
    return type(value) == "userdata" and tostring(value) or math.type(value) == "float" and math.tointeger(value)
      or value
  end

  --- in_bulk(keys, { field_name = "code" }): objects by key; without keys all of them. Keys that are no numbers,
  -- strings
  -- or booleans stand by their text.
  function methods.in_bulk(self, keys, options)
    local meta = meta_of(self)
    local name = options and options.field_name or "pk"
    local resolved = structure.resolve(self.node, name)
    local field = resolved.field
    if not field or not (field.unique or field.primary_key) then
      errors.raise("misuse", "%s: in_bulk needs a unique field; '%s' is not", meta.label, name)
    end
    queryset.refuse_sliced(self, "in_bulk")
    local found = {}
    local function take(list)
      for _, object in ipairs(list) do
        found[table_key(object[field.attname])] = object
      end
    end
    if keys == nil then
      take(evaluation.rows(self))
      return found
    end
    local n = require("rdb.orm.lookups").check_list(keys, meta.label .. ".in_bulk")
    for first = 1, n, IN_BULK_CHUNK do
      local chunk = table.move(keys, first, math.min(first + IN_BULK_CHUNK - 1, n), 1, {})
      take(evaluation.rows(self:filter(name .. "__in", chunk)))
    end
    return found
  end
end
