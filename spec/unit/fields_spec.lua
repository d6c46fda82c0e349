local f = require "rdb.fields"
local on_delete = require "rdb.orm.on_delete"
local core = require "rdb.core"

local CASCADE = on_delete.CASCADE

local function problem(field)
  return table.concat(field.problems or {}, "; ")
end

describe("field options", function()
  it("are refused by name with the nearest one", function()
    assert.equal("f.char has no option 'max_lenght'; did you mean 'max_length'?; "
      .. "f.char needs the option 'max_length', a positive integer", problem(f.char { max_lenght = 3 }))
  end)

  it("are refused by type", function()
    assert.equal("f.text expects true or false for the option 'null', got an integer", problem(f.text { null = 1 }))
    assert.equal("f.char expects a positive integer for the option 'max_length', got a string",
      problem(f.char { max_length = "3" }))
    assert.equal("f.text takes options by name only, got a string as item 1", problem(f.text { "x" }))
    assert.equal("f.text takes a table of options, got a string", problem(f.text "x"))
  end)

  local function refused(expected, field)
    assert.equal(expected, problem(field))
  end

  it("are checked against each other", function()
    refused("f.uuid cannot be a primary key and null", f.uuid { primary_key = true, null = true })
    refused("f.decimal has more decimal_places (3) than max_digits (2)", f.decimal { max_digits = 2,
      decimal_places = 3 })
    refused("f.datetime takes only one of auto_now, auto_now_add and default",
      f.datetime { auto_now = true, auto_now_add = true })
    refused("f.big_auto must be the primary key", f.big_auto { primary_key = false })
    refused("f.integer has a min_value above its max_value", f.integer { min_value = 3, max_value = 2 })
    refused("f.foreign_key has on_delete = rdb.SET_NULL, which needs null = true",
      f.foreign_key { "a.B", on_delete = on_delete.SET_NULL })
    refused("f.foreign_key has on_delete = rdb.SET_DEFAULT, which needs a default",
      f.foreign_key { "a.B", on_delete = on_delete.SET_DEFAULT })
    refused("f.many_to_many takes db_table or through, not both (the table is the one of the through model)",
      f.many_to_many { "a.B", through = "a.C", db_table = "x" })
  end)

  it("default must fit the type and the choices", function()
    refused("f.integer expects an integer for the option 'default', got a string", f.integer { default = "1" })
    refused("f.boolean expects true or false for the option 'default', got an integer", f.boolean { default = 0 })
    refused("f.char has a default longer than max_length 2", f.char { max_length = 2, default = "abc" })
    refused("f.char has a default that is none of its choices",
      f.char { max_length = 2, choices = { "a", "b" }, default = "c" })
    refused("", f.integer { default = function() return "x" end })
    refused("", f.decimal { max_digits = 4, decimal_places = 2, default = "1.50" })
  end)

  it("of an enum are its values", function()
    local field = f.enum { "draft", "published", default = "draft" }
    refused("", field)
    assert.same({ { "draft", "draft" }, { "published", "published" } }, field.choices)
    assert.equal(9, field.max_length)
    refused("f.enum needs its values: f.enum { \"draft\", \"published\" }", f.enum {})
    refused("f.enum takes texts as values, got an integer", f.enum { "a", 1 })
  end)
end)

describe("field types", function()
  it("know their kind", function()
    local kinds = {
      auto = "int64", big_auto = "int64", integer = "int64", float = "double", boolean = "bool", text = "text",
      uuid = "uuid", date = "date", time = "time", datetime = "timestamp", duration = "interval",
        binary = "bytes",
      json = "json", ip_address = "text", slug = "text", email = "text", url = "text", file_path = "text",
    }
    for name, kind in pairs(kinds) do
      assert.equal(kind, f[name] {}.kind, name)
      assert.equal("", problem(f[name] {}), name)
    end
  end)

  it("of PostgreSQL are refused with the reason", function()
    for _, name in ipairs { "array", "hstore", "int_range", "search_vector" } do
      local field = f[name] { base = 1 }
      assert.is_true(field.unsupported)
      assert.is_truthy(problem(field):find("needs PostgreSQL", 1, true), name)
    end
  end)

  it("that do not exist are refused", function()
    local ok, err = pcall(function() return f.chr end)
    assert.is_false(ok)
    assert.equal("misuse", err.code)
    assert.is_truthy(err.message:find("has no field type 'chr'; did you mean 'char'?", 1, true))
    assert.equal("misuse", select(2, pcall(f.build, "chr", {})).code)
  end)
end)

