local rdb = require "rdb"
local backends = require "spec.support.backends"
local blog = require "spec.support.blog"

local Author, Post, Tag = blog.Author, blog.Post, blog.Tag

local function caught(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err
end

backends.each(function(backend)
  describe(backend.name .. " bulk writes", function()
    local ann

    before_each(function()
      backend.setup(blog.all)
      ann = Author.objects:create { name = "Ann", email = "a@example.org" }
    end)
    after_each(function() backend.teardown() end)

    local function new_posts(n)
      local list = {}
      for i = 1, n do
        list[i] = Post { title = "p" .. i, author = ann, views = i }
      end
      return list
    end

    it("insert many objects", function()
      local list = new_posts(50)
      assert.equal(list, Post.objects:bulk_create(list, { batch_size = 20 }))
      assert.equal(50, Post.objects:count())
      for i, post in ipairs(list) do
        assert.equal(i, post.id)
        assert.is_false(post:is_dirty())
        assert.equal("datetime", rdb.core.is(post.created_at))
        assert.equal("draft", post.status)
      end
      assert.equal("p50", Post.objects:get { id = list[50].id }.title)
      assert.same({}, Post.objects:bulk_create {})
    end)

    it("insert objects with and without keys and expressions", function()
      local list = new_posts(5)
      list[2].id = 70
      list[4].title = rdb.fn.upper(rdb.Value "loud")
      Post.objects:bulk_create(list)
      assert.same({ 1, 70, 71, 72, 73 }, { list[1].id, list[2].id, list[3].id, list[4].id, list[5].id })
      assert.equal("LOUD", list[4].title)
    end)

    it("insert all or none", function()
      local err = caught(Author.objects.bulk_create, Author.objects, {
        Author { name = "B", email = "b@example.org" }, Author { name = "C", email = "a@example.org" },
      })
      assert.equal("unique_violation", err.code)
      assert.equal(1, Author.objects:count())
      local list = new_posts(3)
      list[2].views = "many"
      err = caught(Post.objects.bulk_create, Post.objects, list)
      assert.equal("invalid_value", err.code)
      assert.matches("object 2", err.message, 1, true)
      assert.matches("views", err.message, 1, true)
      assert.equal(0, Post.objects:count())
      assert.is_nil(list[1].id)
    end)

    it("leave or overwrite rows that are there", function()
      local list = { Author { name = "new", email = "a@example.org" },
        Author { name = "B", email = "b@example.org" } }
      Author.objects:bulk_create(list, { ignore_conflicts = true })
      assert.equal(2, Author.objects:count())
      assert.equal("Ann", Author.objects:get { email = "a@example.org" }.name)
      list = { Author { name = "C", email = "c@example.org" }, Author { name = "new", email = "a@example.org" } }
      Author.objects:bulk_create(list, { update_conflicts = true, unique_fields = { "email" },
        update_fields = { "name" } })
      assert.equal(3, Author.objects:count())
      assert.equal("new", Author.objects:get { email = "a@example.org" }.name)
      assert.equal(ann.id, list[2].id)
      assert.equal(Author.objects:get { email = "c@example.org" }.id, list[1].id)
      assert.is_false(list[1]:is_dirty())
    end)

    it("update many objects", function()
      local list = Post.objects:bulk_create(new_posts(20))
      for i, post in ipairs(list) do
        post.views, post.title = i * 100, "unsaved"
      end
      assert.equal(20, Post.objects:bulk_update(list, { "views" }))
      assert.is_true(list[1]:is_dirty "title")
      assert.is_false(list[1]:is_dirty "views")
      assert.equal(2000, Post.objects:get { id = list[20].id }.views)
      assert.equal("p20", Post.objects:get { id = list[20].id }.title)
      list[1].views = rdb.F "views" + 1
      Post.objects:bulk_update({ list[1] }, { "views" })
      assert.equal(101, list[1].views)
    end)

    it("create objects with and without keys, expressions and objects as keys in one list", function()
      local list = new_posts(6)
      list[2].id, list[3].id = 50, 51
      list[4].views = rdb.F "views" + 1 -- no row to read: refused
      list[5].author_id = ann
      local err = caught(Post.objects.bulk_create, Post.objects, list)
      assert.is_not_nil(err.code)
      assert.equal(0, Post.objects:count())
      list[4].views = rdb.Value(4) + 1
      Post.objects:bulk_create(list)
      local keys = Post.objects:order_by("id"):values_list("id", { flat = true }):list()
      assert.same({ 1, 50, 51, 52, 53, 54 }, keys)
      assert.equal(5, list[4].views)
      assert.equal(ann.id, list[5].author_id)
      for _, post in ipairs(list) do
        assert.is_false(post:is_dirty())
      end
    end)

    it("name the object of a long list that fails", function()
      local list = new_posts(150)
      list[77].author_id = 999
      list[120].title = ("x"):rep(1000)
      local err = caught(Post.objects.bulk_create, Post.objects, list)
      assert.equal("data_too_long", err.code)
      assert.equal(120, err.index)
      list[120].title = "short"
      assert.equal("foreign_key_violation", caught(Post.objects.bulk_create, Post.objects, list).code)
      list[77].author_id = ann.id
      assert.equal(list, Post.objects:bulk_create(list))
      for i, post in ipairs(list) do
        assert.equal("p" .. i, i == 120 and "p120" or Post.objects:get { id = post.id }.title)
      end
    end)

    it("give each object its own key, whatever triggers do", function()
      local function check(list)
        for i, tag in ipairs(Tag.objects:bulk_create(list)) do
          assert.equal(list[i].label, Tag.objects:get { id = tag.id }.label)
        end
      end
      local function tags(prefix)
        local list = {}
        for i = 1, 100 do
          list[i] = Tag { label = prefix .. i }
        end
        return list
      end
      check(tags "a")
      rdb.query([[CREATE TRIGGER more AFTER INSERT ON blog_tag WHEN NEW.label LIKE 'b%7' BEGIN
        INSERT INTO blog_tag (label) VALUES ('copy of ' || NEW.label); END]])
      check(tags "b")
      rdb.query "DROP TRIGGER more"
    end)

    it("write all or nothing, also inside a transaction", function()
      rdb.atomic(function()
        local list = new_posts(3)
        list[3].title = ("x"):rep(1000)
        local err = caught(Post.objects.bulk_create, Post.objects, list)
        assert.equal("data_too_long", err.code)
        assert.equal("title", err.field)
        assert.matches("^object 3: blog%.Post%.title holds at most %d+ characters, got 1000$", err.message)
        assert.is_nil(list[1].id)
        list[3].title = "short"
        Post.objects:bulk_create(list)
        list[1].views, list[2].views = 10, "x"
        assert.equal("invalid_value", caught(Post.objects.bulk_update, Post.objects, list, { "views" }).code)
        assert.same({ "views" }, { next(list[1]:changes()) and "views" })
      end)
      assert.equal(3, Post.objects:count())
      assert.equal(0, Post.objects:filter { views = 10 }:count())
    end)

    it("are undone in the objects by a rollback", function()
      local list, more = Post.objects:bulk_create(new_posts(3)), new_posts(3)
      for i, post in ipairs(list) do
        post.views = 100 + i
      end
      pcall(rdb.atomic, function()
        Post.objects:bulk_update(list, { "views" })
        Post.objects:bulk_create(more)
        list[3].title = "changed later"
        list[3]:save()
        list[2]:delete()
        more[1]:delete()
        error "stop"
      end)
      for i, post in ipairs(list) do
        assert.equal(100 + i, post:changes().views.new)
        assert.equal(1, Post.objects:filter { id = post.id, title = "p" .. i }:count())
        assert.is_nil(more[i].id)
      end
      assert.equal("changed later", list[3]:changes().title.new)
      Post.objects:bulk_create(more)
      assert.equal(6, Post.objects:count())
    end)

    it("refuse what they cannot do", function()
      local create, update = Post.objects.bulk_create, Post.objects.bulk_update
      assert.equal("misuse", caught(create, Post.objects, { ann }).code)
      assert.equal("misuse", caught(create, Post.objects, "x").code)
      assert.equal("misuse", caught(create, Post.objects, new_posts(1), { batchsize = 1 }).code)
      assert.equal("misuse", caught(create, Post.objects, new_posts(1), { update_conflicts = true }).code)
      assert.equal("misuse", caught(create, Post.objects, new_posts(1),
        { update_conflicts = true, unique_fields = { "x" }, update_fields = { "title" } }).code)
      assert.equal("misuse", caught(update, Post.objects, new_posts(1), { "title" }).code)
      local saved = Post.objects:bulk_create(new_posts(1))
      assert.equal("misuse", caught(update, Post.objects, saved, {}).code)
      assert.equal("misuse", caught(update, Post.objects, saved, { "id" }).code)
      assert.equal("misuse", caught(update, Post.objects, saved, { "titel" }).code)
    end)
  end)
end)
