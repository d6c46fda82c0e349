--- slice, and the verbs that cut dates to a unit.
local errors = require "rdb.orm.errors"
local shape = require "rdb.orm.shape"
local structure = require "rdb.orm.structure"

return function(methods, queryset)
  local link, label = queryset.link, queryset.label

  local function bound(self, name, value)
    value = value and math.tointeger(value)
    if not value or value < 1 then
      errors.raise("misuse", "%s: a slice goes from 1 upwards; %s is not a positive integer", label(self), name)
    end
    return value
  end

  -- The slice that is in force on a chain.
  local function current_slice(self)
    local at = self
    while at do
      if at.node.kind == "slice" then
        return at.node.spec, at.value
      end
      at = at.prev
    end
  end

  local SLICES = {
    { limit = true, offset = false }, { limit = false, offset = true }, { limit = true, offset = true },
  }

  --- Rows first..last of what comes so far, counted from 1; qs[{first, last}] is the same. nil: open end.
  function methods.slice(self, first, last)
    first = first ~= nil and bound(self, "the first row", first) or 1
    local limit
    if last ~= nil then
      last = math.tointeger(last)
      if not last or last < 0 then
        errors.raise("misuse", "%s: the last row of a slice is not a positive integer", label(self))
      end
      limit = math.max(0, last - first + 1)
    end
    local offset = first - 1
    if self.node.sliced then
      local spec, value = current_slice(self)
      local old_limit = spec.limit and value[1]
      local old_offset = spec.offset and value[#value] or 0
      if old_limit then
        limit = math.min(limit or old_limit, math.max(0, old_limit - offset))
      end
      offset = offset + old_offset
    end
    local form = limit and (offset > 0 and 3 or 1) or 2
    local key = "slice" .. form
    local node = self.node
    local child = node.children[key]
      or shape.add(node, key, "slice", SLICES[form], form == 3 and 2 or 1, false, { sliced = true })
    return link(self, child, form == 1 and { limit } or form == 2 and { offset } or { limit, offset })
  end

  -- The distinct truncated values of a field, in order.
  local function truncated(self, path, unit, options)
    local descending = options and options.order == "desc"
    local resolved = structure.resolve(self.node, path)
    if resolved.lookup ~= "exact" then
      errors.raise("misuse", "%s is a lookup; dates takes a field", resolved.label)
    end
    return self:annotate { datefield = require("rdb.orm.functions")["trunc_" .. unit](path) }
      :filter { [path .. "__isnull"] = false }
      :values_list("datefield", { flat = true }):distinct():order_by((descending and "-" or "") .. "datefield")
  end

  local function check_unit(self, verb, unit, units)
    if not units[unit] then
      errors.raise("misuse", "%s: %s knows no unit '%s' (it has: %s)", label(self), verb, tostring(unit),
        require("rdb.orm.suggest").list(units))
    end
  end

  local DATE_UNITS = { year = true, month = true, week = true, day = true, quarter = true }
  local TIME_UNITS = { year = true, month = true, week = true, day = true, quarter = true, hour = true,
    minute = true, second = true }

  --- dates("sold_on", "month", { order = "desc" }): each different date, cut to the unit.
  function methods.dates(self, path, unit, options)
    check_unit(self, "dates", unit, DATE_UNITS)
    return truncated(self, path, unit, options)
  end

  --- datetimes("sold_at", "hour", { order = "desc" }).
  function methods.datetimes(self, path, unit, options)
    check_unit(self, "datetimes", unit, TIME_UNITS)
    return truncated(self, path, unit, options)
  end
end
