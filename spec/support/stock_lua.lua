--- Run by a stock lua5.4 (bin/test, stage "module"): rdb loads as a module and answers a query.
local rdb = require "rdb"
rdb.configure { databases = { default = "sqlite://:memory:" } }
rdb.query("CREATE TABLE person (name text)")
assert(rdb.table("person"):insert { name = "Ann" })
assert(rdb.table("person"):count() == 1)
print("stock " .. _VERSION .. " loads rdb")
