--- Reads the text of a CREATE TABLE statement into its parts, and writes it again.
--
-- A rebuild must keep what the models do not know: hand-made columns, COLLATE, generated columns, table checks,
-- STRICT. So it edits the statement that the database keeps instead of writing one from the model. Only the structure
-- is read; types and expressions stay as text.
--
-- Shape of a table: { name=, columns = { column... }, constraints = { constraint... }, suffix = "STRICT" }
-- column:     { name=, raw_name= (as quoted in the text), text=, declared = "varchar(20)", clauses = { clause... } }
-- clause:     { kind = "not_null"|"null"|"primary_key"|"unique"|"check"|"default"|"collate"|"references"|"generated",
--               text=, name= (of CONSTRAINT), body = what the kind needs, see the grammar }
-- constraint: { kind = "primary_key"|"unique"|"check"|"foreign_key", name=, text=, columns = {...}, body= }

local lpeg = require "lpeg"

local P, R, S, V = lpeg.P, lpeg.R, lpeg.S, lpeg.V
local C, Cc, Cg, Ct = lpeg.C, lpeg.Cc, lpeg.Cg, lpeg.Ct

local M = {}

local comment = P "--" * (1 - S "\r\n") ^ 0 + P "/*" * (1 - P "*/") ^ 0 * P "*/" ^ -1
local ws = (S " \t\r\n\f" + comment) ^ 0
local word_char = R("az", "AZ", "09", "\128\255") + S "_$"
local string_literal = P "'" * ((1 - P "'") + P "''") ^ 0 * P "'"
local double_quoted = P '"' * ((1 - P '"') + P '""') ^ 0 * P '"'
local backquoted = P "`" * ((1 - P "`") + P "``") ^ 0 * P "`"
local bracketed = P "[" * (1 - P "]") ^ 0 * P "]"
local quoted = double_quoted + backquoted + bracketed
local number = R "09" ^ 1 * (P "." * R "09" ^ 0) ^ -1 * (S "eE" * S "+-" ^ -1 * R "09" ^ 1) ^ -1 + P "." * R "09" ^ 1
local word = (R("az", "AZ", "\128\255") + P "_") * word_char ^ 0

--- The name inside its quotes.
local function unquote(text)
  local first = text:sub(1, 1)
  if first == '"' then return (text:sub(2, -2):gsub('""', '"')) end
  if first == "`" then return (text:sub(2, -2):gsub("``", "`")) end
  if first == "'" then return (text:sub(2, -2):gsub("''", "'")) end
  if first == "[" then return text:sub(2, -2) end
  return text
end

local function keyword(text)
  local pattern = P(true)
  for letter in text:gmatch "." do pattern = pattern * S(letter:lower() .. letter:upper()) end
  return pattern * -word_char * ws
end

local function keywords(text)
  local pattern = P(true)
  for each in text:gmatch "%S+" do pattern = pattern * keyword(each) end
  return pattern
end

local raw_name = C(quoted + string_literal + word) * ws
local name = (quoted + string_literal + word) / unquote * ws

local parens = P { P "(" * (string_literal + quoted + comment + V(1) + (1 - S "()")) ^ 0 * P ")" } * ws
local paren_text = C(P { P "(" * (string_literal + quoted + comment + V(1) + (1 - S "()")) ^ 0 * P ")" }) * ws
  / function(text) return (text:sub(2, -2):match "^%s*(.-)%s*$") end

local conflict = (keywords "on conflict" * word * ws) ^ -1
local action = keywords "set null" + keywords "set default" + keywords "no action"
  + keyword "cascade" + keyword "restrict"
local function action_text(text) return (text:gsub("%s+", " "):match "^(.-)%s*$"):upper() end
local indexed_name = name * (keyword "collate" * (quoted + word) * ws) ^ -1 * (keyword "asc" + keyword "desc") ^ -1
local name_list = P "(" * ws * Ct(indexed_name * (P "," * ws * indexed_name) ^ 0) * P ")" * ws
local references = Ct(keyword "references" * Cg(name, "table") * Cg(name_list, "columns") ^ -1
  * (keywords "on delete" * Cg(C(action) / action_text, "on_delete")
    + keywords "on update" * Cg(C(action) / action_text, "on_update")
    + keyword "match" * word * ws
    + keywords "not deferrable" * (keyword "initially" * word * ws) ^ -1
    + keyword "deferrable" * (keywords "initially deferred" * Cg(Cc(true), "deferred")
      + keyword "initially" * word * ws) ^ -1) ^ 0)

local signed = S "+-" ^ -1 * ws
local default_value = C(parens) + C(signed * (P "x" * string_literal + P "X" * string_literal
  + string_literal + double_quoted + number + word)) * ws

local function clause(kind, pattern) return Ct(Cg(Cc(kind), "kind") * pattern) end
local function body(pattern) return Cg(pattern, "body") end
local constraint_name = (keyword "constraint" * Cg(name, "name")) ^ -1

local function positions(pattern)
  return Ct(Cg(lpeg.Cp(), "first") * Cg(pattern, "node") * Cg(lpeg.Cp(), "after"))
end

local column_clause = constraint_name * (
  clause("primary_key", keywords "primary key" * (keyword "asc" + keyword "desc") ^ -1 * conflict
    * body(keyword "autoincrement" * Cc "autoincrement" + Cc(false)))
  + clause("not_null", keywords "not null" * conflict)
  + clause("null", keyword "null" * conflict)
  + clause("unique", keyword "unique" * conflict)
  + clause("check", keyword "check" * body(paren_text))
  + clause("default", keyword "default" * body(default_value))
  + clause("collate", keyword "collate" * body(name))
  + clause("references", body(references))
  + clause("generated", (keywords "generated always") ^ -1 * keyword "as" * body(paren_text)
    * Cg(keyword "stored" * Cc "stored" + keyword "virtual" ^ -1 * Cc "virtual", "storage")))

