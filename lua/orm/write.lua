--- Writing rows of one model: what instance.save, the deletion collector and lazy relations call.
local base = require "rdb.orm.expressions.base"
local connections = require "rdb.orm.connections"
local core = require "rdb.core"
local errors = require "rdb.orm.errors"
local kinds = require "rdb.orm.fields.kinds"
local statements = require "rdb.orm.write.statements"
local violations = require "rdb.orm.write.violations"

local write = {}

local null = core.null
local rawget = rawget

-- Keys per statement of deletes, updates and reads by key; SQLite takes 32766 parameters, others more.
local KEYS_PER_STATEMENT = 30000

local NOTHING = {}

-- Which columns an INSERT leaves to the database: a generated key, and db_default columns without a value.
-- @treturn table set of attnames
-- @treturn string key of the set
-- @treturn ?{string,...} attnames to read back
local function omitted_columns(meta, instance)
    local pk = meta.pk
    local automatic = pk and pk.auto and rawget(instance, pk.attname) == nil
    local with_db_default = rawget(meta, "with_db_default")
    if not with_db_default then
        with_db_default = {}
        for _, field in ipairs(meta.fields) do
            if field.db_default ~= nil or field.generated then
                with_db_default[#with_db_default + 1] = field
            end
        end
        meta.with_db_default = with_db_default
    end
    if #with_db_default == 0 then
        if not automatic then
            return NOTHING, "full"
        end
        local omitted = rawget(meta, "omitted_key")
        if not omitted then
            omitted = { [pk.attname] = true }
            meta.omitted_key = omitted
        end
        return omitted, "auto"
    end
    local omitted, read_back = { [automatic and pk.attname or false] = true }, {}
    for _, field in ipairs(with_db_default) do
        if rawget(instance, field.attname) == nil then
            omitted[field.attname] = true
            read_back[#read_back + 1] = field.attname
        end
    end
    omitted[false] = nil
    local key = (automatic and "auto:" or "full:") .. table.concat(read_back, ",")
    return omitted, key, #read_back > 0 and read_back or nil
end
write.omitted_columns = omitted_columns

-- Name the model's field in an error about a value.
local function explain(meta, err, attnames)
    if type(err) == "table" and not err.labelled then
        local name = err.field or (err.param and attnames and attnames[err.param])
        if name and err.code == "invalid_value" or name and err.code == "out_of_range" then
            err.labelled, err.model, err.field = true, meta.label, name
            if not err.message:find(name, 1, true) then
                err.message = ("%s.%s: %s"):format(meta.label, name, err.message)
            elseif not err.message:find(meta.label, 1, true) then
                err.message = meta.label .. ": " .. err.message
            end
        end
    end
    violations.explain(meta, err)
    return error(err, 0)
end
write.explain = explain

local function key_of(meta, instance)
    local key = {}
    local saved = core.is_saved(instance)
    for i, field in ipairs(meta.pk_fields) do
        local attname = field.attname
        key[i] = saved and core.loaded(instance, attname) and core.original(instance, attname) or instance[attname]
    end
    return key
end

-- An INSERT of an instance that holds expressions; their columns are read back.
local function insert_expressions(Model, alias, instance, omitted)
    local meta = Model._meta
    local attnames, read_back = {}, {}
    for _, field in ipairs(meta.fields) do
        local attname = field.attname
        if not omitted[attname] then
            attnames[#attnames + 1] = attname
            local value = rawget(instance, attname)
            if base.is(value) then
                read_back[#read_back + 1] = attname
            elseif type(value) == "table" and field.kind ~= "json" then
                errors.raise_with("invalid_value", { model = meta.label, field = attname },
                    "%s.%s: expected %s, got a table", meta.label, attname, select(2, kinds.accepts(field.kind, value)))
            end
        end
    end
    local plan, params = statements.insert_expressions(Model, alias, attnames, function(attname)
        return rawget(instance, attname)
    end)
    local _, id = core.execute(connections.target(alias), plan, params)
    if meta.pk and meta.pk.auto and rawget(instance, meta.pk.attname) == nil then
        instance[meta.pk.attname] = id
    end
    for _, attname in ipairs(read_back) do
        instance[attname] = nil
    end
    core.take_snapshot(instance, statements.row(Model, alias))
    write.refresh(Model, alias, instance, read_back)
end

-- The plans of the two usual column sets, found without making a key.
local function insert_plan(Model, alias, omitted, key)
    local meta = Model._meta
    local plans = rawget(meta, "insert_plans")
    if not plans then
        plans = {}
        meta.insert_plans = plans
    end
    local dialect = connections.dialect(alias)
    local kept = plans[alias]
    if not kept or kept.dialect ~= dialect then
        kept = { dialect = dialect }
        plans[alias] = kept
    end
    local plan = kept[key]
    if not plan then
        plan = statements.insert(Model, alias, omitted, key)
        if key == "auto" or key == "full" then
            kept[key] = plan
        end
    end
    return plan
end

--- INSERT one instance; fills a generated key and takes the snapshot.
-- @tparam table Model
-- @tparam string alias
-- @tparam table instance prepared by instance.prepare_insert
function write.insert(Model, alias, instance)
    local meta = Model._meta
    local omitted, key, read_back = omitted_columns(meta, instance)
    local plan = insert_plan(Model, alias, omitted, key)
    local ok, inserted = pcall(core.insert, connections.target(alias), plan, instance)
    if not ok then
        explain(meta, inserted)
    elseif inserted == false then
        insert_expressions(Model, alias, instance, omitted)
    end
    if read_back then
        write.refresh(Model, alias, instance, read_back)
    end
end

local function holds_expression(instance, attnames)
    for _, attname in ipairs(attnames) do
        local value = rawget(instance, attname)
        if type(value) == "table" and base.is(value) then
            return true
        end
    end
    return false
end

-- UPDATE with expressions among the values; they are read back.
local function update_expressions(Model, alias, instance, attnames, key)
    local plan, params = statements.update_expressions(Model, alias, attnames, function(attname)
        return rawget(instance, attname)
    end, key)
    local affected = core.execute(connections.target(alias), plan, params)
    if affected > 0 then
        local read_back, plain = {}, {}
        for _, attname in ipairs(attnames) do
            local list = base.is(rawget(instance, attname)) and read_back or plain
            list[#list + 1] = attname
        end
        core.take_snapshot(instance, statements.row(Model, alias), plain)
        write.refresh(Model, alias, instance, read_back)
    end
    return affected
end

--- A function that writes the given columns of one instance after the other.
-- @tparam {string,...} attnames
-- @treturn function (instance) -> rows matched: 1, or 0 when the row is gone; then those columns count as saved
function write.updater(Model, alias, attnames)
    local meta = Model._meta
    local plan, row = statements.update(Model, alias, attnames), statements.row(Model, alias)
    local params, n, pk = {}, #attnames, meta.pk and meta.pk.attname
    local execute, take_snapshot, original, is_saved = core.execute, core.take_snapshot, core.original, core.is_saved
    return function(instance)
        if holds_expression(instance, attnames) then
            return update_expressions(Model, alias, instance, attnames, key_of(meta, instance))
        end
        for i = 1, n do
            params[i] = rawget(instance, attnames[i]) -- nil is NULL; rdb.null is JSON null in a JSON column
        end
        if pk then
            params[n + 1] = is_saved(instance) and original(instance, pk) or instance[pk]
        else
            table.move(key_of(meta, instance), 1, #meta.pk_fields, n + 1, params)
        end
        local ok, affected = pcall(execute, connections.target(alias), plan, params)
        if not ok then
            explain(meta, affected, attnames)
        end
        if affected > 0 then
            take_snapshot(instance, row, attnames)
        end
        return affected
    end
end

--- UPDATE the given columns of one row, found by the key that it was loaded with; then those columns count as saved.
-- @tparam {string,...} attnames
-- @treturn integer rows matched: 1, or 0 when the row is gone
function write.update_row(Model, alias, instance, attnames)
    return write.updater(Model, alias, attnames)(instance)
end

--- Read columns of one row again.
-- @tparam ?{string,...} attnames nil: all
-- @treturn boolean false when the row is gone
function write.refresh(Model, alias, instance, attnames)
    local meta = Model._meta
    local key = key_of(meta, instance)
    if not attnames then
        attnames = {}
        for i, field in ipairs(meta.fields) do
            attnames[i] = field.attname
        end
    end
    local row = core.fetch_one(connections.target(alias), statements.select(Model, alias, attnames), key)
    if not row then
        return false
    end
    for _, attname in ipairs(attnames) do
        instance[attname] = row[attname]
    end
    core.take_snapshot(instance, statements.row(Model, alias), attnames)
    return true
end

local function all_rows(Model, alias)
    local root = require("rdb.orm.queryset").root(Model)
    return alias == "default" and root or root:using(alias)
end

-- Call fn for slices of keys that fit into one statement.
local function for_chunks(keys, per_key, fn)
    local size = KEYS_PER_STATEMENT // per_key
    if #keys <= size then
        return #keys > 0 and fn(keys) or nil
    end
    for first = 1, #keys, size do
        fn(table.move(keys, first, math.min(first + size - 1, #keys), 1, {}))
    end
end

--- DELETE rows by key, or by another column.
-- @tparam table keys list of keys (lists of values for a composite key)
-- @tparam ?string attname column to find them by, instead of the key
-- @treturn integer rows deleted
function write.delete_rows(Model, alias, keys, attname)
    local total = 0
    local path = (attname or "pk") .. "__in"
    for_chunks(keys, attname and 1 or #Model._meta.pk_fields, function(chunk)
        total = total + all_rows(Model, alias):filter(path, chunk):delete_rows()
    end)
    return total
end

--- UPDATE ... SET attname = value for rows found by key.
-- @param value nil writes NULL
-- @treturn integer rows matched
function write.update_rows(Model, alias, keys, attname, value)
    local total = 0
    for_chunks(keys, #Model._meta.pk_fields, function(chunk)
        total = total + all_rows(Model, alias):filter("pk__in", chunk):update(attname, value == nil and null or value)
    end)
    return total
end

--- The objects whose column `attname` is one of `keys`.
-- @tparam ?{string,...} order names for order_by; nil: the model's own order
-- @treturn table list
function write.fetch_related(Model, alias, attname, keys, order)
    local function read(chunk)
        local rows = all_rows(Model, alias):filter(attname .. "__in", chunk)
        if order then
            rows = rows:order_by(table.unpack(order))
        end
        return rows:list()
    end
    if #keys <= KEYS_PER_STATEMENT then
        return #keys > 0 and read(keys) or {}
    end
    local list = {}
    for_chunks(keys, 1, function(chunk)
        local rows = read(chunk)
        table.move(rows, 1, #rows, #list + 1, list)
    end)
    return list
end

return write
