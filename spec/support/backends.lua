--- The databases that contract specs run on. `each` calls a body once per backend; `backend.setup(models)` gives a
-- fresh database under the alias "default" (or another) with the tables of the models, `backend.teardown()` drops it.
local connections = require "rdb.orm.connections"

local backends = {}

local Backend = {}
Backend.__index = Backend

local function create_tables(alias, models)
  local editor = require "rdb.migrations.schema.editor".new(alias)
  for _, model in ipairs(models) do
    editor:create_model(model)
    for _, field in ipairs(model._meta.many_to_many) do
      if field.relation.auto_through then
        editor:create_model(field.relation.through)
      end
    end
  end
  editor:run_deferred()
end

--- Open a fresh database and make the tables.
-- @tparam table models in an order in which their tables can be made
-- @tparam ?table options { alias = "default", url_options = "busy_timeout=1" }
function Backend:setup(models, options)
  local alias = options and options.alias or "default"
  self.files = self.files or {}
  local file = os.tmpname()
  self.files[#self.files + 1] = file
  self.urls = self.urls or {}
  self.urls[alias] = self.url(file) .. (options and options.url_options and "?" .. options.url_options or "")
  local databases = {}
  for name, url in pairs(self.urls) do
    databases[name] = { url = url }
  end
  connections.close(alias)
  connections.configure(databases)
  create_tables(alias, models)
end

--- Close and remove what setup made.
function Backend:teardown()
  for alias in pairs(self.urls or {}) do
    connections.close(alias)
  end
  for _, file in ipairs(self.files or {}) do
    for _, suffix in ipairs { "", "-wal", "-shm", "-journal" } do
      os.remove(file .. suffix)
    end
  end
  self.urls, self.files = nil, nil
  connections.configure {}
end

local all = {
  setmetatable({ name = "sqlite", url = function(file) return "sqlite:///" .. file end }, Backend),
}

--- Call `body(backend)` for each backend that this build has.
function backends.each(body)
  for _, backend in ipairs(all) do
    local bound = setmetatable({
      setup = function(models, options)
        return backend:setup(models, options)
      end,
      teardown = function()
        return backend:teardown()
      end,
    }, { __index = backend })
    body(bound)
  end
end

return backends
