--- Writing the files that init and startapp begin with. Nothing that exists is overwritten.
local core = require "rdb.core"
local errors = require "rdb.orm.errors"

local M = {}


local made -- paths that were made since `whole` began


--- Call fn; when it raises, what was made by the functions below goes away again.
function M.whole(fn, ...)
  made = {}
  local ok, err = pcall(fn, ...)
  local paths = made
  made = nil
  if not ok then
    for index = #paths, 1, -1 do
      os.remove(paths[index])
    end
    error(err, 0)
  end
end


local function note(path)
  if made then
    made[#made + 1] = path
  end
end


--- Make a folder that must not exist yet. @raise config
function M.make_new_folder(path)
  if core.file_kind(path) then
    errors.raise("config", "%s exists already", path)
  end
  M.make_folder(path)
end


--- Make a folder; fine when it exists. @raise config
function M.make_folder(path)
  local existed = core.file_kind(path) ~= nil
  local ok, reason = core.make_directory(path)
  if not ok then
    errors.raise("config", "cannot make the folder %s: %s", path, reason)
  elseif not existed then
    note(path)
  end
end


--- Write a file whole or not at all.
-- @raise config when it cannot be written
function M.write(path, text)
  local existed = core.file_kind(path) ~= nil
  local temporary = path .. ".new"
  local file, reason = io.open(temporary, "wb")
  if not file then
    errors.raise("config", "cannot write %s: %s", path, reason)
  end
  local written, failure = file:write(text)
  local closed = file:close()
  if not (written and closed) then
    os.remove(temporary)
    errors.raise("config", "cannot write %s: %s", path, failure or "the disk is full?")
  end
  local renamed, why = os.rename(temporary, path)
  if not renamed then
    os.remove(temporary)
    errors.raise("config", "cannot write %s: %s", path, why)
  elseif not existed then
    note(path)
  end
end


--- A name for a project or an app.
-- @raise misuse with exit code 2
function M.check_name(what, name)
  if not name:find "^%a[%w_]*$" then
    errors.raise_with("misuse", { exit_code = 2 },
      "a name of %s is made of letters, digits and underscores and begins with a letter, got %q", what, name)
  end
end


return M
