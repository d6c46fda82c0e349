--- Operations that run what a person wrote: RunSQL, RunLua, RunSchema (up and down), SeparateDatabaseAndState.
local base = require "rdb.migrations.operations.base"
local errors = require "rdb.orm.errors"



--- Does nothing; as `backwards` or `reverse_sql` it says that nothing needs to be undone.
local function noop() end


-- What code of a person gets: the schema builder around the editor.
local function schema_for(editor)
  return require("rdb.migrations.schema_builder").new(editor)
end


-- A collecting editor writes SQL down; code cannot be written down, so a comment stands for it.
local function collected(editor, what)
  if editor.collected then
    table.insert(editor.collected, "-- " .. what .. ": runs code, which cannot be shown as SQL")
    return true
  end
  return false
end


local RunSQL = base.define("RunSQL", {
  category = "s",
  arguments = {
    -- text (split into statements), or a list of statements, each text or { text, params }
    { name = "sql", type = "string|table|function", required = true, positional = 1 },
    { name = "reverse_sql", type = "string|table|function", positional = 2, show_key = true },
    { name = "params", type = "table" },
    { name = "state_operations", type = "table", omit_empty = true },
    { name = "elidable", type = "boolean", default = false },
    { name = "hints", type = "table", omit_empty = true },
  },
})


local function check_sql(name, sql)
  if type(sql) == "function" and sql ~= noop then
    errors.raise("config", "argument %q of m.RunSQL must be SQL text, a list or m.noop", name)
  elseif type(sql) == "table" then
    for index, each in ipairs(sql) do
      if type(each) ~= "string" and not (type(each) == "table" and type(each[1]) == "string") then
        errors.raise("config", "%s[%d] of m.RunSQL must be a statement or { statement, params }", name, index)
      end
    end
  end
end


function RunSQL:check()
  check_sql("sql", self.sql)
  check_sql("reverse_sql", self.reverse_sql)
  self.reversible = self.reverse_sql ~= nil
end


function RunSQL:state_forwards(app, state)
  for _, operation in ipairs(self.state_operations or {}) do
    operation:state_forwards(app, state)
  end
end


local function run_sql(editor, sql, params)
  if type(sql) == "string" then
    local statements = require("rdb.migrations.sql_splitter").split(sql)
    if params and #statements > 1 then
      errors.raise("config", "m.RunSQL with params takes one statement, got %d", #statements)
    end
    for _, statement in ipairs(statements) do
      editor:execute(statement, params)
    end
  elseif type(sql) == "table" then
    for _, each in ipairs(sql) do
      if type(each) == "table" then
        editor:execute(each[1], each[2])
      else
        run_sql(editor, each)
      end
    end
  end
end


function RunSQL:database_forwards(_, editor)
  run_sql(editor, self.sql, self.params)
end


function RunSQL:database_backwards(_, editor)
  if self.reverse_sql == nil then
    errors.raise("unsupported", "m.RunSQL without reverse_sql cannot be undone")
  end
  run_sql(editor, self.reverse_sql)
end


function RunSQL.describe()
  return "Run SQL"
end


-- forwards(apps, schema) and backwards(apps, schema): the models of apps use the database that is migrated, whose alias
-- is schema.alias.
local RunLua = base.define("RunLua", {
  category = "p", reduces_to_sql = false,
  arguments = {
    { name = "forwards", type = "function", required = true, positional = 1, show_key = true },
    { name = "backwards", type = "function", positional = 2, show_key = true },
    { name = "atomic", type = "boolean" },
    { name = "elidable", type = "boolean", default = false },
    { name = "hints", type = "table", omit_empty = true },
  },
})


function RunLua:check()
  self.reversible = self.backwards ~= nil
end


function RunLua.state_forwards() end


function RunLua:database_forwards(_, editor, from)
  if self.forwards ~= noop and not collected(editor, "RunLua") then
    self.forwards(from:render(), schema_for(editor))
  end
end


function RunLua:database_backwards(_, editor, from)
  if self.backwards == nil then
    errors.raise("unsupported", "m.RunLua without backwards cannot be undone; m.noop says that nothing has to be")
  end
  if self.backwards ~= noop and not collected(editor, "RunLua") then
    self.backwards(from:render(), schema_for(editor))
  end
end


function RunLua.describe()
  return "Run Lua code"
end


local RunSchema = base.define("RunSchema", {
  category = "?",
  arguments = {
    { name = "up", type = "function", required = true, positional = 1, show_key = true },
    { name = "down", type = "function", positional = 2, show_key = true },
  },
})


function RunSchema:check()
  self.reversible = self.down ~= nil
end


-- Tables made by hand are no models.
function RunSchema.state_forwards() end


function RunSchema:database_forwards(_, editor)
  self.up(schema_for(editor))
end


function RunSchema:database_backwards(_, editor)
  if self.down == nil then
    errors.raise("unsupported", "a migration with up and without down cannot be undone")
  end
  self.down(schema_for(editor))
end


function RunSchema.describe()
  return "Run up and down functions"
end


local SeparateDatabaseAndState = base.define("SeparateDatabaseAndState", {
  category = "?",
  arguments = {
    { name = "database_operations", type = "table", omit_empty = true },
    { name = "state_operations", type = "table", omit_empty = true },
  },
})


function SeparateDatabaseAndState:check()
  self.reversible = true
  for _, operation in ipairs(self.database_operations or {}) do
    self.reversible = self.reversible and operation.reversible
  end
end


function SeparateDatabaseAndState:state_forwards(app, state)
  for _, operation in ipairs(self.state_operations or {}) do
    operation:state_forwards(app, state)
  end
end


function SeparateDatabaseAndState:database_forwards(app, editor, from)
  for _, operation in ipairs(self.database_operations or {}) do
    local to = from:clone()
    operation:state_forwards(app, to)
    operation:database_forwards(app, editor, from, to)
    from = to
  end
end


function SeparateDatabaseAndState:database_backwards(app, editor, _, to)
  local states = { to }
  local operations = self.database_operations or {}
  for index, operation in ipairs(operations) do
    states[index + 1] = states[index]:clone()
    operation:state_forwards(app, states[index + 1])
  end
  for index = #operations, 1, -1 do
    operations[index]:database_backwards(app, editor, states[index + 1], states[index])
  end
end


function SeparateDatabaseAndState.describe()
  return "Separate database and state changes"
end


return {
  RunSQL = RunSQL, RunLua = RunLua, RunSchema = RunSchema, SeparateDatabaseAndState = SeparateDatabaseAndState,
  noop = noop,
}
