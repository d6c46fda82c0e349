--- rdb.core instances: snapshots, dirty tracking, inserts from fields, related objects, on in-memory SQLite.
local core = require "rdb.core"

local NAME = "core_instances"

local COLUMNS = { { "id", "int64" }, { "title", "text" }, { "price", "decimal" }, { "tags", "json" },
  { "made", "timestamp" }, { "ok", "bool" } }
local POST, AUTHOR = { _meta = { label = "shop.Post" } }, { _meta = { label = "shop.Author" } }
local post_mt, author_mt = { __name = "Post" }, { __name = "Author" }


local function caught(...)
  local ok, err = pcall(...)
  assert.is_false(ok)
  assert.is_table(err)
  return err
end


local SELECT = core.plan { sql = "SELECT id, title, price, tags, made, ok FROM post ORDER BY id", shape = "instance",
  columns = COLUMNS, metatable = post_mt, model = POST, database = "default" }

local function insert_plan(with_id)
  local keys = { { "title", "text" }, { "price", "decimal" }, { "tags", "json" }, { "made", "timestamp" },
    { "ok", "bool" }, pk = "id" }
  local names = "title, price, tags, made, ok"
  local marks = "?, ?, ?, ?, ?"
  if with_id then
    table.insert(keys, 1, { "id", "int64" })
    names, marks = "id, " .. names, "?, " .. marks
  end
  return core.plan { sql = ("INSERT INTO post (%s) VALUES (%s)"):format(names, marks), columns = COLUMNS, insert = keys,
    model = POST, database = "default" }
end

local INSERT, INSERT_WITH_ID = insert_plan(false), insert_plan(true)


