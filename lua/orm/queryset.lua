--- QuerySet: a lazy, immutable chain of links. A link is { node, prev, value }: the shape node says what was asked, the
-- values stay here. Evaluating keeps the rows in `result`; managers (Model.objects, author.posts) are links whose
-- metatable never keeps one.
local base = require "rdb.orm.expressions.base"
local shape = require "rdb.orm.shape"

local queryset = {}

local methods = {}
local QuerySet = { __name = "rdb.queryset" }
queryset.methods = methods
queryset.QuerySet = QuerySet

-- Metatables of everything that is a QuerySet; an object is recognised by the identity of its metatable.
local metatables = { [QuerySet] = true }

--- Is `value` a QuerySet or a manager?
function queryset.is(value)
  return type(value) == "table" and metatables[getmetatable(value)] == true
end
base.is_queryset = queryset.is

--- A link behind `prev`.
function queryset.link(prev, node, value)
  return setmetatable({ node = node, prev = prev, value = value }, QuerySet)
end

local MAY_KEEP_RESULT = { [QuerySet] = true }

--- May the rows be kept on this object? Managers ask anew each time.
-- @treturn boolean
function queryset.keeps_result(object)
  return MAY_KEEP_RESULT[getmetatable(object)] == true
end

local managers = setmetatable({}, { __mode = "k" }) -- own methods -> metatable
local OWN_OBJECT = {}

--- Is it the manager of one object, made by queryset.manager?
function queryset.is_own_object(object)
  return OWN_OBJECT[getmetatable(object)] == true
end

local evaluation

local function evaluate()
  evaluation = require "rdb.orm.queryset.evaluation"
  return evaluation
end

-- qs[3], qs[{1, 20}], qs:method
local function index(self, key)
  local method = methods[key]
  if method ~= nil then
    return method
  end
  local key_type = type(key)
  if key_type == "number" then
    return (evaluation or evaluate()).item(self, key)
  elseif key_type == "table" then
    return methods.slice(self, key[1], key[2])
  end
end

local function length(self)
  return (evaluation or evaluate()).length(self)
end

-- for row in qs do
local function step(self, _, control)
  return (evaluation or evaluate()).step(self, control)
end

local function to_string(self)
  return ("QuerySet of %s"):format(self.node.trie.model._meta.label)
end

local function equip(metatable, own_index)
  metatable.__index = own_index
  metatable.__len = length
  metatable.__call = step
  metatable.__tostring = to_string
  metatables[metatable] = true
  return metatable
end

equip(QuerySet, index)

local Manager = equip({ __name = "rdb.manager" }, index)

--- All rows of a model: what Model.objects is.
-- @tparam table Model
-- @treturn table manager
function queryset.root(Model)
  return setmetatable({ node = shape.root(Model) }, Manager)
end

--- An object that is `base_queryset` with further methods; it never keeps a result.
-- @tparam table base_queryset
-- @tparam table own_methods name -> function(self, ...); the same table makes the same kind of manager
-- @treturn table manager; the caller may keep fields of its own on it
function queryset.manager(base_queryset, own_methods)
  local metatable = managers[own_methods]
  if not metatable then
    metatable = equip({ __name = "rdb.manager" }, function(self, key)
      local method = own_methods[key]
      if method ~= nil then
        return method
      end
      return index(self, key)
    end)
    managers[own_methods], OWN_OBJECT[metatable] = metatable, true
  end
  local node, prev, value = base_queryset.node, base_queryset.prev, base_queryset.value
  return setmetatable({ node = node, prev = prev, value = value }, metatable)
end

--- What a part that comes later has put into this module.
-- @tparam string verb that the part defines
function queryset.part_of(verb, name)
  local _ = methods[verb]
  return queryset[name]
end

local function load_part(part)
  local add = require("rdb.orm.queryset." .. part)
  add = type(add) == "table" and add.add or add
  add(methods, queryset)
end

for _, part in ipairs { "filters", "links", "annotations", "slices", "terminals", "evaluation", "later" } do
  load_part(part)
end

-- The verbs that write, and rarer ones, come with their modules at the first use of one: a program that only reads
-- starts sooner.
local WRITING = { "saving", "bulk" }
local GROUPING, JOINING, EXECUTION, PAGES, RAW = { "grouping" }, { "joining" }, { "execution" }, { "pages" }, { "raw" }

local PARTS = {
  create = WRITING, get_or_create = WRITING, update_or_create = WRITING, update = WRITING, delete = WRITING,
  delete_rows = WRITING, bulk_create = WRITING, bulk_update = WRITING,
  group_by = GROUPING, having = GROUPING, extra_where = GROUPING,
  join = JOINING, left_join = JOINING,
  select_for_update = EXECUTION, timeout = EXECUTION, read_from = EXECUTION, index_hint = EXECUTION,
  cache_for = EXECUTION, cache_key = EXECUTION,
  paginate = PAGES, page_after = PAGES,
  raw = RAW,
}

setmetatable(methods, {
  __index = function(self, name)
    local parts = PARTS[name]
    if parts then
      for _, part in ipairs(parts) do
        load_part(part)
      end
      return rawget(self, name)
    end
  end,
})

return queryset
