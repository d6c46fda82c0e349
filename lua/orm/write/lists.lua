--- Writing lists of objects: one prepared statement runs for all objects that leave the same columns to the database.
-- The caller owns the transaction.
local connections = require "rdb.orm.connections"
local core = require "rdb.core"
local errors = require "rdb.orm.errors"
local instance = require "rdb.orm.instance"
local statements = require "rdb.orm.write.statements"
local transactions = require "rdb.orm.transactions"
local write = require "rdb.orm.write"

local lists = {}

-- Raise an error of a bulk write; it says which object.
local function raise(meta, err)
  if type(err) == "table" and err.index then
    err.message = ("object %d: %s"):format(err.index, err.message)
  end
  write.explain(meta, err)
end

local function check_item(meta, verb, objects, i)
  if getmetatable(objects[i]) ~= meta.metatable then
    errors.raise("misuse", "%s: %s: item %d is %s, not a %s", meta.label, verb, i, errors.type_name(objects[i]),
      meta.label)
  end
end

-- The last object from `first` on, at most `size` of them, that leaves the same columns to the database. Where only the
-- key may be left out, the core finds out.
local function run_end(meta, objects, first, size, key, conflict)
  local last = math.min(first + size - 1, #objects)
  if #meta.with_db_default == 0 and not conflict then
    return last
  end
  local i = first
  while i < last do
    check_item(meta, "bulk_create", objects, i + 1)
    if select(2, write.omitted_columns(meta, objects[i + 1])) ~= key then
      break
    end
    i = i + 1
  end
  return i
end

-- Note objects of a conflict statement, whose keys the core does not fill.
local function remember_all(alias, meta, objects, first, last)
  for i = first, last do
    transactions.remember(objects[i], alias, meta)
  end
end

-- From so many objects on a statement for many rows is worth the question whether it may be used.
local MANY = 50

-- May the rows of a list be written many at once? Their keys must come in order, and they must not point at each other,
-- which the database would check for all of them together.
local function takes_many(Model, alias, n)
  local dialect, meta = connections.dialect(alias), Model._meta
  if n < MANY or not dialect.rows_per_insert then
    return false
  end
  for _, field in ipairs(meta.relations) do
    if field.relation.model == Model then
      return false
    end
  end
  return not meta.auto_key or dialect.keys_in_order(connections.target(alias), meta.table, meta.pk.column)
end

-- The plan that writes the objects of one run.
local function insert_plan(Model, alias, omitted, key, conflict, many)
  if conflict then
    return statements.insert(Model, alias, omitted, key .. conflict.key, conflict.suffix)
  end
  return (many and statements.insert_many or statements.insert)(Model, alias, omitted, key)
end

-- Insert objects first .. last, as far as one statement can. Returns how many it wrote.
local function insert_run(Model, alias, objects, first, last, plan, key)
  local target, context = connections.current(alias)
  local ok, written, states = pcall(core.insert_many, target, plan, objects, first, last)
  if not ok then
    raise(Model._meta, written)
  elseif context and written > 0 then
    transactions.note_list(context, objects, first, first + written - 1, states, key)
  end
  return written
end

--- INSERT a list, `size` objects at most in one call of the core. Generated keys and snapshots are filled.
-- @tparam table objects prepared by instance.prepare_insert
-- @tparam ?table conflict { key =, suffix = } for statements.insert
function lists.insert(Model, alias, objects, size, conflict)
  local meta, first = Model._meta, 1
  local many = not conflict and takes_many(Model, alias, #objects)
  while first <= #objects do
    check_item(meta, "bulk_create", objects, first)
    local omitted, key, read_back = write.omitted_columns(meta, objects[first])
    local last = run_end(meta, objects, first, size, key, conflict)
    local plan = insert_plan(Model, alias, omitted, key, conflict, many)
    if conflict then
      remember_all(alias, meta, objects, first, last)
    end
    local generated = meta.pk and omitted[meta.pk.attname] and meta.pk.attname or nil
    local written = insert_run(Model, alias, objects, first, last, plan, generated)
    for i = first, read_back and first + written - 1 or 0 do
      write.refresh(Model, alias, objects[i], read_back)
    end
    first = first + written
    if written == 0 then -- an expression, or an object in a key column
      if conflict then
        errors.raise("unsupported", "%s: bulk_create cannot write an expression together with a conflict "
          .. "option", meta.label)
      end
      transactions.remember(objects[first], alias, meta)
      write.insert(Model, alias, objects[first])
      first = first + 1
    end
  end
end

--- UPDATE columns of a list of objects, each with its own values.
-- @tparam table objects prepared by instance.prepare_update
-- @tparam {string,...} attnames
-- @treturn integer rows matched
-- @raise misuse for an object without a key
function lists.update(Model, alias, objects, attnames)
  local meta, plan = Model._meta, statements.update(Model, alias, attnames)
  local first, total = 1, 0
  while first <= #objects do
    local target, context = connections.current(alias)
    local ok, written, states, affected = pcall(core.update_many, target, plan, objects, first, #objects)
    if not ok then
      raise(meta, written)
    elseif context and written > 0 then
      transactions.note_list(context, objects, first, first + written - 1, states)
    end
    first, total = first + written, total + affected
    local object = objects[first]
    if object then -- the core did not take it
      check_item(meta, "bulk_update", objects, first)
      if instance.key(object, meta) == nil then
        errors.raise("misuse", "%s: bulk_update: object %d has no key; save it first", meta.label, first)
      end
      transactions.remember(object, alias, meta)
      total = total + write.update_row(Model, alias, object, attnames)
      first = first + 1
    end
  end
  return total
end

return lists
