local autodetector = require "rdb.migrations.autodetector"
local f = require "rdb.fields"
local Field = require "rdb.orm.fields.base"
local m = require "rdb.migrations"
local rdb = require "rdb"
local serializer = require "rdb.migrations.serializer"
local state = require "rdb.migrations.state"
local states = require "spec.support.states"
local writer = require "rdb.migrations.writer"

local EMPTY = state.ProjectState()


describe("migration serializer", function()
  it("writes values that evaluate to themselves", function()
    local values = {
      1, -7, math.maxinteger, math.mininteger, 0.1, 2^53, 1e300, -0.5, math.huge, true, false, "plain", "a\nb\t\"q\"\\",
      "\0\1\127", "ä€", "\xff\xfe", { 1, 2, { x = "y" } }, { ["a b"] = 1, ["end"] = 2, [3] = "c" },
    }
    for _, value in ipairs(values) do
      local text = serializer.text(value)
      assert.same(value, serializer.evaluate(text), text)
      assert.equal(text, serializer.text(serializer.evaluate(text)))
    end
    assert.equal("integer", math.type(serializer.evaluate(serializer.text(3))))
    assert.equal("float", math.type(serializer.evaluate(serializer.text(3.0))))
  end)

  it("writes conditions", function()
    local Q = rdb.Q
    local function text_of(condition)
      local text = serializer.text(condition)
      assert.equal(text, serializer.text(serializer.evaluate(text)))
      return text
    end
    assert.equal("rdb.Q { a = 1, b__gte = 2 }", text_of(Q { b__gte = 2, a = 1 }))
    assert.equal("rdb.Q { a = 1 } | rdb.Q { b = 2, c = 3 }", text_of(Q { a = 1 } | Q { b = 2, c = 3 }))
    assert.equal("~(rdb.Q { a = 1 } | rdb.Q { b = 2 }) & rdb.Q { c = 3 }",
      text_of(~(Q { a = 1 } | Q { b = 2 }) & Q { c = 3 }))
    assert.equal("~rdb.Q { a = 1 }", text_of(~Q { a = 1 }))
  end)

  it("writes expressions", function()
    local fn = rdb.fn
    local texts = {
      [rdb.F "a" + 1] = '(rdb.F("a") + rdb.Value(1))', [fn.lower "name"] = 'rdb.fn.lower(rdb.F("name"))',
      [fn.now()] = "rdb.fn.now()", [fn.trunc_date "at"] = 'rdb.fn.trunc_date(rdb.F("at"))',
      [fn.extract_year "at"] = 'rdb.fn.extract_year(rdb.F("at"))',
      [rdb.Func("my_fn", "a", 2)] = 'rdb.Func("my_fn", rdb.F("a"), rdb.Value(2))',
      [rdb.Cast("a", "integer")] = 'rdb.Cast(rdb.F("a"), "integer")',
      [rdb.RawSQL("a + ?", { 2 })] = 'rdb.RawSQL("a + ?", { rdb.Value(2) })',
      [rdb.RawSQL "random()"] = 'rdb.RawSQL("random()")', [rdb.F "a":gt(3)] = 'rdb.F("a"):gt(rdb.Value(3))',
      [rdb.F "a":desc { nulls_last = true }] = 'rdb.F("a"):desc { nulls_last = true }',
      [rdb.Case { { rdb.Q { a = 1 }, "x" }, default = "y" }]
        = 'rdb.Case { { rdb.Q { a = 1 }, rdb.Value("x") }, default = rdb.Value("y") }',
    }
    for expression, text in pairs(texts) do
      assert.equal(text, serializer.text(expression))
      assert.equal(text, serializer.text(serializer.evaluate(text)))
    end
  end)

  it("writes functions that have a name", function()
    assert.equal("os.time", serializer.text(os.time))
    assert.equal("rdb.now", serializer.text(rdb.now))
    package.loaded["project.defaults"] = { token = function() return "t" end }
    assert.equal('require("project.defaults").token', serializer.text(package.loaded["project.defaults"].token))
    package.loaded["project.defaults"] = nil
  end)

  it("refuses closures, naming field and line", function()
    local models = states.project(states.model("blog.Post", { { "slug",
      f.text { default = function() return "x" end } } }))
    local ok, err = pcall(states.reload, autodetector.changes(EMPTY, models))
    assert.is_false(ok)
    assert.equal("unsupported", err.code)
    assert.truthy(err.message:find("^blog%.Post%.slug cannot be written to a migration: it is the function of .*:%d+"))
  end)

  it("refuses tables that contain themselves", function()
    local loop = {}
    loop.loop = loop
    local ok, err = pcall(serializer.text, loop)
    assert.is_false(ok)
    assert.equal("unsupported", err.code)
  end)
end)


