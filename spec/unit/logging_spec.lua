--- rdb.configure { log = ... }.
local core = require "rdb.core"
local connections = require "rdb.orm.connections"
local rdb = require "rdb"
local f = require "rdb.fields"
local definition = require "rdb.orm.definition"
local registry = require "rdb.orm.registry"
local settings = require "rdb.orm.settings"
local temporary = require "spec.support.temporary"

local DATABASES = { default = "sqlite://:memory:" }

describe("the log", function()
  local lines

  local function configure(log)
    lines = {}
    log.to = log.to or function(line) lines[#lines + 1] = line end
    settings.configure { databases = DATABASES, log = log }
  end
  local function run(sql, ...)
    return core.run(connections.target "default", sql, table.pack(...))
  end
  -- The lines without their times.
  local function logged()
    local list = {}
    for i, line in ipairs(lines) do
      list[i] = line:gsub("%d+%.%d+ ms", "T ms")
    end
    return list
  end

  after_each(function()
    connections.close_all()
    settings.configure {}
  end)

  it("writes each statement, without values", function()
    configure { sql = true }
    run("SELECT ? AS a\n  UNION ALL SELECT ?", "secret", 2)
    pcall(run, "SELECT * FROM nosuch WHERE a = ?", "secret")
    assert.same({ "rdb: default: debug: T ms, 2 rows: SELECT ? AS a UNION ALL SELECT ?",
      "rdb: default: debug: T ms, failed: SELECT * FROM nosuch WHERE a = ?" }, logged())
    run "SELECT 1"
    assert.equal("rdb: default: debug: T ms, 1 row: SELECT 1", logged()[3])
    settings.configure { databases = DATABASES }
    run "SELECT 1"
    assert.equal(3, #lines)
  end)

  it("writes the values when it is told to", function()
    configure { sql = true, params = true }
    run("SELECT ?, ?, ?, ?, ?", 1, 'a "b"\n\1', nil, core.decimal "1.50", "\255\0")
    run("SELECT ?", ("é"):rep(150))
    assert.same({ 'rdb: default: debug: T ms, 1 row: SELECT ?, ?, ?, ?, ? '
      .. '[1, "a \\"b\\"\\n\\x01", NULL, 1.50, <2 bytes>]',
      ('rdb: default: debug: T ms, 1 row: SELECT ? ["%s"... (300 bytes)]'):format(("é"):rep(100)) }, logged())
  end)

  it("writes the values of what models run, but not those of many rows", function()
    local models = registry.new()
    local Thing = definition.define { registry = models, label = "log.Thing", source = "spec",
      fields = { { "name", f.char { max_length = 20 } }, { "data", f.json { null = true } } } }
    models:resolve()
    configure { sql = true, params = true }
    local editor = require "rdb.migrations.schema.editor".new "default"
    editor:create_model(Thing)
    editor:finish()
    local thing = Thing.objects:create { name = "a", data = { x = 1 } }
    thing.name = "b"
    thing:save()
    for _ in Thing.objects:filter { name = "b" }:iterator() do end
    Thing.objects:bulk_create { Thing { name = "c" }, Thing { name = "d" } }
    Thing.objects:filter { id__in = { 2, 3 } }:update { name = "e" }
    pcall(Thing.objects.create, Thing.objects, { id = 1, name = "f" })
    thing:delete()
    local seen = {}
    for i = 2, #lines do
      seen[i - 1] = lines[i]:match "ms, (.- %u+)" .. (lines[i]:match " %[.*%]$" or "")
    end
    assert.same({
      '1 row: INSERT ["a", "{\\"x\\":1}"]', '1 row: UPDATE ["b", 1]', '1 row: SELECT ["b"]', "2 rows: INSERT",
      '2 rows: UPDATE ["e", 2, 3]', 'failed: INSERT [1, "f", NULL]', "1 row: DELETE [1]",
    }, seen)
  end)

  it("writes slow statements as warnings", function()
    configure { slow = 0 }
    run "SELECT 1"
    configure { slow = 100 }
    run "SELECT 1"
    assert.same({}, lines)
    configure { slow = 0, level = "error" }
    run "SELECT 1"
    assert.same({}, lines)
    configure { slow = 0, sql = true, level = "warn" }
    run "SELECT 1"
    assert.same({ "rdb: default: warning: slow: T ms, 1 row: SELECT 1" }, logged())
  end)

  it("leaves rdb.capture and rdb.on_query as they are", function()
    configure { sql = true, params = true }
    local seen = {}
    rdb.on_query(function(...) seen[#seen + 1] = select("#", ...) end)
    local log = rdb.capture(function() run("SELECT ?", 1) end)
    rdb.on_query(nil)
    assert.equal("SELECT ?", log[1].sql)
    assert.same({ 4 }, seen)
    run("SELECT ?", 2)
    assert.equal(2, #lines)
    assert.is_truthy(lines[2]:find("[2]", 1, true))
  end)

  it("goes to stderr, also when its destination fails", function()
    local folder = temporary.folder()
    temporary.write(folder .. "/x.lua", [[
      local rdb = require "rdb"
      local function log(to)
        rdb.configure { databases = { default = "sqlite://:memory:" }, log = { sql = true, to = to } }
        rdb.query "SELECT 1"
      end
      log()
      log(function() error "full" end)
    ]])
    local pipe = io.popen(("%s %s/x.lua 2>&1 >/dev/null"):format(temporary.interpreter(), folder))
    local text = pipe:read "a"
    pipe:close()
    temporary.remove(folder)
    local _, count = text:gsub("rdb: default: debug: [%d.]+ ms, 1 row: SELECT 1\n", "")
    assert.equal(2, count, text)
  end)

  it("refuses what it does not know", function()
    for expected, log in pairs {
      ["log has no key 'sq'; did you mean 'sql'?"] = { sq = true },
      ["log.sql must be a boolean, got a string"] = { sql = "yes" },
      ["log.level must be one of debug, info, warn, error, got 'loud'"] = { level = "loud" },
      ["log.slow must be a number of seconds that is not negative, got -1"] = { slow = -1 },
      ["log must be a table such as { sql = true }, got a boolean"] = true,
    } do
      local ok, err = pcall(settings.configure, { databases = DATABASES, log = log })
      assert.is_false(ok)
      assert.equal("config", err.code)
      assert.equal(expected, err.message)
    end
  end)
end)
