--- Names of `rdb` that belong to later versions: each says so instead of being nil.
local errors = require "rdb.orm.errors"

local INSTEAD = {
  on = "; override save or delete in the model, or use rdb.on_commit",
}

--- name -> function that raises unsupported
return setmetatable({}, {
  __index = function(_, name)
    return function()
      errors.raise("unsupported", "rdb.%s is not part of this version of rdb%s", name, INSTEAD[name] or "")
    end
  end,
})
