local rdb = require "rdb"
local backends = require "spec.support.backends"
local blog = require "spec.support.blog"

local f = rdb.fields
local Author, Post, Profile, Tag, Comment = blog.Author, blog.Post, blog.Profile, blog.Tag, blog.Comment

local function caught(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err
end

backends.each(function(backend)
  describe(backend.name .. " deletion", function()
    before_each(function() backend.setup(blog.all) end)
    after_each(function() backend.teardown() end)

    local function fill()
      local ann = Author { name = "Ann" }:save()
      local bea = Author { name = "Bea" }:save()
      Profile { author = ann }:save()
      local tag = Tag { label = "x" }:save()
      for i = 1, 2 do
        local post = Post { title = "t" .. i, author = ann, editor = bea }:save()
        post.tags:add(tag)
        Comment { post = post, author_name = "x", body = "y" }:save()
      end
      return ann, bea
    end

    it("cascades and counts per model", function()
      local ann = fill()
      local total, per_label = ann:delete()
      assert.equal(8, total)
      assert.same({
        ["blog.Author"] = 1, ["blog.Profile"] = 1, ["blog.Post"] = 2, ["blog.Comment"] = 2,
          ["blog.Post_tags"] = 2,
      }, per_label)
      assert.equal(1, Tag.objects:count())
      assert.equal(1, Author.objects:count())
    end)

    it("works the same from a QuerySet", function()
      fill()
      local total, per_label = Author.objects:filter { name = "Ann" }:delete()
      assert.equal(8, total)
      assert.equal(2, per_label["blog.Post"])
      assert.same({ 0, {} }, { Author.objects:filter { name = "Ann" }:delete() })
    end)

    it("sets NULL where it is told to", function()
      local _, bea = fill()
      local total = bea:delete()
      assert.equal(1, total)
      assert.equal(2, Post.objects:filter { editor__isnull = true }:count())
    end)

    it("is one statement where nothing points at the model", function()
      fill()
      local comment = Comment.objects:first()
      local log = rdb.capture(function() comment:delete() end)
      assert.equal(1, #log)
      assert.is_truthy(log[1].sql:find("^DELETE"))
    end)

    it("reads nothing of models at which nothing points", function()
      fill()
      local post = Post.objects:first()
      local log = rdb.capture(function() post:delete() end)
      for _, entry in ipairs(log) do
        assert.is_nil(entry.sql:find("^SELECT"), entry.sql)
      end
    end)

    it("leaves everything when it fails", function()
      fill()
      local err = caught(rdb.atomic, function()
        Author.objects:filter { name = "Ann" }:delete()
        error({ code = "misuse", message = "stop" }, 0)
      end)
      assert.equal("stop", err.message)
      assert.equal(2, Author.objects:count())
      assert.equal(2, Comment.objects:count())
    end)

    it("handles many rows", function()
      local ann = Author { name = "Ann" }:save()
      local posts = {}
      for i = 1, 1500 do
        posts[i] = Post { title = "t" .. i, author = ann }
      end
      Post.objects:bulk_create(posts)
      local total = ann:delete()
      assert.equal(1501, total)
    end)
  end)

  describe(backend.name .. " on_delete", function()
    local Base, models

    -- A model that points at Base in the given way.
    local function pointing(label, options)
      options[1] = Base
      local model = rdb.model(label) { base = f.foreign_key(options), name = f.text { default = "" } }
      table.insert(models, model)
      return model
    end

    before_each(function()
      Base = rdb.model "spec.Base" { name = f.text {} }
      models = { Base }
    end)
    after_each(function()
      backend.teardown()
      for i = #models, 1, -1 do
        rdb.models:remove(models[i])
      end
    end)

    it("PROTECT refuses and names what points here", function()
      local Guarded = pointing("spec.Guarded", { on_delete = rdb.PROTECT })
      backend.setup(models)
      local base = Base { name = "b" }:save()
      Guarded { base = base }:save()
      local err = caught(base.delete, base)
      assert.equal("foreign_key_violation", err.code)
      assert.is_truthy(err.message:find("^spec.Base cannot be deleted: 1 spec.Guarded point at it through "
        .. "spec.Guarded.base"))
      assert.equal(1, #err.objects)
      assert.equal(1, Base.objects:count())
    end)

    it("RESTRICT refuses unless the rows are deleted anyhow", function()
      local Owner = pointing("spec.Owner", { on_delete = rdb.CASCADE })
      local Item = rdb.model "spec.Item" {
        base = f.foreign_key { Base, on_delete = rdb.RESTRICT },
        owner = f.foreign_key { Owner, on_delete = rdb.CASCADE, null = true },
      }
      table.insert(models, Item)
      backend.setup(models)
      local base = Base { name = "b" }:save()
      local owner = Owner { base = base }:save()
      local item = Item { base = base, owner = owner }:save()
      local loose = Item { base = base }:save()
      local err = caught(base.delete, base)
      assert.equal("foreign_key_violation", err.code)
      assert.equal(1, #err.objects)
      assert.is_true(err.objects[1] == loose)
      loose:delete()
      local total = base:delete()
      assert.equal(3, total)
      assert.is_false(Item.objects:filter { id = item.id }:exists())
    end)

    it("SET_DEFAULT, SET and DO_NOTHING do what they say", function()
      local other
      local Default = pointing("spec.Default", { on_delete = rdb.SET_DEFAULT,
        default = function() return other.id end })
      local Set = pointing("spec.Set", { on_delete = rdb.SET(function() return other end) })
      local Nothing = pointing("spec.Nothing", { on_delete = rdb.DO_NOTHING })
      backend.setup(models)
      local base = Base { name = "b" }:save()
      other = Base { name = "other" }:save()
      local default = Default { base = base }:save()
      local set = Set { base = base }:save()
      base:delete()
      assert.equal(other.id, Default.objects:get { id = default.id }.base_id)
      assert.equal(other.id, Set.objects:get { id = set.id }.base_id)
      Nothing { base = other }:save()
      Default.objects:all():delete()
      Set.objects:all():delete()
      assert.equal("foreign_key_violation", caught(other.delete, other).code)
    end)

    it("DB_CASCADE and DB_SET_NULL leave it to the database", function()
      local Cascade = pointing("spec.Cascade", { on_delete = rdb.DB_CASCADE })
      local Null = pointing("spec.Null", { on_delete = rdb.DB_SET_NULL, null = true })
      backend.setup(models)
      local base = Base { name = "b" }:save()
      Cascade { base = base }:save()
      local null = Null { base = base }:save()
      local log, total, per_label = rdb.capture(function() return base:delete() end)
      assert.equal(1, #log)
      assert.equal(1, total)
      assert.same({ ["spec.Base"] = 1 }, per_label)
      assert.equal(0, Cascade.objects:count())
      assert.is_nil(Null.objects:get { id = null.id }.base_id)
    end)

    it("follows trees and circles", function()
      local Node = rdb.model "spec.Node" {
        name = f.text {}, parent = f.foreign_key { "self", null = true, on_delete = rdb.CASCADE,
          related_name = "kids" },
      }
      local Left = rdb.model "spec.Left" {
        right = f.foreign_key { "spec.Right", null = true, on_delete = rdb.CASCADE, related_name = "lefts" },
      }
      local Right = rdb.model "spec.Right" {
        left = f.foreign_key { "spec.Left", on_delete = rdb.CASCADE, related_name = "rights" },
      }
      table.move({ Node, Left, Right }, 1, 3, #models + 1, models)
      backend.setup(models)
      local root = Node { name = "root" }:save()
      for i = 1, 3 do
        local kid = Node { name = "kid" .. i, parent = root }:save()
        Node { name = "leaf" .. i, parent = kid }:save()
      end
      root.parent = Node.objects:get { name = "leaf1" }
      root:save()
      assert.equal(7, (root:delete()))
      local left = Left {}:save()
      local right = Right { left = left }:save()
      left.right = right
      left:save()
      local total, per_label = left:delete()
      assert.equal(2, total)
      assert.same({ ["spec.Left"] = 1, ["spec.Right"] = 1 }, per_label)
    end)
  end)
end)
