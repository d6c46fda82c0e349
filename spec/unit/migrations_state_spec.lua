local f = require "rdb.fields"
local rdb = require "rdb"
local state = require "rdb.migrations.state"
local states = require "spec.support.states"


local function key(to, options)
  options = options or {}
  options[1], options.on_delete = to, rdb.CASCADE
  return f.foreign_key(options)
end


local function blog()
  return states.project(
    states.model("blog.Author", { { "name", f.char { max_length = 100, unique = true } } }),
    states.model("blog.Post", {
      { "author", key("blog.Author", { to_field = "name" }) }, { "title", f.text {} }, { "tags",
        f.many_to_many { "tags.Tag" } },
    }, {
      ordering = { "-title" }, unique_together = { { "author", "title" } },
      indexes = { rdb.Index { "-title", name = "title_idx", where = rdb.Q { title__gt = "a", author__name = "x" } } },
      constraints = { rdb.CheckConstraint { condition = rdb.Q { title__gte = "a" } | ~rdb.Q { title = "b" },
        name = "ck" } },
    }),
    states.model("tags.Tag", { { "name", f.text {} } }))
end


local function assert_refused(message, fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  assert.equal(message, err.message)
end


describe("project state", function()
  it("renders real models", function()
    local project = blog()
    local Post = project:model "blog.Post"
    assert.equal("blog_post", Post._meta.table)
    assert.equal("author_id", Post._meta.by_name.author.column)
    assert.equal(project:model "blog.Author", Post._meta.by_name.author.relation.model)
    assert.equal("blog_post_tags", Post._meta.by_name.tags.relation.through._meta.table)
    assert.equal(Post, project:render():get_model "blog.Post")
  end)

  it("renders only what a model needs until all is asked for", function()
    local project = blog()
    project:model "tags.Tag"
    assert.is_nil(project.rendered.registry:get "blog.Post")
    assert.truthy(project:render():get "blog.Post")
  end)

  it("keeps models of clones that did not change", function()
    local project = blog()
    local Tag = project:model "tags.Tag"
    local clone = project:clone()
    assert.equal(Tag, clone:model "tags.Tag")
    clone:add_field("tags.Tag", "color", f.text {})
    assert.not_equal(Tag, clone:model "tags.Tag")
    assert.equal(Tag, project:model "tags.Tag")
    assert.is_nil(project.models["tags.Tag"].by_name.color)
  end)

  it("renames a model and what points at it", function()
    local project = blog()
    project:rename_model("blog.Author", "Writer")
    project:rename_model("tags.Tag", "Label")
    local Post = project:model "blog.Post"
    assert.equal("blog.Writer", Post._meta.by_name.author.relation.to)
    assert.equal("tags.Label", Post._meta.by_name.tags.relation.to)
    assert.same({ "blog.Writer", "blog.Post", "tags.Label" }, project.order)
  end)

  it("renames a field wherever it is named", function()
    local project = blog()
    project:rename_field("blog.Post", "title", "headline")
    project:rename_field("blog.Author", "name", "full_name")
    local post = project.models["blog.Post"]
    assert.equal("full_name", post:field("author").given.to_field)
    assert.same({ "-headline" }, post.options.ordering)
    assert.same({ { "author", "headline" } }, post:unique_together())
    local _, index = post:index("title_idx"):deconstruct()
    assert.equal("-headline", index[1])
    local serializer = require "rdb.migrations.serializer"
    assert.equal('rdb.Q { author__name = "x", headline__gt = "a" }', serializer.text(index.where))
    local _, check = post:constraint("ck"):deconstruct()
    assert.equal('rdb.Q { headline__gte = "a" } | ~rdb.Q { headline = "b" }', serializer.text(check.condition))
    project:model "blog.Post"
  end)

  it("refuses what cannot be", function()
    local project = blog()
    assert_refused("model blog.Post has no field \"x\" at this point of the migrations", project.remove_field, project,
      "blog.Post", "x")
    assert_refused("there is no model blog.X at this point of the migrations", project.add_field, project, "blog.X",
      "x",
      f.text {})
    assert_refused("model tags.Tag exists already at this point of the migrations", project.add_model, project,
      states.model "tags.Tag")
    assert_refused("model blog.Post has two fields \"title\"", project.add_field, project, "blog.Post", "title",
      f.text {})
    assert_refused("model blog.Post has no index \"nope\" at this point of the migrations", project.remove_index,
      project,
      "blog.Post", "nope")
    assert_refused("ModelState needs name, got nil", state.ModelState, { app = "blog" })
  end)

  it("is made from models, without the ones that fields made", function()
    local project = states.from_models {
      { "blog.Post", { { "tags", f.many_to_many { "Tag" } } } }, { "blog.Tag", { { "name", f.text {} } } },
    }
    assert.same({ "blog.Post", "blog.Tag" }, project.order)
    assert.same({ "id", "tags" }, { project.models["blog.Post"].fields[1][1],
      project.models["blog.Post"].fields[2][1] })
    assert.equal("blog.Tag", project.models["blog.Post"]:field("tags").given[1])
  end)
end)
