local rdb = require "rdb"
local backends = require "spec.support.backends"
local blog = require "spec.support.blog"

local f = rdb.fields
local Author, Post, Tag = blog.Author, blog.Post, blog.Tag

local function statements(fn)
  local log = rdb.capture(fn)
  return #log, log
end

local function caught(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err
end

backends.each(function(backend)
  describe(backend.name .. " instances", function()
    before_each(function() backend.setup(blog.all) end)
    after_each(function() backend.teardown() end)

    it("are inserted, updated and deleted", function()
      local author = Author { name = "Ann" }
      assert.is_nil(author.pk)
      assert.equal("blog.Author(unsaved)", tostring(author))
      assert.equal(author, author:save())
      assert.equal(1, author.id)
      assert.equal(1, author.pk)
      assert.equal("blog.Author(1)", tostring(author))
      author.name = "Bea"
      author:save()
      assert.equal("Bea", Author.objects:get { id = 1 }.name)
      local total, per_label = author:delete()
      assert.equal(1, total)
      assert.same({ ["blog.Author"] = 1 }, per_label)
      assert.equal(0, Author.objects:count())
    end)

    it("start with their defaults", function()
      local author = Author { name = "Ann" }
      assert.is_true(author.active)
      assert.is_nil(author.email)
      assert.is_false(Author { active = false }.active)
      assert.equal("draft", Post {}.status)
      assert.is_nil(Post { status = rdb.null }.status)
    end)

    it("refuse names that they do not have", function()
      local err = caught(Author, { nmae = "x" })
      assert.equal("misuse", err.code)
      assert.equal("blog.Author has no field 'nmae'; did you mean 'name'?", err.message)
      local author = Author {}
      err = caught(function() author.nmae = "x" end)
      assert.equal("blog.Author has no field 'nmae'; did you mean 'name'?", err.message)
      author._note = "free"
      assert.equal("free", author._note)
      assert.is_nil(author.nothing)
      err = caught(Author, "x")
      assert.equal("blog.Author is made from a table of values, got a string", err.message)
    end)

    it("write only what changed", function()
      local author = Author { name = "Ann", email = "ann@example.org" }:save()
      author.name = "Bea"
      local n, log = statements(function() author:save() end)
      assert.equal(1, n)
      assert.is_truthy(log[1].sql:find("UPDATE", 1, true))
      assert.is_truthy(log[1].sql:find("name", 1, true))
      assert.is_nil(log[1].sql:find("email", 1, true))
      assert.equal(0, (statements(function() author:save() end)))
      author.name = "Cid"
      author.name = "Bea"
      assert.equal(0, (statements(function() author:save() end)))
    end)

    it("know what changed", function()
      local author = Author { name = "Ann" }
      assert.is_true(author:is_dirty())
      author:save()
      assert.is_false(author:is_dirty())
      author.name, author.email = "Bea", "b@example.org"
      assert.is_true(author:is_dirty())
      assert.is_true(author:is_dirty "name")
      assert.is_false(author:is_dirty "active")
      assert.same({ name = { old = "Ann", new = "Bea" }, email = { new = "b@example.org" } }, author:changes())
      author.email, author.name = nil, nil
      assert.same({ name = { old = "Ann" } }, author:changes())
      assert.equal("blog.Author has no column field 'nam'; did you mean 'name'?",
        caught(author.is_dirty, author, "nam").message)
    end)

    it("save named fields only", function()
      local author = Author { name = "Ann", email = "a@example.org" }:save()
      author.name, author.email = "Bea", "b@example.org"
      author:save { update_fields = { "name" } }
      local row = Author.objects:get { id = author.id }
      assert.equal("Bea", row.name)
      assert.equal("a@example.org", row.email)
      assert.is_true(author:is_dirty "email")
      assert.is_false(author:is_dirty "name")
      assert.equal("misuse", caught(author.save, author, { update_fields = { "nam" } }).code)
      assert.equal("save has no option 'update_field'; did you mean 'update_fields'?",
        caught(author.save, author, { update_field = { "name" } }).message)
    end)

    it("insert again when forced, and tell a taken key", function()
      local author = Author { name = "Ann" }:save()
      assert.equal("unique_violation", caught(author.save, author, { force_insert = true }).code)
      local copy = Author { id = author.id, name = "Copy" }
      assert.equal("unique_violation", caught(copy.save, copy).code)
      Author { id = 77, name = "Own key" }:save()
      assert.equal("Own key", Author.objects:get { pk = 77 }.name)
    end)

    it("say when their row is gone", function()
      local author = Author { name = "Ann" }:save()
      Author.objects:filter { id = author.id }:delete()
      author.name = "Bea"
      local err = caught(author.save, author)
      assert.equal("does_not_exist", err.code)
      assert.equal(Author.DoesNotExist.code, err.code)
      assert.equal("blog.Author", err.model)
      assert.equal("does_not_exist", caught(author.refresh, author).code)
    end)

    it("read NULL as nil and write nil as NULL", function()
      local author = Author { name = "Ann", email = "a@example.org", born = "2000-02-29" }:save()
      assert.equal(rdb.date "2000-02-29", author.born)
      author.email, author.born = nil, rdb.null
      author:save()
      assert.is_nil(author.born)
      local row = Author.objects:get { id = author.id }
      assert.is_nil(row.email)
      assert.is_nil(row.born)
      row.name = nil
      assert.equal("not_null_violation", caught(row.save, row).code)
    end)

    it("refuse values that do not fit, naming the field and never the value", function()
      local cases = {
        { Author { name = ("secret"):rep(50) }, "data_too_long", "blog.Author.name" },
        { Author { name = 3 }, "invalid_value", "blog.Author.name: expected a string, got a" },
        { Author { name = "x", born = "2001-02-29" }, "invalid_value", "blog.Author.born" },
        { Author { name = "x", active = "yes" }, "invalid_value", "blog.Author.active: " },
        { Post { title = "x", author_id = 1, rating = "1.234" }, "out_of_range", "blog.Post.rating" },
        { Post { title = "x", author_id = 1, views = "3" }, "invalid_value", "blog.Post.views: expected an" },
        { Post { title = "x", author_id = 1, status = "secret" }, "invalid_value", "blog.Post.status" },
        { Post { title = "x", author_id = {} }, "invalid_value", "author" },
      }
      for i, case in ipairs(cases) do
        local err = caught(case[1].save, case[1])
        assert.equal(case[2], err.code, i)
        assert.is_truthy(err.message:find(case[3], 1, true), err.message)
        assert.is_nil(err.message:find("secret", 1, true))
      end
      assert.equal(0, Author.objects:count())
    end)

    it("set auto_now and auto_now_add", function()
      local author = Author { name = "Ann" }:save()
      local post = Post { title = "x", author = author }:save()
      assert.equal("datetime", rdb.core.is(post.created_at))
      local created, updated = post.created_at, post.updated_at
      assert.equal(0, (statements(function() post:save() end)))
      post.title = "y"
      post:save()
      assert.equal(created, post.created_at)
      assert.is_true(post.updated_at >= updated)
      local row = Post.objects:get { id = post.id }
      assert.equal(post.updated_at, row.updated_at)
      assert.equal(post.created_at, row.created_at)
    end)

    it("are equal by model and key", function()
      local author = Author { name = "Ann" }:save()
      local again = Author.objects:get { id = author.id }
      assert.is_false(rawequal(author, again))
      assert.is_true(author == again)
      assert.is_false(author == Author { name = "Ann" }:save())
      assert.is_false(Author {} == Author {})
      assert.is_false(author == Tag { id = author.id, label = "x" })
    end)

    it("become plain tables", function()
      local author = Author { name = "Ann" }:save()
      assert.same({ id = author.id, name = "Ann", active = true }, author:to_table())
      assert.same({ name = "Ann" }, author:to_table { "name", "email" })
      assert.is_nil(getmetatable(author:to_table()))
    end)

    it("are refreshed", function()
      local author = Author { name = "Ann", email = "a@example.org" }:save()
      Author.objects:filter { id = author.id }:update { name = "Bea", email = "b@example.org" }
      author.name = "mine"
      author:refresh { "email" }
      assert.equal("mine", author.name)
      assert.equal("b@example.org", author.email)
      author:refresh()
      assert.equal("Bea", author.name)
      assert.is_false(author:is_dirty())
      assert.equal("misuse", caught(Author {}.refresh, Author {}).code)
    end)

    it("load deferred columns, for all siblings at once", function()
      for i = 1, 3 do
        Author { name = "n" .. i, email = i .. "@example.org" }:save()
      end
      local authors = Author.objects:only("name"):order_by("id"):list()
      authors[2].name = "mine"
      local n = statements(function()
        for i, author in ipairs(authors) do
          assert.equal(i .. "@example.org", author.email)
        end
      end)
      assert.equal(1, n)
      assert.equal("mine", authors[2].name)
      assert.is_true(authors[2]:is_dirty "name")
      assert.is_false(authors[1]:is_dirty())
      local alone = Author.objects:only("name"):get { name = "n1" }
      alone.email = "new@example.org"
      assert.is_true(alone:is_dirty "email")
      alone:save()
      assert.equal("new@example.org", Author.objects:get { name = "n1" }.email)
    end)

    it("can be saved again after delete", function()
      local author = Author { name = "Ann" }:save()
      author:delete()
      assert.equal("misuse", caught(author.refresh, author).code)
      author:save()
      assert.equal("Ann", Author.objects:get { id = author.id }.name)
      assert.equal("misuse", caught(Author {}.delete, Author {}).code)
    end)

    it("show the label of a choice", function()
      assert.equal("published", Post { status = "published" }:get_status_display())
    end)
  end)

  describe(backend.name .. " full_clean", function()
    local Account
    setup(function()
      Account = rdb.model "spec.Account" {
        name = f.char { max_length = 5 },
        code = f.char { max_length = 3, unique = true },
        level = f.positive_small_integer { null = true, validators = { rdb.validators.max_value(9) } },
        kind = f.char { max_length = 1, choices = { { "a", "Admin" }, { "u", "User" } }, default = "u" },
        clean = function(self)
          if self.name == self.code then
            return false, { name = "Must differ from the code." }
          end
        end,
        meta = { unique_together = { { "name", "level" } } },
      }
    end)
    teardown(function() rdb.models:remove(Account) end)
    before_each(function() backend.setup { Account } end)
    after_each(function() backend.teardown() end)

    local function fields(object)
      local err = caught(object.full_clean, object)
      assert.equal("validation_error", err.code)
      assert.equal("spec.Account", err.model)
      return err.fields
    end

    it("passes good objects", function()
      local account = Account { name = "Ann", code = "x" }
      assert.equal(account, account:full_clean())
    end)

    it("lists all messages by field", function()
      assert.same({
        name = { "This field cannot be blank." }, code = { "This field cannot be null." },
        level = { "Ensure this value is less than or equal to 9." }, kind = { "Select a valid choice." },
      }, fields(Account { name = "", level = 10, kind = "z" }))
      assert.same({ name = { "Ensure this value has at most 5 characters (it has 6)." } },
        fields(Account { name = "Annika", code = "x" }))
      assert.same({ level = { "Enter an integer." } }, fields(Account { name = "A", code = "x", level = "9" }))
    end)

    it("runs the model's own clean", function()
      assert.same({ name = { "Must differ from the code." } }, fields(Account { name = "x", code = "x" }))
    end)

    it("looks for rows with the same unique values", function()
      local first = Account { name = "Ann", code = "x", level = 1 }:save()
      first:full_clean()
      assert.same({ code = { "account with this code already exists." },
        __all__ = { "account with this name and level already exists." } },
        fields(Account { name = "Ann", code = "x", level = 1 }))
      Account { name = "Ann", code = "y" }:save()
      Account { name = "Ann", code = "z" }:full_clean()
      Account { name = "Ann", code = "x", level = 1 }:full_clean { validate_unique = false }
    end)

    it("leaves out what is excluded", function()
      Account { name = "Annika", code = "x" }:full_clean { exclude = { "name" } }
    end)
  end)

  describe(backend.name .. " composite keys", function()
    local Line
    setup(function()
      Line = rdb.model "spec.Line" {
        order_no = f.integer {}, line_no = f.integer {}, amount = f.integer { default = 1 },
        key = f.composite_key { "order_no", "line_no" },
      }
    end)
    teardown(function() rdb.models:remove(Line) end)
    before_each(function() backend.setup { Line } end)
    after_each(function() backend.teardown() end)

    it("identify, update and delete a row", function()
      local line = Line { order_no = 1, line_no = 2 }
      assert.equal("spec.Line(1, 2)", tostring(line))
      line:save()
      Line { order_no = 1, line_no = 3 }:save()
      line.amount = 5
      line:save()
      assert.same({ 1, 2 }, line.pk)
      local again = Line.objects:get { order_no = 1, line_no = 2 }
      assert.equal(5, again.amount)
      assert.is_true(line == again)
      assert.equal("unique_violation", caught(function() Line { order_no = 1, line_no = 2 }:save() end).code)
      line:delete()
      assert.equal(1, Line.objects:count())
    end)
  end)

  describe(backend.name .. " JSON columns", function()
    local Note
    setup(function()
      Note = rdb.model "spec.Note" { data = f.json { null = true }, list = f.json { default = { 1 } } }
    end)
    teardown(function() rdb.models:remove(Note) end)
    before_each(function() backend.setup { Note } end)
    after_each(function() backend.teardown() end)

    it("tell JSON null from NULL", function()
      local note = Note { data = rdb.null }:save()
      assert.equal(rdb.null, note.data)
      assert.is_false(note:is_dirty())
      assert.equal(rdb.null, Note.objects:get { id = note.id }.data)
      assert.equal(0, Note.objects:filter { data__isnull = true }:count())
      note.data = nil
      note:save()
      assert.is_nil(Note.objects:get { id = note.id }.data)
      assert.equal(1, Note.objects:filter { data__isnull = true }:count())
      note.data = rdb.null
      note:save()
      assert.equal(rdb.null, Note.objects:get { id = note.id }.data)
      assert.same({ id = note.id, data = rdb.null, list = { 1 } }, note:to_table())
    end)

    it("notice a change inside", function()
      local note = Note { data = { a = { 1, 2 } } }:save()
      assert.is_false(note:is_dirty())
      note.data.a[2] = 3
      assert.is_true(note:is_dirty "data")
      note:save()
      assert.same({ a = { 1, 3 } }, Note.objects:get { id = note.id }.data)
      assert.is_false(rawequal(Note {}.list, Note {}.list))
    end)
  end)

  describe(backend.name .. " keys of other types", function()
    local Thing
    setup(function()
      Thing = rdb.model "spec.Thing" {
        id = f.uuid { primary_key = true, default = rdb.uuid }, name = f.text {},
      }
    end)
    teardown(function() rdb.models:remove(Thing) end)
    before_each(function() backend.setup { Thing } end)
    after_each(function() backend.teardown() end)

    it("are made by defaults and found again", function()
      local thing = Thing { name = "x" }:save()
      assert.equal("uuid", rdb.core.is(thing.id))
      assert.is_true(thing == Thing.objects:get { id = thing.id })
      assert.is_true(thing == Thing.objects:get { pk = tostring(thing.id) })
      thing.name = "y"
      thing:save()
      assert.equal("y", Thing.objects:get { id = thing.id }.name)
    end)
  end)
end)

