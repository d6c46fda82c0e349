--- "Did you mean ...?": the nearest of some names to a misspelt one.
local suggest = {}

-- Levenshtein distance with adjacent swaps counted once, given up beyond `limit`.
local function distance(a, b, limit)
  if math.abs(#a - #b) > limit then
    return limit + 1
  end
  local before, previous, current = {}, {}, {}
  for j = 0, #b do
    previous[j] = j
  end
  for i = 1, #a do
    current[0] = i
    local x = a:byte(i)
    for j = 1, #b do
      local y = b:byte(j)
      local cost = x == y and 0 or 1
      local best = math.min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + cost)
      if i > 1 and j > 1 and x == b:byte(j - 1) and a:byte(i - 1) == y then
        best = math.min(best, before[j - 2] + 1)
      end
      current[j] = best
    end
    before, previous, current = previous, current, before
  end
  return previous[#b]
end

--- The candidate nearest to `name`, or nil when none is near.
-- @tparam string name
-- @tparam table candidates array of strings, or a set/map with string keys
-- @treturn ?string
function suggest.nearest(name, candidates)
  if type(name) ~= "string" then
    return nil
  end
  local names = {}
  for key, value in pairs(candidates) do
    names[#names + 1] = type(key) == "string" and key or type(value) == "string" and value or nil
  end
  table.sort(names)
  local limit = math.max(1, #name // 3)
  local best, best_distance
  for _, candidate in ipairs(names) do
    local d = distance(name:lower(), candidate:lower(), limit)
    if d <= limit and (not best or d < best_distance) then
      best, best_distance = candidate, d
    end
  end
  return best
end

--- "; did you mean 'title'?" or "".
function suggest.clause(name, candidates)
  local nearest = suggest.nearest(name, candidates)
  return nearest and ("; did you mean '%s'?"):format(nearest) or ""
end

--- The names in `candidates` (array or string-keyed map), sorted and joined by ", ".
function suggest.list(candidates)
  local names = {}
  for key, value in pairs(candidates) do
    names[#names + 1] = type(key) == "string" and key or tostring(value)
  end
  table.sort(names)
  return table.concat(names, ", ")
end

return suggest