local clause_start = keyword "constraint" + keyword "primary" + keyword "not" + keyword "null" + keyword "unique"
  + keyword "check" + keyword "default" + keyword "collate" + keyword "references" + keyword "generated" + keyword "as"
local type_word = -clause_start * (word + quoted + string_literal) * ws
local declared = C(type_word ^ 1 * parens ^ -1)

local table_constraint = constraint_name * (
  clause("primary_key", keywords "primary key" * Cg(name_list, "columns") * conflict)
  + clause("unique", keyword "unique" * Cg(name_list, "columns") * conflict)
  + clause("check", keyword "check" * body(paren_text) * conflict)
  + clause("foreign_key", keywords "foreign key" * Cg(name_list, "columns") * body(references)))

local constraint_start = keyword "constraint" + keywords "primary key" + keyword "unique" * P "("
  + keyword "check" * P "(" + keywords "foreign key"

local column = Ct(Cg(Cc "column", "kind") * Cg(raw_name, "raw_name") * Cg(declared, "declared") ^ -1
  * Cg(Ct(positions(Ct(column_clause)) ^ 0), "clauses"))
local item = positions(#constraint_start * Ct(table_constraint) + column)
local statement = Ct(ws * keyword "create" * (keyword "temporary" + keyword "temp") ^ -1 * keyword "table"
  * (keywords "if not exists") ^ -1 * (name * P "." * ws / 0) ^ -1 * Cg(name, "name")
  * P "(" * ws * Cg(Ct(item * ((P "," * ws) ^ -1 * item) ^ 0), "items") * P ")" * ws * Cg(C(P(1) ^ 0), "suffix"))

local function trim(text) return (text:match "^%s*(.-)%s*$") end

--- { name=, {kind=...} } as the grammar captures a named clause, made one flat table.
local function flatten(sql, found)
  local node = found.node[1]
  node.name = found.node.name
  node.text = trim(sql:sub(found.first, found.after - 1))
  return node
end

--- Quote a name that comes from the catalogue; those of models go through the dialect, which is stricter.
function M.quote(text) return '"' .. text:gsub('"', '""') .. '"' end


--- Read a CREATE TABLE statement.
-- @tparam string sql the text as sqlite_master keeps it
-- @treturn[1] table the shape at the top of this file
-- @treturn[2] nil when the text is no CREATE TABLE that this grammar knows (virtual tables, for example)
function M.parse(sql)
  local found = statement:match(sql)
  if not found then return nil end
  local result = { name = found.name, columns = {}, constraints = {}, suffix = trim(found.suffix) }
  for _, each in ipairs(found.items) do
    local text = trim(sql:sub(each.first, each.after - 1))
    if each.node.kind == "column" then
      local node = each.node
      local clauses = {}
      for i, part in ipairs(node.clauses) do clauses[i] = flatten(sql, part) end
      result.columns[#result.columns + 1] = {
        name = unquote(node.raw_name), raw_name = node.raw_name, text = text, clauses = clauses,
        declared = node.declared and trim(node.declared) or "",
      }
    else
      result.constraints[#result.constraints + 1] = flatten(sql, each)
    end
  end
  return result
end

--- Write the statement of a table read by parse, one line, under another name.
-- @tparam table definition what parse answered, edited
-- @tparam string quoted_name the name to create, quoted
-- @treturn string
function M.to_sql(definition, quoted_name)
  local parts = {}
  local function add(text)
    parts[#parts + 1] = text:find("--", 1, true) and text .. "\n" or text -- a comment must not swallow the comma
  end
  for _, each in ipairs(definition.columns) do add(each.text) end
  for _, each in ipairs(definition.constraints) do add(each.text) end
  local suffix = definition.suffix ~= "" and " " .. definition.suffix or ""
  return ("CREATE TABLE %s (%s)%s"):format(quoted_name, table.concat(parts, ", "), suffix)
end

--- The column that a definition like `"name" varchar(20) NOT NULL` describes.
function M.parse_column(text)
  return M.parse(("CREATE TABLE x (%s)"):format(text)).columns[1]
end


--- The first clause of a kind, or nil.
function M.clause(column_node, kind)
  for _, each in ipairs(column_node.clauses) do
    if each.kind == kind then return each end
  end
  return nil
end

--- The column called name (without regard to ASCII case, as SQLite compares), and its position.
function M.column(definition, column_name)
  local wanted = column_name:lower()
  for i, each in ipairs(definition.columns) do
    if each.name:lower() == wanted then return each, i end
  end
  return nil
end

--- What stands inside the parentheses that are around the whole of a piece of SQL, or nil.
function M.inside_parentheses(text) return (paren_text * -1):match(text) end

local function collect_words(words, text) words[unquote(text):lower()] = true end

--- The set of names and keywords that a piece of SQL mentions, lower-case; strings and comments do not count
-- (a double-quoted word does: SQLite may take it for a name).
-- @treturn table { ["word"] = true }
function M.words(sql)
  local words = {}
  local token = string_literal + comment + (quoted + word) / function(text) collect_words(words, text) end
    + number + P(1)
  ;(token ^ 0):match(sql)
  return words
end

return M