describe("migration writer", function()
  it("writes the documented form, byte for byte", function()
    local author = states.model("blog.Author", { { "name", f.char { max_length = 100 } } }, { ordering = { "name" } })
    local post = states.model("blog.Post", {
      { "author", f.foreign_key { "blog.Author", on_delete = rdb.CASCADE, related_name = "posts" } },
      { "title", f.char { max_length = 200, db_index = true } },
    })
    local changes = autodetector.changes(EMPTY, states.project(author, post))
    local expected = [[
-- blog/migrations/0001_initial.lua
local m, f = require "rdb.migrations", require "rdb.fields"
local rdb = require "rdb"

return m.Migration {
  initial = true,
  dependencies = {},
  operations = {
    m.CreateModel {
      "Author",
      fields = {
        { "id", f.big_auto { primary_key = true } },
        { "name", f.char { max_length = 100 } },
      },
      options = { ordering = { "name" } },
    },
    m.CreateModel {
      "Post",
      fields = {
        { "id", f.big_auto { primary_key = true } },
        { "author", f.foreign_key { "blog.Author", on_delete = rdb.CASCADE, related_name = "posts" } },
        { "title", f.char { db_index = true, max_length = 200 } },
      },
    },
  },
}
]]
    assert.equal(expected, writer.render(changes.blog[1]))
  end)

  it("writes every operation so that it reads the same", function()
    local operations = {
      m.CreateModel { "A", fields = { states.id() }, options = { indexes = { rdb.Index { "-id", name = "i" } } } },
      m.RenameModel { "A", "B" }, m.AlterModelTable { "B", table = "bb" }, m.AlterModelTable { "B" },
      m.AlterModelOptions { "B", options = { verbose_name = "bee" } },
      m.AlterUniqueTogether { "B", unique_together = { { "id", "x" } } },
      m.AddField { model = "B", name = "x", field = f.integer { default = 1 }, preserve_default = false },
      m.AlterField { model = "B", name = "x", field = f.text { null = true } },
      m.RenameField { model = "B", old_name = "x", new_name = "y" }, m.RemoveField { model = "B", name = "y" },
      m.AddIndex { model = "B", index = rdb.Index { "y", name = "y_idx", where = rdb.Q { y__gt = "a" } } },
      m.RenameIndex { model = "B", old_name = "y_idx", new_name = "z_idx" }, m.RemoveIndex { model = "B",
        name = "z_idx" },
      m.AddConstraint { model = "B", constraint = rdb.UniqueConstraint { "y", name = "u",
        condition = rdb.Q { id__gt = 3 } } },
      m.RemoveConstraint { model = "B", name = "u" },
      m.RunSQL { "SELECT 1; SELECT 2", reverse_sql = { "SELECT 3", { "SELECT ?", { 4 } } }, elidable = true },
      m.SeparateDatabaseAndState { state_operations = { m.DeleteModel { "B" } } },
    }
    local migration = { app = "blog", name = "0002_x", operations = operations, atomic = false,
      dependencies = { { "blog", "0001_initial" }, { "auth", "0003_y" } } }
    local text = writer.render(migration)
    local loaded = assert(load(text))():place("blog", "0002_x")
    assert.equal(text, writer.render(loaded))
    assert.equal(#operations, #loaded.operations)
    assert.is_false(loaded.atomic)
  end)
end)


-- One valid field of each type, and a value for each option that it may take.
local REQUIRED = {
  char = { max_length = 20 }, decimal = { max_digits = 8, decimal_places = 2 }, enum = { "red", "green" },
  foreign_key = { "app.Other", on_delete = rdb.CASCADE }, one_to_one = { "app.Other", on_delete = rdb.CASCADE },
  many_to_many = { "app.Other" },
}
local SAMPLES = {
  null = true, blank = true, unique = true, db_index = true, db_column = "col", db_comment = "a 'comment'",
    editable = false,
  help_text = "help \"text\"", verbose_name = "a name", error_messages = { null = "No!" }, max_length = 17,
    min_length = 2,
  min_value = 1, max_value = 9, max_digits = 12, decimal_places = 3, auto_now = true, auto_now_add = true,
  allow_unicode = true, protocol = "ipv4", path = "/tmp", match = "x", related_name = "others",
  related_query_name = "other", to_field = "id", on_delete = rdb.PROTECT, on_update = "cascade", db_constraint = false,
  limit_choices_to = { id__gt = 1 }, db_table = "join_table", db_collation = "NOCASE", symmetrical = false,
}
local BY_KIND = {
  text = "red", int64 = 3, double = 1.5, bool = true, decimal = "1.50", date = "2024-02-29", time = "12:30:00",
  timestamp = "2024-02-29T12:00:00Z", interval = "P1DT2H", uuid = "6f1c3a1e-0000-4000-8000-000000000001",
    bytes = "\0\xff",
  json = { a = { 1, 2 }, b = "x" },
}
local SKIPPED = { symmetrical = true, validators = true, to = true, through = true, through_fields = true,
  primary_key = true }


local function sample(kind, class, option)
  local value = SAMPLES[option]
  if option == "default" or option == "db_default" then
    return BY_KIND[class.kind]
  elseif option == "choices" then
    local one = BY_KIND[class.kind]
    return class.kind ~= "json" and one ~= nil and { { one, "One" } } or nil
  elseif option == class.type or SKIPPED[option] then
    return nil
  elseif value == class[option] or (kind == "decimal" and option == "max_digits") then
    return option == "db_index" and false or nil
  end
  return value
end


local function options_of(kind, option, value)
  local options = {}
  for key, each in pairs(REQUIRED[kind] or {}) do
    options[key] = each
  end
  if option then
    options[option] = value
  end
  return options
end


local function usable_types()
  local kinds = {}
  for kind, class in pairs(Field.types) do
    if not class.unsupported and not class.composite and not class.auto then
      kinds[#kinds + 1] = kind
    end
  end
  table.sort(kinds)
  return kinds
end


local function with_field(kind, option, value)
  return states.from_models {
    { "app.Other", { { "name", f.text {} } } },
    { "app.Thing", { { "thing", f.build(kind, options_of(kind, option, value)) }, { "other_field", f.integer {} } } },
  }
end


local function sorted(set)
  local list = {}
  for name in pairs(set) do
    list[#list + 1] = name
  end
  table.sort(list)
  return list
end


describe("makemigrations after makemigrations finds nothing", function()
  for _, kind in ipairs(usable_types()) do
    it("for every option of f." .. kind, function()
      local class = Field.types[kind]
      local plain = with_field(kind)
      local options = sorted(class.option_names)
      table.insert(options, 1, false)
      for _, option in ipairs(options) do
        local value = option and sample(kind, class, option)
        local field = option and value ~= nil and f.build(kind, options_of(kind, option, value))
        if not option or (field and not field.problems) then
          local models = option and with_field(kind, option, value) or plain
          local written = states.reload(autodetector.changes(EMPTY, models))
          local replayed = states.replay(written)
          assert.same({}, autodetector.changes(replayed, models), kind .. " " .. tostring(option))
          if option then
            local altered = autodetector.changes(plain, models,
              { answers = { defaults = { ["app.Thing.thing"] = 1 } } })
            assert.same({ "Alter field thing on Thing" }, states.described(altered, "app"), kind .. " " .. option)
            local after = states.replay(states.reload(altered), plain)
            assert.same({}, autodetector.changes(after, models), kind .. " " .. option)
          end
        end
      end
    end)
  end

  it("for models with every option", function()
    local models = states.from_models {
      { "app.Line", {
        { "order", f.integer {} }, { "line", f.integer {} }, { "key", f.composite_key { "order", "line" } },
        { "price", f.decimal { max_digits = 8, decimal_places = 2, default = rdb.decimal "1.10" } },
        { "made", f.uuid { default = rdb.uuid } }, { "parent", f.foreign_key { "Thing", on_delete = rdb.SET(3),
          null = true } },
      }, {
        ordering = { "-price", "line" }, table_name = "lines", verbose_name = "row", get_latest_by = "price",
        unique_together = { { "price", "line" } },
        indexes = { rdb.Index { "-price", "line" }, rdb.Index { "line", where = rdb.Q { price__gt = 1 } } },
        constraints = {
          rdb.CheckConstraint { condition = rdb.Q { price__gte = 0 } | rdb.Q { line = 1 } },
          rdb.UniqueConstraint { "line", condition = ~rdb.Q { order = 3 } },
        },
      } },
      { "app.Thing", { { "self", f.foreign_key { "self", on_delete = rdb.CASCADE, null = true } }, { "tags",
        f.many_to_many { "other.Tag" } } } },
      { "other.Tag", { { "name", f.char { max_length = 3, primary_key = true } }, { "things",
        f.many_to_many { "app.Thing", related_name = "tagged" } } } },
      { "other.Old", { { "name", f.text {} } }, { managed = false } },
    }
    local changes = autodetector.changes(EMPTY, models)
    local replayed = states.replay(states.reload(changes))
    assert.same({}, autodetector.changes(replayed, models))
    -- the same input writes the same bytes
    local again = autodetector.changes(EMPTY, models)
    for app, list in pairs(changes) do
      for index, migration in ipairs(list) do
        assert.equal(writer.render(migration), writer.render(again[app][index]))
      end
    end
  end)
end)
