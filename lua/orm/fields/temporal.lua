--- Fields of time: date time datetime duration. Instants are UTC.
local kinds = require "rdb.orm.fields.kinds"

local Field = require "rdb.orm.fields.base"

-- A text is turned into its value before it is written, so that the instance holds what a query would give.
local function prepare(self, value)
  if type(value) == "string" then
    return kinds.convert(self.kind, value, self:label())
  end
  return value
end

local function check(self)
  Field.check(self)
  local ways = 0
  for _, name in ipairs { "auto_now", "auto_now_add", "default" } do
    if self[name] then
      ways = ways + 1
    end
  end
  if ways > 1 then
    self:problem("takes only one of auto_now, auto_now_add and default")
  end
  if self.auto_now or self.auto_now_add then
    self.editable, self.blank = false, true
  end
end

local function define(type_name, kind, from_text)
  local class = Field.define(type_name, { kind = kind, options = { "auto_now", "auto_now_add" } })
  class.prepares, class.prepare, class.check = true, prepare, check

  --- The value of now, for auto_now and auto_now_add.
  function class.now()
    local core = require "rdb.core"
    local now = core.now()
    return from_text and core[type_name](tostring(now):match(from_text)) or now
  end
end

define("date", "date", "^(%d+%-%d+%-%d+)")
define("time", "time", "[T ](%d+:%d+:%d+%.?%d*)")
define("datetime", "timestamp")

local Duration = Field.define("duration", { kind = "interval" })
Duration.prepares, Duration.prepare = true, prepare

return Field
