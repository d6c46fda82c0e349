--- Introspection of SQLite: the pragmas, and the text of CREATE TABLE for what the pragmas leave out (checks,
-- AUTOINCREMENT, collations, expressions of generated columns, names of constraints).

local core = require "rdb.core"
local table_sql = require "rdb.migrations.schema.table_sql"
local types = require "rdb.migrations.schema.types_sqlite"

local Introspection = {}
Introspection.__index = Introspection


local function rows(self, sql, ...)
  return (core.run(self.target, sql, { ... }))
end


--- The tables and views of the main database, by name; SQLite's own and shadow tables are left out.
-- @treturn table { { name=, kind="table"|"view"|"virtual" }... }
function Introspection:tables()
  local shadows = {}
  for _, row in ipairs(rows(self, "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'")) do
    shadows[row.name] = true
  end
  local found = {}
  for _, row in ipairs(rows(self, "SELECT name, type, sql FROM sqlite_master WHERE type IN ('table', 'view') "
      .. "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name")) do
    if not shadows[row.name] then
      local kind = row.type
      if kind == "table" and row.sql:upper():match "^CREATE%s+VIRTUAL" then kind = "virtual" end
      found[#found + 1] = { name = row.name, kind = kind }
    end
  end
  return found
end


local function read_columns(self, description, parsed)
  local key = {}
  for _, row in ipairs(rows(self, "SELECT name, type, \"notnull\" AS required, dflt_value, pk, hidden "
      .. "FROM pragma_table_xinfo(?) ORDER BY cid", description.name)) do
    local column = { name = row.name, declared = row.type, null = row.required == 0, default = row.dflt_value }
    column.field, column.options, column.known = types.field_of(row.type:gsub("%s+[Gg][Ee][Nn][Ee][Rr][Aa][Tt][Ee][Dd]"
      .. "%s+[Aa][Ll][Ww][Aa][Yy][Ss]%s*$", ""))
    if row.hidden == 2 then column.generated = "virtual" end
    if row.hidden == 3 then column.generated = "stored" end
    if row.pk > 0 then
      column.primary_key = row.pk
      key[row.pk] = row.name
    end
    if row.hidden ~= 1 then -- 1: a hidden column of a virtual table
      description.columns[#description.columns + 1] = column
      description.by_name[row.name:lower()] = column
    end
    local node = parsed and table_sql.column(parsed, row.name)
    if node then
      local collate, generated = table_sql.clause(node, "collate"), table_sql.clause(node, "generated")
      column.collation = collate and collate.body or nil
      column.expression = generated and generated.body or nil
      local pk = table_sql.clause(node, "primary_key")
      column.autoincrement = pk and pk.body == "autoincrement" or nil
    end
  end
  description.primary_key = key
  local only = #key == 1 and description.by_name[key[1]:lower()]
  if only and only.declared:upper() == "INTEGER" and not description.without_rowid then
    only.auto = true -- the rowid: counts up by itself
    only.null = false
  end
end


local function read_foreign_keys(self, description, parsed)
  local deferred = {} -- lower-case first column -> references body, for what the pragma does not tell
  for _, node in ipairs(parsed and parsed.columns or {}) do
    local clause = table_sql.clause(node, "references")
    if clause then deferred[node.name:lower()] = { body = clause.body, name = clause.name } end
  end
  for _, constraint in ipairs(parsed and parsed.constraints or {}) do
    if constraint.kind == "foreign_key" then
      deferred[constraint.columns[1]:lower()] = { body = constraint.body, name = constraint.name }
    end
  end
  local by_id = {}
  for _, row in ipairs(rows(self, "SELECT id, \"table\" AS target, \"from\" AS source, \"to\" AS column_to, on_update, "
      .. "on_delete FROM pragma_foreign_key_list(?) ORDER BY id DESC, seq", description.name)) do
    local key = by_id[row.id]
    if not key then
      local text = deferred[row.source:lower()]
      key = {
        columns = {}, to_columns = {}, to_table = row.target, on_delete = row.on_delete, on_update = row.on_update,
        deferred = text ~= nil and text.body.deferred == true, name = text and text.name or nil,
      }
      by_id[row.id] = key
      description.foreign_keys[#description.foreign_keys + 1] = key
    end
    key.columns[#key.columns + 1] = row.source
    key.to_columns[#key.to_columns + 1] = row.column_to
  end
  for _, key in ipairs(description.foreign_keys) do
    if #key.to_columns == 0 then key.to_columns = self:primary_key(key.to_table) end
  end
end


local ORIGINS = { c = "index", u = "unique", pk = "primary_key" }


-- The condition of a partial index: what follows its column list. The statement was accepted by SQLite, so the first
-- WHERE outside parentheses, strings and quotes is the one.
local function where_of(sql)
  local depth, at = 0, 1
  while at <= #sql do
    local char = sql:sub(at, at)
    if char == "'" or char == '"' or char == "`" then
      at = (sql:find(char, at + 1, true) or #sql)
    elseif char == "[" then
      at = (sql:find("]", at, true) or #sql)
    elseif char == "(" then
      depth = depth + 1
    elseif char == ")" then
      depth = depth - 1
    elseif depth == 0 and sql:sub(at, at + 4):upper() == "WHERE" and sql:find("^[%s)\"%]`]", at - 1) then
      return (sql:sub(at + 5):match "^%s*(.-)%s*$")
    end
    at = at + 1
  end
  return nil
end


local function read_indexes(self, description)
  for _, row in ipairs(rows(self, "SELECT l.name, l.\"unique\" AS is_unique, l.origin, l.partial, m.sql "
      .. "FROM pragma_index_list(?) AS l LEFT JOIN sqlite_master AS m ON m.type = 'index' AND m.name = l.name "
      .. "ORDER BY l.seq DESC", description.name)) do
    local index = {
      name = row.name, unique = row.is_unique == 1, partial = row.partial == 1, origin = ORIGINS[row.origin],
      sql = row.sql, columns = {},
    }
    if index.partial and row.sql then index.where = where_of(row.sql) end
    for _, part in ipairs(rows(self, "SELECT cid, name, \"desc\" AS descending, coll FROM pragma_index_xinfo(?) "
        .. "WHERE key = 1 ORDER BY seqno", row.name)) do
      index.columns[#index.columns + 1] = {
        name = part.name, expression = part.cid == -2, desc = part.descending == 1, collation = part.coll,
      }
    end
    description.indexes[#description.indexes + 1] = index
  end
end


local function read_checks(description, parsed)
  for _, node in ipairs(parsed and parsed.columns or {}) do
    for _, clause in ipairs(node.clauses) do
      if clause.kind == "check" then
        table.insert(description.checks, { name = clause.name, sql = clause.body, column = node.name })
      end
    end
  end
  for _, constraint in ipairs(parsed and parsed.constraints or {}) do
    if constraint.kind == "check" then
      table.insert(description.checks, { name = constraint.name, sql = constraint.body })
    end
  end
end


--- The names of the columns of a table's primary key, in key order.
function Introspection:primary_key(name)
  local key = {}
  for _, row in ipairs(rows(self, "SELECT name, pk FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", name)) do
    key[#key + 1] = row.name
  end
  return key
end


--- The description of a table or view (shape: introspection.lua).
-- @tparam string name compared without regard to ASCII case, as SQLite does
-- @treturn table|nil nil when there is no such table or view
function Introspection:table(name)
  local found = rows(self, "SELECT name, type, sql FROM sqlite_master WHERE type IN ('table', 'view') "
    .. "AND name = ? COLLATE NOCASE", name)[1]
  if not found then return nil end
  local description = {
    name = found.name, kind = found.type, sql = found.sql, columns = {}, by_name = {}, foreign_keys = {},
    indexes = {}, checks = {}, triggers = {},
  }
  local parsed
  if found.type == "table" then
    parsed = table_sql.parse(found.sql)
    if found.sql:upper():match "^CREATE%s+VIRTUAL" then description.kind = "virtual" end
    local suffix = parsed and parsed.suffix:upper() or ""
    description.strict = suffix:find "STRICT" ~= nil
    description.without_rowid = suffix:find "WITHOUT%s+ROWID" ~= nil
  end
  read_columns(self, description, parsed)
  if found.type == "table" then
    read_foreign_keys(self, description, parsed)
    read_indexes(self, description)
    read_checks(description, parsed)
  end
  for _, row in ipairs(rows(self, "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' "
      .. "AND tbl_name = ? COLLATE NOCASE ORDER BY rowid", found.name)) do
    table.insert(description.triggers, { name = row.name, sql = row.sql })
  end
  return description
end


--- Introspection through a target.
-- @tparam target target pool, lease or transaction
function Introspection.new(target)
  return setmetatable({ target = target }, Introspection)
end


return Introspection
