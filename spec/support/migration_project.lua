--- A project folder with migrations of an app "blog", for specs of the executor and of child processes.
local temporary = require "spec.support.temporary"

local M = {}

local HEAD = 'local rdb, m, f = require "rdb", require "rdb.migrations", require "rdb.fields"\n'

M.INITIAL = [[
return m.Migration { initial = true, operations = {
  m.CreateModel { "Author", fields = {
    { "id", f.big_auto { primary_key = true } }, { "name", f.char { max_length = 20 } },
  } },
  m.CreateModel { "Tag", fields = { { "id", f.big_auto { primary_key = true } }, { "word", f.slug {} } } },
  m.CreateModel { "Post", fields = {
    { "id", f.big_auto { primary_key = true } }, { "title", f.char { max_length = 100 } },
    { "author", f.foreign_key { "blog.Author", on_delete = rdb.DB_CASCADE, related_name = "posts" } },
    { "tags", f.many_to_many { "blog.Tag" } },
  } },
} }
]]

M.SECOND = [[
return m.Migration { dependencies = { { "blog", "0001_initial" } }, operations = {
  m.AddField { model = "Author", name = "age", field = f.integer { default = 7 } },
  m.AlterField { model = "Author", name = "name", field = f.char { max_length = 50, unique = true } },
  m.AddIndex { model = "Author", index = rdb.Index { "-age", name = "by_age" } },
  m.RenameField { model = "Post", old_name = "title", new_name = "headline" },
  m.RenameModel { old_name = "Tag", new_name = "Label" },
} }
]]

M.THIRD = [[
return m.Migration { dependencies = { { "blog", "0002_second" } }, operations = {
  m.RunLua { forwards = function(apps)
    local Author = apps:get_model "blog.Author"
    Author.objects:create { name = "from lua", age = 1 }
  end, backwards = function(apps)
    apps:get_model "blog.Author".objects:filter { name = "from lua" }:delete()
  end },
} }
]]


--- Make a project.
-- @tparam table files name -> text of blog/migrations/<name>.lua, without the requires
-- @treturn string folder; app.db in it is the database
function M.new(files)
  local folder = temporary.folder()
  for name, text in pairs(files) do M.write(folder, name, text) end
  return folder
end


--- Write a migration.
function M.write(folder, name, text)
  temporary.write(("%s/blog/migrations/%s.lua"):format(folder, name), HEAD .. text)
end


--- A script that migrates the project in its working directory: arguments app, name; prints one line per event.
M.SCRIPT = [[
local rdb = require "rdb"
rdb.configure { databases = { default = "sqlite:///" .. os.getenv "PROJECT" .. "/app.db" }, apps = {} }
local executor = require "rdb.migrations.executor".new { apps = { "blog" }, root = os.getenv "PROJECT",
  on_event = function(event)
    print(event.event, event.key or "", event.result or "")
    io.stdout:flush()
  end }
local ok, err = pcall(executor.migrate, executor, arg[1] and { { arg[1], arg[2] } } or nil)
if not ok then
  io.stderr:write(tostring(err), "\n")
  os.exit(err.exit_code or 1)
end
]]


--- The shell command that migrates a project in a child process.
function M.command(folder, ...)
  local script = folder .. "/migrate_all.lua"
  temporary.write(script, M.SCRIPT)
  local parts = { "PROJECT=" .. temporary.quote(folder), temporary.quote(temporary.interpreter()),
    temporary.quote(script) }
  for _, argument in ipairs { ... } do parts[#parts + 1] = temporary.quote(argument) end
  return table.concat(parts, " ")
end


return M
