--- The schema editor: turns changes of models into DDL.
--
-- This file is what all databases share: writing or collecting statements, CREATE TABLE with its indexes, and picking
-- the database's own editor. A statement is either executed on the alias's current target (inside rdb.atomic and in
-- migrations the transaction), or collected as text without any connection (sqlmigrate).
--
-- Changes may be held back to be done together; flush() does them, finish() is called before the transaction commits.

local core = require "rdb.core"
local columns = require "rdb.migrations.schema.columns"
local connections = require "rdb.orm.connections"
local index_sql = require "rdb.migrations.schema.index_sql"
local literals = require "rdb.migrations.schema.literals"
local portability = require "rdb.migrations.schema.portability"

local Editor = {}
Editor.__index = Editor


--- Make an editor for a database.
-- @tparam string alias
-- @tparam[opt] table options { collect = bool: gather SQL in editor.collected instead of executing, without connecting;
--   on_event = function(event): told of long work, { event = "rebuild_started"|"rebuild_ended", table= }, and of what
--   the database cannot do, { event = "warning", text= } }
-- @treturn SchemaEditor
function Editor.new(alias, options)
  options = options or {}
  local dialect = connections.dialect(alias)
  local class = require("rdb.migrations.schema." .. dialect.name)
  local self = setmetatable({
    alias = alias, dialect = dialect, on_event = options.on_event, quote = dialect.quote_name,
    connected = not options.collect, collected = options.collect and {} or nil,
    context = { dialect = dialect, types = require("rdb.migrations.schema.types_" .. dialect.name) },
  }, class)
  self:open()
  return self
end


--- What statements run on: the transaction of the alias, or its pool.
function Editor:current_target()
  return self.target or connections.target(self.alias)
end


--- Run or collect one statement as it is, without flushing what is held back.
-- @tparam string sql with ? for parameters
-- @tparam[opt] table params values, `n` when some are nil, `kinds` when they need converting
function Editor:write(sql, params)
  if self.collected then
    table.insert(self.collected, literals.inline(sql, params, self.dialect))
    return
  end
  local target = self:current_target()
  if params and params.kinds and params.kinds[1] then
    local plan = core.plan { sql = sql, params = params.kinds, shape = "none", database = self.alias }
    core.execute(target, plan, params)
  elseif params and (params.n or #params) > 0 then
    core.run(target, sql, params)
  else
    core.script(target, sql)
  end
end


--- Write a comment between collected statements.
function Editor:comment(text)
  if self.collected then table.insert(self.collected, "-- " .. text:gsub("%s*\n%s*", " ")) end
end


--- Rows of a query on the catalogue or on data; only when connected.
function Editor:rows(sql, ...)
  return (core.run(self:current_target(), sql, table.pack(...)))
end


--- Tell the listener of long work.
function Editor:progress(event)
  if self.on_event then self.on_event(event) end
end


--- Say what an index or unique constraint is made without: a "warning" event, or a comment beside collected SQL.
function Editor:warn_left_out(model, index)
  local text = portability.left_out(model, index, self.dialect)
  if text then
    self:progress { event = "warning", text = text }
    self:comment(text)
  end
end


--- Execute a statement of a person (RunSQL, the schema builder): what is held back is done first.
-- @tparam string sql one statement
-- @tparam[opt] table params
function Editor:execute(sql, params)
  self:flush()
  self:write(sql, params)
end


-- What stands inside CREATE TABLE ( ).
local function table_parts(self, model)
  local meta, parts = model._meta, {}
  for _, field in ipairs(meta.fields) do
    if field.column and not field.composite then parts[#parts + 1] = columns.definition(field, self.context) end
  end
  if meta.pk_fields and #meta.pk_fields > 1 then
    local quoted = {}
    for i, field in ipairs(meta.pk_fields) do quoted[i] = self.dialect.quote_name(field.column) end
    parts[#parts + 1] = ("PRIMARY KEY (%s)"):format(table.concat(quoted, ", "))
  end
  for _, constraint in ipairs(meta.constraints or {}) do
    if constraint.kind == "check" then parts[#parts + 1] = index_sql.check(model, constraint, self.context) end
  end
  return parts
end


--- The CREATE TABLE statement of a model.
-- @treturn string
function Editor:table_sql(model)
  local parts = table.concat(table_parts(self, model), ", ")
  return ("CREATE TABLE %s (%s)"):format(self.dialect.quote_name(model._meta.table), parts)
end


--- The statements of a model's indexes and unique constraints, with their names.
-- @treturn table { { name=, sql=, object = the index or constraint, nil for those of fields }... } in the order of
--   definition
function Editor:index_statements(model)
  local meta, list = model._meta, {}
  local function add(name, sql, object) list[#list + 1] = { name = name, sql = sql, object = object } end
  for _, field in ipairs(meta.fields) do
    if columns.wants_index(field) then
      add(index_sql.field_index_name(meta.table, field.column),
        index_sql.field_index(meta.table, field.column, self.context))
    end
  end
  for _, group in ipairs(meta.unique_together or {}) do
    local names = index_sql.columns(model, group, "unique_together")
    add(index_sql.unique_name(meta.table, names), index_sql.unique_together(meta.table, names, self.context))
  end
  for _, index in ipairs(meta.indexes or {}) do
    add(index.name, index_sql.index(model, index, self.context), index)
  end
  for _, constraint in ipairs(meta.constraints or {}) do
    if constraint.kind == "unique" then
      add(constraint.name, index_sql.unique_constraint(model, constraint, self.context), constraint)
    end
  end
  return list
end


--- Create a model's table with its indexes. Tables of many-to-many fields are models of their own.
function Editor:create_model(model)
  self:write(self:table_sql(model))
  for _, index in ipairs(self:index_statements(model)) do
    if index.object then self:warn_left_out(model, index.object) end
    self:write(index.sql)
  end
end


--- The value that existing rows get for a field: its default, now for auto_now, "" for blank texts.
-- @treturn any|nil ready to bind as columns.target(field).kind
function Editor.default_for(field)
  if field:has_default() then
    local value = field:get_default()
    if value == core.null then return nil end
    return field:to_param(value)
  elseif field.auto_now or field.auto_now_add then
    local now = tostring(core.now())
    local kind = field.kind
    if kind == "date" then return core.date(now:sub(1, 10)) end
    if kind == "time" then return core.time((now:sub(12):gsub("Z$", ""))) end
    return core.now()
  elseif field.blank and not field.null and field.kind == "text" then
    return ""
  end
  return nil
end


--- Do what was held back.
function Editor.flush() end


--- Flush, and check what must hold before the transaction commits.
function Editor:finish() self:flush() end


--- Note which rows point nowhere already; finish then refuses new ones in any table. For transactions without foreign
-- keys in which code of a person runs.
function Editor.remember_violations() end


--- The same as finish: for callers that only know deferred statements.
function Editor:run_deferred() self:finish() end


--- Tell the editor that the k-th operation of a migration begins; errors of what is held back name it.
function Editor:begin_operation(number) self.current_operation = number end


--- Set up the database's own state.
function Editor.open() end


return Editor
