--- rdb.core statements: shapes, parameters, errors, cursors, leases and the query hook, on in-memory SQLite.
local core = require "rdb.core"

local URL = "sqlite://:memory:"
local NAME = "core_statements"


local function caught(...)
  local ok, err = pcall(...)
  assert.is_false(ok)
  assert.is_table(err)
  return err
end


local function model(label) return { _meta = { label = label } } end


describe("core", function()
  local pool

  before_each(function()
    pool = core.pool_open(NAME, URL)
    core.script(pool, "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, size REAL, ok INTEGER, made TEXT)")
    core.run(pool, "INSERT INTO item VALUES (1, 'a', 1.5, 1, '2024-02-29'), (2, NULL, NULL, 0, NULL), "
      .. "(3, 'c', 3, NULL, '2024-03-01')")
  end)

  after_each(function()
    assert.equal(0, pool:stats().in_use)
    core.on_query(nil)
    core.pool_remove(NAME)
    pool = nil
  end)

  it("does not keep what core.script runs", function()
    core.run(pool, "SELECT 1")
    local before = core.live().statements
    core.script(pool, "CREATE TABLE other (a)")
    core.script(pool, "INSERT INTO other VALUES (1)")
    assert.equal(before, core.live().statements)
    core.run(pool, "SELECT 2")
    assert.equal(before + 1, core.live().statements)
  end)

  local COLUMNS = { { "id", "int64" }, { "name", "text" }, { "size", "double" }, { "ok", "bool" }, { "made", "date" } }

  local function plan(description)
    description.sql = description.sql or "SELECT id, name, size, ok, made FROM item ORDER BY id"
    description.columns = description.columns or COLUMNS
    return core.plan(description)
  end

  it("ends a statement at its time limit", function()
    local endless = core.plan {
      sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) "
        .. "SELECT COUNT(*) FROM n",
      shape = "flat", columns = { { "n", "int64" } },
    }
    for _, verb in ipairs { core.fetch, core.fetch_one, core.execute, core.cursor } do
      local started = os.clock()
      assert.equal("statement_timeout", caught(verb, pool, endless, {}, 0.01).code)
      assert.is_true(os.clock() - started < 1)
    end
    assert.equal(3, #core.fetch(pool, plan { shape = "dict" }, nil, 10))
    assert.matches("positive number of seconds", select(2, pcall(core.fetch, pool, endless, {}, 0)))
  end)

  describe("fetch", function()
    it("makes dicts without the NULL keys", function()
      local rows, n = core.fetch(pool, plan { shape = "dict" })
      assert.equal(3, n)
      assert.equal(3, #rows)
      assert.same({ id = 2, ok = false }, rows[2])
      assert.equal("2024-02-29", tostring(rows[1].made))
      assert.equal(true, rows[1].ok)
      assert.equal("float", math.type(rows[3].size))
    end)

    it("makes tuples with holes", function()
      local rows = core.fetch(pool, plan { shape = "tuple" })
      assert.equal(2, rows[2][1])
      assert.is_nil(rows[2][2])
      assert.equal(false, rows[2][4])
    end)

    it("makes flat lists with the null sentinel", function()
      local flat = plan { sql = "SELECT name FROM item ORDER BY id", columns = { { "name", "text" } }, shape = "flat" }
      assert.same({ "a", core.null, "c" }, (core.fetch(pool, flat)))
    end)

    it("answers an empty list for no rows", function()
      local rows, n = core.fetch(pool, plan { sql = "SELECT id FROM item WHERE id > 9", shape = "dict",
        columns = { { "id", "int64" } } })
      assert.same({}, rows)
      assert.equal(0, n)
    end)

    it("reads thousands of rows with the collector at work", function()
      local many = core.plan { shape = "dict", columns = { { "n", "int64" }, { "text", "text" } }, params = { "int64" },
        sql = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ?) "
          .. "SELECT n, 'row ' || n FROM c" }
      for _ = 1, 3 do
        local rows, n = core.fetch(pool, many, { 5000 })
        assert.equal(5000, n)
        assert.same({ n = 5000, text = "row 5000" }, rows[5000])
      end
      assert.is_true(collectgarbage "isrunning")
    end)

    it("leaves a stopped collector stopped", function()
      collectgarbage "stop"
      finally(function() collectgarbage "restart" end)
      core.fetch(pool, plan { shape = "dict", columns = { { "n", "int64" } },
        sql = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 500) SELECT n FROM c" })
      assert.is_false(collectgarbage "isrunning")
    end)

    it("names model and column of a cell that does not fit, and keeps the connection", function()
      local bad = plan { sql = "SELECT 'x' AS made", columns = { { "made", "date" } }, shape = "dict",
        model = model "shop.Item" }
      local err = caught(core.fetch, pool, bad)
      assert.equal("invalid_value", err.code)
      assert.equal("made", err.column)
      assert.matches("^shop%.Item%.made: ", err.message)
      assert.equal(0, pool:stats().in_use)
      assert.equal(1, pool:stats().created)
    end)

    it("names the column of malformed JSON", function()
      local bad = plan { sql = "SELECT '{' AS data", columns = { { "data", "json" } }, shape = "dict",
        model = model "shop.Item" }
      assert.matches("^shop%.Item%.data: ", caught(core.fetch, pool, bad).message)
    end)

    it("refuses a result with fewer columns than the plan", function()
      local err = caught(core.fetch, pool, plan { sql = "SELECT 1", shape = "dict" })
      assert.equal("misuse", err.code)
      assert.equal("the statement answers 1 columns, the plan expects 5", err.message)
    end)

    it("carries the SQL text in database errors", function()
      local err = caught(core.fetch, pool, plan { sql = "SELECT missing FROM item", shape = "dict" })
      assert.equal("undefined_column", err.code)
      assert.equal("SELECT missing FROM item", err.sql)
      assert.equal("sqlite", err.backend)
    end)
  end)

  describe("fetch_one", function()
    it("answers the first row and whether there is another", function()
      local first, more = core.fetch_one(pool, plan { shape = "dict" })
      assert.equal(1, first.id)
      assert.is_true(more)
      local by_id = plan { sql = "SELECT id FROM item WHERE id = ?", params = { "int64" }, shape = "dict",
        columns = { { "id", "int64" } } }
      local only, again = core.fetch_one(pool, by_id, { 3 })
      assert.same({ id = 3 }, only)
      assert.is_false(again)
      assert.is_nil((core.fetch_one(pool, by_id, { 9 })))
    end)
  end)

  describe("parameters", function()
    local function echo(kind, value)
      local echoed = core.plan { sql = "SELECT ? AS v", params = { kind }, columns = { { "v", kind } }, shape = "dict" }
      return core.fetch_one(pool, echoed, { value }).v
    end

    it("come back as they went", function()
      assert.equal(math.mininteger, echo("int64", math.mininteger))
      assert.equal(7, echo("int64", 7.0))
      assert.equal("a\0b", echo("text", "a\0b"))
      assert.equal(true, echo("bool", true))
      assert.equal(core.decimal "1.10", echo("decimal", core.decimal "1.10"))
      assert.equal(core.date "2024-02-29", echo("date", "2024-02-29"))
      assert.same({ a = { 1, 2 } }, echo("json", { a = { 1, 2 } }))
      local id = core.uuid()
      assert.equal(id, echo("uuid", id))
      assert.is_nil(echo("text", nil))
      assert.is_nil(echo("text", core.null))
    end)

    it("take more values than there is room on the C stack", function()
      local kinds, values, marks = {}, {}, {}
      for i = 1, 300 do
        kinds[i], values[i], marks[i] = "decimal", core.decimal(i), "?"
      end
      local rows = core.fetch(pool, core.plan { sql = "SELECT " .. table.concat(marks, " || ',' || "), params = kinds,
        columns = { { "v", "text" } }, shape = "flat" }, values)
      assert.matches("^1,2,3,.*,299,300$", rows[1])
    end)

    it("that do not fit name their position", function()
      local two = core.plan { sql = "SELECT ?, ?", params = { "int64", "int64" } }
      local err = caught(core.execute, pool, two, { 1, "x" })
      assert.equal("invalid_value", err.code)
      assert.equal(2, err.param)
      assert.equal("expected an integer, got a string", err.message)
      assert.equal("misuse", caught(core.execute, pool, two).code)
    end)
  end)

  describe("execute and run", function()
    it("answer what changed", function()
      local affected = core.execute(pool, core.plan { sql = "UPDATE item SET name = ?", params = { "text" } }, { "z" })
      assert.equal(3, affected)
      local _, id = core.execute(pool, core.plan { sql = "INSERT INTO item (name) VALUES ('n')" })
      assert.equal(4, id)
    end)

    it("run ad-hoc SQL with holes in the parameters", function()
      local rows, n = core.run(pool, "SELECT ? AS a, ? AS b, ? AS c", { n = 3, 1, nil, "x" })
      assert.equal(1, n)
      assert.same({ a = 1, c = "x" }, rows[1])
      assert.same({ "a", "b", "c" }, rows.columns)
      local _, none, affected, last = core.run(pool, "INSERT INTO item (name) VALUES (?)", { "n" })
      assert.same({ 0, 1, 4 }, { none, affected, last })
    end)

    it("refuse what is no target", function()
      assert.equal("misuse", caught(core.run, {}, "SELECT 1").code)
      assert.equal("misuse", caught(core.run, io.stdout, "SELECT 1").code)
      assert.equal("misuse", caught(core.fetch, pool, pool).code)
    end)
  end)

  describe("plan", function()
    it("refuses nonsense", function()
      assert.matches("unknown kind", caught(core.plan, { sql = "x", params = { "int" } }).message)
      assert.matches("unknown shape", caught(core.plan, { sql = "x", shape = "list" }).message)
      assert.matches("sql must be a string", caught(core.plan, {}).message)
      assert.matches("needs columns", caught(core.plan, { sql = "x", shape = "dict" }).message)
      assert.matches("related%.last", caught(core.plan, { sql = "x", shape = "instance", columns = COLUMNS,
        related = { { attr = "a", parent = 0, first = 2, last = 9, pk = 1 } } }).message)
    end)
  end)

  describe("cursor", function()
    it("reads in portions and gives the connection back at the end", function()
      local cursor = core.cursor(pool, plan { shape = "dict" })
      assert.equal(1, pool:stats().in_use)
      assert.equal(2, #cursor:fetch(2))
      assert.equal(1, #cursor:fetch(2))
      assert.equal(0, pool:stats().in_use)
      assert.is_nil(cursor:fetch(2))
      cursor:close()
    end)

    it("lets other statements use the only connection", function()
      local first <close> = core.cursor(pool, plan { shape = "dict" })
      local second <close> = core.cursor(pool, plan { shape = "dict" })
      assert.equal(1, #first:fetch(1))
      assert.equal(3, #core.fetch(pool, plan { shape = "dict" }))
      assert.equal(1, #second:fetch(1))
      first:close()
      assert.equal(1, pool:stats().in_use)
      assert.equal(2, #second:fetch(5))
      assert.equal("the cursor is closed", caught(first.fetch, first, 1).message)
    end)

    it("is named when a transaction wants its connection", function()
      local open <close> = core.cursor(pool, plan { shape = "dict" })
      local err = caught(core.begin, pool)
      assert.equal("misuse", err.code)
      assert.matches("this thread's open cursors hold all 1 of them", err.message)
      open:close()
      core.begin(pool):rollback()
    end)

    it("keeps its parameters", function()
      local text = ("long "):rep(100)
      local values = { text, core.decimal "12.50" }
      local cursor <close> = core.cursor(pool, core.plan { params = { "text", "decimal" }, shape = "dict",
        sql = "SELECT ?1 AS t, ?2 AS d UNION ALL SELECT ?1, ?2", columns = { { "t", "text" }, { "d", "decimal" } } },
        values)
      values[1], values[2], text = nil, nil, nil -- luacheck: ignore 311
      collectgarbage()
      for _ = 1, 2 do
        local row = cursor:fetch(1)[1]
        assert.equal(500, #row.t)
        assert.equal(core.decimal "12.50", row.d)
      end
    end)

    it("ends with its transaction", function()
      local txn <close> = core.begin(pool)
      local cursor <close> = core.cursor(txn, plan { shape = "dict" })
      assert.equal(1, #cursor:fetch(1))
      txn:rollback()
      assert.equal("the cursor's transaction or lease is over", caught(cursor.fetch, cursor, 1).message)
    end)

    it("that is dropped gives its connection back", function()
      core.cursor(pool, plan { shape = "dict" }):fetch(1)
      collectgarbage()
      collectgarbage()
      assert.equal(0, pool:stats().in_use)
      assert.equal(0, core.live().cursors)
    end)
  end)

  describe("a lease", function()
    it("runs statements until it is closed", function()
      local lease <close> = pool:acquire()
      assert.equal(36, #lease:id())
      assert.equal(3, lease:query("SELECT count(*) AS n FROM item")[1].n)
      assert.equal(3, #core.fetch(lease, plan { shape = "dict" }))
      assert.matches("open leases hold all 1", caught(core.fetch, pool, plan { shape = "dict" }).message)
      lease:close()
      lease:close()
      assert.equal("the lease is closed", caught(core.fetch, lease, plan { shape = "dict" }).message)
    end)
  end)

  describe("a transaction", function()
    it("commits, rolls back and knows its state", function()
      local txn <close> = core.begin(pool)
      assert.equal("active", txn:state())
      core.run(txn, "DELETE FROM item")
      txn:savepoint "a"
      core.run(txn, "INSERT INTO item (id) VALUES (1)")
      txn:rollback_to "a"
      txn:release "a"
      assert.equal(0, core.run(txn, "SELECT count(*) AS n FROM item")[1].n)
      txn:rollback()
      assert.equal("rolled_back", txn:state())
      assert.equal("misuse", caught(core.run, txn, "SELECT 1").code)
      assert.equal("misuse", caught(txn.commit, txn).code)
      assert.equal(3, core.run(pool, "SELECT count(*) AS n FROM item")[1].n)
    end)

    it("rolls back when it is closed or dropped", function()
      do
        local txn <close> = core.begin(pool)
        core.run(txn, "DELETE FROM item")
      end
      core.run(core.begin(pool), "DELETE FROM item")
      collectgarbage()
      collectgarbage()
      assert.equal(3, core.run(pool, "SELECT count(*) AS n FROM item")[1].n)
    end)

    it("holds the only connection: a statement on the pool says so at once", function()
      local txn <close> = core.begin(pool)
      local err = caught(core.run, pool, "SELECT 1")
      assert.matches("this thread's open transactions hold all 1 of them", err.message)
      assert.equal("run the statement on the transaction, or end it first", err.hint)
      txn:rollback()
    end)
  end)

  describe("on_query", function()
    it("tells text, time, rows and database, with no connection held", function()
      local log = {}
      core.on_query(function(sql, seconds, rows, database)
        assert.equal(0, pool:stats().in_use)
        core.run(pool, "SELECT 1") -- not reported itself
        log[#log + 1] = { sql, math.type(seconds), rows, database }
      end)
      core.run(pool, "SELECT id FROM item")
      core.execute(pool, core.plan { sql = "DELETE FROM item WHERE id = 1", database = "other" })
      pcall(core.run, pool, "SELEC")
      assert.same({ { "SELECT id FROM item", "float", 3, NAME },
        { "DELETE FROM item WHERE id = 1", "float", 1, "other" }, { "SELEC", "float", nil, NAME } }, log)
    end)

    it("passes on its errors", function()
      core.on_query(function() error("no", 0) end)
      local ok, err = pcall(core.run, pool, "SELECT 1")
      assert.is_false(ok)
      assert.equal("no", err)
      local failed = caught(core.run, pool, "SELEC")
      assert.equal("syntax_error", failed.code)
    end)
  end)

  describe("pools", function()
    it("have one name each, and one userdata", function()
      assert.equal(pool, core.pool_get(NAME))
      assert.is_nil(core.pool_get "core_statements_none")
      local err = caught(core.pool_open, NAME, URL)
      assert.equal("config", err.code)
      assert.equal("config", caught(core.pool_open, "core_statements_x", URL, { most = 1 }).code)
      assert.equal("config", caught(core.pool_open, "core_statements_x", URL, { max = "1" }).code)
      assert.is_nil(core.pool_get "core_statements_x")
    end)

    it("answer what they are", function()
      assert.equal("sqlite", pool:backend())
      assert.equal(NAME, pool:name())
      assert.is_true(pool:features().savepoints)
      assert.is_true(pool:limit_params() > 900)
      assert.equal(1, pool:stats().max)
    end)

    it("take URLs apart without the password", function()
      local url = core.parse_url "postgres://ann:secret@db.example:5433/shop?application_name=x"
      assert.same({ "postgres", "ann", "db.example", 5433, "shop" },
        { url.scheme, url.user, url.host, url.port, url.path })
      assert.same({ application_name = "x" }, url.options)
      assert.is_nil(url.password)
      assert.is_nil(url.printable:find("secret", 1, true))
      assert.equal("config", caught(core.parse_url, "nonsense").code)
    end)
  end)

  describe("errors", function()
    it("print code, message and hint", function()
      local err = caught(core.raise, "misuse", "no", { hint = "do", field = "x" })
      assert.equal("misuse: no\n  do", tostring(err))
      assert.equal("x", err.field)
      assert.equal("a: b", tostring(core.error { code = "a", message = "b" }))
    end)
  end)
end)
