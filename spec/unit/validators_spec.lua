local validators = require "rdb.orm.validators"
local core = require "rdb.core"

local function passes(validator, value)
  return (validator.check(value))
end

describe("validators", function()
  it("check limits", function()
    assert.is_true(passes(validators.min_value(3), 3))
    assert.is_false(passes(validators.min_value(3), 2))
    assert.is_true(passes(validators.max_value(3), 3))
    assert.is_false(passes(validators.max_value(3), 3.5))
    assert.is_true(passes(validators.min_value(1), core.decimal "1.00"))
    assert.is_false(passes(validators.max_value(1.5), core.decimal "1.51"))
  end)

  it("count characters, not bytes", function()
    assert.is_true(passes(validators.max_length(3), "äöü"))
    assert.is_false(passes(validators.max_length(2), "äöü"))
    assert.is_false(passes(validators.min_length(4), "äöü"))
  end)

  it("tell what is wrong", function()
    local _, message = validators.max_length(2).check "abc"
    assert.equal("Ensure this value has at most 2 characters (it has 3).", message)
  end)

  it("check decimals exactly", function()
    assert.is_nil(validators.decimal_fault("123.45", 5, 2))
    assert.is_nil(validators.decimal_fault("0.10", 1, 1))
    assert.is_string(validators.decimal_fault("123.456", 6, 2))
    assert.is_string(validators.decimal_fault("1234.5", 5, 2))
    assert.is_nil(validators.decimal_fault("-123.40", 5, 2))
  end)

  local function accept(validator, good, bad)
    for _, value in ipairs(good) do
      assert.is_true(passes(validator, value), value)
    end
    for _, value in ipairs(bad) do
      assert.is_false(passes(validator, value), value)
    end
  end

  it("know e-mail addresses", function()
    accept(validators.email, { "a@b.de", "first.last+tag@sub.example.org", "x@localhost" },
      { "", "a", "a@", "@b.de", "a b@c.de", "a@b", "a@-b.de", "a@b..de", ".a@b.de", "a@b.de\n" })
  end)

  it("know URLs", function()
    accept(validators.url, { "http://example.org", "https://example.org:8080/a?b#c", "http://127.0.0.1/",
      "http://[::1]/", "ftp://user@host.example/x" },
      { "", "example.org", "http://", "javascript:alert(1)", "http://exa mple.org", "http://x",
        "http://a.b:99999" })
  end)

  it("know slugs", function()
    accept(validators.slug(), { "a-b_c9" }, { "", "a b", "ä", "a/b" })
    accept(validators.slug(true), { "ä-b" }, { "a b" })
  end)

  it("know IP addresses", function()
    accept(validators.ip_address "ipv4", { "0.0.0.0", "255.255.255.255" },
      { "256.1.1.1", "1.1.1", "1.1.1.1.1", "01.1.1.1", "::1", "" })
    accept(validators.ip_address "ipv6", { "::", "::1", "2001:db8::8a2e:370:7334", "::ffff:1.2.3.4",
      "1:2:3:4:5:6:7:8" }, { "1:2:3", ":::", "1::2::3", "12345::", "1.2.3.4", "1:2:3:4:5:6:7:8:9", ":1" })
    accept(validators.ip_address "both", { "::1", "1.2.3.4" }, { "x" })
  end)

  it("know paths below a folder", function()
    accept(validators.file_path("/srv/files", "%.txt$"), { "/srv/files/a.txt", "/srv/files/b/a.txt" },
      { "/etc/passwd", "/srv/files/../x.txt", "/srv/files/a.png", "/srv/filesa.txt" })
  end)

  it("are equal by name and arguments", function()
    assert.is_true(validators.min_value(3) == validators.min_value(3))
    assert.is_false(validators.min_value(3) == validators.min_value(4))
    assert.is_false(validators.min_value(3) == validators.max_value(3))
  end)
end)
