local connections = require "rdb.orm.connections"
local f = require "rdb.fields"
local introspection = require "rdb.migrations.schema.introspection"
local schema = require "spec.support.schema_models"
local temporary = require "spec.support.temporary"
local types = require "rdb.migrations.schema.types_sqlite"

local SCHEMA = [[
CREATE TABLE "parent table" (a INTEGER NOT NULL, b TEXT NOT NULL DEFAULT 'it''s, (ok', PRIMARY KEY (b, a))
  WITHOUT ROWID;
CREATE TABLE owner (id INTEGER PRIMARY KEY AUTOINCREMENT, code VARCHAR(10) NOT NULL UNIQUE COLLATE NOCASE);
CREATE TABLE child (
  id INTEGER PRIMARY KEY, -- the rowid, without AUTOINCREMENT
  owner_id INTEGER NOT NULL CONSTRAINT fk_owner REFERENCES owner ON DELETE CASCADE ON UPDATE SET NULL
    DEFERRABLE INITIALLY DEFERRED,
  pa INTEGER, pb TEXT, price NUMERIC(10, 2) DEFAULT 1.50 CHECK (price >= 0),
  doubled AS (price * 2) STORED, note TEXT /* , inside */,
  CONSTRAINT both UNIQUE (pa, note), CONSTRAINT sane CHECK (pa > 0 OR pa IS NULL),
  FOREIGN KEY (pa, pb) REFERENCES "parent table" (a, b)
);
CREATE INDEX by_note ON child (note DESC, pa);
CREATE UNIQUE INDEX part ON child (pb) WHERE note IS NOT NULL AND pb <> 'WHERE';
CREATE INDEX expr ON child (lower(note) COLLATE NOCASE);
CREATE VIEW cheap AS SELECT id, price FROM child WHERE price < 1;
CREATE TRIGGER touched AFTER UPDATE ON child BEGIN UPDATE owner SET code = code WHERE id = new.owner_id; END;
CREATE VIRTUAL TABLE words USING fts5(body);
]]


describe("introspection of SQLite", function()
  local folder, live

  before_each(function()
    folder = temporary.folder()
    temporary.script(folder .. "/app.db", SCHEMA)
    schema.connect(folder .. "/app.db")
    live = introspection.new(connections.target "default", "sqlite")
  end)

  after_each(function()
    live = nil
    schema.disconnect()
    temporary.remove(folder)
  end)

  it("lists tables, views and virtual tables without shadow tables", function()
    assert.same({
      { name = "cheap", kind = "view" }, { name = "child", kind = "table" }, { name = "owner", kind = "table" },
      { name = "parent table", kind = "table" }, { name = "words", kind = "virtual" },
    }, live:tables())
    assert.is_nil(live:table "nosuch")
  end)

  it("reads columns, keys and options of a table", function()
    local parent = live:table "PARENT TABLE"
    assert.same({ "b", "a" }, parent.primary_key)
    assert.is_true(parent.without_rowid)
    assert.same("'it''s, (ok'", parent.by_name.b.default)
    local owner = live:table "owner"
    assert.same({ true, "autoincrement" }, { owner.by_name.id.auto,
      owner.by_name.id.autoincrement and "autoincrement" or "plain" })
    assert.same({ name = "code", declared = "VARCHAR(10)", field = "char", options = { max_length = 10 }, known = true,
      null = false, collation = "NOCASE" }, owner.by_name.code)
    local child = live:table "child"
    assert.is_nil(child.by_name.id.autoincrement)
    assert.is_true(child.by_name.id.auto)
    assert.same({ "decimal", { max_digits = 10, decimal_places = 2 }, "1.50" },
      { child.by_name.price.field, child.by_name.price.options, child.by_name.price.default })
    assert.same({ "stored", "price * 2" }, { child.by_name.doubled.generated, child.by_name.doubled.expression })
  end)

  it("reads foreign keys with actions", function()
    assert.same({
      { columns = { "owner_id" }, to_table = "owner", to_columns = { "id" }, on_delete = "CASCADE",
        on_update = "SET NULL", deferred = true, name = "fk_owner" },
      { columns = { "pa", "pb" }, to_table = "parent table", to_columns = { "a", "b" }, on_delete = "NO ACTION",
        on_update = "NO ACTION", deferred = false },
    }, live:table "child".foreign_keys)
  end)

  it("reads indexes: direction, conditions, expressions, origin", function()
    local by_name = {}
    for _, index in ipairs(live:table "child".indexes) do by_name[index.name] = index end
    assert.same({ { name = "note", expression = false, desc = true, collation = "BINARY" },
      { name = "pa", expression = false, desc = false, collation = "BINARY" } }, by_name.by_note.columns)
    assert.same({ true, true, "note IS NOT NULL AND pb <> 'WHERE'" },
      { by_name.part.unique, by_name.part.partial, by_name.part.where })
    assert.same({ { expression = true, desc = false, collation = "NOCASE" } }, by_name.expr.columns)
    assert.same("unique", by_name.sqlite_autoindex_child_1.origin)
  end)

  it("reads checks, triggers and views", function()
    local child = live:table "child"
    assert.same({
      { sql = "price >= 0", column = "price" }, { name = "sane", sql = "pa > 0 OR pa IS NULL" },
    }, child.checks)
    assert.same("touched", child.triggers[1].name)
    local view = live:table "cheap"
    assert.same({ "view", 2, "id", "price" }, { view.kind, #view.columns, view.columns[1].name, view.columns[2].name })
  end)

  it("gives back the field types of our own tables", function()
    local expected = {
      name = "char", body = "text", count = "integer", small = "small_integer", big = "big_integer",
      plus = "positive_integer", little = "positive_small_integer", huge = "positive_big_integer", ratio = "float",
      flag = "boolean", price = "decimal", day = "date", at = "time", stamp = "datetime", span = "duration",
      key = "uuid", data = "json", bytes = "binary", address = "ip_address",
    }
    local options = { name = { max_length = 10 }, price = { max_digits = 8, decimal_places = 2 } }
    local fields = {}
    for name, kind in pairs(expected) do fields[#fields + 1] = { name, f[kind](options[name] or {}) } end
    local model = schema.define { { "blog.All", fields } }["blog.All"]
    schema.change(function(editor) editor:create_model(model) end)
    for name, kind in pairs(expected) do
      local column = live:table "blog_all".by_name[name]
      assert.same({ kind, options[name] or {}, true }, { column.field, column.options, column.known }, name)
    end
  end)

  it("follows SQLite's affinity rules for types that it does not know, and says so", function()
    for declared, expected in pairs {
      ["POINT"] = "integer", ["CHARINT"] = "integer", ["FLOATING POINT"] = "integer", ["MY CLOB"] = "text",
      ["STRANGE"] = "float", ["DOUBLED"] = "float",
    } do
      local kind, _, known = types.field_of(declared)
      assert.same({ expected, false }, { kind, known }, declared)
    end
    assert.same("boolean", (types.field_of "TINYINT(1)"))
    assert.same("positive_integer", (types.field_of "INT(11) UNSIGNED"))
  end)
end)
