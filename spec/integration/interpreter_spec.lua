--- rdb-lua as a program: what lua 5.4 does with the same command line, and what it adds.

local function read_all(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "a"
  local _, _, code = pipe:close()
  return text, code
end

local program = require("spec.support.temporary").interpreter()

--- Runs the program with a command line for the shell; answers its output (both streams) and exit code.
local function run(arguments, interpreter)
  return read_all(("LC_ALL=C %s %s 2>&1"):format(interpreter or program, arguments))
end

local function script(text)
  local name = os.tmpname()
  local file = assert(io.open(name, "w"))
  file:write(text)
  file:close()
  finally(function() os.remove(name) end)
  return name
end

describe("rdb-lua", function()
  it("does what lua does", function()
    local file = script "#!/usr/bin/env lua\nprint(arg[0] ~= nil, #arg, ..., arg[-1])"
    local fails = script "local x = nil\nprint(x.y)"
    for _, arguments in ipairs {
      "-e 'print(1)' -e'print(2)'",
      "-e 'x = 1' -l string -l s=string -e 'print(x, s == string)'",
      file, file .. " a 'b c'", "-- " .. file .. " a", "- a b <" .. file, "<" .. file, "-E " .. file .. " a",
      "-e 'print(arg[0], arg[1], arg[-1])' " .. file .. " q",
      "-e 'os.exit(3)'", "-e 'os.exit(true, true)'", "-e 'os.exit(false)'",
      "-W -e 'warn(\"careful\")'", "-e 'warn(\"silent\")'",
      "-e 'print(#package.searchers > 3, package.path)'", "-E -e 'print(package.path)'",
      "-i </dev/null >/dev/null", fails, "/nonexistent/script.lua", "-e 'x x'",
      "-e", "-l", "-x", "-vx",
    } do
      local expected, expected_code = run(arguments, "lua5.4")
      local got, code = run(arguments)
      if expected:find "usage:" then
        expected, got = expected:match "[^\n]*", got:match "[^\n]*"
      end
      expected = expected:gsub("lua5%.4", "INTERPRETER")
      got = got:gsub(program:gsub("%p", "%%%0"), "INTERPRETER"):gsub("rdb%-lua:", "INTERPRETER:")
      if arguments ~= fails then -- there the traceback ends in our own main function
        assert.equal(expected, got, arguments)
      else
        assert.equal(expected:match "[^\n]*\n", got:match "[^\n]*\n")
      end
      assert.equal(expected_code, code, arguments)
    end
  end)

  it("runs LUA_INIT unless -E", function()
    local env = "env LUA_INIT='print \"init\"' " .. program
    assert.equal("init\nx\n", run("-e 'print \"x\"'", env))
    assert.equal("x\n", run("-E -e 'print \"x\"'", env))
    assert.equal("54\n", run("-e ''", "env LUA_INIT_5_4='print(54)' LUA_INIT='print(5)' " .. program))
  end)

  it("takes rdb's Lua files from RDB_LUA_DIR unless -E", function()
    local env = "env RDB_LUA_DIR=/nonexistent " .. program
    local output = run("-e 'require \"rdb.orm.errors\"'", env)
    assert.is_truthy(output:find("no file for 'rdb.orm.errors' in RDB_LUA_DIR", 1, true), output)
    assert.equal("table\n", run("-E -e 'print(type(require \"rdb.orm.errors\"))'", env))
  end)

  it("prints error objects with a traceback that names file and line", function()
    local file = script "local core = require 'rdb.core'\ncore.raise('config', 'bad thing')\n"
    local output, code = run(file)
    assert.equal(1, code)
    assert.is_truthy(output:find("rdb-lua: config: bad thing\nstack traceback:", 1, true), output)
    assert.is_truthy(output:find(file .. ":2: in main chunk", 1, true), output)
    assert.equal("rdb-lua: (error object is a table value)", (run("-e 'error {}'"):match "[^\n]*"))
  end)

  it("shows results when interactive", function()
    local input = {
      'x = 40', 'x + 2', '"a\\nb", nil', '{ 1, k = { true } }', 'for i = 1, 2 do', 'print(i)', 'end', 'error "no"', "",
    }
    local output = run("-i <" .. script(table.concat(input, "\n")))
    output = output:gsub("^[^\n]*\n", ""):gsub("stack traceback:\n[^%z]*", "")
    assert.equal('42\n"a\\nb"\nnil\n{ 1, k = { true } }\n1\n2\nrdb-lua: stdin:1: no\n', output)
  end)

  it("says its version and its switches", function()
    assert.is_truthy(run("-v"):find "^rdb %d+%.%d+%.%d+ on Lua 5%.4")
    assert.is_truthy(run("--version"):find "^rdb ")
    local help, code = run "--help"
    assert.is_truthy(help:find "^usage: rdb%-lua")
    assert.equal(0, code)
  end)
end)
