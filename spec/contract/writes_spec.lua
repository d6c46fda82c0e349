local rdb = require "rdb"
local backends = require "spec.support.backends"
local blog = require "spec.support.blog"

local Author, Comment, Post, Tag = blog.Author, blog.Comment, blog.Post, blog.Tag
local F = rdb.F

local function caught(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err
end

backends.each(function(backend)
  describe(backend.name .. " writes", function()
    local ann

    before_each(function()
      backend.setup(blog.all)
      ann = Author.objects:create { name = "Ann", email = "a@example.org" }
    end)
    after_each(function() backend.teardown() end)

    local function make_posts(n)
      for i = 1, n do
        Post.objects:create { title = "p" .. i, author = ann, views = i }
      end
    end

    it("create", function()
      local post = Post.objects:create { title = "t", author = ann }
      assert.equal(1, post.id)
      assert.equal("draft", post.status)
      assert.is_false(post:is_dirty())
      assert.equal("datetime", rdb.core.is(post.created_at))
      local err = caught(Author.objects.create, Author.objects, { name = "B", email = "a@example.org" })
      assert.equal("unique_violation", err.code)
      assert.equal("misuse", caught(Author.objects.create, Author.objects, { nmae = "B" }).code)
      err = caught(Post.objects.create, Post.objects, { title = "t", author = ann, views = "many" })
      assert.equal("invalid_value", err.code)
      assert.matches("blog.Post", err.message, 1, true)
      assert.matches("views", err.message, 1, true)
      assert.equal(1, Post.objects:count())
    end)

    it("get or create", function()
      local tag, created = Tag.objects:get_or_create { label = "x" }
      assert.is_true(created)
      local again, created_again = Tag.objects:get_or_create { label = "x" }
      assert.is_false(created_again)
      assert.equal(tag, again)
      local author, new = Author.objects:get_or_create { email = "a@example.org", defaults = { name = "other" } }
      assert.is_false(new)
      assert.equal("Ann", author.name)
      author, new = Author.objects:get_or_create { name__iexact = "BOB", defaults = { name = "Bob" } }
      assert.is_true(new)
      assert.equal("Bob", author.name)
      assert.equal("misuse", caught(Tag.objects.get_or_create, Tag.objects, {}).code)
    end)

    it("get what another made in between", function()
      local get = Tag.objects.get
      local tag = rdb.atomic(function()
        local methods = require "rdb.orm.queryset".methods
        local calls = 0
        methods.get = function(...)
          calls = calls + 1
          if calls == 1 then -- the other is faster
            rdb.query("INSERT INTO blog_tag (label) VALUES (?)", { "x" })
            rdb.errors.raise("does_not_exist", "not yet")
          end
          return get(...)
        end
        local ok, found, created = pcall(Tag.objects.get_or_create, Tag.objects, { label = "x" })
        methods.get = get
        assert.is_true(ok)
        assert.is_false(created)
        return found
      end)
      assert.equal("x", tag.label)
      assert.equal(1, Tag.objects:count())
    end)

    it("update or create", function()
      local author, created = Author.objects:update_or_create { email = "a@example.org",
        defaults = { name = "Anna" } }
      assert.is_false(created)
      assert.equal("Anna", Author.objects:get { id = author.id }.name)
      author, created = Author.objects:update_or_create {
        email = "b@example.org", defaults = { name = "later" }, create_defaults = { name = "Bob" },
      }
      assert.is_true(created)
      assert.equal("Bob", author.name)
    end)

    it("update rows", function()
      make_posts(4)
      assert.equal(2, Post.objects:filter { views__gt = 2 }
        :update { status = "published", views = F "views" * 10 })
      assert.same({ 1, 2, 30, 40 }, Post.objects:order_by "id":values_list("views", { flat = true }):list())
      assert.equal(2, Post.objects:filter { status = "published" }:update { status = "published" })
      assert.equal(1, Post.objects:filter { id = 1 }:update("title", "new"))
      assert.equal("new", Post.objects:get { id = 1 }.title)
      assert.equal(4, Post.objects:filter { author__name = "Ann" }:update { editor = ann })
      assert.equal(4, Post.objects:filter { editor = ann }:update { editor = rdb.null })
      assert.equal(4, Post.objects:filter { editor__isnull = true }:update { rating = "1.5" })
      assert.equal(rdb.decimal "1.50", Post.objects:get { id = 1 }.rating)
      assert.equal(4, Post.objects:all():update { title = rdb.fn.concat("title", rdb.Value "!") })
      assert.equal("p2!", Post.objects:get { id = 2 }.title)
      assert.equal(0, Post.objects:filter { id = 99 }:update { title = "x" })
    end)

    it("refuse updates that would do something else", function()
      make_posts(2)
      local all = Post.objects:all()
      for _, values in ipairs { { titel = "x" }, { tags = 1 }, { comments = 1 }, {} } do
        assert.equal("misuse", caught(all.update, all, values).code)
      end
      assert.equal("misuse", caught(function() all[{ 1, 1 }]:update { title = "x" } end).code)
      assert.equal("unsupported", caught(function() all:update { title = F "author__name" } end).code)
      assert.equal("unsupported", caught(function()
        all:filter { author__name = "Ann" }:update { title = F "author__name" }
      end).code)
      assert.equal("misuse", caught(function() all:update { views = rdb.Count "id" } end).code)
      assert.equal("invalid_value", caught(function() all:update { views = "x" } end).code)
      assert.equal("invalid_value", caught(function() all:update { views = { 1 } } end).code)
      assert.equal("data_too_long", caught(function() all:update { title = ("x"):rep(201) } end).code)
      assert.same({ "p1", "p2" }, all:order_by "id":values_list("title", { flat = true }):list())
    end)

    it("delete rows and what belongs to them", function()
      make_posts(3)
      for i = 1, 3 do
        Comment.objects:create { post_id = i, author_name = "x", body = "c" }
      end
      Post.objects:get { id = 1 }.tags:add(Tag.objects:create { label = "t" })
      local total, per_label = Post.objects:filter { views__lte = 2 }:delete()
      assert.equal(5, total)
      assert.same({ ["blog.Post"] = 2, ["blog.Comment"] = 2, ["blog.Post_tags"] = 1 }, per_label)
      assert.equal(1, Post.objects:count())
      total, per_label = Comment.objects:all():delete()
      assert.equal(1, total)
      assert.same({ ["blog.Comment"] = 1 }, per_label)
      assert.equal(0, (Comment.objects:all():delete()))
      assert.equal("misuse", caught(function() Post.objects:all()[{ 1, 1 }]:delete() end).code)
      assert.equal("misuse", caught(function() Post.objects:values "id":delete() end).code)
      assert.equal("misuse", caught(function() Post.objects:delete { id = 1 } end).code)
    end)

    it("delete across relations", function()
      make_posts(2)
      Comment.objects:create { post_id = 1, author_name = "x", body = "c" }
      assert.equal(1, (Comment.objects:filter { post__author__name = "Ann" }:delete()))
      assert.equal(2, Post.objects:count())
    end)

    it("write expressions of instances and read them back", function()
      make_posts(1)
      local post = Post.objects:get { id = 1 }
      post.views = F "views" + 41
      post:save()
      assert.equal(42, post.views)
      assert.is_false(post:is_dirty())
      local created = Post.objects:create { title = rdb.fn.upper(rdb.Value "loud"), author = ann }
      assert.equal("LOUD", created.title)
      assert.is_false(created:is_dirty())
    end)
  end)
end)
