--- Throw-away folders, databases in them, and child processes of the interpreter that runs the specs.
local core = require "rdb.core"

local M = {}


local function read_command(command)
  local stream = assert(io.popen(command))
  local output = stream:read "a"
  local ok, how, status = stream:close()
  return output, ok and 0 or how == "exit" and status or 128 + (status or 0)
end


--- Quote an argument for sh.
function M.quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end


--- The interpreter that runs this spec; RDB_LUA names it where /proc does not tell (valgrind).
function M.interpreter()
  return os.getenv "RDB_LUA" or (read_command "readlink /proc/$PPID/exe":gsub("%s+$", ""))
end


--- Make a folder; remove it with M.remove.
-- @treturn string absolute path
function M.folder()
  return (read_command "mktemp -d /tmp/rdb-spec-XXXXXX":gsub("%s+$", ""))
end


--- Remove a folder made by M.folder.
function M.remove(path)
  assert(path:find "^/tmp/rdb%-spec%-", path)
  read_command("rm -rf " .. M.quote(path))
end


--- Write a file, making its folder.
function M.write(path, text)
  read_command("mkdir -p " .. M.quote(path:match "^(.*)/"))
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end


--- Read a file; nil when there is none.
function M.read(path)
  local file = io.open(path, "rb")
  local text = file and file:read "a"
  if file then file:close() end
  return text
end


--- Run a shell command.
-- @treturn string what it printed (both streams)
-- @treturn integer exit status
function M.shell(command) return read_command("{ " .. command .. "\n} 2>&1") end


--- Can script(1) make a pseudo-terminal here? Not in a chroot without /dev/pts.
function M.has_terminals()
  return select(2, M.shell "script -qec true /dev/null") == 0
end


--- Run a Lua script in a child of the same interpreter.
-- @tparam string folder to run in
-- @tparam string script path
-- @treturn string output
-- @treturn integer exit status
function M.run(folder, script, ...)
  local parts = { "cd", M.quote(folder), "&&", M.quote(M.interpreter()), M.quote(script) }
  for _, argument in ipairs { ... } do parts[#parts + 1] = M.quote(argument) end
  return M.shell(table.concat(parts, " "))
end


--- The rows of a query on a database file, through a pool of its own that is closed again.
function M.query(path, sql)
  local pool <close> = setmetatable({ pool = core.pool_open("temporary", "sqlite:///" .. path) }, {
    __close = function() core.pool_remove "temporary" end,
  })
  return (core.run(pool.pool, sql, {}))
end


--- Run several statements on a database file, as the sqlite3 shell does.
function M.script(path, sql)
  local name = os.tmpname()
  M.write(name, sql)
  local output, status = M.shell(("sqlite3 %s < %s"):format(M.quote(path), M.quote(name)))
  os.remove(name)
  assert(status == 0 and output == "", output)
end


--- The schema of a database file as texts: everything in sqlite_master by type and name, without the ledger.
function M.schema(path)
  local list = {}
  for _, row in ipairs(M.query(path, "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL "
      .. "AND tbl_name <> 'rdb_migrations' AND name <> 'sqlite_sequence' ORDER BY type, name")) do
    list[#list + 1] = row.sql
  end
  return list
end


return M
