--- A project with mistakes in its settings, models, migrations and command lines: exit code, what stands on standard
--- error, nothing on standard output, no traceback, no password, and a database that is as it was.
local refusals = require "spec.support.refusals"
local temporary = require "spec.support.temporary"

local SECRET = refusals.SECRET

local SETTINGS = 'return { databases = { default = "sqlite:///app.db" }, apps = { "shop" } }\n'
local HEAD = 'local rdb = require "rdb"\nlocal f = rdb.fields\n'
local MODELS = HEAD .. 'rdb.model "shop.Maker" { name = f.char { max_length = 20 } }\n'
local MIGRATION = 'local m, f, rdb = require "rdb.migrations", require "rdb.fields", require "rdb"\n'
local AFTER_INITIAL = 'return m.Migration { dependencies = { { "shop", "0001_initial" } }, operations = {\n%s\n} }\n'


describe("a project with a mistake", function()
  local root, folder, schema

  -- Run the project's manage.lua.
  -- @treturn integer exit code
  -- @treturn string standard output
  -- @treturn string standard error
  local function manage(arguments, environment)
    local _, status = temporary.shell(("cd %s && %s %s manage.lua %s < /dev/null > ../out 2> ../err"):format(
      temporary.quote(folder), environment or "", temporary.quote(temporary.interpreter()), arguments))
    return status, temporary.read(root .. "/out"), temporary.read(root .. "/err")
  end

  -- Run, expecting an exit code and the whole text on standard error, or a part of it when `part` is set.
  local function refused(code, text, arguments, environment)
    local status, output, message = manage(arguments, environment)
    assert.equal(text .. "\n", message)
    assert.equal(code, status)
    assert.equal("", output)
    refusals.discreet(message)
  end

  local function write(path, text) temporary.write(folder .. "/" .. path, text) end

  local function with_migration(text, error_text)
    write("shop/migrations/0002_more.lua", MIGRATION .. text)
    refused(1, error_text, "migrate")
    refused(1, error_text, "showmigrations")
  end

  before_each(function()
    root = temporary.folder()
    folder = root
    assert.equal(0, select(2, temporary.shell(("cd %s && %s init site"):format(root, temporary.interpreter()))))
    folder = root .. "/site"
    write("settings.lua", SETTINGS)
    write("shop/models.lua", MODELS)
    assert.equal(0, (manage "makemigrations"))
    assert.equal(0, (manage "migrate"))
    schema = temporary.schema(folder .. "/app.db")
    assert.equal(1, #schema)
  end)

  -- Nothing half done, whatever it was.
  after_each(function()
    assert.same(schema, temporary.schema(folder .. "/app.db"))
    local ledger = temporary.query(folder .. "/app.db", "SELECT name, state FROM rdb_migrations")
    ledger.columns = nil
    assert.same({ { name = "0001_initial", state = "applied" } }, ledger)
    temporary.remove(root)
  end)

  it("in settings.lua names the file and the line or key", function()
    local function settings(text, message, arguments)
      write("settings.lua", text)
      refused(1, "rdb-lua: config: " .. message, arguments or "migrate")
    end
    settings("return {\n  apps = { 'shop' }\n", "settings.lua:3: '}' expected (to close '{' at line 1) near <eof>")
    settings("\nerror 'boom'", "settings.lua:2: boom")
    settings("return nil", "settings.lua must return a table for rdb.configure, it returns nil")
    settings("return { aps = { 'shop' } }", "settings.lua: rdb.configure has no key 'aps'; did you mean 'apps'?")
    settings("return { apps = 'shop' }", "settings.lua: apps must be a list of names, got a string")
    settings("return { databases = { default = '' } }",
      'settings.lua: databases.default must be a URL such as "sqlite:///app.db", got an empty string')
    settings("return { databases = { default = 'me:" .. SECRET .. "@localhost/x' } }",
      "settings.lua: databases.default: database URL: it does not begin with scheme://\n"
      .. "  for example sqlite:///app.db or postgres://user:password@host/name")
    settings("return { databases = { default = { url = 'sqlite:///a.db', poool = {} } } }",
      "settings.lua: databases.default has no key 'poool'; did you mean 'pool'?", "help")
    os.remove(folder .. "/settings.lua")
    refused(1, "rdb-lua: config: cannot open settings.lua: No such file or directory", "migrate")
    write("settings.lua", SETTINGS)
    refused(1, "rdb-lua: config: DATABASE_URL: databases.default: database URL: the port is not a number from 1 to "
      .. "65535\n  in a user name or password write %2F for '/', %40 for '@' and %3A for ':'", "migrate",
      "DATABASE_URL=postgres://me:" .. SECRET .. "@host:99999/x")
  end)

  it("in the database's URL names the alias and the option", function()
    local function url(text, message) refused(1, "Error: database 'default': " .. message, "migrate",
      "DATABASE_URL=" .. temporary.quote(text)) end
    url("oracle://me:" .. SECRET .. "@localhost/x", "database URL: unknown scheme 'oracle'\n"
      .. "  known are sqlite, postgres, postgresql, mariadb, mysql and fake")
    url("postgres://me:" .. SECRET .. "@localhost/x?password=" .. SECRET, "this build of rdb has no PostgreSQL "
      .. "support: this version has no such backend yet\n"
      .. "  postgres:// URLs need a build of rdb that has the PostgreSQL backend")
    url("sqlite:///app.db?password=" .. SECRET, "SQLite URL: unknown option 'password'\n  known are busy_timeout, "
      .. "journal_mode, synchronous, foreign_keys, cache_size, mode, immutable, txlock, mmap_size, and the pool_* "
      .. "options")
    url("sqlite:///app.db?synchronous=never", "SQLite URL: option synchronous: 'never' is not known\n"
      .. "  it is one of off, normal, full, extra")
    url("sqlite:///app.db?busy_timeout=soon", "database URL: option busy_timeout: 'soon' is not a number of seconds, "
      .. "for example 2.5")
    url("sqlite:///app.db?pool_max=0", "database URL: option pool_max: '0' is not between 1 and 100000")
  end)

  it("in apps names the app", function()
    write("settings.lua", (SETTINGS:gsub("shop", "shp")))
    for _, command in ipairs { "migrate", "showmigrations", "migrate --check" } do
      refused(1, 'Error: apps in the settings names "shp", but there is no folder shp\n'
        .. "  startapp makes the folder of a new app; or take the name out of apps", command)
    end
    refused(1, "Error: the app 'shp' has no shp/models.lua", "shell -c 'print(1)'")
  end)

  it("in models.lua names file, line and field", function()
    local function models(text, message)
      write("shop/models.lua", HEAD .. text)
      refused(1, "Error: " .. message, "makemigrations")
      local status, output, errors = manage "check"
      assert.equal(1, status)
      assert.equal("models: " .. message .. "\n1 problem found.\n", output)
      assert.equal("", errors)
    end
    models('rdb.model "shop.Maker" {', "shop/models.lua:3: unexpected symbol near <eof>")
    models('\nerror "boom"', "shop/models.lua:4: boom")
    models("nothing()", "shop/models.lua:3: attempt to call a nil value (global 'nothing')")
    models('rdb.model "shop.Maker" { name = f.char { max_lenght = 20 } }', "shop.Maker.name (shop/models.lua:3): "
      .. "f.char has no option 'max_lenght'; did you mean 'max_length'?; f.char needs the option 'max_length', "
      .. "a positive integer")
    models('rdb.model "shop.Maker" { owner = f.foreign_key { "shop.Makr", on_delete = rdb.CASCADE } }',
      "shop.Maker.owner (shop/models.lua:3) points to shop.Makr, which is not defined; did you mean 'shop.Maker'?")
    models('rdb.model "sop.Maker" {}', "sop.Maker (shop/models.lua:3) belongs to no app of the settings; "
      .. "did you mean 'shop'?")
    models('rdb.model "shop.A" {}\nrdb.model "shop.B" { meta = { table_name = "SHOP_A" } }',
      "shop.A (shop/models.lua:3) and shop.B (shop/models.lua:4) both use the table SHOP_A")
  end)

  it("in the form of a migration file names file and line", function()
    local path = "Error: shop/migrations/0002_more.lua"
    with_migration("return m.Migration {", path .. ":2: unexpected symbol near <eof>")
    with_migration('error "boom"', path .. ":2: boom")
    with_migration("return 5", path .. " must return m.Migration { … }, it returns an integer")
    with_migration("", path .. " must return m.Migration { … }, it returns nil")
    with_migration("return m.Migration { operatons = {} }", path .. ': m.Migration has no option "operatons"; did you '
      .. "mean 'operations'? (it takes: atomic, dependencies, down, initial, operations, run_before, up)")
    with_migration("return m.Migration { dependencies = { 'shop' } }",
      path .. ': dependencies[1] of m.Migration must be { "app", "migration" }')
    with_migration(AFTER_INITIAL:format "m.AddFeld {}", path .. ":3: rdb.migrations has no operation \"AddFeld\"; "
      .. "did you mean 'AddField'?")
    with_migration(AFTER_INITIAL:format "m.AddField { modell = 'Maker' }", path .. ':3: m.AddField has no argument '
      .. '"modell"; it takes: model, name, field, preserve_default')
    with_migration('return m.Migration { dependencies = { { "shop", "0001_nope" } } }',
      "Error: migration shop.0002_more depends on shop.0001_nope, which does not exist")
  end)

  it("in the operations of a migration names the operation, and all of it is rolled back", function()
    local add = 'm.AddField { model = "Maker", name = "age", field = f.integer { default = 1 } },\n'
    local function failing(place, message, hint)
      return "Error: applying shop.0002_more failed at operation " .. place .. "\n  " .. message
        .. "\nThe database is as it was before shop.0002_more: all of it was rolled back.\n  " .. (hint or "")
        .. "correct the migration or the data and run migrate again\n"
    end
    local function operations(text, ...)
      write("shop/migrations/0002_more.lua", MIGRATION .. AFTER_INITIAL:format(text))
      local status, output, message = manage "migrate"
      assert.equal(failing(...), message)
      assert.equal(1, status)
      assert.equal("Applying shop.0002_more … FAILED\n", output)
      assert.same(schema, temporary.schema(folder .. "/app.db"))
    end
    local file = "shop/migrations/0002_more.lua"
    operations('m.AddField { model = "Makr", name = "age", field = f.integer { default = 1 } }',
      "1 of 1 (Add field age to Makr, " .. file .. ":3)", "there is no model shop.Makr at this point of the migrations")
    operations(add .. 'm.RemoveField { model = "Maker", name = "nme" }',
      "2 of 2 (Remove field nme from Maker, " .. file .. ":4)",
      'model shop.Maker has no field "nme" at this point of the migrations')
    operations(add .. 'm.AddField { model = "Maker", name = "x", field = f.integer { defalt = 1 } }',
      "2 of 2 (Add field x to Maker, " .. file .. ":4)",
      "shop.Maker.x: f.integer has no option 'defalt'; did you mean 'default'?")
    operations(add .. 'm.RunSQL { "INSRT INTO nope VALUES (1)" }', "2 of 2 (Run SQL, " .. file .. ":4)",
      'near "INSRT": syntax error\n  SQL: INSRT INTO nope VALUES (1)')
    operations(add .. "m.RunLua { forwards = function(apps) apps:get_model 'shop.Makr' end }",
      "2 of 2 (Run Lua code, " .. file .. ":4)", "there is no model 'shop.Makr'; did you mean 'shop.Maker'?")
    -- what needs no database says the same place
    write("shop/migrations/0002_more.lua", MIGRATION
      .. AFTER_INITIAL:format 'm.RemoveField { model = "Makr", name = "a" }')
    refused(1, "Error: " .. file .. ":3: there is no model shop.Makr at this point of the migrations", "makemigrations")
  end)

  it("on the command line exits with 2 and says what would be right", function()
    local function usage(text, arguments)
      local status, output, message = manage(arguments)
      assert.equal("Error: " .. text, message:match "^[^\n]*")
      assert.equal(2, status)
      assert.equal("", output)
    end
    usage("there is no command \"migrat\"; did you mean 'migrate'?", "migrat")
    usage("unknown option '--bogus'", "migrate --bogus")
    usage("too many arguments", "migrate shop zero more")
    usage("missing argument 'migration'", "sqlmigrate shop")
    usage('there is no app "shp"; the apps in the settings are: shop', "migrate shp")
    usage("option '--lock-timeout' takes seconds, 0 or more; got \"soon\"", "migrate --lock-timeout soon")
    usage("--rename takes app.Model:NewName, app.Model.field:new_name or none, got \"x\"", "makemigrations --rename x")
    usage('a name of an app is made of letters, digits and underscores and begins with a letter, got "9x"',
      "startapp 9x")
    refused(1, "Error: there is no database 'defualt' in the settings; did you mean 'default'?",
      "migrate --database defualt")
    refused(1, 'Error: app "shop" has no migration "0009"', "migrate shop 0009")
  end)

  it("shows where an error was raised with --traceback only", function()
    local _, _, plain = manage "shell -c 'error [[boom]]'"
    assert.equal("Error: (command line):1: boom\n", plain)
    local status, output, traced = manage "shell --traceback -c 'error [[boom]]'"
    assert.equal(1, status)
    assert.equal("", output)
    assert.equal("Error: (command line):1: boom\n\nstack traceback:\n", traced:match "^.-\n\n[^\n]*\n")
  end)
end)
