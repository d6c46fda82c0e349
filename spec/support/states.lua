--- Short ways to write project states in specs of migrations.
local definition = require "rdb.orm.definition"
local f = require "rdb.fields"
local registry = require "rdb.orm.registry"
local state = require "rdb.migrations.state"

local M = {}


--- The key that models get without asking.
function M.id()
  return { "id", f.big_auto { primary_key = true } }
end


--- A ModelState: M.model("blog.Author", { { "name", f.text {} } }, options); `id` is put in front.
function M.model(label, fields, options)
  local app, name = label:match "^(.-)%.(.*)$"
  local all = { M.id() }
  table.move(fields or {}, 1, #(fields or {}), 2, all)
  return state.ModelState { app = app, name = name, fields = all, options = options }
end


--- A ProjectState of ModelStates.
function M.project(...)
  local project = state.ProjectState()
  for _, model in ipairs { ... } do
    project:add_model(model)
  end
  return project
end


--- The ProjectState of real models, each { label, fields, options }.
function M.from_models(list)
  local models = registry.new()
  for _, each in ipairs(list) do
    definition.define { registry = models, label = each[1], fields = each[2], options = each[3] or {} }
  end
  models:resolve()
  return state.from_registry(models)
end


--- Write migrations as files and read them again, without touching the disk.
-- @tparam table changes what autodetector.changes returned
-- @treturn {Migration,...} placed
function M.reload(changes)
  local writer = require "rdb.migrations.writer"
  local migrations = {}
  for app, list in pairs(changes) do
    for _, migration in ipairs(list) do
      local text = writer.render(migration)
      migrations[#migrations + 1] = assert(load(text, "=" .. migration.name))():place(app, migration.name, nil, text)
    end
  end
  return migrations
end


--- The state that migrations lead to.
function M.replay(migrations, before)
  local Loader = require "rdb.migrations.loader"
  local apps, seen = {}, {}
  local function add(app)
    if not seen[app] then
      seen[app] = true
      apps[#apps + 1] = app
    end
  end
  for _, migration in ipairs(migrations) do
    add(migration.app)
    for _, pair in ipairs(migration.dependencies) do
      add(pair[1])
    end
  end
  local loader = Loader.new { apps = apps, migrations = migrations }
  local project = before and before:clone() or state.ProjectState()
  for _, key in ipairs(loader.graph:all_in_order()) do
    loader.migrations[key]:mutate_state(project)
  end
  return project, loader
end


--- The operations of an app as texts, over all its migrations.
function M.described(changes, app)
  local texts = {}
  for _, migration in ipairs(changes[app] or {}) do
    for _, operation in ipairs(migration.operations) do
      texts[#texts + 1] = operation:describe()
    end
  end
  return texts
end


return M
