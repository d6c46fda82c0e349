--- Verbs that say how a statement runs and not what it asks: locks, time limits, where to read, the cache.
-- What they were given stays on their links; rdb.orm.queryset.running looks at it when the statement runs.
local dialect_base = require "rdb.orm.dialects.base"
local errors = require "rdb.orm.errors"
local structure = require "rdb.orm.structure"
local suggest = require "rdb.orm.suggest"

return function(methods, queryset)
  local label, structural = queryset.label, queryset.structural

  -- A link that the SQL does not know of.
  local function running(self, kind, value)
    local result = structural(self, kind, kind, function() return true, { runs = true } end)
    result.value = value
    return result
  end

  local LOCK_OPTIONS = { nowait = "boolean", skip_locked = "boolean", no_key = "boolean", of = "table" }

  local function check_lock(self, options)
    for name, value in pairs(options) do
      if not LOCK_OPTIONS[name] then
        errors.raise("misuse", "%s: select_for_update has no option '%s'%s", label(self), tostring(name),
          suggest.clause(name, LOCK_OPTIONS))
      elseif type(value) ~= LOCK_OPTIONS[name] then
        errors.raise("misuse", "%s: select_for_update expects a %s for '%s', got %s", label(self),
          LOCK_OPTIONS[name], name, errors.type_name(value))
      end
    end
    if options.nowait and options.skip_locked then
      errors.raise("misuse", "%s: select_for_update takes nowait or skip_locked, not both", label(self))
    end
    for _, name in ipairs(options.of or {}) do
      if name ~= "self" and not structure.resolve(self.node, name).ends_at_relation then
        errors.raise("misuse", "%s: select_for_update: of names relations and \"self\"; '%s' is neither",
          label(self), tostring(name))
      end
    end
  end

  --- Lock the rows until the end of the transaction that must be open when they are read: { nowait =, skip_locked =,
  -- no_key =, of = { "self", "author" } }. SQLite locks no rows: there a transaction that writes is alone anyway.
  -- @raise misuse outside of a transaction, when the rows are read
  function methods.select_for_update(self, options)
    if options ~= nil and (type(options) ~= "table" or getmetatable(options) ~= nil) then
      errors.raise("misuse", "%s: select_for_update takes a table of options, got %s", label(self),
        errors.type_name(options))
    end
    check_lock(self, options or {})
    return running(self, "select_for_update", true)
  end

  local function positive(self, verb, seconds)
    if type(seconds) ~= "number" or seconds ~= seconds or seconds <= 0 then
      errors.raise("misuse", "%s: %s takes a positive number of seconds, got %s", label(self), verb,
        type(seconds) == "number" and tostring(seconds) or errors.type_name(seconds))
    end
    return seconds
  end

  --- Give each statement of this QuerySet so many seconds, a transaction's own limit permitting. iterator() has them
  -- for all of its reading; prefetches are statements of their own QuerySets.
  -- @raise statement_timeout when it runs
  function methods.timeout(self, seconds)
    return running(self, "timeout", positive(self, "timeout", seconds))
  end

  --- Read the rows from "primary", from a "replica", or from another configured database that has the same data.
  -- Writing, and what the rows load later, stays where it was. Without replicas the primary answers.
  function methods.read_from(self, place)
    if type(place) ~= "string" then
      errors.raise("misuse", "%s: read_from takes \"primary\", \"replica\" or the name of a database, got %s",
        label(self), errors.type_name(place))
    end
    return running(self, "read_from", place)
  end

  --- Read the table by an index, whatever the database's planner thinks.
  function methods.index_hint(self, name)
    dialect_base.check_identifier(name, label(self) .. ": the index of index_hint")
    return structural(self, "index_hint", "index_hint\1" .. name, function() return name end)
  end

  --- Keep plain rows (values, values_list) and answers (count, exists, aggregate) in this state's memory, and answer
  -- from there for so many seconds. Writes do not clear it: rows may be as old as that. See rdb.cache.
  function methods.cache_for(self, seconds)
    return running(self, "cache_for", positive(self, "cache_for", seconds))
  end

  --- The name under which cache_for keeps the result, instead of the SQL and its parameters. rdb.cache.clear(name)
  -- drops it.
  function methods.cache_key(self, name)
    if type(name) ~= "string" or name == "" then
      errors.raise("misuse", "%s: cache_key takes a text, got %s", label(self), errors.type_name(name))
    end
    return running(self, "cache_key", name)
  end
end
