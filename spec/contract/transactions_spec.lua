local rdb = require "rdb"
local backends = require "spec.support.backends"
local blog = require "spec.support.blog"
local connections = require "rdb.orm.connections"

local Author = blog.Author

local function caught(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err
end

local function author(name)
  return Author { name = name }:save()
end

local function in_use(alias)
  return connections.pool(alias or "default"):stats().in_use
end

local STOP = { code = "misuse", message = "stop" }

local function stop()
  error(STOP, 0)
end

backends.each(function(backend)
  describe(backend.name .. " atomic", function()
    before_each(function() backend.setup { Author } end)
    after_each(function()
      assert.equal(0, in_use())
      backend.teardown()
    end)

    it("commits and returns what the function returns", function()
      assert.same({ 1, nil, 3, n = 3 }, table.pack(rdb.atomic(function()
        author "Ann"
        return 1, nil, 3
      end)))
      assert.equal(1, Author.objects:count())
    end)

    it("rolls back and raises the same error object", function()
      local err = caught(rdb.atomic, function()
        author "Ann"
        stop()
      end)
      assert.is_true(rawequal(STOP, err))
      assert.equal(0, Author.objects:count())
      assert.equal("boom", caught(rdb.atomic, function() error("boom", 0) end))
    end)

    it("nests as savepoints", function()
      rdb.atomic(function()
        author "outer"
        local err = caught(rdb.atomic, function()
          author "inner"
          assert.equal(2, Author.objects:count())
          stop()
        end)
        assert.is_true(rawequal(STOP, err))
        assert.equal(1, Author.objects:count())
        rdb.atomic(function() author "second" end)
      end)
      assert.equal(2, Author.objects:count())
    end)

    it("joined without savepoint spoils the block around it", function()
      local err = caught(rdb.atomic, function()
        author "outer"
        pcall(rdb.atomic, stop, { savepoint = false })
        assert.equal("misuse", caught(function() return Author.objects:count() end).code)
      end)
      assert.equal("misuse", err.code)
      assert.is_truthy(err.message:find("rolled back, not committed", 1, true))
      assert.equal(0, Author.objects:count())
      rdb.atomic(function()
        rdb.atomic(function() author "joined" end, { savepoint = false })
      end)
      assert.equal(1, Author.objects:count())
    end)

    it("joined failure inside a savepoint spoils that savepoint only", function()
      rdb.atomic(function()
        author "outer"
        local err = caught(rdb.atomic, function()
          author "inner"
          pcall(rdb.atomic, stop, { savepoint = false })
        end)
        assert.is_truthy(err.message:find("rolled back, not kept", 1, true))
      end)
      assert.equal(1, Author.objects:count())
    end)

    it("checks its arguments", function()
      assert.equal("rdb.atomic takes a function, got nil", caught(rdb.atomic).message)
      assert.equal("rdb.atomic has no option 'isolaton'; did you mean 'isolation'?",
        caught(rdb.atomic, stop, { isolaton = "x" }).message)
      assert.equal("rdb.atomic expects a boolean for 'durable', got an integer",
        caught(rdb.atomic, stop, { durable = 1 }).message)
      assert.equal("rdb.atomic knows no propagation 'nestd'; did you mean 'nested'? (mandatory, nested, never, "
        .. "not_supported, required, requires_new, supports)",
        caught(rdb.atomic, stop, { propagation = "nestd" }).message)
      assert.equal("config", caught(rdb.atomic, stop, { using = "nowhere" }).code)
    end)

    it("durable and begin options are for the outermost block", function()
      rdb.atomic(function() author "Ann" end, { durable = true })
      rdb.atomic(function()
        assert.equal("misuse", caught(rdb.atomic, stop, { durable = true }).code)
        assert.equal("misuse", caught(rdb.atomic, stop, { isolation = "serializable" }).code)
      end)
    end)

    it("read_only refuses writes", function()
      assert.equal("read_only", caught(rdb.atomic, function() author "Ann" end, { read_only = true }).code)
      assert.equal(0, rdb.atomic(function() return Author.objects:count() end, { read_only = true }))
    end)

    it("knows the ways of propagation", function()
      local function depth()
        local context = connections.context "default"
        return context and #context.frames or 0
      end
      local function with(propagation)
        return rdb.atomic(depth, { propagation = propagation })
      end
      assert.equal(1, with "required")
      assert.equal(1, with "requires_new")
      assert.equal(1, with "nested")
      assert.equal(0, with "supports")
      assert.equal(0, with "never")
      assert.equal(0, with "not_supported")
      assert.equal("misuse", caught(with, "mandatory").code)
      rdb.atomic(function()
        assert.equal(2, with "required")
        assert.equal(2, with "nested")
        assert.equal(1, with "supports")
        assert.equal(2, with "mandatory")
        assert.equal(0, with "not_supported")
        assert.equal(1, depth())
        assert.equal("misuse", caught(with, "never").code)
        assert.equal("unsupported", caught(with, "requires_new").code)
      end)
    end)

    it("tries again on errors that may pass", function()
      local tries = 0
      assert.equal("done", rdb.atomic(function()
        tries = tries + 1
        author("try" .. tries)
        if tries < 3 then
          error({ code = "deadlock", message = "again" }, 0)
        end
        return "done"
      end, { retry = 3 }))
      assert.equal(3, tries)
      assert.equal(1, Author.objects:count())
      tries = 0
      assert.is_true(rawequal(STOP, caught(rdb.atomic, function() tries = tries + 1 stop() end, { retry = 3 })))
      assert.equal(1, tries)
      tries = 0
      assert.equal("deadlock", caught(rdb.atomic, function()
        tries = tries + 1
        error({ code = "deadlock", message = "again" }, 0)
      end, { retry = 2 }).code)
      assert.equal(3, tries)
    end)

    it("stays usable after a failed statement", function()
      rdb.atomic(function()
        local ann = author "Ann"
        assert.equal("unique_violation", caught(rdb.atomic, function()
          Author { id = ann.id, name = "x" }:save()
        end).code)
        author "Bea"
      end)
      assert.equal(2, Author.objects:count())
    end)
  end)

  describe(backend.name .. " transactions of coroutines", function()
    before_each(function() backend.setup { Author } end)
    after_each(function() backend.teardown() end)

    it("belong to one coroutine", function()
      local co = coroutine.create(function()
        rdb.atomic(function()
          author "inside"
          coroutine.yield()
        end)
      end)
      assert(coroutine.resume(co))
      assert.is_nil(connections.context "default")
      assert.equal(0, Author.objects:count())
      assert(coroutine.resume(co))
      assert.equal(1, Author.objects:count())
    end)

    it("roll back when the coroutine is closed or dropped", function()
      local function start()
        local co = coroutine.create(function()
          rdb.atomic(function()
            author "lost"
            coroutine.yield()
          end)
        end)
        assert(coroutine.resume(co))
        return co
      end
      local co = start()
      assert.equal(1, in_use())
      assert.is_true(coroutine.close(co))
      assert.equal(0, in_use())
      co = start() -- luacheck: ignore 311
      co = nil -- luacheck: ignore 311
      collectgarbage()
      collectgarbage()
      assert.equal(0, in_use())
      assert.equal(0, Author.objects:count())
      assert.is_nil(connections.context "default")
    end)
  end)

  describe(backend.name .. " hooks", function()
    before_each(function() backend.setup { Author } end)
    after_each(function() backend.teardown() end)

    local function recorder()
      local log = {}
      return log, function(name)
        return function() log[#log + 1] = name end
      end
    end

    it("run after the commit in order, at once outside", function()
      local log, hook = recorder()
      rdb.atomic(function()
        rdb.on_commit(hook "a")
        rdb.atomic(function() rdb.on_commit(hook "b") end)
        rdb.on_commit(hook "c")
        assert.same({}, log)
      end)
      assert.same({ "a", "b", "c" }, log)
      rdb.on_commit(hook "now")
      assert.equal("now", log[4])
      assert.equal("misuse", caught(rdb.on_commit, 3).code)
    end)

    it("are outside the transaction", function()
      local context = 1
      rdb.atomic(function()
        rdb.on_commit(function() context = connections.context "default" end)
      end)
      assert.is_nil(context)
    end)

    it("of a rolled back savepoint do not run", function()
      local log, hook = recorder()
      rdb.atomic(function()
        rdb.on_commit(hook "outer")
        pcall(rdb.atomic, function()
          rdb.on_commit(hook "inner")
          rdb.on_rollback(hook "undone")
          stop()
        end)
      end)
      assert.same({ "undone", "outer" }, log)
    end)

    it("on_rollback run when everything is undone", function()
      local log, hook = recorder()
      pcall(rdb.atomic, function()
        rdb.on_rollback(hook "a")
        rdb.atomic(function() rdb.on_rollback(hook "b") end)
        rdb.on_commit(hook "never")
        stop()
      end)
      assert.same({ "a", "b" }, log)
      rdb.on_rollback(hook "nothing to undo")
      assert.equal(2, #log)
    end)

    it("all run though one fails", function()
      local log, hook = recorder()
      local err = caught(rdb.atomic, function()
        author "Ann"
        rdb.on_commit(stop)
        rdb.on_commit(hook "second")
      end)
      assert.is_true(rawequal(STOP, err))
      assert.same({ "second" }, log)
      assert.equal(1, Author.objects:count())
    end)
  end)

  describe(backend.name .. " objects after a rollback", function()
    before_each(function() backend.setup { Author } end)
    after_each(function() backend.teardown() end)

    it("are as they were before", function()
      local old, fresh = author "old", Author { name = "fresh" }
      local gone = author "gone"
      pcall(rdb.atomic, function()
        old.name = "new"
        old:save()
        fresh:save()
        gone:delete()
        stop()
      end)
      assert.is_nil(fresh.pk)
      assert.is_true(fresh:is_dirty())
      assert.same({ name = { old = "old", new = "new" } }, old:changes())
      old:save()
      fresh:save()
      gone.name = "back"
      gone:save()
      assert.equal(3, Author.objects:count())
      assert.equal("back", Author.objects:get { id = gone.id }.name)
    end)

    it("keep what an inner block that succeeded wrote, and lose it with the outer one", function()
      local ann = Author { name = "Ann" }
      rdb.atomic(function()
        ann:save()
        pcall(rdb.atomic, function()
          ann.name = "Bea"
          ann:save()
          stop()
        end)
        assert.same({ name = { old = "Ann", new = "Bea" } }, ann:changes())
        assert.equal(1, ann.pk)
      end)
      local bea = Author { name = "Bea" }
      pcall(rdb.atomic, function()
        rdb.atomic(function() bea:save() end)
        stop()
      end)
      assert.is_nil(bea.pk)
    end)
  end)

  describe(backend.name .. " begin", function()
    before_each(function() backend.setup { Author } end)
    after_each(function() backend.teardown() end)

    it("opens a transaction that ends by hand", function()
      local tx <close> = rdb.begin {}
      assert.equal("active", tx.state)
      author "Ann"
      tx:savepoint "a"
      author "Bea"
      tx:rollback_to "a"
      author "Cid"
      tx:release "a"
      tx:commit()
      assert.equal("committed", tx.state)
      assert.equal(2, Author.objects:count())
      assert.equal("misuse", caught(tx.commit, tx).code)
    end)

    it("rolls back when it is left", function()
      do
        local tx <close> = rdb.begin()
        author "Ann"
        assert.equal("rdb.transaction on 'default' (active)", tostring(tx))
      end
      assert.equal(0, Author.objects:count())
      assert.equal(0, in_use())
    end)

    it("rolls back when it is dropped", function()
      do
        rdb.begin()
      end
      collectgarbage()
      collectgarbage()
      assert.equal(0, in_use())
      assert.is_nil(connections.context "default")
    end)

    it("holds atomic blocks as savepoints, but no second begin", function()
      local tx <close> = rdb.begin {}
      pcall(rdb.atomic, function()
        author "lost"
        stop()
      end)
      rdb.atomic(function() author "kept" end)
      assert.equal("misuse", caught(rdb.begin).code)
      assert.equal("misuse", caught(tx.rollback_to, tx, "nowhere").code)
      tx:commit()
      assert.equal(1, Author.objects:count())
    end)

    it("rolls back by hand", function()
      local tx <close> = rdb.begin {}
      local ann = author "Ann"
      tx:rollback()
      assert.equal("rolled_back", tx.state)
      assert.is_nil(ann.pk)
      assert.equal(0, Author.objects:count())
    end)
  end)

  describe(backend.name .. " two databases", function()
    before_each(function()
      backend.setup { Author }
      backend.setup({ Author }, { alias = "other" })
    end)
    after_each(function() backend.teardown() end)

    it("have transactions of their own", function()
      pcall(rdb.atomic, function()
        author "here"
        Author { name = "there" }:save { using = "other" }
        stop()
      end)
      assert.equal(0, Author.objects:count())
      assert.equal(1, Author.objects:using("other"):count())
      local there = Author.objects:using("other"):first()
      there.name = "changed"
      there:save()
      assert.equal("changed", Author.objects:using("other"):first().name)
      there:save { using = "default" }
      assert.equal("changed", Author.objects:first().name)
    end)
  end)

  describe(backend.name .. " capture", function()
    before_each(function() backend.setup { Author } end)
    after_each(function() backend.teardown() end)

    it("lists the statements and gives the results", function()
      local log, a, b = rdb.capture(function()
        Author.objects:count()
        return 1, 2
      end)
      assert.equal(1, #log)
      assert.is_truthy(log[1].sql:find("COUNT", 1, true))
      assert.equal("number", type(log[1].seconds))
      assert.equal("default", log[1].database)
      assert.same({ 1, 2 }, { a, b })
      assert.equal(0, #(rdb.capture(function() end)))
      assert.is_true(rawequal(STOP, caught(rdb.capture, stop)))
    end)

    it("nests and leaves rdb.on_query alone", function()
      local seen = 0
      rdb.on_query(function() seen = seen + 1 end)
      local outer = rdb.capture(function()
        Author.objects:count()
        assert.equal(1, #(rdb.capture(function() Author.objects:count() end)))
      end)
      assert.equal(2, #outer)
      assert.equal(2, seen)
      rdb.on_query(nil)
      Author.objects:count()
      assert.equal(2, seen)
    end)
  end)
end)
