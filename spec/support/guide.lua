--- Runs a guide of docs/ as the program that it is: rdb-lua spec/support/guide.lua GUIDE, in an empty folder.
--
--   ```lua             runs; all blocks of a guide are one chunk, so locals last to its end
--   ```lua no-run      is compiled only
--   ```lua NAME.lua    is written to that file
--   ```console         lines after "$ " run in a shell, lines after "> " are the input of the one before; other
--                      lines must be in the output, up to a "..." at their end
--   ```c from FILE     stands in that file of the project just so
--   <!-- setup         Lua that readers do not see, up to -->
--   print(x) --> text  the line must print that text, each time that it runs, and must run
--
-- The program has the line numbers of the guide, so that errors name the place in it.

local guide = {}

local path = arg[1]
local root = arg[0]:match "^(.*)/spec/support/guide.lua$"
local shell_folder = "."
local lines = {}
local unprinted = {} -- line -> what it must print and has not yet


local function fail(line, message, ...)
  error(("%s:%d: "):format(path, line) .. message:format(...), 0)
end


-- -- what the program calls ------------------------------------------------------------------------------------

--- Create the tables of models, in an order in which they can be made.
function guide.tables(...)
  local editor = require "rdb.migrations.schema.editor".new "default"
  for _, model in ipairs { ... } do
    editor:create_model(model)
    for _, field in ipairs(model._meta.many_to_many) do
      if field.relation.auto_through then editor:create_model(field.relation.through) end
    end
  end
  editor:run_deferred()
end


local function write(name, text)
  local file = assert(io.open(name, "w"))
  file:write(text)
  file:close()
end


function guide.file(name, text)
  write(shell_folder .. "/" .. name, text)
end


-- One sh script of the block; the next block goes on in the folder where it ended.
function guide.console(line, text)
  local script, input, expected = { "set -e", "cd " .. shell_folder }, false, {}
  for each in text:gmatch "[^\n]+" do
    local mark, rest = each:match "^([$>]) (.*)$"
    if not mark then expected[#expected + 1] = each:gsub("%.%.%.$", "") end
    if mark == ">" and not input then script[#script] = script[#script] .. " <<'INPUT'" end
    if mark ~= ">" and input then script[#script + 1] = "INPUT" end
    input = mark == ">"
    script[#script + 1] = mark and rest
  end
  script[#script + 1] = input and "INPUT" or nil
  script[#script + 1] = "pwd > \"$GUIDE_FOLDER/.folder\""
  write(".script", table.concat(script, "\n"))
  local stream = io.popen "GUIDE_FOLDER=$PWD PATH=$PWD/.bin:$PATH sh .script 2>&1"
  local output = stream:read "a"
  if not stream:close() then fail(line, "the commands failed:\n%s", output) end
  for _, each in ipairs(expected) do
    if not output:find(each, 1, true) then fail(line, "%q is not in the output:\n%s", each, output) end
  end
  shell_folder = assert(io.open ".folder"):read "l"
end


local function checking_print(...)
  local line = debug.getinfo(2, "l").currentline
  local expected = lines[line]:match "%-%->%s*(.-)%s*$"
  local parts = table.pack(...)
  for i = 1, parts.n do parts[i] = tostring(parts[i]) end
  local printed = table.concat(parts, " "):match "^%s*(.-)%s*$"
  if expected and printed ~= expected then fail(line, "printed %q, the guide says %q", printed, expected) end
  unprinted[line] = nil
end


-- -- from the guide to the program -----------------------------------------------------------------------------

local function compile_only(first, last)
  local text = ("\n"):rep(first) .. table.concat(lines, "\n", first + 1, last - 1)
  assert(load(text, "@" .. path, "t"))
end


local function compare_with(name, first, last)
  local file = assert(io.open(root .. "/" .. name))
  local found = file:read "a":find(table.concat(lines, "\n", first + 1, last - 1), 1, true)
  file:close()
  if not found then fail(first, "%s does not have this text", name) end
end


-- What stands in the program at the opening and the closing line of a block.
local function brackets(info, first, last)
  if info == "lua" then
    return "", ""
  elseif info == "console" then
    return ("guide.console(%d, [==["):format(first), "]==]);"
  elseif info:find "^lua %S+%.lua$" then
    return ("guide.file(%q, [==["):format(info:match "^lua (.*)$"), "]==]);"
  elseif info == "lua no-run" then
    compile_only(first, last)
  elseif info:find " from " then
    compare_with(info:match " from (.*)$", first, last)
  end
end


local function closing(first, mark)
  for at = first + 1, #lines do
    if lines[at] == mark then return at end
  end
  fail(first, "the block has no end")
end


local function program()
  local code, at = {}, 1
  while at <= #lines do
    local info = lines[at]:match "^```(.*)$"
    local setup = lines[at] == "<!-- setup"
    if info or setup then
      local last = closing(at, setup and "-->" or "```")
      local open, close = brackets(setup and "lua" or info, at, last)
      for between = at, last do
        unprinted[between] = open == "" and lines[between]:match "%-%->%s*(%S.*)$" or nil
        code[between] = not open and "" or between == at and open or between == last and close or lines[between]
      end
      at = last + 1
    else
      code[at], at = "", at + 1
    end
  end
  return table.concat(code, "\n")
end


for line in io.lines(path) do
  if line:find("]==]", 1, true) then fail(#lines + 1, "a guide cannot contain ]==]") end
  lines[#lines + 1] = line
end
package.path = root .. "/?.lua;" .. package.path
local environment = setmetatable({ guide = guide, print = checking_print }, { __index = _G, __newindex = _G })
assert(load(program(), "@" .. path, "t", environment))()
local line, expected = next(unprinted)
if line then fail(line, "this line never printed %q", expected) end
