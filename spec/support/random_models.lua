--- Random projects of two apps, for specs of histories of migrations. The same seed gives the same project.
--
-- A project is data: { { "aa.Red", { { "f1", "char", { options } }, … }, { unique_together=, index=, check=,
-- table_name= } }, … };
-- foreign keys carry the label in options[1] and the name of on_delete.
local f = require "rdb.fields"
local rdb = require "rdb"
local states = require "spec.support.states"

local M = {}

M.APPS = { "aa", "bb" }
local NAMES = { "Red", "Blue", "Green", "Pink" }

local Random = {}
Random.__index = Random


--- A source of random projects.
function M.new(seed)
  return setmetatable({ state = seed * 2654435761 % 2147483647 + 1, counter = 0 }, Random)
end


-- 1..n, the same on every machine.
function Random:number(n)
  self.state = self.state * 48271 % 2147483647
  return self.state % n + 1
end


function Random:chance(n)
  return self:number(n) == 1
end


local function relation(self, labels, options)
  options[1], options.related_name = labels[self:number(#labels)], "+"
  return options
end


-- type -> function(random, labels) -> options
local KINDS = {
  function(self) return "char", { max_length = self:number(3) * 10, null = self:chance(2) } end,
  function(self) return "integer", { null = self:chance(2), db_index = self:chance(3) or nil } end,
  function(self) return "decimal", { max_digits = 8, decimal_places = self:number(3), null = self:chance(2) } end,
  function(self) return "datetime", { null = self:chance(2) } end,
  function(self) return "boolean", { default = self:chance(2) } end,
  function(self) return "text", { null = self:chance(2), blank = self:chance(2) or nil } end,
  function(self) return "positive_integer", { null = self:chance(2), db_default = self:chance(2) and 4 or nil } end,
  function() return "json", { null = true } end,
  function(self, labels)
    return "foreign_key", relation(self, labels, { null = true, on_delete = self:chance(2) and "CASCADE"
        or "SET_NULL" })
  end,
  function(self, labels) return "many_to_many", relation(self, labels, {}) end,
  function(self, labels) return "one_to_one", relation(self, labels, { null = true, on_delete = "CASCADE" }) end,
}


local function plain_fields(fields)
  local names = {}
  for _, field in ipairs(fields) do
    if field[2] == "integer" or field[2] == "char" then
      names[#names + 1] = field[1]
    end
  end
  return names
end


local function random_options(self, label, fields)
  local options, plain = {}, plain_fields(fields)
  if #plain >= 2 and self:chance(2) then
    options.unique_together = { plain[1], plain[2] }
  end
  if #plain >= 1 then
    options.index = self:chance(2) and plain[self:number(#plain)] or nil
    options.check = self:chance(3) and plain[1] or nil
  end
  options.table_name = self:chance(6) and "tbl_" .. label:gsub("%.", "_") or nil
  return options
end


--- A random project.
function Random:project()
  local labels, project = {}, {}
  for _, app in ipairs(M.APPS) do
    for _, name in ipairs(NAMES) do
      if self:number(3) > 1 or #labels == 0 then
        labels[#labels + 1] = app .. "." .. name
      end
    end
  end
  for index, label in ipairs(labels) do
    local fields = {}
    for number = 1, 6 do
      if self:number(3) > 1 then
        fields[#fields + 1] = { "f" .. number, KINDS[self:number(#KINDS)](self, labels) }
      end
    end
    project[index] = { label, fields, random_options(self, label, fields) }
  end
  return project
end


--- Another random project in which some models lose only a few fields.
function Random:changed(project)
  local new, old, exists = self:project(), {}, {}
  for _, model in ipairs(project) do
    old[model[1]] = model
  end
  for _, model in ipairs(new) do
    exists[model[1]] = true
  end
  for index, model in ipairs(new) do
    if old[model[1]] and self:number(3) > 1 then
      local fields = {}
      for _, field in ipairs(old[model[1]][2]) do
        if self:number(5) > 1 and (not field[3][1] or exists[field[3][1]]) then
          fields[#fields + 1] = field
        end
      end
      new[index] = { model[1], fields, random_options(self, model[1], fields) }
    end
  end
  return new
end


local function rename_in_options(options, old, new)
  options.index = options.index == old and new or options.index
  options.check = options.check == old and new or options.check
  for index, name in ipairs(options.unique_together or {}) do
    options.unique_together[index] = name == old and new or name
  end
end


local function deep_copy(value)
  if type(value) ~= "table" then
    return value
  end
  local copy = {}
  for key, item in pairs(value) do
    copy[key] = deep_copy(item)
  end
  return copy
end


--- The same project with other names for some models and fields.
-- @treturn table project
-- @treturn table answers for the autodetector
function Random:renamed(project)
  local new, answers, labels = deep_copy(project), { rename_models = {}, rename_fields = {} }, {}
  local function fresh(prefix)
    self.counter = self.counter + 1
    return prefix .. self.counter
  end
  for _, model in ipairs(new) do
    if self:chance(2) then
      answers.rename_models[model[1]] = fresh "N"
      labels[model[1]] = model[1]:match "^%a+" .. "." .. answers.rename_models[model[1]]
    end
  end
  for _, model in ipairs(new) do
    for _, field in ipairs(model[2]) do
      field[3][1] = labels[field[3][1]] or field[3][1]
      if self:chance(3) then
        local name = fresh "g"
        answers.rename_fields[model[1] .. "." .. field[1]] = name
        rename_in_options(model[3], field[1], name)
        field[1] = name
      end
    end
    model[1] = labels[model[1]] or model[1]
  end
  return new, answers
end


--- Answers that give every new field a value for existing rows.
function M.defaults(state)
  local values = {
    char = "x", text = "x", integer = 1, decimal = "1", datetime = "2024-01-01T00:00:00Z", positive_integer = 1,
  }
  local defaults = {}
  for label, model in pairs(state.models) do
    for _, pair in ipairs(model.fields) do
      defaults[label .. "." .. pair[1]] = values[pair[2].type]
    end
  end
  return { defaults = defaults }
end


--- The ProjectState of a project, through real models.
function M.state(project)
  local list = {}
  for index, model in ipairs(project) do
    local fields, given = { states.id() }, model[3]
    for _, field in ipairs(model[2]) do
      local options = deep_copy(field[3])
      options.on_delete = options.on_delete and rdb[options.on_delete]
      fields[#fields + 1] = { field[1], f[field[2]](options) }
    end
    list[index] = { model[1], fields, {
      table_name = given.table_name, unique_together = given.unique_together and { given.unique_together },
      indexes = given.index and { rdb.Index { "-" .. given.index } },
      constraints = given.check and { rdb.CheckConstraint {
        condition = rdb.Q { [given.check .. "__isnull"] = false } | rdb.Q { id__gt = 0 },
      } },
    } }
  end
  return states.from_models(list)
end


return M
