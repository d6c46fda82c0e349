-- Golden SQL is not broken into lines.
-- luacheck: ignore 631
local rdb = require "rdb"
local blog = require "spec.support.blog"
local compiler = require "rdb.orm.compiler"
local golden = require "spec.support.golden"
local sqlite = require "rdb.orm.dialects.sqlite"

local Author, Comment, Post, Tag = blog.Author, blog.Comment, blog.Post, blog.Tag
local Q, F = rdb.Q, rdb.F

describe("compiled SQL", function()
  before_each(golden.open)
  after_each(golden.close)

  local function is(expected, queryset)
    assert.equal(expected, (golden.tail(queryset)))
  end

  it("selects the columns in order", function()
    assert.equal("SELECT blog_tag.id, blog_tag.label FROM blog_tag", (golden.sql(Tag.objects:all())))
    assert.equal("SELECT blog_tag.id, blog_tag.label FROM blog_tag LIMIT ? OFFSET ?",
      (golden.sql(Tag.objects:all()[{ 11, 20 }])))
    assert.equal("SELECT blog_tag.id, blog_tag.label FROM blog_tag LIMIT -1 OFFSET ?",
      (golden.sql(Tag.objects:all():slice(11))))
  end)

  it("joins forward keys inside, or outside where rows may miss", function()
    is("blog_post INNER JOIN blog_author ON (blog_post.author_id = blog_author.id) WHERE blog_author.name = ?",
      Post.objects:filter { author__name = "x" })
    is("blog_post LEFT OUTER JOIN blog_author ON (blog_post.editor_id = blog_author.id) WHERE blog_author.name = ? "
      .. "OR blog_post.status = ?", Post.objects:filter(Q { editor__name = "x" } | Q { status = "draft" }))
    is("blog_post INNER JOIN blog_author ON (blog_post.editor_id = blog_author.id) WHERE blog_author.name = ?",
      Post.objects:filter { editor__name = "x" })
    is("blog_post LEFT OUTER JOIN blog_author ON (blog_post.editor_id = blog_author.id) WHERE blog_author.name IS NULL",
      Post.objects:filter { editor__name__isnull = true })
  end)

  it("trims joins that a foreign key answers", function()
    is("blog_post WHERE blog_post.author_id = ?", Post.objects:filter { author__id = 1 })
    is("blog_post WHERE blog_post.author_id = ?", Post.objects:filter { author__pk = 1 })
    is("blog_post WHERE blog_post.author_id = ?", Post.objects:filter { author_id = 1 })
    is("blog_post WHERE blog_post.editor_id IS NULL", Post.objects:filter { editor = rdb.null })
    is("blog_post INNER JOIN blog_post_tags ON (blog_post.id = blog_post_tags.post_id) WHERE blog_post_tags.tag_id = ?",
      Post.objects:filter { tags = 3 })
  end)

  it("shares a join over many rows within one call only", function()
    is("blog_post INNER JOIN blog_comment ON (blog_post.id = blog_comment.post_id) "
      .. "WHERE blog_comment.author_name = ? AND blog_comment.body = ?",
      Post.objects:filter { comments__body = "a", comments__author_name = "b" })
    is("blog_post INNER JOIN blog_comment ON (blog_post.id = blog_comment.post_id) "
      .. "INNER JOIN blog_comment AS T3 ON (blog_post.id = T3.post_id) WHERE blog_comment.body = ? AND T3.author_name = ?",
      Post.objects:filter { comments__body = "a" }:filter { comments__author_name = "b" })
  end)

  it("excludes over many rows by NOT EXISTS", function()
    is("blog_post WHERE NOT (EXISTS(SELECT 1 FROM blog_comment AS U0 WHERE U0.body = ? AND U0.post_id = blog_post.id))",
      Post.objects:exclude { comments__body = "a" })
    is("blog_post WHERE NOT (EXISTS(SELECT 1 FROM blog_post_tags AS U0 INNER JOIN blog_tag AS U1 ON (U0.tag_id = U1.id) "
      .. "WHERE U1.label = ? AND U0.post_id = blog_post.id))", Post.objects:exclude { tags__label = "a" })
    is("blog_post WHERE NOT (EXISTS(SELECT 1 FROM blog_post AS U0 LEFT OUTER JOIN blog_comment AS U1 "
      .. "ON (U0.id = U1.post_id) WHERE U1.id IS NULL AND U0.id = blog_post.id))",
      Post.objects:exclude { comments__isnull = true })
  end)

  it("keeps NULLs in what exclude leaves", function()
    is("blog_post WHERE NOT (blog_post.views = ?)", Post.objects:exclude { views = 1 })
    is("blog_author WHERE NOT (blog_author.email = ? AND blog_author.email IS NOT NULL) ORDER BY blog_author.name ASC",
      Author.objects:exclude { email = "a" })
    is("blog_post LEFT OUTER JOIN blog_author ON (blog_post.editor_id = blog_author.id) "
      .. "WHERE NOT (blog_author.name = ? AND blog_author.name IS NOT NULL)",
        Post.objects:exclude { editor__name = "x" })
    is("blog_author WHERE NOT (blog_author.email IS NULL) ORDER BY blog_author.name ASC",
      Author.objects:exclude { email = rdb.null })
  end)

  it("nests Q", function()
    is("blog_post WHERE (blog_post.views = ? OR blog_post.views = ?) AND NOT (blog_post.status = ?)",
      Post.objects:filter((Q { views = 1 } | Q { views = 2 }) & ~Q { status = "draft" }))
    is("blog_post WHERE NOT (blog_post.status = ? AND NOT (blog_post.views = ? OR blog_post.id = ?))",
      Post.objects:exclude(Q { status = "draft" } & ~(Q { views = 1 } | Q { id = 2 })))
  end)

  it("groups by the key, or by what values named", function()
    assert.equal("SELECT blog_tag.id, blog_tag.label, COUNT(blog_post_tags.post_id) AS n FROM blog_tag "
      .. "LEFT OUTER JOIN blog_post_tags ON (blog_tag.id = blog_post_tags.tag_id) GROUP BY blog_tag.id "
      .. "HAVING COUNT(blog_post_tags.post_id) > ? ORDER BY n DESC",
      (golden.sql(Tag.objects:annotate { n = rdb.Count "posts" }:filter { n__gt = 3 }:order_by "-n")))
    assert.equal("SELECT blog_post.status, COUNT(blog_post.id) AS n FROM blog_post GROUP BY blog_post.status",
      (golden.sql(Post.objects:values "status":annotate { n = rdb.Count "id" })))
    assert.equal("SELECT blog_post.status, COUNT(blog_post.id) AS n FROM blog_post GROUP BY blog_post.status, "
      .. "blog_post.views ORDER BY blog_post.views ASC",
      (golden.sql(Post.objects:values "status":annotate { n = rdb.Count "id" }:order_by "views")))
  end)

  it("filters before the aggregate in WHERE and after it in HAVING", function()
    assert.equal("SELECT blog_author.id, COUNT(blog_post.id) AS n FROM blog_author INNER JOIN blog_post "
      .. "ON (blog_author.id = blog_post.author_id) WHERE blog_post.views > ? GROUP BY blog_author.id "
      .. "HAVING COUNT(blog_post.id) >= ?",
      (golden.sql(Author.objects:filter { posts__views__gt = 1 }:values "id":annotate { n = rdb.Count "posts" }
        :filter { n__gte = 2 }:order_by())))
  end)

  it("orders by columns, relations and expressions", function()
    is("blog_post INNER JOIN blog_author ON (blog_post.author_id = blog_author.id) ORDER BY blog_author.name DESC, "
      .. "blog_post.id ASC", Post.objects:order_by("-author", "pk"))
    is("blog_post ORDER BY blog_post.views DESC NULLS LAST",
      Post.objects:order_by(F "views":desc { nulls_last = true }))
    is("blog_author ORDER BY blog_author.name DESC", Author.objects:reverse())
    is("blog_author", Author.objects:order_by())
    is("blog_post ORDER BY blog_post.rating COLLATE rdb_decimal ASC", Post.objects:order_by "rating")
  end)

  it("nests QuerySets with names of their own", function()
    is("blog_post WHERE blog_post.author_id IN (SELECT U0.id FROM blog_author AS U0 WHERE U0.name = ?)",
      Post.objects:filter { author__in = Author.objects:filter { name = "x" } })
    is("blog_post WHERE EXISTS(SELECT 1 FROM blog_comment AS U0 WHERE U0.body = ? AND U0.post_id = blog_post.id)",
      Post.objects:filter(rdb.Exists(Comment.objects:filter { post = rdb.OuterRef "pk", body = "z" })))
    is("blog_post WHERE NOT (EXISTS(SELECT 1 FROM blog_comment AS U0 WHERE U0.post_id = blog_post.id))",
      Post.objects:filter(~rdb.Exists(Comment.objects:filter { post = rdb.OuterRef "pk" })))
  end)

  it("puts the values of nested QuerySets where they belong", function()
    local inner = Author.objects:filter { name = "ann" }:filter { active = true }
    local _, params = Post.objects:filter { views = 1 }:filter { author__in = inner, status = "draft" }
      :filter { id = 9 }:to_sql()
    assert.same({ 1, "ann", true, "draft", 9 }, params)
  end)

  it("is the same text every time", function()
    local first = Post.objects:filter { views = 1, title = "b", status = "c", id = 4, author_id = 5 }:to_sql()
    assert.equal('WHERE "blog_post"."author_id" = ? AND "blog_post"."id" = ? AND "blog_post"."status" = ? '
      .. 'AND "blog_post"."title" = ? AND "blog_post"."views" = ?', first:match "WHERE.*")
  end)

  it("writes conditions with literals for DDL", function()
    local function inline(condition)
      return (compiler.inline_condition(Post, condition, sqlite):gsub('"', ""))
    end
    assert.equal("views >= 0", inline(Q { views__gte = 0 }))
    assert.equal("title = 'it''s' AND views >= 0", inline(Q { views__gte = 0, title = "it's" }))
    assert.equal("status IN ('draft', 'published') OR NOT (views = 3)",
      inline(Q { status__in = { "draft", "published" } } | ~Q { views = 3 }))
    assert.equal("title IS NOT NULL", inline(Q { title__isnull = false }))
    assert.equal("views < id", inline(Q { views__lt = F "id" }))
    assert.equal("LOWER(title)", (compiler.inline_expression(Post, rdb.fn.lower "title", sqlite):gsub('"', "")))
    local err = select(2, pcall(inline, Q { author__name = "x" }))
    assert.equal("misuse", err.code)
  end)
end)
