--- raw: objects from SQL of the program's own.
local rdb = require "rdb"
local backends = require "spec.support.backends"
local blog = require "spec.support.blog"

local Author, Post = blog.Author, blog.Post

local function caught(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err
end

backends.each(function(backend)
  describe(backend.name .. " raw SQL", function()
    before_each(function()
      backend.setup(blog.all)
      for i, name in ipairs { "Ann", "Bob" } do
        local author = Author.objects:create { name = name }
        Post.objects:create { title = "p" .. i, author = author, views = i * 10, rating = "1.50" }
      end
    end)
    after_each(function() backend.teardown() end)

    it("makes objects, with deferred fields and what else was selected", function()
      local posts = Post.objects:raw("SELECT p.id, p.title, p.author_id, p.rating, p.views * 2 AS twice "
        .. "FROM blog_post p WHERE p.views >= ? ORDER BY p.id;", { 10 })
      assert.equal(2, #posts)
      assert.equal("p1", posts[1].title)
      assert.equal(rdb.decimal "1.5", posts[1].rating)
      assert.equal(40, posts[2].twice)
      local log = rdb.capture(function()
        assert.equal(20, posts[2].views)
        assert.equal("Bob", posts[2].author.name)
        assert.equal("Ann", posts[1].author.name)
      end)
      assert.equal(2, #log)
      posts[1].title = "new"
      posts[1]:save()
      assert.equal("new", Post.objects:get { id = posts[1].id }.title)
    end)

    it("loops, prefetches and takes named parameters", function()
      local titles = {}
      for post in Post.objects:raw("SELECT * FROM blog_post ORDER BY id DESC") do
        titles[#titles + 1] = post.title
      end
      for _, post in ipairs(Post.objects:raw "SELECT * FROM blog_post ORDER BY id") do
        titles[#titles + 1] = post.title
      end
      assert.same({ "p2", "p1", "p1", "p2" }, titles)
      assert.equal("p2", Post.objects:raw("SELECT * FROM blog_post WHERE title = :t -- by title",
        { t = "p2" }):first().title)
      local authors = Author.objects:raw "SELECT * FROM blog_author ORDER BY id":prefetch_related "posts":list()
      local log = rdb.capture(function() assert.equal("p2", authors[2].posts:list()[1].title) end)
      assert.equal(0, #log)
      assert.is_nil(Post.objects:raw "SELECT * FROM blog_post WHERE 0 = 1":first())
      local sql, params = Post.objects:raw("SELECT * FROM blog_post WHERE id = :id", { id = 3 }):to_sql()
      assert.equal("SELECT * FROM blog_post WHERE id = ?", sql)
      assert.same({ 3, n = 1 }, params)
    end)

    it("follows a change of the table", function()
      local sql = "SELECT * FROM blog_tag"
      blog.Tag.objects:create { label = "a" }
      assert.is_nil(blog.Tag.objects:raw(sql)[1].extra)
      rdb.query "ALTER TABLE blog_tag ADD COLUMN extra TEXT DEFAULT 'x'"
      assert.equal("x", blog.Tag.objects:raw(sql)[1].extra)
    end)

    it("names what is wrong", function()
      local objects = Post.objects
      local function refused(code, text, sql, params)
        local err = caught(function() return objects:raw(sql, params):list() end)
        assert.equal(code, err.code)
        assert.truthy(err.message:find(text, 1, true), err.message)
      end
      refused("misuse", "must have the primary key, column 'id'", "SELECT title FROM blog_post")
      refused("misuse", "1 placeholder, but 0 parameters", "SELECT * FROM blog_post WHERE id = ?")
      refused("misuse", "no placeholder for the parameter 'b'", "SELECT * FROM blog_post WHERE id = :a",
        { a = 1, b = 2 })
      refused("misuse", "two columns of the result are 'author_id'",
        "SELECT id, author_id, 1 AS author FROM blog_post")
      refused("undefined_table", "nope", "SELECT * FROM nope")
      assert.equal("misuse", caught(objects.raw, objects, 3).code)
      assert.matches("raw cannot follow filter", caught(function()
        return objects:filter { id = 1 }:raw "SELECT * FROM blog_post"
      end).message)
    end)
  end)
end)
