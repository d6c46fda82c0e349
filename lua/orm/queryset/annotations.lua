--- annotate and alias: named expressions on every row. aggregate() shares their checks.
local base = require "rdb.orm.expressions.base"
local dialect_base = require "rdb.orm.dialects.base"
local errors = require "rdb.orm.errors"
local filtered_relation = require "rdb.orm.expressions.filtered_relation"
local joins = require "rdb.orm.joins"
local q = require "rdb.orm.q"
local shape = require "rdb.orm.shape"
local structure = require "rdb.orm.structure"

return function(methods, queryset)
  local link, label, check_field = queryset.link, queryset.label, queryset.check_field

  -- The names of aggregate() stand alone; those of annotate and alias beside the fields of the model.
  local function check_alias(self, verb, name)
    dialect_base.check_identifier(name, label(self) .. ": the name of an annotation")
    if verb == "aggregate" then
      return
    end
    local meta = self.node.trie.model._meta
    if name:find("__", 1, true) then
      errors.raise("misuse", "%s: the annotation '%s' cannot contain '__'", meta.label, name)
    elseif meta.by_name[name] or name == "pk" then
      errors.raise("misuse", "%s: the annotation '%s' would hide a field of that name", meta.label, name)
    elseif meta.related_by_query_name[name] or (meta.descriptors and meta.descriptors[name]) then
      errors.raise("misuse", "%s: the annotation '%s' would hide a relation of that name", meta.label, name)
    end
  end

  local function default_name(expression)
    local argument = expression.kind == "aggregate" and expression.args[1]
    return argument and argument.path and (argument.path .. "_" .. expression.name)
  end

  -- { name = expression, ... } with unnamed aggregates named after their path: { Count "posts" } is posts_count.
  local function named_expressions(self, verb, given)
    if type(given) ~= "table" or (getmetatable(given) ~= nil and not base.is(given)) then
      errors.raise("misuse", "%s: %s takes a table of expressions by name; got %s", label(self), verb,
        errors.type_name(given))
    end
    local specs, names = {}, {}
    for name, expression in pairs(base.is(given) and { given } or given) do
      if q.is(expression) then
        errors.raise("misuse", "%s: %s: '%s' is a Q; use rdb.Case or rdb.Exists", label(self), verb,
          tostring(name))
      end
      expression = base.argument(expression)
      if type(name) == "number" then
        name = default_name(expression)
        if not name then
          errors.raise("misuse", "%s: %s: an expression without a name must be an aggregate of a field",
            label(self), verb)
        end
      end
      check_alias(self, verb, name)
      specs[name] = expression
      names[#names + 1] = name
    end
    table.sort(names)
    if #names == 0 then
      errors.raise("misuse", "%s: %s got an empty table", label(self), verb)
    end
    return specs, names
  end
  queryset.named_expressions = named_expressions

  local function check_paths(self, spec, known)
    if spec.kind == "f" then
      if not known[joins.split(spec.path)[1]] then
        check_field(self, spec.path)
      end
    end
    for _, argument in ipairs(spec.args or {}) do
      check_paths(self, argument, known)
    end
  end

  -- Describe named expressions; conditions inside may name the annotations themselves only from earlier calls.
  local function describe(self, head, given, names)
    local collector = structure.collector(self.node, head)
    local specs = {}
    for _, name in ipairs(names) do
      collector.keys[#collector.keys + 1] = name
      specs[name] = structure.expression(collector, given[name])
    end
    return collector, specs
  end
  queryset.describe = describe

  local function annotate(self, verb, hidden, given)
    local expressions, names = named_expressions(self, verb, given)
    local collector, specs = describe(self, verb, expressions, names)
    local node, key = self.node, structure.key(collector)
    local child = node.children[key]
    if not child then
      local annotations = {}
      for name in pairs(node.annotations) do
        annotations[name] = true
      end
      for _, name in ipairs(names) do
        annotations[name] = true
      end
      for _, name in ipairs(names) do
        check_paths(self, specs[name], annotations)
      end
      child = shape.add(node, key, "annotate", { names = names, specs = specs, hidden = hidden },
        #collector.values, false,
        { annotations = annotations })
    end
    return link(self, child, collector.values)
  end

  -- Join the filtered relations; returns the QuerySet and the expressions that are left.
  local function join_filtered(self, given)
    local names, rest = {}, {}
    for name, value in pairs(given) do
      if filtered_relation.is(value) then
        names[#names + 1] = name
      else
        rest[name] = value
      end
    end
    table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
    for _, name in ipairs(names) do
      self = queryset.part_of("left_join", "join_filtered")(self, name, given[name])
    end
    return self, rest
  end

  local function has_filtered(given)
    if type(given) == "table" and getmetatable(given) == nil then
      for _, value in pairs(given) do
        if filtered_relation.is(value) then
          return true
        end
      end
    end
    return false
  end

  --- annotate{ name = expression }: a computed value on every row; a rdb.FilteredRelation becomes a relation of that
  -- name for later paths.
  function methods.annotate(self, given)
    queryset.refuse_sliced(self, "annotate")
    if has_filtered(given) then
      self, given = join_filtered(self, given)
      if next(given) == nil then
        return self
      end
    end
    return annotate(self, "annotate", false, given)
  end

  --- alias{ name = expression }: the same for filters and orders, without selecting it.
  function methods.alias(self, given)
    queryset.refuse_sliced(self, "alias")
    return annotate(self, "alias", true, given)
  end
end
