--- What the databases of the settings cannot do of the project's models.
local connections = require "rdb.orm.connections"

local M = {}


-- The dialects of all databases, each once. A database that cannot be opened says so to commands that use it.
local function dialects()
  local list, seen = {}, {}
  for _, alias in ipairs(connections.aliases()) do
    local ok, dialect = pcall(connections.dialect, alias)
    if ok and not seen[dialect] then
      seen[dialect] = true
      list[#list + 1] = dialect
    end
  end
  return list
end


--- Look through the models of the project, which are loaded. Does not connect.
-- @treturn table { { text=, refused = bool }... }; refused: migrate will fail
function M.findings()
  local list, portability = {}, require "rdb.migrations.schema.portability"
  for _, dialect in ipairs(dialects()) do
    for _, model in ipairs(require("rdb.orm.registry").default:models()) do
      local found = model._meta.managed and portability.of_model(model, dialect) or {}
      table.move(found, 1, #found, #list + 1, list)
    end
  end
  return list
end


return M
