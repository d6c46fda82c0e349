--- INSERT, UPDATE and SELECT statements of one model's own rows, made once per model, database and set of columns.
local compiler = require "rdb.orm.compiler"
local connections = require "rdb.orm.connections"
local core = require "rdb.core"
local expressions = require "rdb.orm.compiler.expressions"
local query = require "rdb.orm.compiler.query"
local render = require "rdb.orm.compiler.render"
local shape = require "rdb.orm.shape"
local structure = require "rdb.orm.structure"

local statements = {}

-- Statements by column set are forgotten together when a program makes very many of them.
local MOST_KEPT = 500

local dialects = connections.dialects

-- Where the statements of a model on a database are kept: begun anew when the alias means another kind of database.
local function open_store(meta, alias)
  local by_alias = meta.write_statements
  if not by_alias then
    by_alias = {}
    meta.write_statements = by_alias
  end
  local kept = by_alias[alias]
  local dialect = connections.dialect(alias)
  if not kept or kept.dialect ~= dialect or kept.n > MOST_KEPT then
    kept = { dialect = dialect, n = 0, plans = {} }
    by_alias[alias] = kept
  end
  return kept
end

local function make_plan(Model, alias, key, build, first, second)
  local kept = open_store(Model._meta, alias)
  local spec = build(kept.dialect, Model, first, second)
  spec.database = alias
  local plan = core.plan(spec)
  kept.plans[key] = plan
  kept.n = kept.n + 1
  return plan
end

-- The plan under `key`, made by build(dialect, Model, first, second) when it is new.
local function kept_plan(Model, alias, key, build, first, second)
  local by_alias = Model._meta.write_statements
  local kept = by_alias and by_alias[alias]
  local plan = kept and kept.dialect == dialects[alias] and kept.plans[key]
  return plan or make_plan(Model, alias, key, build, first, second)
end

local function all_columns(meta)
  local columns = {}
  for i, field in ipairs(meta.fields) do
    columns[i] = { field.attname, field.kind }
  end
  return columns
end

local function columns_and_marks(dialect, fields)
  local names, marks = {}, {}
  for i, field in ipairs(fields) do
    names[i], marks[i] = dialect.quote_name(field.column), dialect.placeholder(i)
  end
  return table.concat(names, ", "), table.concat(marks, ", ")
end

local function insert_sql(dialect, meta, fields, suffix)
  local into = "INSERT INTO " .. dialect.quote_name(meta.table)
  if #fields == 0 then
    return into .. dialect.insert_default
  end
  local names, marks = columns_and_marks(dialect, fields)
  return ("%s (%s) VALUES (%s)%s"):format(into, names, marks, suffix or "")
end

-- A field as plan.insert and plan.update name it.
local function bound_key(field)
  return { field.attname, field.kind, field:character_limit() }
end

