--- What a table rebuild is to change: edits of the parsed CREATE TABLE, and where each column's values come from.
--
-- Several operations on one table edit one plan, so one rebuild serves them all.

local errors = require "rdb.orm.errors"
local table_sql = require "rdb.migrations.schema.table_sql"

local Plan = {}
Plan.__index = Plan


--- A plan that changes nothing yet.
-- @tparam string table_name
-- @tparam table definition what table_sql.parse answered; is edited
-- @tparam table indexes { { name=, sql=, columns = { { name=, expression= } } } } that have a statement of their own
function Plan.new(table_name, definition, indexes)
  return setmetatable({
    table_name = table_name, definition = definition, indexes = indexes, added_indexes = {},
    sources = {},   -- lower-case column -> { sql=, params= with kinds }: the value in the new table, over the old one
    required = {},  -- { { column=, subject= } }: become NOT NULL without a default
    forbidden = {}, -- { { subject=, condition=, code=, problem= } }: values that must not be in the new table
    dropped = {},   -- lower-case names of columns that are gone
    labels = {},
  }, Plan)
end


local function strip_primary_key(column)
  local parts = { column.raw_name, column.declared }
  for _, clause in ipairs(column.clauses) do
    if clause.kind ~= "primary_key" then parts[#parts + 1] = clause.text end
  end
  column.text = table.concat(parts, " ")
  column.clauses = table_sql.parse_column(column.text).clauses
end


-- A table has one primary key: a new one takes the place of the old.
local function make_room_for_key(self, text, except)
  if not table_sql.clause(table_sql.parse_column(text), "primary_key") then return end
  for i, column in ipairs(self.definition.columns) do
    if i ~= except and table_sql.clause(column, "primary_key") then strip_primary_key(column) end
  end
  for i = #self.definition.constraints, 1, -1 do
    if self.definition.constraints[i].kind == "primary_key" then table.remove(self.definition.constraints, i) end
  end
end


--- Replace the definition of a column.
-- @tparam string name the column
-- @tparam string text its new definition
-- @tparam[opt] table source { sql=, params= }: its new value, when it is not just the old one
function Plan:replace(name, text, source)
  local _, position = table_sql.column(self.definition, name)
  if not position then
    errors.raise("undefined_column", "table %s has no column %s", self.table_name, name)
  end
  make_room_for_key(self, text, position)
  self.definition.columns[position] = table_sql.parse_column(text)
  if source and not (self.sources[name:lower()] and self.sources[name:lower()].added) then
    self.sources[name:lower()] = source
  end
end


--- Add a column at the end.
-- @tparam string text its definition
-- @tparam[opt] table source its value in existing rows; NULL when absent
function Plan:add(name, text, source)
  make_room_for_key(self, text)
  table.insert(self.definition.columns, table_sql.parse_column(text))
  source = source or { sql = "NULL", params = {} }
  source.added = true
  self.sources[name:lower()] = source
  self.dropped[name:lower()] = nil
end


local function mentions(sql, name) return table_sql.words(sql)[name:lower()] == true end


local function constraint_uses(constraint, name)
  for _, column in ipairs(constraint.columns or {}) do
    if column:lower() == name:lower() then return true end
  end
  return constraint.kind == "check" and mentions(constraint.text, name)
end


--- Drop a column, with the constraints and indexes that use it (as PostgreSQL does).
-- @raise unsupported when it is a part of a composite primary key or of a generated column
function Plan:drop(name)
  local _, position = table_sql.column(self.definition, name)
  if not position then
    errors.raise("undefined_column", "table %s has no column %s", self.table_name, name)
  end
  table.remove(self.definition.columns, position)
  for _, column in ipairs(self.definition.columns) do
    local generated = table_sql.clause(column, "generated")
    if generated and mentions(generated.body, name) then
      errors.raise("unsupported", "column %s of table %s cannot be removed: the generated column %s uses it",
        name, self.table_name, column.name)
    end
  end
  for i = #self.definition.constraints, 1, -1 do
    local constraint = self.definition.constraints[i]
    if constraint_uses(constraint, name) then
      if constraint.kind == "primary_key" and #constraint.columns > 1 then
        errors.raise("unsupported", "column %s of table %s cannot be removed: it is a part of the primary key (%s)",
          name, self.table_name, table.concat(constraint.columns, ", "))
      end
      table.remove(self.definition.constraints, i)
    end
  end
  self.sources[name:lower()] = nil
  self.dropped[name:lower()] = true
  self:drop_indexes_of(name)
end


--- Forget the indexes that use a column.
function Plan:drop_indexes_of(name)
  for i = #self.indexes, 1, -1 do
    if mentions(self.indexes[i].sql, name) then table.remove(self.indexes, i) end
  end
end


--- Note that a column becomes NOT NULL and has no default for rows with NULL.
-- @tparam string subject what to call it in the error: "blog.Post.title"
function Plan:require_value(name, subject)
  table.insert(self.required, { column = name, subject = subject })
end


--- Note what finds values that do not fit an altered column.
-- @tparam string condition over the new table
-- @tparam string code of the error
-- @tparam string problem "is longer than 5 characters"
function Plan:forbid(subject, condition, code, problem)
  table.insert(self.forbidden, { subject = subject, condition = condition, code = code, problem = problem })
end


--- Add a table constraint.
-- @tparam string text with its CONSTRAINT name
function Plan:add_constraint(text)
  local parsed = table_sql.parse(("CREATE TABLE x (a, %s)"):format(text))
  table.insert(self.definition.constraints, parsed.constraints[1])
end


--- Drop the table constraint (or a column's CHECK) of that name.
-- @treturn boolean false when there is none
function Plan:drop_constraint(name)
  for i, constraint in ipairs(self.definition.constraints) do
    if constraint.name and constraint.name:lower() == name:lower() then
      table.remove(self.definition.constraints, i)
      return true
    end
  end
  return false
end


--- Drop the UNIQUE constraint of exactly these columns.
-- @treturn boolean false when there is none
function Plan:drop_unique(columns)
  local wanted = table.concat(columns, "\0"):lower()
  for i, constraint in ipairs(self.definition.constraints) do
    if constraint.kind == "unique" and table.concat(constraint.columns, "\0"):lower() == wanted then
      table.remove(self.definition.constraints, i)
      return true
    end
  end
  return false
end


--- Create an index after the rebuild.
function Plan:add_index(name, sql) table.insert(self.added_indexes, { name = name, sql = sql }) end


--- Will the table have the index after the rebuild?
-- @treturn boolean
function Plan:has_index(name)
  for _, list in ipairs { self.added_indexes, self.indexes } do
    for _, index in ipairs(list) do
      if index.name:lower() == name:lower() then return true end
    end
  end
  return false
end


--- Do not create an index again.
-- @treturn boolean false when the table has no such index
function Plan:drop_index(name)
  for _, list in ipairs { self.added_indexes, self.indexes } do
    for i, index in ipairs(list) do
      if index.name:lower() == name:lower() then
        table.remove(list, i)
        return true
      end
    end
  end
  return false
end


--- The copy: column names of the new table with the expression over the old table that fills each.
-- Generated columns are left out: the database fills them.
-- @tparam function quote quotes a name
-- @treturn {string,...} quoted columns
-- @treturn {string,...} expressions
-- @treturn table parameters in order, with n and kinds
function Plan:copy(quote)
  local columns, expressions, params = {}, {}, { n = 0, kinds = {} }
  for _, column in ipairs(self.definition.columns) do
    if not table_sql.clause(column, "generated") then
      local source = self.sources[column.name:lower()]
      columns[#columns + 1] = quote(column.name)
      expressions[#expressions + 1] = source and source.sql or quote(column.name)
      for i = 1, source and #source.params or 0 do
        params.n = params.n + 1
        params[params.n] = source.params[i]
        params.kinds[params.n] = source.params.kinds[i]
      end
    end
  end
  return columns, expressions, params
end


return Plan
