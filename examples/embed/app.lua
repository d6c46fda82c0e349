--- The Lua side of the example: two models and the functions that main.c calls. Every state loads this file; the
--- database "default" is the pool that the C program registered.
local rdb = require "rdb"
local f = rdb.fields

local Product = rdb.model "shop.Product" {
  name = f.char { max_length = 50, unique = true },
  price = f.decimal { max_digits = 8, decimal_places = 2 },
  stock = f.positive_integer(),
}

local Order = rdb.model "shop.Order" {
  product = f.foreign_key { "shop.Product", on_delete = rdb.PROTECT, related_name = "orders" },
  worker = f.integer(),
  quantity = f.positive_integer(),
  price = f.decimal { max_digits = 10, decimal_places = 2 },
}

local N_PRODUCTS, STOCK = 10, 10000

local app = {}

--- Makes the tables and the products. A project has migrations for this: manage.lua migrate.
function app.prepare()
  local editor = require("rdb.migrations.schema.editor").new "default"
  rdb.atomic(function()
    editor:create_model(Product)
    editor:create_model(Order)
    editor:run_deferred()
  end)
  local products = {}
  for i = 1, N_PRODUCTS do
    products[i] = Product { name = "product " .. i, price = rdb.decimal(i) + rdb.decimal "0.99", stock = STOCK }
  end
  Product.objects:bulk_create(products)
end

--- Serves n orders: takes pieces from the stock and writes the order, or neither.
-- @treturn integer orders written
-- @treturn integer pieces ordered
function app.serve(worker, n)
  local orders, pieces = 0, 0
  for i = 1, n do
    local quantity = i % 3 + 1
    local product = Product.objects:get { name = "product " .. ((worker + i) % N_PRODUCTS + 1) }
    rdb.atomic(function()
      local matched = Product.objects:filter { id = product.id, stock__gte = quantity }
        :update { stock = rdb.F "stock" - quantity }
      if matched == 1 then
        Order.objects:create {
          product = product, worker = worker, quantity = quantity, price = product.price * quantity,
        }
        orders, pieces = orders + 1, pieces + quantity
      end
    end)
  end
  local last = Order.objects:filter { worker = worker }:select_related("product"):order_by("-id"):first()
  assert(last.product.price * last.quantity == last.price)
  return orders, pieces
end

--- What the database has in the end: orders, pieces, pieces left, revenue as text.
function app.totals()
  local sums = Order.objects:aggregate { n = rdb.Count "id", pieces = rdb.Sum "quantity", revenue = rdb.Sum "price" }
  local left = Product.objects:aggregate { pieces = rdb.Sum "stock" }
  assert(sums.pieces + left.pieces == N_PRODUCTS * STOCK)
  return sums.n, sums.pieces, left.pieces, tostring(sums.revenue)
end

return app
