local connections = require "rdb.orm.connections"
local core = require "rdb.core"
local Executor = require "rdb.migrations.executor"
local project = require "spec.support.migration_project"
local temporary = require "spec.support.temporary"


describe("models of the past", function()
  local folder

  local function names(alias)
    return core.run(connections.target(alias), "SELECT group_concat(name, ',') AS names FROM blog_author", {})[1].names
  end

  before_each(function()
    folder = project.new { ["0001_initial"] = project.INITIAL }
    connections.configure {
      default = { url = "sqlite:///" .. folder .. "/app.db" }, other = { url = "sqlite:///" .. folder .. "/other.db" },
    }
  end)

  after_each(function()
    connections.close_all()
    temporary.remove(folder)
  end)

  local function migrate(alias, name)
    return Executor.new { alias = alias, apps = { "blog" }, root = folder }
      :migrate(name and { { "blog", name } } or nil)
  end

  it("use the database that is migrated", function()
    project.write(folder, "0002_rows", [[
local function check(value, wanted) assert(value == wanted, tostring(value)) end
return m.Migration { dependencies = { { "blog", "0001_initial" } }, operations = {
  m.RunLua { forwards = function(apps, schema)
    check(schema.alias, "other")
    local Author, Post, Tag = apps:get_model "blog.Author", apps:get_model "blog.Post", apps:get_model "blog.Tag"
    local ada = Author.objects:create { name = "ada" }
    local bob = Author { name = "bob" }
    bob:save()
    bob.name = "bea"
    bob:save()
    bob:refresh()
    Author.objects:bulk_create { Author { name = "cy" }, Author { name = "di" } }
    Author.objects:filter { name = "di" }:update { name = "dora" }
    Author.objects:get_or_create { name = "eve" }
    Author.objects:get { name = "eve" }:delete()
    check(Author.objects:count(), 4)
    local post = Post { title = "one", author = ada }
    post:save()
    post = Post.objects:prefetch_related "tags":get { title = "one" }
    check(post.author.name, "ada")
    check(ada.posts:count(), 1)
    post.tags:add(Tag.objects:create { word = "x" })
    check(#post.tags:all(), 1)
    check(Author.objects:filter { posts__tags__word = "x" }:get().name, "ada")
    check(#Author.objects:prefetch_related "posts__tags":list(), 4)
  end, backwards = function(apps)
    apps:get_model "blog.Author".objects:all():delete()
  end },
} }
]])
    migrate("default", "0001")
    migrate "other"
    assert.same("ada,bea,cy,dora", names "other")
    assert.is_nil(names "default")
    migrate("other", "0001")
    assert.is_nil(names "other")
  end)
end)