describe("core instances", function()
  local pool

  before_each(function()
    pool = core.pool_open(NAME, "sqlite://:memory:")
    core.script(pool, "CREATE TABLE author (id INTEGER PRIMARY KEY, name TEXT)")
    core.script(pool, "CREATE TABLE post (id INTEGER PRIMARY KEY, title TEXT NOT NULL, price TEXT, tags TEXT, "
      .. "made TEXT, ok INTEGER, author_id INTEGER)")
  end)

  after_each(function()
    assert.equal(0, pool:stats().in_use)
    core.pool_remove(NAME)
    pool = nil
  end)

  local function count() return core.run(pool, "SELECT count(*) AS n FROM post")[1].n end

  local function saved()
    local post = setmetatable({ title = "a", price = core.decimal "1.10", tags = { "x" }, ok = true,
      made = core.datetime "2024-02-29T12:00:00Z" }, post_mt)
    assert.is_true(core.insert(pool, INSERT, post))
    return post
  end

  describe("insert", function()
    it("fills the key and takes the snapshot", function()
      local post = saved()
      assert.equal(1, post.id)
      assert.is_true(core.is_saved(post))
      assert.equal("default", core.database_of(post))
      assert.equal(POST, core.model_of(post))
      assert.is_nil(core.changed(post))
      assert.equal("a", core.original(post, "title"))
      assert.equal(1, core.original(post, "id"))
    end)

    it("keeps a key that is given", function()
      local post = { id = 77, title = "a" }
      assert.is_true(core.insert(pool, INSERT_WITH_ID, post))
      assert.equal(77, post.id)
      assert.equal(77, core.original(post, "id"))
      local generated = { title = "b" }
      assert.is_true(core.insert(pool, INSERT_WITH_ID, generated))
      assert.equal(78, generated.id)
    end)

    it("turns rdb.null into nil, but keeps JSON null", function()
      local one, two = { title = "a", price = core.null, tags = core.null }, { title = "b", price = core.null }
      assert.is_true(core.insert(pool, INSERT, one))
      assert.equal(1, (core.insert_many(pool, INSERT, { two }, 1, 1)))
      assert.is_nil(one.price)
      assert.equal(core.null, one.tags)
      assert.is_nil(two.price)
      assert.is_nil(core.changed(one))
      assert.equal(2, core.run(pool, "SELECT count(*) AS n FROM post WHERE price IS NULL")[1].n)
    end)

    it("does nothing for an expression", function()
      local post = { title = { kind = "F" } }
      assert.is_false(core.insert(pool, INSERT, post))
      assert.is_false(core.is_saved(post))
      assert.equal(0, count())
    end)

    it("names the field that does not fit", function()
      local err = caught(core.insert, pool, INSERT, { title = 5 })
      assert.equal("title", err.field)
      assert.equal("shop.Post.title: expected a string, got an integer", err.message)
      assert.equal("not_null_violation", caught(core.insert, pool, INSERT, {}).code)
    end)
  end)

  describe("insert_many", function()
    local function many(n)
      local list = {}
      for i = 1, n do
        list[i] = { title = "title " .. i, ok = i % 2 == 0 }
      end
      return list
    end

    it("fills keys and snapshots of a slice", function()
      local list = many(3000)
      local written, states = core.insert_many(pool, INSERT, list, 2, 3000)
      assert.equal(2999, written)
      assert.is_nil(states)
      assert.is_nil(list[1].id)
      assert.is_false(core.is_saved(list[1]))
      assert.equal(2999, list[3000].id)
      for i = 2, 3000 do
        assert.is_nil(core.changed(list[i]))
        assert.equal("title " .. i, core.original(list[i], "title"))
      end
    end)

    it("changes no instance when one fails, and says which", function()
      local list = many(5)
      list[4].title = nil
      local txn <close> = core.begin(pool)
      local err = caught(core.insert_many, txn, INSERT, list, 1, 5)
      assert.equal("not_null_violation", err.code)
      assert.equal(4, err.index)
      list[4].title = 7
      err = caught(core.insert_many, txn, INSERT, list, 1, 5)
      assert.equal(4, err.index)
      assert.equal("title", err.field)
      txn:rollback()
      for i = 1, 5 do
        assert.is_nil(list[i].id)
        assert.is_false(core.is_saved(list[i]))
      end
      assert.equal(0, count())
    end)

    it("stops before an expression", function()
      local list = many(5)
      list[4].title = { kind = "F" }
      assert.equal(3, (core.insert_many(pool, INSERT, list, 1, 5)))
      assert.equal(3, list[3].id)
      assert.is_nil(list[4].id)
      assert.equal(3, count())
    end)

    it("does nothing for an empty slice", function()
      assert.equal(0, (core.insert_many(pool, INSERT, {}, 1, 0)))
    end)
  end)

  describe("changed", function()
    it("lists what differs, in column order", function()
      saved()
      local post = core.fetch(pool, SELECT)[1]
      assert.equal(post_mt, getmetatable(post))
      assert.is_nil(core.changed(post))
      post.ok = false
      post.title = "b"
      assert.same({ "title", "ok" }, core.changed(post))
      assert.equal("a", core.original(post, "title"))
      assert.equal(true, core.original(post, "ok"))
      post.title, post.ok = "a", true
      assert.is_nil(core.changed(post))
    end)

    it("compares by value, not by form", function()
      core.run(pool, [[INSERT INTO post VALUES (1, 'a', '1.10', '{ "b": [1, 2.5, null], "a": "x" }',
        '2024-02-29 12:00:00', 1, NULL)]])
      local post = core.fetch(pool, SELECT)[1]
      assert.is_nil(core.changed(post))
      post.price = "1.1"
      post.tags = { a = "x", b = core.array { 1, 2.5, core.null } }
      post.made = "2024-02-29T13:00:00+01:00"
      post.id = 1.0
      assert.is_nil(core.changed(post))
      post.tags.b[1] = 9
      assert.same({ "tags" }, core.changed(post))
    end)

    it("sees nil, expressions and values of another type", function()
      local post = saved()
      post.price = nil
      assert.same({ "price" }, core.changed(post))
      post.price = { kind = "F" }
      assert.same({ "price" }, core.changed(post))
      post.price = true
      assert.same({ "price" }, core.changed(post))
    end)

    it("answers nil for what was never saved", function()
      assert.is_nil(core.changed { title = "a" })
      assert.is_nil(core.original({}, "title"))
      assert.is_false(core.is_saved {})
      assert.is_false(core.is_saved { "x", 1 })
      assert.is_false(core.loaded({}, "title"))
    end)

    it("works on every row of a large result", function()
      local list = {}
      for i = 1, 2000 do
        list[i] = { title = ("t"):rep(i % 300), ok = true }
      end
      core.insert_many(pool, INSERT, list, 1, 2000)
      local rows = core.fetch(pool, SELECT)
      collectgarbage()
      for i, row in ipairs(rows) do
        assert.is_nil(core.changed(row))
        row.ok = false
        assert.same({ "ok" }, core.changed(row))
        assert.equal(("t"):rep(i % 300), core.original(row, "title"))
      end
    end)
  end)

  describe("take_snapshot", function()
    it("makes the current values the originals", function()
      local post = saved()
      post.title, post.price = "b", nil
      core.take_snapshot(post, SELECT)
      assert.is_nil(core.changed(post))
      assert.equal("b", core.original(post, "title"))
    end)

    it("of some keys leaves the others as they were", function()
      local post = saved()
      post.title, post.ok = "b", false
      core.take_snapshot(post, SELECT, { "title" })
      assert.same({ "ok" }, core.changed(post))
      assert.equal(true, core.original(post, "ok"))
    end)

    it("keeps deferred columns deferred", function()
      saved()
      local some = core.plan { sql = "SELECT id, title FROM post", shape = "instance", model = POST,
        columns = { { "id", "int64" }, { "title", "text" } } }
      local post = core.fetch(pool, some)[1]
      assert.is_true(core.loaded(post, "title"))
      assert.is_false(core.loaded(post, "ok"))
      post.title = "b"
      core.take_snapshot(post, SELECT)
      assert.is_false(core.loaded(post, "ok"))
      assert.is_nil(core.changed(post))
      post.ok = true
      assert.same({ "ok" }, core.changed(post))
      core.take_snapshot(post, SELECT, { "ok", "price" })
      assert.is_true(core.loaded(post, "ok"))
      assert.is_true(core.loaded(post, "price"))
      assert.is_nil(core.original(post, "price"))
      assert.is_false(core.loaded(post, "tags"))
      assert.is_nil(core.changed(post))
    end)

    it("needs a plan for an unsaved instance", function()
      assert.equal("misuse", caught(core.take_snapshot, { title = "a" }).code)
    end)

    it("can be forgotten", function()
      local post = saved()
      core.forget(post)
      assert.is_false(core.is_saved(post))
      assert.is_nil(core.changed(post))
    end)
  end)

  describe("peers", function()
    it("are the result, as long as it lives", function()
      saved()
      saved()
      local rows = core.fetch(pool, SELECT)
      local post = rows[2]
      assert.equal(rows, core.peers(post))
      post.title = "b"
      core.take_snapshot(post, SELECT)
      assert.equal(rows, core.peers(post))
      rows = nil -- luacheck: ignore 311
      collectgarbage()
      assert.is_nil(core.peers(post))
      assert.is_nil(core.peers((core.fetch_one(pool, SELECT))))
    end)
  end)

  describe("related objects", function()
    local JOINED = core.plan { shape = "instance", metatable = post_mt, model = POST, database = "default",
      sql = "SELECT p.id, p.title, a.id, a.name, b.id, b.name FROM post p LEFT JOIN author a ON a.id = p.author_id "
        .. "LEFT JOIN author b ON b.id = a.id + 1 ORDER BY p.id",
      columns = { { "id", "int64" }, { "title", "text" }, { "id", "int64" }, { "name", "text" }, { "id", "int64" },
        { "name", "text" } },
      related = {
        { attr = "author", parent = 0, first = 3, last = 4, pk = 1, metatable = author_mt, model = AUTHOR },
        { attr = "next", parent = 1, first = 5, last = 6, pk = 1, metatable = author_mt, model = AUTHOR },
      } }

    it("hang in the relations table of their parent", function()
      core.run(pool, "INSERT INTO author VALUES (1, 'Ann'), (2, 'Bob')")
      core.run(pool, "INSERT INTO post (title, author_id) VALUES ('x', 1), ('y', 2), ('z', NULL)")
      local rows = core.fetch(pool, JOINED)
      local author = rows[1][3].author
      assert.equal("Ann", author.name)
      assert.equal(author_mt, getmetatable(author))
      assert.equal(AUTHOR, core.model_of(author))
      assert.equal(POST, core.model_of(rows[1]))
      assert.equal("Bob", author[3].next.name)
      assert.equal(false, rows[2][3].author[3].next)
      assert.equal(false, rows[3][3].author)
      assert.is_nil(rows[1].name)
      author.name = "Eve"
      assert.same({ "name" }, core.changed(author))
      assert.is_nil(core.changed(rows[1]))
      assert.equal("Ann", core.original(author, "name"))
      assert.same({ author, rows[2][3].author }, core.peers(author))
      assert.same({ author[3].next }, core.peers(author[3].next))
    end)

    it("name their model in errors", function()
      core.run(pool, "INSERT INTO author VALUES (1, x'00')")
      core.run(pool, "INSERT INTO post (title, author_id) VALUES ('x', 1)")
      assert.matches("^shop%.Author%.name: ", caught(core.fetch, pool, JOINED).message)
    end)
  end)

  describe("new", function()
    it("copies plain fields and names the first other key", function()
      local known = { title = true, author_id = true, author = "relation" }
      local values = { title = "a" }
      local post, special = core.new(post_mt, known, values, 6)
      assert.same({ title = "a" }, { title = post.title })
      assert.equal(post_mt, getmetatable(post))
      assert.is_nil(special)
      assert.equal("author", select(2, core.new(post_mt, known, { author = {} })))
      assert.equal("titel", select(2, core.new(post_mt, known, { titel = "a" })))
      assert.equal(1, select(2, core.new(post_mt, known, { "a" })))
    end)

    it("names a plain field that is null, and keeps the sentinel", function()
      local post, special = core.new(post_mt, { title = true }, { title = core.null })
      assert.equal("title", special)
      assert.equal(core.null, post.title)
    end)
  end)
end)
