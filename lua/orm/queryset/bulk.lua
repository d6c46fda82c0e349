--- bulk_create and bulk_update: one prepared statement run for each object, in one transaction.
local core = require "rdb.core"
local connections = require "rdb.orm.connections"
local errors = require "rdb.orm.errors"
local instance = require "rdb.orm.instance"
local statements = require "rdb.orm.write.statements"
local suggest = require "rdb.orm.suggest"
local write = require "rdb.orm.write"

local CREATE_OPTIONS = {
    batch_size = "number", ignore_conflicts = "boolean", update_conflicts = "boolean", unique_fields = "table",
    update_fields = "table",
}
local UPDATE_OPTIONS = { batch_size = "number" }

local NO_OPTIONS = {}

local function check_options(meta, verb, options, known)
    for name, value in pairs(options or NO_OPTIONS) do
        if not known[name] then
            errors.raise("misuse", "%s: %s has no option '%s'%s", meta.label, verb, tostring(name),
                suggest.clause(name, known))
        elseif type(value) ~= known[name] then
            errors.raise("misuse", "%s: %s expects a %s for '%s', got %s", meta.label, verb, known[name], name,
                errors.type_name(value))
        end
    end
    return options or NO_OPTIONS
end

local function check_objects(meta, verb, objects)
    if type(objects) ~= "table" or getmetatable(objects) ~= nil then
        errors.raise("misuse", "%s: %s takes a list of objects, got %s", meta.label, verb, errors.type_name(objects))
    end
    for i, object in ipairs(objects) do
        if getmetatable(object) ~= meta.metatable then
            errors.raise("misuse", "%s: %s: item %d is %s, not a %s", meta.label, verb, i, errors.type_name(object),
                meta.label)
        end
    end
end

-- -- conflicts
-- ----------------------------------------------------------------------------------------------------------

local function columns_of(self, queryset, verb, names, option)
    if not names or #names == 0 then
        errors.raise("misuse", "%s: %s with update_conflicts needs %s", self.node.trie.model._meta.label, verb, option)
    end
    local fields = {}
    for i, name in ipairs(names) do
        fields[i] = queryset.column_field(self, verb, name)
    end
    return fields
end

