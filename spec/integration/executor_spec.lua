local core = require "rdb.core"
local connections = require "rdb.orm.connections"
local Executor = require "rdb.migrations.executor"
local project = require "spec.support.migration_project"
local schema = require "spec.support.schema_models"
local temporary = require "spec.support.temporary"


describe("the executor", function()
  local folder, path, events

  local function executor()
    return Executor.new { apps = { "blog" }, root = folder, on_event = function(event)
      events[#events + 1] = event.event .. (event.key and " " .. event.key or "")
    end }
  end
  local function migrate(name, options)
    events = {}
    return executor():migrate(name and { { "blog", name } } or nil, options)
  end
  local function fails(...)
    local ok, err = pcall(migrate, ...)
    assert.is_false(ok)
    return err
  end
  local function value(sql) return core.run(connections.target "default", "SELECT (" .. sql .. ") AS v", {})[1].v end

  before_each(function()
    folder = project.new {
      ["0001_initial"] = project.INITIAL, ["0002_second"] = project.SECOND, ["0003_third"] = project.THIRD,
    }
    path = folder .. "/app.db"
    schema.connect(path)
  end)

  after_each(function()
    schema.disconnect()
    temporary.remove(folder)
  end)

  it("applies everything once and then has nothing to do", function()
    local summary = migrate()
    assert.same({ "blog.0001_initial", "blog.0002_second", "blog.0003_third" }, summary.applied)
    assert.same({ "plan", "migration_started blog.0001_initial", "migration_ended blog.0001_initial",
      "migration_started blog.0002_second", "rebuild_started", "rebuild_ended", "migration_ended blog.0002_second",
      "migration_started blog.0003_third", "migration_ended blog.0003_third" }, events)
    assert.same(1, value "SELECT count(*) FROM blog_author WHERE name = 'from lua'")
    assert.same({ applied = {}, unapplied = {}, skipped = {}, faked = {} }, migrate())
    assert.same({ "nothing_to_do" }, events)
    local row = core.run(connections.target "default", "SELECT * FROM rdb_migrations WHERE name = '0002_second'", {})[1]
    assert.same("applied", row.state)
    assert.same({ 5, 5, 1, core.version }, { row.op_count, row.ops_done, row.batch, row.version })
    assert.is_truthy(row.checksum:find "^fnv1a64:%x+$")
    assert.is_truthy(row.pid and row.host and row.duration_ms and row.applied_at)
  end)

  it("goes to a name, back, to zero and forwards again to the same schema", function()
    migrate "0001"
    local first = temporary.schema(path)
    migrate()
    local last = temporary.schema(path)
    assert.same({ "blog.0003_third", "blog.0002_second" }, migrate "0001".unapplied)
    assert.same(first, temporary.schema(path))
    migrate()
    assert.same(last, temporary.schema(path))
    local summary = migrate "zero"
    assert.same({ "blog.0003_third", "blog.0002_second", "blog.0001_initial" }, summary.unapplied)
    assert.same({}, temporary.schema(path))
    assert.same(0, value "SELECT count(*) FROM rdb_migrations")
    migrate()
    assert.same(last, temporary.schema(path))
  end)

  it("leaves nothing of a migration that fails, and says where and what", function()
    project.write(folder, "0004_bad", [[
return m.Migration { dependencies = { { "blog", "0003_third" } }, operations = {
  m.CreateModel { "Extra", fields = { { "id", f.big_auto { primary_key = true } } } },
  m.AddField { model = "Author", name = "extra", field = f.integer { default = 1 } },
  m.RunSQL { "INSERT INTO nosuch VALUES (1)", m.noop },
} }
]])
    local err = fails()
    assert.same("undefined_table", err.code)
    assert.same("blog.0004_bad", err.migration)
    assert.same(3, err.operation)
    for _, text in ipairs {
      "applying blog.0004_bad failed at operation 3 of 3", "0004_bad.lua", "no such table: nosuch",
      "SQL: INSERT INTO nosuch VALUES (1)", "as it was before blog.0004_bad",
      "this run applied: blog.0001_initial, blog.0002_second, blog.0003_third",
    } do
      assert.is_truthy(err.message:find(text, 1, true), text .. "\n" .. err.message)
    end
    assert.is_truthy(err.hint:find("run migrate again", 1, true))
    assert.is_nil(value "SELECT name FROM sqlite_master WHERE name = 'blog_extra'")
    assert.is_nil(value "SELECT name FROM pragma_table_info('blog_author') WHERE name = 'extra'")
    assert.same(3, value "SELECT count(*) FROM rdb_migrations")
  end)

  it("names the operations of a rebuild that was held back", function()
    migrate "0001"
    core.run(connections.target "default", "INSERT INTO blog_author (name) VALUES ('same'), ('same')", {})
    local err = fails "0002"
    assert.same("unique_violation", err.code)
    assert.is_truthy(err.message:find("operations 1, 2 of 5", 1, true), err.message)
    assert.is_truthy(err.message:find("for example id 1, 2", 1, true), err.message)
  end)

  it("refuses a plan with an irreversible operation before anything runs", function()
    project.write(folder, "0004_one_way", [[
return m.Migration { dependencies = { { "blog", "0003_third" } }, operations = {
  m.RunSQL { "UPDATE blog_author SET age = 2" } } }
]])
    project.write(folder, "0005_after", [[
return m.Migration { dependencies = { { "blog", "0004_one_way" } }, operations = {
  m.RunSQL { "UPDATE blog_author SET age = 3", m.noop } } }
]])
    migrate()
    local err = fails "0003"
    assert.same("unsupported", err.code)
    assert.is_truthy(err.message:find("blog.0004_one_way cannot be unapplied", 1, true), err.message)
    assert.same(5, value "SELECT count(*) FROM rdb_migrations")
  end)

  it("finds edited files, but not comments and white space", function()
    migrate()
    project.write(folder, "0003_third", "-- a comment\n" .. project.THIRD:gsub("\n", "\r\n  "))
    migrate()
    project.write(folder, "0003_third", (project.THIRD:gsub("age = 1", "age = 2")))
    local err = fails()
    assert.same(5, err.exit_code)
    assert.is_truthy(err.message:find("1 applied migration was edited afterwards", 1, true), err.message)
    assert.is_truthy(err.message:find("blog/migrations/0003_third.lua: applied as fnv1a64:", 1, true), err.message)
    assert.is_truthy(err.hint:find("--accept-edited", 1, true))
    migrate(nil, { accept_edited = true })
    migrate()
    assert.same({ "nothing_to_do" }, events)
  end)

  it("finds applied migrations without a file, and renamed ones", function()
    migrate()
    os.remove(folder .. "/blog/migrations/0003_third.lua")
    local err = fails()
    assert.same(5, err.exit_code)
    assert.is_truthy(err.message:find("there is no file: blog.0003_third", 1, true), err.message)
    project.write(folder, "0003_renamed", project.THIRD)
    err = fails()
    assert.is_truthy(err.message:find("renamed to blog.0003_renamed?", 1, true), err.message)
    os.remove(folder .. "/blog/migrations/0003_renamed.lua")
    migrate(nil, { prune = true })
    assert.same(2, value "SELECT count(*) FROM rdb_migrations")
    migrate()
    assert.same({ "nothing_to_do" }, events)
  end)

  it("refuses a history in which a dependency is not applied", function()
    migrate()
    core.run(connections.target "default", "DELETE FROM rdb_migrations WHERE name = '0001_initial'", {})
    local err = fails()
    assert.same(5, err.exit_code)
    local text = "blog.0002_second is applied, but its dependency blog.0001_initial is not"
    assert.is_truthy(err.message:find(text, 1, true), err.message)
  end)

  it("fakes, and fakes initial migrations of a database that has the tables", function()
    migrate "0001"
    core.script(connections.target "default", "DROP TABLE rdb_migrations")
    local summary = migrate("0001", { fake_initial = true })
    assert.same({ "blog.0001_initial" }, summary.faked)
    assert.same("faked", value "SELECT state FROM rdb_migrations")
    migrate("zero", { fake = true })
    assert.same(0, value "SELECT count(*) FROM rdb_migrations")
    core.script(connections.target "default", "ALTER TABLE blog_author DROP COLUMN name")
    core.script(connections.target "default", "ALTER TABLE blog_tag ADD COLUMN more text")
    local err = fails("0001", { fake_initial = true })
    assert.same(5, err.exit_code)
    assert.is_truthy(err.message:find("table blog_author: column name is missing", 1, true), err.message)
    assert.is_truthy(err.message:find("table blog_tag: column more is not in the model", 1, true), err.message)
    assert.is_truthy(err.message:find("differs in 2 places", 1, true), err.message)
    assert.same(0, value "SELECT count(*) FROM rdb_migrations")
  end)

  it("goes on where a migration without a transaction stopped", function()
    local text = [[
return m.Migration { atomic = false, dependencies = { { "blog", "0003_third" } }, operations = {
  m.RunSQL { "CREATE TABLE steps (n integer)", "DROP TABLE steps" },
  m.RunSQL { "INSERT INTO steps VALUES (1)", m.noop },
  m.RunSQL { "INSERT INTO %s VALUES (2)", m.noop },
} }
]]
    project.write(folder, "0004_steps", text:format "nosuch")
    local err = fails()
    assert.is_truthy(err.message:find("2 of its 3 operations are done and stay", 1, true), err.message)
    assert.same({ "failed", 2 }, { value "SELECT state FROM rdb_migrations WHERE name = '0004_steps'",
      value "SELECT ops_done FROM rdb_migrations WHERE name = '0004_steps'" })
    project.write(folder, "0004_steps", text:format "steps")
    migrate()
    assert.same(3, value "SELECT sum(n) FROM steps")
    assert.same("applied", value "SELECT state FROM rdb_migrations WHERE name = '0004_steps'")
  end)

  it("gives up waiting for the lock with exit code 4", function()
    migrate "0001"
    local holder = core.pool_open("holder", "sqlite:///" .. path)
    local txn = core.begin(holder)
    local started = core.now()
    local err = fails(nil, { lock_timeout = 1.2 })
    local waited = (core.now() - started).seconds
    txn:rollback()
    core.pool_remove "holder"
    assert.same("lock_timeout", err.code)
    assert.same(4, err.exit_code)
    assert.is_truthy(table.concat(events, " "):find("waiting", 1, true))
    assert.is_true(waited >= 1.1 and waited < 4, waited)
    migrate()
  end)

  it("shows the SQL of a migration without a database", function()
    local sql, migration = executor():sql("blog", "0001")
    assert.same("blog.0001_initial", migration.key)
    assert.same('-- Create model Author', sql[1])
    assert.same('CREATE TABLE "blog_author" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar(20) NOT '
      .. 'NULL)', sql[2])
    assert.is_nil(temporary.read(path))
    local back = executor():sql("blog", "0001", true)
    assert.same('DROP TABLE "blog_author"', back[#back])
  end)
end)
