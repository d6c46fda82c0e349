--- INSERT, UPDATE and DELETE of rdb.table.
local base = require "rdb.orm.expressions.base"
local conditions = require "rdb.orm.table.conditions"
local connections = require "rdb.orm.connections"
local core = require "rdb.core"
local dialect_base = require "rdb.orm.dialects.base"
local errors = require "rdb.orm.errors"
local select = require "rdb.orm.table.select"

local column = conditions.column

--- @tparam table methods [out] of the query object
-- @tparam function run (self, sql, params) runs a statement
return function(methods, run)
  local function sorted_names(self, verb, values)
    if type(values) ~= "table" or getmetatable(values) ~= nil or next(values) == nil then
      errors.raise("misuse", "%s takes a table of values by column, and not an empty one",
        select.label(self, verb))
    end
    local names = {}
    for name in pairs(values) do
      if type(name) ~= "string" then
        errors.raise("misuse", "%s: values stand by column name, got %s as a name", select.label(self, verb),
          errors.type_name(name))
      end
      names[#names + 1] = name
    end
    table.sort(names)
    return names
  end

  local function plain(self, verb, name, value)
    if type(value) == "table" or type(value) == "function" then
      errors.raise("invalid_value", "%s: %s expects a plain value, got %s", select.label(self, verb), name,
        errors.type_name(value))
    end
    return value
  end

  local function insert_sql(self, names)
    local dialect = connections.dialect(self.alias)
    local columns, marks = {}, {}
    for i, name in ipairs(names) do
      dialect_base.check_identifier(name, select.label(self, "insert") .. ": a column name")
      columns[i], marks[i] = dialect.quote_name(name), dialect.placeholder(i)
    end
    return ("INSERT INTO %s (%s) VALUES (%s)"):format(dialect.quote_name(self.name), table.concat(columns, ", "),
      table.concat(marks, ", "))
  end

  local function insert_row(self, sql, names, values)
    local params = { n = #names }
    for i, name in ipairs(names) do
      params[i] = plain(self, "insert", name, values[name])
    end
    local _, _, _, id = core.run(connections.target(self.alias), sql, params)
    return id
  end

  --- Insert a row. @treturn integer the key that the database made
  function methods.insert(self, values)
    local names = sorted_names(self, "insert", values)
    return insert_row(self, insert_sql(self, names), names, values)
  end

  --- Insert many rows in one transaction. @treturn integer how many
  function methods.insert_many(self, list)
    if type(list) ~= "table" or #list == 0 then
      errors.raise("misuse", "%s takes a list of rows", select.label(self, "insert_many"))
    end
    local function insert_all()
      local kept = {}
      for _, values in ipairs(list) do
        local names = sorted_names(self, "insert_many", values)
        local key = table.concat(names, "\1")
        kept[key] = kept[key] or insert_sql(self, names)
        insert_row(self, kept[key], names, values)
      end
    end
    if connections.context(self.alias) then
      insert_all()
    else
      require("rdb.orm.transactions").atomic(insert_all, { using = self.alias })
    end
    return #list
  end

  local function refuse_shaped(self, verb)
    if #self.joins > 0 or self.limited or self.skipped or self.is_distinct then
      errors.raise("misuse", "%s cannot follow a join, a slice or distinct", select.label(self, verb))
    end
  end

  local OPERATORS = { ["+"] = true, ["-"] = true, ["*"] = true, ["/"] = true }

  -- Right side of an assignment: a value, F"column", or F"column" + value.
  local function assigned(self, out, name, value)
    if not base.is(value) then
      out.params[#out.params + 1] = plain(self, "update", name, value)
      return out.dialect.placeholder(#out.params)
    elseif value.kind == "f" then
      return (column(out.dialect, value.path, out.where))
    elseif value.kind == "value" then
      return assigned(self, out, name, value.value)
    elseif value.kind == "combined" and OPERATORS[value.operator] then
      return ("(%s %s %s)"):format(assigned(self, out, name, value.args[1]), value.operator,
        assigned(self, out, name, value.args[2]))
    end
    errors.raise("unsupported", "%s: %s takes a plain value or arithmetic on rdb.F", out.where, name)
  end

  --- Change the rows. @treturn integer rows matched
  function methods.update(self, values)
    refuse_shaped(self, "update")
    local names, out, sets = sorted_names(self, "update", values), select.start(self, "update"), {}
    for i, name in ipairs(names) do
      dialect_base.check_identifier(name, out.where .. ": a column name")
      sets[i] = out.dialect.quote_name(name) .. " = " .. assigned(self, out, name, values[name])
    end
    local sql = ("UPDATE %s SET %s"):format(out.dialect.quote_name(self.name), table.concat(sets, ", "))
      .. select.where(self, out)
    local _, _, affected = run(self, sql, out.params)
    return affected
  end

  --- Delete the rows. @treturn integer rows deleted
  function methods.delete(self)
    refuse_shaped(self, "delete")
    local out = select.start(self, "delete")
    local sql = "DELETE FROM " .. out.dialect.quote_name(self.name) .. select.where(self, out)
    local _, _, affected = run(self, sql, out.params)
    return affected
  end
end
