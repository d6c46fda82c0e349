--- Verbs that belong to QuerySet but not to this version: each says so instead of being an unknown method.
local errors = require "rdb.orm.errors"

local NAMES = {
  "union", "union_all", "intersection", "difference", "with_cte", "with_recursive", "lateral_join",
}

return function(methods)
  for _, name in ipairs(NAMES) do
    methods[name] = function(self)
      errors.raise("unsupported", "%s: %s is not part of this version of rdb", self.node.trie.model._meta.label,
        name)
    end
  end
end
