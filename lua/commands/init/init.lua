--- rdb-lua init NAME: makes a project.
local M = {}

local MANAGE = [[
local rdb = require "rdb"
rdb.configure "settings.lua"
os.exit(rdb.manage(arg))
]]

local SETTINGS = [[
-- The settings of the project. DATABASE_URL overrides the default database.
return {
  databases = {
    default = "sqlite:///app.db",
  },
  apps = {},
}
]]

local GITIGNORE = [[
*.db
*.db-journal
*.db-shm
*.db-wal
]]

local USAGE = [[
Examples:
  rdb-lua init shop      make the folder shop/ with a project in it

Usage: rdb-lua init NAME
]]


local function make(name)
  local scaffold = require "rdb.commands.scaffold"
  scaffold.check_name("a project", name:match "[^/]*$")
  scaffold.whole(function()
    scaffold.make_new_folder(name)
    scaffold.write(name .. "/manage.lua", MANAGE)
    scaffold.write(name .. "/settings.lua", SETTINGS)
    scaffold.write(name .. "/.gitignore", GITIGNORE)
  end)
end


--- Run the command.
-- @tparam {string,...} arguments after "init"
-- @treturn integer exit code
function M.run(arguments)
  if arguments[1] == "--help" or arguments[1] == "-h" then
    io.stdout:write(USAGE)
    return 0
  elseif #arguments ~= 1 then
    io.stderr:write("Error: init takes the name of the project\n\n", USAGE)
    return 2
  end
  local name = arguments[1]:gsub("/+$", "")
  local ok, err = pcall(make, name)
  if not ok then
    io.stderr:write("Error: ", type(err) == "table" and err.message or tostring(err), "\n")
    return type(err) == "table" and err.exit_code or 1
  end
  io.stdout:write(("%s/manage.lua\n%s/settings.lua\n%s/.gitignore\n\n"):format(name, name, name),
    ("Next: cd %s && rdb-lua manage.lua startapp blog\n"):format(name))
  return 0
end


return M
