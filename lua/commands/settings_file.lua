--- Adds an app to the text of settings.lua, which is a person's file: nothing else in it changes.
local lpeg = require "lpeg"

local P, R, S, C, Cp, V = lpeg.P, lpeg.R, lpeg.S, lpeg.C, lpeg.Cp, lpeg.V

local M = {}

local long_open = P "[" * lpeg.Cg(P "=" ^ 0, "level") * P "["
local long_close = P "]" * C(P "=" ^ 0) * P "]"
local closes = lpeg.Cmt(long_close * lpeg.Cb "level", function(_, _, found, level) return found == level end)
local long_text = long_open * (1 - closes) ^ 0 * closes / 0
local comment = P "--" * (long_text + (1 - P "\n") ^ 0)
local short_text = P '"' * (P "\\" * 1 + (1 - P '"')) ^ 0 * P '"' + P "'" * (P "\\" * 1 + (1 - P "'")) ^ 0 * P "'"
local text = long_text + short_text
local space = (S " \t\r\n" + comment) ^ 0
local name = (R("az", "AZ") + P "_") * (R("az", "AZ", "09") + P "_") ^ 0
local word_end = -(R("az", "AZ", "09") + P "_")

local braces = P { P "{" * (comment + text + V(1) + (1 - S "{}")) ^ 0 * P "}" }
-- Positions: after the opening brace of apps = { … } and of its closing brace.
local apps = P "apps" * word_end * space * P "=" * space * Cp() * #braces * (braces / 0) * Cp()
local anywhere = P { apps + (comment + text + name + 1) * V(1) }


-- The apps that a settings text returns; nil when it cannot be run.
local function apps_of(settings)
  local chunk = load(settings, "=settings.lua", "t")
  local ok, result = pcall(chunk or error)
  return ok and type(result) == "table" and result.apps or nil
end


-- Position after the last thing that is neither space nor comment, and the position after everything.
local significant = Cp() * (space * (text + 1) * Cp()) ^ 0 / function(...) return (select(-1, ...)) end


-- Where the new entry goes: after the last one, on a line of its own when they have lines of their own. Comments stay
-- where they are.
local function insert(settings, open, close, entry)
  local inside = settings:sub(open + 1, close - 2)
  local before, after = settings:sub(1, open), settings:sub(close - 1)
  if not inside:find "%S" then
    return before .. " " .. entry .. " " .. after
  end
  local last = significant:match(inside)
  local list, rest = inside:sub(1, last - 1), inside:sub(last)
  local comma = (list == "" or list:find "[,;]$") and "" or ","
  local comments, tail = rest:match "^(.-)(%s*)$"
  local indent = inside:match "\n([ \t]*)%S"
  if indent then
    return before .. list .. comma .. comments .. "\n" .. indent .. entry .. "," .. tail .. after
  end
  return before .. list .. comma .. comments .. " " .. entry .. tail .. after
end


--- Add an app to `apps = { … }`.
-- @tparam string settings the text of settings.lua
-- @tparam string app
-- @treturn string|nil the new text; nil when it could not be done surely: then a person has to
function M.add_app(settings, app)
  local open, close = anywhere:match(settings)
  if not open then
    return nil
  end
  local changed = insert(settings, open, close, ("%q"):format(app))
  local old, new = apps_of(settings), apps_of(changed)
  if not old or not new or #new ~= #old + 1 or new[#new] ~= app then
    return nil
  end
  for index, each in ipairs(old) do
    if new[index] ~= each then
      return nil
    end
  end
  return changed
end


return M
