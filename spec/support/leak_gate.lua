--- After each spec file nothing may be alive that was not before it: connections, statements, leases,
--- transactions. What a spec opens, it closes in after_each or teardown.
local busted = require "busted"
local core = require "rdb.core"

local WATCHED = { "connections", "statements", "leases", "transactions", "cursors", "pools" }

local function live()
  collectgarbage()
  collectgarbage() -- what the first one's finalisers let go of
  return core.live()
end

local before

busted.subscribe({ "file", "start" }, function()
  before = live()
  return nil, true
end)

busted.subscribe({ "file", "end" }, function(file)
  local after = live()
  local leaks = {}
  for _, name in ipairs(WATCHED) do
    if after[name] ~= before[name] then
      leaks[#leaks + 1] = ("%s: %s before, %s after"):format(name, before[name], after[name])
    end
  end
  if #leaks > 0 then
    local message = "the spec left objects alive (" .. table.concat(leaks, "; ") .. ")"
    busted.publish({ "error", "file" }, file, nil, message, {
      message = message, traceback = "", source = file.name, short_src = file.name, currentline = 0, what = "file",
    })
  end
  return nil, true
end)
