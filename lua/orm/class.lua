--- The class helper: single inheritance, plain tables, callable classes.
local Object = { class_name = "Object" }
Object.__index = Object

local function construct(class, ...)
  local object = setmetatable({}, class)
  if class.init then
    object:init(...)
  end
  return object
end

--- Make a subclass. Metamethods are copied, so that instances of the subclass have them.
-- @tparam string name
-- @treturn table class; `class.super` is its parent
function Object:extend(name)
  local class = { class_name = name, super = self }
  for key, value in pairs(self) do
    if type(key) == "string" and key:find("^__") then
      class[key] = value
    end
  end
  class.__index = class
  return setmetatable(class, { __index = self, __call = construct })
end

--- Is the object an instance of `class` or of a class below it?
function Object:is(class)
  local own = getmetatable(self)
  while type(own) == "table" do
    if own == class then
      return true
    end
    own = rawget(own, "super")
  end
  return false
end

return setmetatable(Object, { __call = construct })
