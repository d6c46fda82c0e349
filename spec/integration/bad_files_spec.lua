--- Database files that cannot be used: locked, damaged, no database, read-only, missing. Each is an error that names
--- the file, on the command line and in a program, and the file is as it was.
local rdb = require "rdb"
local connections = require "rdb.orm.connections"
local refusals = require "spec.support.refusals"
local temporary = require "spec.support.temporary"

local expect, SECRET, quote = refusals.expect, refusals.SECRET, temporary.quote

local MODELS = 'local rdb = require "rdb"\nrdb.model "shop.Maker" { name = rdb.fields.char { max_length = 20 } }\n'

-- Holds the write lock of a database until its standard input ends.
local HOLDER = [[
local core = require "rdb.core"
local pool = core.pool_open("holder", "sqlite:///" .. arg[1])
local txn <close> = core.begin(pool, {})
core.run(txn, "INSERT INTO shop_maker (name) VALUES ('held')", {})
assert(io.open(arg[2], "w")):close()
io.read "a"
txn:rollback()
]]


describe("a database file that cannot be used", function()
  local root, folder, path

  -- Run the project's manage.lua; exit code, standard output, standard error.
  local function manage(arguments, as)
    local _, status = temporary.shell(("cd %s && %s %s manage.lua %s < /dev/null > ../out 2> ../err"):format(
      quote(folder), as or "", quote(as and root .. "/rdb-lua" or temporary.interpreter()), arguments))
    return status, temporary.read(root .. "/out"), temporary.read(root .. "/err")
  end

  local function refused(code, text, arguments, as)
    local status, output, message = manage(arguments, as)
    assert.equal("Error: " .. text .. "\n", message)
    assert.equal(code, status)
    assert.equal("", output)
    refusals.discreet(message)
  end

  -- The same error from commands that read, commands that write, and from a program.
  local function refused_by_all(code, message, hint)
    for _, command in ipairs { "migrate", "showmigrations", "migrate --check", "inspectdb" } do
      refused(1, message .. "\n  " .. hint, command)
    end
    expect(code, message, function() return rdb.query "SELECT name FROM shop_maker" end, hint)
    expect(code, message, function() return rdb.table("shop_maker"):insert { name = SECRET } end, hint)
    expect(code, message, function() return rdb.atomic(function() return rdb.query "SELECT 1" end) end, hint)
  end

  local function connect(options)
    connections.close_all()
    connections.configure { default = { url = "sqlite:///" .. path .. (options or "") } }
  end

  before_each(function()
    root = temporary.folder()
    folder = root .. "/site"
    path = folder .. "/app.db"
    temporary.shell(("cd %s && %s init site"):format(root, temporary.interpreter()))
    temporary.write(folder .. "/settings.lua",
      ('return { databases = { default = "sqlite:///%s" }, apps = { "shop" } }\n'):format(path))
    temporary.write(folder .. "/shop/models.lua", MODELS)
    assert.equal(0, (manage "makemigrations"))
    connect()
  end)

  after_each(function()
    connections.close_all()
    connections.configure {}
    temporary.shell("chmod -R u+rwx " .. quote(root))
    temporary.remove(root)
  end)

  it("is locked by another process", function()
    assert.equal(0, (manage "migrate"))
    local ready = root .. "/ready"
    temporary.write(root .. "/holder.lua", HOLDER)
    local holder = assert(io.popen(("%s %s %s %s"):format(quote(temporary.interpreter()), root .. "/holder.lua",
      quote(path), ready), "w"))
    for _ = 1, 500 do
      if temporary.read(ready) then break end
      os.execute "sleep 0.01"
    end
    connect "?busy_timeout=0.05"
    local hint = ("another connection held the lock of '%s' for longer than busy_timeout (0.05 s)"):format(path)
    expect("lock_timeout", "database is locked",
      function() return rdb.table("shop_maker"):insert { name = SECRET } end, hint)
    expect("lock_timeout", "database is locked", function() return rdb.atomic(function() end) end, hint)
    assert.equal(0, rdb.table("shop_maker"):count()) -- readers are not stopped by a writer
    temporary.write(folder .. "/shop/migrations/0002_more.lua", [[
      local m, f = require "rdb.migrations", require "rdb.fields"
      return m.Migration { dependencies = { { "shop", "0001_initial" } }, operations = {
        m.AddField { model = "Maker", name = "age", field = f.integer { default = 1 } } } }]])
    local before = temporary.schema(path)
    local status, output, message = manage "migrate --lock-timeout 0.1"
    assert.equal(4, status, message)
    assert.truthy(message:find("^Error: [^\n]*lock"), message)
    assert.is_nil(message:find("traceback", 1, true))
    assert.truthy(output:find("^Applying shop.0002_more … FAILED\n"), output)
    assert.same(before, temporary.schema(path))
    holder:close()
    assert.equal(0, (manage "migrate")) -- and afterwards everything goes on
    assert.equal(0, #rdb.query "SELECT * FROM shop_maker")
    rdb.table("shop_maker"):insert { name = "Acme", age = 2 }
  end)

  it("is no database", function()
    local garbage = ("no database, but a letter\n"):rep(400)
    temporary.write(path, garbage)
    refused_by_all("connection_failed",
      ("cannot open '%s': the file is not a SQLite database, or it is encrypted"):format(path),
      "check the path in the URL")
    assert.equal(garbage, temporary.read(path))
  end)

  it("is cut off", function()
    assert.equal(0, (manage "migrate"))
    local whole = temporary.read(path)
    temporary.write(path, whole:sub(1, 10000))
    refused_by_all("connection_failed",
      ("cannot open '%s': the file is damaged (database disk image is malformed)"):format(path),
      "restore it from a backup, or try the sqlite3 shell's .recover")
    assert.equal(whole:sub(1, 10000), temporary.read(path))
  end)

  it("is damaged inside", function()
    assert.equal(0, (manage "migrate"))
    rdb.atomic(function()
      for i = 1, 2000 do rdb.table("shop_maker"):insert { name = "maker " .. i } end
    end)
    connections.close_all()
    local whole = temporary.read(path)
    temporary.write(path, whole:sub(1, 4096) .. ("\xAB"):rep(#whole - 4096))
    local hint = ("the file '%s' is damaged: restore it from a backup, or see PRAGMA integrity_check"):format(path)
    refused(1, "database disk image is malformed\n  " .. hint, "migrate")
    local err = expect("connection_lost", "database disk image is malformed",
      function() return rdb.table("shop_maker"):insert { name = SECRET } end, hint)
    assert.equal(11, err.native)
  end)

  it("is in a folder that does not exist, or is a folder", function()
    path = folder .. "/data/app.db"
    connect()
    temporary.write(folder .. "/settings.lua",
      ('return { databases = { default = "sqlite:///%s" }, apps = { "shop" } }\n'):format(path))
    refused_by_all("connection_failed", ("cannot open '%s': the folder '%s/data' does not exist"):format(path, folder),
      "create the folder; a relative path starts at the current folder")
    assert.is_nil(require "rdb.core".file_kind(folder .. "/data"))
    path = folder .. "/shop"
    connect()
    expect("connection_failed", ("cannot open '%s': it is a folder, not a file"):format(path),
      function() return rdb.query "SELECT 1" end)
  end)

  it("is opened to read only", function()
    assert.equal(0, (manage "migrate"))
    connect "?mode=ro"
    assert.equal(0, rdb.table("shop_maker"):count())
    local hint = ("the database '%s' may only be read"):format(path)
    expect("read_only", "attempt to write a readonly database",
      function() return rdb.table("shop_maker"):insert { name = SECRET } end, hint)
    os.remove(path)
    connect "?mode=ro"
    expect("connection_failed", ("cannot open '%s': there is no such file"):format(path),
      function() return rdb.query "SELECT 1" end, "mode=rwc, the default, creates it")
    assert.is_nil(temporary.read(path))
  end)

  it("is in a folder without permission to write", function()
    -- Permissions do not stop root, so the child runs as nobody, with a copy of the interpreter that nobody can reach.
    local is_root = temporary.shell "id -u" == "0\n"
    local as = is_root and "runuser -u nobody --" or "env"
    temporary.shell(("cp %s %s/rdb-lua && chmod 755 %s %s/rdb-lua"):format(quote(temporary.interpreter()), root, root,
      root))
    if select(2, temporary.shell(("cd %s && %s ./rdb-lua -e 'return 1'"):format(root, as))) ~= 0 then
      pending "nobody cannot run a program here"
      return
    end
    temporary.shell("chmod 555 " .. quote(folder))
    refused(1, ("cannot open '%s': no permission to write in the folder '%s'\n"):format(path, folder)
      .. "  SQLite keeps its journal beside the file; a file that never changes opens with ?immutable=1", "migrate", as)
    assert.is_nil(temporary.read(path))
    temporary.shell("chmod 755 " .. quote(folder))
    assert.equal(0, (manage "migrate"))
    temporary.shell(("chmod 444 %s; chmod 555 %s"):format(quote(path), quote(folder)))
    refused(1, ("cannot open '%s' for writing: no permission to write the file\n"):format(path)
      .. "  to read it only, add ?mode=ro to the URL", "migrate shop zero", as)
    -- commands that write files say which one
    temporary.write(root .. "/models.lua", MODELS .. 'rdb.model "shop.Shop" {}\n')
    temporary.shell(("chmod -R u+w %s; cp %s/models.lua %s/shop/models.lua; chmod -R a-w %s"):format(folder, root,
      folder, folder))
    refused(1, "cannot write shop/migrations/0002_shop.lua: shop/migrations/0002_shop.lua.new: Permission denied",
      "makemigrations", as)
    refused(1, "cannot make the folder blog: Permission denied", "startapp blog", as)
    assert.equal("0001_initial.lua\n", (temporary.shell("ls " .. folder .. "/shop/migrations")))
  end)
end)
