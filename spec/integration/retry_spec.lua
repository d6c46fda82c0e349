--- Trying transactions again, and the pauses in between.
local connections = require "rdb.orm.connections"
local core = require "rdb.core"
local rdb = require "rdb"
local temporary = require "spec.support.temporary"


describe("rdb.atomic with retry", function()
  local folder, other, sleep, pauses

  before_each(function()
    folder = temporary.folder()
    connections.configure { default = { url = ("sqlite:///%s/app.db?busy_timeout=0"):format(folder) } }
    other = core.pool_open("other", ("sqlite:///%s/app.db"):format(folder))
    sleep, pauses = core.sleep, {}
    core.sleep = function(seconds) pauses[#pauses + 1] = seconds end
  end)

  after_each(function()
    core.sleep = sleep
    core.pool_remove "other"
    other = nil
    connections.close_all()
    connections.configure {}
    temporary.remove(folder)
  end)

  it("waits twice as long before each further try, up to a second", function()
    local ok = pcall(rdb.atomic, function() core.raise("deadlock", "again") end, { retry = 10 })
    assert.is_false(ok)
    assert.equal(10, #pauses)
    local longest = 0.005
    for _, pause in ipairs(pauses) do
      assert.is_true(pause >= longest / 2 and pause <= longest, ("%f of %f"):format(pause, longest))
      longest = math.min(1, longest * 2)
    end
  end)

  it("gets through when the lock of another connection is free at last", function()
    local holder = core.begin(other)
    core.script(holder, "CREATE TABLE t (a)")
    core.sleep = function(seconds)
      pauses[#pauses + 1] = seconds
      if #pauses == 3 then holder:commit() end
    end
    rdb.atomic(function() rdb.table("t"):insert { a = 1 } end, { retry = 5 })
    assert.equal(3, #pauses)
    assert.equal(1, rdb.table("t"):count())
  end)

  it("gives up with the error when the lock stays", function()
    local holder <close> = core.begin(other)
    core.script(holder, "CREATE TABLE t (a)")
    local ok, err = pcall(rdb.atomic, function() error "does not run" end, { retry = 2 })
    assert.is_false(ok)
    assert.equal("lock_timeout", err.code)
    assert.equal(2, #pauses)
  end)

  it("refuses a number of tries that is none", function()
    for _, retry in ipairs { -1, 1.5 } do
      local ok, err = pcall(rdb.atomic, print, { retry = retry })
      assert.is_false(ok)
      assert.equal("misuse", err.code)
      assert.equal("rdb.atomic: retry is how often to try again, a whole number, got " .. tostring(retry), err.message)
    end
  end)
end)


describe("rdb.sleep", function()
  it("blocks for as long as it is told", function()
    local before = rdb.now()
    rdb.sleep(0.03)
    assert.is_true((rdb.now() - before).seconds >= 0.029)
    rdb.sleep(0)
  end)

  it("refuses what is no time", function()
    for _, value in ipairs { -1, 0 / 0, "1", {} } do
      local ok, err = pcall(rdb.sleep, value)
      assert.is_false(ok)
      assert.equal("misuse", err.code)
    end
    local _, err = pcall(rdb.sleep, -1)
    assert.equal("sleep takes a number of seconds that is not negative, got -1", err.message)
  end)

  it("goes on after a signal", function()
    local script = temporary.folder()
    temporary.write(script .. "/sleeper.lua", 'local rdb = require "rdb" local t = rdb.now() rdb.sleep(0.4) '
      .. 'print((rdb.now() - t).seconds >= 0.39)')
    local command = "%s %s/sleeper.lua & pid=$!; sleep 0.1; kill -STOP $pid; sleep 0.05; kill -CONT $pid; wait $pid"
    local pipe = assert(io.popen(command:format(temporary.interpreter(), script)))
    assert.equal("true\n", pipe:read "a")
    pipe:close()
    temporary.remove(script)
  end)

  it("ends at Ctrl-C", function()
    local script = temporary.folder()
    temporary.write(script .. "/sleeper.lua", 'require "rdb".sleep(20) print "woke up"')
    local command = "(sleep 0.3; kill -INT $$) & exec %s %s/sleeper.lua 2>&1"
    local before = rdb.now()
    local pipe = assert(io.popen(command:format(temporary.interpreter(), script)))
    assert.truthy(pipe:read "a":find("interrupted", 1, true))
    pipe:close()
    assert.is_true((rdb.now() - before).seconds < 10)
    temporary.remove(script)
  end)
end)
