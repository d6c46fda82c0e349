--- What commands print with: results on standard output, messages on standard error, colours where they make sense.
--
-- Colour is never the only signal. --no-color and --force-color beat the environment; NO_COLOR beats FORCE_COLOR and
-- CLICOLOR_FORCE; without any of them a stream has colours when it is a terminal that is not dumb.
local core = require "rdb.core"
local errors = require "rdb.orm.errors"

local Terminal = {}
Terminal.__index = Terminal

local STYLES = { bold = "1", red = "31", green = "32", yellow = "33", blue = "34", dim = "2" }


local function is_set(name)
  local value = os.getenv(name)
  return value ~= nil and value ~= ""
end


local function has_colour(options, fd)
  if options.no_color then
    return false
  elseif options.force_color then
    return true
  elseif is_set "NO_COLOR" then
    return false
  elseif is_set "FORCE_COLOR" or (is_set "CLICOLOR_FORCE" and os.getenv "CLICOLOR_FORCE" ~= "0") then
    return true
  end
  return os.getenv "TERM" ~= "dumb" and core.isatty(fd)
end


--- A terminal for a command.
-- @tparam table options no_color, force_color, quiet
function Terminal.new(options)
  return setmetatable({
    colours = { [1] = has_colour(options, 1), [2] = has_colour(options, 2) }, quiet = options.quiet or false,
  }, Terminal)
end


--- Can a person be asked?
function Terminal.is_interactive()
  return core.isatty(0)
end


--- Text in a style for standard output; as it is where there are no colours.
function Terminal:style(style, text)
  if self.colours[1] then
    return ("\27[%sm%s\27[0m"):format(STYLES[style], text)
  end
  return text
end


-- A full disk makes an error, not a shorter result.
local function check_output(ok, reason)
  if not ok then
    errors.raise("misuse", "cannot write to standard output: %s", reason)
  end
end


--- A line of the result, on standard output.
-- @raise misuse when it cannot be written
function Terminal.print(_, text)
  check_output(io.stdout:write(text or "", "\n"))
end


--- Text of the result without a line end, shown at once.
-- @raise misuse when it cannot be written
function Terminal.write(_, text)
  check_output(io.stdout:write(text))
  check_output(io.stdout:flush())
end


--- See that everything printed so far has arrived.
-- @raise misuse when it has not
function Terminal.flush()
  check_output(io.stdout:flush())
end


--- A line for people that is no result ("nothing to do", the next step); left out with --quiet.
function Terminal:note(text)
  if not self.quiet then
    self:print(text)
  end
end


--- A line on standard error.
function Terminal:warn(text)
  io.stdout:flush()
  local label = self.colours[2] and ("\27[33mWarning:\27[0m "):format() or "Warning: "
  io.stderr:write(label, text, "\n")
end


--- An error on standard error.
function Terminal:fail(text)
  io.stdout:flush()
  local label = self.colours[2] and "\27[31mError:\27[0m " or "Error: "
  io.stderr:write(label, text, "\n")
end


--- A value as JSON on one line of standard output.
function Terminal:json(value)
  self:write(core.json_encode(value) .. "\n")
end


return Terminal
