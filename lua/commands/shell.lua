--- shell: Lua with the project configured and all models at hand.
local errors = require "rdb.orm.errors"
local project = require "rdb.commands.project"

local M = {
  summary = "Run Lua with all models at hand.",
  examples = {
    "rdb-lua manage.lua shell                                          interactive",
    "rdb-lua manage.lua shell -c 'print(Post.objects:count())'         one command",
    "rdb-lua manage.lua shell < script.lua",
  },
}


function M.arguments(parser)
  parser:option("-c --command", "Run this and exit."):argname "CODE"
end


-- Every model under its name as a global; under app_Name where two apps have one of the same name.
local function import_models(environment)
  local models, count = require("rdb.orm.registry").default:models(), {}
  for _, model in ipairs(models) do
    count[model._meta.name] = (count[model._meta.name] or 0) + 1
  end
  local names = {}
  for _, model in ipairs(models) do
    local meta = model._meta
    local name = count[meta.name] == 1 and rawget(environment, meta.name) == nil and meta.name
      or meta.app_label .. "_" .. meta.name
    environment[name] = model
    names[#names + 1] = name
  end
  return names
end


local function run_code(code, name)
  local chunk, reason = load(code, name, "t")
  if not chunk then
    errors.raise("misuse", "%s", reason)
  end
  chunk()
end


function M.run(options, terminal)
  project.models_state() -- loads the models
  rawset(_G, "rdb", require "rdb")
  local names = import_models(_G)
  if options.command then
    return run_code(options.command, "=(command line)")
  elseif not terminal.is_interactive() then
    return run_code(io.read "a", "=stdin")
  end
  local found, repl = pcall(require, "rdb.repl")
  if not found then
    errors.raise("unsupported", "the interactive shell needs rdb-lua; use -c CODE, or send a script to standard input")
  end
  terminal:note(("rdb%s"):format(#names > 0 and ", " .. table.concat(names, ", ") or ""))
  repl()
end


return M
