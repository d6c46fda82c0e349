--- SELECT of rdb.table: names checked and quoted, values bound.
local conditions = require "rdb.orm.table.conditions"
local connections = require "rdb.orm.connections"
local dialect_base = require "rdb.orm.dialects.base"
local errors = require "rdb.orm.errors"

local select = {}

local column = conditions.column

--- The verb as messages name it.
function select.label(self, verb)
  return ("rdb.table(%q):%s"):format(self.name, verb)
end

--- Begin a statement.
-- @treturn table { dialect, params = [out], where = caller for messages }
function select.start(self, verb)
  return { dialect = connections.dialect(self.alias), params = {}, where = select.label(self, verb) }
end

local function selected(self, out)
  local list, seen = {}, {}
  local function add(name, as)
    local quoted, own = column(out.dialect, name, out.where)
    as = as or own
    if seen[as] then
      errors.raise("misuse", "%s: two columns would be named '%s'; give one another name: { other = %q }",
        out.where, as, name)
    end
    seen[as] = true
    list[#list + 1] = quoted .. " AS " .. out.dialect.quote_name(dialect_base.check_identifier(as, out.where
      .. ": a name"))
  end
  for _, item in ipairs(self.columns) do
    if type(item) == "table" and getmetatable(item) == nil then
      local names = {}
      for as in pairs(item) do
        names[#names + 1] = as
      end
      table.sort(names)
      for _, as in ipairs(names) do
        add(item[as], as)
      end
    else
      add(item)
    end
  end
  return #list > 0 and table.concat(list, ", ") or "*"
end

--- " FROM ..." with the joins.
function select.from(self, out)
  local quote = out.dialect.quote_name
  local parts = { " FROM " .. quote(self.name) }
  for _, one in ipairs(self.joins) do
    if one.kind == "RIGHT OUTER" and not out.dialect.features.right_join then
      errors.raise("unsupported", "%s: this database has no RIGHT JOIN", out.where)
    end
    parts[#parts + 1] = (" %s JOIN %s ON (%s = %s)")
      :format(one.kind, quote(one.name), column(out.dialect, one.left, out.where),
      (column(out.dialect, one.right, out.where)))
  end
  return table.concat(parts)
end

--- " WHERE ..." or "".
function select.where(self, out)
  local parts = {}
  for i, condition in ipairs(self.where) do
    parts[i] = conditions.render(out, condition)
  end
  return #parts > 0 and " WHERE " .. table.concat(parts, " AND ") or ""
end

local function order(self, out)
  local parts = {}
  for i, name in ipairs(self.order) do
    local descending = type(name) == "string" and name:sub(1, 1) == "-"
    parts[i] = column(out.dialect, descending and name:sub(2) or name, out.where)
      .. (descending and " DESC" or " ASC")
  end
  return #parts > 0 and " ORDER BY " .. table.concat(parts, ", ") or ""
end

local function limit(self, out)
  if not self.limited and (self.skipped or 0) == 0 then
    return ""
  end
  local parts = {}
  for i, piece in ipairs(out.dialect.limit_clause(self.limited ~= nil, (self.skipped or 0) > 0)) do
    if piece == "limit" or piece == "offset" then
      out.params[#out.params + 1] = piece == "limit" and self.limited or self.skipped
      piece = out.dialect.placeholder(#out.params)
    end
    parts[i] = piece
  end
  return table.concat(parts)
end

--- The whole SELECT.
-- @tparam ?string what instead of the columns
-- @treturn string sql
-- @treturn table params
function select.sql(self, verb, what)
  local out = select.start(self, verb)
  local head = "SELECT " .. (self.is_distinct and "DISTINCT " or "") .. (what or selected(self, out))
  local sql = head .. select.from(self, out) .. select.where(self, out)
  sql = sql .. order(self, out)
  return sql .. limit(self, out), out.params
end

return select
