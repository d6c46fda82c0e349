local rdb = require "rdb"
local backends = require "spec.support.backends"
local blog = require "spec.support.blog"

local Author, Comment, Post, Profile, Tag = blog.Author, blog.Comment, blog.Post, blog.Profile, blog.Tag
local Q, F = rdb.Q, rdb.F

local function caught(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err
end

local function titles(queryset)
  return queryset:values_list("title", { flat = true }):list()
end

backends.each(function(backend)
  describe(backend.name .. " queries", function()
    local ann, bob, posts

    before_each(function()
      backend.setup(blog.all)
      ann = Author.objects:create { name = "Ann", email = "ann@example.org", born = rdb.date "1980-02-29" }
      bob = Author.objects:create { name = "Bob" }
      posts = {}
      for i, title in ipairs { "Alpha", "beta", "Gamma_1", "50% off", "back\\slash" } do
        posts[i] = Post.objects:create {
          title = title, author = i % 2 == 1 and ann or bob, editor = i == 2 and ann or nil, views = i * 10,
          status = i > 3 and "published" or "draft", rating = i ~= 5 and rdb.decimal(i .. ".5") or nil,
          published_at = rdb.datetime(("202%d-0%d-15T10:00:00Z"):format(i, i)),
        }
      end
      Comment.objects:create { post = posts[1], author_name = "x", body = "one" }
      Comment.objects:create { post = posts[1], author_name = "y", body = "two" }
      Comment.objects:create { post = posts[2], author_name = "x", body = "two" }
    end)
    after_each(function() backend.teardown() end)

    it("are lazy, evaluated once, and immutable", function()
      local log = rdb.capture(function()
        local drafts = Post.objects:filter { status = "draft" }:order_by "id"
        assert.equal(3, #drafts)
        assert.equal("beta", drafts[2].title)
        assert.is_nil(drafts[4])
        local seen = {}
        for i, post in ipairs(drafts) do
          seen[i] = post.title
        end
        for post in drafts do
          seen[#seen + 1] = post.title
        end
        assert.same({ "Alpha", "beta", "Gamma_1", "Alpha", "beta", "Gamma_1" }, seen)
        assert.equal(3, drafts:count())
        assert.is_true(drafts:exists())
        assert.equal("Alpha", drafts:first().title)
      end)
      assert.equal(1, #log)
      assert.equal(3, log[1].rows)
    end)

    it("nest loops over one QuerySet", function()
      local all, pairs_seen = Tag.objects:all(), 0
      Tag.objects:create { label = "a" }
      Tag.objects:create { label = "b" }
      for one in all do
        for other in all do
          pairs_seen = pairs_seen + (one ~= other and 1 or 0)
        end
      end
      assert.equal(2, pairs_seen)
    end)

    it("of managers ask anew for each loop", function()
      local log = rdb.capture(function()
        local manager, seen = ann.posts, {}
        for post in manager do
          seen[#seen + 1] = post.title
        end
        for i, post in ipairs(manager) do
          assert.equal(seen[i], post.title)
        end
        assert.same({ "Alpha", "Gamma_1", "back\\slash" }, seen)
        Post.objects:create { title = "new", author = ann }
        assert.equal(4, #manager)
      end)
      assert.equal(4, #log)
      assert.equal("misuse", caught(function() return Post.objects() end).code)
      assert.equal("misuse", caught(function() return Post.objects[1] end).code)
    end)

    it("slice", function()
      local by_id = Post.objects:order_by "id"
      assert.same({ "beta", "Gamma_1" }, titles(by_id[{ 2, 3 }]))
      assert.same({ "50% off", "back\\slash" }, titles(by_id:slice(4)))
      assert.same({ "Gamma_1" }, titles(by_id[{ 2, 4 }][{ 2, 2 }]))
      assert.same({}, titles(by_id[{ 3, 2 }]))
      assert.equal(2, by_id[{ 4, 9 }]:count())
      assert.equal("misuse", caught(function() return by_id[{ 1, 2 }]:filter { id = 1 } end).code)
      assert.equal("misuse", caught(function() return by_id[{ 0, 2 }] end).code)
    end)

    it("get one row or raise", function()
      assert.equal("beta", Post.objects:get { id = posts[2].id }.title)
      assert.equal("beta", Post.objects:get { pk = posts[2].id }.title)
      assert.equal("beta", Post.objects:filter { status = "draft" }:get("title", "beta").title)
      local err = caught(function() Post.objects:get { title = "none" } end)
      assert.equal("does_not_exist", err.code)
      assert.equal("blog.Post", err.model)
      err = caught(function() Post.objects:get { status = "draft" } end)
      assert.equal("multiple_objects_returned", err.code)
      assert.equal("blog.Post", err.model)
    end)

    it("compare text exactly, whatever it holds", function()
      for _, title in ipairs { "50% off", "back\\slash", "Gamma_1", "a*b", "a?b", "a[b]c", "x'y\"z" } do
        local post = Post.objects:create { title = title .. "#", author = ann }
        local head, middle = title:sub(1, #title - 1), title:sub(2)
        for lookup, value in pairs {
          exact = title .. "#", contains = middle, startswith = head, endswith = middle .. "#",
            icontains = middle:upper(),
          istartswith = head:upper(), iendswith = (middle .. "#"):lower(), iexact = title:upper() .. "#",
        } do
          local found = Post.objects:filter { ["title__" .. lookup] = value }:filter { id = post.id }:count()
          assert.equal(1, found, lookup .. " of " .. title)
        end
        post:delete()
      end
      assert.equal(0, Post.objects:filter { title__contains = "ALPHA" }:count())
      assert.equal(0, Post.objects:filter { title__startswith = "alp" }:count())
      assert.equal(0, Post.objects:filter { title__endswith = "PHA" }:count())
      assert.equal(1, Post.objects:filter { title__icontains = "%" }:count())
      assert.equal(1, Post.objects:filter { title__icontains = "_" }:count())
      assert.equal(1, Post.objects:filter { title__icontains = "\\" }:count())
      assert.equal(0, Post.objects:filter { title__contains = "*" }:count())
      assert.equal(5, Post.objects:filter { title__startswith = "" }:count())
      assert.equal(5, Post.objects:filter { title__endswith = "" }:count())
      assert.equal(1, Post.objects:filter { title__regex = "^A.*a$" }:count())
      assert.equal(0, Post.objects:filter { title__regex = "^a.*a$" }:count())
      assert.equal(1, Post.objects:filter { title__iregex = "^a.*a$" }:count())
    end)

    it("compare decimals by value and dates by their parts", function()
      Post.objects:create { title = "ten", author = ann, rating = rdb.decimal "10.00" }
      assert.same({ "ten" }, titles(Post.objects:filter { rating__gt = "9" }))
      assert.same({ "ten" }, titles(Post.objects:filter { rating = 10 }))
      assert.same({ "Alpha", "beta" }, titles(Post.objects:filter { rating__in = { "1.5", "2.50" } }
        :order_by "id"))
      assert.equal("ten", Post.objects:filter { rating__isnull = false }:order_by "-rating":first().title)
      assert.same({ "beta" }, titles(Post.objects:filter { published_at__year = 2022 }))
      assert.same({ "Gamma_1" }, titles(Post.objects:filter { published_at__month = 3 }))
      assert.equal(5, Post.objects:filter { published_at__day = 15, published_at__hour = 10,
        published_at__minute = 0 }:count())
      assert.equal(2, Post.objects:filter { published_at__year__gte = 2024 }:count())
      assert.equal(1, Author.objects:filter { born__month = 2, born__day = 29, born__quarter = 1,
        born__week_day = 6 }:count())
      assert.equal(1, Author.objects:filter { born__week = 9, born__iso_year = 1980, born__iso_week_day = 5 }
        :count())
      assert.equal(1, Post.objects:filter { published_at__date = rdb.date "2023-03-15" }:count())
      assert.equal(5, Post.objects:filter { published_at__time = rdb.time "10:00:00" }:count())
      assert.equal(2, Post.objects:filter { published_at__range = { "2022-01-01T00:00:00Z",
        "2023-12-31T00:00:00Z" } }:count())
    end)

    it("span relations both ways", function()
      assert.equal(3, Post.objects:filter { author__name = "Ann" }:count())
      assert.equal(3, Post.objects:filter { author = ann }:count())
      assert.equal(1, Post.objects:filter { editor__name__startswith = "A" }:count())
      assert.same({ "Ann" }, Author.objects:filter { posts__comments__body = "one" }
        :values_list("name", { flat = true }):list())
      assert.equal(2, Post.objects:filter { comments__author_name = "x" }:count())
      assert.equal(1, Post.objects:filter { comments__author_name = "x", comments__body = "one" }:count())
      assert.equal(0, Post.objects:filter { comments__author_name = "y", comments__body = "one" }:count())
      assert.equal(1, Post.objects:filter { comments__author_name = "y" }:filter { comments__body = "one" }
        :count())
      assert.equal(3, Post.objects:filter { comments__isnull = false }:count()) -- one row for each comment
      assert.equal(2, Post.objects:filter { comments__isnull = false }:distinct():count())
      assert.equal(3, Post.objects:filter { comments__isnull = true }:count())
    end)

    it("exclude rows, NULLs and related rows as one reads it", function()
      assert.equal(2, Author.objects:count())
      assert.equal(1, Author.objects:exclude { email = "ann@example.org" }:count())
      assert.equal(2, Author.objects:exclude { email = "other" }:count())
      assert.equal(1, Author.objects:exclude { email = rdb.null }:count())
      assert.equal(4, Post.objects:exclude { editor = ann }:count())
      assert.equal(4, Post.objects:exclude { editor__name = "Ann" }:count())
      assert.equal(5, Post.objects:exclude { editor__name = "Bob" }:count())
      assert.equal(3, Post.objects:exclude { comments__body = "two" }:count())
      assert.equal(4, Post.objects:exclude { comments__body = "one" }:count())
      assert.equal(2, Post.objects:exclude { comments__isnull = true }:count())
      assert.equal(3, Post.objects:exclude { comments__isnull = false }:count())
      assert.equal(3, Post.objects:filter(~Q { comments__author_name = "x" }):count())
      assert.equal(2, Post.objects:filter(~~Q { comments__author_name = "x" }):count())
      assert.equal(1, Author.objects:exclude { posts__comments__body = "one" }:count())
      assert.equal(5, Post.objects:exclude { id__in = {} }:count())
      assert.equal(4, Post.objects:exclude(Q { title = "Alpha" } & Q { status = "draft" }):count())
      assert.equal(2, Post.objects:exclude(Q { title = "Alpha" } | Q { title = "beta" })
        :filter { views__lt = 50 }:count())
    end)

    it("combine conditions", function()
      assert.equal(2, Post.objects:filter(Q { title = "Alpha" } | Q { editor__name = "Ann" }):count())
      assert.equal(3, Post.objects:filter(Q { views__lt = 20 } | Q { views__gt = 30 }):count())
      assert.equal(1, Post.objects:filter(Q { views__lt = 40 } & ~Q { author = ann }):count())
      assert.equal(2, Post.objects:filter(Q { status = "draft" }, { author = ann }):count())
      assert.equal(2, Post.objects:filter { Q { status = "draft" }, author = ann }:count())
      assert.equal(2, Post.objects:filter(F "views":gt(rdb.Value(30))):count())
      assert.equal(0, Post.objects:filter { views__lt = F "id" }:count())
      assert.equal(5, Post.objects:filter { views__gt = F "id" * 2 }:count())
    end)

    it("nest QuerySets", function()
      local authors = Author.objects:filter { name = "Bob" }
      assert.equal(2, Post.objects:filter { author__in = authors }:count())
      assert.equal(2, Post.objects:filter { author__in = authors:values "id" }:count())
      assert.equal(3, Post.objects:exclude { author__in = authors }:count())
      assert.equal(1, Post.objects:filter(rdb.Exists(Comment.objects:filter { post = rdb.OuterRef "pk",
        body = "one" })):count())
      assert.equal(3, Post.objects:filter(~rdb.Exists(Comment.objects:filter { post = rdb.OuterRef "pk" }))
        :count())
      local latest = Comment.objects:filter { post = rdb.OuterRef "pk" }:order_by "-id":values("body")[{ 1, 1 }]
      local bodies = Post.objects:annotate { latest = rdb.Subquery(latest) }:order_by "id"
        :values_list("latest", { flat = true })
      assert.same({ "two", "two", rdb.null, rdb.null, rdb.null }, bodies:list())
    end)

    it("take long lists", function()
      for _, n in ipairs { 3, 1000, 1500, 40000 } do
        local keys = {}
        for i = 1, n do
          keys[i] = i
        end
        assert.equal(math.min(n, 5), Post.objects:filter { id__in = keys }:count())
        assert.equal(5 - math.min(n, 5), Post.objects:exclude { id__in = keys }:count())
      end
    end)

    it("answer values", function()
      local rows = Post.objects:order_by "id":values("title", "author__name", "editor"):list()
      assert.same({ title = "Alpha", author__name = "Ann" }, rows[1])
      assert.same({ title = "beta", author__name = "Bob", editor = ann.id }, rows[2])
      assert.same({ ["label"] = "a", id = 1 }, Tag.objects:create { label = "a" } and Tag.objects:values()[1])
      local tuple = Post.objects:order_by "id":values_list("id", "editor", "title")[1]
      assert.equal(posts[1].id, tuple[1])
      assert.is_nil(tuple[2])
      assert.equal("Alpha", tuple[3])
      assert.equal("misuse", caught(Post.objects.values_list, Post.objects, "id", "title", { flat = true }).code)
      assert.equal(2, Post.objects:values "status":distinct():count())
    end)

    it("load only some columns", function()
      local post = Post.objects:only "title":get { id = posts[1].id }
      assert.equal("Alpha", rawget(post, "title"))
      assert.is_nil(rawget(post, "views"))
      assert.equal(10, post.views)
      post = Post.objects:defer("body", "views"):get { id = posts[2].id }
      assert.is_nil(rawget(post, "views"))
      assert.equal("beta", rawget(post, "title"))
      assert.equal(20, post.views)
    end)

    it("find first, last, latest and earliest", function()
      assert.equal("Alpha", Post.objects:first().title)
      assert.equal("back\\slash", Post.objects:last().title)
      assert.equal("back\\slash", Post.objects:order_by "-id":first().title)
      assert.equal("Alpha", Post.objects:order_by "-id":last().title)
      assert.equal("back\\slash", Post.objects:latest "published_at".title)
      assert.equal("Alpha", Post.objects:earliest "published_at".title)
      assert.is_nil(Post.objects:filter { id = 0 }:first())
      assert.equal("does_not_exist", caught(function() Post.objects:filter { id = 0 }:latest "id" end).code)
      assert.equal("misuse", caught(function() Post.objects:latest() end).code)
    end)

    it("look for keys and objects", function()
      local found = Post.objects:in_bulk { posts[1].id, posts[3].id, 999 }
      assert.equal("Alpha", found[posts[1].id].title)
      assert.equal("Gamma_1", found[posts[3].id].title)
      assert.is_nil(found[999])
      assert.equal(bob.id, Author.objects:in_bulk({ bob.id })[bob.id].id)
      assert.equal("Ann", Author.objects:in_bulk({ "ann@example.org" },
        { field_name = "email" })["ann@example.org"].name)
      assert.equal("misuse", caught(Post.objects.in_bulk, Post.objects, { 1 }, { field_name = "title" }).code)
      assert.is_true(Post.objects:filter { status = "draft" }:contains(posts[1]))
      assert.is_false(Post.objects:filter { status = "draft" }:contains(posts[5]))
      assert.equal("misuse", caught(Post.objects.contains, Post.objects, ann).code)
    end)

    it("come in chunks", function()
      local seen = {}
      for post in Post.objects:order_by "id":iterator(2) do
        seen[#seen + 1] = post.title
      end
      assert.same({ "Alpha", "beta", "Gamma_1", "50% off", "back\\slash" }, seen)
      for post in Post.objects:order_by "id":iterator(2) do -- left early: the cursor is closed
        if post.title == "beta" then
          break
        end
      end
    end)

    it("join single related objects", function()
      Profile.objects:create { author = ann, bio = "writes" }
      local log = rdb.capture(function()
        local list = Post.objects:select_related("author__profile", "editor"):order_by "id":list()
        assert.equal("Ann", list[1].author.name)
        assert.equal("writes", list[1].author.profile.bio)
        assert.is_nil(list[1].editor)
        assert.is_nil(list[2].author.profile)
        assert.equal("Ann", list[2].editor.name)
      end)
      assert.equal(1, #log)
      assert.matches("did you mean 'author'", caught(function()
        return Post.objects:select_related "autor":list()
      end).message, 1, true)
      local one = Post.objects:select_related "author":only("title", "author__name"):get { id = posts[1].id }
      assert.equal("Ann", rawget(one.author, "name"))
      assert.is_nil(rawget(one.author, "email"))
    end)

    it("list dates", function()
      local years = {}
      for i, year in ipairs(Post.objects:dates("published_at", "year")) do
        years[i] = tostring(year):sub(1, 4)
      end
      assert.same({ "2021", "2022", "2023", "2024", "2025" }, years)
      assert.equal(rdb.date "1980-02-01", Author.objects:dates("born", "month", { order = "desc" })[1])
      assert.equal("misuse", caught(Post.objects.dates, Post.objects, "published_at", "hour").code)
    end)

    it("ask nothing for none()", function()
      local log = rdb.capture(function()
        local none = Post.objects:none():filter { id = 1 }
        assert.equal(0, #none)
        assert.equal(0, none:count())
        assert.is_false(none:exists())
        assert.is_nil(none:first())
        assert.equal(0, none:update { title = "x" })
        assert.equal(0, (none:delete()))
      end)
      assert.equal(0, #log)
    end)

    it("name the field of a value that does not fit", function()
      local err = caught(function() return Post.objects:filter { views__gte = "many" }:list() end)
      assert.equal("invalid_value", err.code)
      assert.matches("blog.Post.views__gte: expected an integer, got a string", err.message, 1, true)
      assert.equal("invalid_value", caught(function() return Author.objects:filter { born = "soon" }
        :list() end).code)
      assert.equal("invalid_value", caught(function() return Post.objects:filter { published_at__year = 99999 }
        :list() end).code)
    end)

    it("explain themselves and carry remarks", function()
      assert.matches("blog_post", Post.objects:filter { id = 1 }:explain(), 1, true)
      local log = rdb.capture(function() return Tag.objects:all():comment("page */ DROP --x"):list() end)
      assert.equal('/* page  DROP -x */ SELECT "blog_tag"."id", "blog_tag"."label" FROM "blog_tag"', log[1].sql)
    end)
  end)
end)
