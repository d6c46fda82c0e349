--- The schema editor of SQLite.
--
-- What ALTER TABLE can do is done at once; the rest edits a rebuild plan for the table, and the plans are carried out
-- by flush(): several changes of one table cost one rebuild. What is known about the table comes from the live
-- database, or from the model when SQL is only collected.

local Editor = require "rdb.migrations.schema.editor"
local errors = require "rdb.orm.errors"
local checks = require "rdb.migrations.schema.rebuild_checks"
local columns = require "rdb.migrations.schema.columns"
local conversions = require "rdb.migrations.schema.conversions_sqlite"
local index_sql = require "rdb.migrations.schema.index_sql"
local indexes = require "rdb.migrations.schema.sqlite_indexes"
local rebuild = require "rdb.migrations.schema.rebuild"
local table_sql = require "rdb.migrations.schema.table_sql"

local SQLiteEditor = setmetatable({}, { __index = Editor })
SQLiteEditor.__index = SQLiteEditor


function SQLiteEditor:open()
  self.plans, self.plan_order = {}, {} -- lower-case table name -> { plan=, old=, operations = {...} }
  self.rebuilt = {}                    -- tables whose foreign keys finish() checks
  self.quote = table_sql.quote
  -- Foreign keys follow a renamed table by themselves: what the old model says is read with the names of now.
  self.old_context = { dialect = self.dialect, types = self.context.types, renamed = {} }
end


