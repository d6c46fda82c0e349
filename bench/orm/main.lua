--- main.lua WORKLOAD DATABASE SAMPLES: run one workload; a line a sample, as bench_plain prints them.
local workload, path, samples = arg[1], arg[2], tonumber(arg[3])
package.path = arg[0]:gsub("[^/]*$", "?.lua") .. ";" .. package.path

local rdb = require "rdb"
local in_memory = workload == "W1m"
rdb.configure {
  databases = { default = in_memory and "sqlite://:memory:" or "sqlite:///" .. path .. "?cache_size=-65536" },
}

if workload == "W14" then
  local Post = rdb.model "bench.Post" { title = rdb.fields.char { max_length = 100 }, meta = { table_name = "post" } }
  print(Post.objects:get { id = 500 }.title)
  return
end

local models = require "models"
local workloads = require "workloads"
if in_memory then
  local editor = require("rdb.migrations.schema.editor").new("default", {})
  editor:create_model(models.Entry)
  editor:run_deferred()
end

local W = assert(workloads[workload], "no such workload: " .. workload)
local prepare = type(W) == "table" and W.prepare or function() end
local run = type(W) == "table" and W.run or W

for sample = 1, samples do
  local prepared = prepare(sample)
  collectgarbage()
  collectgarbage()
  local begun = os.clock()
  local operations = run(prepared, sample)
  print(("%s %.9f %.9f %d"):format(workload, os.clock() - begun, 0, operations))
end
