--- dbshell: opens the shell of the database itself.
local connections = require "rdb.orm.connections"
local errors = require "rdb.orm.errors"

local M = {
  summary = "Open the database's own shell.",
  examples = {
    "rdb-lua manage.lua dbshell", "rdb-lua manage.lua dbshell -- -readonly",
    "echo .tables | rdb-lua manage.lua dbshell",
  },
}


function M.arguments(parser)
  parser:option("--database", "Alias of the database."):default "default"
  parser:argument("arguments", "Arguments for the shell, after --."):args "*"
end


local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end


function M.run(options)
  local pool = connections.pool(options.database)
  local shell = require("rdb.orm.dialects.shells")[pool:backend()]
  if not shell then
    errors.raise("unsupported", "dbshell knows no shell for %s", pool:backend())
  end
  local words = shell(pool)
  if words[2] == ":memory:" then
    errors.raise("unsupported", "%s is in memory: another process cannot open it", options.database)
  elseif not os.execute(("command -v %s >/dev/null 2>&1"):format(words[1])) then
    errors.raise("config", "the program %s is not installed (Debian: apt install %s)", words[1], words[1])
  end
  table.move(options.arguments, 1, #options.arguments, #words + 1, words) -- sqlite3 takes options after the file too
  for index, word in ipairs(words) do
    words[index] = quote(word)
  end
  local _, _, code = os.execute(table.concat(words, " "))
  return code
end


return M
