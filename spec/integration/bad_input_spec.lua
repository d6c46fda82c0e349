--- Wrong names and values given to models and QuerySets: each is an error with a code that names the thing and shows no
--- value, and leaves nothing half done.
local rdb = require "rdb"
local connections = require "rdb.orm.connections"
local definition = require "rdb.orm.definition"
local refusals = require "spec.support.refusals"
local registry = require "rdb.orm.registry"
local schema_models = require "spec.support.schema_models"
local temporary = require "spec.support.temporary"

local f, expect, SECRET = rdb.fields, refusals.expect, refusals.SECRET

local FILE = "spec/integration/bad_input_spec.lua"
local PRODUCT_NAMES = "(it has: id, made, maker, maker_id, name, pk, price, stock)"
local LOOKUPS = "(it has: contains, endswith, exact, gt, gte, icontains, iendswith, iexact, in, iregex, isnull, "
  .. "istartswith, lt, lte, range, regex, startswith)"


-- The line of the caller.
local function here() return debug.getinfo(2, "l").currentline end


describe("bad input to a model's definition", function()
  local function refused(message, fields, options, code)
    expect(code or "misuse", message, function()
      definition.define {
        registry = registry.new(), label = "shop.Thing", fields = fields, options = options or {}, methods = {},
        source = "shop/models.lua:3",
      }
    end)
  end

  -- A field with a place of its own.
  local function at(field)
    field.source = "shop/models.lua:4"
    return field
  end

  it("names the model, the field, the option and the line", function()
    local place = "shop.Thing.a (shop/models.lua:4): "
    refused(place .. "f.char has no option 'max_lenght'; did you mean 'max_length'?; f.char needs the option "
      .. "'max_length', a positive integer", { { "a", at(f.char { max_lenght = 5 }) } })
    refused(place .. "f.char expects a positive integer for the option 'max_length', got a string",
      { { "a", at(f.char { max_length = SECRET }) } })
    refused(place .. "f.integer expects an integer for the option 'default', got a string",
      { { "a", at(f.integer { default = SECRET }) } })
    refused(place .. "f.decimal has more decimal_places (4) than max_digits (2)",
      { { "a", at(f.decimal { max_digits = 2, decimal_places = 4 }) } })
    refused(place .. "f.foreign_key has on_delete = rdb.SET_NULL, which needs null = true",
      { { "a", at(f.foreign_key { "shop.Thing", on_delete = rdb.SET_NULL }) } })
    refused(place .. "f.hstore needs PostgreSQL, which this build does not have; f.json keeps tables on every "
      .. "database", { { "a", at(f.hstore {}) } }, nil, "unsupported")
    local line = here()
    expect("misuse", ("rdb.fields has no field type 'chr'; did you mean 'char'? (%s:%d)"):format(FILE, line + 2),
      function() return f.chr { max_length = 5 } end)
  end)

  it("names options of meta, and fields that they name", function()
    local place, fields = "shop.Thing (shop/models.lua:3): ", { { "a", f.integer {} } }
    refused(place .. "meta has no option 'orderng'; did you mean 'ordering'?", fields, { orderng = { "a" } })
    refused(place .. "meta.ordering names 'b', which is no field; did you mean 'a'?", fields, { ordering = { "b" } })
    refused(place .. "meta.unique_together names 'z', which is no column field; did you mean 'a'?", fields,
      { unique_together = { { "a", "z" } } })
    local function object_refused(kind, object, line, option)
      refused(("rdb.%s (%s:%d) on shop.Thing: there is no column field 'z'; did you mean 'a'?"):format(kind, FILE,
        line), fields, { [option or "constraints"] = { object } })
    end
    object_refused("Index", rdb.Index { "z" }, here(), "indexes")
    object_refused("Index", rdb.Index { "a", where = rdb.Q { z__gt = 1 } }, here(), "indexes")
    local condition = rdb.Q { a = 1 } | rdb.Q { a__gt = rdb.F "z" + 1 }
    object_refused("CheckConstraint", rdb.CheckConstraint { condition = condition }, here())
    object_refused("UniqueConstraint", rdb.UniqueConstraint { "a", condition = rdb.Q { z = 1 } }, here())
    expect("misuse", ("rdb.Index has no option 'nmae'; did you mean 'name'? (%s:%d)"):format(FILE, here() + 1),
      function() return (rdb.Index { "a", nmae = "x" }) end)
  end)
end)