describe("Field:deconstruct", function()
  local function round(field)
    local type_name, options = field:deconstruct()
    local again_type, again = f.build(type_name, options):deconstruct()
    assert.equal(type_name, again_type)
    assert.same(options, again)
    return type_name, options
  end

  it("holds only what differs from the defaults", function()
    assert.same({ "char", { max_length = 5 } },
      { round(f.char { max_length = 5, null = false, unique = false, editable = true }) })
    assert.same({ "slug", {} }, { round(f.slug { max_length = 50, db_index = true }) })
    assert.same({ "slug", { db_index = false } }, { round(f.slug { db_index = false }) })
    assert.same({ "big_auto", { primary_key = true } }, { round(f.big_auto {}) })
  end)

  it("keeps positional items", function()
    assert.same({ "enum", { "a", "b" } }, { round(f.enum { "a", "b" }) })
    assert.same({ "foreign_key", { "blog.Author", on_delete = CASCADE } },
      { round(f.foreign_key { "blog.Author", on_delete = CASCADE, db_index = true }) })
    assert.same({ "foreign_key", { "blog.Author", on_delete = CASCADE } },
      { round(f.foreign_key { to = "blog.Author", on_delete = CASCADE }) })
    assert.same({ "composite_key", { "a", "b" } }, { round(f.composite_key { "a", "b" }) })
    assert.same({ "many_to_many", { "blog.Tag", through = "blog.Link" } },
      { round(f.many_to_many { "blog.Tag", through = "blog.Link" }) })
  end)

  it("survives clone", function()
    local field = f.char { max_length = 5, default = "x" }
    local copy = field:clone()
    assert.not_equal(field, copy)
    assert.same({ field:deconstruct() }, { copy:deconstruct() })
    assert.equal(field.counter, copy.counter)
    assert.equal(field.source, copy.source)
  end)
end)

describe("field values", function()
  it("take defaults from functions and copy tables", function()
    local n = 0
    local field = f.integer { default = function() n = n + 1 return n end }
    assert.equal(1, field:get_default())
    assert.equal(2, field:get_default())
    local list = f.json { default = { 1, { 2 } } }
    local first = list:get_default()
    first[2][1] = 3
    assert.same({ 1, { 2 } }, list:get_default())
  end)

  it("are refused on write when they do not fit", function()
    local field = f.char { max_length = 3 }
    assert.equal("äöü", field:prepare "äöü")
    assert.equal("data_too_long", select(2, pcall(field.prepare, field, "abcd")).code)
    local price = f.decimal { max_digits = 4, decimal_places = 2 }
    assert.equal("1.50", tostring(price:prepare "1.5"))
    assert.equal("2.00", tostring(price:prepare(2)))
    assert.equal("out_of_range", select(2, pcall(price.prepare, price, "1.555")).code)
    assert.equal("out_of_range", select(2, pcall(price.prepare, price, "100")).code)
    assert.equal("invalid_value", select(2, pcall(price.prepare, price, 1.5)).code)
    local status = f.enum { "a", "b" }
    assert.equal("invalid_value", select(2, pcall(status.prepare, status, "c")).code)
    local born = f.date {}
    assert.equal(core.date "2024-02-29", born:prepare "2024-02-29")
    local err = select(2, pcall(born.prepare, born, "2023-02-29"))
    assert.equal("invalid_value", err.code)
    assert.is_nil(err.message:find("2023", 1, true))
  end)

  it("are cleaned with messages", function()
    local field = f.char { max_length = 3, choices = { "a", "b" }, error_messages = { null = "Say it." } }
    assert.same({ "Say it." }, select(2, field:clean(nil)))
    assert.same({ "This field cannot be blank." }, select(2, field:clean ""))
    assert.same({ "Select a valid choice." }, select(2, field:clean "c"))
    assert.is_nil(select(2, field:clean "a"))
    assert.same({ "Enter an integer." }, select(2, f.integer {}:clean "x"))
    assert.same({ "Ensure this value is greater than or equal to 0." }, select(2, f.positive_integer {}:clean(-1)))
    assert.is_nil(select(2, f.integer { null = true }:clean(nil)))
  end)

  it("run validators of the user", function()
    local even = function(value) return value % 2 == 0, "Not even." end
    assert.same({ "Not even." }, select(2, f.integer { validators = { even } }:clean(3)))
    assert.is_nil(select(2, f.integer { validators = { even } }:clean(4)))
    local broken = f.integer { validators = { function() error("bug", 0) end } }
    assert.has_error(function() broken:clean(1) end, "bug")
  end)
end)

describe("rdb.register_field", function()
  it("makes a type on another one", function()
    local register = require "rdb.orm.fields.register".register
    if not f.Field.types.money then
      register("money", { base = "decimal", defaults = { max_digits = 12, decimal_places = 2 } })
    end
    local field = f.money {}
    assert.is_nil(field.problems)
    assert.same({ "decimal", { max_digits = 12, decimal_places = 2 } }, { field:deconstruct() })
    assert.equal("misuse", select(2, pcall(register, "char", { base = "text" })).code)
    assert.equal("misuse", select(2, pcall(register, "fine", { base = "nothing" })).code)
  end)
end)
