--- All operations by name.
local M = {}

for _, part in ipairs { "models", "model_options", "fields", "indexes", "constraints", "special" } do
  for name, value in pairs(require("rdb.migrations.operations." .. part)) do
    M[name] = value
  end
end
M.ModelOperation = nil -- a parent of others

return M
