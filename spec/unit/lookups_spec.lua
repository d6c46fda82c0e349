local rdb = require "rdb"
local blog = require "spec.support.blog"
local golden = require "spec.support.golden"

local Author, Post = blog.Author, blog.Post

local function caught(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err
end

describe("lookups", function()
  before_each(golden.open)
  after_each(golden.close)

  local function where(conditions, model)
    local text, params = golden.tail((model or Post).objects:filter(conditions):order_by())
    return text:match "WHERE (.*)$", params
  end

  it("have their SQL", function()
    local expected = {
      views = "views = ?", views__exact = "views = ?", views__gt = "views > ?", views__gte = "views >= ?",
      views__lt = "views < ?", views__lte = "views <= ?",
    }
    for name, sql in pairs(expected) do
      assert.equal("blog_post." .. sql, (where { [name] = 1 }))
    end
    local texts = {
      title__iexact = "blog_post.title = ? COLLATE NOCASE",
      title__contains = "INSTR(blog_post.title, ?) > 0",
      title__icontains = "blog_post.title LIKE '%' || ? || '%' ESCAPE '\\'",
      title__startswith = "SUBSTR(blog_post.title, 1, LENGTH(?)) = ?",
      title__istartswith = "blog_post.title LIKE ? || '%' ESCAPE '\\'",
      title__endswith = "SUBSTR(blog_post.title, LENGTH(blog_post.title) - LENGTH(?) + 1) = ?",
      title__iendswith = "blog_post.title LIKE '%' || ? ESCAPE '\\'",
      title__regex = "rdb_regexp(?, blog_post.title, 0)",
      title__iregex = "rdb_regexp(?, blog_post.title, 1)",
    }
    for name, sql in pairs(texts) do
      assert.equal(sql, (where { [name] = "x" }))
    end
    assert.equal("blog_post.views BETWEEN ? AND ?", (where { views__range = { 1, 2 } }))
    assert.equal("blog_post.views IN (?, ?, ?, ?)", (where { views__in = { 1, 2, 3 } }))
    assert.equal("0 = 1", (where { views__in = {} }))
    assert.equal("blog_post.editor_id IS NULL", (where { editor__isnull = true }))
    assert.equal("blog_post.editor_id IS NOT NULL", (where { editor__isnull = false }))
    assert.equal("blog_post.rating COLLATE rdb_decimal >= ?", (where { rating__gte = "1.5" }))
  end)

  it("escape what LIKE gives a meaning", function()
    local _, params = where { title__icontains = "50%_\\" }
    assert.same({ "50\\%\\_\\\\" }, params)
  end)

  it("leave NULLs out of lists", function()
    local text, params = where { views__in = { 1, rdb.null, 2 } }
    assert.equal("blog_post.views IN (?, ?)", text)
    assert.same({ 1, 2 }, params)
    assert.equal("0 = 1", (where { views__in = { rdb.null } }))
  end)

  it("compare years by range, other parts by extraction", function()
    local text, params = where { published_at__year = 2024 }
    assert.equal("blog_post.published_at >= ? AND blog_post.published_at < ?", text)
    assert.same({ "2024-01-01 00:00:00", "2025-01-01 00:00:00" }, params)
    text, params = where({ born__year__lte = 1999 }, Author)
    assert.equal("blog_author.born < ?", text)
    assert.same({ "2000-01-01" }, params)
    assert.equal("CAST(STRFTIME('%m', blog_post.published_at) AS INTEGER) = ?", (where { published_at__month = 2 }))
    assert.equal("CAST(STRFTIME('%Y', blog_post.published_at) AS INTEGER) IN (?, ?)",
      (where { published_at__year__in = { 2023, 2024 } }))
  end)

  it("take instances where a relation is meant", function()
    local author = Author { id = 7, name = "Ann" }
    local text, params = where { author = author }
    assert.equal("blog_post.author_id = ?", text)
    assert.same({ 7 }, params)
    text, params = where { author__in = { author, 8 } }
    assert.equal("blog_post.author_id IN (?, ?)", text)
    assert.same({ 7, 8 }, params)
    local err = caught(where, { author = Author { name = "new" } })
    assert.equal("invalid_value", err.code)
    assert.matches("is not saved yet", err.message, 1, true)
    err = caught(where, { author = Post { id = 1 } })
    assert.matches("blog.Post.author expects a blog.Author or its key", err.message, 1, true)
  end)

  it("refuse tables as values", function()
    for _, value in ipairs { { ["__ne"] = "" }, { 1, 2 }, {} } do
      local err = caught(where, { title = value })
      assert.equal("invalid_value", err.code)
      assert.matches("blog.Post.title", err.message, 1, true)
    end
    assert.equal("invalid_value", caught(where, { title__in = { ["__ne"] = "x" } }).code)
    assert.equal("invalid_value", caught(where, { title__in = { "a", { "b" } } }).code)
    assert.equal("invalid_value", caught(where, { title__in = "abc" }).code)
    assert.equal("invalid_value", caught(where, { views__range = { 1 } }).code)
    assert.equal("invalid_value", caught(where, { views__isnull = "yes" }).code)
    assert.equal("invalid_value", caught(where, { title__contains = 5 }).code)
    assert.equal("invalid_value", caught(where, { views__gt = rdb.null }).code)
    assert.equal("invalid_value", caught(where, { title = print }).code)
  end)

  it("do not let a condition lose its value", function()
    local filter = Post.objects.filter
    for _, verb in ipairs { "filter", "exclude", "get" } do
      local err = caught(function() return Post.objects[verb](Post.objects, {}) end)
      assert.equal("misuse", err.code)
      assert.matches(verb .. " got an empty table", err.message, 1, true)
    end
    local err = caught(filter, Post.objects, "editor", nil)
    assert.matches("rdb.null", err.message, 1, true)
    assert.matches("editor__isnull", err.message, 1, true)
    assert.equal("misuse", caught(filter, Post.objects, "title", "a", "editor", nil).code)
    assert.equal("misuse", caught(filter, Post.objects).code)
    assert.equal("misuse", caught(filter, Post.objects, nil).code)
    assert.equal("misuse", caught(filter, Post.objects, rdb.null).code)
    assert.equal("misuse", caught(rdb.Q, {}).code)
    assert.equal("misuse", caught(Post.objects.update, Post.objects, {}).code)
    assert.equal("misuse", caught(Post.objects.update, Post.objects, "title", nil).code)
  end)

  it("name the model, the field, the nearest name and the choices", function()
    local err = caught(where, { titel = "x" })
    assert.equal("misuse", err.code)
    assert.matches("blog.Post has no field 'titel'; did you mean 'title'?", err.message, 1, true)
    assert.matches("it has: author, author_id, body", err.message, 1, true)
    assert.not_matches("_rel", err.message, 1, true)
    err = caught(where, { author__nmae = "x" })
    assert.matches("blog.Author has no field 'nmae'", err.message, 1, true)
    err = caught(where, { title__startwith = "x" })
    assert.matches("blog.Post.title has no lookup 'startwith' (in 'title__startwith'); did you mean 'startswith'?",
      err.message, 1, true)
    assert.equal("misuse", caught(where, { title__year = 1 }).code)
    assert.equal("misuse", caught(where, { [1] = "x" }).code)
  end)

  it("cannot be given a connector or a negation by name", function()
    for _, name in ipairs { "_connector", "_negated", "connector", "negated", "kind" } do
      assert.matches("has no field", caught(where, { [name] = "OR" }).message, 1, true)
    end
  end)
end)
