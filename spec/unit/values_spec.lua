--- The value types: text forms, fields, comparison, arithmetic, and what they refuse.
local core = require "rdb.core"

--- Asserts that fn raises an rdb error with this code, whose message has the fragment.
local function refuses(code, fragment, fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  assert.equal("table", type(err))
  assert.equal(code, err.code)
  assert.is_truthy(err.message:find(fragment, 1, true), err.message)
end

describe("date", function()
  it("reads and prints ISO 8601", function()
    assert.equal("2024-02-29", tostring(core.date "2024-02-29"))
    assert.equal("0001-01-01", tostring(core.date "0001-01-01"))
    assert.equal("9999-12-31", tostring(core.date { 9999, 12, 31 }))
    assert.equal("2024-02-29", tostring(core.date { year = 2024, month = 2, day = 29 }))
  end)

  it("has fields", function()
    local d = core.date "2024-02-29"
    assert.same({ 2024, 2, 29, 4 }, { d.year, d.month, d.day, d.weekday })
    assert.is_nil(d.hour)
    assert.equal("date", core.is(d))
  end)

  it("refuses days that do not exist", function()
    for _, text in ipairs { "2023-02-29", "2024-13-01", "0000-01-01", "10000-01-01", "2024-1-1", "", "2024-02-29x" } do
      refuses("invalid_value", "not a date", core.date, text)
    end
    refuses("invalid_value", "not a date", core.date, { 2023, 2, 29 })
    refuses("invalid_value", "month: expected an integer, got a string", core.date, { year = 2023, month = "2" })
    refuses("invalid_value", "expected the text of a date, got an integer", core.date, 20240229)
    refuses("invalid_value", "got nil", core.date, nil)
  end)

  it("compares with dates only", function()
    local a, b = core.date "2024-02-29", core.date "2024-03-01"
    assert.is_true(a == core.date "2024-02-29")
    assert.is_true(a < b and a <= b and b > a and a ~= b)
    assert.is_false(a == core.datetime(a))
    refuses("invalid_value", "cannot compare a date with a datetime", function() return a < core.now() end)
    refuses("invalid_value", "cannot compare a date with a string", function() return a < "2024-03-01" end)
  end)

  it("moves by durations", function()
    local d = core.date "2024-01-31"
    assert.equal("2024-02-29", tostring(d + core.duration "P1M"))
    assert.equal("2024-02-29", tostring(core.duration "P1M" + d))
    assert.equal("2023-12-31", tostring(d - core.duration "P1M"))
    assert.equal("2025-01-31", tostring(d + core.duration "P1Y"))
    assert.equal("2024-03-01", tostring(d + core.duration "P30D"))
    assert.equal("P29D", tostring(core.date "2024-03-01" - core.date "2024-02-01"))
    refuses("invalid_value", "whole days", function() return d + core.duration "PT1H" end)
    refuses("out_of_range", "1 to 9999", function() return core.date "9999-12-31" + core.duration "P1D" end)
    refuses("out_of_range", "1 to 9999", function() return core.date "0001-01-01" - core.duration "P1M" end)
    refuses("invalid_value", "expected a duration, got an integer", function() return d + 1 end)
  end)

  it("cannot be changed", function()
    refuses("misuse", "cannot be changed", function() core.date("2024-02-29").year = 1 end)
    assert.is_false(getmetatable(core.date "2024-02-29"))
  end)

  it("is formatted like os.date", function()
    assert.equal("29.02.2024 (060) 100%", core.date("2024-02-29"):format "%d.%m.%Y (%j) 100%%")
    assert.equal("0033-04-03", core.date("0033-04-03"):format "%F")
    refuses("invalid_value", "unknown conversion", function() return core.date("2024-02-29"):format "%Q" end)
    refuses("invalid_value", "unknown conversion", function() return core.date("2024-02-29"):format "%" end)
  end)
end)

describe("time", function()
  it("keeps microseconds", function()
    assert.equal("12:30:00", tostring(core.time "12:30"))
    assert.equal("23:59:59.999999", tostring(core.time "23:59:59.999999"))
    assert.equal("01:02:03.000004", tostring(core.time { 1, 2, 3, 4 }))
    local t = core.time "01:02:03.000004"
    assert.same({ 1, 2, 3, 4 }, { t.hour, t.minute, t.second, t.microsecond })
    assert.is_true(core.time "01:00" < core.time "01:00:00.000001")
    assert.equal("01.02 000004", t:format "%H.%M %f")
  end)

  it("refuses what is no time of day", function()
    for _, text in ipairs { "24:00:00", "12:60", "12:30:61", "1:2:3", "12:30:00.0000001", "noon" } do
      refuses("invalid_value", "not a time", core.time, text)
    end
    refuses("invalid_value", "not a time", core.time, { hour = 24 })
  end)
end)

describe("datetime", function()
  it("is an instant, printed in UTC", function()
    assert.equal("2024-02-29T12:00:00.000001Z", tostring(core.datetime "2024-02-29T12:00:00.000001Z"))
    assert.equal("2024-02-29T12:00:00Z", tostring(core.datetime "2024-02-29 12:00:00"))
    assert.equal("2024-02-29T10:30:00Z", tostring(core.datetime "2024-02-29T12:00:00+01:30"))
    assert.equal("2024-03-01T01:00:00Z", tostring(core.datetime "2024-02-29T20:00:00-0500"))
    assert.equal("2024-02-29T00:00:00Z", tostring(core.datetime(core.date "2024-02-29")))
    assert.equal("2024-02-29T06:00:00Z", tostring(core.datetime(core.date "2024-02-29", core.time "06:00")))
    assert.is_true(core.datetime "2024-02-29T12:00:00+01:00" == core.datetime "2024-02-29T11:00:00Z")
  end)

  it("reaches from year 1 to 9999", function()
    assert.equal("0001-01-01T00:00:00Z", tostring(core.datetime "0001-01-01T00:00:00Z"))
    assert.equal("9999-12-31T23:59:59.999999Z", tostring(core.datetime "9999-12-31T23:59:59.999999Z"))
    refuses("invalid_value", "not a datetime", core.datetime, "0001-01-01T00:00:00+01:00")
    refuses("out_of_range", "1 to 9999", function()
      return core.datetime "9999-12-31T23:59:59.999999Z" + core.duration "PT0.000001S"
    end)
    refuses("out_of_range", "1 to 9999", function()
      return core.datetime "0001-01-01T00:00:00Z" - core.duration { days = 2000000000 }
    end)
  end)

  it("has fields, a date and a time", function()
    local d = core.datetime "1969-12-31T23:59:59.5Z"
    assert.same({ 1969, 12, 31, 23, 59, 59, 500000, 3 },
      { d.year, d.month, d.day, d.hour, d.minute, d.second, d.microsecond, d.weekday })
    assert.equal("1969-12-31", tostring(d:date()))
    assert.equal("23:59:59.500000", tostring(d:time()))
    assert.equal("1969-12-31", tostring(core.date(d)))
    assert.equal("Wed, 31 Dec 1969 23:59:59 +0000", d:format "%a, %d %b %Y %H:%M:%S %z")
  end)

  it("moves by durations and subtracts to one", function()
    local d = core.datetime "2024-01-31T12:00:00Z"
    assert.equal("2024-02-29T14:00:00Z", tostring(d + core.duration "P1MT2H"))
    assert.equal("2024-01-30T11:59:59.999999Z", tostring(d - core.duration "P1DT0.000001S"))
    assert.equal("P1DT1H", tostring(core.datetime "2024-02-01T13:00:00Z" - d))
    assert.equal(-90000, (d - core.datetime "2024-02-01T13:00:00Z").seconds)
  end)

  it("now is after the day this was written", function()
    assert.is_true(core.now() > core.datetime "2024-01-01T00:00:00Z")
  end)
end)

describe("duration", function()
  it("reads and prints ISO 8601", function()
    for text, canonical in pairs {
      P1DT2H = "P1DT2H", PT26H = "P1DT2H", P2W = "P14D", P14M = "P1Y2M", ["PT0.5S"] = "PT0.5S", P0D = "PT0S",
      ["-P1DT2H"] = "P-1DT-2H", ["P1DT-1H"] = "PT23H", ["P1Y2M3DT4H5M6.000007S"] = "P1Y2M3DT4H5M6.000007S",
    } do
      local printed = tostring(core.duration(text))
      assert.equal(canonical, (printed:gsub("(%.%d-)0+S", "%1S")), text)
      assert.is_true(core.duration(printed) == core.duration(text))
    end
    for _, text in ipairs { "", "P", "PT", "1D", "P1H", "P1DT", "PT1.0000001S" } do
      refuses("invalid_value", "not a duration", core.duration, text)
    end
  end)

  it("counts seconds", function()
    assert.equal("integer", math.type(core.duration("P1D").seconds))
    assert.equal(86400, core.duration("P1D").seconds)
    assert.equal(1.5, core.duration("PT1.5S").seconds)
    assert.is_true(core.duration(1.5) == core.duration "PT1.5S")
    assert.is_true(core.duration(93600) == core.duration { days = 1, hours = 2 })
    local d = core.duration { years = 1, months = 2, weeks = 1, days = 3, minutes = 1, microseconds = 5 }
    assert.same({ 14, 10, 60000005 }, { d.months, d.days, d.microseconds })
    refuses("out_of_range", "duration", core.duration, math.huge)
    refuses("out_of_range", "duration", core.duration, 0 / 0)
    refuses("out_of_range", "duration", core.duration, math.maxinteger)
    refuses("invalid_value", "seconds: expected a number", core.duration, { seconds = "1" })
  end)

  it("adds, subtracts, multiplies, compares", function()
    local hour = core.duration "PT1H"
    assert.is_true(hour * 24 == core.duration "P1D")
    assert.is_true(24 * hour == core.duration "P1D")
    assert.is_true(hour + hour == core.duration "PT2H")
    assert.is_true(hour - core.duration "P1D" == core.duration "-PT23H")
    assert.is_true(-hour == core.duration "-PT1H")
    assert.is_true(core.duration "P1M" == core.duration "P30D") -- as PostgreSQL compares
    assert.is_true(core.duration "P1M" < core.duration "P31D")
    assert.is_true(core.duration "-PT1S" < core.duration "PT0S")
    refuses("invalid_value", "multiplied by an integer", function() return hour * 1.5 end)
    refuses("out_of_range", "out of range", function() return hour * math.maxinteger end)
    local long = core.duration "P2000000000D"
    refuses("out_of_range", "32 bits", function() return long + long end)
  end)
end)

describe("decimal", function()
  local d = core.decimal

  it("keeps its places and compares by value", function()
    assert.equal("1.10", tostring(d "1.10"))
    assert.is_true(d "1.10" == d "1.1")
    assert.equal(2, d("1.10"):places())
    assert.equal("1000", tostring(d "1E+3"))
    assert.equal("-0.005", tostring(d "-.5e-2"))
    assert.equal("0.00", tostring(d "-0.00"))
    assert.equal("9223372036854775807", tostring(d(math.maxinteger)))
    assert.is_true(d "2" > 1 and 3 > d "2.5" and d "2" <= 2)
    assert.is_false(d "2" == d "3")
  end)

  it("refuses floats and other text", function()
    refuses("invalid_value", "a float has no exact decimal value", d, 1.5)
    refuses("invalid_value", "does not mix with a float", function() return d "1" + 1.5 end)
    refuses("invalid_value", "does not mix with a float", function() return d "1" < 1.5 end)
    refuses("invalid_value", "got a string", function() return d "1" + "1" end)
    for _, text in ipairs { "", "abc", "1,5", "1.2.3", "0x10", "nan", "inf", " 1", "1e" } do
      refuses("invalid_value", "not a decimal", d, text)
    end
  end)

  it("calculates exactly", function()
    assert.equal("0.3", tostring(d "0.1" + d "0.2"))
    assert.equal("2.10", tostring(d "1.10" + 1))
    assert.equal("-0.90", tostring(d "0.10" - 1))
    assert.equal("0.0200", tostring(d "0.10" * d "0.20"))
    assert.equal("1219326311370217952289932936891510440477.625",
      tostring(d "12345678901234567890.5" * d "98765432109876543210.25"))
    assert.equal("-1.5", tostring(-d "1.5"))
    assert.equal("1.5", tostring(-d "-1.5"))
  end)

  it("divides to 28 digits, half to even", function()
    assert.equal("0.3333333333333333333333333333", tostring(d "1" / 3))
    assert.equal("0.6666666666666666666666666667", tostring(d "2" / 3))
    assert.equal("2.5", tostring(d "10" / 4))
    assert.equal("0.50", tostring(d "1.00" / 2))
    assert.equal("1000", tostring(d "1" / d "0.001"))
    assert.equal("12345678901234567890123456789012345678", tostring(d "12345678901234567890123456789012345678" / 1))
    assert.equal("0.00", tostring(d "0.00" / 7))
    refuses("invalid_value", "by zero", function() return d "1" / 0 end)
    refuses("invalid_value", "by zero", function() return d "1" % d "0.00" end)
  end)

  it("divides to integers as Lua does", function()
    for _, pair in ipairs { { 7, 3 }, { -7, 3 }, { 7, -3 }, { -7, -3 }, { 6, 3 }, { -6, 3 } } do
      local a, b = pair[1], pair[2]
      assert.equal(tostring(a // b), tostring(d(a) // b))
      assert.equal(tostring(a % b), tostring(d(a) % b))
    end
    assert.equal("0.5", tostring(d "5.5" % 1))
  end)

  it("quantizes", function()
    assert.equal("2", tostring(d("2.5"):quantize(0)))
    assert.equal("4", tostring(d("3.5"):quantize(0)))
    assert.equal("3", tostring(d("2.5"):quantize(0, "half_up")))
    assert.equal("-3", tostring(d("-2.5"):quantize(0, "half_up")))
    assert.equal("-2.5", tostring(d("-2.59"):quantize(1, "down")))
    assert.equal("1.500", tostring(d("1.5"):quantize(3)))
    assert.equal("10.0", tostring(d("9.96"):quantize(1)))
    refuses("out_of_range", "places", function() return d("1"):quantize(-1) end)
    assert.has_error(function() return d("1"):quantize(0, "up") end)
  end)

  it("goes to numbers", function()
    assert.equal(1.1, d("1.10"):tonumber())
    assert.equal(10, d("10"):tonumber())
    assert.equal(5, d("5.00"):tointeger())
    assert.equal(math.mininteger, d("-9223372036854775808"):tointeger())
    assert.is_nil(d("9223372036854775808"):tointeger())
    assert.is_nil(d("5.5"):tointeger())
    assert.same({ -1, 0, 1 }, { d("-0.1"):sign(), d("0.0"):sign(), d("3"):sign() })
    assert.equal("0.1", tostring(d("-0.1"):abs()))
  end)

  it("has room for hundreds of digits", function()
    local text = ("9"):rep(500) .. "." .. ("1"):rep(400)
    assert.equal(text, tostring(d(text)))
    assert.equal(text, tostring(d(text) + 0))
    assert.is_true(d(text) * d(text) / d(text) == d(text))
    refuses("out_of_range", "more than", function() return d "1e60000" * d "1e60000" end)
  end)
end)

describe("uuid", function()
  it("reads the usual forms and prints one", function()
    local text = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
    for _, form in ipairs { text, text:upper(), (text:gsub("-", "")), "{" .. text .. "}" } do
      assert.equal(text, tostring(core.uuid(form)))
    end
    assert.equal(16, #core.uuid(text).bytes)
    assert.equal(1, core.uuid(text).version)
    refuses("invalid_value", "not a uuid", core.uuid, "6ba7b810")
  end)

  it("makes random ones, but not out of nil", function()
    local a, b = core.uuid(), core.uuid()
    assert.is_true(a ~= b and a == core.uuid(tostring(a)))
    assert.equal(4, a.version)
    refuses("invalid_value", "got nil", core.uuid, nil)
    assert.is_true((a < b) ~= (b < a))
  end)
end)

describe("core.is", function()
  it("names value types only", function()
    local values = { date = core.date "2024-01-01", time = core.time "01:00", datetime = core.now(),
      duration = core.duration "P1D", decimal = core.decimal "1", uuid = core.uuid() }
    for name, value in pairs(values) do
      assert.equal(name, core.is(value))
    end
    for _, other in ipairs { 1, "x", true, {}, io.stdout, core.null } do
      assert.is_nil(core.is(other))
    end
    assert.is_nil(core.is(nil))
  end)
end)

describe("values in an instance", function()
  local connections = require "rdb.orm.connections"

  it("are not changed by being stored and read", function()
    local rdb = require "rdb"
    rdb.configure { databases = { default = "sqlite://:memory:" } }
    finally(connections.close_all)
    local f = rdb.fields
    local Sample = rdb.model "values.Sample" {
      span = f.duration(), amount = f.decimal { max_digits = 40, decimal_places = 2 },
      at = f.datetime(), key = f.uuid(),
    }
    require("rdb.migrations.schema.editor").new("default"):create_model(Sample)
    local values = {
      span = core.duration "P1DT2H", amount = core.decimal "12345678901234567890123456789.10",
      at = core.datetime "2024-02-29T12:00:00.000001Z", key = core.uuid(),
    }
    Sample(values):save()
    local sample = Sample.objects:get { id = 1 }
    assert.is_false(sample:is_dirty())
    for name, value in pairs(values) do
      assert.equal(tostring(value), tostring(sample[name]))
      assert.is_true(value == sample[name])
    end
  end)
end)
