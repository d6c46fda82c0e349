--- Finds the command that is asked for, reads its arguments, runs it, and turns errors into messages and exit codes.
--
-- A command is a module rdb.commands.<name> that returns
--   { summary = "…", examples = { "manage.lua migrate", … },
--     arguments = function(parser) … end,            an argparse parser, for the command's own arguments
--     run = function(options, terminal) … end }      options by name; answers an exit code (nil: 0) or raises
-- The table below is all that is known about commands until one is run, so that starting stays quick.
local exit_codes = require "rdb.commands.exit_codes"

local M = {}

-- In the order of the help: group, then name and summary.
local GROUPS = {
  { "Project", { "startapp", "add an app to the project" }, { "check", "check models and migrations" } },
  { "Migrations",
    { "makemigrations", "write migrations for what changed in the models" },
    { "migrate", "bring the database to the migrations" },
    { "showmigrations", "list migrations and whether they are applied" },
    { "sqlmigrate", "show the SQL of a migration" } },
  { "Database",
    { "inspectdb", "write models for the tables of a database" }, { "dbshell", "open the database's own shell" },
    { "shell", "run Lua with all models at hand" } },
}


local function commands()
  local names = {}
  for _, group in ipairs(GROUPS) do
    for index = 2, #group do
      names[group[index][1]] = group[index][2]
    end
  end
  return names
end


local function help_text(program)
  local lines = {
    "Examples:",
    ("  %s startapp blog     make the folder blog/ for models"):format(program),
    ("  %s makemigrations    write migrations for what changed in the models"):format(program),
    ("  %s migrate           apply them"):format(program),
    ("  %s help migrate      how to use a command"):format(program),
    "", ("Usage: %s COMMAND [arguments]"):format(program),
  }
  for _, group in ipairs(GROUPS) do
    lines[#lines + 1] = "\n" .. group[1] .. ":"
    for index = 2, #group do
      lines[#lines + 1] = ("  %-16s %s"):format(group[index][1], group[index][2])
    end
  end
  lines[#lines + 1] = "\nEvery command takes --help, --traceback, --no-color, --force-color and --quiet."
  lines[#lines + 1] = "Exit codes: 0 done, 1 failed or --check found something, 2 wrong usage, 3 a question needs an "
    .. "answer,\n4 the database is locked, 5 migrations and database disagree, 130 interrupted."
  return table.concat(lines, "\n")
end


local function new_parser(program, name, command)
  local parser = require "argparse"(program .. " " .. name, command.summary)
  parser:add_help(false)
  parser:flag("-h --help", "Show this help."):target "help"
  parser:flag("--traceback", "Show where in the code an error was raised.")
  parser:flag("--no-color", "No colours."):target "no_color"
  parser:flag("--force-color", "Colours also when the output is no terminal."):target "force_color"
  parser:flag("-q --quiet", "Results only."):target "quiet"
  if command.arguments then
    command.arguments(parser)
  end
  return parser
end


local function command_help(parser, command)
  local lines = {}
  if command.examples then
    lines[1] = "Examples:"
    for _, example in ipairs(command.examples) do
      lines[#lines + 1] = "  " .. example
    end
    lines[#lines + 1] = ""
  end
  lines[#lines + 1] = parser:get_help()
  return table.concat(lines, "\n")
end


local function usage_error(text)
  io.stderr:write("Error: ", text, "\n")
  return exit_codes.USAGE
end


local function unknown(program, name)
  local suggest = require "rdb.orm.suggest"
  return usage_error(("there is no command %q%s\nSee %s help."):format(name, suggest.clause(name, commands()), program))
end


-- The message of an error: for ours code and hint, for others what Lua says.
local function message_of(err)
  if type(err) ~= "table" then
    return tostring(err)
  end
  local text = err.message or tostring(err)
  if err.hint and err.hint ~= "" then
    text = text .. "\n  " .. err.hint
  end
  return text
end


-- Ctrl-C, also when it was caught and raised again with the place where it happened.
local function is_interrupt(err)
  while type(err) == "table" do
    err = err.cause
  end
  return tostring(err):find("interrupted!", 1, true) ~= nil
end


local function exit_code_of(err)
  if is_interrupt(err) then
    return exit_codes.INTERRUPTED
  elseif type(err) == "table" then
    return err.exit_code or (err.needs_answer and exit_codes.NEEDS_ANSWER) or exit_codes.FAILED
  end
  return exit_codes.FAILED
end


local function report(terminal, err, trace)
  local code = exit_code_of(err)
  if code == exit_codes.INTERRUPTED and type(err) ~= "table" then
    io.stderr:write "\ninterrupted\n"
  else
    terminal:fail(message_of(err))
  end
  if trace then
    io.stderr:write(trace, "\n")
  end
  return code
end


local function run_command(command, options)
  local terminal = require("rdb.commands.terminal").new(options)
  local trace
  local ok, result = xpcall(function()
    local code = command.run(options, terminal)
    terminal:flush()
    return code
  end, function(err)
    if options.traceback then
      trace = type(err) == "table" and err.traceback or debug.traceback("", 2)
    end
    return err
  end)
  local code = ok and (result or exit_codes.OK) or report(terminal, result, trace)
  local connections = package.loaded["rdb.orm.connections"]
  if connections then
    connections.close_all()
  end
  return code
end


-- Flags may stand before the command too.
local function split(arguments)
  local rest, name = {}, nil
  for _, argument in ipairs(arguments) do
    if not name and argument:sub(1, 1) ~= "-" then
      name = argument
    else
      rest[#rest + 1] = argument
    end
  end
  return name, rest
end


local function run_named(program, name, rest)
  if not commands()[name] then
    return unknown(program, name)
  end
  local command = require("rdb.commands." .. name)
  local parser = new_parser(program, name, command)
  for _, argument in ipairs(rest) do
    if argument == "--help" or argument == "-h" then
      io.stdout:write(command_help(parser, command), "\n")
      return exit_codes.OK
    elseif argument == "--" then
      break
    end
  end
  local ok, options = parser:pparse(rest)
  if not ok then
    return usage_error(("%s\n\n%s\nSee %s help %s."):format(options, parser:get_usage(), program, name))
  end
  options.program = program
  return run_command(command, options)
end


-- How the command line was begun: "rdb-lua manage.lua".
local function program_of(arguments)
  local first = 0
  while arguments[first - 1] do
    first = first - 1
  end
  local interpreter = first < 0 and arguments[first]:match "[^/]*$" or "rdb-lua"
  return interpreter .. " " .. (arguments[0] or "manage.lua")
end


--- Run a command line.
-- @tparam table arguments as the global `arg`: [0] is the script
-- @treturn integer exit code, for os.exit
function M.run(arguments)
  local program = program_of(arguments)
  local name, rest = split(arguments)
  if name == "help" and rest[1] then
    name, rest = rest[1], { "--help" }
  end
  if not name or name == "help" then
    if rest[1] == "--version" then
      io.stdout:write("rdb ", require "rdb.core".version, "\n")
      return exit_codes.OK
    end
    io.stdout:write(help_text(program), "\n")
    return (name or rest[1]) and exit_codes.OK or exit_codes.USAGE
  end
  return run_named(program, name, rest)
end


return M
