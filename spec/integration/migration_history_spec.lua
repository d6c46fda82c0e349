--- Random histories: what migrations make of a database step by step is what they make of it at once, and it can all
--- be taken back.
local autodetector = require "rdb.migrations.autodetector"
local connections = require "rdb.orm.connections"
local core = require "rdb.core"
local Executor = require "rdb.migrations.executor"
local Loader = require "rdb.migrations.loader"
local random_models = require "spec.support.random_models"
local rdb = require "rdb"
local state = require "rdb.migrations.state"
local states = require "spec.support.states"
local temporary = require "spec.support.temporary"

local TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
  .. "AND name <> 'rdb_migrations'"
local COLUMNS = "SELECT name || ' ' || type || ' ' || \"notnull\" || ' ' || coalesce(dflt_value, '-') || ' ' || pk "
  .. "AS line FROM pragma_table_xinfo(?)"
local KEYS = "SELECT \"from\" || ' ' || \"table\" || ' ' || coalesce(\"to\", '-') || ' ' || on_delete AS line "
  .. "FROM pragma_foreign_key_list(?)"
local INDEXES = "SELECT l.\"unique\" || ' ' || (SELECT group_concat(name) FROM pragma_index_info(l.name)) AS line "
  .. "FROM pragma_index_list(?) AS l"


describe("a history of migrations", function()
  local folder

  before_each(function() folder = temporary.folder() end)

  after_each(function()
    connections.close_all()
    temporary.remove(folder)
  end)

  local function use(name)
    connections.close_all()
    rdb.configure { databases = { default = ("sqlite:///%s/%s"):format(folder, name) }, apps = {} }
  end

  local function rows(sql, ...)
    return core.run(connections.pool "default", sql, table.pack(...))
  end

  -- Sorted lines about one table, from a query with the table's name as parameter.
  local function lines(sql, table_name)
    local list = {}
    for index, row in ipairs(rows(sql, table_name)) do
      list[index] = row.line
    end
    table.sort(list)
    return list
  end

  -- The schema by meaning: order of columns and names of indexes do not count.
  local function schema()
    local tables = {}
    for _, found in ipairs(rows(TABLES)) do
      tables[found.name] = {
        columns = lines(COLUMNS, found.name), keys = lines(KEYS, found.name), indexes = lines(INDEXES, found.name),
      }
    end
    return tables
  end

  local function executor_of(migrations)
    local loader = Loader.new { apps = random_models.APPS, migrations = migrations }
    return Executor.new { alias = "default", apps = random_models.APPS, loader = loader }, loader
  end

  -- Make and apply what leads to the project; the state of the migrations must be the state of the models.
  local function advance(migrations, project, answers)
    local _, loader = executor_of(migrations)
    local wanted = random_models.state(project)
    local changes = autodetector.changes(loader:project_state(), wanted,
      { loader = loader, answers = answers or random_models.defaults(wanted) })
    local new = states.reload(changes)
    table.move(new, 1, #new, #migrations + 1, migrations)
    local executor
    executor, loader = executor_of(migrations)
    executor:migrate()
    assert.same({}, autodetector.changes(loader:project_state(), wanted))
    return wanted
  end

  local function schema_at_once(wanted)
    use "fresh.db"
    local executor = executor_of(states.reload(autodetector.changes(state.ProjectState(), wanted)))
    executor:migrate()
    local result = schema()
    os.remove(folder .. "/fresh.db")
    use "stepwise.db"
    return result
  end

  local function to_zero_and_back(migrations)
    local executor, loader = executor_of(migrations)
    local full = schema()
    for _, app in ipairs(random_models.APPS) do
      if loader.by_app[app][1] then
        executor:migrate { { app, "zero" } }
      end
    end
    assert.same({}, schema())
    executor:migrate()
    assert.same(full, schema())
  end

  for seed = 1, 6 do
    it("of changes, seed " .. seed, function()
      use "stepwise.db"
      local random, migrations = random_models.new(seed), {}
      local project = random:project()
      for _ = 1, 3 do
        local wanted = advance(migrations, project)
        assert.same(schema_at_once(wanted), schema())
        project = random:changed(project)
      end
      to_zero_and_back(migrations)
    end)

    it("of renames, seed " .. seed, function()
      use "stepwise.db"
      local random, migrations = random_models.new(seed), {}
      local project, answers = random:project(), nil
      for _ = 1, 3 do
        local wanted = advance(migrations, project, answers)
        assert.same(schema_at_once(wanted), schema())
        project, answers = random:renamed(project)
      end
      to_zero_and_back(migrations)
    end)
  end
end)
