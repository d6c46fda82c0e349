--- rdb.core writes of instances: character limits, states before a bulk write, update, update_many, delete.
local core = require "rdb.core"

local NAME = "core_writes"

local COLUMNS = { { "id", "int64" }, { "title", "text" }, { "views", "int64" }, { "tags", "json" } }
local POST = { _meta = { label = "shop.Post" } }
local post_mt = { __name = "Post" }

local function plan_of(spec)
  spec.columns, spec.metatable, spec.model, spec.database = spec.columns or COLUMNS, post_mt, POST, "default"
  return core.plan(spec)
end

local SELECT = plan_of { sql = "SELECT id, title, views, tags FROM post ORDER BY id", shape = "instance" }
local SOME = plan_of { sql = "SELECT views, id FROM post ORDER BY id", shape = "instance",
  columns = { { "views", "int64" }, { "id", "int64" } } }
local INSERT = plan_of { sql = "INSERT INTO post (title, views, tags) VALUES (?, ?, ?)",
  insert = { { "title", "text", 5 }, { "views", "int64" }, { "tags", "json" }, pk = "id" } }
local INSERT_WITH_ID = plan_of { sql = "INSERT INTO post (id, title, views) VALUES (?, ?, ?)",
  insert = { { "id", "int64" }, { "title", "text", 5 }, { "views", "int64" }, pk = "id" } }
local UPDATE = plan_of { sql = "UPDATE post SET title = ?, views = ? WHERE id = ?",
  update = { { "title", "text", 5 }, { "views", "int64" }, { "id", "int64" }, keys = 1 } }
local DELETE = plan_of { sql = "DELETE FROM post WHERE id = ?", columns = {}, insert = { { "id", "int64" } } }

local function caught(...)
  local ok, err = pcall(...)
  assert.is_false(ok)
  assert.is_table(err)
  return err
end

local function new(values) return setmetatable(values, post_mt) end


