--- The verbs that make new QuerySets, other than filter and exclude. Each follows or grows one edge of the trie.
local base = require "rdb.orm.expressions.base"
local dialect_base = require "rdb.orm.dialects.base"
local errors = require "rdb.orm.errors"
local joins = require "rdb.orm.joins"
local q = require "rdb.orm.q"
local shape = require "rdb.orm.shape"
local structure = require "rdb.orm.structure"

local concat, select, type = table.concat, select, type

return function(methods, queryset)
    local link = queryset.link

    local function label(self)
        return self.node.trie.model._meta.label
    end

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

    -- Resolve now, so that a misspelt name is reported where it was written.
    local function check_field(self, path)
        local resolved = structure.resolve(self.node, path)
        if resolved.lookup ~= "exact" then
            errors.raise("misuse", "%s: '%s' is a lookup; only a field can stand here", resolved.label, resolved.lookup)
        end
    end

    -- -- annotate ----------------------------------------------------------------------------------------------------

    local function check_alias(self, name)
        dialect_base.check_identifier(name, label(self) .. ": the name of an annotation")
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
            check_alias(self, name)
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

    --- annotate{ name = expression }: a computed value on every row.
    function methods.annotate(self, given)
        queryset.refuse_sliced(self, "annotate")
        return annotate(self, "annotate", false, given)
    end

    --- alias{ name = expression }: the same for filters and orders, without selecting it.
    function methods.alias(self, given)
        queryset.refuse_sliced(self, "alias")
        return annotate(self, "alias", true, given)
    end

    -- -- order -------------------------------------------------------------------------------------------------------

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

    -- -- what comes back ---------------------------------------------------------------------------------------------

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

    -- -- other -------------------------------------------------------------------------------------------------------

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

    local function bound(self, name, value)
        value = value and math.tointeger(value)
        if not value or value < 1 then
            errors.raise("misuse", "%s: a slice goes from 1 upwards; %s is not a positive integer", label(self), name)
        end
        return value
    end

    -- The slice that is in force on a chain.
    local function current_slice(self)
        local at = self
        while at do
            if at.node.kind == "slice" then
                return at.node.spec, at.value
            end
            at = at.prev
        end
    end

    local SLICES = {
        { limit = true, offset = false }, { limit = false, offset = true }, { limit = true, offset = true },
    }

    --- Rows first..last of what comes so far, counted from 1; qs[{first, last}] is the same. nil: open end.
    function methods.slice(self, first, last)
        first = first ~= nil and bound(self, "the first row", first) or 1
        local limit
        if last ~= nil then
            last = math.tointeger(last)
            if not last or last < 0 then
                errors.raise("misuse", "%s: the last row of a slice is not a positive integer", label(self))
            end
            limit = math.max(0, last - first + 1)
        end
        local offset = first - 1
        if self.node.sliced then
            local spec, value = current_slice(self)
            local old_limit = spec.limit and value[1]
            local old_offset = spec.offset and value[#value] or 0
            if old_limit then
                limit = math.min(limit or old_limit, math.max(0, old_limit - offset))
            end
            offset = offset + old_offset
        end
        local form = limit and (offset > 0 and 3 or 1) or 2
        local key = "slice" .. form
        local node = self.node
        local child = node.children[key]
            or shape.add(node, key, "slice", SLICES[form], form == 3 and 2 or 1, false, { sliced = true })
        return link(self, child, form == 1 and { limit } or form == 2 and { offset } or { limit, offset })
    end

    -- The distinct truncated values of a field, in order.
    local function truncated(self, path, unit, options)
        local descending = options and options.order == "desc"
        local resolved = structure.resolve(self.node, path)
        if resolved.lookup ~= "exact" then
            errors.raise("misuse", "%s is a lookup; dates takes a field", resolved.label)
        end
        return self:annotate { datefield = require("rdb.orm.functions")["trunc_" .. unit](path) }
            :filter { [path .. "__isnull"] = false }
            :values_list("datefield", { flat = true }):distinct():order_by((descending and "-" or "") .. "datefield")
    end

    local function check_unit(self, verb, unit, units)
        if not units[unit] then
            errors.raise("misuse", "%s: %s knows no unit '%s' (it has: %s)", label(self), verb, tostring(unit),
                require("rdb.orm.suggest").list(units))
        end
    end

    local DATE_UNITS = { year = true, month = true, week = true, day = true, quarter = true }
    local TIME_UNITS = { year = true, month = true, week = true, day = true, quarter = true, hour = true,
        minute = true, second = true }

    --- dates("sold_on", "month", { order = "desc" }): each different date, cut to the unit.
    function methods.dates(self, path, unit, options)
        check_unit(self, "dates", unit, DATE_UNITS)
        return truncated(self, path, unit, options)
    end

    --- datetimes("sold_at", "hour", { order = "desc" }).
    function methods.datetimes(self, path, unit, options)
        check_unit(self, "datetimes", unit, TIME_UNITS)
        return truncated(self, path, unit, options)
    end
end
