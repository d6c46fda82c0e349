local rdb = require "rdb"
local backends = require "spec.support.backends"

local function caught(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err
end

backends.each(function(backend)
  describe(backend.name .. " rdb.table", function()
    local users, orders

    before_each(function()
      backend.setup {}
      rdb.query "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, age INTEGER)"
      rdb.query "CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER, total REAL)"
      users, orders = rdb.table "users", rdb.table "orders"
      assert.equal(1, users:insert { name = "Ann", age = 30 })
      assert.equal(2, users:insert_many { { name = "Bob", age = 40 }, { name = "Cy" } })
      orders:insert_many { { user_id = 1, total = 2.5 }, { user_id = 1, total = 7 }, { user_id = 9, total = 1 } }
    end)
    after_each(function() backend.teardown() end)

    local function names(query)
      local list = {}
      for row in query do
        list[#list + 1] = row.name
      end
      return list
    end

    it("reads rows as plain tables", function()
      assert.same({ { id = 1, name = "Ann", age = 30 }, { id = 2, name = "Bob", age = 40 },
        { id = 3, name = "Cy" } },
        { table.unpack(users:order_by "id":list()) })
      assert.same({ "Bob", "Ann" }, names(users:filter { age__gte = 30 }:order_by "-age"))
      assert.same({ "Cy" }, names(users:filter { age = rdb.null }))
      assert.same({ "Cy" }, names(users:filter { age__isnull = true }))
      assert.same({ "Ann", "Bob" }, names(users:filter("name__in", { "Ann", "Bob" }):order_by "name"))
      assert.same({ "Ann" }, names(users:filter { name__icontains = "N" }))
      assert.same({ "Bob" }, names(users:exclude { name = "Ann" }:filter { age__range = { 1, 99 } }))
      assert.same({ "Ann", "Cy" }, names(users:filter(rdb.Q { age = 30 } | ~rdb.Q { name__lt = "C" })
        :order_by "id"))
      assert.same({ "Bob" }, names(users:order_by "id"[{ 2, 2 }]))
      assert.same({ "Cy" }, names(users:order_by "id":limit(5):offset(2)))
      assert.equal("Ann", users:order_by "id":first().name)
      assert.is_nil(users:filter { id = 0 }:first())
      assert.equal(3, #users:values "name")
      assert.same({ { n = "Ann" } }, { users:filter { id = 1 }:values { n = "name" }[1] })
    end)

    it("counts", function()
      assert.equal(3, users:count())
      assert.equal(2, users:limit(2):count())
      assert.is_true(users:filter { id = 1 }:exists())
      assert.is_false(users:filter { id = 0 }:exists())
      assert.equal(10.5, orders:sum "total")
      assert.equal(7.0, orders:max "total")
      assert.is_nil(orders:filter { id = 0 }:min "total")
      assert.equal(2, orders:values "user_id":distinct():count())
    end)

    it("joins", function()
      local function pairs_of(query)
        local list = {}
        for i, row in ipairs(query:values("users.name", "orders.total"):order_by("orders.id", "users.id")) do
          list[i] = (row.name or "-") .. ":" .. (row.total or "-")
        end
        return list
      end
      assert.same({ "Ann:2.5", "Ann:7.0" }, pairs_of(users:join("orders", "users.id", "orders.user_id")))
      assert.same({ "Bob:-", "Cy:-", "Ann:2.5", "Ann:7.0" },
        pairs_of(users:left_join("orders", "users.id", "orders.user_id")))
      assert.same({ "Ann:2.5", "Ann:7.0", "-:1.0" },
        pairs_of(users:right_join("orders", "users.id", "orders.user_id")))
      assert.equal(1, users:join("orders", "users.id", "orders.user_id"):filter { ["orders.total__gt"] = 5 }
        :count())
    end)

    it("updates and deletes", function()
      assert.equal(2, users:filter { age__gt = 1 }:update { age = rdb.F "age" + 1 })
      assert.equal(31, users:filter { id = 1 }:first().age)
      assert.equal(1, users:filter { id = 1 }:update { age = rdb.null, name = "A" })
      assert.same({ id = 1, name = "A" }, users:filter { id = 1 }:first())
      assert.equal(1, users:filter { name = "Cy" }:delete())
      assert.equal(2, users:count())
    end)

    it("inserts all or none", function()
      assert.equal("unique_violation", caught(users.insert_many, users,
        { { id = 8, name = "x" }, { id = 1, name = "y" } }).code)
      assert.equal(3, users:count())
    end)

    it("lets nothing but identifiers and values in", function()
      for _, name in ipairs { "users; DROP TABLE users", 'us"ers', "", "a.b", "a b", 5 } do
        assert.equal("misuse", caught(rdb.table, name).code)
      end
      for _, name in ipairs { "na me", 'a"', "a.b.c", "1 = 1 --", "name) OR (1" } do
        assert.equal("misuse", caught(function() return users:filter { [name] = 1 }:list() end).code)
        assert.equal("misuse", caught(function() return users:order_by(name):list() end).code)
        assert.equal("misuse", caught(function() return users:values(name):list() end).code)
        assert.equal("misuse", caught(function() return users:insert { [name] = 1 } end).code)
        assert.equal("misuse", caught(function() return users:filter { id = 1 }:update { [name] = 1 } end).code)
      end
      assert.equal("misuse", caught(function() return users:filter {} end).code)
      assert.equal("misuse", caught(function() return users:filter("id", nil) end).code)
      assert.equal("invalid_value", caught(function() return users:filter { name = { ne = "" } }:list() end).code)
      assert.equal("invalid_value", caught(function() return users:insert { name = {} } end).code)
      assert.equal("misuse", caught(function() return users:insert {} end).code)
      assert.equal("misuse", caught(function() return users:filter { name__like = "x" }:list() end).code)
      assert.equal(3, users:count())
    end)

    it("runs SQL of the program's own", function()
      local rows = rdb.query("SELECT name FROM users WHERE age > :age AND name <> ':age' ORDER BY id",
        { age = 35 })
      assert.same({ { name = "Bob" } }, { table.unpack(rows) })
      assert.same({ "name" }, rows.columns)
      local _, changed = rdb.query("UPDATE users SET age = ? WHERE id < ?", { 1, 3 })
      assert.equal(2, changed)
      assert.equal("undefined_table", caught(rdb.query, "SELECT * FROM nowhere").code)
      assert.equal("misuse", caught(rdb.query, "SELECT ?", { 1, 2 }).code)
      assert.equal("misuse", caught(rdb.query, 5).code)
    end)
  end)
end)
