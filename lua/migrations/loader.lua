--- Reads the migrations of all apps and builds their graph.
--
--   local loader = Loader.new { apps = { "blog" }, root = "." }
--   loader.graph, loader.migrations["blog.0001_initial"], loader:project_state()
local errors = require "rdb.orm.errors"
local files = require "rdb.migrations.files"
local Graph = require "rdb.migrations.graph"

local Loader = {}
Loader.__index = Loader


--- Build a loader and read everything.
-- @tparam table options apps = { "blog", ... }; root = the project's folder (default "."), or app -> its folder;
--   migrations = a list of
--   placed
--   Migration objects to use instead of files
-- @treturn Loader
-- @raise config for files that cannot be loaded, missing dependencies and cycles
function Loader.new(options)
  local self = setmetatable({
    apps = options.apps, root = options.root or ".", migrations = {}, keys = {}, by_app = {},
  }, Loader)
  for _, app in ipairs(self.apps) do
    self.by_app[app] = {}
  end
  if options.migrations then
    for _, migration in ipairs(options.migrations) do
      self:add(migration)
    end
  else
    for _, app in ipairs(self.apps) do
      for _, entry in ipairs(files.list(self.root, app)) do
        self:add(files.load(entry))
      end
    end
  end
  self:build_graph()
  return self
end


--- Add a placed migration; the graph has to be built again afterwards.
function Loader:add(migration)
  if self.migrations[migration.key] then
    errors.raise("config", "there are two migrations %s: %s and %s", migration.key,
      self.migrations[migration.key].path or "?", migration.path or "?")
  end
  self.migrations[migration.key] = migration
  self.keys[#self.keys + 1] = migration.key
  self.by_app[migration.app] = self.by_app[migration.app] or {}
  table.insert(self.by_app[migration.app], migration.key)
end


-- The key that a dependency means; nil for "__first__" of an app without migrations.
local function resolve(self, from, pair)
  local app, name = pair[1], pair[2]
  if name ~= "__first__" and name ~= "__latest__" then
    return Graph.key_of(app, name)
  end
  local keys = self.by_app[app]
  if not keys then
    errors.raise("config", "migration %s depends on the app %q, which is not among the apps of the settings",
      from.key, app)
  end
  return name == "__first__" and keys[1] or keys[#keys]
end


--- Build the graph from the migrations that were added.
function Loader:build_graph()
  local graph = Graph.new()
  for _, key in ipairs(self.keys) do
    graph:add_node(key, self.migrations[key])
  end
  for _, key in ipairs(self.keys) do
    local migration = self.migrations[key]
    for _, pair in ipairs(migration.dependencies) do
      local parent = resolve(self, migration, pair)
      if parent and parent ~= key then
        graph:add_dependency(key, parent, key)
      end
    end
    for _, pair in ipairs(migration.run_before) do
      local child = resolve(self, migration, pair)
      if child then
        graph:add_dependency(child, key, key)
      end
    end
  end
  graph:validate()
  self.graph = graph
end


--- The migration of an app by its whole name, or nil.
function Loader:get(app, name)
  return self.migrations[Graph.key_of(app, name)]
end


--- The migration whose name is, or starts with, prefix ("0002" for 0002_author_email).
-- @raise config when the app has none or several such migrations
function Loader:find(app, prefix)
  if not self.by_app[app] then
    errors.raise("config", "there is no app %q; the apps are: %s", app, table.concat(self.apps, ", "))
  end
  local exact = self:get(app, prefix)
  if exact then
    return exact
  end
  local found = {}
  for _, key in ipairs(self.by_app[app]) do
    if self.migrations[key].name:sub(1, #prefix) == prefix then
      found[#found + 1] = self.migrations[key]
    end
  end
  if #found == 0 then
    errors.raise("config", "app %q has no migration %q", app, prefix)
  elseif #found > 1 then
    local names = {}
    for index, migration in ipairs(found) do
      names[index] = migration.name
    end
    errors.raise("config", "%q means several migrations of app %q: %s", prefix, app, table.concat(names, ", "))
  end
  return found[1]
end


--- Apps with more than one last migration.
-- @treturn nil|table app -> { name, ... }
function Loader:conflicts()
  local by_app, any = {}, nil
  for _, key in ipairs(self.graph:leaf_nodes()) do
    local migration = self.migrations[key]
    by_app[migration.app] = by_app[migration.app] or {}
    table.insert(by_app[migration.app], migration.name)
  end
  for app, names in pairs(by_app) do
    if #names > 1 then
      any = any or {}
      any[app] = names
    end
  end
  return any
end


--- Raise when an app has several last migrations, naming them.
function Loader:check_conflicts()
  local conflicts = self:conflicts()
  if not conflicts then
    return
  end
  local parts = {}
  for app, names in pairs(conflicts) do
    parts[#parts + 1] = app .. " (" .. table.concat(names, ", ") .. ")"
  end
  table.sort(parts)
  errors.raise("config", "several last migrations: %s; make the later one depend on the other", table.concat(parts,
    "; "))
end


--- Raise when a migration is applied whose dependency is not.
-- @tparam table applied key -> true (or any value)
function Loader:check_consistent_history(applied)
  for _, key in ipairs(self.graph:all_in_order()) do
    for parent in pairs(applied[key] and self.graph.parents[key] or {}) do
      if not applied[parent] then
        errors.raise("config", "inconsistent history: %s is applied, but its dependency %s is not", key, parent)
      end
    end
  end
end


--- The project state after the targets, or after everything.
-- @tparam[opt] string|{string,...} targets keys; nil for all leaves
-- @treturn ProjectState a fresh one
function Loader:project_state(targets)
  local state = require("rdb.migrations.state").ProjectState()
  local plan = targets and self.graph:forwards_plan(targets) or self.graph:all_in_order()
  for _, key in ipairs(plan) do
    self.migrations[key]:mutate_state(state)
  end
  return state
end


--- The last number used in an app's migrations, 0 for none.
function Loader:last_number(app)
  local last = 0
  for _, key in ipairs(self.by_app[app] or {}) do
    last = math.max(last, tonumber(self.migrations[key].name:match "^%d+") or 0)
  end
  return math.tointeger(last)
end


return Loader
