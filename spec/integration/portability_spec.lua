--- What SQLite cannot do of indexes and constraints is said, in time.
local constraints = require "rdb.orm.constraints"
local core = require "rdb.core"
local Editor = require "rdb.migrations.schema.editor"
local f = require "rdb.fields"
local indexes = require "rdb.orm.indexes"
local schema = require "spec.support.schema_models"
local temporary = require "spec.support.temporary"

local INCLUDE = "blog.Thing: index covering: SQLite has no included columns (include): left out"
local BOTH = "blog.Thing: index both: SQLite has no index methods (method) and no operator classes (opclasses): "
  .. "left out"
local UNIQUE = "blog.Thing: constraint only: SQLite has no included columns (include): left out"


local function thing(options)
  return schema.define { { "blog.Thing", { { "a", f.integer {} }, { "b", f.integer {} } }, options } }["blog.Thing"]
end


describe("what SQLite has not", function()
  local folder
  local covering = indexes.Index { "a", include = { "b" }, name = "covering" }
  local both = indexes.Index { "b", method = "gin", opclasses = { b = "x_ops" }, name = "both" }

  before_each(function()
    folder = temporary.folder()
    schema.connect(folder .. "/app.db")
  end)

  after_each(function()
    schema.disconnect()
    temporary.remove(folder)
  end)

  it("is told once for each index that is made", function()
    local texts = {}
    local editor = Editor.new("default", { on_event = function(event)
      if event.event == "warning" then texts[#texts + 1] = event.text end
    end })
    editor:create_model(thing {
      indexes = { covering, indexes.Index { "a", name = "plain" } },
      constraints = { constraints.UniqueConstraint { "a", "b", include = { "b" }, name = "only" } },
    })
    assert.same({ INCLUDE, UNIQUE }, texts)
    local model = thing { indexes = { both } }
    editor:add_index(model, model._meta.indexes[1])
    assert.same({ INCLUDE, UNIQUE, BOTH }, texts)
    editor:rename_index(model, model._meta.indexes[1], thing { indexes = {
      indexes.Index { "b", method = "gin", name = "renamed" },
    } }._meta.indexes[1])
    editor:remove_index(thing { indexes = { covering } }, thing { indexes = { covering } }._meta.indexes[1])
    editor:finish()
    assert.equal(3, #texts)
  end)

  it("stands beside collected SQL", function()
    local collected = schema.collect(function(editor) editor:create_model(thing { indexes = { covering } }) end)
    assert.equal("-- " .. INCLUDE, collected[2])
    assert.equal('CREATE INDEX "covering" ON "blog_thing" ("a")', collected[3])
  end)
end)


describe("a project with indexes that SQLite has not", function()
  local root, folder

  local function manage(arguments)
    return temporary.shell(("cd %s && %s manage.lua %s < /dev/null"):format(temporary.quote(folder),
      temporary.quote(temporary.interpreter()), arguments))
  end
  local function models(meta)
    temporary.write(folder .. "/blog/models.lua", ([[
local rdb = require "rdb"
rdb.model "blog.Thing" { a = rdb.fields.integer {}, b = rdb.fields.integer {}, meta = { %s } }
]]):format(meta))
  end

  before_each(function()
    root = temporary.folder()
    folder = root .. "/site"
    temporary.shell(("cd %s && %s init site && cd site && %s manage.lua startapp blog"):format(temporary.quote(root),
      temporary.quote(temporary.interpreter()), temporary.quote(temporary.interpreter())))
  end)

  after_each(function() temporary.remove(root) end)

  it("hears of it from check and migrate", function()
    models 'indexes = { rdb.Index { "a", include = { "b" }, name = "covering" } }'
    local output, status = manage "makemigrations"
    assert.equal(0, status, output)
    assert.is_nil(output:find("left out", 1, true))
    output, status = manage "check"
    assert.equal(("models: warning: %s\nNo problems and 1 warning found.\n"):format(INCLUDE), output)
    assert.equal(0, status)
    local finding = core.json_decode((manage "check --json")).findings[1]
    assert.same({ level = "warning", about = "models", message = INCLUDE }, finding)
    output, status = manage "migrate"
    assert.equal(0, status)
    assert.truthy(output:find("Warning: " .. INCLUDE, 1, true), output)
  end)

  it("hears of constraints that cannot be made before it migrates", function()
    models [[constraints = {
      rdb.UniqueConstraint { "a", deferrable = "deferred", name = "late" },
      rdb.UniqueConstraint { "b", nulls_distinct = false, name = "nulls" },
    }]]
    local late = "blog.Thing: constraint late is deferrable, which SQLite has only for foreign keys"
    local nulls = "blog.Thing: constraint nulls has nulls_distinct = false, which SQLite cannot do"
    local output, status = manage "makemigrations"
    assert.equal(0, status)
    assert.truthy(output:find("Warning: " .. late .. "; migrate will refuse it\nWarning: " .. nulls, 1, true), output)
    output, status = manage "check"
    assert.equal(1, status)
    assert.truthy(output:find(("models: %s\n  migrate will refuse it\nmodels: %s\n  migrate will refuse it\n"
      .. "2 problems found.\n"):format(late, nulls), 1, true), output)
    output, status = manage "migrate"
    assert.equal(1, status)
    assert.truthy(output:find(late, 1, true), output)
  end)
end)
