--- group_by and having said outright, and conditions in SQL of the program's own.
local q = require "rdb.orm.q"
local raw = require "rdb.orm.expressions.raw"

return function(methods, queryset)
  --- One row for each combination of these fields, as a table with them and the aggregates annotated before or
  -- after: group_by("status"):annotate{ n = Count "id" }. The rows are grouped by nothing else, whatever the order.
  function methods.group_by(self, ...)
    queryset.refuse_sliced(self, "group_by")
    local names = queryset.names_of(self, "group_by", ...)
    if #names == 0 then
      require "rdb.orm.errors".raise("misuse", "%s: group_by needs a field", queryset.label(self))
    end
    for _, name in ipairs(names) do
      queryset.check_field(self, name)
    end
    return queryset.structural(self, "group_by", "group_by\1" .. table.concat(names, "\1"), function()
      return { table.unpack(names) }, { mode = "values" }
    end)
  end

  --- Groups that match; conditions as for filter, on the aggregates or on what the groups are made of.
  function methods.having(self, ...)
    queryset.refuse_sliced(self, "having")
    return (queryset.condition_link(self, q.children_of_arguments("having", ...), false, "having"))
  end

  --- A condition in SQL: extra_where("length(title) > ?", { 10 }). The text is trusted: it must never be put together
  -- from user input. Values belong to the parameters, which are bound. Columns stand by table and name.
  function methods.extra_where(self, sql, params)
    return methods.filter(self, raw.RawSQL(sql, params))
  end
end
