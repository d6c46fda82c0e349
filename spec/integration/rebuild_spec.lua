local core = require "rdb.core"
local connections = require "rdb.orm.connections"
local f = require "rdb.fields"
local on_delete = require "rdb.orm.on_delete"
local schema = require "spec.support.schema_models"
local temporary = require "spec.support.temporary"


local function author(fields)
  local list = { { "name", f.char { max_length = 20 } }, { "rank", f.integer { db_index = true } } }
  for _, each in ipairs(fields or {}) do
    local replaced = false
    for i, own in ipairs(list) do
      if own[1] == each[1] then list[i], replaced = each, true end
    end
    if not replaced then list[#list + 1] = each end
  end
  return schema.define {
    { "blog.Author", list },
    { "blog.Post", {
      { "title", f.char { max_length = 20, unique = true } },
      { "author", f.foreign_key { "blog.Author", on_delete = on_delete.DB_CASCADE } },
    } },
  }
end


describe("the table rebuild of SQLite", function()
  local folder, path, models

  local function rows(sql) return (core.run(connections.target "default", sql, {})) end
  local function value(sql) return rows("SELECT (" .. sql .. ") AS v")[1].v end
  local function sql_of(name) return value("SELECT sql FROM sqlite_master WHERE name = '" .. name .. "'") end
  local function run(...)
    for _, sql in ipairs { ... } do core.script(connections.target "default", sql) end
  end
  local function alter(after, name)
    schema.change(function(editor)
      editor:alter_field(models["blog.Author"], schema.field(models["blog.Author"], name),
        schema.field(after["blog.Author"], name))
    end)
  end

  before_each(function()
    folder = temporary.folder()
    path = folder .. "/app.db"
    schema.connect(path)
    models = author()
    schema.change(function(editor)
      editor:create_model(models["blog.Author"])
      editor:create_model(models["blog.Post"])
    end)
    run("INSERT INTO blog_author (name, rank) VALUES ('ann', 1), ('bob', 2), ('cyd', 3)",
      "DELETE FROM blog_author WHERE id = 3",
      "INSERT INTO blog_post (title, author_id) VALUES ('one', 1), ('two', 2), ('three', 2)")
  end)

  after_each(function()
    schema.disconnect()
    temporary.remove(folder)
  end)

  it("keeps rows of cascading children, triggers, partial and expression indexes, views, and sqlite_sequence",
  function()
    run("CREATE VIEW ranks AS SELECT name, rank FROM blog_author", "CREATE TABLE log (text)",
      "CREATE TRIGGER logged AFTER UPDATE ON blog_author BEGIN INSERT INTO log VALUES (new.name); END",
      "CREATE TRIGGER other AFTER DELETE ON log BEGIN UPDATE blog_author SET rank = rank; END",
      "CREATE INDEX part ON blog_author (rank) WHERE rank > 1", "CREATE INDEX expr ON blog_author (lower(name) DESC)",
      "CREATE UNIQUE INDEX uniq ON blog_author (name COLLATE NOCASE, rank)")
    local others = "SELECT type, name, sql FROM sqlite_master WHERE name <> 'blog_author' ORDER BY type, name"
    local before = rows(others)
    alter(author { { "name", f.char { max_length = 50 } } }, "name")
    assert.same([[CREATE TABLE "blog_author" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, ]]
      .. [["name" varchar(50) NOT NULL, "rank" integer NOT NULL)]], sql_of "blog_author")
    assert.same(before, rows(others))
    assert.same(3, value "SELECT count(*) FROM blog_post")
    assert.same(3, value "SELECT seq FROM sqlite_sequence WHERE name = 'blog_author'")
    assert.same({ { name = "ann", rank = 1 }, { name = "bob", rank = 2 } },
      { table.unpack(rows "SELECT * FROM ranks ORDER BY name") })
    run("UPDATE blog_author SET rank = 5 WHERE name = 'ann'")
    assert.same(1, value "SELECT count(*) FROM log")
    run("INSERT INTO blog_author (name, rank) VALUES ('dan', 4)")
    assert.same(4, value "SELECT id FROM blog_author WHERE name = 'dan'")
    run("DELETE FROM blog_author WHERE id = 2")
    assert.same(1, value "SELECT count(*) FROM blog_post") -- the child's foreign key works as before
    assert.same(1, value "SELECT foreign_keys FROM pragma_foreign_keys")
    assert.same("ok", value "SELECT integrity_check FROM pragma_integrity_check")
  end)

  it("keeps an empty table's sqlite_sequence", function()
    run("DELETE FROM blog_post", "DELETE FROM blog_author")
    alter(author { { "name", f.char { max_length = 50 } } }, "name")
    assert.same(3, value "SELECT seq FROM sqlite_sequence WHERE name = 'blog_author'")
  end)

  it("keeps columns, checks and generated columns that the model does not know", function()
    run("DROP TABLE blog_post", "DROP TABLE blog_author",
      [[CREATE TABLE blog_author (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, name varchar(20) NOT NULL,
      rank integer NOT NULL, -- a comment
      extra TEXT COLLATE NOCASE DEFAULT (lower('X')) CHECK (extra <> 'bad'), twice AS (rank * 2) VIRTUAL
      , CONSTRAINT sane CHECK (rank > 0))]], "INSERT INTO blog_author (name, rank) VALUES ('bob', 2)")
    alter(author { { "name", f.char { max_length = 50 } } }, "name")
    local sql = sql_of "blog_author"
    assert.is_truthy(sql:find("extra TEXT COLLATE NOCASE DEFAULT (lower('X')) CHECK (extra <> 'bad')", 1, true))
    assert.is_truthy(sql:find("twice AS (rank * 2) VIRTUAL", 1, true))
    assert.is_truthy(sql:find("CONSTRAINT sane CHECK (rank > 0)", 1, true))
    assert.same(4, value "SELECT twice FROM blog_author WHERE name = 'bob'")
    assert.same("x", value "SELECT extra FROM blog_author WHERE name = 'bob'")
  end)

  it("keeps the rowids of a table without an integer key, and WITHOUT ROWID tables", function()
    local keyed = schema.define { { "blog.Word", { { "word", f.char { max_length = 9, primary_key = true } } } } }
    local wider = schema.define { { "blog.Word", { { "word", f.char { max_length = 30, primary_key = true } } } } }
    schema.change(function(editor) editor:create_model(keyed["blog.Word"]) end)
    run("INSERT INTO blog_word (rowid, word) VALUES (7, 'seven'), (3, 'three')")
    local function widen()
      schema.change(function(editor)
        editor:alter_field(keyed["blog.Word"], schema.field(keyed["blog.Word"], "word"),
          schema.field(wider["blog.Word"], "word"))
      end)
    end
    widen()
    assert.same(7, value "SELECT rowid FROM blog_word WHERE word = 'seven'")
    run("DROP TABLE blog_word", 'CREATE TABLE blog_word ("word" varchar(9) NOT NULL PRIMARY KEY) WITHOUT ROWID',
      "INSERT INTO blog_word VALUES ('x')")
    widen()
    assert.same('CREATE TABLE "blog_word" ("word" varchar(30) NOT NULL PRIMARY KEY) WITHOUT ROWID', sql_of "blog_word")
    assert.same("x", value "SELECT word FROM blog_word")
  end)

  it("gathers the changes of one table into one rebuild", function()
    local after = author { { "name", f.char { max_length = 50, unique = true } }, { "age", f.integer { default = 7 } } }
    local rebuilds = 0
    require("rdb.orm.transactions").atomic(function()
      local editor = require("rdb.migrations.schema.editor").new("default", { on_event = function(event)
        if event.event == "rebuild_ended" then rebuilds = rebuilds + 1 end
      end })
      local old, new = models["blog.Author"], after["blog.Author"]
      editor:alter_field(old, schema.field(old, "name"), schema.field(new, "name"))
      editor:add_field(old, schema.field(new, "age"))
      editor:finish()
    end, { foreign_keys = false })
    assert.same(1, rebuilds)
    assert.same(14, value "SELECT sum(age) FROM blog_author")
  end)

  it("refuses NOT NULL where rows have NULL, with their number and keys, and changes nothing", function()
    local nullable = author { { "rank", f.integer { null = true, db_index = true } } }
    alter(nullable, "rank")
    run("UPDATE blog_author SET rank = NULL")
    local before = sql_of "blog_author"
    local ok, err = pcall(schema.change, function(editor)
      editor:alter_field(nullable["blog.Author"], schema.field(nullable["blog.Author"], "rank"),
        schema.field(models["blog.Author"], "rank"))
    end)
    assert.is_false(ok)
    assert.same("not_null_violation", err.code)
    assert.same("blog.Author.rank cannot be NOT NULL: 2 rows of table blog_author have no value for it (id 1, 2); "
      .. "give the field a default, or fill the column first", err.message)
    assert.same(before, sql_of "blog_author")
    assert.same(1, value "SELECT foreign_keys FROM pragma_foreign_keys")
    assert.same(0, value "SELECT legacy_alter_table FROM pragma_legacy_alter_table")
  end)

  it("fills NULL with the default where NULL is no longer allowed", function()
    local nullable = author { { "rank", f.integer { null = true } } }
    alter(nullable, "rank")
    run("UPDATE blog_author SET rank = NULL WHERE id = 1")
    local filled = author { { "rank", f.integer { default = 9 } } }
    schema.change(function(editor)
      editor:alter_field(nullable["blog.Author"], schema.field(nullable["blog.Author"], "rank"),
        schema.field(filled["blog.Author"], "rank"))
    end)
    assert.same(9, value "SELECT rank FROM blog_author WHERE id = 1")
    assert.same(2, value "SELECT rank FROM blog_author WHERE id = 2")
  end)

  it("refuses values that do not fit a changed type, with their keys", function()
    local function changed(name, field) return function() alter(author { { name, field } }, name) end end
    local function fails(fn, code, text)
      local before = sql_of "blog_author"
      local ok, err = pcall(fn)
      assert.is_false(ok)
      assert.same({ code, text }, { err.code, err.message })
      assert.same(before, sql_of "blog_author")
    end
    fails(changed("name", f.char { max_length = 2 }), "data_too_long", "blog.Author.name cannot be changed: the value "
      .. "of 2 rows of table blog_author is longer than 2 characters (id 1, 2); correct the rows first")
    fails(changed("name", f.integer {}), "invalid_value", "blog.Author.name cannot be changed: the value of 2 rows of "
      .. "table blog_author is no integer (id 1, 2); correct the rows first")
    fails(changed("rank", f.boolean {}), "invalid_value", "blog.Author.rank cannot be changed: the value of 1 row of "
      .. "table blog_author is no boolean (id 2); correct the rows first")
    run("UPDATE blog_author SET name = id")
    changed("name", f.integer {})()
    assert.same("integer", value "SELECT typeof(name) FROM blog_author LIMIT 1")
  end)

  it("rewrites dates as datetimes and back", function()
    local days = author { { "born", f.date { null = true } } }
    local moments = author { { "born", f.datetime { null = true } } }
    local function field(models_of) return schema.field(models_of["blog.Author"], "born") end
    schema.change(function(editor) editor:add_field(models["blog.Author"], field(days)) end)
    run("UPDATE blog_author SET born = '2024-02-29' WHERE id = 1")
    schema.change(function(editor) editor:alter_field(days["blog.Author"], field(days), field(moments)) end)
    assert.same("2024-02-29 00:00:00", value "SELECT born FROM blog_author WHERE id = 1")
    schema.change(function(editor) editor:alter_field(moments["blog.Author"], field(moments), field(days)) end)
    assert.same("2024-02-29", value "SELECT born FROM blog_author WHERE id = 1")
    assert.is_nil(value "SELECT born FROM blog_author WHERE id = 2")
  end)

  it("names the rows that are in the way of a unique index", function()
    run("UPDATE blog_author SET name = 'same', rank = 1")
    local ok, err = pcall(schema.change, function(editor)
      editor:alter_unique_together(models["blog.Author"], {}, { { "name", "rank" } })
    end)
    assert.is_false(ok)
    assert.same("unique_violation", err.code)
    assert.is_truthy(err.message:find("1 value has more than one row, for example id 1, 2", 1, true), err.message)
  end)

  it("names the rows that are in the way of UNIQUE", function()
    run("UPDATE blog_author SET name = 'same'")
    local ok, err = pcall(alter, author { { "name", f.char { max_length = 20, unique = true } } }, "name")
    assert.is_false(ok)
    assert.same("unique_violation", err.code)
    assert.is_truthy(err.message:find("blog_author.name", 1, true), err.message)
    assert.is_truthy(err.message:find("1 value has more than one row, for example id 1, 2", 1, true), err.message)
  end)

  it("is refused inside a transaction with foreign keys on when children would be emptied", function()
    local ok, err = pcall(require("rdb.orm.transactions").atomic, function()
      local editor = require("rdb.migrations.schema.editor").new "default"
      local after = author { { "name", f.char { max_length = 50 } } }
      editor:alter_field(models["blog.Author"], schema.field(models["blog.Author"], "name"),
        schema.field(after["blog.Author"], "name"))
      editor:finish()
    end)
    assert.is_false(ok)
    assert.same("misuse", err.code)
    assert.is_truthy(err.message:find("rows of blog_post", 1, true), err.message)
    assert.same(3, value "SELECT count(*) FROM blog_post")
  end)

  it("tells the view and the trigger that need a column which is removed", function()
    run("CREATE VIEW ranks AS SELECT rank FROM blog_author")
    local function remove()
      schema.change(function(editor)
        editor:remove_field(models["blog.Author"], schema.field(models["blog.Author"], "rank"))
      end)
    end
    local ok, err = pcall(remove)
    assert.is_false(ok)
    assert.is_truthy(err.message:find("the view ranks needs what is removed", 1, true), err.message)
    run("DROP VIEW ranks",
      "CREATE TRIGGER t AFTER INSERT ON blog_author BEGIN UPDATE blog_author SET rank = 1 WHERE id = new.id; END")
    ok, err = pcall(remove)
    assert.is_false(ok)
    assert.is_truthy(err.message:find("its triggers: t", 1, true), err.message)
    run("DROP TRIGGER t")
    remove()
    assert.is_nil(sql_of "blog_author":find("rank", 1, true))
  end)

  it("gives foreign keys the type of a key that changes", function()
    local texts = schema.define {
      { "blog.Author", { { "id", f.char { max_length = 36, primary_key = true } },
        { "name", f.char { max_length = 20 } }, { "rank", f.integer { db_index = true } } } },
      { "blog.Post", { { "title", f.char { max_length = 20, unique = true } },
        { "author", f.foreign_key { "blog.Author", on_delete = on_delete.DB_CASCADE } } } },
    }
    alter(texts, "id")
    assert.is_truthy(sql_of "blog_post":find('"author_id" varchar(36) NOT NULL REFERENCES "blog_author"', 1, true))
    assert.same("text", value "SELECT typeof(author_id) FROM blog_post LIMIT 1")
    assert.same(3, value "SELECT count(*) FROM blog_post JOIN blog_author ON blog_author.id = author_id")
  end)
end)
