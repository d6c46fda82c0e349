--- Deleting objects and, as on_delete says, what points at them. Works in batches: one query per relation, not per
-- row; a relation whose own rows nothing points at is deleted by one statement without being read.
local connections = require "rdb.orm.connections"
local contexts = require "rdb.orm.transaction_context"
local core = require "rdb.core"
local errors = require "rdb.orm.errors"
local instance = require "rdb.orm.instance"
local peers = require "rdb.orm.relations.peers"
local statements = require "rdb.orm.write.statements"
local transactions = require "rdb.orm.transactions"
local write = require "rdb.orm.write"

local deletion = {}

local key_of, note, remember = peers.key_of, require("rdb.orm.object_log").note, transactions.remember
local rawget = rawget

-- The foreign keys that point at a model and that the ORM, not the database, has to follow.
local function incoming(meta)
  local entries = {}
  for _, entry in ipairs(meta.related) do
    local action = entry.field.relation.on_delete
    if entry.kind ~= "many_to_many" and not action.in_database and action.name ~= "DO_NOTHING" then
      entries[#entries + 1] = entry
    end
  end
  return entries
end

--- Can rows of the model be deleted without looking at others?
function deletion.can_fast_delete(model)
  local meta = model._meta
  local fast = meta.fast_delete
  if fast == nil then
    fast = #incoming(meta) == 0
    meta.fast_delete = fast
  end
  return fast
end

-- -- collecting -----------------------------------------------------------------------------------

local Collector = {}
Collector.__index = Collector

local function new_collector(alias)
  return setmetatable({
    alias = alias,
    order = {},      -- models in the order in which they were met
    objects = {},    -- model -> list of objects to delete
    seen = {},       -- model -> key -> true
    fast = {},       -- { { model =, field =, keys = } }: delete by foreign key without reading
    updates = {},    -- { { model =, field =, objects =, value = } }
    restricted = {}, -- { { entry =, objects = } }: fine if all of them are deleted anyhow
    edges = {},      -- model -> models that must be deleted after it
  }, Collector)
end

-- The key of an object as something that can be a table key.
local function identity(object, meta)
  local key = instance.key(object, meta)
  if type(key) ~= "table" then
    return key_of(key)
  end
  local parts = {}
  for i, value in ipairs(key) do
    parts[i] = tostring(value)
  end
  return table.concat(parts, "\0")
end

-- Add objects; returns those that were not there yet.
function Collector:add(model, objects)
  local meta = model._meta
  if not self.objects[model] then
    self.objects[model], self.seen[model] = {}, {}
    self.order[#self.order + 1] = model
  end
  local list, seen, fresh = self.objects[model], self.seen[model], {}
  for _, object in ipairs(objects) do
    local key = identity(object, meta)
    if not seen[key] then
      seen[key] = true
      list[#list + 1], fresh[#fresh + 1] = object, object
    end
  end
  return fresh
end

local function keys_of(objects, attname)
  local keys = {}
  for _, object in ipairs(objects) do
    keys[#keys + 1] = object[attname]
  end
  return keys
end

local function describe_block(entry, objects, why)
  local extra = { model = entry.field.relation.model._meta.label, field = entry.field.name, objects = objects }
  extra.hint = ("delete or change those %s rows first"):format(entry.model._meta.label)
  errors.raise_with("foreign_key_violation", extra, "%s cannot be deleted: %d %s point at it through %s (%s)",
    extra.model, #objects, entry.model._meta.label, entry.field:describe(), why)
end

local function update_value(field, action)
  if action.name == "SET_NULL" then
    return nil
  elseif action.name == "SET_DEFAULT" then
    return field:get_default()
  end
  local value = action.value
  if type(value) == "function" then
    value = value()
  end
  return field:to_param(value)
end

local actions = {}

function actions.PROTECT(_, entry, objects)
  describe_block(entry, objects, "PROTECT")
end

function actions.RESTRICT(collector, entry, objects)
  table.insert(collector.restricted, { entry = entry, objects = objects })
end

function actions.CASCADE(collector, entry, objects)
  local target = entry.field.relation.model
  collector.edges[entry.model] = collector.edges[entry.model] or {}
  collector.edges[entry.model][target] = entry.field
  collector:collect(entry.model, objects)
end

local function set(collector, entry, objects)
  table.insert(collector.updates, {
    model = entry.model, field = entry.field, objects = objects,
    value = update_value(entry.field, entry.field.relation.on_delete),
  })
end

actions.SET_NULL, actions.SET_DEFAULT, actions.SET = set, set, set

--- Collect the objects and everything that on_delete reaches from them.
function Collector:collect(model, objects)
  local fresh = self:add(model, objects)
  if #fresh == 0 then
    return
  end
  for _, entry in ipairs(incoming(model._meta)) do
    local field = entry.field
    local keys = keys_of(fresh, field.relation.target.attname)
    local action = field.relation.on_delete.name
    if action == "CASCADE" and deletion.can_fast_delete(entry.model) then
      table.insert(self.fast, { model = entry.model, field = field, keys = keys })
    elseif #keys > 0 then
      local pointing = write.fetch_related(entry.model, self.alias, field.attname, keys, {})
      if #pointing > 0 then
        actions[action](self, entry, pointing)
      end
    end
  end
end

-- Will the object go with one of the deletes that read nothing?
function Collector:goes_unread(model, object)
  for _, fast in ipairs(self.fast) do
    if fast.model == model then
      if not fast.set then
        fast.set = {}
        for _, key in ipairs(fast.keys) do
          fast.set[key_of(key)] = true
        end
      end
      local value = object[fast.field.attname]
      if value ~= nil and fast.set[key_of(value)] then
        return true
      end
    end
  end
  return false
end

function Collector:check_restricted()
  for _, block in ipairs(self.restricted) do
    local meta, seen, left = block.entry.model._meta, self.seen[block.entry.model] or {}, {}
    for _, object in ipairs(block.objects) do
      if not seen[identity(object, meta)] and not self:goes_unread(block.entry.model, object) then
        left[#left + 1] = object
      end
    end
    if #left > 0 then
      describe_block(block.entry, left, "RESTRICT")
    end
  end
end

-- -- deleting -------------------------------------------------------------------------------------

-- Models so that each comes before those it points at. Of a cycle some key must be NULL first: its fields are returned.
function Collector:sorted()
  local sorted, state, cyclic = {}, {}, {}
  local function visit(model)
    state[model] = "open"
    for _, pointing in ipairs(self.order) do
      local field = self.edges[pointing] and self.edges[pointing][model]
      if field and pointing ~= model and state[pointing] == "open" then
        cyclic[#cyclic + 1] = field
      elseif field and not state[pointing] then
        visit(pointing)
      end
    end
    state[model] = "done"
    sorted[#sorted + 1] = model
  end
  for _, model in ipairs(self.order) do
    if not state[model] then
      visit(model)
    end
  end
  return sorted, cyclic
end

local function count(per_label, model, n)
  if n > 0 then
    local label = model._meta.label
    per_label[label] = (per_label[label] or 0) + n
  end
  return n
end

-- The keys, last found first: what points at a row of its own model was found after it and must go before it.
local function key_values(objects, meta)
  local keys, n = {}, #objects
  for i, object in ipairs(objects) do
    keys[n + 1 - i] = instance.key(object, meta)
  end
  return keys
end

local function forget_one(object, alias, meta)
  if rawget(object, 1) ~= nil then
    remember(object, alias, meta)
    core.forget(object)
  end
end

local function forget(objects, alias, meta)
  for _, object in ipairs(objects) do
    forget_one(object, alias, meta)
  end
end

--- The usual case: delete one object at which nothing points, by one statement.
-- @tparam table model for which can_fast_delete() says so
-- @treturn integer, table as delete_instances
function deletion.delete_one(model, alias, object)
  local meta = model._meta
  local target, context = connections.current(alias)
  local snapshot = rawget(object, 1)
  if context and snapshot ~= nil then
    note(contexts.log(context), object, snapshot, rawget(object, 2))
  end
  local n = core.delete(target, statements.delete(model, alias), object)
  return n, n > 0 and { [meta.label] = n } or {}
end

-- Keys that point in a circle are cleared before the rows are deleted, where they may be NULL.
function Collector:break_cycles(cyclic)
  for _, field in ipairs(cyclic) do
    local objects = self.objects[field.model]
    if field.null then
      write.update_rows(field.model, self.alias, key_values(objects, field.model._meta), field.attname, nil)
    end
  end
end

function Collector:run()
  local total, per_label = 0, {}
  self:check_restricted()
  for _, update in ipairs(self.updates) do
    local keys = key_values(update.objects, update.model._meta)
    write.update_rows(update.model, self.alias, keys, update.field.attname, update.value)
  end
  for _, fast in ipairs(self.fast) do
    local n = write.delete_rows(fast.model, self.alias, fast.keys, fast.field.attname)
    total = total + count(per_label, fast.model, n)
  end
  local sorted, cyclic = self:sorted()
  self:break_cycles(cyclic)
  for _, model in ipairs(sorted) do
    local objects, meta = self.objects[model], model._meta
    total = total + count(per_label, model, write.delete_rows(model, self.alias, key_values(objects, meta)))
    forget(objects, self.alias, meta)
  end
  return total, per_label
end

--- Delete objects of one model.
-- @tparam table model
-- @tparam string alias
-- @tparam table objects list
-- @treturn integer total rows deleted, those of cascades included
-- @treturn table rows by model label (only labels with rows)
-- @raise foreign_key_violation for PROTECT and RESTRICT, with the objects in `objects`
function deletion.delete_instances(model, alias, objects)
  if #objects == 0 then
    return 0, {}
  end
  local meta = model._meta
  if deletion.can_fast_delete(model) then
    if #objects == 1 then
      return deletion.delete_one(model, alias, objects[1])
    end
    local n = write.delete_rows(model, alias, key_values(objects, meta))
    forget(objects, alias, meta)
    local per_label = {}
    return count(per_label, model, n), per_label
  end
  return transactions.atomic(function()
    local collector = new_collector(alias)
    collector:collect(model, objects)
    return collector:run()
  end, { using = alias })
end

return deletion
