--- The migration files of apps: which there are, and what a file returns.
--
-- A migration is app/migrations/NNNN_name.lua; anything else in the folder is not ours and is left alone.
local core = require "rdb.core"
local errors = require "rdb.orm.errors"
local Migration = require "rdb.migrations.migration"

local M = {}


--- The folder with an app's migrations.
-- @tparam string|table root the project's folder, or app label -> the app's folder
-- @tparam string app app label
function M.folder(root, app)
  if type(root) == "table" then
    return (root[app] or app) .. "/migrations"
  end
  return root == "." and app .. "/migrations" or root .. "/" .. app .. "/migrations"
end


--- The files with migrations of one app, in order of name.
-- @tparam string|table root see folder
-- @tparam string app app label
-- @treturn {{app=,name=,path=,key=},...} empty when the folder does not exist
function M.list(root, app)
  local folder, list = M.folder(root, app), {}
  for _, file in ipairs(core.list_directory(folder) or {}) do
    local name = file:match "^(%d+_[%w_]+)%.lua$"
    if name then
      list[#list + 1] = { app = app, name = name, path = folder .. "/" .. file, key = app .. "." .. name }
    end
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end


--- The text of a file.
-- @raise config when it cannot be read
function M.read(path)
  local file, reason = io.open(path, "rb")
  if not file then
    errors.raise("config", "cannot read the migration %s: %s", path, reason)
  end
  local text <const> = file:read "a"
  file:close()
  return text
end


-- Errors inside the file name the line of the file, also when they are raised deep in our own code.
local function locate(path)
  local source = "@" .. path
  return function(err)
    local level = 2
    while true do
      local info = debug.getinfo(level, "Sl")
      if not info then
        break
      end
      if info.source == source then
        local message = type(err) == "table" and err.message or tostring(err)
        local where = ("%s:%d: "):format(path, info.currentline)
        local plain = message:sub(1, #where) == where and message or where .. message
        return errors.new(type(err) == "table" and err.code or "config", plain)
      end
      level = level + 1
    end
    -- `return m.Migration { … }` is a tail call: the frame with the line is gone
    if type(err) == "table" and err.message then
      return errors.new(err.code or "config", ("%s: %s"):format(path, err.message))
    end
    return err
  end
end


--- Run a migration file.
-- @tparam table entry one of `list`
-- @tparam[opt] string text the file's text, when it was read already
-- @treturn Migration placed under its app and name
-- @raise config with file and line for a syntax error, a runtime error or a file that returns something else
function M.load(entry, text)
  text = text or M.read(entry.path)
  local chunk, reason = load(text:gsub("^\xEF\xBB\xBF", ""), "@" .. entry.path, "t")
  if not chunk then
    errors.raise("config", "%s", reason)
  end
  local ok, result = xpcall(chunk, locate(entry.path))
  if not ok then
    error(result, 0)
  end
  if getmetatable(result) ~= Migration then
    errors.raise("config", "%s must return m.Migration { … }, it returns %s", entry.path,
      errors.type_name(result))
  end
  return result:place(entry.app, entry.name, entry.path, text)
end


return M
