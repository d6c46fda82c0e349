local rdb = require "rdb"
local backends = require "spec.support.backends"
local blog = require "spec.support.blog"

local Author, Comment, Post, Tag = blog.Author, blog.Comment, blog.Post, blog.Tag
local Q, F = rdb.Q, rdb.F

local function caught(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err
end

backends.each(function(backend)
  describe(backend.name .. " aggregates", function()
    local ann, bob

    before_each(function()
      backend.setup(blog.all)
      ann = Author.objects:create { name = "Ann" }
      bob = Author.objects:create { name = "Bob" }
      Author.objects:create { name = "Cy" }
      for i = 1, 4 do
        local post = Post.objects:create {
          title = "p" .. i, author = i < 4 and ann or bob, views = i * 10, status = i % 2 == 0
            and "published" or "draft",
          rating = rdb.decimal("0." .. i),
        }
        for _ = 1, i do
          Comment.objects:create { post = post, author_name = "x", body = "b" }
        end
      end
    end)
    after_each(function() backend.teardown() end)

    it("answer one table", function()
      local result = Post.objects:aggregate {
        n = rdb.Count "*", total = rdb.Sum "views", mean = rdb.Avg "views", least = rdb.Min "views",
          most = rdb.Max "rating",
        sum = rdb.Sum "rating", kinds = rdb.Count("status", { distinct = true }),
        drafts = rdb.Count("id", { filter = Q { status = "draft" } }),
      }
      assert.same({
        n = 4, total = 100, mean = 25.0, least = 10, most = rdb.decimal "0.4", sum = rdb.decimal "1.0",
          kinds = 2, drafts = 2,
      }, result)
      assert.equal("integer", math.type(result.total))
      assert.equal("float", math.type(result.mean))
      assert.same({ views__sum = nil, views_sum = 100 }, Post.objects:aggregate(rdb.Sum "views"))
    end)

    it("may take the name of a field", function()
      assert.same({ views = 100 }, Post.objects:aggregate { views = rdb.Sum "views" })
      assert.same({ views = 30 }, Post.objects:order_by "id"[{ 1, 2 }]:aggregate { views = rdb.Sum "views" })
      assert.same({ n = 3 }, Author.objects:annotate { n = rdb.Count "posts" }:aggregate { n = rdb.Max "n" })
      assert.same({ double = 200 }, Post.objects:annotate { double = F "views" * 2 }
        :aggregate { double = rdb.Sum "double" })
      assert.same({ n = 0 }, Post.objects:none():aggregate { n = rdb.Count "*" })
      assert.equal("misuse", caught(Post.objects.annotate, Post.objects, { views = rdb.Sum "id" }).code)
    end)

    it("spread", function()
      local result = Post.objects:aggregate {
        v = rdb.Variance "views", s = rdb.StdDev "views", vs = rdb.Variance("views", { sample = true }),
      }
      assert.equal(125.0, result.v)
      assert.is_true(math.abs(result.s - 11.180339887498949) < 1e-9)
      assert.is_true(math.abs(result.vs - 166.66666666666666) < 1e-9)
    end)

    it("of nothing are nil, or their default", function()
      local none = Post.objects:filter { id = 0 }
      assert.same({}, none:aggregate { s = rdb.Sum "views" })
      assert.same({ s = 0, n = 0 }, none:aggregate { s = rdb.Sum("views", { default = 0 }), n = rdb.Count "id" })
    end)

    it("sum decimals exactly", function()
      Post.objects:all():update { rating = rdb.decimal "0.10" }
      assert.equal(rdb.decimal "0.40", Post.objects:aggregate { s = rdb.Sum "rating" }.s)
    end)

    it("annotate each row", function()
      local seen = {}
      for author in Author.objects:annotate { n = rdb.Count "posts",
        views = rdb.Sum("posts__views", { default = 0 }) } do
        seen[author.name] = { author.n, author.views }
      end
      assert.same({ Ann = { 3, 60 }, Bob = { 1, 40 }, Cy = { 0, 0 } }, seen)
      local names = Author.objects:annotate { n = rdb.Count "posts" }:filter { n__gte = 1 }:order_by("-n", "name")
        :values_list("name", { flat = true })
      assert.same({ "Ann", "Bob" }, names:list())
      assert.equal(2, Author.objects:annotate { n = rdb.Count "posts" }:filter { n__gte = 1 }:count())
      assert.equal(1, Author.objects:annotate { n = rdb.Count "posts" }
        :filter(Q { n = 3 } | Q { name = "none" }):count())
      assert.equal(1, Author.objects:alias { n = rdb.Count "posts" }:filter { n = 0 }:count())
    end)

    it("count related rows of two relations with distinct", function()
      local author = Author.objects:annotate { posts_n = rdb.Count("posts", { distinct = true }),
        comments_n = rdb.Count "posts__comments" }:get { name = "Ann" }
      assert.equal(3, author.posts_n)
      assert.equal(6, author.comments_n)
    end)

    it("group by values", function()
      local rows = Post.objects:values "status":annotate { n = rdb.Count "id", sum = rdb.Sum "views" }
        :order_by "status":list()
      assert.same({ { status = "draft", n = 2, sum = 40 }, { status = "published", n = 2, sum = 60 } }, rows)
      rows = Post.objects:values "author__name":annotate { n = rdb.Count "id" }:filter { n__gt = 1 }:list()
      assert.same({ { author__name = "Ann", n = 3 } }, rows)
      rows = Post.objects:annotate { big = rdb.Case { { Q { views__gte = 30 }, true }, default = false } }
        :values "big"
        :annotate { n = rdb.Count "id" }:order_by "big":list()
      assert.same({ { big = false, n = 2 }, { big = true, n = 2 } }, rows)
      rows = Post.objects:values_list("status"):annotate { n = rdb.Count "id" }:order_by "-status":list()
      assert.same({ { "published", 2 }, { "draft", 2 } }, rows)
    end)

    it("filter before and after", function()
      local rows = Author.objects:filter { posts__views__gte = 20 }:annotate { n = rdb.Count "posts" }
        :order_by "name"
        :values("name", "n"):list()
      assert.same({ { name = "Ann", n = 2 }, { name = "Bob", n = 1 } }, rows)
      rows = Author.objects:annotate { n = rdb.Count "posts" }:filter { name = "Ann" }:values("name", "n"):list()
      assert.same({ { name = "Ann", n = 3 } }, rows)
    end)

    it("go over slices, distinct rows and groups", function()
      assert.equal(30, Post.objects:order_by "id"[{ 1, 2 }]:aggregate { s = rdb.Sum "views" }.s)
      assert.equal(3.0, Author.objects:annotate { n = rdb.Count "posts" }:aggregate { m = rdb.Max "n" }.m + 0.0)
      assert.equal(2.0, Author.objects:annotate { n = rdb.Count "posts" }:filter { n__gt = 0 }
        :aggregate { m = rdb.Avg "n" }.m)
      assert.equal(2, Post.objects:values "status":distinct():count())
      assert.equal(2, Post.objects:values "status":annotate { n = rdb.Count "id" }:count())
    end)

    it("take expressions", function()
      assert.equal(110, Post.objects:aggregate { s = rdb.Sum(F "views" + F "id") }.s)
      local by_year = Post.objects:annotate { y = rdb.fn.extract_year "created_at" }:values "y"
        :annotate { n = rdb.Count "id" }
      assert.equal(4, by_year[1].n)
      local row = Post.objects:annotate { label = rdb.fn.concat("title", rdb.Value "-", "status") }
        :order_by "id":first()
      assert.equal("p1-draft", row.label)
      assert.same({ "P1" }, Post.objects:annotate { up = rdb.fn.upper "title" }:filter { up = "P1" }
        :values_list("up", { flat = true }):list())
      assert.equal("p4,p3", Post.objects:filter { id__gt = 2 }
        :aggregate { t = rdb.StringAgg("title", ",") }.t:reverse():gsub(
        "(%d)p", "p%1"))
    end)

    it("refuse what makes no sense", function()
      local aggregate = Post.objects.aggregate
      assert.equal("misuse", caught(aggregate, Post.objects, { a = F "views" }).code)
      assert.equal("misuse", caught(aggregate, Post.objects, {}).code)
      assert.equal("misuse", caught(aggregate, Post.objects, { ["a b"] = rdb.Count "id" }).code)
      assert.equal("unsupported", caught(aggregate, Post.objects, { a = rdb.BitAnd "views" }).code)
    end)

    it("count without rows of a many_to_many", function()
      local tag = Tag.objects:create { label = "t" }
      Post.objects:first().tags:add(tag)
      local counts = Tag.objects:annotate { n = rdb.Count "posts" }:values_list("n", { flat = true }):list()
      assert.same({ 1 }, counts)
      assert.equal(1, Post.objects:annotate { n = rdb.Count "tags" }:filter { n = 1 }:count())
    end)
  end)
end)
