local connections = require "rdb.orm.connections"
local core = require "rdb.core"
local introspection = require "rdb.migrations.schema.introspection"
local models = require "rdb.migrations.inspect.models"
local schema = require "spec.support.schema_models"
local source = require "rdb.migrations.inspect.source"
local temporary = require "spec.support.temporary"

local CHINOOK = os.getenv "RDB_CHINOOK" or "../shared/data/chinook/Chinook_Sqlite.sql"

local SHOP = [[
CREATE TABLE shop_customer (id INTEGER PRIMARY KEY, email VARCHAR(100) NOT NULL UNIQUE, "end" DATE, "2nd name" TEXT,
  level SMALLINT NOT NULL DEFAULT 3, vip BOOLEAN NOT NULL DEFAULT 0, balance DECIMAL(12,2) DEFAULT '0.00',
  since DATETIME DEFAULT CURRENT_TIMESTAMP, meta JSON, kind VARCHAR(5) NOT NULL CHECK ("kind" IN ('new', 'o''ld')));
CREATE TABLE shop_order (number INTEGER NOT NULL, line INTEGER NOT NULL, buyer_id INTEGER NOT NULL REFERENCES
  shop_customer ON DELETE CASCADE, payer_id INTEGER REFERENCES shop_customer (id) ON DELETE SET NULL ON UPDATE CASCADE,
  code CHAR(8) REFERENCES shop_customer (email), shape GEOMETRY, note TEXT CHECK (length(note) < 100),
  PRIMARY KEY (number, line), UNIQUE (buyer_id, line));
CREATE INDEX by_buyer ON shop_order (buyer_id); CREATE INDEX by_line ON shop_order (line DESC, number);
CREATE UNIQUE INDEX one_code ON shop_order (code); CREATE INDEX some ON shop_order (note) WHERE note IS NOT NULL;
CREATE TABLE shop_profile (customer_id INTEGER PRIMARY KEY REFERENCES shop_customer (id), bio TEXT);
CREATE TABLE keyless (a INTEGER); CREATE VIEW rich AS SELECT id, balance FROM shop_customer WHERE balance > 10;
]]


