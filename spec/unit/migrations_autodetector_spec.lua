local autodetector = require "rdb.migrations.autodetector"
local f = require "rdb.fields"
local rdb = require "rdb"
local states = require "spec.support.states"

local model, project, described = states.model, states.project, states.described


local function key(to, options)
  options = options or {}
  options[1], options.on_delete = to, options.on_delete or rdb.CASCADE
  return f.foreign_key(options)
end


-- The operations of app "blog" between two states, and all changes. What was found must lead to the second state.
local function between(before, after, answers)
  local changes = autodetector.changes(before, after, { answers = answers })
  local replayed = states.replay(states.reload(changes), before)
  assert.same({}, autodetector.changes(replayed, after), "a second run finds something")
  return described(changes, "blog"), changes
end


local function author(fields, options)
  return model("blog.Author", fields or { { "name", f.char { max_length = 100 } } }, options)
end


local NAME = { "name", f.char { max_length = 100 } }


describe("autodetector: models", function()
  it("creates, deletes and finds nothing", function()
    assert.same({ "Create model Author" }, between(project(), project(author())))
    assert.same({ "Delete model Author" }, between(project(author()), project()))
    assert.same({}, between(project(author()), project(author())))
  end)

  it("ignores the order of fields", function()
    local a, b = { "a", f.text {} }, { "b", f.text {} }
    assert.same({}, between(project(author { a, b }), project(author { b, a })))
  end)

  it("renames a model when told, and points foreign keys at it without noise", function()
    local function blog(name)
      return project(model("blog." .. name, { NAME }), model("shop.Book", { { "by", key("blog." .. name) } }),
        model("blog.Post", { { "author", key("blog." .. name) }, { "fans", f.many_to_many { "blog." .. name,
          related_name = "+" } } }))
    end
    local answers = { rename_models = { ["blog.Author"] = "Writer" } }
    local texts, changes = between(blog "Author", blog "Writer", answers)
    assert.same({ "Rename model Author to Writer" }, texts)
    assert.is_nil(changes.shop)
    assert.equal("0002_rename_author_writer", changes.blog[1].name)
    -- without an answer it is another model, as in Django
    texts = described(autodetector.changes(project(author()), project(model("blog.Writer", { NAME }))), "blog")
    assert.same({ "Create model Writer", "Delete model Author" }, texts)
  end)

  it("renames a model and one of its fields and changes another", function()
    local texts = between(project(author { NAME, { "age", f.integer {} } }),
      project(model("blog.Writer", { { "full_name", NAME[2] }, { "age", f.big_integer {} } })), {
        rename_models = { ["blog.Author"] = "Writer" }, rename_fields = { ["blog.Author.name"] = "full_name" },
      })
    assert.same({ "Rename model Author to Writer", "Rename field name on Writer to full_name",
      "Alter field age on Writer" },
      texts)
  end)

  it("splits models that point at each other", function()
    local both = project(author { { "favourite", key("blog.Post", { null = true }) } }, model("blog.Post",
      { { "author", key "blog.Author" } }))
    assert.same({ "Create model Author", "Create model Post", "Add field favourite to Author" },
      between(project(), both))
    assert.equal(1, #autodetector.changes(project(), both).blog)
    between(both, project())
  end)

  it("cuts apps that point at each other", function()
    local both = project(author { { "tag", key("tags.Tag", { null = true }) } }, model("tags.Tag", { { "owner",
      key "blog.Author" } }))
    local texts, changes = between(project(), both)
    assert.same({ "Create model Author", "Add field tag to Author" }, texts)
    assert.same({ "0001_initial", "0002_initial" }, { changes.blog[1].name, changes.blog[2].name })
    assert.same({ { "blog", "0001_initial" } }, changes.tags[1].dependencies)
    assert.same({ { "blog", "0001_initial" }, { "tags", "0001_initial" } }, changes.blog[2].dependencies)
    between(both, project())
  end)

  it("depends on the app of the target", function()
    local _, changes = between(project(model("auth.User", { NAME })),
      project(model("auth.User", { NAME }), author { { "user", key "auth.User" } }))
    assert.same({ { "auth", "__first__" } }, changes.blog[1].dependencies)
  end)

  it("creates through models before the field that uses them", function()
    local through = model("blog.Membership", { { "author", key "blog.Author" }, { "club", key "clubs.Club" } })
    local _, changes = between(project(),
      project(author { { "clubs", f.many_to_many { "clubs.Club", through = "blog.Membership" } } }, through,
        model("clubs.Club", { NAME })))
    assert.same({ { "clubs", "0001_initial" } }, changes.blog[1].dependencies)
    assert.same({ "Create model Author", "Create model Membership", "Add field clubs to Author" },
      described(changes, "blog"))
  end)

  it("keeps keys that are relations inside the model", function()
    local texts = between(project(), project(author(),
      require("rdb.migrations.state").ModelState { app = "blog", name = "Profile",
        fields = { { "author", f.one_to_one { "blog.Author", on_delete = rdb.CASCADE, primary_key = true } } } }))
    assert.same({ "Create model Author", "Create model Profile" }, texts)
  end)

  it("leaves tables alone that the project does not manage", function()
    local function old(fields, managed)
      return project(author(fields, { managed = managed }))
    end
    assert.same({ "Create model Author" }, between(project(), old({ NAME }, false)))
    assert.same({}, described(autodetector.changes(old({ NAME }, false), old({ { "x", f.text {} } }, false)), "blog"))
    assert.same({ "Change options of Author" }, between(old({ NAME }, false), old({ NAME }, nil)))
  end)
end)


describe("autodetector: fields", function()
  it("adds, removes and alters", function()
    assert.same({ "Add field born to Author" }, between(project(author()), project(author { NAME, { "born",
      f.date { null = true } } })))
    assert.same({ "Remove field name from Author" }, between(project(author()), project(author {})))
    assert.same({ "Alter field name on Author" }, between(project(author()), project(author { { "name",
      f.char { max_length = 50 } } })))
    assert.same({ "Alter field name on Author" }, between(project(author()), project(author { { "name", f.text {} } })))
  end)

  it("renames when told, also when the field changes", function()
    local answers = { rename_fields = { ["blog.Author.name"] = "full_name" } }
    assert.same({ "Rename field name on Author to full_name" },
      between(project(author()), project(author { { "full_name", NAME[2] } }), answers))
    assert.same({ "Rename field name on Author to full_name", "Alter field full_name on Author" },
      between(project(author()), project(author { { "full_name", f.text {} } }), answers))
  end)

  it("renames without touching a pinned column", function()
    local texts = between(project(author()), project(author { { "full_name", f.char { max_length = 100,
      db_column = "name" } } }),
      { rename_fields = { ["blog.Author.name"] = "full_name" } })
    assert.same({ "Alter field name on Author", "Rename field name on Author to full_name" }, texts)
  end)

  it("follows a renamed field into indexes, checks, keys and other models", function()
    local function blog(name)
      return states.from_models {
        { "blog.Author", { { name, f.char { max_length = 9, unique = true } }, { "age", f.integer {} } }, {
          ordering = { name }, unique_together = { { name, "age" } }, indexes = { rdb.Index { name, "age" } },
          constraints = { rdb.CheckConstraint { condition = rdb.Q { [name .. "__gt"] = "a" } } },
        } },
        { "blog.Post", { { "author", key("blog.Author", { to_field = name }) } } },
      }
    end
    local texts = between(blog "name", blog "full_name", { rename_fields = { ["blog.Author.name"] = "full_name" } })
    assert.equal("Rename field name on Author to full_name", texts[1])
    assert.equal(2, #texts) -- the index is named after its columns
    assert.truthy(texts[2]:find "^Rename index blog_author_name_age_")
  end)

  it("asks for a value that existing rows get, and does not keep it", function()
    local after = project(author { NAME, { "slug", f.char { max_length = 9 } } })
    local ok, err = pcall(autodetector.changes, project(author()), after)
    assert.is_false(ok)
    assert.equal("--default blog.Author.slug=VALUE", err.flag)
    local texts, changes = between(project(author()), after, { defaults = { ["blog.Author.slug"] = "x" } })
    assert.same({ "Add field slug to Author" }, texts)
    local operation = changes.blog[1].operations[1]
    assert.equal("x", operation.field.default)
    assert.is_false(operation.preserve_default)
  end)

  it("does not ask where rows fill themselves", function()
    local fields = { { "a", f.text { null = true } }, { "b", f.text { default = "x" } }, { "c",
      f.integer { db_default = 3 } },
      { "d", f.text { blank = true } }, { "e", f.datetime { auto_now_add = true } }, { "g",
        f.many_to_many { "blog.Author" } } }
    for _, field in ipairs(fields) do
      assert.equal(1, #between(project(author()), project(author { NAME, field })))
    end
  end)

  it("asks when NULL is no longer allowed", function()
    local before, after = project(author { { "x", f.integer { null = true } } }), project(author { { "x",
      f.integer {} } })
    local ok, err = pcall(autodetector.changes, before, after)
    assert.is_false(ok)
    assert.equal("--default blog.Author.x=VALUE", err.flag)
    assert.same({ "Alter field x on Author" }, between(before, after, { defaults = { ["blog.Author.x"] = 0 } }))
  end)

  it("changes between a key and many-to-many by removing and adding", function()
    local before = project(author { { "tag", key("tags.Tag", { null = true }) } }, model("tags.Tag", {}))
    local after = project(author { { "tag", f.many_to_many { "tags.Tag" } } }, model("tags.Tag", {}))
    assert.same({ "Remove field tag from Author", "Add field tag to Author" }, between(before, after))
    assert.same({ "Remove field tag from Author", "Add field tag to Author" }, between(after, before))
  end)

  it("refuses to change between a made and a declared through model, with the way out", function()
    local through = model("blog.Link", { { "a", key "blog.Author" }, { "t", key "tags.Tag" } })
    local before = project(author { { "tags", f.many_to_many { "tags.Tag" } } }, model("tags.Tag", {}), through)
    local after = project(author { { "tags", f.many_to_many { "tags.Tag", through = "blog.Link" } } },
      model("tags.Tag", {}), through)
    local ok, err = pcall(autodetector.changes, before, after)
    assert.is_false(ok)
    assert.equal("unsupported", err.code)
    assert.truthy(err.message:find("m.SeparateDatabaseAndState", 1, true))
  end)

  it("removes keys before the model that they point at", function()
    local before = project(author { { "tag", key("tags.Tag", { null = true }) } }, model("tags.Tag", {}))
    local _, changes = between(before, project(author {}))
    assert.same({ { "blog", "0002_remove_author_tag" } }, changes.tags[1].dependencies)
  end)

  it("points a key elsewhere before its old target is deleted", function()
    local tag, label = model("tags.Tag", {}), model("tags.Label", {})
    local _, changes = between(project(author { { "tag", key "tags.Tag" } }, tag),
      project(author { { "tag", key "tags.Label" } }, label))
    assert.same({ "Alter field tag on Author" }, described(changes, "blog"))
    assert.same({ "Create model Label", "Delete model Tag" }, described(changes, "tags"))
    assert.equal(2, #changes.tags)
  end)

  it("refuses to change a composite key", function()
    local function line(...)
      return states.from_models { { "blog.Line",
        { { "a", f.integer {} }, { "b", f.integer {} }, { "c", f.integer {} }, { "key", f.composite_key { ... } } } } }
    end
    local ok, err = pcall(autodetector.changes, line("a", "b"), line("a", "c"))
    assert.is_false(ok)
    assert.truthy(err.message:find("blog.Line.key: the composite key of an existing model cannot be changed", 1, true))
  end)

  it("names what the questions know", function()
    local ok, err = pcall(autodetector.changes, project(), project(), { answers = { renames = {} } })
    assert.is_false(ok)
    assert.equal('answers has no entry "renames"; it takes: defaults, no_renames, rename_fields, rename_models',
      err.message)
  end)
end)


describe("autodetector: options", function()
  local index = rdb.Index { "name", name = "name_idx" }
  local check = rdb.CheckConstraint { condition = rdb.Q { name__gt = "a" }, name = "name_ck" }

  local function with(options)
    return project(author({ NAME, { "age", f.integer {} } }, options))
  end

  it("detects indexes and constraints on existing tables", function()
    assert.same({ "Create index name_idx on Author" }, between(with {}, with { indexes = { index } }))
    assert.same({ "Remove index name_idx from Author" }, between(with { indexes = { index } }, with {}))
    assert.same({ "Create constraint name_ck on Author" }, between(with {}, with { constraints = { check } }))
    assert.same({ "Remove constraint name_ck from Author" }, between(with { constraints = { check } }, with {}))
  end)

  it("renames an index and recreates a changed one", function()
    assert.same({ "Rename index name_idx on Author to other_idx" },
      between(with { indexes = { index } }, with { indexes = { rdb.Index { "name", name = "other_idx" } } }))
    assert.same({ "Remove index name_idx from Author", "Create index name_idx on Author" },
      between(with { indexes = { index } }, with { indexes = { rdb.Index { "-name", name = "name_idx" } } }))
    assert.same({ "Remove constraint name_ck from Author", "Create constraint name_ck on Author" },
      between(with { constraints = { check } },
        with { constraints = { rdb.CheckConstraint { condition = rdb.Q { name__gt = "b" }, name = "name_ck" } } }))
  end)

  it("detects unique_together, before and after its fields", function()
    assert.same({ "Alter unique_together for Author (1 constraint)" }, between(with {},
      with { unique_together = { { "name", "age" } } }))
    assert.same({ "Alter unique_together for Author (0 constraints)" }, between(with { unique_together = { { "name",
      "age" } } }, with {}))
    assert.same({ "Alter unique_together for Author (0 constraints)", "Remove field age from Author" },
      between(with { unique_together = { { "name", "age" } } }, project(author())))
    assert.same({ "Add field age to Author", "Alter unique_together for Author (1 constraint)" },
      between(project(author()), with { unique_together = { { "name", "age" } } },
        { defaults = { ["blog.Author.age"] = 0 } }))
  end)

  it("does not care about the order of unique_together", function()
    local a, b = { "name", "age" }, { "age", "id" }
    assert.same({}, between(with { unique_together = { a, b } }, with { unique_together = { b, a } }))
  end)

  it("detects other options and the table's name", function()
    assert.same({ "Change options of Author" }, between(with {}, with { ordering = { "name" } }))
    assert.same({ "Change options of Author" }, between(with { ordering = { "name" } }, with {}))
    assert.same({ "Rename table for Author to writers" }, between(with {}, with { table_name = "writers" }))
    assert.same({ "Rename table for Author to (default)" }, between(with { table_name = "writers" }, with {}))
  end)
end)


describe("autodetector: names", function()
  it("tells what a migration does", function()
    local function name_of(before, after, answers)
      return autodetector.changes(before, after, { answers = answers }).blog[1].name
    end
    assert.equal("0001_initial", name_of(project(), project(author())))
    assert.equal("0002_author_email", name_of(project(author()), project(author { NAME, { "email",
      f.email { null = true } } })))
    assert.equal("0002_alter_author_name_author_x", name_of(project(author()),
      project(author { { "name", f.text {} }, { "x", f.text { null = true } } })):gsub("author_x_alter_author_name",
        "alter_author_name_author_x"))
    assert.equal("0002_delete_author", name_of(project(author()), project()))
  end)

  it("counts on from existing migrations and depends on the last", function()
    local Loader = require "rdb.migrations.loader"
    local first = autodetector.changes(project(), project(author()))
    local loader = Loader.new { apps = { "blog" }, migrations = states.reload(first) }
    local changes = autodetector.changes(loader:project_state(), project(author {}), { loader = loader })
    assert.equal("0002_remove_author_name", changes.blog[1].name)
    assert.same({ { "blog", "0001_initial" } }, changes.blog[1].dependencies)
    assert.is_false(changes.blog[1].initial)
  end)

  it("makes only what the wanted apps need", function()
    local after = project(author { { "user", key "auth.User" } }, model("auth.User", {}), model("shop.Item", {}))
    local changes = autodetector.changes(project(), after, { apps = { "blog" } })
    assert.is_nil(changes.shop)
    assert.truthy(changes.auth)
  end)
end)


describe("autodetector: history", function()
  local Loader = require "rdb.migrations.loader"

  it("puts the deletion of a model after the migrations of apps that once pointed at it", function()
    local tag = model("tags.Tag", {})
    local steps = {
      project(author { { "tag", key("tags.Tag", { null = true }) } }, tag), project(author {}, tag), project(author {}),
    }
    local migrations, before = {}, project()
    for _, after in ipairs(steps) do
      local loader = Loader.new { apps = { "blog", "tags" }, migrations = migrations }
      local changes = autodetector.changes(loader:project_state(), after, { loader = loader })
      local new = states.reload(changes)
      table.move(new, 1, #new, #migrations + 1, migrations)
      before = after
    end
    local loader = Loader.new { apps = { "blog", "tags" }, migrations = migrations }
    assert.same({ { "blog", "0002_remove_author_tag" }, { "tags", "0001_initial" } },
      loader:get("tags", "0002_delete_tag").dependencies)
    assert.same({}, autodetector.changes(loader:project_state(), before))
  end)

  it("lets what can be made overtake what has to wait", function()
    local both = project(
      author({ { "tag", key("tags.Tag", { null = true }) }, { "n", f.integer {} } },
          { indexes = { rdb.Index { "n", name = "n" } } }),
      model("blog.Post", {}), model("tags.Tag", { { "post", key("blog.Post", { null = true }) } }))
    local _, changes = between(project(), both)
    assert.equal(2, #changes.blog)
    between(both, project())
  end)

  it("keeps a constraint whose made name alone would change", function()
    local function blog(name)
      return states.from_models { { "blog." .. name, { { "n", f.integer {} } },
        { constraints = { rdb.CheckConstraint { condition = rdb.Q { n__gt = 0 } } } } } }
    end
    assert.same({ "Rename model Author to Writer" },
      (between(blog "Author", blog "Writer", { rename_models = { ["blog.Author"] = "Writer" } })))
  end)
end)
