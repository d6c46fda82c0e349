--- core.insert_many with a statement for many rows: the same rows, keys, snapshots and errors as one by one.
local core = require "rdb.core"

local NAME = "core_chunks"

local COLUMNS = { { "id", "int64" }, { "title", "text" }, { "price", "decimal" }, { "tags", "json" } }
local POST = { _meta = { label = "shop.Post" } }

local function insert_plan(rows, with_id)
  local insert = { { "title", "text", 20 }, { "price", "decimal" }, { "tags", "json" }, pk = "id" }
  local names, marks = "title, price, tags", "(?, ?, ?)"
  if with_id then
    table.insert(insert, 1, { "id", "int64" })
    names, marks = "id, title, price, tags", "(?, ?, ?, ?)"
  end
  local sql = ("INSERT INTO post (%s) VALUES %s"):format(names, marks)
  insert.many = { sql .. ((", " .. marks):rep(rows - 1)), rows }
  return core.plan { sql = sql, insert = insert, columns = COLUMNS, model = POST, database = "default" }
end

local INSERT, INSERT_WITH_ID = insert_plan(8), insert_plan(30, true)
local SELECT = core.plan { sql = "SELECT id, title, price, tags FROM post ORDER BY id", shape = "dict",
  columns = COLUMNS }

local function caught(...)
  local ok, err = pcall(...)
  assert.is_false(ok)
  return err
end

local function posts(n)
  local list = {}
  for i = 1, n do
    list[i] = { title = "t" .. i, price = core.decimal(i .. ".50"), tags = { i } }
  end
  return list
end


describe("core.insert_many in chunks", function()
  local pool

  before_each(function()
    pool = core.pool_open(NAME, "sqlite://:memory:")
    core.script(pool, "CREATE TABLE post (id INTEGER PRIMARY KEY, title TEXT NOT NULL UNIQUE, price TEXT, tags TEXT)")
  end)

  after_each(function()
    assert.equal(0, pool:stats().in_use)
    core.pool_remove(NAME)
    pool = nil
  end)

  local function count() return core.run(pool, "SELECT count(*) AS n FROM post")[1].n end

  it("writes all rows in order, with keys and snapshots", function()
    for _, n in ipairs { 1, 8, 9, 16, 17, 100 } do
      core.run(pool, "DELETE FROM post")
      local list = posts(n)
      assert.equal(n, (core.insert_many(pool, INSERT, list)))
      local rows = core.fetch(pool, SELECT)
      assert.equal(n, #rows)
      for i, post in ipairs(list) do
        assert.is_nil(core.changed(post))
        assert.equal(rows[i].id, post.id)
        assert.same({ "t" .. i, core.decimal(i .. ".50"), { i } }, { rows[i].title, rows[i].price, rows[i].tags })
        assert.same({ i }, core.original(post, "tags"))
      end
    end
  end)

  it("keeps given keys", function()
    local list = posts(100)
    for i, post in ipairs(list) do
      post.id = 1000 - i
    end
    assert.equal(100, (core.insert_many(pool, INSERT_WITH_ID, list)))
    for i, post in ipairs(list) do
      assert.equal(1000 - i, post.id)
      assert.equal(post.id, core.original(post, "id"))
    end
    assert.equal("t100", core.fetch(pool, SELECT)[1].title)
  end)

  it("turns nulls into nil", function()
    local list = posts(20)
    list[12].price, list[13].tags = core.null, core.null
    core.insert_many(pool, INSERT, list)
    assert.is_nil(list[12].price)
    assert.equal(core.null, list[13].tags)
    assert.is_nil(core.changed(list[12]))
  end)

  it("stops in the middle of a chunk, and goes on from there", function()
    local list = posts(40)
    list[13].title = { kind = "F" }
    list[14].id = 500
    assert.equal(12, (core.insert_many(pool, INSERT, list, 1, 40)))
    assert.equal(12, count())
    assert.equal(0, (core.insert_many(pool, INSERT, list, 14, 40)))
    assert.equal(26, (core.insert_many(pool, INSERT, list, 15, 40)))
    assert.equal(38, list[40].id)
  end)

  it("finds the row that fails and changes no instance", function()
    local faults = {
      not_null_violation = function(post) post.title = nil end, unique_violation = function(post) post.title = "t3" end,
      invalid_value = function(post) post.price = "dear" end,
      data_too_long = function(post) post.title = ("x"):rep(21) end,
    }
    for code, spoil in pairs(faults) do
      local list = posts(60)
      spoil(list[45])
      local txn <close> = core.begin(pool)
      local err = caught(core.insert_many, txn, INSERT, list, 1, 60)
      assert.equal(code, err.code)
      assert.equal(45, err.index)
      txn:rollback()
      for i = 1, 60 do
        assert.is_nil(list[i].id)
        assert.is_nil(list[i][1])
      end
      assert.equal(0, count())
    end
  end)

  it("does not go on when the failure has ended the transaction", function()
    core.script(pool, "DROP TABLE post")
    core.script(pool, "CREATE TABLE post (id INTEGER PRIMARY KEY, title TEXT UNIQUE ON CONFLICT ROLLBACK, price TEXT, "
      .. "tags TEXT)")
    local list = posts(60)
    list[45].title = "t3"
    local txn <close> = core.begin(pool)
    assert.equal("unique_violation", caught(core.insert_many, txn, INSERT, list, 1, 60).code)
    pcall(txn.rollback, txn)
    assert.equal(0, count())
    assert.is_nil(list[1].id)
  end)

  it("refuses plans that make no sense", function()
    for _, many in ipairs { { "x", 1 }, { "x", 1001 }, { 5, 2 }, { "x" } } do
      local insert = { { "title", "text" }, many = many }
      assert.equal("misuse", caught(core.plan, { sql = "x", insert = insert }).code)
    end
  end)
end)