describe("inspectdb", function()
  local folder

  local function open(sql_file)
    local output = temporary.shell(("sqlite3 %s/app.db < %s"):format(folder, temporary.quote(sql_file)))
    assert.same("", output)
    schema.connect(folder .. "/app.db")
  end
  local function read(app, options)
    return models.read(introspection.new(connections.target "default", "sqlite"), app, options)
  end
  local function shop(options)
    temporary.write(folder .. "/shop.sql", SHOP)
    open(folder .. "/shop.sql")
    return read("shop", options)
  end
  local function named(list)
    local by_name = {}
    for _, each in ipairs(list) do by_name[each.name] = each end
    return by_name
  end

  before_each(function() folder = temporary.folder() end)

  after_each(function()
    schema.disconnect()
    temporary.remove(folder)
  end)

  it("names models and fields, and keeps types, lengths, defaults and keys", function()
    local text = source.text({ named(shop()).Customer }, "shop", "shop.db")
    assert.same([[
--- Models of shop.db, written by inspectdb from the tables.
local rdb = require "rdb"
local f = rdb.fields

local models = {}

models.Customer = rdb.model "shop.Customer" {
  id = f.auto { primary_key = true },
  email = f.char { max_length = 100, unique = true },
  end_field = f.date { null = true, db_column = "end" },
  column_2nd_name = f.text { null = true, db_column = "2nd name" },
  level = f.small_integer { db_default = 3 },
  vip = f.boolean { db_default = false },
  balance = f.decimal { max_digits = 12, decimal_places = 2, null = true, db_default = "0.00" },
  since = f.datetime { null = true, db_default = rdb.RawSQL("CURRENT_TIMESTAMP") },
  meta_field = f.json { null = true, db_column = "meta" },
  kind = f.enum { "new", "o'ld" },
}

return models
]], text)
  end)

  it("keeps relations with their actions, composite keys and indexes, and notes what a model cannot say", function()
    local text = source.text({ named(shop()).Order, named(read "shop").Profile }, "shop", "shop.db")
    assert.same([[
-- index not shown: CREATE INDEX some ON shop_order (note) WHERE note IS NOT NULL
-- CHECK not shown: length(note) < 100
models.Order = rdb.model "shop.Order" {
  number = f.integer {},
  line = f.integer {},
  buyer = f.foreign_key { "shop.Customer", on_delete = rdb.DB_CASCADE, related_name = "order_buyer" },
  payer = f.foreign_key {
    "shop.Customer",
    on_delete = rdb.DB_SET_NULL,
    on_update = "cascade",
    related_name = "order_payer",
    null = true,
    db_index = false,
  },
  code = f.foreign_key {
    "shop.Customer",
    on_delete = rdb.DO_NOTHING,
    related_name = "order_code",
    to_field = "email",
    null = true,
    db_index = false,
    db_column = "code",
  },
  shape = f.float { null = true }, -- declared as GEOMETRY
  note = f.text { null = true },
  pk = f.composite_key { "number", "line" },
  meta = {
    unique_together = { { "buyer", "line" } },
    indexes = { rdb.Index { "-line", "number", name = "by_line" } },
    constraints = { rdb.UniqueConstraint { "code", name = "one_code" } },
  },
}

models.Profile = rdb.model "shop.Profile" {
  customer = f.one_to_one { "shop.Customer", on_delete = rdb.DO_NOTHING, primary_key = true },
  bio = f.text { null = true },
}
]], text:match "local models = {}\n\n(.*)\nreturn models\n$")
  end)

  it("reads the tables that are named, and views when asked", function()
    local list = shop { tables = { "SHOP_PROFILE" } }
    assert.same(1, #list)
    assert.same({ "auto", "refers to shop_customer (id)" }, { list[1].fields[1].type, list[1].fields[1].note })
    local ok, err = pcall(read, "shop", { tables = { "nosuch" } })
    assert.is_false(ok)
    assert.same("the database has no table or view nosuch", err.message)
    local all = named(read("shop", { include_views = true }))
    assert.same("it has no primary key, which a model needs", all.Keyless.skipped)
    assert.same("view", all.Rich.kind)
    assert.is_truthy(source.text({ all.Rich }, "shop", "x"):find("managed = false", 1, true))
  end)

  it("keeps defaults, and tells what it leaves out", function()
    temporary.write(folder .. "/shop.sql", [[
      CREATE TABLE shop_item (id INTEGER PRIMARY KEY, code TEXT DEFAULT (lower(hex(randomblob(4)))),
        a VARCHAR(9) DEFAULT "it's", b VARCHAR(9) DEFAULT bare, c TEXT DEFAULT ('a' || '?'), d INTEGER DEFAULT ((7)),
        e INTEGER DEFAULT (1 + 2), day DATE DEFAULT '2020-01-31', f BOOLEAN DEFAULT TRUE, g TEXT DEFAULT NULL,
        twice INTEGER GENERATED ALWAYS AS (e * 2) VIRTUAL);
      CREATE TABLE shop_key (code TEXT NOT NULL PRIMARY KEY DEFAULT 'x');
      CREATE TABLE shop_log (line TEXT);]])
    open(folder .. "/shop.sql")
    local list = read "shop"
    local text = source.text(list, "shop", "shop.db")
    assert.same([[
-- column twice is left out: the database generates it (e * 2)
models.Item = rdb.model "shop.Item" {
  id = f.auto { primary_key = true },
  code = f.text { null = true, db_default = rdb.RawSQL("lower(hex(randomblob(4)))") },
  a = f.char { max_length = 9, null = true, db_default = "it's" },
  b = f.char { max_length = 9, null = true, db_default = "bare" },
  c = f.text { null = true, db_default = rdb.RawSQL("'a' || '?'") },
  d = f.integer { null = true, db_default = 7 },
  e = f.integer { null = true, db_default = rdb.RawSQL("1 + 2") },
  day = f.date { null = true, db_default = rdb.RawSQL("'2020-01-31'") },
  f = f.boolean { null = true, db_default = true },
  g = f.text { null = true },
}

models.Key = rdb.model "shop.Key" {
  code = f.text { primary_key = true }, -- DEFAULT 'x' not shown: an object must know its key
}

-- shop_log is left out: it has no primary key, which a model needs
]], text:match "local models = {}\n\n(.*)\nreturn models\n$")
    local item = named(core.json_decode(core.json_encode(source.data(list))).models).Item
    assert.same({ sql = "1 + 2" }, named(item.fields).e.options.db_default)

    -- The models make the same tables again.
    temporary.write(folder .. "/manage.lua", 'local rdb = require "rdb"\nrdb.configure { databases = { default = '
      .. '"sqlite:///fresh.db" }, apps = { "shop" } }\nos.exit(rdb.manage(arg))\n')
    temporary.write(folder .. "/shop/models.lua", text)
    for _, command in ipairs { "makemigrations", "migrate" } do
      local output, status = temporary.run(folder, "manage.lua", command)
      assert.same(0, status, output)
    end
    assert.same("No changes found.\n", (temporary.run(folder, "manage.lua", "makemigrations")))
    local again = temporary.run(folder, "manage.lua", "inspectdb")
    assert.same(text:match "(models%.Item.-\n}\n)", again:match "(models%.Item.-\n}\n)")
  end)

  it("answers JSON with lists that stay lists", function()
    local data = core.json_decode(core.json_encode(source.data(shop())))
    local by_name = named(data.models)
    assert.same({ "number", "line" }, { table.unpack(by_name.Order.primary_key) })
    assert.is_truthy(core.json_encode(source.data(read "shop")):find('"notes":[]', 1, true))
  end)

  it("writes models for Chinook that run, migrate without a difference, and make the same schema", function()
    local file = io.open(CHINOOK)
    if not file then return pending("no Chinook data at " .. CHINOOK) end
    file:close()
    open(CHINOOK)
    local list = read "chinook"
    assert.same(11, #list)
    local relations, guesses = 0, 0
    for _, model in ipairs(list) do
      for _, field in ipairs(model.fields) do
        if field.relation then relations = relations + 1 end
        if field.note then guesses = guesses + 1 end
      end
      guesses = guesses + #model.notes
    end
    assert.same({ 11, 0 }, { relations, guesses })
    assert.same({ "playlist", "track" }, named(list).PlaylistTrack.key)
    local text = source.text(list, "chinook", "chinook")
    assert.is_truthy(text:find('title = f.char { max_length = 160, db_column = "Title" }', 1, true))
    assert.is_truthy(text:find('unit_price = f.decimal { max_digits = 10, decimal_places = 2, db_column', 1, true))

    temporary.write(folder .. "/manage.lua", 'local rdb = require "rdb"\nrdb.configure { databases = { default = '
      .. '"sqlite:///app.db", fresh = "sqlite:///fresh.db" }, apps = { "chinook" } }\nos.exit(rdb.manage(arg))\n')
    temporary.write(folder .. "/chinook/models.lua", text)
    local function manage(...)
      local output, status = temporary.run(folder, "manage.lua", ...)
      assert.same(0, status, output)
      return output
    end
    manage "makemigrations"
    assert.is_truthy(manage "makemigrations":find("No changes found", 1, true))
    assert.is_truthy(manage("migrate", "--fake-initial"):find("noted as applied", 1, true))
    manage("migrate", "--database", "fresh")
    local function sorted(alias)
      local lines = {}
      for line in manage("inspectdb", "--database", alias):gmatch "[^\n]+" do
        if not line:find "^%-%-%-" then lines[#lines + 1] = line end
      end
      table.sort(lines) -- a column that was added later stands at the end of its table
      return lines
    end
    assert.same(sorted "default", sorted "fresh")
  end)
end)
