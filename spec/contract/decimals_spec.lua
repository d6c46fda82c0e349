--- Decimals in expressions stay exact, and a column keeps its places.
--- A decimal that is calculated in the database loses nothing: SQLite alone would turn it into a double.
local backends = require "spec.support.backends"
local rdb = require "rdb"
local f = rdb.fields

local F = rdb.F

backends.each(function(backend)
  describe(backend.name .. " decimals", function()
    local Account

    setup(function()
      Account = rdb.model "spec.Account" {
        balance = f.decimal { max_digits = 30, decimal_places = 2, null = true },
        rate = f.float { default = 0.1 }, count = f.integer { default = 3 },
      }
    end)
    teardown(function() rdb.models:remove(Account) end)
    before_each(function() backend.setup { Account } end)
    after_each(function() backend.teardown() end)

    local function after(start, expression)
      local account = Account.objects:create { balance = start }
      Account.objects:filter { id = account.id }:update { balance = expression }
      account:refresh()
      return account.balance and tostring(account.balance)
    end

    it("are calculated exactly by update", function()
      assert.equal("12345678901234567890.13", after("12345678901234567890.12", F "balance" + rdb.decimal "0.01"))
      assert.equal("12345678901234567890.11", after("12345678901234567890.12", F "balance" - rdb.decimal "0.01"))
      assert.equal("37037036703703703670.36", after("12345678901234567890.12", F "balance" * F "count"))
      assert.equal("0.30", after("0.20", F "balance" + F "rate"))
      assert.equal("2.00", after("10.50", F "balance" // 4))
      assert.equal("0.50", after("10.50", F "balance" % 2))
      assert.equal("9.50", after("10.50", -F "balance" + 20))
    end)

    it("are rounded to the places of the column, half away from zero", function()
      assert.equal("3.33", after("10.00", F "balance" / 3))
      assert.equal("0.03", after("0.05", F "balance" / 2))
      assert.equal("3.00", after("1.00", F "count"))
      assert.is_nil(after("1.00", F "balance" / 0))
    end)

    it("are calculated exactly by save", function()
      local account = Account.objects:create { balance = "12345678901234567890.12" }
      account.balance = F "balance" * 2
      account:save()
      assert.equal("24691357802469135780.24", tostring(account.balance))
    end)

    it("compare, sum and order by what was calculated", function()
      for _, balance in ipairs { "9", "10", "100" } do
        Account.objects:create { balance = balance }
      end
      local doubled, found = Account.objects:annotate { v = F "balance" * 2 }, {}
      for account in doubled:filter { v__gt = "18.5" }:order_by "-v" do
        found[#found + 1] = account.v:tonumber()
      end
      assert.same({ 200, 20 }, found)
      assert.equal(rdb.decimal "119.3", Account.objects:aggregate { s = rdb.Sum(F "balance" + F "rate") }.s)
      assert.equal("100.00", tostring(Account.objects:annotate {
        v = rdb.fn.greatest("balance", rdb.Value(rdb.decimal "30")),
      }:order_by("-v"):first().v))
      assert.equal("91.00", tostring(Account.objects:annotate { v = rdb.fn.abs(F "balance" - 100) }
        :order_by("-v"):first().v))
    end)
  end)
end)
