--- Indexes and constraints of the SQLite editor: methods, and what its other half needs of them.
--
-- An index has a deterministic name, but a renamed table or column keeps the names it had, and other tools have their
-- own: what is dropped is looked up by its columns in the live database.

local errors = require "rdb.orm.errors"
local checks = require "rdb.migrations.schema.rebuild_checks"
local index_sql = require "rdb.migrations.schema.index_sql"

local methods = {}
local M = { methods = methods }


--- Create an index now, or after the rebuild that is held back for the table.
function M.create(self, model, name, sql)
  local entry = self:pending(model)
  if entry then
    entry.plan:add_index(name, sql)
  else
    local table_name = model._meta.table
    checks.explain(self, { table_name = table_name }, table_name, self.write, self, sql)
  end
end


-- Names that cannot be those of a field's own index: the model's indexes, and what the plan has taken out already.
local function is_taken(model, plan, name)
  for _, index in ipairs(model._meta.indexes or {}) do
    if index.name:lower() == name:lower() then return true end
  end
  return plan ~= nil and not plan:has_index(name)
end


--- The name under which a field's own index exists: the deterministic one, or what a renamed table or another tool
-- left.
function M.field_index_name(self, model, column)
  local wanted = index_sql.field_index_name(model._meta.table, column)
  local entry = self:pending(model)
  local plan = entry and entry.plan
  if not self.connected or plan and plan:has_index(wanted) then return wanted end
  local found = self:rows("SELECT l.name FROM pragma_index_list(?) AS l WHERE l.origin = 'c' AND l.\"unique\" = 0 "
    .. "AND l.partial = 0 AND (SELECT group_concat(coalesce(name, ''), char(31)) FROM pragma_index_info(l.name)) = ? "
    .. "COLLATE NOCASE ORDER BY l.name = ? DESC, l.name", model._meta.table, column, wanted)
  for _, row in ipairs(found) do
    if not is_taken(model, plan, row.name) then return row.name end
  end
  return nil
end


--- Drop an index, or take it out of the rebuild that is held back for the table.
function M.drop(self, model, name)
  local entry = self:pending(model)
  if not (entry and entry.plan:drop_index(name)) then
    self:write("DROP INDEX " .. self.quote(name))
  end
end


function methods:add_index(model, index)
  self:warn_left_out(model, index)
  M.create(self, model, index.name, index_sql.index(model, index, self.context))
end


function methods:remove_index(model, index) M.drop(self, model, index.name) end


--- SQLite cannot rename an index: it is dropped and created again.
function methods:rename_index(model, old, new)
  if old.name == new.name then return end
  self:remove_index(model, old)
  M.create(self, model, new.name, index_sql.index(model, new, self.context))
end


function methods:add_constraint(model, constraint)
  if constraint.kind == "unique" then
    self:warn_left_out(model, constraint)
    M.create(self, model, constraint.name, index_sql.unique_constraint(model, constraint, self.context))
  elseif constraint.kind == "check" then
    self:plan_for(model):add_constraint(index_sql.check(model, constraint, self.context))
  else
    errors.raise("unsupported", "%s: SQLite has no %s constraints (%s)", model._meta.label, constraint.kind,
      constraint.name)
  end
end


function methods:remove_constraint(model, constraint)
  if constraint.kind == "unique" then
    M.drop(self, model, constraint.name)
  elseif not self:plan_for(model):drop_constraint(constraint.name) then
    errors.raise("misuse", "table %s has no constraint %s", model._meta.table, constraint.name)
  end
end


local function groups_by_key(model, groups)
  local by_key, order = {}, {}
  for _, group in ipairs(groups or {}) do
    local names = index_sql.columns(model, group, "unique_together")
    local key = table.concat(names, "\0")
    by_key[key] = names
    order[#order + 1] = key
  end
  return by_key, order
end


-- Drop the unique index of exactly these columns, under whatever name: ours, or what a renamed column or another tool
-- left; a UNIQUE inside CREATE TABLE needs a rebuild.
local function drop_unique(self, model, names)
  local wanted = index_sql.unique_name(model._meta.table, names)
  local entry = self:pending(model)
  if not self.connected or entry and entry.plan:drop_index(wanted) then
    if not entry then M.drop(self, model, wanted) end
    return
  end
  local found = self:rows("SELECT l.name, l.origin FROM pragma_index_list(?) AS l WHERE l.\"unique\" = 1 "
    .. "AND l.partial = 0 AND (SELECT group_concat(coalesce(name, ''), char(31)) FROM pragma_index_info(l.name)) = ? "
    .. "COLLATE NOCASE ORDER BY l.name = ? DESC, l.name", model._meta.table, table.concat(names, "\31"), wanted)[1]
  if found and found.origin == "c" then
    M.drop(self, model, found.name)
  elseif not self:plan_for(model):drop_unique(names) then
    errors.raise("misuse", "table %s has nothing that makes (%s) unique", model._meta.table, table.concat(names, ", "))
  end
end


--- Change the groups of fields that are unique together.
-- @tparam Model model
-- @tparam table old list of lists of field names
-- @tparam table new list of lists of field names
function methods:alter_unique_together(model, old, new)
  local before, before_order = groups_by_key(model, old)
  local after, after_order = groups_by_key(model, new)
  for _, key in ipairs(before_order) do
    if not after[key] then drop_unique(self, model, before[key]) end
  end
  for _, key in ipairs(after_order) do
    if not before[key] then
      M.create(self, model, index_sql.unique_name(model._meta.table, after[key]),
        index_sql.unique_together(model._meta.table, after[key], self.context))
    end
  end
end


return M
