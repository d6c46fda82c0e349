-- Golden SQL is not broken into lines.
-- luacheck: ignore 631
local rdb = require "rdb"
local blog = require "spec.support.blog"
local golden = require "spec.support.golden"

local Author, Post = blog.Author, blog.Post
local F, Q, fn = rdb.F, rdb.Q, rdb.fn

local function caught(call, ...)
  local ok, err = pcall(call, ...)
  assert.is_false(ok)
  return err
end

describe("expressions", function()
  before_each(golden.open)
  after_each(golden.close)

  -- The SQL of an expression as an annotation of Post, and its parameters.
  local function sql(expression)
    local text, params = golden.sql(Post.objects:alias { x = expression }:order_by "x"
      :values_list("id", { flat = true }))
    return (text:match "ORDER BY (.*) ASC$":gsub("blog_post%.", "")), params
  end

  it("calculate", function()
    local text, params = sql(F "views" + 1)
    assert.equal("(views + ?)", text)
    assert.same({ 1 }, params)
    assert.equal("(? - views)", (sql(10 - F "views")))
    assert.equal("((views * ?) + id)", (sql(F "views" * 2 + F "id")))
    assert.equal("(CAST(views AS REAL) / ?)", (sql(F "views" / 2)))
    assert.equal("(CAST(views AS INTEGER) / CAST(? AS INTEGER))", (sql(F "views" // 2)))
    assert.equal("(views % ?)", (sql(F "views" % 2)))
    assert.equal("POWER(views, ?)", (sql(F "views" ^ 2)))
    assert.equal("(title || ?)", (sql(F "title" .. "!")))
    assert.equal("(? - views)", (sql(-F "views")))
  end)

  it("compare and combine as conditions", function()
    local text, params = golden.tail(Post.objects:filter(F "views"
      :gt(F "id") & ~Q { status = "draft" } | F "views":eq(3)))
    assert.equal("blog_post WHERE (blog_post.views > blog_post.id AND NOT (blog_post.status = ?)) OR blog_post.views = ?", text)
    assert.same({ "draft", 3 }, params)
  end)

  it("choose", function()
    local text, params = sql(rdb.Case { { Q { views__gte = 10 }, "hot" }, { { status = "draft" }, F "title" },
      default = "cold" })
    assert.equal("CASE WHEN views >= ? THEN ? WHEN status = ? THEN title ELSE ? END", text)
    assert.same({ 10, "hot", "draft", "cold" }, params)
    assert.equal("misuse", caught(rdb.Case, {}).code)
    assert.equal("misuse", caught(rdb.Case, { { Q { views = 1 } } }).code)
  end)

  it("call functions", function()
    local expected = {
      ["LOWER(title)"] = fn.lower "title", ["LENGTH(title)"] = fn.length "title",
      ["(COALESCE(title, '') || COALESCE(?, ''))"] = fn.concat("title", rdb.Value "!"),
      ["COALESCE(views, ?)"] = fn.coalesce("views", 0), ["SUBSTR(title, ?, ?)"] = fn.substr("title", 1, 3),
      ["MAX(views, id)"] = fn.greatest("views", "id"), ["NULLIF(views, ?)"] = fn.nullif("views", 0),
      ["CAST(STRFTIME('%Y', created_at) AS INTEGER)"] = fn.extract_year "created_at",
      ["STRFTIME('%Y-%m-01 00:00:00', created_at)"] = fn.trunc_month "created_at",
      ["SUBSTR(created_at, 1, 10)"] = fn.trunc_date "created_at",
        ["CAST(title AS INTEGER)"] = rdb.Cast("title", "integer"),
      ["soundex(title)"] = rdb.Func("soundex", "title"),
    }
    for text, expression in pairs(expected) do
      assert.equal(text, (sql(expression)))
    end
    assert.equal("misuse", caught(function() return fn.lowr "title" end).code)
    assert.matches("did you mean 'lower'", caught(function() return fn.lowr "title" end).message, 1, true)
    assert.equal("misuse", caught(sql, fn.nullif "views").code)
    assert.equal("misuse", caught(rdb.Func, "f(); --", "title").code)
    assert.equal("misuse", caught(rdb.Cast, "title", "integer); --").code)
    assert.equal("unsupported", caught(sql, rdb.Cast("title", "point")).code)
  end)

  it("take SQL of the program's own with bound parameters", function()
    local text, params = sql(rdb.RawSQL("length(title) * ? -- ?\n", { 3 }))
    assert.equal("(length(title) * ? -- ?\n)", text)
    assert.same({ 3 }, params)
    assert.equal("misuse", caught(rdb.RawSQL, "a = ?", {}).code)
  end)

  it("aggregate with options", function()
    local function aggregate(expression)
      return golden.sql(Author.objects:annotate { x = expression }:values_list("x", { flat = true }):order_by())
        :match "SELECT (.*) AS x FROM"
    end
    assert.equal("COUNT(DISTINCT blog_post.status)", (aggregate(rdb.Count("posts__status", { distinct = true }))))
    assert.equal("COUNT(blog_post.id) FILTER (WHERE blog_post.views > ?)",
      (aggregate(rdb.Count("posts", { filter = Q { posts__views__gt = 1 } }))))
    assert.equal("COALESCE(SUM(blog_post.views), ?)", (aggregate(rdb.Sum("posts__views", { default = 0 }))))
    assert.equal("rdb_decimal_sum(blog_post.rating)", (aggregate(rdb.Sum "posts__rating")))
    assert.equal("MAX(blog_post.rating COLLATE rdb_decimal)", (aggregate(rdb.Max "posts__rating")))
    assert.equal("SUM((blog_post.views * ?))", (aggregate(rdb.Sum(F "posts__views" * 2))))
    assert.equal("COUNT(*)", (aggregate(rdb.Count "*")))
    assert.equal("misuse", caught(rdb.Count, "posts", { distinkt = true }).code)
    assert.equal("misuse", caught(rdb.Sum).code)
    assert.equal("misuse", caught(aggregate, rdb.Sum(rdb.Count "posts")).code)
  end)

  it("must be named by identifiers that hide nothing", function()
    for _, name in ipairs { "a b", "a.b", "a;--", 'a"', "a$", "a__b", "1a", "views", "pk", "author", "comments",
      "a\0b" } do
      assert.equal("misuse", caught(function() return Post.objects:annotate { [name] = rdb.Value(1) } end).code)
    end
  end)

  it("report misspelt paths where they are written", function()
    assert.matches("has no field 'vews'; did you mean 'views'",
      caught(function() return Post.objects:annotate { x = F "vews" + 1 } end).message, 1, true)
    assert.equal("misuse", caught(F, "a b").code)
    assert.equal("misuse", caught(function() return Post.objects:order_by "titel" end).code)
    assert.equal("misuse", caught(function() return Post.objects:order_by "title; DROP TABLE x" end).code)
    assert.equal("misuse", caught(function() return Post.objects:values "titel" end).code)
  end)

  it("refuse plain tables as values", function()
    assert.equal("invalid_value", caught(rdb.Value, {}).code)
    assert.equal("invalid_value", caught(function() return F "views" + {} end).code)
  end)

  it("say what this version has not", function()
    assert.equal("unsupported", caught(rdb.Window, F "a").code)
    assert.equal("unsupported", caught(function() return Post.objects:union(Post.objects) end).code)
    assert.equal("unsupported", caught(function() return Post.objects:distinct "title" end).code)
  end)
end)
