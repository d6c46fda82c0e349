--- The state of a project's models as data: what migrations change and what the autodetector compares.
--
--   local state = require "rdb.migrations.state"
--   local project = state.ProjectState()
--   project:add_model(state.ModelState { app = "blog", name = "Author", fields = { { "id", f.big_auto {} } } })
local project_state = require "rdb.migrations.state.project_state"

return {
  ProjectState = project_state.ProjectState,
  ModelState = require "rdb.migrations.state.model_state",
  from_registry = project_state.from_registry,
}
