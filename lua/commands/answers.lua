--- Answers to the autodetector's questions from the command line: --rename old:new and --default field=value.
local errors = require "rdb.orm.errors"
local questioner = require "rdb.migrations.questioner"

local M = {}


local function usage(message, ...)
  errors.raise_with("misuse", { exit_code = 2 }, message, ...)
end


local function read_rename(answers, text)
  if text == "none" then
    answers.no_renames = true
    return
  end
  local old, new = text:match "^([%w_.]+):([%w_.]+)$"
  local _, dots = (old or ""):gsub("%.", "")
  if not old or dots < 1 or dots > 2 then
    usage("--rename takes app.Model:NewName, app.Model.field:new_name or none, got %q", text)
  end
  new = new:match "[^.]*$"
  if dots == 1 then
    answers.rename_models[old] = new
  else
    answers.rename_fields[old] = new
  end
end


-- The value of --default, in the type of the field that the models say.
local function read_default(answers, text, state)
  local key, value = text:match "^([%w_]+%.[%w_]+%.[%w_]+)=(.*)$"
  if not key then
    usage("--default takes app.Model.field=value, got %q", text)
  end
  local label, name = key:match "^(.*)%.([^.]*)$"
  local model = state.models[label]
  local field = model and model.by_name[name]
  if not field then
    usage("--default %s: there is no such field in the models", key)
  end
  local parsed, problem = questioner.parse_value(field, value)
  if parsed == nil then
    usage("--default %s: %s", key, problem or "the value does not fit")
  end
  answers.defaults[key] = parsed
end


--- The answers that flags give.
-- @tparam {string,...} renames values of --rename
-- @tparam {string,...} defaults values of --default
-- @tparam ProjectState state of the models
-- @raise misuse with exit code 2 for a malformed flag
function M.from_flags(renames, defaults, state)
  local answers = { rename_models = {}, rename_fields = {}, defaults = {}, no_renames = false }
  for _, text in ipairs(renames) do
    read_rename(answers, text)
  end
  for _, text in ipairs(defaults) do
    read_default(answers, text, state)
  end
  return answers
end


--- Answers for finding out whether anything changed: nobody is asked, and any default will do.
-- @tparam ?table known see from_flags
function M.lenient(known)
  known = known or {}
  local self = questioner.from_answers {
    rename_models = known.rename_models, rename_fields = known.rename_fields, no_renames = true,
  }
  function self.ask_default() return 0 end
  return self
end


--- Who answers: a person when there is a terminal and nobody forbade it, else the flags alone.
-- @tparam table answers see from_flags
-- @tparam table options of the command: no_input, json
-- @tparam Terminal terminal
function M.questioner(answers, options, terminal)
  if options.check then
    return M.lenient(answers)
  elseif terminal.is_interactive() and not options.no_input and not options.json then
    return questioner.interactive(answers)
  end
  return questioner.strict(answers, function(text) terminal:warn(text) end)
end


return M
