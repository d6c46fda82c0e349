--- Runs busted inside rdb-lua: rdb-lua spec/run.lua [busted arguments]
--- Adds the leak gate to every spec file; RDB_GC_STRESS=1 collects garbage all the time.
package.path = "./?.lua;./?/init.lua;" .. package.path

require "rdb.core" -- loaded before busted isolates the files, so that all of them count the same objects
if os.getenv "RDB_GC_STRESS" then
  collectgarbage("incremental", 130, 400) -- below 110 each allocation collects everything
end

local helper = false
for _, argument in ipairs(arg) do
  helper = helper or argument:find "^%-%-helper" ~= nil
end
if not helper then
  table.insert(arg, 1, "--helper=spec.support.leak_gate")
end
warn "@on" -- errors in finalisers
require "busted.runner" { standalone = false }
