local core = require "rdb.core"
local temporary = require "spec.support.temporary"

local MODELS = [[
local rdb = require "rdb"
local f = rdb.fields
rdb.model "blog.Author" {
  name = f.char { max_length = 100, db_index = true },
  email = f.email { unique = true },
  meta = { ordering = { "name" } },
}
rdb.model "blog.Post" {
  title = f.char { max_length = 200 },
  author = f.foreign_key { "blog.Author", on_delete = rdb.CASCADE, related_name = "posts" },
  tags = f.many_to_many { "blog.Tag" },
  meta = { constraints = { rdb.CheckConstraint { condition = rdb.Q { title__gt = "" }, name = "titled" } } },
}
rdb.model "blog.Tag" { word = f.slug {} }
]]


describe("manage.lua", function()
  local root, folder

  -- Run rdb-lua in the project; both streams and the exit code. Standard input is no terminal.
  local function rdb_lua(arguments, environment)
    return temporary.shell(("cd %s && %s %s %s < /dev/null"):format(temporary.quote(folder), environment or "",
      temporary.quote(temporary.interpreter()), arguments))
  end

  local function manage(arguments, environment)
    return rdb_lua("manage.lua " .. arguments, environment)
  end

  -- Run and expect an exit code; answers the output.
  local function expect(code, arguments, environment)
    local output, status = manage(arguments, environment)
    assert.equal(code, status, arguments .. "\n" .. output)
    return output
  end

  local function models(text)
    temporary.write(folder .. "/blog/models.lua", text or MODELS)
  end

  local function migration(name)
    return temporary.read(("%s/blog/migrations/%s.lua"):format(folder, name))
  end

  local function schema()
    return temporary.schema(folder .. "/app.db")
  end

  -- MODELS with some text replaced, which must be there.
  local function edited(old, new)
    local first, last = MODELS:find(old, 1, true)
    return MODELS:sub(1, first - 1) .. new .. MODELS:sub(last + 1)
  end

  before_each(function()
    root = temporary.folder()
    folder = root
    assert.equal(0, select(2, rdb_lua "init shop"))
    folder = root .. "/shop"
    expect(0, "startapp blog")
    models()
  end)

  after_each(function() temporary.remove(root) end)

  it("is made by init, which overwrites nothing", function()
    assert.equal(3, select(2, temporary.read(folder .. "/manage.lua"):gsub("\n", "")))
    local settings = '-- The settings of the project. DATABASE_URL overrides the default database.\n'
      .. 'return {\n  databases = {\n    default = "sqlite:///app.db",\n  },\n  apps = { "blog" },\n}\n'
    assert.equal(settings, temporary.read(folder .. "/settings.lua"))
    assert.truthy(temporary.read(folder .. "/.gitignore"):find("*.db", 1, true))
    assert.equal("directory", core.file_kind(folder .. "/blog/migrations"))
    folder = root
    local output, status = rdb_lua "init shop"
    assert.equal(1, status)
    assert.equal("Error: shop exists already\n", output)
    assert.equal(2, select(2, rdb_lua "init"))
    assert.equal(2, select(2, rdb_lua "init 'a b'"))
  end)

  it("adds apps to settings that a person has edited", function()
    local path = folder .. "/settings.lua"
    temporary.write(path, 'return { apps = { "blog" --[[ one ]] } }')
    expect(0, "startapp first")
    assert.equal('return { apps = { "blog", --[[ one ]] "first" } }', temporary.read(path))
    temporary.write(path, 'local s = { apps = {\n    "blog", -- apps = {}\n  }, -- apps\n}\nreturn s\n')
    expect(0, "startapp shop")
    assert.equal('local s = { apps = {\n    "blog", -- apps = {}\n    "shop",\n  }, -- apps\n}\nreturn s\n',
      temporary.read(path))
    assert.equal("Error: the app \"shop\" is in the settings already\n", expect(1, "startapp shop"))
    temporary.write(path, "local list = { 'blog' }\nreturn { apps = list }\n")
    local output = expect(0, "startapp other")
    assert.truthy(output:find('add "other" to apps in your settings yourself', 1, true), output)
    assert.equal("local list = { 'blog' }\nreturn { apps = list }\n", temporary.read(path))
    expect(2, "startapp 1x")
  end)

  it("leaves nothing of an app that cannot be added", function()
    local settings = temporary.read(folder .. "/settings.lua")
    assert.equal(0, select(2, temporary.shell("mkdir -p " .. folder .. "/settings.lua.new/x"))) -- in the way of writing
    assert.equal("Error: cannot write settings.lua: settings.lua.new: Is a directory\n", expect(1, "startapp first"))
    assert.is_nil(core.file_kind(folder .. "/first"))
    assert.equal(settings, temporary.read(folder .. "/settings.lua"))
    temporary.shell("rm -r " .. folder .. "/settings.lua.new")
    expect(0, "startapp first")
  end)

  it("makes migrations once", function()
    local output = expect(0, "makemigrations")
    assert.truthy(output:find("blog/migrations/0001_initial.lua\n  + Create model Author\n", 1, true), output)
    local text = migration "0001_initial"
    assert.equal("No changes found.\n", expect(0, "makemigrations"))
    assert.equal("No changes found.\n", expect(0, "makemigrations --check"))
    os.remove(folder .. "/blog/migrations/0001_initial.lua")
    expect(0, "makemigrations")
    assert.equal(text, migration "0001_initial")
  end)

  it("writes the migrations of all apps or none", function()
    expect(0, "startapp shop")
    temporary.write(folder .. "/shop/models.lua", 'require "rdb".model "shop.Shop" {}\n')
    temporary.shell(("rm -r %s/shop/migrations && touch %s/shop/migrations"):format(folder, folder)) -- no folder
    assert.equal("Error: cannot make the folder shop/migrations: File exists\n", expect(1, "makemigrations"))
    assert.is_nil(migration "0001_initial")
    os.remove(folder .. "/shop/migrations")
    expect(0, "makemigrations")
    assert.truthy(migration "0001_initial")
  end)

  it("writes nothing with --check and --dry-run", function()
    expect(1, "makemigrations --check")
    local output = expect(0, "makemigrations --dry-run")
    assert.truthy(output:find('m.CreateModel {\n      "Author"', 1, true), output)
    assert.is_nil(migration "0001_initial")
  end)

  it("migrates, to zero, and to the same schema again", function()
    expect(0, "makemigrations")
    expect(1, "migrate --check")
    assert.truthy(expect(0, "migrate"):find "^Applying blog.0001_initial … OK %(%d+%.%d%d%ds%)\n1 applied in ")
    assert.equal("Nothing to do: the database is up to date.\n", expect(0, "migrate"))
    expect(0, "migrate --check")
    local first = schema()
    assert.is_true(#first > 5)
    assert.truthy(expect(0, "migrate blog zero"):find("^Unapplying blog.0001_initial"))
    assert.same({}, schema())
    expect(0, "migrate blog 0001")
    assert.same(first, schema())
  end)

  it("takes renames and defaults from flags, and exits with 3 and the flag without them", function()
    expect(0, "makemigrations")
    expect(0, "migrate")
    assert.equal("", expect(0, [[shell -c 'Post.objects:create { title = "t", ]]
      .. [[author = Author.objects:create { name = "Ann", email = "a@x.org" } }']]))
    models(edited('name = f.char { max_length = 100, db_index = true },\n  email',
      'full_name = f.char { max_length = 100, db_index = true },\n  email'):gsub('"name" }', '"full_name" }'))
    local output = expect(3, "makemigrations")
    assert.truthy(output:find("--rename blog.Author.name:full_name", 1, true), output)
    expect(3, "makemigrations --no-input")
    expect(0, "makemigrations --rename blog.Author.name:full_name")
    assert.truthy(migration "0002_rename_name_author_full_name")
    models(temporary.read(folder .. "/blog/models.lua"):gsub("title = f.char { max_length = 200 }",
      "%0,\n  rank = f.integer {}"))
    output = expect(3, "makemigrations")
    assert.truthy(output:find("--default blog.Post.rank=VALUE", 1, true), output)
    expect(2, "makemigrations --default blog.Post.rank=many")
    expect(2, "makemigrations --default blog.Post.nope=1")
    expect(0, "makemigrations --default blog.Post.rank=7")
    assert.equal("No changes found.\n", expect(0, "makemigrations"))
    expect(0, "migrate")
    assert.equal("Ann\t7\n", expect(0,
      [[shell -c 'local p = Post.objects:get { rank = 7 } print(p.author.full_name, p.rank)']]))
    expect(0, "migrate blog 0001")
    assert.equal("Ann", temporary.query(folder .. "/app.db", "SELECT name FROM blog_author")[1].name)
  end)

  it("refuses a rename that nothing was renamed by", function()
    expect(0, "makemigrations")
    for _, flag in ipairs { "blog.Author.nme:full_name", "blog.Athor:Writer" } do
      assert.equal(("Error: --rename %s: nothing was renamed so; nothing was written\n"):format(flag)
        .. "  the old name stands in the migrations, the new one in the models\n",
        expect(2, "makemigrations --rename " .. flag))
    end
    models(edited("word = f.slug {}", "term = f.slug {}"))
    expect(2, "makemigrations --check --rename blog.Tag.word:terms")
    local output = expect(1, "makemigrations --check --rename blog.Tag.word:term")
    assert.truthy(output:find("~ Rename field word on Tag to term", 1, true), output)
    assert.is_nil(migration "0002_rename_word_tag_term")
  end)

  it("fails when its result cannot be written", function()
    for _, command in ipairs { "showmigrations", "inspectdb", "check", "makemigrations --check --json" } do
      assert.equal("Error: cannot write to standard output: No space left on device\n",
        expect(1, command .. " > /dev/full"):gsub("\n.*", "\n"), command)
    end
  end)

  it("renames models with their tables and many-to-many tables, and back", function()
    expect(0, "makemigrations")
    expect(0, "migrate")
    local before = schema()
    models((MODELS:gsub("blog%.Post", "blog.Entry"):gsub("blog%.Tag", "blog.Label")))
    expect(0, "makemigrations --rename blog.Post:Entry --rename blog.Tag:Label")
    assert.equal("No changes found.\n", expect(0, "makemigrations"))
    expect(0, "migrate")
    assert.equal("0\t0\n", expect(0, [[shell -c 'print(Entry.objects:filter { tags__word = "x" }:count(), ]]
      .. [[Label.objects:count())']]))
    expect(0, "migrate blog 0001")
    assert.equal(#before, #schema())
    expect(0, "migrate")
  end)

  it("asks a person on a terminal", function()
    if not temporary.has_terminals() then return pending "no pseudo-terminals here" end
    expect(0, "makemigrations")
    models(edited("word = f.slug {}", "term = f.slug {}, rank = f.integer {}"))
    local answers = ("printf 'what\\ny\\nseven\\n7\\n' | script -qec %s /dev/null"):format(
      temporary.quote(("cd %s && %s manage.lua makemigrations"):format(folder, temporary.interpreter())))
    local output, status = temporary.shell(answers)
    assert.equal(0, status, output)
    assert.truthy(output:find("Was blog.Tag.word renamed to term?", 1, true), output)
    assert.truthy(output:find("Please answer y or n.", 1, true), output)
    assert.truthy(output:find("expected an integer", 1, true), output)
    local text = migration "0002_rename_word_tag_term_tag_rank"
    assert.truthy(text:find("default = 7", 1, true))
    assert.truthy(text:find("preserve_default = false", 1, true))
  end)

  it("lists migrations", function()
    expect(0, "makemigrations")
    assert.equal("blog\n [ ] 0001_initial\n", expect(0, "showmigrations"))
    expect(0, "migrate --fake")
    assert.equal("blog\n [F] 0001_initial\n", expect(0, "showmigrations blog"))
    expect(0, "makemigrations blog --empty --name more")
    assert.equal("[F] blog.0001_initial\n[ ] blog.0002_more <- blog.0001_initial\n", expect(0, "showmigrations --plan"))
    local listed = core.json_decode(expect(0, "showmigrations --json"))
    assert.equal(1, listed.version)
    assert.equal("faked", listed.migrations[1].state)
    assert.is_false(listed.migrations[2].applied)
    assert.same({ "blog.0001_initial" }, { table.unpack(listed.migrations[2].dependencies) })
  end)

  it("shows SQL without a database", function()
    expect(0, "makemigrations")
    local output = expect(0, "sqlmigrate blog 0001")
    assert.truthy(output:find('CREATE TABLE "blog_author" (', 1, true), output)
    assert.truthy(expect(0, "sqlmigrate blog 0001 --backwards"):find('DROP TABLE "blog_author";', 1, true))
    assert.is_nil(core.file_kind(folder .. "/app.db"))
  end)

  it("prints JSON", function()
    local made = core.json_decode(expect(0, "makemigrations --json"))
    assert.is_true(made.written)
    assert.equal("blog/migrations/0001_initial.lua", made.migrations[1].path)
    assert.equal("CreateModel", made.migrations[1].operations[1].kind)
    assert.equal("blog.0001_initial", core.json_decode(expect(0, "migrate --plan --json")).plan[1].migration)
    local events = {}
    for line in expect(0, "migrate --json"):gmatch "[^\n]+" do
      events[#events + 1] = core.json_decode(line).event
    end
    assert.same({ "plan", "migration_started", "migration_ended" }, events)
    assert.equal(0, #core.json_decode(expect(0, "check --json")).findings)
  end)

  it("checks models and migrations", function()
    local output = expect(1, "check")
    assert.truthy(output:find("not in a migration yet: Create model Author", 1, true), output)
    expect(0, "makemigrations")
    assert.equal("No problems found.\n", expect(0, "check"))
    models(edited("f.slug {}", "f.slug { max_lenght = 3 }"))
    output = expect(1, "check")
    assert.truthy(output:find("blog/models.lua:14", 1, true), output)
  end)

  it("names what is wrong with a migration file", function()
    temporary.write(folder .. "/blog/migrations/0001_initial.lua", "return {\n")
    local output = expect(1, "migrate")
    assert.truthy(output:find("^Error: blog/migrations/0001_initial.lua:2:"), output)
  end)

  it("refuses wrong usage with 2 and a suggestion", function()
    assert.truthy(expect(2, "migrat"):find("did you mean 'migrate'?", 1, true))
    assert.truthy(expect(2, "migrate --fack"):find("unknown option '--fack'", 1, true))
    assert.truthy(expect(2, "migrate shop"):find('there is no app "shop"; the apps in the settings are: blog', 1, true))
    expect(2, "makemigrations --name 'a b'")
    expect(2, "makemigrations --empty")
    expect(2, "makemigrations --rename nonsense")
    expect(2, "")
    expect(1, "migrate blog 0009")
  end)

  it("shows help with examples first", function()
    assert.equal("Examples:", expect(0, "help"):match "^[^\n]*")
    for _, command in ipairs { "startapp", "makemigrations", "migrate", "showmigrations", "sqlmigrate", "check",
      "shell",
      "dbshell", "inspectdb" } do
      assert.equal("Examples:", expect(0, command .. " --help"):match "^[^\n]*", command)
      assert.equal(expect(0, command .. " --help"), expect(0, "help " .. command))
    end
    assert.equal("rdb " .. core.version .. "\n", expect(0, "--version"))
  end)

  it("has colours only where they are wanted", function()
    expect(0, "makemigrations")
    local function coloured(arguments, environment)
      return expect(0, "showmigrations " .. arguments, environment):find "\27%[" ~= nil
    end
    assert.is_false(coloured "")
    assert.is_true(coloured "--force-color")
    assert.is_true(coloured("", "FORCE_COLOR=1"))
    assert.is_true(coloured("", "CLICOLOR_FORCE=1"))
    assert.is_false(coloured("", "CLICOLOR_FORCE=0"))
    assert.is_false(coloured("", "NO_COLOR=1 CLICOLOR_FORCE=1"))
    assert.is_false(coloured("--no-color", "FORCE_COLOR=1"))
    assert.is_true(coloured("--force-color", "NO_COLOR=1"))
  end)

  it("runs code with the models, and a script from standard input", function()
    expect(0, "makemigrations")
    expect(0, "migrate")
    assert.equal("0\n", expect(0, "shell -c 'print(Author.objects:count())'"))
    local output = temporary.shell(("cd %s && echo 'print(rdb.Q ~= nil, Tag ~= nil)' | %s manage.lua shell")
      :format(folder, temporary.interpreter()))
    assert.equal("true\ttrue\n", output)
    expect(1, "shell -c 'error \"no\"'")
    expect(1, "shell -c 'x x'")
  end)

  it("opens the database's shell", function()
    expect(0, "makemigrations")
    expect(0, "migrate")
    local output, status = temporary.shell(("cd %s && echo '.tables' | %s manage.lua dbshell"):format(folder,
      temporary.interpreter()))
    assert.equal(0, status)
    assert.truthy(output:find("blog_author", 1, true), output)
    assert.equal("1\n", (temporary.shell(("cd %s && echo 'select 1 as n' | %s manage.lua dbshell -- -noheader"):format(
      folder, temporary.interpreter()))))
    assert.equal("n\n1\n", (temporary.shell(("cd %s && %s manage.lua dbshell -- -header 'select 1 as n' < /dev/null")
      :format(folder, temporary.interpreter()))))
  end)

  it("shows errors without our own code in the interactive shell", function()
    expect(0, "makemigrations")
    expect(0, "migrate")
    local output = temporary.shell(("cd %s && printf %s | script -qec %s /dev/null"):format(folder,
      temporary.quote 'Tag.objects:filter { wrd = 1 }\\nprint("on")\\n',
      temporary.quote(temporary.interpreter() .. " manage.lua shell --no-color")))
    assert.truthy(output:find("misuse: blog.Tag has no field 'wrd'; did you mean 'word'?", 1, true), output)
    assert.truthy(output:find("\non\r\n", 1, true), output)
    assert.is_nil(output:find("traceback", 1, true), output)
  end)

  it("works from another folder", function()
    expect(0, "makemigrations")
    local output, status = temporary.shell(("cd %s && %s %s/manage.lua showmigrations"):format(root,
      temporary.interpreter(), folder))
    assert.equal("blog\n [ ] 0001_initial\n", output)
    assert.equal(0, status)
  end)

  it("reports two last migrations by name", function()
    expect(0, "makemigrations")
    local text = 'local m = require "rdb.migrations"\n'
      .. 'return m.Migration { dependencies = { { "blog", "0001_initial" } } }\n'
    temporary.write(folder .. "/blog/migrations/0002_a.lua", text)
    temporary.write(folder .. "/blog/migrations/0002_b.lua", text)
    for _, command in ipairs { "makemigrations", "migrate" } do
      assert.truthy(expect(1, command):find("blog (0002_a, 0002_b)", 1, true))
    end
  end)

  it("runs up and down functions", function()
    expect(0, "makemigrations")
    temporary.write(folder .. "/blog/migrations/0002_by_hand.lua", [[
      local m = require "rdb.migrations"
      return m.Migration { dependencies = { { "blog", "0001_initial" } },
        up = function(schema)
          schema:create_table("users", function(t)
            t:id() t:string("email"):unique() t:decimal("owes", 8, 2):default "0.00" t:timestamps()
            t:foreign_id("post_id"):references("blog_post"):on_delete "cascade":nullable()
          end)
          schema:alter_table("users", function(t) t:string("nick",
            20):nullable():index() t:boolean("on"):default(true) end)
          schema:alter_table("users", function(t) t:rename_column("nick", "name") end)
          schema:create_index("users", { "email", "name" })
        end,
        down = function(schema) schema:drop_table "users" end }
    ]])
    expect(0, "migrate")
    temporary.script(folder .. "/app.db", "INSERT INTO users (email, name) VALUES ('a', 'b');")
    assert.same({ id = 1, email = "a", name = "b", owes = "0.00", on = 1 },
      temporary.query(folder .. "/app.db", "SELECT * FROM users")[1])
    expect(0, "migrate blog 0001")
    assert.equal(0, #temporary.query(folder .. "/app.db", "SELECT name FROM sqlite_master WHERE name LIKE 'users%'"))
  end)

  it("runs SQL and Lua of data migrations, forwards and backwards", function()
    expect(0, "makemigrations")
    temporary.write(folder .. "/blog/migrations/0002_data.lua", [[
      local m = require "rdb.migrations"
      return m.Migration { dependencies = { { "blog", "0001_initial" } }, operations = {
        m.RunSQL { "INSERT INTO blog_tag (word) VALUES ('a;b'); INSERT INTO blog_tag (word) VALUES ('c')",
          reverse_sql = { { "DELETE FROM blog_tag WHERE word = ?", { "a;b" } } } },
        m.RunLua { forwards = function(apps) apps:get_model "blog.Tag".objects:create { word = "lua" } end,
          backwards = function(apps) apps:get_model "blog.Tag".objects:filter { word = "lua" }:delete() end },
      } }
    ]])
    expect(0, "migrate")
    local function words()
      local list = {}
      for _, row in ipairs(temporary.query(folder .. "/app.db", "SELECT word FROM blog_tag ORDER BY id")) do
        list[#list + 1] = row.word
      end
      return list
    end
    assert.same({ "a;b", "c", "lua" }, words())
    expect(0, "migrate blog 0001")
    assert.same({ "c" }, words())
  end)
end)
