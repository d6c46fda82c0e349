--- Columns that were left out by only() or defer(): loaded on first use, for all objects of the result.
local errors = require "rdb.orm.errors"
local peers = require "rdb.orm.relations.peers"

local deferred = {}

local key_of = peers.key_of

-- Take over the row that was read anew: values that the program changed stay, all others are those of the row.
local function adopt(object, fresh, meta)
  local core = require "rdb.core"
  local changed = {}
  for _, attname in ipairs(core.changed(object) or {}) do
    changed[attname] = true
  end
  for _, field in ipairs(meta.fields) do
    local attname = field.attname
    local assigned = rawget(object, attname) ~= nil and not core.loaded(object, attname)
    if not changed[attname] and not assigned then
      rawset(object, attname, rawget(fresh, attname))
    end
  end
  rawset(object, 1, fresh[1])
  rawset(object, 2, fresh[2])
end

-- Read the full rows of all siblings with one query.
local function load_all(model, alias, siblings, list, attname)
  local core, meta = require "rdb.core", model._meta
  local pk, keys, by_key = meta.pk.attname, {}, {}
  for _, object in ipairs(siblings) do
    if not core.loaded(object, attname) then
      local key = core.original(object, pk)
      keys[#keys + 1], by_key[key_of(key)] = key, object
    end
  end
  local loaded = require "rdb.orm.write".fetch_related(model, alias, pk, keys, {})
  for i, fresh in ipairs(loaded) do
    local object = by_key[key_of(fresh[pk])]
    if object then
      adopt(object, fresh, meta)
      loaded[i] = object -- the objects stay siblings: the new snapshot knows this list
    end
  end
  peers.keep(list, "deferred", loaded)
end

--- Load a deferred column of an object; in fetch mode "peers" the rows of all its siblings are read at once.
-- @raise does_not_exist when the row is gone; misuse in fetch mode "raise"
function deferred.load(model, alias, object, attname)
  local meta = model._meta
  local siblings, list = peers.of(object)
  local mode = peers.mode(list)
  if mode == "raise" then
    errors.raise("misuse", "%s.%s is deferred, and the fetch mode of this result is \"raise\"", meta.label, attname)
  elseif mode == "peers" and meta.pk and #siblings > 1 then
    load_all(model, alias, siblings, list, attname)
    if require "rdb.core".loaded(object, attname) then
      return
    end
  end
  if not require "rdb.orm.write".refresh(model, alias, object, { attname }) then
    errors.raise_with("does_not_exist", { model = meta.label }, "%s is no longer in the database", meta.label)
  end
end

return deferred
