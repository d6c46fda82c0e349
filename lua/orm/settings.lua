--- rdb.configure { databases =, apps =, log = } and what follows from it: the aliases, the apps and their models.
local connections = require "rdb.orm.connections"
local errors = require "rdb.orm.errors"
local registry = require "rdb.orm.registry"
local suggest = require "rdb.orm.suggest"

local settings = {}

local KEYS = { databases = true, apps = true, base = true, log = true }
local DATABASE_KEYS = { url = true, pool = true, options = true, replicas = true }

-- databases, apps = { { name = "blog", label = "blog", path = "/x/blog" } }, base = "/x/"
local current = { databases = {}, apps = {}, base = "" }
local searchable = {} -- folders that are on package.path already
local loaded = false

-- Give an error the place of the fault. With `origin` in it rdb-lua prints it without a traceback, which would only
-- show our own code.
local function at_origin(err, origin, prefix)
  if type(err) ~= "table" then
    err = errors.new("config", tostring(err))
  elseif prefix and not err.origin then
    err.message = ("%s: %s"):format(origin, err.message)
  end
  err.origin = err.origin or origin
  error(err, 0)
end

-- Options of the URL are written into it: options = { busy_timeout = 5 }.
local function with_options(url, options)
  local names, parts = {}, {}
  for name in pairs(options) do
    names[#names + 1] = name
  end
  table.sort(names)
  for i, name in ipairs(names) do
    local value = tostring(options[name]):gsub("[^%w._~/-]", function(char)
      return ("%%%02X"):format(char:byte())
    end)
    parts[i] = name .. "=" .. value
  end
  if #parts == 0 then
    return url
  end
  return url .. (url:find("?", 1, true) and "&" or "?") .. table.concat(parts, "&")
end

-- The URL of one database, checked. @raise config naming the alias
local function check_url(alias, url)
  if type(url) ~= "string" or url == "" then
    errors.raise("config", "databases.%s must be a URL such as \"sqlite:///app.db\", got %s", alias,
      url == "" and "an empty string" or errors.type_name(url))
  end
  local found, core = pcall(require, "rdb.core")
  if found then
    local ok, err = pcall(core.parse_url, url)
    if not ok then
      err.message = ("databases.%s: %s"):format(alias, err.message)
      error(err, 0)
    end
  end
  return url
end

local function check_database(alias, value)
  if type(alias) ~= "string" or not alias:find("^[%a_][%w_]*$") then
    errors.raise("config", "an alias in databases is a plain name, got '%s'", tostring(alias))
  end
  if type(value) == "string" then
    return { url = check_url(alias, value) }
  elseif type(value) ~= "table" then
    errors.raise("config", "databases.%s must be a URL or a table with url, got %s", alias, errors.type_name(value))
  end
  for key in pairs(value) do
    if not DATABASE_KEYS[key] then
      errors.raise("config", "databases.%s has no key '%s'%s", alias, tostring(key),
        suggest.clause(key, DATABASE_KEYS))
    end
  end
  if value.replicas ~= nil then
    errors.raise("unsupported", "databases.%s: replicas are not available in this build", alias)
  end
  for _, key in ipairs { "pool", "options" } do
    if value[key] ~= nil and type(value[key]) ~= "table" then
      errors.raise("config", "databases.%s.%s must be a table of options, got %s", alias, key,
        errors.type_name(value[key]))
    end
  end
  return { url = check_url(alias, with_options(check_url(alias, value.url), value.options or {})), pool = value.pool }
end

local function check_databases(databases)
  if databases ~= nil and type(databases) ~= "table" then
    errors.raise("config", "databases must be a table of URLs by alias, got %s", errors.type_name(databases))
  end
  local checked = {}
  for alias, value in pairs(databases or {}) do
    if alias ~= "default" or not os.getenv "DATABASE_URL" then
      checked[alias] = check_database(alias, value)
    end
  end
  local url = os.getenv "DATABASE_URL"
  if url and url ~= "" then
    local ok, err = pcall(check_url, "default", url)
    if not ok then
      at_origin(err, "DATABASE_URL", true)
    end
    checked.default = { url = url }
  end
  return checked
end

local function check_apps(apps, base)
  if apps ~= nil and type(apps) ~= "table" then
    errors.raise("config", "apps must be a list of names, got %s", errors.type_name(apps))
  end
  local checked, seen = {}, {}
  for i, name in ipairs(apps or {}) do
    if type(name) ~= "string" or not name:find("^[%a_][%w_.]*$") then
      errors.raise("config", "apps: item %d must be a name such as \"blog\", got %s", i,
        type(name) == "string" and "'" .. name .. "'" or errors.type_name(name))
    end
    local label = name:match("[^.]+$")
    if seen[label] then
      errors.raise("config", "apps: '%s' stands there twice", label)
    end
    seen[label] = true
    checked[i] = { name = name, label = label, path = base .. name:gsub("%.", "/") }
  end
  return checked
end

-- The folder of the file that calls configure, with a slash, or "" for the current one.
local function caller_folder(level)
  local info = debug.getinfo(level + 1, "S")
  return info and info.source:match("^@(.*/)[^/]*$") or ""
end

-- What a settings file returns.
local function read_file(path)
  local chunk, reason = loadfile(path, "t")
  if not chunk then
    at_origin(errors.new("config", reason), path)
  end
  local ok, result = pcall(chunk)
  if not ok then
    at_origin(result, path, true)
  elseif type(result) ~= "table" then
    at_origin(errors.new("config", ("%s must return a table for rdb.configure, it returns %s"):format(path,
      errors.type_name(result))), path)
  end
  return result
end

-- The module that logs, loaded when there is something to log or was before.
local function logging_for(log)
  if not log and not package.loaded["rdb.orm.logging"] then
    return nil
  end
  local logging = require "rdb.orm.logging"
  logging.check(log)
  return logging
end

local function apply(given, base)
  for key in pairs(given) do
    if not KEYS[key] then
      errors.raise("config", "rdb.configure has no key '%s'%s", tostring(key), suggest.clause(key, KEYS))
    end
  end
  base = given.base or base
  if base ~= "" and not base:find("/$") then
    base = base .. "/"
  end
  local databases, apps = check_databases(given.databases), check_apps(given.apps, base)
  local logging = logging_for(given.log)
  for _, alias in ipairs(connections.open_aliases()) do
    local old, new = current.databases[alias], databases[alias]
    if old and (not new or new.url ~= old.url) then
      connections.close(alias)
    end
  end
  current = { databases = databases, apps = apps, base = base }
  loaded = false
  connections.configure(databases)
  if logging then
    logging.configure(given.log)
  end
end

--- Configure the project. Every key has a default.
-- @tparam table|string given { databases = { alias = url | { url=, pool=, options= } }, apps = { "blog" },
--   base = folder of the apps (default: that of the calling file), log = { sql = true, ... } (rdb.orm.logging) }, or a
--   file that returns such a table, beside the calling file: "settings.lua". DATABASE_URL overrides the default
--   database.
-- @raise config naming the key, and the file
function settings.configure(given)
  local folder = caller_folder(2)
  if type(given) == "string" then
    local path = given:find("^/") and given or folder .. given
    local ok, err = pcall(apply, read_file(path), path:match("^.*/") or "")
    if not ok then
      at_origin(err, path, true)
    end
  elseif type(given) == "table" then
    apply(given, folder)
  else
    errors.raise("config", "rdb.configure takes a table or the path of a file that returns one, got %s",
      errors.type_name(given))
  end
end

--- What is configured: { databases =, apps = { { name=, label=, path= } }, base = }.
function settings.get()
  return current
end

local function make_searchable(base)
  if not searchable[base] then
    searchable[base] = true
    package.path = base .. "?.lua;" .. base .. "?/init.lua;" .. package.path
  end
end

--- Load the models of all apps (once) and check that no relation points to nothing.
-- @raise config for an app without models.lua and for relations to models that were never defined
function settings.setup()
  if loaded then
    return
  end
  make_searchable(current.base)
  for _, app in ipairs(current.apps) do
    local module = app.name .. ".models"
    if not package.loaded[module] and not package.searchpath(module, package.path) then
      errors.raise("config", "the app '%s' has no %s/models.lua", app.name, app.path)
    end
    require(module)
  end
  registry.default:resolve()
  loaded = true
end

return settings
