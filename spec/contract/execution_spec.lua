--- How a QuerySet runs: locks, time limits, where it reads, the cache, indexes.
local rdb = require "rdb"
local backends = require "spec.support.backends"
local blog = require "spec.support.blog"
local connections = require "rdb.orm.connections"

local Author, Post = blog.Author, blog.Post

local function caught(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err
end

backends.each(function(backend)
  describe(backend.name .. " QuerySets", function()
    local ann

    before_each(function()
      backend.setup(blog.all)
      ann = Author.objects:create { name = "Ann" }
      for i = 1, 3 do
        Post.objects:create { title = "p" .. i, author = ann, views = i }
      end
    end)
    after_each(function()
      rdb.cache.clear()
      backend.teardown()
    end)

    it("lock inside a transaction only", function()
      local locked = Post.objects:select_for_update { nowait = true, of = { "self" } }:filter { views__gt = 1 }
      assert.equal(2, rdb.atomic(function() return #locked:list() end))
      assert.equal("p2", rdb.atomic(function() return locked:order_by "id":first().title end))
      for _, verb in ipairs { "list", "first", "iterator", "get" } do
        assert.equal("misuse", caught(function() return locked[verb](locked:all()) end).code)
      end
      assert.equal(2, locked:count())
      assert.is_true(locked:exists())
      assert.equal(2, locked:update { views = 5 })
    end)

    it("end at their time limit", function()
      local endless = Post.objects:extra_where("id IN (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
        .. "SELECT i + 1 FROM n WHERE i < 1000000000) SELECT i FROM n)"):timeout(0.02)
      for _, verb in ipairs { "list", "count", "exists", "first" } do
        assert.equal("statement_timeout", caught(function() return endless[verb](endless:all()) end).code)
      end
      assert.equal("statement_timeout", caught(endless.update, endless, { views = 3 }).code)
      assert.equal("statement_timeout", caught(function()
        for _ in endless:iterator() do error "no row comes" end
      end).code)
      assert.equal(3, #Post.objects:timeout(5):list())
      assert.equal(3, #Post.objects:timeout(1e300):list())
      local last = endless:timeout(9):timeout(0.01)
      assert.equal("statement_timeout", caught(last.list, last).code)
    end)

    it("read where they are told and write where they were", function()
      local post = Post.objects:read_from "replica":get { views = 1 }
      assert.equal("default", post._database or require "rdb.core".database_of(post))
      assert.equal(3, Post.objects:read_from "primary":count())
      assert.matches("copy", caught(function() return Post.objects:read_from "copy":list() end).message)
      backend.setup(blog.all, { alias = "copy" })
      assert.equal(0, Post.objects:read_from "copy":count())
      assert.equal(3, Post.objects:read_from "copy":update { views = 7 })
      assert.equal(3, Post.objects:filter { views = 7 }:count())
      assert.equal(3, Post.objects:read_from "copy":read_from "primary":count())
      connections.close "copy"
    end)

    it("read by an index", function()
      local sorted = Author.objects:order_by "name"
      local index
      for row in rdb.table "sqlite_master":filter { type = "index", tbl_name = "blog_author" }:values "name" do
        index = row.name:find "name" and row.name or index
      end
      assert.equal(1, #sorted:index_hint(index):filter { name = "Ann" }:list())
      assert.matches(index, sorted:index_hint(index):filter { name = "Ann" }:explain(), 1, true)
      assert.matches("no such index", caught(function() return sorted:index_hint "nope":list() end).message)
    end)

    local function statements(fn)
      return #rdb.capture(fn)
    end

    it("remember plain rows and answers", function()
      local kept = Post.objects:cache_for(60)
      assert.equal(4, statements(function()
        for _ = 1, 3 do
          assert.equal(3, kept:count())
          assert.is_true(kept:filter { views = 1 }:exists())
          assert.same({ total = 6 }, kept:aggregate { total = rdb.Sum "views" })
          assert.same({ { title = "p1" }, { title = "p2" }, { title = "p3" } },
            kept:order_by "id":values "title":list())
        end
      end))
      Post.objects:create { title = "p4", author = ann }
      assert.equal(3, kept:count())
      assert.equal(4, Post.objects:count())
      assert.equal(4, kept:filter { views__gte = 0 }:count())
      rdb.cache.clear()
      assert.equal(4, kept:count())
    end)

    it("hand out copies", function()
      local kept = Post.objects:order_by "id":cache_for(60):values "title"
      kept:all():list()[1].title = "changed"
      assert.equal("p1", kept:all():list()[1].title)
      kept:all():list()[1].title = "changed"
      assert.equal("p1", kept:all():list()[1].title)
    end)

    it("tell values apart in the cache, and take names", function()
      local kept = Post.objects:cache_for(60)
      assert.equal(1, kept:filter { title = "p1" }:count())
      assert.equal(0, kept:filter { title = "1" }:count())
      assert.equal(0, kept:filter { title = "p1\0" }:count())
      local named = kept:cache_key "posts"
      assert.equal(3, named:count())
      assert.equal(3, #named:values_list("id", { flat = true }):list())
      Post.objects:all():delete()
      assert.equal(3, #named:values_list("id", { flat = true }):list())
      rdb.cache.clear "posts"
      assert.equal(0, named:count())
      assert.equal(1, kept:filter { title = "p1" }:count())
    end)

    it("ask the database when an answer is old, or in a transaction", function()
      local kept = Post.objects:cache_for(60)
      assert.equal(3, kept:count())
      rdb.atomic(function()
        Post.objects:filter { views = 1 }:delete()
        assert.equal(2, kept:count())
      end)
      assert.equal(3, kept:count())
      local short = Post.objects:cache_for(0.005):filter { views__gte = 0 }
      assert.equal(2, short:count())
      Post.objects:all():delete()
      local start = os.clock()
      while os.clock() - start < 0.01 do end
      assert.equal(0, short:count())
      assert.equal("unsupported", caught(function() return kept:list() end).code)
      assert.equal("misuse", caught(kept.cache_key, kept, "").code)
    end)
  end)
end)
