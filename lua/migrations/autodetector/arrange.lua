--- From operations per app to migrations: order, cuts at dependencies between apps, names and numbers.
local dependencies = require "rdb.migrations.autodetector.dependencies"
local errors = require "rdb.orm.errors"
local Migration = require "rdb.migrations.migration"
local optimizer = require "rdb.migrations.optimizer"

local M = {}


local function sorted_apps(entries)
  local apps = {}
  for app in pairs(entries) do
    apps[#apps + 1] = app
  end
  table.sort(apps)
  return apps
end


-- Kinds that take away what names fields of a model.
local RELEASES = { RemoveIndex = true, RemoveConstraint = true, AlterUniqueTogether = true }


-- A field is removed after the indexes and constraints that name it, also when something needs it gone early.
local function add_releases(list, entry, entries)
  if entry.operation.kind ~= "RemoveField" then
    return
  end
  for _, other in ipairs(entries) do
    if other == entry then
      return
    elseif RELEASES[other.operation.kind]
      and (other.operation.model or other.operation.name) == entry.operation.model then
      list[#list + 1] = other
    end
  end
end


-- The entries of the same app that an entry has to follow.
local function needed_entries(entry, entries, app)
  local list = {}
  add_releases(list, entry, entries)
  for _, dependency in ipairs(entry.dependencies) do
    for _, other in ipairs(entries) do
      if other ~= entry and dependencies.satisfies(other.operation, app, dependency) then
        list[#list + 1] = other
      end
    end
  end
  return list
end


-- An entry moves only as far as it must: the order of detection stays where nothing stands in the way.
local function sort_app(entries, app)
  local sorted, state = {}, {}
  local function visit(entry)
    if state[entry] == "done" then
      return
    elseif state[entry] == "visiting" then
      errors.raise("unsupported", "the changes of app %s depend on each other in a circle at %s; make two steps",
        app, entry.operation:describe())
    end
    state[entry] = "visiting"
    for _, other in ipairs(needed_entries(entry, entries, app)) do
      visit(other)
    end
    state[entry] = "done"
    sorted[#sorted + 1] = entry
  end
  for _, entry in ipairs(entries) do
    visit(entry)
  end
  return sorted
end


local function is_pending(self, app, dependency)
  for _, entry in ipairs(self.entries[app] or {}) do
    if dependencies.satisfies(entry.operation, app, dependency) then
      return true
    end
  end
  return false
end


-- The existing migration of another app to depend on: its last one, or its first when nobody knows which.
local function existing_migration(self, app)
  local leaf = self.loader and self.loader.graph:leaf_nodes(app)[1]
  return { app, leaf and self.loader.migrations[leaf].name or "__first__" }
end


-- Other migrations that an entry needs; nil while one of them has not been made.
local function external_dependencies(self, app, entry, force)
  local list = {}
  for _, dependency in ipairs(entry.dependencies) do
    local other = dependencies.app_of(dependency.label)
    if other ~= app then
      if is_pending(self, other, dependency) then
        return nil
      elseif dependency.kind == "history" then
        if self.loader and self.loader.graph:leaf_nodes(other)[1] then
          list[#list + 1] = existing_migration(self, other)
        end
      elseif self.migrations[other] then
        list[#list + 1] = self.migrations[other][#self.migrations[other]]
      elseif dependency.kind == "create" and not self.context.before.models[dependency.label]
        and not self.context.after.models[dependency.label] then
        errors.raise("config", "%s: there is no model %s", entry.operation:describe(), dependency.label)
      elseif dependency.kind == "create" then
        if not force then
          return nil
        end
        list[#list + 1] = existing_migration(self, other)
      end
    end
  end
  return list
end


-- May the operation be made before the ones that have to wait?
local function may_overtake(waiting, entry, app)
  for _, other in ipairs(waiting) do
    if other.operation:reduce(entry.operation, app) ~= true then
      return false
    end
  end
  return true
end


-- Take the entries of an app that can be made now; the others wait.
local function take_ready(self, app, force)
  local ready, needed, waiting = {}, {}, {}
  for _, entry in ipairs(self.entries[app]) do
    local external = may_overtake(waiting, entry, app) and external_dependencies(self, app, entry, force)
    if external then
      table.move(external, 1, #external, #needed + 1, needed)
      ready[#ready + 1] = entry
    else
      waiting[#waiting + 1] = entry
    end
  end
  return ready, needed, waiting
end


local function add_migration(self, app, ready, needed)
  local operations = {}
  for index, entry in ipairs(ready) do
    operations[index] = entry.operation
  end
  local migration = { app = app, operations = operations, dependencies = needed, initial = self.initial[app] }
  self.migrations[app] = self.migrations[app] or {}
  table.insert(self.migrations[app], migration)
end


-- One round over the apps. An app is cut only when `force` is set, and then only one of them.
-- @treturn boolean something was made
local function round(self, force)
  local progress = false
  for _, app in ipairs(sorted_apps(self.entries)) do
    if self.entries[app][1] then
      local ready, needed, waiting = take_ready(self, app, force)
      if ready[1] and (force or not waiting[1]) then
        add_migration(self, app, ready, needed)
        self.entries[app] = waiting
        progress, force = true, false
      end
    end
  end
  return progress
end


local function has_entries(self)
  for _, entries in pairs(self.entries) do
    if entries[1] then
      return true
    end
  end
  return false
end


local function build(self)
  while has_entries(self) do
    if not round(self, false) and not round(self, true) then
      errors.raise("unsupported", "the changes of the apps %s depend on each other in a circle; make them in two steps",
        table.concat(sorted_apps(self.entries), ", "))
    end
  end
end


-- Fields stand in the order of the model, although relations were added one by one.
local function restore_field_order(operation, app, after)
  local model = operation.kind == "CreateModel" and after.models[app .. "." .. operation.name]
  if not model then
    return operation
  end
  local position = {}
  for index, pair in ipairs(model.fields) do
    position[pair[1]] = index
  end
  local fields = table.move(operation.fields, 1, #operation.fields, 1, {})
  table.sort(fields, function(a, b) return (position[a[1]] or 0) < (position[b[1]] or 0) end)
  return operation:with { fields = fields }
end


local function finish_operations(self, app, migration)
  local operations = optimizer.optimize(migration.operations, app)
  for index, operation in ipairs(operations) do
    operations[index] = restore_field_order(operation, app, self.context.after)
  end
  migration.operations = operations
end


local function first_number(self, app)
  if self.loader then
    return self.loader:last_number(app) + 1
  end
  return self.initial[app] and 1 or 2
end


local function name_all(self)
  for _, app in ipairs(sorted_apps(self.migrations)) do
    for index, migration in ipairs(self.migrations[app]) do
      local fragment = self.options.name or Migration.suggest_name(migration.operations, migration.initial)
      migration.name = ("%04d_%s"):format(first_number(self, app) + index - 1, fragment)
    end
  end
end


-- Dependencies as { app, name }: on other apps, on the migration before, on the last existing one.
local function finish_dependencies(self)
  for app, list in pairs(self.migrations) do
    for index, migration in ipairs(list) do
      local previous = list[index - 1] or (self.loader and self.loader.graph:leaf_nodes(app)[1]
        and existing_migration(self, app))
      local needed, seen = {}, {}
      local function need(other)
        local pair = other.operations and { other.app, other.name } or other
        local key = pair[1] .. "." .. pair[2]
        if not seen[key] then
          seen[key] = true
          needed[#needed + 1] = pair
        end
      end
      if previous then
        need(previous)
      end
      for _, other in ipairs(migration.dependencies) do
        need(other)
      end
      table.sort(needed, function(a, b) return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2]) end)
      migration.dependencies = needed
    end
  end
end


-- Only the wanted apps, and the apps whose new migrations these need.
local function trim(migrations, apps)
  local wanted, todo = {}, table.move(apps, 1, #apps, 1, {})
  while #todo > 0 do
    local app = table.remove(todo)
    if not wanted[app] then
      wanted[app] = true
      for _, migration in ipairs(migrations[app] or {}) do
        for _, pair in ipairs(migration.dependencies) do
          todo[#todo + 1] = pair[1]
        end
      end
    end
  end
  local result = {}
  for app, list in pairs(migrations) do
    result[app] = wanted[app] and list or nil
  end
  return result
end


local function initial_apps(context, loader, original)
  local initial = {}
  for app in pairs(context.entries) do
    if loader then
      initial[app] = #(loader.by_app[app] or {}) == 0
    else
      initial[app] = true
      for _, model in pairs(original.models) do
        initial[app] = initial[app] and model.app ~= app
      end
    end
  end
  return initial
end


--- Arrange what was detected into migrations.
-- @tparam table context of the autodetector
-- @tparam table options loader, name, apps
-- @treturn table app -> { { app=, name=, dependencies=, operations=, initial= }, … }
function M.arrange(context, options)
  local self = {
    context = context, options = options, loader = options.loader, entries = {}, migrations = {},
    initial = initial_apps(context, options.loader, context.before),
  }
  for app, entries in pairs(context.entries) do
    self.entries[app] = sort_app(entries, app)
  end
  build(self)
  for app, list in pairs(self.migrations) do
    for _, migration in ipairs(list) do
      finish_operations(self, app, migration)
    end
  end
  name_all(self)
  finish_dependencies(self)
  return options.apps and trim(self.migrations, options.apps) or self.migrations
end


return M
