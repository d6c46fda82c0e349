local f = require "rdb.fields"
local m = require "rdb.migrations"
local optimizer = require "rdb.migrations.optimizer"
local rdb = require "rdb"
local states = require "spec.support.states"


local function optimized(...)
  local texts = {}
  local result = optimizer.optimize({ ... }, "app")
  for index, operation in ipairs(result) do
    texts[index] = operation:describe()
  end
  return texts, result
end


local function create(name, ...)
  return m.CreateModel { name, fields = { states.id(), ... } }
end


local function key(to)
  return f.foreign_key { to, on_delete = rdb.CASCADE }
end


describe("migration optimizer", function()
  it("makes nothing of create and delete", function()
    assert.same({}, (optimized(create "A", m.DeleteModel { "A" })))
    assert.same({}, (optimized(m.AddField { model = "A", name = "x", field = f.text {} },
      m.RemoveField { model = "A", name = "x" })))
    assert.same({}, (optimized(m.RenameField { model = "A", old_name = "x", new_name = "y" },
      m.RenameField { model = "A", old_name = "y", new_name = "x" })))
    local index = rdb.Index { "x", name = "x_idx" }
    assert.same({}, (optimized(m.AddIndex { model = "A", index = index }, m.RemoveIndex { model = "A",
      name = "x_idx" })))
  end)

  it("folds everything into CreateModel", function()
    local texts, result = optimized(
      create "A",
      m.AddField { model = "A", name = "x", field = f.text {} },
      m.AlterField { model = "A", name = "x", field = f.integer {} },
      m.RenameField { model = "A", old_name = "x", new_name = "y" },
      m.AddField { model = "A", name = "z", field = f.text {} },
      m.RemoveField { model = "A", name = "z" },
      m.RenameModel { "A", "B" },
      m.AlterModelTable { "B", table = "bb" },
      m.AlterModelOptions { "B", options = { ordering = { "y" } } },
      m.AlterUniqueTogether { "B", unique_together = { { "id", "y" } } },
      m.AddIndex { model = "B", index = rdb.Index { "y", name = "y_idx" } },
      m.AddConstraint { model = "B", constraint = rdb.CheckConstraint { condition = rdb.Q { y__gte = 0 },
        name = "y_ck" } })
    assert.same({ "Create model B" }, texts)
    local operation = result[1]
    assert.same({ "id", "y" }, { operation.fields[1][1], operation.fields[2][1] })
    assert.equal("integer", operation.fields[2][2].type)
    assert.equal("bb", operation.options.table_name)
    assert.same({ "y" }, operation.options.ordering)
    assert.same({ { "id", "y" } }, operation.options.unique_together)
    assert.equal("y_idx", operation.options.indexes[1].name)
    assert.equal("y_ck", operation.options.constraints[1].name)
  end)

  it("does not move a field before the model that it points at", function()
    local texts = optimized(create "A", create("B", { "a", key "app.A" }), m.AddField { model = "A", name = "b",
      field = key "app.B" })
    assert.same({ "Create model A", "Create model B", "Add field b to A" }, texts)
  end)

  it("moves the model behind one that it does not concern", function()
    local texts = optimized(create "A", create "B", m.AddField { model = "A", name = "b", field = key "app.B" })
    assert.same({ "Create model B", "Create model A" }, texts)
  end)

  it("does not look across RunSQL unless it is elidable", function()
    local add, remove = m.AddField { model = "A", name = "x", field = f.text {} }, m.RemoveField { model = "A",
      name = "x" }
    assert.equal(3, #optimized(add, m.RunSQL { "UPDATE a SET x = 1" }, remove))
    assert.same({}, (optimized(add, m.RunSQL { "UPDATE a SET x = 1", elidable = true }, remove)))
  end)

  it("keeps the later of two changes of the same thing", function()
    local texts, result = optimized(
      m.AlterField { model = "A", name = "x", field = f.text {} }, m.AlterField { model = "A", name = "x",
        field = f.integer {} },
      m.AlterModelTable { "A", table = "b" }, m.AlterModelTable { "A", table = "c" })
    assert.same({ "Alter field x on A", "Rename table for A to c" }, texts)
    assert.equal("integer", result[1].field.type)
  end)

  it("keeps the value for existing rows when the field is altered later", function()
    local function altered(field)
      local _, result = optimized(
        m.AddField { model = "A", name = "x", field = f.integer { default = 7 }, preserve_default = false },
        m.AlterField { model = "A", name = "x", field = field })
      return #result, result[1].field.default, result[1].preserve_default
    end
    assert.same({ 1, 7, false }, { altered(f.big_integer {}) })
    assert.same({ 1, 3, true }, { altered(f.integer { default = 3 }) })
    assert.same({ 2, 7, false }, { altered(f.text {}) })
  end)

  it("keeps the order of what it cannot combine", function()
    local texts = optimized(
      m.AlterField { model = "A", name = "x", field = f.text {} }, m.RenameField { model = "A", old_name = "x",
        new_name = "y" })
    assert.same({ "Rename field x on A to y", "Alter field y on A" }, texts)
  end)
end)
