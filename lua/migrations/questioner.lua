--- Answers what the autodetector cannot know. Every question has a flag of makemigrations that answers it.
--
--   from_answers(answers)             what is not answered: no rename; a missing default raises
--   strict(answers)                   the same, but a possible rename raises too
--   interactive(answers, io_streams)  asks a person
local errors = require "rdb.orm.errors"

local M = {}

local Questioner = {}
Questioner.__index = Questioner


local function new(answers, extra)
  answers = answers or {}
  for key in pairs(answers) do
    if key ~= "rename_models" and key ~= "rename_fields" and key ~= "defaults" and key ~= "no_renames" then
      errors.raise("misuse", "answers has no entry %q; it takes: defaults, no_renames, rename_fields, rename_models",
        tostring(key))
    end
  end
  local self = extra or {}
  self.renamed_models, self.renamed_fields = answers.rename_models or {}, answers.rename_fields or {}
  self.defaults, self.no_renames = answers.defaults or {}, answers.no_renames or false
  self.used = {} -- old name -> true for renames that were made
  return setmetatable(self, Questioner)
end


--- Is the model known to be renamed to new_name? nil when nobody said.
function Questioner:known_model_rename(old_label, new_name)
  local answer = self.renamed_models[old_label]
  if answer == nil then
    return nil
  end
  local renamed = answer == new_name or answer == old_label:match "^(.-)%." .. "." .. new_name
  self.used[old_label] = self.used[old_label] or renamed
  return renamed
end


--- Is the field known to be renamed to new_name? nil when nobody said.
-- @tparam {string,...} labels of the model, new and old
function Questioner:known_field_rename(labels, old_name, new_name)
  for _, label in pairs(labels) do
    local key = label .. "." .. old_name
    local answer = self.renamed_fields[key]
    if answer ~= nil then
      self.used[key] = self.used[key] or answer == new_name
      return answer == new_name
    end
  end
  return nil
end


--- The renames in the answers that nothing was renamed by: misspelt, or not in the models.
-- @treturn {string,...} "blog.Author.name:full_name", sorted
function Questioner:unused_renames()
  local list = {}
  for _, answers in ipairs { self.renamed_models, self.renamed_fields } do
    for old, name in pairs(answers) do
      if not self.used[old] then
        list[#list + 1] = old .. ":" .. name
      end
    end
  end
  table.sort(list)
  return list
end


--- Was the model renamed?
function Questioner:ask_rename_model(old_label, new_label)
  if self.no_renames or not self.decide then
    return false
  end
  return self:decide(("Was the model %s renamed to %s?"):format(old_label, new_label:match "[^.]*$"),
    ("--rename %s:%s"):format(old_label, new_label:match "[^.]*$"))
end


--- Was the field renamed?
-- @tparam number score how alike the names are, 0 to 1
function Questioner:ask_rename_field(label, old_name, new_name, score)
  if self.no_renames or not self.decide then
    return false
  end
  return self:decide(("Was %s.%s renamed to %s? (the fields are equal, the names %d %% alike)"):format(label, old_name,
    new_name, math.floor(score * 100 + 0.5)), ("--rename %s.%s:%s"):format(label, old_name, new_name))
end


local REASONS = {
  addition = "%s is new and not null, so the rows that exist need a value",
  alteration = "%s becomes not null, so the rows that have NULL there need a value",
}


--- The value that existing rows get for a field.
-- @tparam string why "addition" or "alteration"
-- @return a value; for an alteration nil when there are no NULLs to fill
-- @raise misuse with `flag` when nobody knows
function Questioner:ask_default(label, name, field, why)
  local key = label .. "." .. name
  local value = self.defaults[key]
  if value ~= nil then
    return value
  end
  local reason = REASONS[why]:format(key)
  if self.ask_value then
    return self:ask_value(reason, key, field, why)
  end
  errors.raise_with("misuse", { flag = ("--default %s=VALUE"):format(key), needs_answer = true },
    "%s; give it a default, make it null, or answer with --default %s=VALUE", reason, key)
end


--- Tell about something that will not go as one may think.
function Questioner:warn(text)
  if self.on_warning then
    self.on_warning(text)
  end
end


--- Answers from a table; see autodetector.changes for its shape.
function M.from_answers(answers)
  return new(answers)
end


--- Answers from a table; a question about a rename that it does not answer raises.
-- @tparam[opt] function on_warning gets the text of warnings
function M.strict(answers, on_warning)
  local self = new(answers, { on_warning = on_warning })
  function self.decide(_, question, flag)
    errors.raise_with("misuse", { flag = flag, needs_answer = true }, "%s Answer with %s, or with --rename none",
      question, flag)
  end
  return self
end


--- The value that a person wrote for a field.
-- @tparam Field field
-- @tparam string text
-- @treturn any nil when the text does not fit, with a message
function M.parse_value(field, text)
  local kind = rawget(field, "kind") or (field.positional ~= "to" and field.kind) or "any"
  if kind == "int64" or kind == "any" then
    local number = math.tointeger(tonumber(text))
    if number or kind == "any" then
      return number or text
    end
    return nil, "expected an integer"
  elseif kind == "double" then
    return tonumber(text), "expected a number"
  elseif kind == "bool" then
    local values = { ["true"] = true, ["false"] = false, yes = true, no = false, ["1"] = true, ["0"] = false }
    return values[text:lower()], "expected true or false"
  elseif kind == "json" then
    local ok, value = pcall(require("rdb.core").json_decode, text)
    if not ok then
      return nil, "expected JSON"
    end
    return value
  end
  local fits, expected = require("rdb.orm.fields.kinds").accepts(kind, text)
  if not fits then
    return nil, "expected " .. expected
  end
  return text
end


local function read_answer(streams, prompt)
  streams.output:write(prompt)
  streams.output:flush()
  local line = streams.input:read "l"
  if line == nil then
    streams.output:write "\n"
    errors.raise_with("misuse", { aborted = true }, "aborted: nothing was written")
  end
  return line:match "^%s*(.-)%s*$"
end


--- Asks a person what the answers do not tell.
-- @tparam table answers see from_answers
-- @tparam[opt] table streams { input=, output= }, default standard input and standard error
function M.interactive(answers, streams)
  streams = streams or { input = io.stdin, output = io.stderr }
  local self = new(answers, { on_warning = function(text) streams.output:write("Warning: " .. text .. "\n") end })

  function self.decide(_, question)
    while true do
      local answer = read_answer(streams, question .. " [y/N] "):lower()
      if answer == "" or answer == "n" or answer == "no" then
        return false
      elseif answer == "y" or answer == "yes" then
        return true
      end
      streams.output:write "Please answer y or n.\n"
    end
  end

  function self.ask_value(_, reason, key, field, why)
    streams.output:write(reason .. ".\n")
    local hint = why == "alteration" and " (empty: there are no NULLs)" or ""
    while true do
      local text = read_answer(streams, ("Value for %s%s: "):format(key, hint))
      if text == "" and why == "alteration" then
        return nil
      end
      local value, problem = M.parse_value(field, text)
      if value ~= nil then
        return value
      end
      streams.output:write(problem .. ".\n")
    end
  end
  return self
end


return M
