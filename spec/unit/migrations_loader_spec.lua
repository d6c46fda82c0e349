local Loader = require "rdb.migrations.loader"
local checksum = require "rdb.core".source_checksum
local core = require "rdb.core"

local root

local HEADER = 'local m, f = require "rdb.migrations", require "rdb.fields"\nreturn '


local function write(name, text)
  local file = assert(io.open(root .. "/" .. name, "wb"))
  file:write(text)
  file:close()
end


local function migration(dependencies)
  return HEADER .. ("m.Migration { dependencies = { %s }, operations = {} }"):format(dependencies or "")
end


local function loader(apps)
  return Loader.new { apps = apps or { "blog" }, root = root }
end


describe("migration loader", function()
  before_each(function()
    root = os.tmpname()
    os.remove(root)
    assert(core.make_directory(root))
    for _, app in ipairs { "blog", "auth" } do
      core.make_directory(root .. "/" .. app)
      core.make_directory(root .. "/" .. app .. "/migrations")
    end
  end)

  after_each(function()
    os.execute(("rm -r '%s'"):format(root))
  end)

  it("reads the files of an app in order and ignores stray ones", function()
    write("blog/migrations/0001_initial.lua", migration())
    write("blog/migrations/0002_more.lua", "\xEF\xBB\xBF" .. migration '{ "blog", "0001_initial" }':gsub("\n", "\r\n"))
    write("blog/migrations/_0003_x.lua", "nonsense")
    write("blog/migrations/0003_x.lua~", "nonsense")
    write("blog/migrations/helper.lua", "nonsense")
    write("blog/migrations/0004_x.lua.orig", "nonsense")
    local loaded = loader()
    assert.same({ "blog.0001_initial", "blog.0002_more" }, loaded.graph:all_in_order())
    assert.equal("0002_more", loaded:find("blog", "0002").name)
    assert.equal(2, loaded:last_number "blog")
  end)

  it("shows file and line of a syntax error", function()
    write("blog/migrations/0001_initial.lua", HEADER .. "m.Migration {\n  operations = }")
    local ok, err = pcall(loader)
    assert.is_false(ok)
    assert.truthy(err.message:find("blog/migrations/0001_initial.lua:3:", 1, true), err.message)
  end)

  it("shows file and line of a wrong operation", function()
    write("blog/migrations/0001_initial.lua",
      HEADER .. "m.Migration { operations = {\n\n  m.AddField { model = 'A', nmae = 'x' } } }")
    local ok, err = pcall(loader)
    assert.is_false(ok)
    assert.truthy(err.message:find("0001_initial.lua:4: m.AddField has no argument \"nmae\"", 1, true), err.message)
  end)

  it("refuses a file that returns something else", function()
    write("blog/migrations/0001_initial.lua", "return 1")
    local ok, err = pcall(loader)
    assert.is_false(ok)
    assert.truthy(err.message:find("must return m.Migration", 1, true))
  end)

  it("refuses unknown keys of m.Migration", function()
    write("blog/migrations/0001_initial.lua", HEADER .. "m.Migration { operation = {} }")
    local ok, err = pcall(loader)
    assert.is_false(ok)
    assert.truthy(err.message:find('m.Migration has no option "operation"', 1, true))
  end)

  it("finds several last migrations", function()
    write("blog/migrations/0001_initial.lua", migration())
    write("blog/migrations/0002_a.lua", migration '{ "blog", "0001_initial" }')
    write("blog/migrations/0002_b.lua", migration '{ "blog", "0001_initial" }')
    local loaded = loader()
    assert.same({ blog = { "0002_a", "0002_b" } }, loaded:conflicts())
    local ok, err = pcall(loaded.check_conflicts, loaded)
    assert.is_false(ok)
    assert.truthy(err.message:find("blog (0002_a, 0002_b)", 1, true))
    local found, ambiguous = pcall(loaded.find, loaded, "blog", "0002")
    assert.is_false(found)
    assert.truthy(ambiguous.message:find("0002_a, 0002_b", 1, true))
  end)

  it("resolves __first__, __latest__ and run_before", function()
    write("auth/migrations/0001_initial.lua", migration())
    write("auth/migrations/0002_x.lua", migration '{ "auth", "0001_initial" }')
    write("blog/migrations/0001_initial.lua", migration '{ "auth", "__latest__" }')
    write("blog/migrations/0002_x.lua",
      HEADER .. 'm.Migration { dependencies = { { "auth", "__first__" } }, run_before = { { "auth", "0002_x" } } }')
    local loaded = loader { "auth", "blog" }
    assert.same({ "auth.0001_initial", "blog.0002_x", "auth.0002_x", "blog.0001_initial" }, loaded.graph:all_in_order())
  end)

  it("finds an applied migration whose dependency is not", function()
    write("blog/migrations/0001_initial.lua", migration())
    write("blog/migrations/0002_x.lua", migration '{ "blog", "0001_initial" }')
    local loaded = loader()
    loaded:check_consistent_history { ["blog.0001_initial"] = true }
    local ok, err = pcall(loaded.check_consistent_history, loaded, { ["blog.0002_x"] = true })
    assert.is_false(ok)
    assert.equal("inconsistent history: blog.0002_x is applied, but its dependency blog.0001_initial is not",
      err.message)
  end)

  it("takes up and down functions", function()
    write("blog/migrations/0001_initial.lua", HEADER .. "m.Migration { up = function() end, down = function() end }")
    write("blog/migrations/0002_x.lua", HEADER .. "m.Migration { up = function() end }")
    local loaded = loader()
    assert.is_nil(loaded:get("blog", "0001_initial"):irreversible_operation())
    assert.equal("RunSchema", loaded:get("blog", "0002_x"):irreversible_operation().kind)
  end)
end)


describe("migration checksum", function()
  it("does not see comments, line ends, a mark or white space", function()
    local plain = 'return m.Migration { operations = { m.RunSQL "a -- b" } }\n'
    local edited = "\xEF\xBB\xBF-- header\r\nreturn m.Migration {   operations = {\r\n"
      .. '  m.RunSQL "a -- b" --[[ note ]] } }'
    assert.equal(checksum(plain), checksum(edited))
  end)

  it("sees every change of code and of strings", function()
    local base = checksum 'return "a  b"'
    assert.not_equal(base, checksum 'return "a b"')
    assert.not_equal(base, checksum 'return "a  c"')
    assert.not_equal(checksum "a = b", checksum "a = b - -1")
    assert.not_equal(checksum "s = [[ a ]]", checksum "s = [[ a]]")
    assert.not_equal(checksum [[s = '\\' -- b']], checksum [[s = '\' -- b']])
  end)

  it("reads long brackets and comments as Lua does", function()
    assert.equal(checksum "a b", checksum "a--[==[ ]] \n ]=] ]==]b")
    assert.equal(checksum "a b", checksum "a --[=x\rb")
    assert.equal(checksum "t [1]=2", checksum "t  [1]=2 --[[ never closed")
    assert.equal(checksum "s = [=[ \n]] -- ]=]", checksum "s = [=[ \r\n]] -- ]=] --")
  end)

  it("is FNV-1a with 64 bits", function()
    assert.equal("fnv1a64:af63dc4c8601ec8c", checksum "a")
    assert.equal("fnv1a64:cbf29ce484222325", checksum "")
  end)
end)