-- The statement for many rows at once: { SQL, rows }.
local function insert_many_rows(dialect, meta, fields, rows)
  local marks, all = {}, {}
  for row = 1, rows do
    for i = 1, #fields do
      marks[i] = dialect.placeholder((row - 1) * #fields + i)
    end
    all[row] = "(" .. table.concat(marks, ", ") .. ")"
  end
  local names = columns_and_marks(dialect, fields)
  return { ("INSERT INTO %s (%s) VALUES %s"):format(dialect.quote_name(meta.table), names, table.concat(all, ", ")),
    rows }
end

local function build_insert(dialect, Model, omitted, suffix)
  local meta = Model._meta
  local fields, kinds, insert = {}, {}, {}
  for _, field in ipairs(meta.fields) do
    if not omitted[field.attname] then
      fields[#fields + 1] = field
      kinds[#kinds + 1] = field.kind
      insert[#insert + 1] = bound_key(field)
    end
  end
  insert.pk = meta.pk and meta.pk.auto and not suffix and meta.pk.attname or nil
  return {
    sql = insert_sql(dialect, meta, fields, suffix and suffix(dialect)), params = kinds, shape = "instance",
    columns = all_columns(meta), metatable = meta.metatable, model = Model, insert = insert,
  }
end

-- The usual keys, so that no text is made for them.
local INSERT_KEYS = { auto = "insert:auto", full = "insert:full" }

--- INSERT of an instance.
-- @tparam table omitted set of attnames whose columns the database fills
-- @tparam string key names that set
-- @tparam ?function suffix (dialect) -> SQL behind VALUES, for conflicts; belongs to the key
-- @treturn userdata plan for core.insert
function statements.insert(Model, alias, omitted, key, suffix)
  return kept_plan(Model, alias, INSERT_KEYS[key] or "insert:" .. key, build_insert, omitted, suffix)
end

local function build_row(dialect, Model)
  local meta = Model._meta
  local names = columns_and_marks(dialect, meta.fields)
  return {
    sql = ("SELECT %s FROM %s"):format(names, dialect.quote_name(meta.table)), params = {}, shape = "instance",
    columns = all_columns(meta), metatable = meta.metatable, model = Model,
  }
end

-- The same with a statement for many rows; as many as fit well.
local function build_insert_many(dialect, Model, omitted)
  local spec = build_insert(dialect, Model, omitted)
  local fields = {}
  for _, field in ipairs(Model._meta.fields) do
    if not omitted[field.attname] then
      fields[#fields + 1] = field
    end
  end
  local rows = #fields > 0 and math.min(dialect.rows_per_insert, dialect.limits.params // (4 * #fields)) or 0
  if rows > 1 then
    spec.insert.many = insert_many_rows(dialect, Model._meta, fields, rows)
  end
  return spec
end

--- The same for many rows, where the database gives them keys that follow each other (dialect.keys_in_order).
-- @treturn userdata plan for core.insert_many
function statements.insert_many(Model, alias, omitted, key)
  return kept_plan(Model, alias, "insert_many:" .. key, build_insert_many, omitted)
end

--- A plan that is only asked for the columns of a whole row: for core.take_snapshot.
function statements.row(Model, alias)
  return kept_plan(Model, alias, "row", build_row)
end

-- WHERE for the key, whose fields are added to what is bound.
local function where_key(dialect, meta, kinds, fields)
  local conditions, from = {}, #kinds
  for i, field in ipairs(meta.pk_fields) do
    conditions[i] = dialect.quote_name(field.column) .. " = " .. dialect.placeholder(from + i)
    kinds[#kinds + 1] = field.kind
    fields[#fields + 1] = { field.attname, field.kind }
  end
  return " WHERE " .. table.concat(conditions, " AND ")
end

local function build_update(dialect, Model, attnames)
  local meta = Model._meta
  local sets, kinds, update = {}, {}, { keys = #meta.pk_fields }
  for i, attname in ipairs(attnames) do
    local field = meta.by_attname[attname]
    sets[i] = dialect.quote_name(field.column) .. " = " .. dialect.placeholder(i)
    kinds[i], update[i] = field.kind, bound_key(field)
  end
  local where = where_key(dialect, meta, kinds, update)
  return {
    sql = ("UPDATE %s SET %s%s"):format(dialect.quote_name(meta.table), table.concat(sets, ", "), where),
    params = kinds, shape = "instance", columns = all_columns(meta), metatable = meta.metatable, model = Model,
    update = update,
  }
end

--- UPDATE of one row by its key.
-- @tparam {string,...} attnames in the order of the parameters; the key's values follow
-- @treturn userdata plan for core.update
function statements.update(Model, alias, attnames)
  local key = "update:" .. (attnames[2] and table.concat(attnames, ",") or attnames[1])
  return kept_plan(Model, alias, key, build_update, attnames)
end

local function build_delete(dialect, Model)
  local kinds, insert = {}, {}
  local where = where_key(dialect, Model._meta, kinds, insert)
  return {
    sql = ("DELETE FROM %s%s"):format(dialect.quote_name(Model._meta.table), where), params = kinds,
    shape = "none", columns = {}, model = Model, insert = insert,
  }
end

--- DELETE of one row by its key.
-- @treturn userdata plan for core.delete
function statements.delete(Model, alias)
  return kept_plan(Model, alias, "delete", build_delete)
end

local function build_select(dialect, Model, attnames)
  local meta = Model._meta
  local fields, columns = {}, {}
  for i, attname in ipairs(attnames) do
    fields[i] = meta.by_attname[attname]
    columns[i] = { attname, fields[i].kind }
  end
  local names, kinds = columns_and_marks(dialect, fields), {}
  local where = where_key(dialect, meta, kinds, {})
  return {
    sql = ("SELECT %s FROM %s%s"):format(names, dialect.quote_name(meta.table), where),
    params = kinds, shape = "dict", columns = columns,
  }
end

--- SELECT of some columns of one row by its key.
function statements.select(Model, alias, attnames)
  return kept_plan(Model, alias, "select:" .. table.concat(attnames, ","), build_select, attnames)
end

-- -- statements with expressions: made for one use -------------------------------------------------------------------

-- A node for each attname: a parameter or the expression that the instance holds.
local function assigned_nodes(Model, dialect, attnames, value_of)
  local base = require "rdb.orm.expressions.base"
  local root = shape.root(Model)
  local collector = structure.collector(root, "assign")
  local built = query.build(root, dialect)
  local scope = { node = { depth = 0, single = false } }
  local nodes = {}
  for i, attname in ipairs(attnames) do
    local field, value = Model._meta.by_attname[attname], value_of(attname)
    if base.is(value) then
      nodes[i] = expressions.assignable(built,
        expressions.resolve(built, structure.expression(collector, value), scope), field)
      if #built.tree.joins > 0 then
        require("rdb.orm.errors").raise("unsupported",
          "%s.%s: an assigned expression cannot read another table",
          Model._meta.label, attname)
      end
    elseif value == nil then -- rdb.null would be JSON null in a JSON column
      nodes[i] = { op = "literal", text = "NULL", kind = field.kind }
    else
      local values = collector.values
      values[#values + 1] = value
      nodes[i] = expressions.param(built, scope, #values, field.kind, Model._meta.label .. "." .. attname)
    end
  end
  return nodes, collector.values, built
end

local function finish(parts, values, dialect, alias)
  local sql, params = render.finish(parts, dialect)
  local kinds, bound = {}, {}
  for i, param in ipairs(params) do
    local value = values[param.index]
    kinds[i] = param.kind
    bound[i] = param.convert and param.convert(value) or value
  end
  return core.plan { sql = sql, database = alias, params = kinds, shape = "none", columns = {} }, bound
end

--- INSERT whose values may be expressions.
-- @tparam function value_of (attname) -> value or expression
-- @treturn userdata plan
-- @treturn table params
function statements.insert_expressions(Model, alias, attnames, value_of)
  local dialect, meta = connections.dialect(alias), Model._meta
  local nodes, values = assigned_nodes(Model, dialect, attnames, value_of)
  local names = {}
  for i, attname in ipairs(attnames) do
    names[i] = dialect.quote_name(meta.by_attname[attname].column)
  end
  local parts = { ("INSERT INTO %s (%s) VALUES ("):format(dialect.quote_name(meta.table), table.concat(names, ", ")) }
  for i, node in ipairs(nodes) do
    parts[#parts + 1] = i > 1 and ", " or ""
    render.node(parts, node, dialect)
  end
  parts[#parts + 1] = ")"
  return finish(parts, values, dialect, alias)
end

--- UPDATE of one row whose new values may be expressions.
-- @tparam table key values of the key's fields
function statements.update_expressions(Model, alias, attnames, value_of, key)
  local dialect, meta = connections.dialect(alias), Model._meta
  local nodes, values, built = assigned_nodes(Model, dialect, attnames, value_of)
  local parts = { "UPDATE " .. dialect.quote_name(meta.table) .. " SET " }
  for i, attname in ipairs(attnames) do
    parts[#parts + 1] = (i > 1 and ", " or "") .. dialect.quote_name(meta.by_attname[attname].column) .. " = "
    render.node(parts, nodes[i], dialect)
  end
  for i, field in ipairs(meta.pk_fields) do
    values[#values + 1] = key[i]
    parts[#parts + 1] = (i == 1 and " WHERE " or " AND ") .. dialect.quote_name(field.column) .. " = "
    parts[#parts + 1] = expressions.param(built, { node = { depth = 0, single = false } }, #values, field.kind)
  end
  return finish(parts, values, dialect, alias)
end

local _ = compiler -- query.build needs the terminals that it registers

return statements