local function add_auto_now(meta, fields)
    local seen = {}
    for _, field in ipairs(fields) do
        seen[field] = true
    end
    for _, field in ipairs(meta.auto_now_fields) do
        if field.auto_now and not seen[field] then
            fields[#fields + 1] = field
        end
    end
    return fields
end

local function names_of(fields)
    local names = {}
    for i, field in ipairs(fields) do
        names[i] = field.attname
    end
    return table.concat(names, ",")
end

-- What to do when a row is there already: a key for the statement, SQL behind VALUES, and the fields that identify a
-- row.
local function conflict_of(self, queryset, options)
    if options.ignore_conflicts and options.update_conflicts then
        errors.raise("misuse", "%s: bulk_create takes ignore_conflicts or update_conflicts, not both",
            self.node.trie.model._meta.label)
    elseif options.ignore_conflicts then
        return { key = ":ignore", suffix = function(dialect) return dialect.conflict_ignore() end }
    elseif not options.update_conflicts then
        return nil
    end
    local unique = columns_of(self, queryset, "bulk_create", options.unique_fields, "unique_fields")
    local update = add_auto_now(self.node.trie.model._meta,
        columns_of(self, queryset, "bulk_create", options.update_fields, "update_fields"))
    return {
        key = (":upsert:%s:%s"):format(names_of(unique), names_of(update)),
        suffix = function(dialect) return dialect.conflict_update(unique, update) end,
        unique = unique,
    }
end

-- After an upsert the key of each row is read by its unique fields; after ignore_conflicts nobody knows which were
-- written.
local function settle_conflicts(Model, alias, objects, conflict)
    local meta = Model._meta
    for _, object in ipairs(objects) do
        if not conflict.unique then
            core.forget(object)
        elseif meta.pk then
            local condition = {}
            for _, field in ipairs(conflict.unique) do
                condition[field.attname] = object[field.attname]
            end
            local key = Model.objects:using(alias):filter(condition):values_list(meta.pk.attname, { flat = true })
                :first()
            rawset(object, meta.pk.attname, key)
            core.take_snapshot(object, statements.row(Model, alias))
        end
    end
end

-- -- bulk_create
-- ----------------------------------------------------------------------------------------------------------

-- Insert objects first..last, which all leave the same columns to the database.
local function insert_run(Model, alias, objects, run, conflict)
    local plan = statements.insert(Model, alias, run.omitted, run.key .. (conflict and conflict.key or ""), conflict
        and conflict.suffix)
    local at = run.first
    while at <= run.last do
        local ok, done, position = pcall(core.insert_many, connections.target(alias), plan, objects, at, run.last)
        if not ok then
            if type(done) == "table" and done.index then
                done.message = ("object %d: %s"):format(done.index, done.message)
            end
            write.explain(Model._meta, done)
        elseif done then
            break
        end
        if conflict then
            errors.raise("unsupported", "%s: bulk_create cannot write an expression together with a conflict option",
                Model._meta.label)
        end
        write.insert(Model, alias, objects[position])
        at = position + 1
    end
    for i = run.first, run.read_back and run.last or 0 do
        write.refresh(Model, alias, objects[i], run.read_back)
    end
end

-- Neighbours that leave the same columns to the database, at most `size` of them at once.
local function runs_of(meta, objects, size)
    local runs, current = {}, nil
    for i, object in ipairs(objects) do
        local omitted, key, read_back = write.omitted_columns(meta, object)
        if not current or current.key ~= key or i - current.first >= size then
            current = { first = i, key = key, omitted = omitted, read_back = read_back }
            runs[#runs + 1] = current
        end
        current.last = i
    end
    return runs
end

local function clear_nulls(meta, object)
    for _, field in ipairs(meta.fields) do
        if field.kind ~= "json" and rawget(object, field.attname) == core.null then
            object[field.attname] = nil
        end
    end
end

return function(methods, queryset)
    local function atomic(self, fn)
        local alias = self.node.alias
        if connections.context(alias) then
            return fn()
        end
        return require("rdb.orm.transactions").atomic(fn, { using = alias })
    end

    --- Insert many objects. Defaults, auto_now and generated keys are filled; save() is not called.
    -- @tparam table objects list of instances
    -- @tparam ?table options { batch_size, ignore_conflicts, update_conflicts, unique_fields, update_fields }
    -- @treturn table the same list
    function methods.bulk_create(self, objects, options)
        local Model, alias = self.node.trie.model, self.node.alias
        local meta = Model._meta
        options = check_options(meta, "bulk_create", options, CREATE_OPTIONS)
        check_objects(meta, "bulk_create", objects)
        if #objects == 0 then
            return objects
        end
        local conflict = conflict_of(self, queryset, options)
        local prepare_insert = instance.prepare_insert
        local remember = require("rdb.orm.transactions").remember
        atomic(self, function()
            for _, object in ipairs(objects) do
                prepare_insert(object, meta)
                remember(object, alias, meta)
            end
            for _, run in ipairs(runs_of(meta, objects, options.batch_size or math.maxinteger)) do
                insert_run(Model, alias, objects, run, conflict)
            end
            if conflict then
                settle_conflicts(Model, alias, objects, conflict)
            end
        end)
        for _, object in ipairs(objects) do
            clear_nulls(meta, object)
        end
        return objects
    end

    --- Write some fields of many objects, each with its own values.
    -- @tparam table objects saved instances
    -- @tparam {string,...} names fields to write
    -- @treturn integer rows matched
    function methods.bulk_update(self, objects, names, options)
        local Model, alias = self.node.trie.model, self.node.alias
        local meta = Model._meta
        check_options(meta, "bulk_update", options, UPDATE_OPTIONS)
        check_objects(meta, "bulk_update", objects)
        if type(names) ~= "table" or #names == 0 then
            errors.raise("misuse", "%s: bulk_update needs the names of the fields to write", meta.label)
        end
        local attnames = {}
        for i, name in ipairs(names) do
            local field = queryset.column_field(self, "bulk_update", name)
            if field.primary_key then
                errors.raise("misuse", "%s: bulk_update cannot write the key '%s'", meta.label, name)
            end
            attnames[i] = field.attname
        end
        local total = 0
        local remember, prepare_update = require("rdb.orm.transactions").remember, instance.prepare_update
        atomic(self, function()
            local update = write.updater(Model, alias, attnames)
            for i, object in ipairs(objects) do
                if object.pk == nil then
                    errors.raise("misuse", "%s: bulk_update: object %d has no key; save it first", meta.label, i)
                end
                prepare_update(object, meta, attnames, false)
                remember(object, alias, meta)
                total = total + update(object)
            end
        end)
        return total
    end
end
