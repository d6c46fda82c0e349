-- luacheck: ignore 212/self
local definition = require "rdb.orm.definition"
local f = require "rdb.fields"
local indexes = require "rdb.orm.indexes"
local constraints = require "rdb.orm.constraints"
local on_delete = require "rdb.orm.on_delete"
local registry = require "rdb.orm.registry"

local CASCADE = on_delete.CASCADE

local models

-- Define in the registry of the spec: fields as { name, field } pairs.
local function define(label, fields, options, methods)
  return definition.define {
    registry = models, label = label, fields = fields, options = options, methods = methods,
      source = "models.lua:1",
  }
end

local function refused(expected, code, ...)
  local ok, err = pcall(define, ...)
  assert.is_false(ok)
  assert.equal(code, err.code)
  assert.is_truthy(err.message:find(expected, 1, true), err.message)
end

local function place(field)
  field.source = "models.lua:9"
  return field
end

describe("a model definition", function()
  before_each(function()
    models = registry.new()
  end)

  it("adds an id and keeps the order of the fields", function()
    local Author = define("blog.Author", { { "name", f.char { max_length = 9 } }, { "born",
      f.date { null = true } } })
    local meta = Author._meta
    assert.equal("blog_author", meta.table)
    assert.equal("id", meta.pk.name)
    assert.equal("big_auto", meta.pk.type)
    assert.is_true(meta.pk.implicit)
    assert.same({ "id", "name", "born" }, { meta.fields[1].name, meta.fields[2].name, meta.fields[3].name })
    assert.equal("blog.Author.name (models.lua:9)", place(meta.by_name.name):describe())
    assert.equal("blog.Author", tostring(Author))
  end)

  it("never changes the fields that it gets", function()
    local name = f.char { max_length = 9 }
    local A, B = define("x.A", { { "name", name } }), define("x.B", { { "label", name } })
    assert.is_nil(name.model)
    assert.equal("name", A._meta.by_name.name.column)
    assert.equal("label", B._meta.by_name.label.column)
  end)

  it("names model, field, file and line of a bad option", function()
    refused("x.A.name (models.lua:9): f.char has no option 'max'", "misuse", "x.A",
      { { "name", place(f.char { max_length = 1, max = 3 }) } })
    refused("x.A.tags (models.lua:9): f.array needs PostgreSQL", "unsupported", "x.A",
      { { "tags", place(f.array {}) } })
    assert.is_nil(models:get "x.A")
  end)

  it("refuses names that cannot work", function()
    for name, reason in pairs {
      a__b = "two underscores", a_ = "begin or end", _a = "begin or end", ["a-b"] = "letters, digits",
      save = "belongs to every model", objects = "belongs to every model", pk = "belongs to every model",
      ["end"] = "word of Lua",
    } do
      refused(reason, "misuse", "x.A", { { name, f.text {} } })
    end
    refused("'Author'", "misuse", "Author", {})
    refused("'blog.A__b'", "misuse", "blog.A__b", {})
    refused("an integer", "misuse", 3, {})
  end)

  it("refuses collisions", function()
    refused("x.A.author_id (", "misuse", "x.A",
      { { "author", f.foreign_key { "x.A", on_delete = CASCADE } }, { "author_id", f.integer {} } })
    refused("collides with the method 'name'", "misuse", "x.A", { { "name", f.text {} } }, nil,
      { name = function() end })
    refused("both use the column 'A'", "misuse", "x.A", { { "a", f.text {} }, { "b", f.text { db_column = "A" } } })
    refused("must be the primary key", "misuse", "x.A", { { "id", f.text {} } })
    refused("are both primary keys", "misuse", "x.A",
      { { "a", f.uuid { primary_key = true } }, { "b", f.uuid { primary_key = true } } })
  end)

  it("is refused when the label is taken, naming both places", function()
    define("x.A", {})
    local ok, err = pcall(definition.define, { registry = models, label = "x.A", fields = {}, source = "b.lua:2" })
    assert.is_false(ok)
    assert.equal("x.A is defined twice: at models.lua:1 and at b.lua:2", err.message)
  end)

  it("checks meta options", function()
    refused("meta has no option 'orderin'; did you mean 'ordering'?", "misuse", "x.A", {}, { orderin = { "a" } })
    refused("did you mean 'table_name'?", "misuse", "x.A", {}, { db_table = "a" })
    refused("meta.ordering names 'b'", "misuse", "x.A", { { "a", f.text {} } }, { ordering = { "b" } })
    refused("meta expects true or false for 'managed', got a string", "misuse", "x.A", {}, { managed = "no" })
    refused("meta.unique_together names 'b'", "misuse", "x.A", { { "a", f.text {} } },
      { unique_together = { { "a", "b" } } })
    refused("there is no column field 'b'", "misuse", "x.A", { { "a", f.text {} } },
      { indexes = { indexes.Index { "b" } } })
    refused("meta expects a list of rdb.Index", "misuse", "x.A", {}, { indexes = { "a" } })
  end)

  it("takes a composite key", function()
    local Line = define("x.Line", {
      { "order_no", f.integer {} }, { "line_no", f.integer {} }, { "key", f.composite_key { "order_no",
        "line_no" } },
    })
    assert.is_nil(Line._meta.pk)
    assert.equal("order_no", Line._meta.pk_fields[1].name)
    assert.equal(2, #Line._meta.fields)
    assert.equal("key", Line._meta.composite_key.name)
    refused("there is no column field 'b'", "misuse", "x.B",
      { { "a", f.integer {} }, { "key", f.composite_key { "a", "b" } } })
    refused("is null", "misuse", "x.B",
      { { "a", f.integer {} }, { "b", f.integer { null = true } }, { "key", f.composite_key { "a", "b" } } })
  end)
end)

describe("relations in a definition", function()
  before_each(function()
    models = registry.new()
  end)

  it("resolve in any order and know both ends", function()
    local Post = define("blog.Post", { { "author", f.foreign_key { "Author", on_delete = CASCADE,
      related_name = "posts" } } })
    local author = Post._meta.by_name.author
    assert.equal(author, Post._meta.by_name.author_id)
    assert.equal("blog.Author", author.relation.to)
    local ok, err = pcall(function() return author.relation.model end)
    assert.is_false(ok)
    assert.equal("config", err.code)
    local Author = define("blog.Author", { { "code", f.char { max_length = 3, primary_key = true } } })
    assert.equal(Author, author.relation.model)
    assert.equal("text", author.kind)
    assert.equal("author_id", author.column)
    local entry = Author._meta.related_by_query_name.posts
    assert.equal("posts", entry.name)
    assert.equal(Post, entry.model)
    assert.equal("one_to_many", entry.kind)
  end)

  it("get default reverse names", function()
    local A = define("x.A", {})
    define("x.B", { { "a", f.foreign_key { A, on_delete = CASCADE } } })
    define("x.C", { { "a", f.one_to_one { A, on_delete = CASCADE } } })
    define("x.D", { { "a", f.foreign_key { A, on_delete = CASCADE, related_name = "+" } } })
    local related = A._meta.related
    assert.same({ "b_set", "b" }, { related[1].name, related[1].query_name })
    assert.same({ "c", "c" }, { related[2].name, related[2].query_name })
    assert.is_nil(related[3].name)
    assert.is_true(related[3].hidden)
  end)

  it("refuse reverse names that are taken, and leave nothing behind", function()
    local A = define("x.A", { { "name", f.text {} } })
    define("x.B", { { "a", f.foreign_key { A, on_delete = CASCADE, related_name = "items" } } })
    refused("its reverse name 'items' on x.A collides with that of x.B.a", "misuse", "x.C",
      { { "a", f.foreign_key { A, on_delete = CASCADE, related_name = "items" } } })
    refused("its reverse name 'name' on x.A collides with x.A.name", "misuse", "x.C",
      { { "a", f.foreign_key { A, on_delete = CASCADE, related_name = "name" } } })
    refused("its reverse name 'save' on x.A collides with a method", "misuse", "x.C",
      { { "a", f.foreign_key { A, on_delete = CASCADE, related_name = "save" } } })
    assert.is_nil(models:get "x.C")
    assert.equal(1, #A._meta.related)
  end)

  it("make the through model of a many_to_many", function()
    define("blog.Tag", {})
    local Post = define("blog.Post", { { "tags", f.many_to_many { "Tag", related_name = "posts" } } })
    local relation = Post._meta.by_name.tags.relation
    local through = relation.through._meta
    assert.equal("blog.Post_tags", through.label)
    assert.equal("blog_post_tags", through.table)
    assert.equal(Post._meta.by_name.tags, through.auto_created)
    assert.same({ "id", "post", "tag" }, { through.fields[1].name, through.fields[2].name, through.fields[3].name })
    assert.same({ { "post", "tag" } }, through.unique_together)
    assert.equal("post_id", relation.through_from.attname)
    assert.equal("tag_id", relation.through_to.attname)
    assert.equal(2, #models:models())
    assert.equal(3, #models:models { auto_created = true })
    assert.equal(0, #Post._meta.fields - 1)
  end)

  it("of a model to itself are symmetrical and hidden", function()
    local Person = define("x.Person", { { "friends", f.many_to_many { "self" } } })
    local relation = Person._meta.by_name.friends.relation
    assert.is_true(relation.symmetrical)
    assert.same({ "from_person_id", "to_person_id" }, { relation.through_from.attname,
      relation.through_to.attname })
    assert.is_true(relation.reverse.hidden)
  end)

  it("use a through model of the user", function()
    local Person = define("x.Person", {})
    local Group = define("x.Group", { { "members", f.many_to_many { Person, through = "Membership" } } })
    local Membership = define("x.Membership", {
      { "person", f.foreign_key { Person, on_delete = CASCADE } },
      { "group", f.foreign_key { "Group", on_delete = CASCADE } },
    })
    local relation = Group._meta.by_name.members.relation
    assert.equal(Membership, relation.through)
    assert.equal("group", relation.through_from.name)
    assert.equal("person", relation.through_to.name)
    define("x.Club", { { "members", f.many_to_many { Person, through = "Entry", related_name = "clubs" } } })
    refused("name them with through_fields", "misuse", "x.Entry", {
      { "person", f.foreign_key { Person, on_delete = CASCADE } },
      { "inviter", f.foreign_key { Person, on_delete = CASCADE, related_name = "+" } },
      { "club", f.foreign_key { "Club", on_delete = CASCADE } },
    })
  end)

  it("to a model that is never defined are reported together", function()
    define("x.A", { { "b", place(f.foreign_key { "x.B", on_delete = CASCADE }) } })
    local ok, err = pcall(models.resolve, models)
    assert.is_false(ok)
    assert.equal("config", err.code)
    assert.equal("x.A.b (models.lua:9) points to x.B, which is not defined; did you mean 'x.A'?", err.message)
  end)

  it("need a unique field to point to", function()
    define("x.A", { { "code", f.text {} }, { "slug", f.slug { unique = true } } })
    refused("is not unique", "misuse", "x.B", { { "a", f.foreign_key { "A", to_field = "code",
      on_delete = CASCADE } } })
    refused("has no field 'nothing'", "misuse", "x.B",
      { { "a", f.foreign_key { "A", to_field = "nothing", on_delete = CASCADE } } })
    local C = define("x.C", { { "a", f.foreign_key { "A", to_field = "slug", on_delete = CASCADE } } })
    assert.equal("text", C._meta.by_name.a.kind)
  end)
end)

describe("indexes and constraints", function()
  before_each(function()
    models = registry.new()
  end)

  it("get deterministic names and come back from deconstruct", function()
    local A = define("x.A", { { "a", f.text {} }, { "b", f.text {} } }, {
      indexes = { indexes.Index { "a", "-b" }, indexes.Index { "b", name = "mine" } },
      constraints = { constraints.UniqueConstraint { "a", "b" } },
    })
    local first = A._meta.indexes[1]
    assert.is_truthy(first.name:find("^x_a_a__b_%x%x%x%x%x%x%x%x_idx$"))
    local kind, spec = first:deconstruct()
    assert.equal("Index", kind)
    assert.same({ "a", "-b", name = first.name }, spec)
    assert.equal("mine", A._meta.indexes[2].name)
    assert.is_truthy(A._meta.constraints[1].name:find("_uniq$"))
  end)

  it("refuse what cannot be", function()
    for _, spec in ipairs { {}, { "a b" }, { 1 }, { "a", nam = "x" }, { "a", name = "x y" }, { "a",
      include = "b" } } do
      local ok, err = pcall(indexes.Index, spec)
      assert.is_false(ok)
      assert.equal("misuse", err.code)
    end
    assert.is_false(pcall(constraints.CheckConstraint, { name = "x" }))
    assert.is_false(pcall(constraints.UniqueConstraint, { "a", deferrable = "maybe" }))
  end)

  it("share no name", function()
    refused("two indexes or constraints are named 'mine'", "misuse", "x.A", { { "a", f.text {} } },
      { indexes = { indexes.Index { "a", name = "mine" }, indexes.Index { "-a", name = "mine" } } })
  end)
end)

describe("rdb.model", function()
  local model = require "rdb.orm.model"

  after_each(function()
    for _, label in ipairs { "spec.One", "spec.Child", "spec.Other" } do
      local known = registry.default:get(label)
      if known then
        registry.default:remove(known)
      end
    end
  end)

  local function message(fn)
    local ok, err = pcall(fn)
    assert.is_false(ok)
    assert.equal("misuse", err.code)
    return err.message
  end

  it("keeps the order in which fields are written", function()
    local One = model "spec.One" { zebra = f.text {}, apple = f.text {}, mango = f.text {} }
    local names = {}
    for i, field in ipairs(One._meta.fields) do
      names[i] = field.name
    end
    assert.same({ "id", "zebra", "apple", "mango" }, names)
  end)

  it("takes methods in the table and afterwards", function()
    local One = model "spec.One" { name = f.text {}, shout = function(self) return self.name:upper() end }
    function One:twice() return self.name .. self.name end
    local one = One { name = "ab" }
    assert.equal("AB", one:shout())
    assert.equal("abab", one:twice())
    assert.is_truthy(message(function() function One:name() end end):find("belongs to the field spec.One.name", 1,
      true))
    assert.is_truthy(message(function() function One:objects() end end):find("belongs to every model", 1, true))
  end)

  it("notices a field type that is not called", function()
    assert.is_truthy(message(function() model "spec.One" { name = f.text } end):find("f.text is not called", 1,
      true))
    assert.is_truthy(message(function() model "spec.One" { name = 3 } end):find("spec.One.name", 1, true))
    assert.is_truthy(message(function() model "spec.One" { f.text {} } end):find("every field has a name", 1, true))
    assert.is_truthy(message(function() model "spec.One" "x" end):find("a model is a table of fields", 1, true))
  end)

  it("inherits from abstract models", function()
    local Base = model "spec.Base" {
      created = f.datetime { auto_now_add = true }, hello = function() return "hello" end,
      meta = { abstract = true, ordering = { "created" } },
    }
    local Child = model "spec.Child" { name = f.text {}, meta = { extends = Base } }
    local Other = model "spec.Other" { created = f.date { null = true }, meta = { extends = { Base },
      ordering = {} } }
    assert.equal("created", Child._meta.fields[2].name)
    assert.same({ "created" }, Child._meta.ordering)
    assert.equal("hello", Child {}:hello())
    assert.equal("date", Other._meta.by_name.created.type)
    assert.same({}, Other._meta.ordering)
    assert.is_nil(registry.default:get "spec.Base")
  end)
end)
