--- Writing rows of one model: what instance.save, the deletion collector and lazy relations call.
local base = require "rdb.orm.expressions.base"
local connections = require "rdb.orm.connections"
local core = require "rdb.core"
local errors = require "rdb.orm.errors"
local kinds = require "rdb.orm.fields.kinds"
local statements = require "rdb.orm.write.statements"
local violations = require "rdb.orm.write.violations"

local write = {}

local prepare_fully = require("rdb.orm.instance").prepare_fully

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
  local auto, with_db_default = meta.auto_key, meta.with_db_default
  local automatic = auto and rawget(instance, auto) == nil
  if not with_db_default[1] then
    if automatic then
      return meta.only_auto_key, "auto"
    end
    return NOTHING, "full"
  end
  local omitted, read_back = {}, {}
  if automatic then
    omitted[auto] = true
  end
  for _, field in ipairs(with_db_default) do
    if rawget(instance, field.attname) == nil then
      omitted[field.attname] = true
      read_back[#read_back + 1] = field.attname
    end
  end
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

-- A table that is no expression fits no column but JSON.
local function refuse_table(meta, field, value)
  local expected = select(2, kinds.accepts(field.kind, value))
  errors.raise_with("invalid_value", { model = meta.label, field = field.attname },
    "%s.%s: expected %s, got a table", meta.label, field.attname, expected)
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
        refuse_table(meta, field, value)
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

-- rdb.null was written as NULL, which reads as nil; in a JSON column it is JSON null and stays.
local function clear_nulls(meta, instance)
  for _, field in ipairs(meta.fields) do
    if field.kind ~= "json" and rawget(instance, field.attname) == null then
      instance[field.attname] = nil
    end
  end
end

-- An INSERT of what core.insert did not take: objects in key columns, expressions.
local function insert_slowly(Model, alias, instance, omitted, plan)
  local meta = Model._meta
  if not (prepare_fully(instance, meta) and core.insert(connections.target(alias), plan, instance)) then
    insert_expressions(Model, alias, instance, omitted)
    clear_nulls(meta, instance)
  end
end

--- INSERT one instance; fills a generated key and takes the snapshot. rdb.null becomes nil.
-- @tparam table Model
-- @tparam string alias
-- @tparam table instance prepared by instance.prepare_insert
-- @tparam ?userdata target of the alias, when the caller has asked for it
function write.insert(Model, alias, instance, target)
  local meta = Model._meta
  local omitted, key, read_back = omitted_columns(meta, instance)
  local plan = statements.insert(Model, alias, omitted, key)
  local ok, inserted = pcall(core.insert, target or connections.target(alias), plan, instance)
  if ok and not inserted then
    ok, inserted = pcall(insert_slowly, Model, alias, instance, omitted, plan)
  end
  if not ok then
    explain(meta, inserted)
  end
  if read_back then
    write.refresh(Model, alias, instance, read_back)
  end
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

-- An UPDATE of what core.update did not take: objects in key columns, expressions, no key.
local function update_slowly(Model, alias, instance, attnames, plan)
  local meta = Model._meta
  if prepare_fully(instance, meta, attnames) then
    local affected = core.update(connections.target(alias), plan, instance)
    if affected then
      return affected
    end
  end
  for _, attname in ipairs(attnames) do
    local field, value = meta.by_attname[attname], rawget(instance, attname)
    if type(value) == "table" and field.kind ~= "json" and not base.is(value) then
      refuse_table(meta, field, value)
    end
  end
  local key = key_of(meta, instance)
  for i = 1, #meta.pk_fields do
    if key[i] == nil then
      return 0
    end
  end
  return update_expressions(Model, alias, instance, attnames, key)
end

--- UPDATE the given columns of one row, found by the key that it was loaded with; then those columns count as saved.
-- @tparam {string,...} attnames
-- @treturn integer rows matched: 1, or 0 when the row is gone
function write.update_row(Model, alias, instance, attnames)
  local plan = statements.update(Model, alias, attnames)
  local ok, affected = pcall(core.update, connections.target(alias), plan, instance)
  if ok and not affected then
    ok, affected = pcall(update_slowly, Model, alias, instance, attnames, plan)
  end
  if not ok then
    explain(Model._meta, affected, attnames)
  end
  return affected
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
  return alias == Model._meta.database and root or root:using(alias)
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
