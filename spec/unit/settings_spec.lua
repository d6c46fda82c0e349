local connections = require "rdb.orm.connections"
local registry = require "rdb.orm.registry"
local settings = require "rdb.orm.settings"

local function caught(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err
end

local function refused(expected, given)
  local err = caught(settings.configure, given)
  assert.equal("config", err.code)
  assert.is_truthy(err.message:find(expected, 1, true), err.message)
end

describe("rdb.configure", function()
  after_each(function()
    connections.close_all()
    settings.configure {}
  end)

  it("takes URLs and tables", function()
    settings.configure {
      databases = {
        default = "sqlite://:memory:",
        stats = { url = "sqlite:///stats.db", options = { busy_timeout = 3 }, pool = { max = 2 } },
      },
      apps = { "blog", "shop.orders" }, base = "/x",
    }
    local current = settings.get()
    assert.equal("sqlite:///stats.db?busy_timeout=3", current.databases.stats.url)
    assert.same({ name = "blog", label = "blog", path = "/x/blog" }, current.apps[1])
    assert.same({ name = "shop.orders", label = "orders", path = "/x/shop/orders" }, current.apps[2])
    assert.same({ "default", "stats" }, connections.aliases())
    assert.equal("sqlite", connections.pool "default":backend())
    assert.equal(2, connections.pool "stats":stats().max)
  end)

  it("refuses what it does not know", function()
    refused("rdb.configure takes a table or the path of a file that returns one, got an integer", 3)
    refused("rdb.configure has no key 'database'; did you mean 'databases'?", { database = {} })
    refused("databases.default: ", { databases = { default = "app.db" } })
    refused("databases.default must be a URL or a table with url, got an integer",
      { databases = { default = 3 } })
    refused("databases.default has no key 'ulr'; did you mean 'url'?", { databases = { default = { ulr = "x" } } })
    refused("databases.default.pool must be a table of options", {
      databases = { default = { url = "sqlite:///x.db", pool = 3 } },
    })
    refused("an alias in databases is a plain name, got 'a b'", { databases = { ["a b"] = "sqlite:///x.db" } })
    refused("apps: item 1 must be a name such as \"blog\", got 'a/b'", { apps = { "a/b" } })
    refused("apps: 'blog' stands there twice", { apps = { "blog", "old.blog" } })
  end)

  it("never prints a password", function()
    local err = caught(settings.configure, { databases = { default = "postgres://u:secret@h/x?a" } })
    assert.is_nil(tostring(err):find("secret", 1, true))
  end)
end)

describe("connections", function()
  after_each(function()
    connections.close_all()
    settings.configure {}
  end)

  it("name an alias that is not configured", function()
    assert.equal("there is no database 'default': call rdb.configure { databases = { default = "
      .. "\"sqlite:///app.db\" } } or set DATABASE_URL", caught(connections.pool, "default").message)
    settings.configure { databases = { default = "sqlite://:memory:" } }
    assert.equal("there is no database 'defualt' in the settings; did you mean 'default'?",
      caught(connections.pool, "defualt").message)
    assert.equal("misuse", caught(connections.pool, 3).code)
  end)

  it("use a pool that is registered already", function()
    local core = require "rdb.core"
    local pool = core.pool_open("host", "sqlite://:memory:")
    assert.equal(pool:url(), connections.pool "host":url())
    connections.close "host"
    assert.is_nil(core.pool_get "host")
  end)

  it("say which database a failure belongs to", function()
    settings.configure { databases = { broken = "sqlite:///x.db?nonsense=1" } }
    local err = caught(connections.pool, "broken")
    assert.equal("config", err.code)
    assert.is_truthy(err.message:find("^database 'broken': "))
  end)
end)

describe("rdb.setup", function()
  local folder
  before_each(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(os.execute("mkdir -p '" .. folder .. "/specapp'"))
  end)
  after_each(function()
    os.execute("rm -rf '" .. folder .. "'")
    package.loaded["specapp.models"] = nil
    local model = registry.default:get "specapp.Thing"
    if model then
      registry.default:remove(model)
    end
    settings.configure {}
  end)

  local function write(text)
    local file = assert(io.open(folder .. "/specapp/models.lua", "w"))
    file:write(text)
    file:close()
  end

  it("loads the models of the apps once", function()
    write [[local rdb = require "rdb"
      rdb.model "specapp.Thing" { name = rdb.fields.text {} }]]
    settings.configure { apps = { "specapp" }, base = folder }
    settings.setup()
    settings.setup()
    local model = registry.default:get "specapp.Thing"
    assert.equal(folder .. "/specapp/models.lua:2", model._meta.source)
  end)

  it("names an app without models and a relation to nothing", function()
    settings.configure { apps = { "specapp" }, base = folder }
    assert.equal(("the app 'specapp' has no %s/specapp/models.lua"):format(folder), caught(settings.setup).message)
    write [[local rdb = require "rdb"
      rdb.model "specapp.Thing" { other = rdb.fields.foreign_key { "Nothing", on_delete = rdb.CASCADE } }]]
    local err = caught(settings.setup)
    assert.equal("config", err.code)
    assert.is_truthy(err.message:find("specapp.Thing.other (", 1, true))
    assert.is_truthy(err.message:find("points to specapp.Nothing, which is not defined", 1, true))
  end)
end)
