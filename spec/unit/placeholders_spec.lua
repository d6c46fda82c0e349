local placeholders = require "rdb.orm.placeholders"

local dollars = { placeholder = function(i) return "$" .. i end }

local function translate(sql, params)
  return placeholders.translate(sql, params, dollars)
end

local function caught(...)
  local ok, err = pcall(translate, ...)
  assert.is_false(ok)
  return err
end

describe("placeholders", function()
  it("are numbered in their order", function()
    local sql, params = translate("a = ? AND b = ?", { 1, "x" })
    assert.equal("a = $1 AND b = $2", sql)
    assert.same({ 1, "x", n = 2 }, params)
  end)

  it("take values by name, also twice", function()
    local sql, params = translate("a = :a OR b = :b OR c = :a", { a = 1, b = 2 })
    assert.equal("a = $1 OR b = $2 OR c = $3", sql)
    assert.same({ 1, 2, 1, n = 3 }, params)
  end)

  it("are text in strings, quoted names, comments and casts", function()
    for _, text in ipairs {
      "'?'", "':a'", "'it''s ?'", '"a?b"', "`a?b`", "-- ? :a\n", "/* ? :a */", "x::int", "x := 3", "'a' || '?'",
      "-- no end ?", "a[1:2]",
    } do
      assert.equal(text, (translate(text, {})))
      assert.equal(text .. "\n+ $1", (translate(text .. "\n+ ?", { 1 })))
    end
  end)

  it("keep holes up to n", function()
    local sql, params = translate("VALUES (?, ?)", { nil, nil, n = 2 })
    assert.equal("VALUES ($1, $2)", sql)
    assert.equal(2, params.n)
  end)

  it("must match what is given", function()
    assert.matches("2 placeholders, but 1 parameter was given", caught("? ?", { 1 }).message, 1, true)
    assert.matches("1 placeholder, but 2 parameters were given", caught("?", { 1, 2 }).message, 1, true)
    assert.matches("a placeholder :b, but no such parameter", caught(":a :b", { a = 1 }).message, 1, true)
    assert.matches("no placeholder for the parameter 'c'", caught(":a", { a = 1, c = 2 }).message, 1, true)
    assert.matches("mixes ? and :a", caught("? :a", { 1, a = 2 }).message, 1, true)
    assert.equal("misuse", caught("?", {}).code)
  end)
end)
