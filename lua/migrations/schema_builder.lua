--- The schema builder: tables by hand, for `up` and `down` functions and for RunLua.
--
--   schema:create_table("users", function(t) t:id() t:string("email"):unique() t:timestamps() end)
--   schema:alter_table("users", function(t) t:string("nick"):nullable() t:drop_column "old" end)
--
-- A table becomes a model that lives only for the statement, so the schema editor writes the SQL. Columns may not be
-- NULL unless they are nullable(), as with models.
local errors = require "rdb.orm.errors"
local fields = require "rdb.orm.fields"

local Builder = {}
Builder.__index = Builder

local Column = {}
Column.__index = Column

local Table = {}
Table.__index = Table


local function check_name(what, name)
  if type(name) ~= "string" or name == "" or name:find "[%c\"`%[%]]" then
    errors.raise("misuse", "%s must be a name without quotes, got %s", what, errors.type_name(name))
  end
  return name
end


-- One column that is being described.
local function add_column(self, name, kind, options)
  local column = setmetatable({ name = check_name("a column", name), kind = kind, options = options or {} }, Column)
  table.insert(self.columns, column)
  return column
end


--- The column may be NULL.
function Column:nullable()
  self.options.null = true
  return self
end


--- The column may not be NULL, which is the default.
function Column:not_null()
  self.options.null = nil
  return self
end


--- No two rows have the same value.
function Column:unique()
  self.options.unique = true
  return self
end


--- The column gets an index.
function Column:index()
  self.options.db_index = true
  return self
end


--- The database's default, which existing rows get too. A value or an expression.
function Column:default(value)
  self.options.db_default = value
  return self
end


--- The column is the primary key.
function Column:primary()
  self.options.primary_key = true
  return self
end


--- The column refers to another table.
-- @tparam string table_name
-- @tparam[opt="id"] string column its key
function Column:references(table_name, column)
  self.target = { table = check_name("a table", table_name), column = check_name("a column", column or "id") }
  return self
end


--- What the database does when the row that a reference points at is deleted: "cascade", "set_null" or "restrict".
function Column:on_delete(action)
  local actions = { cascade = "DB_CASCADE", set_null = "DB_SET_NULL", restrict = "RESTRICT" }
  if not actions[action] then
    errors.raise("misuse", "on_delete of column %s takes \"cascade\", \"set_null\" or \"restrict\"", self.name)
  end
  self.action = actions[action]
  return self
end


--- A key that counts by itself.
function Table:id(name)
  return add_column(self, name or "id", "big_auto", { primary_key = true })
end

Table.increments = Table.id


--- Text with a limit.
function Table:string(name, length)
  return add_column(self, name, "char", { max_length = length or 255 })
end


--- An exact number.
function Table:decimal(name, digits, places)
  return add_column(self, name, "decimal", { max_digits = digits or 10, decimal_places = places or 2 })
end


local KINDS = {
  text = "text", integer = "integer", small_integer = "small_integer", big_integer = "big_integer", boolean = "boolean",
  float = "float", date = "date", time = "time", datetime = "datetime", timestamp = "datetime", uuid = "uuid",
  json = "json", binary = "binary", duration = "duration",
}
for method, kind in pairs(KINDS) do
  Table[method] = function(self, name)
    return add_column(self, name, kind)
  end
end


--- An integer that refers to the key of another table: t:foreign_id("user_id"):references "users"
function Table:foreign_id(name)
  return add_column(self, name, "big_integer"):index()
end


--- created_at and updated_at, filled with the time by whoever writes.
function Table:timestamps()
  self:datetime("created_at"):nullable()
  self:datetime("updated_at"):nullable()
end


--- deleted_at, NULL for rows that are there.
function Table:soft_deletes()
  return self:datetime("deleted_at"):nullable()
end


--- No two rows have the same values in these columns.
function Table:unique(columns)
  table.insert(self.uniques, type(columns) == "table" and columns or { columns })
end


--- Drop a column; only in alter_table.
function Table:drop_column(name)
  table.insert(self.actions, { "drop_column", check_name("a column", name) })
end


--- Rename a column; only in alter_table.
function Table:rename_column(old, new)
  table.insert(self.actions, { "rename_column", check_name("a column", old), check_name("a column", new) })
end


local function describe_table(describe)
  local description = setmetatable({ columns = {}, uniques = {}, actions = {} }, Table)
  describe(description)
  return description
end


local function field_of(column)
  local options = {}
  for key, value in pairs(column.options) do
    options[key] = value
  end
  if column.target then
    local on_delete = require "rdb.orm.on_delete"
    options = {
      "schema." .. column.target.model, null = options.null, unique = options.unique or nil,
      db_index = options.db_index or false, db_column = column.name, related_name = "+",
      on_delete = on_delete[column.action or "RESTRICT"], db_default = options.db_default,
      primary_key = options.primary_key,
    }
    return fields.build("foreign_key", options)
  end
  options.db_column = column.name
  return fields.build(column.kind, options)