describe("core writes", function()
  local pool

  before_each(function()
    pool = core.pool_open(NAME, "sqlite://:memory:")
    core.script(pool, "CREATE TABLE post (id INTEGER PRIMARY KEY, title TEXT NOT NULL, views INTEGER, tags TEXT)")
  end)

  after_each(function()
    assert.equal(0, pool:stats().in_use)
    core.pool_remove(NAME)
    pool = nil
  end)

  local function fill(n)
    for i = 1, n do
      core.insert(pool, INSERT, new { title = "t" .. i, views = i, tags = { i } })
    end
    return core.fetch(pool, SELECT)
  end

  describe("plans", function()
    it("refuse limits and keys that make no sense", function()
      for _, bound in ipairs { { "title", "text", 0 }, { "title", "text", "x" }, { "views", "int64", 5 } } do
        assert.equal("misuse", caught(plan_of, { sql = "x", insert = { bound } }).code)
      end
      for _, keys in ipairs { 0, 2, "x" } do
        assert.equal("misuse", caught(plan_of, { sql = "x", update = { { "id", "int64" }, keys = keys } }).code)
      end
      assert.equal("misuse", caught(plan_of, { sql = "x", update = { { "id", "int64" } } }).code)
      assert.equal("misuse", caught(core.update, pool, INSERT, new { id = 1 }).code)
      assert.equal("misuse", caught(core.update_many, pool, INSERT, { new { id = 1 } }).code)
    end)
  end)

  describe("limits", function()
    it("count characters", function()
      assert.is_true(core.insert(pool, INSERT, new { title = "ä€ö😀z" }))
      local err = caught(core.insert, pool, INSERT, new { title = "abcdef" })
      assert.equal("data_too_long", err.code)
      assert.equal("shop.Post.title holds at most 5 characters, got 6", err.message)
      assert.equal("shop.Post", err.model)
      assert.equal("title", err.field)
      assert.equal("data_too_long", caught(core.insert, pool, INSERT, new { title = "\xff\xff\xff\xff\xff\xff" }).code)
    end)

    it("hold for updates, and say which of a list", function()
      local rows = fill(3)
      rows[2].title = "too long"
      assert.equal("data_too_long", caught(core.update, pool, UPDATE, rows[2]).code)
      rows[1].views = 100
      local txn <close> = core.begin(pool)
      local err = caught(core.update_many, txn, UPDATE, rows, 1, 3)
      assert.equal("data_too_long", err.code)
      assert.equal(2, err.index)
      assert.same({ "views" }, core.changed(rows[1]))
    end)
  end)

  describe("insert_many", function()
    it("stops at what another plan has to write", function()
      local list = { new { title = "a" }, new { title = "b", id = 9 }, new { title = "c", id = 10 },
        new { title = "d" }, "e" }
      assert.equal(1, (core.insert_many(pool, INSERT, list, 1, 5)))
      assert.equal(2, (core.insert_many(pool, INSERT_WITH_ID, list, 2, 5)))
      assert.equal(1, (core.insert_many(pool, INSERT, list, 4, 5)))
      assert.equal(0, (core.insert_many(pool, INSERT, list, 5, 5)))
      assert.equal(0, (core.insert_many(pool, INSERT, { { title = "no metatable" } }, 1, 1)))
      assert.equal(11, list[4].id)
    end)

    it("answers what saved instances were before", function()
      local rows = fill(2)
      rows[1].id, rows[2].id = nil, nil
      local list = { new { title = "a" }, rows[1], new { title = "b" }, rows[2] }
      local snapshot, number = rows[1][1], rows[1][2]
      local written, states = core.insert_many(pool, INSERT, list, 1, 4)
      assert.equal(4, written)
      assert.same({ false, false, "id", snapshot, number, "id", false, false, "id" }, { table.unpack(states, 1, 9) })
      assert.equal("id", states[12])
      assert.is_nil(core.changed(rows[1]))
    end)

    it("gives all back what they had when one fails", function()
      local rows = fill(2)
      rows[1].id = nil
      rows[1].title, rows[1].views = "new", core.null
      local snapshot = rows[1][1]
      local list = { new { title = "a", views = core.null }, rows[1], new { views = 1 } }
      for _, last in ipairs { new { views = 1 }, new { title = 1 }, new { title = "longer" } } do
        list[3] = last
        local txn <close> = core.begin(pool)
        local err = caught(core.insert_many, txn, INSERT, list, 1, 3)
        assert.equal(3, err.index)
        txn:rollback()
        assert.is_nil(list[1].id)
        assert.is_nil(list[1][1])
        assert.equal(core.null, list[1].views)
        assert.is_nil(rows[1].id)
        assert.equal(snapshot, rows[1][1])
        assert.same({ "id", "title", "views" }, core.changed(rows[1]))
      end
    end)
  end)

  describe("update", function()
    it("writes fields, finds the row by its original key, renews the snapshot", function()
      local post = fill(2)[1]
      local peers = core.peers(post)
      post.title, post.views, post.id = "new", core.null, 50
      post.tags = { "other" }
      assert.equal(1, core.update(pool, UPDATE, post))
      local row = core.fetch(pool, SELECT)[1]
      assert.same({ 1, "new", nil, { 1 } }, { row.id, row.title, row.views, row.tags })
      assert.is_nil(post.views)
      assert.same({ "id", "tags" }, core.changed(post))
      assert.equal("new", core.original(post, "title"))
      assert.is_nil(core.original(post, "views"))
      assert.same({ 1 }, core.original(post, "tags"))
      assert.equal(peers, core.peers(post))
    end)

    it("changes nothing when the row is gone", function()
      local post = fill(1)[1]
      core.run(pool, "DELETE FROM post")
      post.title = "new"
      assert.equal(0, core.update(pool, UPDATE, post))
      assert.same({ "title" }, core.changed(post))
    end)

    it("does not take expressions or instances without a key", function()
      local post = fill(1)[1]
      post.title = { kind = "F" }
      assert.is_false(core.update(pool, UPDATE, post))
      assert.is_false(core.update(pool, UPDATE, new { title = "x" }))
    end)

    it("names the field that does not fit", function()
      local post = fill(1)[1]
      post.views = "many"
      local err = caught(core.update, pool, UPDATE, post)
      assert.equal("shop.Post.views: expected an integer, got a string", err.message)
      assert.equal("views", err.field)
      post.views, post.title = 1, nil
      assert.equal("not_null_violation", caught(core.update, pool, UPDATE, post).code)
      assert.same({ "title" }, core.changed(post))
    end)

    it("uses the present key of an unsaved instance, which is deferred elsewhere afterwards", function()
      fill(1)
      local post = new { id = 1, title = "x", views = 2 }
      assert.equal(1, core.update(pool, UPDATE, post))
      assert.is_true(core.loaded(post, "id"))
      assert.is_true(core.loaded(post, "title"))
      assert.is_false(core.loaded(post, "tags"))
      assert.is_nil(core.changed(post))
    end)

    it("knows columns that were selected in another order, and keeps deferred ones", function()
      fill(2)
      local post = core.fetch(pool, SOME)[2]
      post.title = "new"
      assert.equal(1, core.update(pool, UPDATE, post))
      assert.equal(2, core.original(post, "id"))
      assert.equal("new", core.original(post, "title"))
      assert.is_false(core.loaded(post, "tags"))
    end)
  end)

  describe("update_many", function()
    it("writes a slice and answers the states before", function()
      local rows = fill(300)
      local before = {}
      for i, post in ipairs(rows) do
        post.title, post.views = "n" .. i, -i
        before[i] = { post[1], post[2] }
      end
      core.run(pool, "DELETE FROM post WHERE id = 7")
      local written, states, affected = core.update_many(pool, UPDATE, rows, 2, 300)
      assert.same({ 299, 298 }, { written, affected })
      assert.same({ "title", "views" }, core.changed(rows[1]))
      assert.same({ "title", "views" }, core.changed(rows[7]))
      for i = 2, 300 do
        assert.equal(before[i][1], states[3 * (i - 1) - 2])
        assert.equal(before[i][2], states[3 * (i - 1) - 1])
        assert.is_false(states[3 * (i - 1)])
        if i ~= 7 then
          assert.is_nil(core.changed(rows[i]))
          assert.same({ i }, core.original(rows[i], "tags"))
        end
      end
      assert.equal(rows, core.peers(rows[300]))
      assert.equal("n300", core.fetch(pool, SELECT)[299].title)
    end)

    it("takes instances of several results", function()
      local all, some = fill(3), core.fetch(pool, SOME)
      local list = { all[1], some[2], new { id = 3 }, all[2] }
      for i, post in ipairs(list) do
        post.title, post.views = "n" .. i, i
      end
      local written, states, affected = core.update_many(pool, UPDATE, list)
      assert.same({ 4, 4 }, { written, affected })
      assert.is_false(states[7])
      assert.equal(all, core.peers(all[1]))
      assert.equal(some, core.peers(some[2]))
      assert.is_nil(core.peers(list[3]))
      assert.equal(all, core.peers(all[2]))
      assert.is_false(core.loaded(some[2], "tags"))
      assert.same({ 1 }, core.original(all[1], "tags"))
    end)

    it("stops at what core.update would not take", function()
      local rows = fill(4)
      rows[3].title = { kind = "F" }
      assert.equal(2, (core.update_many(pool, UPDATE, rows, 1, 4)))
      assert.equal(0, (core.update_many(pool, UPDATE, { new { title = "x" } }, 1, 1)))
      assert.equal(0, (core.update_many(pool, UPDATE, rows, 1, 0)))
    end)

    it("gives all back what they had when one fails", function()
      local rows = fill(3)
      local snapshot = rows[1][1]
      rows[1].title, rows[3].title = "new", nil
      local txn <close> = core.begin(pool)
      local err = caught(core.update_many, txn, UPDATE, rows, 1, 3)
      assert.equal("not_null_violation", err.code)
      assert.equal(3, err.index)
      assert.equal(snapshot, rows[1][1])
      assert.same({ "title" }, core.changed(rows[1]))
    end)
  end)

  describe("delete", function()
    it("deletes the row and forgets the snapshot", function()
      local rows = fill(2)
      assert.equal(1, core.delete(pool, DELETE, rows[1]))
      assert.is_false(core.is_saved(rows[1]))
      assert.equal("t1", rows[1].title)
      assert.equal(0, core.delete(pool, DELETE, rows[1]))
      assert.equal(1, #core.fetch(pool, SELECT))
    end)

    it("needs a key", function()
      assert.is_false(core.delete(pool, DELETE, new { title = "x" }))
      assert.equal("id", caught(core.delete, pool, DELETE, new { id = "x" }).field)
    end)
  end)
end)
