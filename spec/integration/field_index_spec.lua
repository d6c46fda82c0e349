local core = require "rdb.core"
local connections = require "rdb.orm.connections"
local f = require "rdb.fields"
local indexes = require "rdb.orm.indexes"
local schema = require "spec.support.schema_models"
local temporary = require "spec.support.temporary"


-- A model with an integer whose column is author_id, as a foreign key's was before; its index kept the name of then.
local function thing(options)
  return schema.define { { "blog.Thing", {
    { "author_id", f.integer { db_index = options.db_index } },
    { "size", options.wide and f.big_integer {} or f.integer {} },
  }, { indexes = options.explicit and { indexes.Index { "author_id", name = "a_explicit" } } or nil } } }["blog.Thing"]
end


describe("the index of a field", function()
  local folder

  local function names()
    local list = {}
    for _, row in ipairs((core.run(connections.target "default", "SELECT name FROM sqlite_master WHERE type = 'index' "
        .. "AND sql IS NOT NULL ORDER BY name", {}))) do
      list[#list + 1] = row.name
    end
    return list
  end

  before_each(function()
    folder = temporary.folder()
    schema.connect(folder .. "/app.db")
    schema.change(function(editor) editor:create_model(thing { explicit = true }) end)
    core.run(connections.target "default", "CREATE INDEX b_old_name ON blog_thing (author_id)", {})
  end)

  after_each(function()
    schema.disconnect()
    temporary.remove(folder)
  end)

  it("goes under its old name, beside an index of the model", function()
    local old, new = thing { explicit = true, db_index = true }, thing { explicit = true }
    schema.change(function(editor)
      editor:alter_field(old, schema.field(old, "author_id"), schema.field(new, "author_id"))
    end)
    assert.same({ "a_explicit" }, names())
  end)

  it("goes under its old name after an index of the model was removed in the same rebuild", function()
    local old, new = thing { explicit = true, db_index = true }, thing { db_index = true, wide = true }
    local last = thing { wide = true }
    schema.change(function(editor)
      editor:alter_field(old, schema.field(old, "size"), schema.field(new, "size"))
      editor:remove_index(old, old._meta.indexes[1])
      editor:alter_field(new, schema.field(new, "author_id"), schema.field(last, "author_id"))
    end)
    assert.same({}, names())
  end)

  it("goes with its rebuild when it was added in it", function()
    local old, new = thing { explicit = true }, thing { explicit = true, db_index = true, wide = true }
    core.run(connections.target "default", "DROP INDEX b_old_name", {})
    schema.change(function(editor)
      editor:alter_field(old, schema.field(old, "size"), schema.field(new, "size"))
      editor:alter_field(old, schema.field(old, "author_id"), schema.field(new, "author_id"))
      editor:alter_field(new, schema.field(new, "author_id"), schema.field(old, "author_id"))
    end)
    assert.same({ "a_explicit" }, names())
  end)
end)
