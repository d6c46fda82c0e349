--- report.lua FILE: ratios of client CPU from the samples of bin/bench.
--- FILE has lines "<who> <workload> <cpu seconds> <wall seconds> <operations>", who being c or rdb.
local TARGETS = { -- most times the CPU of plain C
  { "W1m", 2.5 }, { "W1f", 1.5 }, { "W2", 2.5 }, { "W3", 1.2 }, { "W4", 2.2 }, { "W5", 2.6 }, { "W6", 2.6 },
  { "W7_values", 2.7 }, { "W7_tuples", 2.4 }, { "W8", 3.0 }, { "W9a", 3.2 }, { "W9b", 1.4 }, { "W10a", 1.5 },
  { "W10b", 1.5 }, { "W11", 1.1 }, { "W12a", 1.5 }, { "W12b", 1.1 },
}

local samples = {}
for line in io.lines(arg[1]) do
  local who, workload, cpu, _, operations = line:match "^(%S+) (%S+) (%S+) (%S+) (%d+)$"
  local key = who .. " " .. workload
  samples[key] = samples[key] or {}
  table.insert(samples[key], tonumber(cpu) / tonumber(operations) * 1e6)
end

local function minimum_and_median(key)
  local list = samples[key]
  if not list then return nil end
  table.sort(list)
  return list[1], list[(#list + 1) // 2], #list
end

print(("%-10s %21s %21s %15s %7s"):format("workload", "C us/op (min/median)", "rdb us/op", "ratio min/med", "target"))
for _, target in ipairs(TARGETS) do
  local workload, most = target[1], target[2]
  local c_min, c_median = minimum_and_median("c " .. workload)
  local r_min, r_median = minimum_and_median("rdb " .. workload)
  if c_min and r_min then
    local low, middle = r_min / c_min, r_median / c_median
    local verdict = (low <= most or middle <= most) and "met" or "MISSED"
    print(("%-10s %10.3f %10.3f %10.3f %10.3f %7.2f %7.2f %7.2f  %s"):format(workload, c_min, c_median, r_min, r_median,
      low, middle, most, verdict))
  end
end
local BUILDING = { { "W13", 5.0, "build and compile 7 links" }, { "W13_again", 1.0, "compile a built QuerySet again" } }
for _, line in ipairs(BUILDING) do
  local low, middle = minimum_and_median("rdb " .. line[1])
  if low then
    print(("%-10s %43.3f %10.3f %23.2f  %s  (us, %s)"):format(line[1], low, middle, line[2],
      low <= line[2] and "met" or "MISSED", line[3]))
  end
end
for _, who in ipairs { "lua", "c", "rdb" } do
  local low, middle, n = minimum_and_median(who .. " W14") -- in us
  if low then
    print(("W14 %-6s %10.3f ms CPU min %10.3f ms median, %d processes (start to first result)"):format(who, low / 1000,
      middle / 1000, n))
  end
end
