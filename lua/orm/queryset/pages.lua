--- paginate and page_after: a part of the rows, and how to get the next.
local errors = require "rdb.orm.errors"
local evaluation = require "rdb.orm.queryset.evaluation"

return function(methods, queryset)
  local label = queryset.label

  local function positive(self, verb, what, value)
    local whole = math.tointeger(value)
    if not whole or whole < 1 then
      errors.raise("misuse", "%s: %s takes %s from 1 upwards, got %s", label(self), verb, what,
        type(value) == "number" and tostring(value) or errors.type_name(value))
    end
    return whole
  end

  -- Pages need an order that is the same each time: the key's when nothing else says how.
  local function in_some_order(self)
    local node = self.node
    if node.ordered or node.mode or #(node.trie.model._meta.ordering or {}) > 0 then
      return self
    end
    return self:order_by "pk"
  end

  --- Page number `page` of `per_page` rows each. A page after the last has no items.
  -- @treturn table { items, page, per_page, total, pages, has_next, has_previous }; two statements, so that `total`
  -- may count a row more or less than `items` saw unless a transaction holds both
  function methods.paginate(self, page, per_page)
    queryset.refuse_sliced(self, "paginate")
    page, per_page = positive(self, "paginate", "a page", page), positive(self, "paginate", "a size", per_page)
    local total = methods.count(self)
    local pages = math.max(1, (total + per_page - 1) // per_page)
    local items = {}
    if page <= pages then
      local first = (page - 1) * per_page + 1
      items = evaluation.rows(in_some_order(self):slice(first, first + per_page - 1))
    end
    return {
      items = items, page = page, per_page = per_page, total = total, pages = pages,
      has_next = page < pages, has_previous = page > 1,
    }
  end

  --- The `per_page` rows after the place that `cursor` marks; nil: the first. However many pages there are, each
  -- costs the same, and rows that come or go meanwhile shift nothing. The order is that of the QuerySet, made total
  -- by the key; it names fields of the model or annotations. A cursor is a text for links and forms: it holds what
  -- the last row is ordered by, is checked, and serves the same order only.
  -- @treturn table { items, next_cursor }; next_cursor is nil on the last page
  -- @raise invalid_value for a cursor that is none, or of another order
  function methods.page_after(self, cursor, per_page)
    queryset.refuse_sliced(self, "page_after")
    per_page = positive(self, "page_after", "a size", per_page)
    local keyset = require "rdb.orm.queryset.keyset"
    local order = keyset.order(self)
    keyset.check_values(self, order)
    local rows = keyset.ordered(self, order)
    if cursor ~= nil then
      rows = rows:filter(keyset.after(self, order, keyset.read(self, order, cursor)))
    end
    local items = { table.unpack(evaluation.rows(rows:slice(1, per_page + 1))) }
    local more = items[per_page + 1] ~= nil
    items[per_page + 1] = nil
    return { items = items, next_cursor = more and keyset.write(self, order, items[per_page]) or nil }
  end
end
