--- startapp: adds an app to the project: its folder, and its name in the settings.
local project = require "rdb.commands.project"

local M = {
  summary = "Add an app to the project.",
  examples = { "rdb-lua manage.lua startapp blog    makes blog/models.lua and blog/migrations/, edits settings.lua" },
}

local MODELS = [[
local rdb = require "rdb"
local f = rdb.fields

-- local Post = rdb.model "%s.Post" {
--   title = f.char { max_length = 200 },
-- }
]]


function M.arguments(parser)
  parser:argument("name", "Name of the app.")
end


local function read(path)
  local file = io.open(path, "rb")
  local text = file and file:read "a"
  if file then
    file:close()
  end
  return text
end


local function add_to_settings(base, name, terminal)
  local path = base .. "settings.lua"
  local text = read(path)
  local changed = text and require("rdb.commands.settings_file").add_app(text, name)
  if changed then
    require("rdb.commands.scaffold").write(path, changed)
  end
  terminal:print(base .. name .. "/models.lua")
  terminal:print(base .. name .. "/migrations/")
  if changed then
    terminal:print(("%s: apps has %q now"):format(path, name))
  else
    terminal:warn(("add %q to apps in your settings yourself: %s has no plain apps = { … }"):format(name, path))
  end
end


function M.run(options, terminal)
  local scaffold = require "rdb.commands.scaffold"
  local errors = require "rdb.orm.errors"
  local name, base = options.name, project.base()
  scaffold.check_name("an app", name)
  local _, folders = project.apps()
  if folders[name] then
    errors.raise("config", "the app %q is in the settings already", name)
  end
  scaffold.whole(function()
    scaffold.make_new_folder(base .. name)
    scaffold.make_folder(base .. name .. "/migrations")
    scaffold.write(base .. name .. "/models.lua", MODELS:format(name))
    add_to_settings(base, name, terminal)
  end)
  terminal:note(("\nNext: write models in %s%s/models.lua, then %s makemigrations"):format(base, name, options.program))
end


return M
