local rdb = require "rdb"
local backends = require "spec.support.backends"
local blog = require "spec.support.blog"

local Author, Comment, Post, Profile, Tag = blog.Author, blog.Comment, blog.Post, blog.Profile, blog.Tag

local function caught(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err
end

local Label = rdb.models:get "shelf.Label" or rdb.model "shelf.Label" {
  id = rdb.fields.uuid { primary_key = true, default = function() return rdb.core.uuid() end },
}
local Box = rdb.models:get "shelf.Box" or rdb.model "shelf.Box" {
  id = rdb.fields.uuid { primary_key = true, default = function() return rdb.core.uuid() end },
  label = rdb.fields.foreign_key { "shelf.Label", on_delete = rdb.CASCADE, related_name = "boxes" },
  extra = rdb.fields.many_to_many { "shelf.Label", related_name = "extra_boxes" },
}

-- The values of one attribute of a list of objects.
local function pluck(list, name)
  local values = {}
  for i, object in ipairs(list) do
    values[i] = object[name]
  end
  return values
end

backends.each(function(backend)
  describe(backend.name .. " prefetch_related", function()
    before_each(function()
      backend.setup(blog.all)
      local tags = {}
      for i, label in ipairs { "red", "green" } do
        tags[i] = Tag.objects:create { label = label }
      end
      for a, name in ipairs { "Ann", "Bob", "Cy" } do
        local author = Author.objects:create { name = name }
        for p = 1, 3 - a do
          local post = Post.objects:create { title = name .. p, author = author, views = p }
          post.tags:add(tags[p])
          for c = 1, p do
            Comment.objects:create { post = post, author_name = "x", body = post.title .. "c" .. c }
          end
        end
      end
      Profile.objects:create { author = Author.objects:get { name = "Bob" }, bio = "b" }
    end)
    after_each(function() backend.teardown() end)

    it("asks once for each relation", function()
      local seen = {}
      local log = rdb.capture(function()
        for author in Author.objects:prefetch_related "posts__comments":order_by "id" do
          for _, post in ipairs(author.posts:all()) do
            assert.equal(author, post.author)
            for _, comment in ipairs(post.comments:all()) do
              assert.equal(post, comment.post)
              seen[#seen + 1] = comment.body
            end
          end
        end
      end)
      assert.equal(3, #log)
      assert.same({ "Ann1c1", "Ann2c1", "Ann2c2", "Bob1c1" }, seen)
    end)

    it("loads many_to_many from both ends", function()
      local log = rdb.capture(function()
        local posts = Post.objects:prefetch_related "tags":order_by "id":list()
        assert.same({ "red" }, pluck(posts[1].tags:all():list(), "label"))
        assert.same({ "green" }, pluck(posts[2].tags:all():list(), "label"))
        assert.is_nil(rawget(posts[1].tags:all()[1], "rdb_prefetch_key"))
        local tags = Tag.objects:prefetch_related "posts":order_by "id":list()
        assert.same({ "Ann1", "Bob1" }, pluck(tags[1].posts:all():list(), "title"))
      end)
      assert.equal(4, #log)
    end)

    it("loads single objects", function()
      local log = rdb.capture(function()
        local posts = Post.objects:prefetch_related("author__profile", "editor"):order_by "id":list()
        assert.equal("Ann", posts[1].author.name)
        assert.is_nil(posts[1].author.profile)
        assert.equal("b", posts[3].author.profile.bio)
        assert.is_nil(posts[1].editor)
      end)
      assert.equal(3, #log)
    end)

    it("takes another QuerySet and another attribute", function()
      local authors = Author.objects:prefetch_related(rdb.Prefetch("posts", {
        queryset = Post.objects:filter { views__gte = 2 }, to_attr = "popular",
      }), "popular__comments"):order_by "id":list()
      assert.same({ "Ann2" }, pluck(authors[1].popular, "title"))
      assert.same({}, authors[2].popular)
      local log = rdb.capture(function()
        assert.equal(2, #authors[1].popular[1].comments:all())
      end)
      assert.equal(0, #log)
    end)

    it("is done for each chunk of an iterator and for get", function()
      local log = rdb.capture(function()
        for author in Author.objects:prefetch_related "posts":order_by "id":iterator(2) do
          assert.equal(3 - author.id, #author.posts:all())
        end
        assert.equal(2, #Author.objects:prefetch_related "posts":get { id = 1 }.posts:all())
      end)
      assert.equal(5, #log)
    end)

    it("follows keys that are values", function()
      backend.teardown()
      backend.setup { Label, Box }
      local labels = { Label.objects:create {}, Label.objects:create {}, Label.objects:create {} }
      for i = 1, 6 do
        Box.objects:create { label = labels[i % 2 + 1] }.extra:add(labels[3])
      end
      local log = rdb.capture(function()
        local by_id = {}
        for _, label in ipairs(Label.objects:prefetch_related("boxes", "extra_boxes"):list()) do
          by_id[tostring(label.id)] = { #label.boxes:list(), #label.extra_boxes:list() }
          for _, box in ipairs(label.boxes:list()) do
            assert.equal(label, rawget(box, 3).label)
          end
        end
        assert.same({ { 3, 0 }, { 3, 0 }, { 0, 6 } }, { by_id[tostring(labels[1].id)],
          by_id[tostring(labels[2].id)], by_id[tostring(labels[3].id)] })
      end)
      assert.equal(3, #log)
    end)

    it("keeps quiet for an empty result", function()
      local log = rdb.capture(function()
        assert.equal(0, #Author.objects:filter { id = 0 }:prefetch_related "posts")
      end)
      assert.equal(1, #log)
    end)

    it("refuses what it cannot follow", function()
      assert.matches("did you mean 'posts'", caught(function()
        return Author.objects:prefetch_related "post"
      end).message, 1, true)
      assert.equal("misuse", caught(rdb.Prefetch, 5).code)
      assert.equal("misuse", caught(rdb.Prefetch, "posts", { query = 1 }).code)
      assert.equal("misuse", caught(rdb.Prefetch, "posts", { to_attr = "a b" }).code)
      assert.equal("unsupported", caught(rdb.Prefetch, "posts", { queryset = Post.objects:all()[{ 1, 2 }] }).code)
      assert.equal("misuse", caught(function()
        return Author.objects:prefetch_related(rdb.Prefetch("posts", { queryset = Tag.objects:all() })):list()
      end).code)
    end)
  end)
end)
