--- Deterministic names: tables, indexes, constraints. The same model gives the same name in every run.
local naming = {}

-- Names stay below the limit of every database (63 bytes on PostgreSQL).
naming.MAX_LENGTH = 63

--- Eight hexadecimal digits that tell equal from unequal texts: FNV-1a, short, stable, without dependency.
local function hash8(text)
  local hash = 0x811c9dc5
  for i = 1, #text do
    hash = ((hash ~ text:byte(i)) * 0x01000193) & 0xffffffff
  end
  return ("%08x"):format(hash)
end

naming.hash8 = hash8

--- "blog" and "BlogPost" -> "blog_blogpost"
function naming.table_name(app_label, model_name)
  return naming.shorten(app_label .. "_" .. model_name:lower())
end

--- The name itself, or its beginning and a hash of the whole when it is too long.
function naming.shorten(name)
  if #name <= naming.MAX_LENGTH then
    return name
  end
  return name:sub(1, naming.MAX_LENGTH - 9) .. "_" .. hash8(name)
end

--- The name of an index or constraint: table_columns_hash8_suffix.
-- @tparam string table_name
-- @tparam {string,...} columns
-- @tparam string suffix "idx", "uniq", "check", "fk"
-- @tparam ?string extra whatever else tells two of them apart (a condition, an order)
function naming.constraint_name(table_name, columns, suffix, extra)
  local base = table_name
  if #columns > 0 then
    base = base .. "_" .. table.concat(columns, "_")
  end
  local tail = "_" .. hash8(base .. "\0" .. suffix .. "\0" .. (extra or "")) .. "_" .. suffix
  return base:gsub("[^%w_]", "_"):sub(1, naming.MAX_LENGTH - #tail) .. tail
end

local function fingerprint(value, seen)
  if type(value) ~= "table" then
    return type(value) .. ":" .. tostring(value)
  end
  if seen[value] then
    return "cycle"
  end
  seen[value] = true
  local parts = {}
  for key, item in pairs(value) do
    if type(item) ~= "function" then
      parts[#parts + 1] = fingerprint(key, seen) .. "=" .. fingerprint(item, seen)
    end
  end
  seen[value] = nil
  table.sort(parts)
  return "{" .. table.concat(parts, ",") .. "}"
end

--- A text that is equal for equal data (tables compared by content), whatever the order of keys.
function naming.fingerprint(value)
  return fingerprint(value, {})
end

return naming
