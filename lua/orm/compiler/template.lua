--- SQL templates written in our own sources: "LOWER(<1>)", "COALESCE(<*>)".
-- `<n>` stands for the n-th argument, `<*>` for all of them with commas between.
local template = {}

local cache = {}

--- Cut a template into pieces: strings, argument numbers and "*" as the number 0.
-- @tparam string text
-- @treturn table array
function template.parse(text)
  local pieces = cache[text]
  if pieces then
    return pieces
  end
  pieces = {}
  local from = 1
  for first, argument, last in text:gmatch("()<([%d*]+)>()") do
    if first > from then
      pieces[#pieces + 1] = text:sub(from, first - 1)
    end
    pieces[#pieces + 1] = argument == "*" and 0 or math.tointeger(tonumber(argument))
    from = last
  end
  if from <= #text then
    pieces[#pieces + 1] = text:sub(from)
  end
  cache[text] = pieces
  return pieces
end

return template
