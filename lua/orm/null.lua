--- rdb.null: the value that writes SQL NULL and stands for JSON null.
-- The core's sentinel; without the core (tools that only read definitions) a stand-in with the same duties.
local found, core = pcall(require, "rdb.core")
if found then
  return core.null
end
return setmetatable({}, { __tostring = function() return "null" end, __name = "rdb.null" })
