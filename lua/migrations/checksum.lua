--- A checksum of what a migration file says.
--
-- Comments, a byte order mark, the kind of line ends and the amount of white space between tokens do not count, so
-- an editor or a newer writer cannot make an applied file look edited. The hash is FNV-1a with 64 bits: it finds
-- edits, it does not defend against forgery.
local M = {}

local OFFSET, PRIME = 0xcbf29ce484222325, 0x100000001b3


--- The 64-bit FNV-1a hash of text.
-- @tparam string text any bytes
-- @treturn string "fnv1a64:" and 16 hex digits
function M.hash(text)
  local hash = OFFSET
  for from = 1, #text, 64 do
    local bytes = { text:byte(from, from + 63) }
    for index = 1, #bytes do
      hash = (hash ~ bytes[index]) * PRIME
    end
  end
  return ("fnv1a64:%016x"):format(hash)
end


-- The end of the quoted string that starts at `from`, or of the text when it is not finished.
local function end_of_string(text, from)
  local quote = text:sub(from, from)
  local at = from + 1
  while true do
    local found = text:find("[\\" .. quote .. "]", at)
    if not found then
      return #text
    elseif text:sub(found, found) == quote then
      return found
    end
    at = found + 2
  end
end


local function end_of_long_bracket(text, from)
  local level = text:match("^%[(=*)%[", from)
  if not level then
    return nil
  end
  local _, last = text:find("]" .. level .. "]", from, true)
  return last or #text
end


-- Collects code, in which runs of white space count as one space, and strings, which stay as they are.
local function collector()
  local parts, after_space = {}, true
  local function code(piece)
    piece = piece:gsub("%s+", " ")
    if after_space then
      piece = piece:gsub("^ ", "")
    end
    if piece ~= "" then
      parts[#parts + 1] = piece
      after_space = piece:sub(-1) == " "
    end
  end
  local function literal(piece)
    parts[#parts + 1] = piece
    after_space = false
  end
  return code, literal, parts
end


--- The code of a Lua text: one space for each run of white space and comments, strings untouched.
-- @tparam string text Lua source
-- @treturn string
function M.normalise(text)
  text = text:gsub("^\xEF\xBB\xBF", ""):gsub("\r\n?", "\n")
  local code, literal, parts = collector()
  local at = 1
  while true do
    local found = text:find("[%-\"'%[]", at)
    if not found then
      code(text:sub(at))
      break
    end
    code(text:sub(at, found - 1))
    local char = text:sub(found, found)
    local last
    if char == "-" and text:sub(found + 1, found + 1) == "-" then
      code " "
      last = end_of_long_bracket(text, found + 2) or (text:find("\n", found, true) or #text + 1) - 1
    elseif char == "-" or (char == "[" and not text:find("^%[=*%[", found)) then
      code(char)
      last = found
    else
      last = char == "[" and end_of_long_bracket(text, found) or end_of_string(text, found)
      literal(text:sub(found, last))
    end
    at = last + 1
  end
  return (table.concat(parts):gsub(" $", ""))
end


--- The checksum of a migration file's text.
-- @tparam string text the file as read
-- @treturn string
function M.of_source(text)
  return M.hash(M.normalise(text))
end


return M
