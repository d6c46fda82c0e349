--- The SQL of joins that were asked for, explicit groups, hints and registered names.
-- Golden SQL is not broken into lines.
-- luacheck: ignore 631
local rdb = require "rdb"
local blog = require "spec.support.blog"
local golden = require "spec.support.golden"

local Author, Comment, Post = blog.Author, blog.Comment, blog.Post
local Q, F = rdb.Q, rdb.F

local function caught(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err
end

describe("the SQL of", function()
  before_each(golden.open)
  after_each(golden.close)

  local function is(expected, queryset, params)
    local text, values = golden.tail(queryset)
    assert.equal(expected, text)
    assert.same(params or {}, values)
  end

  local function whole(expected, queryset)
    assert.equal(expected, (golden.sql(queryset)))
  end

  it("join on a relation", function()
    is("blog_post INNER JOIN blog_author ON (blog_post.author_id = blog_author.id)", Post.objects:join "author")
    is("blog_post LEFT OUTER JOIN blog_comment ON (blog_post.id = blog_comment.post_id)",
      Post.objects:left_join "comments")
    is("blog_post INNER JOIN blog_author ON (blog_post.editor_id = blog_author.id) WHERE blog_author.name = ? OR blog_post.views = ?",
      Post.objects:join "editor":filter(Q { editor__name = "x" } | Q { views = 1 }), { "x", 1 })
    is("blog_author INNER JOIN blog_post ON (blog_author.id = blog_post.author_id) INNER JOIN blog_post_tags ON "
      .. "(blog_post.id = blog_post_tags.post_id) INNER JOIN blog_tag AS t ON (blog_post_tags.tag_id = t.id) "
      .. "WHERE t.label = ? ORDER BY blog_author.name ASC",
      Author.objects:join("posts__tags", { as = "t" }):filter { t__label = "a" }, { "a" })
  end)

  it("a named join shared by all paths", function()
    is("blog_post INNER JOIN blog_comment AS c ON (blog_post.id = c.post_id) WHERE (c.body = ? AND blog_post.views = ?) AND c.author_name = ? ORDER BY c.id DESC",
      Post.objects:join("comments", { as = "c" }):filter { c__body = "x", views = 3 }
        :filter { c__author_name = "y" }:order_by "-c", { "x", 3, "y" })
    is("blog_author LEFT OUTER JOIN blog_post AS p ON (blog_author.id = p.author_id) WHERE NOT (EXISTS(SELECT 1 FROM blog_post_tags AS U0 "
      .. "INNER JOIN blog_tag AS U1 ON (U0.tag_id = U1.id) WHERE U1.label = ? AND U0.post_id = p.id)) ORDER BY blog_author.name ASC",
      Author.objects:left_join("posts", { as = "p" }):exclude { p__tags__label = "a" }, { "a" })
    is("blog_post INNER JOIN blog_comment AS c ON (blog_post.id = c.post_id) INNER JOIN blog_post AS back ON (c.post_id = back.id)",
      Post.objects:join("comments", { as = "c" }):join("c__post", { as = "back" }))
  end)

  it("a join with a condition", function()
    is("blog_post LEFT OUTER JOIN blog_comment AS c ON (blog_post.id = c.post_id AND (c.body = ? OR c.author_name = ?)) "
      .. "WHERE c.id IS NULL AND blog_post.views = ?",
      Post.objects:left_join("comments", { as = "c", condition = Q { c__body = "x" } | Q { c__author_name = "z" } })
        :filter { c__isnull = true, views = 1 }, { "x", "z", 1 })
    whole("SELECT blog_author.id, blog_author.name, blog_author.email, blog_author.born, blog_author.active, COUNT(drafts.id) AS n "
      .. "FROM blog_author LEFT OUTER JOIN blog_post AS drafts ON (blog_author.id = drafts.author_id AND drafts.status = ?) "
      .. "GROUP BY blog_author.id", Author.objects:annotate {
        drafts = rdb.FilteredRelation("posts", { condition = Q { posts__status = "draft" } }),
      }:annotate { n = rdb.Count "drafts" })
  end)

  it("a join of another model", function()
    whole("SELECT blog_post.title, namesake.email FROM blog_post INNER JOIN blog_author AS namesake ON (blog_post.title = namesake.name) "
      .. "WHERE namesake.active = ?", Post.objects:join(Author, { on = { title = "name" }, as = "namesake" })
      :filter { namesake__active = true }:values("title", "namesake__email"))
    is("blog_post LEFT OUTER JOIN blog_comment AS comment ON (blog_post.id = comment.post_id AND blog_post.title = comment.author_name) "
      .. "GROUP BY blog_post.id HAVING COUNT(comment.id) = ?",
      Post.objects:left_join(Comment, { on = { id = "post", title = "author_name" } })
        :annotate { n = rdb.Count "comment" }:filter { n = 0 }, { 0 })
  end)

  it("explicit groups", function()
    whole("SELECT blog_post.status, blog_author.name, COUNT(blog_post.id) AS n FROM blog_post INNER JOIN blog_author ON "
      .. "(blog_post.author_id = blog_author.id) GROUP BY blog_post.status, blog_author.name HAVING COUNT(blog_post.id) > ? "
      .. "AND blog_post.status = ?", Post.objects:group_by("status", "author__name"):annotate { n = rdb.Count "id" }
      :having { n__gt = 1 }:having("status", "draft"))
    whole("SELECT blog_post.status FROM blog_post GROUP BY blog_post.status ORDER BY MAX(blog_post.id) DESC",
      Post.objects:group_by "status":order_by(rdb.Max "id":desc()))
    whole("SELECT blog_post.status, COUNT(blog_post.id) AS n FROM blog_post GROUP BY blog_post.status",
      Post.objects:annotate { n = rdb.Count "id" }:group_by "status")
  end)

  it("hints and conditions of the program's own", function()
    is("blog_post INDEXED BY by_views WHERE blog_post.views = ?",
      Post.objects:index_hint "by_views":filter { views = 1 }, { 1 })
    is("blog_post WHERE (length(title) > ? OR views = ?) AND blog_post.id = ?",
      Post.objects:extra_where("length(title) > ? OR views = ?", { 10, 3 }):filter { id = 2 }, { 10, 3, 2 })
    is("blog_post WHERE blog_post.views = ?", Post.objects:timeout(5):read_from "replica":select_for_update()
      :filter { views = 1 }, { 1 })
  end)

  it("arithmetic on decimals", function()
    is("blog_post WHERE rdb_decimal_mul(blog_post.rating, blog_post.views) COLLATE rdb_decimal > ?",
      Post.objects:alias { v = F "rating" * F "views" }:filter { v__gt = "20" }, { "20" })
    is("blog_post ORDER BY rdb_decimal_sub(?, rdb_decimal_div(blog_post.rating, ?)) COLLATE rdb_decimal ASC",
      Post.objects:order_by(-(F "rating" / "1.10")), { 0, "1.10" })
    whole("SELECT rdb_decimal_sum(rdb_decimal_mul(blog_post.rating, blog_post.views)) AS s, COUNT(blog_post.id) AS n FROM blog_post "
      .. "GROUP BY blog_post.status HAVING rdb_decimal_sum(rdb_decimal_mul(blog_post.rating, blog_post.views)) COLLATE rdb_decimal > ?",
      Post.objects:values "status":annotate { s = rdb.Sum(F "rating" * F "views"), n = rdb.Count "id" }
        :filter { s__gt = 20 }:values("s", "n"))
    assert.equal("unsupported", caught(function() return Post.objects:order_by(F "views" * "2"):to_sql() end).code)
  end)

  it("names that the program registered", function()
    rdb.register_lookup("differs", { template = "<1> <> <2>" })
    rdb.register_lookup("length", { template = "LENGTH(<1>)", output = "int64", on = { "text" } })
    rdb.register_lookup("folded", { template = "LOWER(<1>) = <2>", takes = "text", convert = string.lower })
    rdb.register_function("as_hex", { template = "HEX(<1>)", output = "text" })
    is("blog_post INNER JOIN blog_author ON (blog_post.author_id = blog_author.id) WHERE blog_author.name <> blog_post.title AND "
      .. "LOWER(blog_post.title) = ? AND LENGTH(blog_post.title) > ? AND blog_post.views <> ? ORDER BY LENGTH(blog_post.title) ASC",
      Post.objects:filter { views__differs = 3, title__length__gt = 4, title__folded = "ABC", author__name__differs = F "title" }
        :order_by "title__length", { "abc", 4, 3 })
    is("blog_post WHERE HEX(blog_post.title) = ?", Post.objects:alias { h = rdb.fn.as_hex "title" }:filter { h = "61" },
      { "61" })
  end)

  it("registered names is checked", function()
    for _, case in ipairs {
      { "exact", { template = "<1> <2>" }, "there is a lookup of that name" },
      { "year", { template = "<1> <2>" }, "there is a lookup of that name" },
      { "a__b", { template = "<1> <2>" }, "single _" },
      { "x", { template = "<1>" }, "the template names <1>, the column, and <2>, the value" },
      { "x", { template = "<1> = ? AND <2>" }, "without '?' and ';'" },
      { "x", { tmplate = "<1> <2>" }, "did you mean 'template'?" },
      { "x", { template = "<1> <2>", takes = "list" }, "takes is" },
      { "x", { template = "<1>", output = "txt" }, "did you mean 'text'?" },
      { "x", { template = "<1> <2>", output = "text" }, "a transform names <1> only" },
      { "x", 3, "needs a table" },
    } do
      local err = caught(rdb.register_lookup, case[1], case[2])
      assert.equal("misuse", err.code)
      assert.truthy(err.message:find(case[3], 1, true), err.message)
    end
    assert.equal("misuse", caught(rdb.register_function, "lower", { template = "<1>" }).code)
    assert.equal("misuse", caught(rdb.register_function, "x", { template = "x(<1>)", max = 0 }).code)
    assert.equal("misuse", caught(rdb.register_function, "X; DROP", { template = "<1>" }).code)
  end)

  it("verbs that were misused is not made", function()
    local objects = Post.objects
    local function refused(code, text, fn, ...)
      local err = caught(fn, ...)
      assert.equal(code, err.code)
      assert.truthy(err.message:find(text, 1, true), err.message)
    end
    refused("misuse", "'title' is neither", objects.join, objects, "title")
    refused("misuse", "did you mean 'comments'?", objects.join, objects, "commnts")
    refused("misuse", "the name 'views' of a join is taken", objects.join, objects, "comments", { as = "views" })
    refused("misuse", "needs on", objects.join, objects, Author)
    refused("misuse", "did you mean 'name'?", objects.join, objects, Author, { on = { title = "nam" } })
    refused("misuse", "did you mean 'title'?", objects.join, objects, Author, { on = { titel = "name" } })
    refused("misuse", "needs a name for the table", objects.join, objects, "comments", { condition = Q { id = 1 } })
    refused("misuse", "blog.Comment has no field 'bdy'", function()
      return objects:join("comments", { as = "c" }):filter { c__bdy = 1 }
    end)
    refused("unsupported", "can only name columns of the joined table", function()
      return objects:join("comments", { as = "c", condition = Q { c__post__title = "x" } }):to_sql()
    end)
    refused("misuse", "having needs groups", function() return objects:having { views = 1 }:to_sql() end)
    refused("misuse", "group_by needs a field", objects.group_by, objects)
    refused("misuse", "must be an identifier", objects.index_hint, objects, 'a" OR 1')
    refused("misuse", "has 1 placeholders and got 0 parameters", objects.extra_where, objects, "id = ?")
    refused("misuse", "nowait or skip_locked", objects.select_for_update, objects, { nowait = true, skip_locked = true })
    refused("misuse", "did you mean 'nowait'?", objects.select_for_update, objects, { no_wait = true })
    refused("misuse", "of names relations", objects.select_for_update, objects, { of = { "title" } })
    refused("misuse", "positive number of seconds", objects.timeout, objects, 0)
    refused("misuse", "positive number of seconds", objects.timeout, objects, 0 / 0)
    refused("misuse", "needs a condition", rdb.FilteredRelation, "comments")
  end)
end)
