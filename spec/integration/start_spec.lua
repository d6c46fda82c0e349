--- What commands may cost in a project with 50 models. Seconds depend on the machine, so this looks at what is loaded
--- and at memory; bin/bench measures time.
local temporary = require "spec.support.temporary"

local APPS = { "accounts", "billing", "content", "shop", "stock" }

-- Runs a command line, then prints the modules that were loaded and the largest resident size in kB.
local PROBE = [[
local rdb = require "rdb"
rdb.configure "settings.lua"
local code = rdb.manage(arg)
local names = {}
for name in pairs(package.loaded) do
  names[#names + 1] = name
end
table.sort(names)
print(code, table.concat(names, " "), io.open "/proc/self/status":read "a":match "VmHWM:%s*(%d+)")
]]


local function models_of(app, earlier)
  local lines = { 'local rdb = require "rdb"', "local f = rdb.fields" }
  for number = 1, 10 do
    local other = earlier and ('  other = f.foreign_key { "%s.Model%d", on_delete = rdb.CASCADE, '
      .. 'related_name = "%s_%d" },'):format(earlier, number, app, number) or ""
    lines[#lines + 1] = ('rdb.model "%s.Model%d" {\n  name = f.char { max_length = 100, db_index = true },\n'
      .. "  amount = f.decimal { max_digits = 10, decimal_places = 2, default = 0 },\n"
      .. "  created_at = f.datetime { auto_now_add = true },\n%s\n}"):format(app, number, other)
  end
  return table.concat(lines, "\n") .. "\n"
end


describe("a project with 50 models", function()
  local folder

  local function probe(arguments)
    local output, status = temporary.shell(("cd %s && %s probe.lua %s"):format(folder, temporary.interpreter(),
      arguments))
    assert.equal(0, status, output)
    local code, names, kilobytes = output:match "(%d+)\t([%w_.% ]+)\t(%d+)\n$"
    local loaded = {}
    for name in names:gmatch "%S+" do
      loaded[name] = true
    end
    return loaded, tonumber(kilobytes), tonumber(code)
  end

  setup(function()
    folder = temporary.folder()
    temporary.write(folder .. "/settings.lua", ('return { databases = { default = "sqlite:///app.db" }, '
      .. 'apps = { "%s" } }'):format(table.concat(APPS, '", "')))
    temporary.write(folder .. "/probe.lua", PROBE)
    for number, app in ipairs(APPS) do
      temporary.write(("%s/%s/models.lua"):format(folder, app), models_of(app, APPS[number - 1]))
    end
    assert.equal(0, select(3, probe "makemigrations"))
    assert.equal(0, select(3, probe "migrate"))
  end)

  teardown(function() temporary.remove(folder) end)

  it("loads neither models nor migrations to find that there is nothing to migrate", function()
    local loaded, kilobytes = probe "migrate"
    for _, name in ipairs { "rdb.fields", "rdb.orm.fields", "rdb.orm.definition", "rdb.orm.queryset", "rdb.migrations",
      "rdb.migrations.state", "rdb.migrations.loader", "rdb.migrations.autodetector", "shop.models" } do
      assert.is_nil(loaded[name], name)
    end
    -- sanitizers and valgrind need several times as much for themselves
    if not (os.getenv "ASAN_OPTIONS" or os.getenv "TSAN_OPTIONS") then
      assert.is_true(kilobytes < 10 * 1024, kilobytes)
    end
  end)

  it("loads no migrations to run a program that reads", function()
    local loaded = probe "shell -c 'print(shop_Model1.objects:filter { name = [[x]] }:first())'"
    assert.is_true(loaded["rdb.orm.queryset"])
    for _, name in ipairs { "rdb.orm.queryset.saving", "rdb.orm.queryset.bulk", "rdb.orm.write", "rdb.orm.prefetch",
      "rdb.migrations.autodetector", "rdb.migrations.executor" } do
      assert.is_nil(loaded[name], name)
    end
  end)
end)
