--- The verbs that make new QuerySets by structure alone: order, what comes back, where to run. Each follows or grows
-- one edge of the trie.
local base = require "rdb.orm.expressions.base"
local errors = require "rdb.orm.errors"
local shape = require "rdb.orm.shape"
local structure = require "rdb.orm.structure"

local concat, select, type = table.concat, select, type

return function(methods, queryset)
  local link = queryset.link

  local function label(self)
    return self.node.trie.model._meta.label
  end
  queryset.label = label

  -- Follow the edge `key`, or make it with what build() answers: spec and facts.
  local function structural(self, kind, key, build)
    local node = self.node
    local child = node.children[key]
    if not child then
      local spec, facts = build()
      child = shape.add(node, key, kind, spec, 0, false, facts)
    end
    return link(self, child)
  end
  queryset.structural = structural

  local function check_names(self, verb, names)
    for i, name in ipairs(names) do
      if type(name) ~= "string" then
        errors.raise("misuse", "%s: %s takes names; argument %d is %s", label(self), verb, i,
          errors.type_name(name))
      end
    end
  end

  -- Names given one by one or as one list.
  local function names_of(self, verb, ...)
    local first = ...
    local names = { ... }
    if select("#", ...) == 1 and type(first) == "table" and getmetatable(first) == nil then
      names = first
    end
    for i = 1, select("#", ...) do
      if select(i, ...) == nil then
        errors.raise("misuse", "%s: %s: argument %d is nil", label(self), verb, i)
      end
    end
    check_names(self, verb, names)
    return names
  end

  queryset.names_of = names_of

  -- Resolve now, so that a misspelt name is reported where it was written.
  local function check_field(self, path)
    local resolved = structure.resolve(self.node, path)
    if resolved.lookup ~= "exact" then
      errors.raise("misuse", "%s: '%s' is a lookup; only a field can stand here", resolved.label, resolved.lookup)
    end
  end
  queryset.check_field = check_field

  local function order_item(self, collector, item)
    if type(item) == "string" then
      local parsed = require("rdb.orm.compiler.ordering").parse(item)
      if parsed.path then
        check_field(self, parsed.path)
      end
      return parsed
    elseif base.is(item) then
      return { expression = structure.expression(collector, item) }
    end
    errors.raise("misuse", "%s: order_by takes names such as \"-created\" or expressions; got %s", label(self),
      errors.type_name(item))
  end

  --- order_by("-created", "author__name", F"x":desc{ nulls_last = true }); without arguments no order.
  function methods.order_by(self, ...)
    local node = self.node
    local first, second = ...
    if second == nil and type(first) == "string" then
      local child = node.children["order_by\1" .. first]
      if child then
        return link(self, child)
      end
    end
    queryset.refuse_sliced(self, "order_by")
    local collector = structure.collector(node, "order_by")
    local items = { ... }
    for i = 1, select("#", ...) do
      if items[i] == nil then
        errors.raise("misuse", "%s: order_by: argument %d is nil", label(self), i)
      end
    end
    local spec = {}
    for i, item in ipairs(items) do
      if type(item) == "string" then
        collector.keys[#collector.keys + 1] = item
      else
        collector.keys[#collector.keys + 1] = "\2"
      end
      spec[i] = order_item(self, collector, item)
    end
    local key = structure.key(collector)
    local child = node.children[key] or shape.add(node, key, "order_by", spec, #collector.values, false,
      { ordered = #spec > 0 })
    return link(self, child, collector.values)
  end

  --- The opposite order.
  function methods.reverse(self)
    queryset.refuse_sliced(self, "reverse")
    return structural(self, "reverse", "reverse", function() return true end)
  end

  --- Each different row once.
  function methods.distinct(self, ...)
    if select("#", ...) > 0 then
      errors.raise("unsupported", "%s: distinct on some fields only is not available on this database",
        label(self))
    end
    queryset.refuse_sliced(self, "distinct")
    return structural(self, "distinct", "distinct", function() return true end)
  end

  local function values(self, mode, flat, names)
    for _, name in ipairs(names) do
      check_field(self, name)
    end
    local key = concat({ mode, flat and "flat" or "", table.unpack(names) }, "\1")
    return structural(self, "values", key, function()
      return { mode = mode, flat = flat, fields = #names > 0 and { table.unpack(names) } or nil }, { mode = mode }
    end)
  end

  --- values("id", "author__name"): rows as tables by name, NULL absent; without names all fields.
  function methods.values(self, ...)
    return values(self, "values", false, names_of(self, "values", ...))
  end

  --- values_list("id", "title"): rows as arrays; values_list("id", { flat = true }): plain values.
  function methods.values_list(self, ...)
    local arguments = { ... }
    local options = arguments[#arguments]
    local flat = false
    if type(options) == "table" and getmetatable(options) == nil and options.flat ~= nil then
      flat = options.flat
      arguments[#arguments] = nil
    end
    local names = names_of(self, "values_list", table.unpack(arguments))
    if flat and #names ~= 1 then
      errors.raise("misuse", "%s: values_list with flat = true takes one name, got %d", label(self), #names)
    end
    return values(self, "values_list", flat and true or false, names)
  end

  --- Load only these fields (and the key); the others are read when they are used.
  function methods.only(self, ...)
    local names = names_of(self, "only", ...)
    return structural(self, "only", "only\1" .. concat(names, "\1"), function()
      for _, name in ipairs(names) do
        check_field(self, name)
      end
      return { table.unpack(names) }
    end)
  end

  --- Leave these fields to be read when they are used.
  function methods.defer(self, ...)
    local names = names_of(self, "defer", ...)
    return structural(self, "defer", "defer\1" .. concat(names, "\1"), function()
      for _, name in ipairs(names) do
        check_field(self, name)
      end
      return { table.unpack(names) }
    end)
  end

  --- Join single related objects: select_related("author", "author__profile"); without names all that cannot be NULL.
  function methods.select_related(self, ...)
    local names = names_of(self, "select_related", ...)
    return structural(self, "select_related", "select_related\1" .. concat(names, "\1"), function()
      return { table.unpack(names) }
    end)
  end

  --- Load related objects with one query per relation: names, "a__b", or rdb.Prefetch(...).
  function methods.prefetch_related(self, ...)
    local prefetch = require "rdb.orm.prefetch"
    local keys, items = { "prefetch" }, { ... }
    for i, item in ipairs(items) do
      items[i] = prefetch.lookup(item, label(self))
      keys[i + 1] = items[i].key
    end
    local result = structural(self, "prefetch_related", concat(keys, "\1"), function()
      prefetch.check(self.node.trie.model, items)
      return true, { prefetch = true }
    end)
    result.value = items
    return result
  end

  --- All rows of this QuerySet, as a QuerySet that asks anew.
  function methods.all(self)
    if not self.prev then
      return structural(self, "root", "all", function() return true end)
    end
    return setmetatable({ node = self.node, prev = self.prev, value = self.value }, queryset.QuerySet)
  end

  --- No rows; never asks the database for them.
  function methods.none(self)
    return structural(self, "none", "none", function() return true, { empty = true } end)
  end

  --- Run on another configured database.
  function methods.using(self, alias)
    if type(alias) ~= "string" then
      errors.raise("misuse", "%s: using takes the name of a database, got %s", label(self),
        errors.type_name(alias))
    end
    return structural(self, "using", "using\1" .. alias, function() return true, { alias = alias } end)
  end

  local FETCH_MODES = { peers = true, one = true, raise = true }

  --- How relations of these objects load when they are used: "peers" (for all of them at once), "one", "raise".
  function methods.fetch_mode(self, mode)
    if not FETCH_MODES[mode] then
      errors.raise("misuse", "%s: fetch_mode is \"peers\", \"one\" or \"raise\"; got %s", label(self),
        errors.type_name(mode))
    end
    return structural(self, "fetch_mode", "fetch_mode\1" .. mode, function() return true, { fetch_mode = mode } end)
  end

  --- A remark in front of the SQL, for the server's log. Only letters, digits and simple punctuation stay.
  function methods.comment(self, text)
    if type(text) ~= "string" then
      errors.raise("misuse", "%s: comment takes a text, got %s", label(self), errors.type_name(text))
    end
    local clean = text:gsub("[^%w _%.,=:;@#-]", ""):gsub("%-%-+", "-"):sub(1, 200)
    return structural(self, "comment", "comment\1" .. clean, function() return clean end)
  end
end
