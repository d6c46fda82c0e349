local naming = require "rdb.orm.naming"

describe("naming", function()
  it("makes table names from app and model", function()
    assert.equal("blog_blogpost", naming.table_name("blog", "BlogPost"))
  end)

  it("makes the same constraint name in every run", function()
    assert.equal("blog_author_name_600318da_idx", naming.constraint_name("blog_author", { "name" }, "idx"))
  end)

  it("tells columns, kinds and conditions apart", function()
    local seen = {}
    for _, name in ipairs {
      naming.constraint_name("t", { "a" }, "idx"), naming.constraint_name("t", { "a" }, "uniq"),
      naming.constraint_name("t", { "a", "b" }, "idx"), naming.constraint_name("t", { "a" }, "idx", "x"),
      naming.constraint_name("t", { "-a" }, "idx"),
    } do
      assert.is_nil(seen[name])
      assert.is_truthy(name:find("^[%w_]+$"))
      seen[name] = true
    end
  end)

  it("keeps names below the limit", function()
    local long = ("x"):rep(100)
    assert.equal(63, #naming.constraint_name(long, { "a" }, "idx"))
    assert.equal(63, #naming.shorten(long))
    assert.not_equal(naming.shorten(long), naming.shorten(long .. "y"))
    assert.equal("short", naming.shorten "short")
  end)

  it("fingerprints data by content", function()
    assert.equal(naming.fingerprint { a = 1, b = { "x", true } }, naming.fingerprint { b = { "x", true }, a = 1 })
    assert.not_equal(naming.fingerprint { a = 1 }, naming.fingerprint { a = "1" })
    local cyclic = {}
    cyclic.self = cyclic
    assert.is_string(naming.fingerprint(cyclic))
  end)
end)
