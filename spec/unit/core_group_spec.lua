--- core.group: rows of a prefetch into the lists of their owners.
local core = require "rdb.core"

local function caught(...)
  local ok, err = pcall(...)
  assert.is_false(ok)
  return err
end


describe("core.group", function()
  it("appends rows to lists and keeps their owners", function()
    local rows, lists, owners = {}, { [1] = { "first" }, x = {} }, { [1] = { "a" }, x = { "b" } }
    for i = 1, 200 do
      rows[i] = { parent_id = i % 2 == 0 and 1 or "x", i = i }
    end
    rows[3][3] = { other = true }
    core.group(rows, "parent_id", lists, "parent", owners)
    assert.equal(101, #lists[1])
    assert.equal(100, #lists.x)
    assert.equal(200, lists[1][101].i)
    assert.equal(owners[1], rows[2][3].parent)
    assert.same({ other = true, parent = owners.x }, rows[3][3])
    assert.equal(1, rows[2].parent_id)
  end)

  it("drops the key without owners", function()
    local rows, lists = { { key = 1 }, { key = 1.0 } }, { {} }
    core.group(rows, "key", lists)
    assert.same({ { {}, {} } }, lists)
  end)

  it("refuses rows without a list", function()
    assert.matches("row 2 belongs to no list", caught(core.group, { { key = 1 }, { key = 2 } }, "key", { {} }).message)
    assert.equal("misuse", caught(core.group, { {} }, "key", { {} }).code)
    assert.equal("misuse", caught(core.group, { 7 }, "key", { {} }).code)
    assert.is_false(pcall(core.group, {}, "key", {}, nil, {}))
    core.group({}, "key", {})
  end)
end)
