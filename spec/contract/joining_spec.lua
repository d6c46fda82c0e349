--- join, left_join, rdb.FilteredRelation, and explicit groups: the rows that they answer.
local rdb = require "rdb"
local backends = require "spec.support.backends"
local blog = require "spec.support.blog"

local Author, Comment, Post = blog.Author, blog.Comment, blog.Post
local Q, F = rdb.Q, rdb.F

backends.each(function(backend)
  describe(backend.name .. " joins", function()
    before_each(function()
      backend.setup(blog.all)
      local ann, bob = Author.objects:create { name = "Ann" }, Author.objects:create { name = "Bob" }
      local first = Post.objects:create { title = "Ann", author = ann, views = 5, status = "published" }
      Post.objects:create { title = "p2", author = ann, views = 7 }
      Post.objects:create { title = "p3", author = bob, editor = ann, views = 9 }
      for i = 1, 3 do
        Comment.objects:create { post = first, author_name = i < 3 and "x" or "y", body = "b" .. i }
      end
    end)
    after_each(function() backend.teardown() end)

    local function names(queryset, name)
      return queryset:values_list(name, { flat = true }):list()
    end

    it("leave out rows without a partner, or keep them", function()
      assert.same({ "p3" }, names(Post.objects:join "editor":order_by "id", "title"))
      assert.same({ "Ann", "Ann", "Ann" }, names(Post.objects:join "comments", "title"))
      local all = Post.objects:left_join "comments"
      assert.same({ "Ann", "Ann", "Ann", "p2", "p3" }, names(all:order_by "id", "title"))
      assert.equal(5, all:count())
    end)

    it("are named and filtered", function()
      local commented = Post.objects:join("comments", { as = "c" })
      assert.same({ "b1", "b2" }, names(commented:filter { c__author_name = "x" }:order_by "c__body", "c__body"))
      assert.same({ "b3" }, names(commented:exclude { c__author_name = "x" }, "c__body"))
      assert.equal(1, Post.objects:join("comments", { as = "c" }):filter { c__body = "b2" }:update { views = 50 })
      assert.equal("Ann", Post.objects:get { views = 50 }.title)
    end)

    it("reach other models by their columns", function()
      local rows = Post.objects:left_join(Author, { on = { title = "name" }, as = "same" }):order_by "id"
        :values("title", "same__id"):list()
      assert.equal(Author.objects:get { name = "Ann" }.id, rows[1].same__id)
      assert.same({ title = "p2" }, rows[2])
      local by_both = Post.objects:join(Author, { on = { title = "name", author = "pk" }, as = "same" })
      assert.same({ "Ann" }, names(by_both, "title"))
    end)

    it("count some rows of a relation", function()
      local counted = {}
      for post in Post.objects:annotate { xs = rdb.FilteredRelation("comments", {
        condition = Q { comments__author_name = "x" },
      }), double = F "views" * 2 }:annotate { n = rdb.Count "xs" }:order_by "id" do
        counted[#counted + 1] = { post.title, post.n, post.double }
      end
      assert.same({ { "Ann", 2, 10 }, { "p2", 0, 14 }, { "p3", 0, 18 } }, counted)
      assert.same({ "p2", "p3" }, names(Post.objects:left_join("comments", {
        as = "ys", condition = { ys__author_name = "y" },
      }):filter { ys__isnull = true }:order_by "id", "title"))
    end)

    it("stand in subqueries", function()
      local busy = Post.objects:join("comments", { as = "c" }):filter { c__author_name = "y" }
      assert.same({ "Ann" }, names(Author.objects:filter { posts__in = busy }, "name"))
      assert.same({ "Ann" }, names(Author.objects:filter(rdb.Exists(busy:filter { author = rdb.OuterRef "pk" })),
        "name"))
    end)

    it("group by what was said", function()
      local by_author = Post.objects:group_by "author__name"
        :annotate { n = rdb.Count "id", sum = rdb.Sum "views" }
      assert.same({ { author__name = "Ann", n = 2, sum = 12 }, { author__name = "Bob", n = 1, sum = 9 } },
        by_author:order_by "author__name":list())
      assert.same({ { author__name = "Ann", n = 2, sum = 12 } }, by_author:having { n__gt = 1 }:list())
      assert.same({ "Bob" }, names(by_author:having(~Q { n__gt = 1 }), "author__name"))
      assert.equal(1, by_author:having { sum__lt = 10 }:count())
      assert.is_false(by_author:having { n = 7 }:exists())
      assert.same({ { status = "draft" }, { status = "published" } },
        Post.objects:group_by "status":order_by "status":list())
    end)

    it("take conditions in SQL", function()
      assert.same({ "p2", "p3" }, names(Post.objects:extra_where("length(blog_post.title) = ? AND views > ?",
        { 2, 5 }):order_by "id", "title"))
    end)
  end)
end)
