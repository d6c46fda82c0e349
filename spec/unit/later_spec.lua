--- What belongs to later versions says so instead of being nil.
local core = require "rdb.core"
local rdb = require "rdb"

local function refusal(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  assert.equal("unsupported", err.code)
  return err.message
end

describe("a name of a later version", function()
  it("raises unsupported and names itself", function()
    assert.equal("rdb.run is not part of this version of rdb", refusal(rdb.run, print))
    assert.equal("rdb.on is not part of this version of rdb; override save or delete in the model, "
      .. "or use rdb.on_commit", refusal(rdb.on, "blog.Post", "creating", print))
    for _, name in ipairs { "spawn", "gather", "with_timeout" } do
      assert.truthy(refusal(rdb[name]):find("rdb." .. name, 1, true))
    end
  end)

  it("of a pool does too", function()
    local pool = core.pool_open("later", "sqlite://:memory:")
    assert.truthy(refusal(pool.on, pool, "acquired", print):find("pool:on()", 1, true))
    core.pool_remove "later"
  end)
end)