end


-- A registry with a model for the table and one for each table that its columns refer to.
local function scratch_model(table_name, columns, uniques)
  local definition = require "rdb.orm.definition"
  local registry = require("rdb.orm.registry").new()
  local list, by_column, has_key = {}, {}, false
  for index, column in ipairs(columns) do
    if column.target then
      column.target.model = "Target" .. index
      definition.define {
        registry = registry, label = "schema.Target" .. index, options = { table_name = column.target.table },
        fields = { { "key", fields.big_integer { primary_key = true, db_column = column.target.column } } },
      }
    end
    local name = "c" .. index
    list[index], by_column[column.name] = { name, field_of(column) }, name
    has_key = has_key or column.options.primary_key
  end
  if not has_key then
    list[#list + 1] = { "rowid_key", fields.big_auto { primary_key = true, db_column = "id" } }
  end
  local together = {}
  for index, names in ipairs(uniques or {}) do
    together[index] = {}
    for position, column in ipairs(names) do
      together[index][position] = by_column[column]
        or errors.raise("misuse", "unique(%s): table %s has no such column", tostring(column), table_name)
    end
  end
  local model = definition.define {
    registry = registry, label = "schema.Table", fields = list,
    options = { table_name = table_name, unique_together = #together > 0 and together or nil },
  }
  registry:resolve()
  return model, list
end


--- Create a table. Without a primary key among its columns it gets `id`.
-- @tparam string name
-- @tparam function describe gets the table: t:string "email" …
function Builder:create_table(name, describe)
  check_name("a table", name)
  local description = describe_table(describe)
  if description.actions[1] then
    errors.raise("misuse", "create_table(%q): columns cannot be dropped or renamed here", name)
  end
  self.editor:create_model((scratch_model(name, description.columns, description.uniques)))
end


--- Change a table: columns that are described are added, others renamed or dropped.
function Builder:alter_table(name, describe)
  check_name("a table", name)
  local description = describe_table(describe)
  local quote = self.editor.dialect.quote_name
  if description.columns[1] then
    local model = scratch_model(name, description.columns)
    for index in ipairs(description.columns) do
      self.editor:add_field(model, model._meta.by_name["c" .. index])
    end
  end
  for _, names in ipairs(description.uniques) do
    self:create_index(name, names, { unique = true })
  end
  for _, action in ipairs(description.actions) do
    if action[1] == "drop_column" then
      self.editor:execute(("ALTER TABLE %s DROP COLUMN %s"):format(quote(name), quote(action[2])))
    else
      self.editor:execute(("ALTER TABLE %s RENAME COLUMN %s TO %s"):format(quote(name), quote(action[2]),
        quote(action[3])))
    end
  end
end


--- Drop a table.
function Builder:drop_table(name)
  self.editor:execute("DROP TABLE " .. self.editor.dialect.quote_name(check_name("a table", name)))
end


--- Drop a table when it exists.
function Builder:drop_table_if_exists(name)
  self.editor:execute("DROP TABLE IF EXISTS " .. self.editor.dialect.quote_name(check_name("a table", name)))
end


--- Rename a table.
function Builder:rename_table(old, new)
  local quote = self.editor.dialect.quote_name
  self.editor:execute(("ALTER TABLE %s RENAME TO %s"):format(quote(check_name("a table", old)),
    quote(check_name("a table", new))))
end


--- Create an index.
-- @tparam string table_name
-- @tparam {string,...} columns
-- @tparam[opt] table options name, unique
function Builder:create_index(table_name, columns, options)
  options = options or {}
  local quote, quoted = self.editor.dialect.quote_name, {}
  for index, column in ipairs(columns) do
    quoted[index] = quote(check_name("a column", column))
  end
  local name = options.name or require("rdb.orm.naming").constraint_name(table_name, columns,
    options.unique and "uniq" or "idx")
  self.editor:execute(("CREATE %sINDEX %s ON %s (%s)"):format(options.unique and "UNIQUE " or "",
    quote(check_name("an index", name)), quote(check_name("a table", table_name)), table.concat(quoted, ", ")))
end


--- Drop an index.
function Builder:drop_index(name)
  self.editor:execute("DROP INDEX " .. self.editor.dialect.quote_name(check_name("an index", name)))
end


--- Run one statement.
function Builder:execute(sql, params)
  self.editor:execute(sql, params)
end


return {
  --- The builder around a schema editor; its `alias` is the database that is changed.
  new = function(editor)
    return setmetatable({ editor = editor, alias = editor.alias }, Builder)
  end,
}
