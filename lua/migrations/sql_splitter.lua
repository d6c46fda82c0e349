--- Splits SQL text into statements at `;`.
--
-- A semicolon inside a string, a quoted identifier, a comment, a dollar-quoted body or the BEGIN … END body of a
-- trigger (or another stored program) does not end a statement. Nothing else of SQL is understood, and nothing is
-- changed: a statement is a piece of the text, without white space around it.
local lpeg = require "lpeg"

local P, R, S, C, Cc, Cg, Cb, Cmt, Ct = lpeg.P, lpeg.R, lpeg.S, lpeg.C, lpeg.Cc, lpeg.Cg, lpeg.Cb, lpeg.Cmt, lpeg.Ct

local function quoted(open, close, doubled)
  local inside = 1 - P(close)
  return P(open) * (doubled and (inside + P(close) * P(close)) or inside) ^ 0 * P(close) ^ -1
end

local line_comment = P "--" * (1 - S "\r\n") ^ 0
local block_comment = P "/*" * (1 - P "*/") ^ 0 * P "*/" ^ -1
local letter = R("az", "AZ", "\128\255") + P "_"
local word = letter * (letter + R "09" + P "$") ^ 0

local tag = P "$" * (letter * (letter + R "09") ^ 0) ^ -1 * P "$"
local end_tag = Cmt(C(tag) * Cb "tag", function(_, _, found, opened) return found == opened end)
local dollar_body = Cg(tag, "tag") * (1 - end_tag) ^ 0 * end_tag ^ -1

local function token(kind, pattern)
  return Ct(Cc(kind) * C(pattern))
end

-- Ct keeps the group "tag" out of the list: only positional captures are read.
local tokens = Ct((
  token("blank", S " \t\r\n\f\v" ^ 1 + line_comment + block_comment)
  + token("text", quoted("'", "'", true) + quoted('"', '"', true) + quoted("`", "`", true) + quoted("[", "]"))
  + Ct(Cc "text" * C(dollar_body))
  + token("word", word)
  + token("number", R "09" ^ 1 * (R "09" + letter + P ".") ^ 0)
  + token("semicolon", P ";")
  + token("other", P(1))
) ^ 0)

local PROGRAMS = { TRIGGER = true, PROCEDURE = true, FUNCTION = true, EVENT = true }
local SKIPPED = { TEMP = true, TEMPORARY = true, OR = true, REPLACE = true, CONSTRAINT = true, DEFINER = true }
local OPENS = { BEGIN = true, CASE = true }
-- MariaDB closes these with END IF and so on: the word after END belongs to it.
local AFTER_END = { IF = true, LOOP = true, WHILE = true, REPEAT = true }


-- Follows one statement: is it a stored program, and how deep in BEGIN and CASE are we?
local function new_statement()
  return { parts = {}, words = 0, depth = 0, program = false, creating = false, blank = true }
end


local function read_word(statement, text, previous)
  local upper = text:upper()
  statement.words = statement.words + 1
  if statement.words == 1 then
    statement.creating = upper == "CREATE"
  elseif statement.creating and not statement.program then
    statement.program = PROGRAMS[upper] or false
    statement.creating = statement.program or SKIPPED[upper] or false
  elseif statement.program then
    if OPENS[upper] and not (upper == "CASE" and previous == "END") then
      statement.depth = statement.depth + 1
    elseif upper == "END" then
      statement.depth = math.max(statement.depth - 1, 0)
    elseif AFTER_END[upper] and previous == "END" then
      statement.depth = statement.depth + 1
    end
  end
  return upper
end


--- Split SQL text.
-- @tparam string sql any number of statements
-- @treturn {string,...} the statements without their semicolons; none that hold only comments
local function split(sql)
  local found, statement, previous = {}, new_statement(), nil
  local function finish()
    if not statement.blank then
      found[#found + 1] = table.concat(statement.parts):match "^%s*(.-)%s*$"
    end
    statement, previous = new_statement(), nil
  end
  for _, each in ipairs(tokens:match(sql)) do
    local kind, text = each[1], each[2]
    if kind == "semicolon" and statement.depth == 0 then
      finish()
    else
      statement.parts[#statement.parts + 1] = text
      if kind == "word" then
        previous = read_word(statement, text, previous)
      elseif kind ~= "blank" then
        previous = nil
      end
      statement.blank = statement.blank and kind == "blank"
    end
  end
  finish()
  return found
end


return { split = split }
