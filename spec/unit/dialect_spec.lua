local rdb = require "rdb"
local base = require "rdb.orm.dialects.base"
local sqlite = require "rdb.orm.dialects.sqlite"

local function caught(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err
end

describe("a dialect", function()
  it("quotes names and refuses what could end one", function()
    assert.equal('"users"', sqlite.quote_name "users")
    assert.equal('"Playlist Track"', sqlite.quote_name "Playlist Track")
    for _, name in ipairs { "", 'a"b', "a'b", "a`b", "a.b", "a$b", "a\nb", "a\0b", "a\127b", "a\194\133b" } do
      assert.equal("misuse", caught(sqlite.quote_name, name).code)
    end
    assert.equal("misuse", caught(sqlite.quote_name, nil).code)
  end)

  it("checks identifiers that come from outside", function()
    assert.equal("a_1", base.check_identifier("a_1", "it"))
    for _, name in ipairs { "1a", "a b", "a-b", "ä", "", ("x"):rep(64) } do
      assert.equal("misuse", caught(base.check_identifier, name, "it").code)
    end
  end)

  it("writes literals for DDL", function()
    assert.equal("NULL", sqlite.literal(nil))
    assert.equal("NULL", sqlite.literal(rdb.null))
    assert.equal("1", sqlite.literal(true))
    assert.equal("0", sqlite.literal(false, "bool"))
    assert.equal("-9223372036854775808", sqlite.literal(math.mininteger))
    assert.equal("0.10000000000000001", sqlite.literal(0.1))
    assert.equal("2.0", sqlite.literal(2.0))
    assert.equal("'it''s'", sqlite.literal "it's")
    assert.equal("X'00FF'", sqlite.literal("\0\255", "bytes"))
    assert.equal("'1.10'", sqlite.literal(rdb.decimal "1.10"))
    assert.equal("'2024-02-29'", sqlite.literal(rdb.date "2024-02-29"))
    assert.equal("'2024-02-29 12:00:00'", sqlite.literal(rdb.datetime "2024-02-29T12:00:00Z"))
    for _, value in ipairs { "a\0b", 0 / 0, math.huge, print, {} } do
      assert.equal("invalid_value", caught(sqlite.literal, value).code)
    end
  end)

  it("inherits what it does not say itself", function()
    assert.equal("<1> > <2>", sqlite.lookups.gt.template)
    assert.equal("LOWER(<1>)", sqlite.functions.lower.template)
    assert.is_nil(sqlite.functions.no_such)
  end)
end)
