--- The objects that came with an object in one result: what is loaded for one is loaded for all of them.
local instance = require "rdb.orm.instance"

local peers = {}

-- Lists of objects that were loaded lazily for a list, kept as long as that list lives: through them the objects
-- of the second step know their own siblings.
local kept = setmetatable({}, { __mode = "k" })

--- A value that can be a table key and is equal for equal values (userdata by their text).
function peers.key_of(value)
  local kind = type(value)
  if kind == "userdata" then
    return tostring(value)
  elseif kind == "number" then
    return math.tointeger(value) or value
  end
  return value
end

-- Objects of the same model below the related objects of `list`, at most three relations deep.
local function nested(list, metatable, found, seen, depth)
  for _, object in ipairs(list) do
    for _, related in pairs(rawget(object, 3) or {}) do
      if type(related) == "table" and instance.model_of(related) and not seen[related] then
        seen[related] = true
        if getmetatable(related) == metatable then
          found[#found + 1] = related
        end
        if depth < 3 then
          nested({ related }, metatable, found, seen, depth + 1)
        end
      end
    end
  end
  return found
end

--- The object and its siblings: same result, same model.
-- @treturn table list, always holding the object
-- @treturn ?table the result list itself, to which what is loaded may be tied
function peers.of(object)
  local list = instance.is_saved(object) and require "rdb.core".peers(object) or nil
  if not list then
    return { object }, nil
  end
  local metatable, siblings, present = getmetatable(object), {}, false
  for _, other in ipairs(list) do
    if getmetatable(other) == metatable then
      siblings[#siblings + 1] = other
      present = present or rawequal(other, object)
    end
  end
  if not present then
    siblings = nested(list, metatable, siblings, { [object] = true }, 1)
    siblings[#siblings + 1] = object
  end
  return siblings, list
end

--- How lazy loading works for this result: "peers" (default), "one" or "raise".
function peers.mode(list)
  return list and rawget(list, "fetch_mode") or "peers"
end

--- Keep `loaded` alive as long as `list`.
function peers.keep(list, name, loaded)
  if list then
    kept[list] = kept[list] or {}
    kept[list][name] = loaded
  end
end

return peers
