--- JSON to Lua and back: nothing is lost, and what has no JSON form is refused by name.
local core = require "rdb.core"
local encode, decode = core.json_encode, core.json_decode

local function refuses(code, fragment, fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  assert.equal(code, err.code)
  assert.is_truthy(err.message:find(fragment, 1, true), err.message)
end

describe("json_encode", function()
  it("sorts keys and leaves no spaces", function()
    assert.equal('{"a":1,"b":[1,2,3],"c":{"x":true}}', encode { c = { x = true }, b = { 1, 2, 3 }, a = 1 })
  end)

  it("takes scalars", function()
    assert.equal("1", encode(1))
    assert.equal("-9223372036854775808", encode(math.mininteger))
    assert.equal("0.1", encode(0.1))
    assert.equal("0.30000000000000004", encode(0.1 + 0.2))
    assert.equal("1.0", encode(1.0))
    assert.equal("false", encode(false))
    assert.equal("null", encode(core.null))
    assert.equal("null", encode(nil))
    assert.equal([["a\"\\\n\u0000é"]], encode 'a"\\\n\0é')
  end)

  it("tells empty arrays from empty objects", function()
    assert.equal("{}", encode {})
    assert.equal("[]", encode(core.array {}))
    assert.equal("[]", encode(core.array()))
    assert.equal("{}", encode(core.object()))
    assert.equal("[null,1]", encode { core.null, 1 })
  end)

  it("refuses what has no JSON form, naming the place", function()
    refuses("invalid_value", "a.b: a table with both string keys and other keys", encode, { a = { b = { 1, x = 2 } } })
    refuses("invalid_value", "a[2]: a sparse array", encode, { a = { 1, { 1, nil, 3 } } })
    refuses("invalid_value", "a: an array with string keys", encode, { a = core.array { x = 1 } })
    refuses("invalid_value", "an object with keys that are not strings", encode, core.object { 1 })
    refuses("invalid_value", "[1]: a number that is not finite", encode, { 0 / 0 })
    refuses("invalid_value", "a number that is not finite", encode, math.huge)
    refuses("invalid_value", "when: a date has no JSON form", encode, { when = core.date "2024-01-01" })
    refuses("invalid_value", "f: a function has no JSON form", encode, { f = print })
    refuses("invalid_value", "not UTF-8", encode, "\xff")
    refuses("invalid_value", "not UTF-8", encode, { ["\xff"] = 1 })
    refuses("invalid_value", "NUL", encode, { ["a\0b"] = 1 })
    refuses("invalid_value", "sparse", encode, { [1.5] = 1 })
    local loop = {}
    loop.loop = loop
    refuses("invalid_value", "holds itself", encode, loop)
  end)
end)

describe("json_decode", function()
  it("brings back what went in", function()
    for _, text in ipairs { "{}", "[]", "null", "[[],{}]", '{"a":{"b":[null]}}', "9223372036854775807", "1.0", "1e+300",
      '"\\u0000"', "true", "[1,2.5,\"x\"]" } do
      assert.equal((text:gsub("1e%+300", "1e300")), (encode(decode(text)):gsub("1e%+300", "1e300")))
    end
  end)

  it("gives plain tables", function()
    local value = decode '{"list":[1,2],"name":"x","none":null}'
    assert.same({ 1, 2 }, value.list)
    assert.equal("x", value.name)
    assert.equal(core.null, value.none)
    assert.equal("integer", math.type(decode "1"))
    assert.equal("float", math.type(decode "1.0"))
    assert.equal(2, #value.list)
  end)

  it("keeps the kind of a table that is changed", function()
    local value = decode '{"list":[1],"map":{"a":1}}'
    value.list[1] = nil
    value.map.a = nil
    assert.equal('{"list":[],"map":{}}', encode(value))
  end)

  it("refuses numbers that do not fit and text that is no JSON", function()
    refuses("out_of_range", "64 bits", decode, "9223372036854775808")
    refuses("out_of_range", "64 bits", decode, "1e999")
    refuses("invalid_value", "line 2", decode, '{"a":1,\n}')
    refuses("invalid_value", "not JSON", decode, "")
    refuses("invalid_value", "not JSON", decode, "[1] x")
    refuses("invalid_value", "not JSON", decode, "{'a':1}")
    refuses("invalid_value", "expected JSON text, got a table", decode, {})
    refuses("invalid_value", "nested", decode, ("["):rep(1500) .. ("]"):rep(1500))
    refuses("invalid_value", "not JSON", decode, ("["):rep(5000))
  end)
end)