describe("bad input to a QuerySet", function()
  local folder, Maker, Product, acme

  setup(function()
    folder = temporary.folder()
    schema_models.connect(folder .. "/app.db")
    local models = schema_models.define {
      { "shop.Maker", { { "name", f.char { max_length = 20, unique = true } } } },
      { "shop.Product", {
        { "name", f.char { max_length = 20 } }, { "price", f.decimal { max_digits = 6, decimal_places = 2 } },
        { "stock", f.positive_integer { default = 0 } }, { "made", f.date { null = true } },
        { "maker", f.foreign_key { "shop.Maker", on_delete = rdb.CASCADE, related_name = "products" } },
      } },
    }
    Maker, Product = models["shop.Maker"], models["shop.Product"]
    schema_models.change(function(editor)
      editor:create_model(Maker)
      editor:create_model(Product)
    end)
    acme = Maker.objects:create { name = "Acme" }
    Product.objects:create { name = "Anvil", price = "1.00", maker = acme, stock = 3 }
  end)

  -- Whatever failed, the rows are those of setup.
  after_each(function()
    local rows = temporary.query(folder .. "/app.db", "SELECT p.name, price, stock, made, m.name AS maker "
      .. "FROM shop_maker AS m LEFT JOIN shop_product AS p ON p.maker_id = m.id")
    rows.columns = nil
    assert.same({ { name = "Anvil", price = "1.00", stock = 3, maker = "Acme" } }, rows)
  end)

  teardown(function()
    schema_models.disconnect()
    connections.configure {}
    temporary.remove(folder)
  end)

  it("names unknown fields and lookups and what is there", function()
    local products = Product.objects
    for message, fn in pairs {
      ["shop.Maker has no field 'nmae'; did you mean 'name'? (it has: id, name, pk, products)"] = function()
        return Maker.objects:filter { nmae = SECRET }
      end,
      ["shop.Maker has no field 'nmae' (in 'maker__nmae'); did you mean 'name'? (it has: id, name, pk, products)"]
        = function() return products:filter { maker__nmae = SECRET } end,
      ["shop.Product.name has no lookup 'contans' (in 'name__contans'); did you mean 'contains'? " .. LOOKUPS]
        = function() return products:exclude { name__contans = SECRET } end,
      ["shop.Product has no field 'nope' " .. PRODUCT_NAMES] = function() return products:order_by("nope"):list() end,
      ["select_related('name'): 'name' is no single related object of shop.Product (it has: maker)"] = function()
        return products:select_related("name"):list()
      end,
      ["prefetch_related('nope'): shop.Product has no relation 'nope' (it has: maker)"] = function()
        return products:prefetch_related("nope"):list()
      end,
      ["shop.Product: update: 'stok' is no column of the model; did you mean 'stock'?"] = function()
        return products:update { stok = 1 }
      end,
      ["shop.Product has no field 'stok'; did you mean 'stock'?"] = function()
        return products:create { name = "x", price = "1", maker = acme, stok = 1 }
      end,
      ["shop.Product has no column field 'nope'"] = function()
        return products:first():save { update_fields = { "nope" } }
      end,
      ["shop.Product: bulk_create has no option 'batchsize'; did you mean 'batch_size'?"] = function()
        return products:bulk_create({}, { batchsize = 3 })
      end,
    } do
      expect("misuse", message, fn)
    end
    for _, verb in ipairs { "values", "only", "defer", "latest" } do
      expect("misuse", "shop.Product has no field 'nope' " .. PRODUCT_NAMES, function()
        local result = products[verb](products, "nope")
        return result:list()
      end)
    end
    expect("misuse", "shop.Product has no field 'nope' " .. PRODUCT_NAMES, function()
      return products:aggregate { n = rdb.Sum "nope" }
    end)
  end)

  it("never widens a condition that lost its value", function()
    expect("misuse", "filter got an empty table: a condition that lost its value would widen the query",
      function() return Product.objects:filter { maker = nil } end, "Write rdb.null or owner__isnull")
    expect("misuse", 'filter("maker", nil): nil is no value; use rdb.null or maker__isnull',
      function() return Product.objects:filter("maker", nil) end, "maker__isnull = true")
    expect("misuse", "shop.Product: update needs a table of values by name, not an empty one",
      function() return Product.objects:update {} end)
  end)

  it("names the field of a value that does not fit a condition", function()
    local function refused(message, conditions)
      expect("invalid_value", message, function() return Product.objects:filter(conditions):list() end)
    end
    refused("shop.Product.stock: expected an integer, got a string", { stock = SECRET })
    refused("shop.Product.stock__in: expected an integer, got a string", { stock__in = { 1, SECRET } })
    refused("shop.Product.stock__in expects a list, got an integer", { stock__in = 5 })
    refused("shop.Product.stock__isnull expects true or false, got a string", { stock__isnull = SECRET })
    refused("shop.Product.price: expected a decimal, got a string of another form", { price = SECRET })
    refused("shop.Product.name__contains expects a string, got an integer", { name__contains = 5 })
    refused("shop.Product.maker: expected an integer, got a string", { maker = SECRET })
    refused("shop.Product.maker expects a shop.Maker or its key, got a shop.Product",
      { maker = Product { name = SECRET } })
    refused("shop.Product.maker: the shop.Maker is not saved yet, it has no key", { maker = Maker { name = SECRET } })
    refused("shop.Product.name__regex: bad pattern: Unmatched ( or \\(", { name__regex = "(" .. SECRET })
  end)

  it("names the field of a value that does not fit a column", function()
    local function refused(code, message, values, model)
      values.price = values.price or "1"
      if values.maker == nil and values.maker_id == nil then
        values.maker = acme
      end
      expect(code, message, function() return (model or Product).objects:create(values) end)
    end
    refused("invalid_value", "shop.Product.name: expected a string, got an integer", { name = 5 })
    refused("data_too_long", "shop.Product.name holds at most 20 characters, got 48", { name = SECRET:rep(8) })
    refused("invalid_value", "shop.Product.stock: expected an integer, got a string", { name = "x", stock = SECRET })
    refused("out_of_range", "shop.Product.price holds 6 digits with 2 of them after the point; the value has more",
      { name = "x", price = "1.999" })
    refused("invalid_value", 'shop.Product.price expects a decimal, an integer or a decimal text such as "1.10", '
      .. "got a string", { name = "x", price = SECRET })
    refused("invalid_value", 'shop.Product.made expects a date or a text such as "2024-02-29", got a text that is none',
      { name = "x", made = SECRET })
    refused("invalid_value", "shop.Product.maker expects a shop.Maker, got a string; a key is assigned to maker_id",
      { name = "x", maker = SECRET })
    refused("misuse", "shop.Product cannot be saved: its 'maker' is an unsaved shop.Maker; save that first",
      { name = "x", maker = Maker { name = SECRET } })
    refused("foreign_key_violation", "shop.Product: FOREIGN KEY constraint failed", { name = "x", maker_id = 99 })
    refused("check_violation", "shop.Product: CHECK constraint failed: stock", { name = "x", stock = -1 })
    refused("not_null_violation", "NOT NULL constraint failed: shop_product.name", {})
    expect("unique_violation", "UNIQUE constraint failed: shop_maker.name",
      function() return Maker.objects:create { name = "Acme" } end)
  end)

  it("changes nothing when save, update, bulk_create or bulk_update get a wrong value", function()
    local anvil = Product.objects:get { name = "Anvil" }
    anvil.stock = SECRET
    local message = "shop.Product.stock: expected an integer, got a string"
    expect("invalid_value", message, function() anvil:save() end)
    expect("invalid_value", "object 1: " .. message,
      function() Product.objects:bulk_update({ anvil }, { "stock" }) end)
    expect("invalid_value", message, function() Product.objects:update { stock = SECRET } end)
    expect("check_violation", "shop.Product: CHECK constraint failed: stock",
      function() Product.objects:update { stock = -1 } end)
    expect("foreign_key_violation", "shop.Product: FOREIGN KEY constraint failed",
      function() Product.objects:update { maker = 99 } end, "maker must be the key of a shop.Maker that exists")
    local function product(stock) return Product { name = "x", price = "1", maker = acme, stock = stock } end
    expect("invalid_value", "object 2: shop.Product.stock: expected an integer, got a string",
      function() Product.objects:bulk_create { product(1), product(SECRET) } end)
    expect("check_violation", "shop.Product: object 2: CHECK constraint failed: stock",
      function() Product.objects:bulk_create { product(1), product(-1) } end)
    expect("misuse", "shop.Product: bulk_create: item 2 is a shop.Maker, not a shop.Product",
      function() Product.objects:bulk_create { product(1), Maker { name = SECRET } } end)
    expect("check_violation", "shop.Product: CHECK constraint failed: stock", function()
      rdb.atomic(function()
        product(1):save()
        product(-1):save()
      end)
    end)
  end)

  it("names the table that is missing", function()
    local Lost = schema_models.define { { "shop.Lost", { { "name", f.char { max_length = 20 } } } } }["shop.Lost"]
    for _, fn in ipairs {
      function() return Lost.objects:count() end,
      function() return Lost.objects:create { name = SECRET } end,
      function() return Lost.objects:update { name = SECRET } end,
      function() return rdb.table("shop_lost"):list() end,
      function() return rdb.query("SELECT * FROM shop_lost WHERE name = ?", { SECRET }) end,
    } do
      local err = expect("undefined_table", "no such table: shop_lost", fn, "have the migrations been applied")
      assert.equal("shop_lost", err.table)
    end
    expect("undefined_column", "no such column: nope", function() return rdb.query "SELECT nope FROM shop_maker" end)
  end)

  it("names databases, options and placeholders of plain SQL", function()
    expect("config", "there is no database 'defualt' in the settings; did you mean 'default'?",
      function() return Product.objects:using("defualt"):list() end)
    expect("misuse", "rdb.query: the SQL has 1 placeholder, but 2 parameters were given",
      function() return rdb.query("SELECT * FROM shop_maker WHERE id = ?", { SECRET, 2 }) end)
    expect("misuse", "one statement at a time: there is more text after the first one",
      function() return rdb.query "DELETE FROM shop_maker; SELECT 2" end)
    expect("misuse", "rdb.atomic has no option 'isolaton'; did you mean 'isolation'?",
      function() return rdb.atomic(function() end, { isolaton = "x" }) end)
    expect("unsupported", "shop.Product: union is not part of this version of rdb",
      function() return Product.objects:union(Product.objects) end)
  end)
end)
