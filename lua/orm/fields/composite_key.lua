--- f.composite_key { "order", "line" }: a primary key of several fields. It is no column of its own.
local Field = require "rdb.orm.fields.base"

local CompositeKey = Field.define("composite_key", {
  kind = "any", positional = "list",
  without = {
    "null", "blank", "default", "db_default", "unique", "primary_key", "db_index", "db_column", "db_comment",
    "choices", "validators", "error_messages",
  },
})
CompositeKey.composite, CompositeKey.primary_key, CompositeKey.editable = true, true, false

function CompositeKey:check()
  local seen = {}
  self.field_names = {}
  for i, name in ipairs(self.given) do
    if type(name) ~= "string" then
      return self:problem("takes the names of its fields as texts")
    elseif seen[name] then
      return self:problem("names '%s' twice", name)
    end
    self.field_names[i], seen[name] = name, true
  end
  if #self.field_names < 2 then
    self:problem("needs the names of at least two fields: f.composite_key { \"order\", \"line\" }")
  end
end

return CompositeKey
