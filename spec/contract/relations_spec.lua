local rdb = require "rdb"
local backends = require "spec.support.backends"
local blog = require "spec.support.blog"

local f = rdb.fields
local Author, Post, Profile, Tag, Comment = blog.Author, blog.Post, blog.Profile, blog.Tag, blog.Comment

local function statements(fn)
  return #(rdb.capture(fn))
end

local function caught(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err
end

local function names(rows, key)
  local list = {}
  for i, row in ipairs(rows) do
    list[i] = row[key]
  end
  table.sort(list)
  return list
end

local function author(name)
  return Author { name = name }:save()
end

backends.each(function(backend)
  describe(backend.name .. " foreign keys", function()
    before_each(function() backend.setup(blog.all) end)
    after_each(function() backend.teardown() end)

    it("take and give objects", function()
      local ann = author "Ann"
      local post = Post { title = "T", author = ann }
      assert.equal(ann.id, post.author_id)
      assert.is_true(rawequal(ann, post.author))
      post:save()
      assert.equal(0, statements(function() return post.author.name end))
      local again = Post.objects:get { id = post.id }
      assert.equal("Ann", again.author.name)
      assert.is_true(again.author == ann)
      assert.equal(0, statements(function() return again.author.name end))
      assert.is_nil(again.editor)
    end)

    it("load for all objects of the result at once", function()
      for i = 1, 4 do
        Post { title = "t" .. i, author = author("a" .. i % 2) }:save()
      end
      local posts = Post.objects:order_by("id"):list()
      assert.equal(1, statements(function()
        for i, post in ipairs(posts) do
          assert.equal("a" .. i % 2, post.author.name)
        end
      end))
    end)

    it("load the second step for all objects too", function()
      for i = 1, 3 do
        local a = author("a" .. i)
        Profile { author = a, bio = "b" .. i }:save()
        Comment { post = Post { title = "t", author = a }:save(), author_name = "x", body = "y" }:save()
      end
      local comments = Comment.objects:order_by("id"):list()
      assert.equal(3, statements(function()
        for i, comment in ipairs(comments) do
          assert.equal("b" .. i, comment.post.author.profile.bio)
        end
      end))
      local joined = Comment.objects:select_related("post"):order_by("id"):list()
      assert.equal(1, statements(function()
        for i, comment in ipairs(joined) do
          assert.equal("a" .. i, comment.post.author.name)
        end
      end))
    end)

    it("follow a key that is assigned", function()
      local ann, bea = author "Ann", author "Bea"
      local post = Post { title = "T", author = ann }:save()
      assert.equal("Ann", post.author.name)
      post.author_id = bea.id
      assert.equal("Bea", post.author.name)
      post.author = ann
      assert.equal(ann.id, post.author_id)
      post.editor = bea
      assert.equal(bea.id, post.editor_id)
      post.editor = nil
      assert.is_nil(post.editor_id)
      post.editor = bea
      post.editor = rdb.null
      assert.is_nil(post.editor)
    end)

    it("take the key of an object that was saved later", function()
      local ann = Author { name = "Ann" }
      local post = Post { title = "T", author = ann }
      assert.is_true(rawequal(ann, post.author))
      local err = caught(post.save, post)
      assert.equal("misuse", err.code)
      assert.equal("blog.Post cannot be saved: its 'author' is an unsaved blog.Author; save that first",
        err.message)
      ann:save()
      post:save()
      assert.equal(ann.id, post.author_id)
    end)

    it("refuse what is no object of their model", function()
      local post = Post { title = "T" }
      local err = caught(function() post.author = 3 end)
      assert.equal("invalid_value", err.code)
      assert.equal("blog.Post.author expects a blog.Author, got an integer; a key is assigned to author_id",
        err.message)
      assert.equal("invalid_value", caught(function() post.author = Tag { label = "x" } end).code)
      assert.equal("invalid_value", caught(Post, { title = "x", author = "Ann" }).code)
    end)

    it("keep their promise to the database", function()
      assert.equal("foreign_key_violation",
        caught(function() Post { title = "T", author_id = 99 }:save() end).code)
    end)

    it("raise when fetching is not allowed", function()
      Post { title = "T", author = author "Ann" }:save()
      local post = Post.objects:fetch_mode("raise"):list()[1]
      local err = caught(function() return post.author end)
      assert.equal("misuse", err.code)
      assert.is_truthy(err.message:find("blog.Post.author is not loaded", 1, true))
    end)

    it("load one by one when told so", function()
      for i = 1, 3 do
        Post { title = "t" .. i, author = author("a" .. i) }:save()
      end
      local posts = Post.objects:fetch_mode("one"):order_by("id"):list()
      assert.equal(3, statements(function()
        for i, post in ipairs(posts) do
          assert.equal("a" .. i, post.author.name)
        end
      end))
    end)
  end)

  describe(backend.name .. " one to one", function()
    before_each(function() backend.setup(blog.all) end)
    after_each(function() backend.teardown() end)

    it("reads both ways, nil when there is none", function()
      local ann, bea = author "Ann", author "Bea"
      local profile = Profile { author = ann, bio = "x" }:save()
      assert.is_true(Author.objects:get { id = ann.id }.profile == profile)
      assert.is_nil(bea.profile)
      assert.is_true(profile.author == ann)
      assert.equal("unique_violation", caught(function() Profile { author = ann }:save() end).code)
    end)

    it("loads for all objects at once, also where there is none", function()
      for i = 1, 4 do
        local a = author("a" .. i)
        if i % 2 == 0 then
          Profile { author = a, bio = "b" .. i }:save()
        end
      end
      local authors = Author.objects:order_by("id"):list()
      assert.equal(1, statements(function()
        for i, a in ipairs(authors) do
          if i % 2 == 0 then
            assert.equal("b" .. i, a.profile.bio)
            assert.is_true(rawequal(a, a.profile.author))
          else
            assert.is_nil(a.profile)
          end
        end
      end))
    end)

    it("is assigned from either end", function()
      local ann, profile = author "Ann", Profile { bio = "x" }
      ann.profile = profile
      assert.equal(ann.id, profile.author_id)
      profile:save()
      assert.is_true(Author.objects:get { id = ann.id }.profile == profile)
      assert.equal("invalid_value", caught(function() ann.profile = "x" end).code)
    end)
  end)

  describe(backend.name .. " reverse managers", function()
    before_each(function() backend.setup(blog.all) end)
    after_each(function() backend.teardown() end)

    it("are QuerySets of what points here", function()
      local ann, bea = author "Ann", author "Bea"
      for i = 1, 3 do
        Post { title = "t" .. i, author = ann }:save()
      end
      Post { title = "other", author = bea }:save()
      assert.equal(3, ann.posts:count())
      assert.is_true(ann.posts:exists())
      assert.same({ "t1", "t2", "t3" }, names(ann.posts:all(), "title"))
      assert.same({ "t2" }, names(ann.posts:filter { title = "t2" }, "title"))
      assert.equal("t3", ann.posts:order_by("-title"):first().title)
      assert.equal(3, #ann.posts)
      local titles = {}
      for post in ann.posts:all() do
        titles[#titles + 1] = post.title
      end
      assert.equal(3, #titles)
      assert.is_false(bea.edited:exists())
    end)

    it("are looped over with one query, and asked anew by the next loop", function()
      local ann = author "Ann"
      for i = 1, 3 do
        ann.posts:create { title = "t" .. i }
      end
      local posts, seen = ann.posts, {}
      assert.equal(1, statements(function()
        for post in posts do
          seen[#seen + 1] = post.title
        end
      end))
      assert.equal(1, statements(function()
        for i, post in ipairs(posts) do
          assert.equal(seen[i], post.title)
        end
      end))
      Post { title = "t4", author = ann }:save()
      local n = 0
      for _ in posts do
        n = n + 1
      end
      assert.equal(4, n)
      assert.equal(4, #posts)
    end)

    it("create, get and update", function()
      local ann = author "Ann"
      local post = ann.posts:create { title = "T" }
      assert.equal(ann.id, post.author_id)
      local same, created = ann.posts:get_or_create { title = "T" }
      assert.is_true(same == post)
      assert.is_false(created)
      local other
      other, created = ann.posts:get_or_create { title = "U", defaults = { views = 3 } }
      assert.is_true(created)
      assert.equal(3, other.views)
      assert.equal(ann.id, other.author_id)
      local updated
      updated, created = ann.posts:update_or_create { title = "U", defaults = { views = 4 } }
      assert.is_false(created)
      assert.is_true(updated == other)
      assert.equal(4, Post.objects:get { id = other.id }.views)
      ann.posts:bulk_create { Post { title = "b1" }, Post { title = "b2" } }
      assert.equal(4, ann.posts:count())
    end)

    it("add and set", function()
      local ann, bea = author "Ann", author "Bea"
      local post = Post { title = "T", author = bea }:save()
      ann.posts:add(post, Post { title = "new" })
      assert.equal(2, ann.posts:count())
      assert.equal(ann.id, Post.objects:get { id = post.id }.author_id)
      assert.is_false(post:is_dirty())
      assert.equal("invalid_value", caught(ann.posts.add, ann.posts, bea).code)
      assert.equal("invalid_value", caught(ann.posts.add, ann.posts, 3).code)
    end)

    it("remove and clear where the key may be NULL", function()
      local ann, bea = author "Ann", author "Bea"
      local p1 = Post { title = "1", author = ann, editor = bea }:save()
      local p2 = Post { title = "2", author = ann, editor = bea }:save()
      local p3 = Post { title = "3", author = ann }:save()
      bea.edited:remove(p1)
      assert.same({ "2" }, names(bea.edited:all(), "title"))
      assert.equal("does_not_exist", caught(bea.edited.remove, bea.edited, p3).code)
      bea.edited:set { p1, p3 }
      assert.same({ "1", "3" }, names(bea.edited:all(), "title"))
      bea.edited:clear()
      assert.equal(0, bea.edited:count())
      local err = caught(ann.posts.remove, ann.posts, p2)
      assert.equal("misuse", err.code)
      assert.is_truthy(err.message:find("blog.Post.author", 1, true))
      assert.equal("misuse", caught(ann.posts.clear, ann.posts).code)
    end)

    it("need a saved object", function()
      local err = caught(function() return Author { name = "x" }.posts end)
      assert.equal("misuse", err.code)
      assert.equal("blog.Author.posts needs a saved blog.Author", err.message)
      local ann = author "Ann"
      err = caught(function() ann.posts = {} end)
      assert.equal("blog.Author.posts cannot be assigned; use its methods add, remove and set", err.message)
    end)

    it("give what was prefetched until it changes", function()
      local ann = author "Ann"
      ann.posts:create { title = "T" }
      local again = Author.objects:prefetch_related("posts"):list()[1]
      assert.equal(0, statements(function()
        assert.same({ "T" }, names(again.posts:all(), "title"))
        assert.equal(1, #again.posts)
      end))
      again.posts:create { title = "U" }
      assert.same({ "T", "U" }, names(again.posts:all(), "title"))
    end)
  end)

  describe(backend.name .. " many to many", function()
    before_each(function() backend.setup(blog.all) end)
    after_each(function() backend.teardown() end)

    local post, red, blue, green
    before_each(function()
      post = Post { title = "T", author = author "Ann" }:save()
      red, blue, green = Tag { label = "red" }:save(), Tag { label = "blue" }:save(),
        Tag { label = "green" }:save()
    end)

    local function labels()
      return names(post.tags:all(), "label")
    end

    it("adds, removes, sets and clears from either end", function()
      post.tags:add(red, blue.id)
      post.tags:add(red)
      assert.same({ "blue", "red" }, labels())
      assert.equal(1, red.posts:count())
      post.tags:remove(red)
      assert.same({ "blue" }, labels())
      post.tags:set { red, green }
      assert.same({ "green", "red" }, labels())
      post.tags:set({ blue }, { clear = true })
      assert.same({ "blue" }, labels())
      post.tags:clear()
      assert.same({}, labels())
      green.posts:add(post)
      assert.same({ "green" }, labels())
      assert.equal(post.id, green.posts:first().id)
    end)

    it("creates at the other end", function()
      local tag = post.tags:create { label = "new" }
      assert.same({ "new" }, labels())
      local same, created = post.tags:get_or_create { label = "new" }
      assert.is_false(created)
      assert.is_true(same == tag)
      local _, made = post.tags:get_or_create { label = "newer" }
      assert.is_true(made)
      assert.same({ "new", "newer" }, labels())
      post.tags:bulk_create { Tag { label = "b1" }, Tag { label = "b2" } }
      assert.equal(4, post.tags:count())
    end)

    it("spans in conditions", function()
      post.tags:add(red)
      assert.equal(1, Post.objects:filter { tags__label = "red" }:count())
      assert.equal(0, Post.objects:filter { tags__label = "blue" }:count())
      assert.equal(1, Tag.objects:filter { posts__author__name = "Ann" }:count())
    end)

    it("refuses what is no object of the other end", function()
      assert.equal("invalid_value", caught(post.tags.add, post.tags, post).code)
      local err = caught(post.tags.add, post.tags, Tag { label = "x" })
      assert.equal("add: item 1 is an unsaved blog.Tag; save it first", err.message)
      assert.same({}, labels())
    end)

    it("gives what was prefetched until it changes", function()
      post.tags:add(red, blue)
      local again = Post.objects:prefetch_related("tags"):list()[1]
      assert.equal(0, statements(function() assert.equal(2, #again.tags:all()) end))
      again.tags:add(green)
      assert.equal(3, #again.tags:all())
    end)
  end)

  describe(backend.name .. " many to many of a model to itself", function()
    local Person
    setup(function()
      Person = rdb.model "spec.Person" {
        name = f.text {}, friends = f.many_to_many { "self" },
        idols = f.many_to_many { "self", symmetrical = false, related_name = "fans" },
      }
    end)
    teardown(function() rdb.models:remove(Person) end)
    before_each(function() backend.setup { Person } end)
    after_each(function() backend.teardown() end)

    it("is mutual when symmetrical, one way when not", function()
      local ann, bea, cid = Person { name = "Ann" }:save(), Person { name = "Bea" }:save(),
        Person { name = "Cid" }:save()
      ann.friends:add(bea, cid)
      assert.same({ "Ann" }, names(bea.friends:all(), "name"))
      bea.friends:remove(ann)
      assert.same({ "Cid" }, names(ann.friends:all(), "name"))
      ann.friends:clear()
      assert.equal(0, cid.friends:count())
      ann.idols:add(bea)
      assert.same({ "Bea" }, names(ann.idols:all(), "name"))
      assert.same({}, names(bea.idols:all(), "name"))
      assert.same({ "Ann" }, names(bea.fans:all(), "name"))
      assert.equal(1, Person.objects:filter { idols__name = "Bea" }:count())
      assert.equal(1, Person.objects:filter { fans__name = "Ann" }:count())
    end)
  end)

  describe(backend.name .. " many to many through a model", function()
    local Club, Membership
    setup(function()
      Club = rdb.model "spec.Club" {
        name = f.text {},
        members = f.many_to_many { "blog.Author", through = "spec.Membership", related_name = "clubs" },
      }
      Membership = rdb.model "spec.Membership" {
        club = f.foreign_key { "spec.Club", on_delete = rdb.CASCADE },
        author = f.foreign_key { "blog.Author", on_delete = rdb.CASCADE, related_name = "memberships" },
        role = f.char { max_length = 10, default = "member" },
      }
    end)
    teardown(function()
      rdb.models:remove(Membership)
      rdb.models:remove(Club)
    end)
    before_each(function() backend.setup { Author, Club, Membership } end)
    after_each(function() backend.teardown() end)

    it("takes values for the rows between", function()
      local club, ann, bea = Club { name = "C" }:save(), author "Ann", author "Bea"
      club.members:add(ann, { through_defaults = { role = "chair" } })
      club.members:add(bea)
      assert.equal("chair", Membership.objects:get { author = ann }.role)
      assert.equal("member", Membership.objects:get { author = bea }.role)
      assert.same({ "C" }, names(ann.clubs:all(), "name"))
      club.members:create({ name = "Cid" }, { through_defaults = { role = "guest" } })
      assert.equal(1, Author.objects:filter { memberships__role = "guest" }:count())
    end)
  end)

  describe(backend.name .. " keys to another field", function()
    local Country, City
    setup(function()
      Country = rdb.model "spec.Country" { code = f.char { max_length = 2, unique = true }, name = f.text {} }
      City = rdb.model "spec.City" {
        name = f.text {},
        country = f.foreign_key { Country, to_field = "code", on_delete = rdb.CASCADE,
          related_name = "cities" },
      }
    end)
    teardown(function()
      rdb.models:remove(City)
      rdb.models:remove(Country)
    end)
    before_each(function() backend.setup { Country, City } end)
    after_each(function() backend.teardown() end)

    it("hold that field's values", function()
      local de = Country { code = "de", name = "Germany" }:save()
      local berlin = City { name = "Berlin", country = de }:save()
      assert.equal("de", berlin.country_id)
      assert.equal("Germany", City.objects:get { id = berlin.id }.country.name)
      assert.equal("Berlin", de.cities:get { name = "Berlin" }.name)
      assert.equal(1, City.objects:filter { country__name = "Germany" }:count())
      local total, per_label = de:delete()
      assert.equal(2, total)
      assert.same({ ["spec.Country"] = 1, ["spec.City"] = 1 }, per_label)
    end)
  end)
end)