-- The table as it is: its CREATE statement and its indexes { name=, sql= }.
local function current_table(self, model)
  local name = model._meta.table
  if not self.connected then
    local list = {}
    for _, index in ipairs(self:index_statements(model)) do list[#list + 1] = index end
    return self:table_sql(model), list
  end
  local found = self:rows("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE", name)[1]
  if not found then
    errors.raise("undefined_table", "there is no table %s for %s", name, model._meta.label)
  end
  return found.sql, self:rows("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL "
    .. "AND tbl_name = ? COLLATE NOCASE ORDER BY rowid", name)
end


--- The rebuild that is held back for a model's table, or nil: { plan=, old=, operations= }.
function SQLiteEditor:pending(model) return self.plans[model._meta.table:lower()] end


--- The rebuild plan of a model's table, begun when there is none yet.
-- @treturn Plan
-- @raise undefined_table
function SQLiteEditor:plan_for(model)
  local key = model._meta.table:lower()
  local entry = self.plans[key]
  if not entry then
    local plan, old = rebuild.plan(model._meta.table, current_table(self, model))
    entry = { plan = plan, old = old, operations = {} }
    self.plans[key] = entry
    table.insert(self.plan_order, key)
  end
  if self.current_operation and entry.operations[#entry.operations] ~= self.current_operation then
    table.insert(entry.operations, self.current_operation)
  end
  return entry.plan
end


--- Carry out the rebuilds that are held back.
-- @raise what rebuild.run raises, with `operations` = the numbers of the operations that asked for it
function SQLiteEditor:flush()
  while #self.plan_order > 0 do
    local key = table.remove(self.plan_order, 1)
    local entry = self.plans[key]
    self.plans[key] = nil
    self.rebuilt[#self.rebuilt + 1] = entry.plan.table_name
    local ok, err = pcall(rebuild.run, self, entry.plan, entry.old)
    if not ok then
      if type(err) == "table" then err.operations = entry.operations end
      error(err, 0)
    end
  end
end


function SQLiteEditor:begin_operation(number)
  self.current_operation = number
  self.old_context.renamed = {} -- models of the next operation know the new names
end


--- Flush, and check the foreign keys of what was rebuilt.
-- @raise foreign_key_violation
function SQLiteEditor:finish()
  self:flush()
  if self.violations then
    checks.no_new_violations(self, self.violations)
  elseif self.connected then
    for _, name in ipairs(self.rebuilt) do checks.foreign_keys(self, name) end
  end
  self.rebuilt = {}
end


function SQLiteEditor:remember_violations() self.violations = checks.violations(self) end


function SQLiteEditor:delete_model(model)
  local key = model._meta.table:lower()
  for i, each in ipairs(self.plan_order) do
    if each == key then
      table.remove(self.plan_order, i)
      self.plans[key] = nil
      break
    end
  end
  self:flush()
  self:write("DROP TABLE " .. self.quote(model._meta.table))
end


--- Rename a table; foreign keys, views and triggers of others follow.
-- @tparam Model _ unused: SQLite needs only the names
-- @tparam string old table name
-- @tparam string new table name
function SQLiteEditor:rename_table(_, old, new)
  if old == new then return end
  self:flush()
  local from = old
  if old:lower() == new:lower() then -- to SQLite both are the same name
    from = "new__" .. new
    self:write(("ALTER TABLE %s RENAME TO %s"):format(self.quote(old), self.quote(from)))
  end
  self:write(("ALTER TABLE %s RENAME TO %s"):format(self.quote(from), self.quote(new)))
  self.old_context.renamed[old] = new
end


-- May ALTER TABLE add this column? (NOT NULL, UNIQUE, keys, and values for existing rows need a rebuild.)
local function can_add_natively(self, field)
  if field.primary_key or field.unique or not field.null then return false end
  if self.default_for(field) ~= nil then return false end
  if field.db_default ~= nil then
    return type(field.db_default) ~= "table" and not (field.relation and field.relation.db_constraint ~= false)
  end
  return true
end


-- What existing rows get in a new column, as the source of a rebuild.
local function source_of_default(self, field)
  local value = self.default_for(field)
  if value ~= nil then
    return { sql = "?", params = { value, kinds = { columns.target(field).kind } } }
  elseif field.db_default ~= nil then
    local node = table_sql.parse_column(columns.definition(field, self.context))
    return { sql = table_sql.clause(node, "default").body, params = {} }
  end
  return nil
end


function SQLiteEditor:add_field(model, field)
  local definition = columns.definition(field, self.context)
  if not self:pending(model) and can_add_natively(self, field) then
    self:write(("ALTER TABLE %s ADD COLUMN %s"):format(self.quote(model._meta.table), definition))
  else
    local source = source_of_default(self, field)
    local plan = self:plan_for(model)
    plan:add(field.column, definition, source)
    if not field.null and not source and not field.auto then
      plan:require_value(field.column, field:label())
    end
  end
  if columns.wants_index(field) then
    indexes.create(self, model, index_sql.field_index_name(model._meta.table, field.column),
      index_sql.field_index(model._meta.table, field.column, self.context))
  end
end


local PLAIN_CLAUSES = { not_null = true, null = true, default = true, collate = true, check = true }


-- May ALTER TABLE drop this column? Only when nothing else in the schema uses it.
local function can_drop_natively(self, model, field)
  local sql, own_indexes = current_table(self, model)
  local definition = table_sql.parse(sql)
  local node, position = table_sql.column(definition, field.column)
  if not node or #definition.columns == 1 then return false end
  for _, clause in ipairs(node.clauses) do
    if not PLAIN_CLAUSES[clause.kind] then return false end
  end
  local name = field.column:lower()
  for i, column in ipairs(definition.columns) do
    if i ~= position and table_sql.words(column.text)[name] then return false end
  end
  for _, constraint in ipairs(definition.constraints) do
    if table_sql.words(constraint.text)[name] then return false end
  end
  local users = self.connected
    and self:rows "SELECT sql FROM sqlite_master WHERE type IN ('view', 'trigger')" or {}
  for _, list in ipairs { own_indexes, users } do
    for _, each in ipairs(list) do
      if table_sql.words(each.sql)[name] then return false end
    end
  end
  return true
end


function SQLiteEditor:remove_field(model, field)
  if columns.wants_index(field) and not self:pending(model) then
    local name = indexes.field_index_name(self, model, field.column)
    if name then indexes.drop(self, model, name) end
  end
  if not self:pending(model) and can_drop_natively(self, model, field) then
    self:write(("ALTER TABLE %s DROP COLUMN %s"):format(self.quote(model._meta.table), self.quote(field.column)))
  else
    self:plan_for(model):drop(field.column)
  end
end


-- Columns of other tables (and of this one) that have the type of a field because they refer to it.
local function referring_fields(model, field)
  local list = {}
  local function add(candidate)
    if candidate.relation and candidate.relation.target == field then list[#list + 1] = candidate end
  end
  for _, related in ipairs(model._meta.related or {}) do
    local relation = related.field.relation
    if relation.kind == "many_to_many" then
      if relation.through._meta.auto_created then
        for _, key in ipairs(relation.through._meta.fields) do add(key) end
      end
    else
      add(related.field)
    end
  end
  for _, own in ipairs(model._meta.many_to_many or {}) do
    if own.relation.through._meta.auto_created then
      for _, key in ipairs(own.relation.through._meta.fields) do add(key) end
    end
  end
  return list
end


-- Give the columns that refer to a field its new type.
-- @tparam table replaced old field -> new field
local function alter_referring(self, model, field, replaced)
  local context = { dialect = self.context.dialect, types = self.context.types, replaced = replaced }
  for _, key in ipairs(referring_fields(model, field)) do
    if not replaced[key] then
      replaced[key] = key
      self:plan_for(key.model):replace(key.column, columns.definition(key, context))
      alter_referring(self, key.model, key, replaced)
    end
  end
end


-- The new value of an altered column: what it had, in the form of the new type, with the default for NULL where NULL
-- is no longer allowed. Notes in the plan what must not be found.
local function source_of_change(self, plan, old, new)
  local column = self.quote(new.column)
  local condition, code, problem = conversions.misfit(old, new, column)
  if condition then plan:forbid(new:label(), condition, code, problem) end
  local rewritten = conversions.rewrite(old, new, column)
  local source = rewritten and { sql = rewritten, params = {} } or nil
  if new.null or not old.null then return source end
  local default = source_of_default(self, new)
  if not default then
    plan:require_value(new.column, new:label())
    return source
  end
  return { sql = ("COALESCE(%s, %s)"):format(rewritten or column, default.sql), params = default.params }
end


local function alter_index(self, model, old, new)
  local had, has = columns.wants_index(old), columns.wants_index(new)
  if had and not has then
    local name = indexes.field_index_name(self, model, new.column)
    if name then indexes.drop(self, model, name) end
  elseif has and not had then
    indexes.create(self, model, index_sql.field_index_name(model._meta.table, new.column),
      index_sql.field_index(model._meta.table, new.column, self.context))
  end
end


--- Change a field's column from what old says to what new says, its name included.
-- @tparam Model model with the old field
-- @raise not_null_violation when rows have NULL where it is no longer allowed and there is no default
function SQLiteEditor:alter_field(model, old, new)
  local before = columns.definition(old, self.old_context, new.column)
  local after = columns.definition(new, self.context)
  if old.column ~= new.column then
    self:flush()
    self:write(("ALTER TABLE %s RENAME COLUMN %s TO %s"):format(self.quote(model._meta.table), self.quote(old.column),
      self.quote(new.column)))
  end
  if before ~= after then
    local plan = self:plan_for(model)
    plan:replace(new.column, after, source_of_change(self, plan, old, new))
    if columns.declared(old, self.context) ~= columns.declared(new, self.context)
      or self.context.types.declared(old, true) ~= self.context.types.declared(new, true) then
      alter_referring(self, model, old, { [old] = new })
    end
  end
  alter_index(self, model, old, new)
end


for name, method in pairs(indexes.methods) do SQLiteEditor[name] = method end


return SQLiteEditor
