local core = require "rdb.core"
local connections = require "rdb.orm.connections"
local constraints = require "rdb.orm.constraints"
local f = require "rdb.fields"
local indexes = require "rdb.orm.indexes"
local on_delete = require "rdb.orm.on_delete"
local Q = require "rdb.orm.q"
local schema = require "spec.support.schema_models"
local temporary = require "spec.support.temporary"


local function one(fields, options) return schema.define { { "blog.Thing", fields, options } }["blog.Thing"] end


describe("the schema editor", function()
  local folder

  local function rows(sql) return (core.run(connections.target "default", sql, {})) end
  local function names(kind)
    local list = {}
    for _, row in ipairs(rows(("SELECT name FROM sqlite_master WHERE type = '%s' AND sql IS NOT NULL "
        .. "AND name <> 'sqlite_sequence' ORDER BY name"):format(kind))) do
      list[#list + 1] = row.name
    end
    return list
  end
  local function created(model)
    return schema.collect(function(editor) editor:create_model(model) end)
  end

  before_each(function()
    folder = temporary.folder()
    schema.connect(folder .. "/app.db")
  end)

  after_each(function()
    schema.disconnect()
    temporary.remove(folder)
  end)

  it("writes each field type as a column", function()
    local model = one {
      { "name", f.char { max_length = 10 } }, { "body", f.text { null = true } }, { "slug", f.slug { max_length = 7 } },
      { "count", f.integer {} }, { "small", f.small_integer {} }, { "big", f.big_integer {} },
      { "plus", f.positive_integer {} }, { "ratio", f.float {} }, { "flag", f.boolean { default = false } },
      { "price", f.decimal { max_digits = 8, decimal_places = 2 } }, { "day", f.date {} }, { "at", f.time {} },
      { "stamp", f.datetime {} }, { "span", f.duration {} }, { "key", f.uuid {} }, { "data", f.json { null = true } },
      { "blob", f.binary {} }, { "kind", f.enum { "a", "it's" } }, { "address", f.ip_address {} },
    }
    assert.same({ 'CREATE TABLE "blog_thing" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar(10) NOT '
      .. 'NULL, "body" text, "slug" varchar(7) NOT NULL, "count" integer NOT NULL, "small" smallint NOT NULL, "big" '
      .. 'bigint NOT NULL, "plus" integer unsigned NOT NULL CHECK ("plus" >= 0), "ratio" real NOT NULL, "flag" bool '
      .. 'NOT NULL, "price" decimal_text(8, 2) NOT NULL, "day" date NOT NULL, "at" time NOT NULL, "stamp" datetime NOT '
      .. 'NULL, "span" interval NOT NULL, "key" uuid_text NOT NULL, "data" json_text CHECK (json_valid("data") OR '
      .. '"data" IS NULL), "blob" blob NOT NULL, "kind" varchar(4) NOT NULL CHECK ("kind" IN (\'a\', \'it\'\'s\')), '
      .. '"address" inet_text NOT NULL)', 'CREATE INDEX "blog_thing_slug_' .. created(model)[2]:match "slug_(%x+)_idx"
      .. '_idx" ON "blog_thing" ("slug")' }, created(model))
    schema.change(function(editor) editor:create_model(model) end)
    assert.same({ "blog_thing" }, names "table")
  end)

  it("gives decimals, uuids and JSON text affinity and durations integer affinity", function()
    schema.change(function(editor)
      editor:create_model(one {
        { "price", f.decimal { max_digits = 30, decimal_places = 2 } }, { "span", f.duration {} },
        { "data", f.json {} }, { "key", f.uuid {} },
      })
    end)
    core.script(connections.target "default", "INSERT INTO blog_thing (price, span, data, key) "
      .. "VALUES ('12345678901234567890.10', '1000000', '1', '123')")
    local row = rows("SELECT price, typeof(price) AS p, typeof(span) AS s, typeof(data) AS d, typeof(key) AS k "
      .. "FROM blog_thing")
    assert.same({ p = "text", s = "integer", d = "text", k = "text", price = "12345678901234567890.10" }, row[1])
  end)

  it("writes keys, actions, defaults and collations", function()
    local models = schema.define {
      { "blog.A", { { "code", f.char { max_length = 3, primary_key = true, db_collation = "NOCASE" } },
        { "n", f.integer { db_default = 5 } }, { "t", f.char { max_length = 9, db_default = "it's" } } } },
      { "blog.B", {
        { "a", f.foreign_key { "blog.A", on_delete = on_delete.DB_SET_NULL, null = true, on_update = "cascade" } },
        { "b", f.one_to_one { "blog.A", on_delete = on_delete.CASCADE, related_name = "other" } },
        { "c", f.foreign_key {
          "blog.A", on_delete = on_delete.DO_NOTHING, related_name = "third", db_constraint = false, db_index = false,
        } },
      } },
    }
    assert.same({ [[CREATE TABLE "blog_a" ("code" varchar(3) COLLATE "NOCASE" NOT NULL PRIMARY KEY, "n" integer ]]
      .. [[DEFAULT 5 NOT NULL, "t" varchar(9) DEFAULT 'it''s' NOT NULL)]] }, created(models["blog.A"]))
    local sql = created(models["blog.B"])
    assert.same([[CREATE TABLE "blog_b" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "a_id" varchar(3) ]]
      .. [[REFERENCES "blog_a" ("code") ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED, ]]
      .. [["b_id" varchar(3) NOT NULL UNIQUE REFERENCES "blog_a" ("code") DEFERRABLE INITIALLY DEFERRED, ]]
      .. [["c_id" varchar(3) NOT NULL)]], sql[1])
    assert.same(2, #sql)
  end)

  it("writes composite keys, indexes and constraints", function()
    local model = one({
      { "a", f.integer {} }, { "b", f.integer {} }, { "c", f.char { max_length = 5 } },
      { "pk", f.composite_key { "a", "b" } },
    }, {
      indexes = {
        indexes.Index { "-c", "a", name = "by_c" }, indexes.Index { "c", where = Q { a__gt = 1 }, name = "part" },
      },
      constraints = {
        constraints.CheckConstraint { condition = Q { a__gte = 0 }, name = "sane" },
        constraints.UniqueConstraint { "c", condition = ~Q { c = "x" }, name = "once" },
      },
      unique_together = { { "a", "c" } },
    })
    local sql = created(model)
    assert.same('CREATE TABLE "blog_thing" ("a" integer NOT NULL, "b" integer NOT NULL, "c" varchar(5) NOT NULL, '
      .. 'PRIMARY KEY ("a", "b"), CONSTRAINT "sane" CHECK ("a" >= 0))', sql[1])
    assert.is_truthy(sql[2]:find('^CREATE UNIQUE INDEX "blog_thing_a_c_%x+_uniq" ON "blog_thing" %("a", "c"%)$'))
    assert.same('CREATE INDEX "by_c" ON "blog_thing" ("c" DESC, "a")', sql[3])
    assert.same('CREATE INDEX "part" ON "blog_thing" ("c") WHERE "a" > 1', sql[4])
    assert.same([[CREATE UNIQUE INDEX "once" ON "blog_thing" ("c") WHERE NOT ("c" = 'x')]], sql[5])
    schema.change(function(editor) editor:create_model(model) end)
    assert.same({ "blog_thing" }, names "table")
    assert.same(4, #names "index")
  end)

  it("adds and drops columns by ALTER TABLE where SQLite can", function()
    local model = one { { "name", f.char { max_length = 5 } }, { "note", f.char { max_length = 9, null = true } } }
    local sql = schema.collect(function(editor)
      editor:add_field(model, schema.field(model, "note"))
      editor:remove_field(model, schema.field(model, "note"))
    end)
    assert.same({
      'ALTER TABLE "blog_thing" ADD COLUMN "note" varchar(9)', 'ALTER TABLE "blog_thing" DROP COLUMN "note"',
    }, sql)
  end)

  it("executes what sqlmigrate shows", function()
    local before = one { { "name", f.char { max_length = 5 } } }
    local after = one { { "name", f.char { max_length = 9 } }, { "n", f.integer { default = 3 } } }
    schema.change(function(editor) editor:create_model(before) end)
    local function change(editor)
      editor:alter_field(before, schema.field(before, "name"), schema.field(after, "name"))
      editor:add_field(before, schema.field(after, "n"))
      editor:add_index(before, indexes.Index { "name", name = "by_name" })
    end
    local shown, executed = schema.collect(change), {}
    core.on_query(function(sql) executed[#executed + 1] = sql end)
    schema.change(change)
    core.on_query(nil)
    local writes = {}
    for _, sql in ipairs(executed) do
      if not sql:find "^%s*SELECT" and not sql:find "^EXPLAIN" and not sql:find "_check" and not sql:find "^BEGIN"
        and not sql:find "^COMMIT" and not sql:find "^PRAGMA foreign_keys" and sql ~= "PRAGMA legacy_alter_table" then
        writes[#writes + 1] = sql
      end
    end
    for i, sql in ipairs(shown) do
      if sql:find "^INSERT" then shown[i] = sql:gsub(" 3 FROM", " ? FROM") end
    end
    assert.same(shown, writes)
  end)

  it("renames tables, columns and cases of names, and references follow", function()
    local models = schema.define {
      { "blog.A", { { "name", f.char { max_length = 5 } } } },
      { "blog.B", { { "a", f.foreign_key { "blog.A", on_delete = on_delete.CASCADE } } } },
    }
    local renamed = one { { "Name", f.char { max_length = 5 } } }
    schema.change(function(editor)
      editor:create_model(models["blog.A"])
      editor:create_model(models["blog.B"])
      editor:rename_table(models["blog.A"], "blog_a", "blog_C")
      editor:rename_table(models["blog.A"], "blog_C", "blog_c")
    end)
    schema.change(function(editor)
      local own = schema.define { { "blog.C", { { "name", f.char { max_length = 5 } } } } }["blog.C"]
      editor:alter_field(own, schema.field(own, "name"), schema.field(renamed, "Name"))
    end)
    assert.same({ "blog_b", "blog_c" }, names "table")
    local function sql_of(name) return rows(("SELECT sql FROM sqlite_master WHERE name = '%s'"):format(name))[1].sql end
    assert.is_truthy(sql_of "blog_b":find('REFERENCES "blog_c"', 1, true))
    assert.is_truthy(sql_of "blog_c":find('"Name"', 1, true))
  end)

  it("adds and removes checks, unique_together and indexes of fields", function()
    local plain = one { { "a", f.integer {} }, { "b", f.integer {} } }
    local indexed = one { { "a", f.integer { db_index = true } }, { "b", f.integer {} } }
    local check = constraints.CheckConstraint { condition = Q { a__gte = 0 }, name = "sane" }
    schema.change(function(editor) editor:create_model(plain) end)
    local before = temporary.schema(folder .. "/app.db")
    schema.change(function(editor)
      editor:add_constraint(plain, check)
      editor:alter_unique_together(plain, {}, { { "a", "b" } })
      editor:alter_field(plain, schema.field(plain, "a"), schema.field(indexed, "a"))
    end)
    assert.same(2, #names "index")
    local ok, err = pcall(core.script, connections.target "default", "INSERT INTO blog_thing (a, b) VALUES (-1, 1)")
    assert.is_false(ok)
    assert.same("check_violation", err.code)
    schema.change(function(editor)
      editor:alter_field(indexed, schema.field(indexed, "a"), schema.field(plain, "a"))
      editor:alter_unique_together(plain, { { "a", "b" } }, {})
      editor:remove_constraint(plain, check)
    end)
    assert.same(before, temporary.schema(folder .. "/app.db"))
  end)

  it("names what it cannot do", function()
    local model = one { { "a", f.integer {} } }
    local function fails(fn, code, text)
      local ok, err = pcall(schema.change, fn)
      assert.is_false(ok)
      assert.same(code, err.code)
      assert.is_truthy(err.message:find(text, 1, true), err.message)
    end
    fails(function(editor)
      editor:add_constraint(model, constraints.UniqueConstraint { "a", name = "u", deferrable = "deferred" })
    end, "unsupported", "blog.Thing: constraint u is deferrable")
    fails(function(editor) editor:add_index(model, indexes.Index { "nosuch", name = "i" }) end, "misuse",
      'blog.Thing: index i names the field "nosuch"')
    fails(function(editor)
      local wider = one { { "a", f.big_integer {} } }
      editor:alter_field(model, schema.field(model, "a"), schema.field(wider, "a"))
    end, "undefined_table", "there is no table blog_thing for blog.Thing")
  end)
end)
