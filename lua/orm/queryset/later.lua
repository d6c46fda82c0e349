--- Verbs that belong to QuerySet but not to this version: each says so instead of being an unknown method.
local errors = require "rdb.orm.errors"

local NAMES = {
    "union", "union_all", "intersection", "difference", "select_for_update", "raw", "group_by", "having", "with_cte",
    "with_recursive", "join", "left_join", "lateral_join", "extra_where", "cache_for", "cache_key", "timeout",
        "read_from",
    "index_hint", "paginate", "page_after",
}

local INSTEAD = {
    group_by = "values(...):annotate{...} groups", having = "filter on an annotated aggregate does the same",
    raw = "rdb.query runs SQL of your own", extra_where = "filter(rdb.RawSQL(...)) adds a condition of your own",
    paginate = "use slice", page_after = "use filter and slice",
}

return function(methods)
    for _, name in ipairs(NAMES) do
        if not methods[name] then
            methods[name] = function(self)
                errors.raise("unsupported", "%s: %s is not part of this version of rdb%s",
                    self.node.trie.model._meta.label, name,
                    INSTEAD[name] and "; " .. INSTEAD[name] or "")
            end
        end
    end
end
