--- rdb.orm.object_log: states before the first write, in order, without holding the objects.
local object_log = require "rdb.orm.object_log"


describe("object_log", function()
  local function object(snapshot, row)
    return { snapshot, row, id = 7 }
  end

  it("restores slots and generated keys", function()
    local log, saved, fresh = object_log.new(), object("s", 3), { id = 9 }
    object_log.note(log, saved, "before", 2)
    object_log.note(log, fresh, nil, nil, "id")
    fresh[1], fresh[2] = "after", 1
    object_log.restore(log)
    assert.same({ "before", 2, id = 7 }, saved)
    assert.same({}, fresh)
  end)

  it("knows the first state of an object noted twice", function()
    local log, one = object_log.new(), object("now", 9)
    object_log.note(log, one, "first", 1)
    object_log.note(log, one, "second", 2, "id")
    object_log.note_list(log, { one }, 1, 1, { "third", 3, false })
    object_log.restore(log)
    assert.same({ "first", 1, id = 7 }, one)
  end)

  it("notes slices of lists", function()
    local log, list = object_log.new(), { object("s", 1), object("s", 2), object("s", 3) }
    object_log.note_list(log, list, 1, 2, nil, "id")
    object_log.note_list(log, list, 2, 3, { "x", 1, "id", "y", 2, false })
    list[3], list[4] = nil, list[3]
    object_log.restore(log)
    assert.same({ {}, {}, nil, { "y", 2, id = 7 } }, list)
  end)

  it("merges a block into the one around it, which is older", function()
    local outer, few, many = object_log.new(), object_log.new(), object_log.new()
    local shared, list = object("now", 1), {}
    for i = 1, 40 do
      list[i] = object("now", i)
    end
    object_log.note(outer, shared, "outer", 5)
    object_log.note(few, shared, "few", 6)
    object_log.note(few, list[1], "few", 1)
    object_log.note_list(many, list, 1, 40, nil, nil)
    object_log.merge(outer, few)
    object_log.merge(outer, many)
    object_log.note(outer, list[40], "late", 1)
    object_log.restore(outer)
    assert.same({ "outer", 5, id = 7 }, shared)
    assert.same({ "few", 1, id = 7 }, list[1])
    assert.same({ id = 7 }, list[40])
  end)

  it("holds no objects, and sweeps what it knew of them", function()
    local log, kept = object_log.new(), object("now", 1)
    object_log.note(log, kept, "before", 4)
    for _ = 1, 20 do
      for i = 1, 1000 do
        object_log.note(log, object("now", i), {}, i)
      end
      local list = {}
      for i = 1, 1000 do
        list[i] = object("now", i)
      end
      object_log.note_list(log, list, 1, 1000, nil, "id")
      list = nil -- luacheck: no unused
      collectgarbage()
    end
    local notes = 0
    for _, chunk in ipairs(log.chunks) do
      notes = notes + chunk.n
    end
    assert.is_true(notes < 10000)
    object_log.restore(log)
    assert.same({ "before", 4, id = 7 }, kept)
  end)
end)
