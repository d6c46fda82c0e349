local rdb = require "rdb"
local blog = require "spec.support.blog"
local golden = require "spec.support.golden"
local shape = require "rdb.orm.shape"

local Post = blog.Post

describe("the trie of shapes", function()
  before_each(golden.open)
  after_each(golden.close)

  it("gives equal chains the same node, whatever their values", function()
    local function chain(status, views)
      return Post.objects:filter { status = status }:filter { views__gte = views }:order_by("-views")[{ 1, 20 }]
    end
    assert.equal(chain("draft", 1).node, chain("published", 99).node)
    local sql, params = chain("draft", 7):to_sql()
    assert.equal(chain("published", 8):to_sql(), sql)
    assert.same({ "draft", 7, 20 }, params)
  end)

  it("gives different questions different nodes", function()
    local nodes = {}
    for _, queryset in ipairs {
      Post.objects:filter { views = 1 }, Post.objects:filter { views = rdb.null },
        Post.objects:exclude { views = 1 },
      Post.objects:filter { views__in = { 1 } }, Post.objects:filter { views__in = {} },
      Post.objects:filter { views__isnull = true }, Post.objects:filter { views__isnull = false },
      Post.objects:filter { views = rdb.F "id" }, Post.objects:filter { views = rdb.F "id" + 1 },
      Post.objects:filter { views = rdb.F "id" - 1 },
    } do
      assert.is_nil(nodes[queryset.node])
      nodes[queryset.node] = true
    end
  end)

  it("pads lists, so that their lengths share few shapes", function()
    local function node(n)
      local keys = {}
      for i = 1, n do
        keys[i] = i
      end
      return Post.objects:filter { id__in = keys }.node
    end
    assert.equal(node(5), node(8))
    assert.not_equal(node(8), node(9))
    assert.equal(node(600), node(1024))
    assert.equal(node(1025), node(5000))
    local _, params = Post.objects:filter { id__in = { 7, 8, 9 } }:to_sql()
    assert.same({ 7, 8, 9, 9 }, params)
  end)

  it("finds a filter of several names whatever order the table has", function()
    local first = Post.objects:filter { status = "draft", views = 1, title = "a" }
    local conditions = {}
    for _, name in ipairs { "title", "views", "status" } do
      conditions[name] = name == "views" and 1 or "draft"
    end
    local second = Post.objects:filter(conditions)
    assert.equal(first.node, second.node)
    local _, params = Post.objects:filter { status = "s", views = 5, title = "t" }:to_sql()
    assert.same({ "s", "t", 5 }, params)
  end)

  it("does not mistake a name with separators for several names", function()
    Post.objects:filter { status = "draft", title = "a", views = 1 }
    local err = select(2, pcall(Post.objects.filter, Post.objects, { ["status\1s\1title"] = "x", views = 1 }))
    assert.equal("misuse", err.code)
    assert.matches("has no field", err.message, 1, true)
  end)

  it("is bounded", function()
    local limit = shape.limit
    finally(function() shape.limit = limit end)
    local trie = shape.root(blog.Tag).trie
    shape.limit = 50
    local held = blog.Tag.objects:filter { id = 1 }
    for i = 1, 500 do
      held:order_by("-id"):annotate { ["a" .. i] = rdb.Value(1) }
      blog.Tag.objects:annotate { ["b" .. i] = rdb.Value(1) }
      blog.Tag.objects:filter { id = i, label = "x", ["posts__views" .. (i % 2 == 0 and "__gt" or "")] = i }
      assert.is_true(trie.size <= 51)
    end
    local children = 0
    for _ in pairs(held.node.children) do
      children = children + 1
    end
    assert.is_true(children <= 51)
    assert.equal("blog_tag WHERE blog_tag.id = ?", (golden.tail(held)))
  end)

  it("leaves a QuerySet as it was when a link is added", function()
    local all = Post.objects:filter { views = 1 }
    local before = all:to_sql()
    all:filter { status = "draft" }
    all:order_by "title"
    assert.equal(before, (all:to_sql()))
  end)
end)
