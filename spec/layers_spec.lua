--- The house keeps its order: imports point one way, client libraries stay in their backend.
--- (Folders and what each may use: README, "Where things are".)

local function lines_of(command)
  local pipe = assert(io.popen(command))
  local lines = {}
  for line in pipe:lines() do
    lines[#lines + 1] = line
  end
  pipe:close()
  return lines
end

--- Files below the given folders whose lines match the pattern, as "file: line".
local function matches(folders, ending, pattern)
  local found = {}
  for _, file in ipairs(lines_of("find " .. folders .. " -name '" .. ending .. "' | LC_ALL=C sort")) do
    for line in io.lines(file) do
      local hit = line:match(pattern)
      if hit then found[#found + 1] = { file = file, hit = hit } end
    end
  end
  return found
end

describe("the layers of C", function()
  local includes = matches("core bin", "*.[ch]", '^%s*#%s*include%s+[<"]([^>"]+)[>"]')

  it("include Lua's headers only in core/lua and bin", function()
    for _, include in ipairs(includes) do
      local name = include.hit:match "[^/]+$"
      if name == "lua.h" or name == "lauxlib.h" or name == "lualib.h" then
        local allowed = include.file:find "^core/lua/" or include.file:find "^bin/"
        assert.is_truthy(allowed, include.file .. " includes " .. name)
      end
    end
  end)

  it("include a client library's header only in its backend", function()
    local clients = { ["sqlite3.h"] = "sqlite", ["libpq-fe.h"] = "postgres", ["mysql.h"] = "mariadb" }
    for _, include in ipairs(includes) do
      local backend = clients[include.hit:match "[^/]+$"]
      if backend then
        assert.is_truthy(include.file:find("^core/backends/" .. backend), include.file .. " includes " .. include.hit)
      end
    end
  end)

  it("point downwards: base, backends, pool, transactions, Lua", function()
    local rank = { base = 1, backends = 2, pool = 3, txn = 4, lua = 5 }
    local function layer(path)
      return path:match "^core/(%w+)/" or "base"
    end
    for _, include in ipairs(includes) do
      local from = include.file
      local target = from:match "^(.*)/" .. "/" .. include.hit
      target = target:gsub("[^/]+/%.%./", ""):gsub("[^/]+/%.%./", "")
      local exists = io.open(target)
      if from:find "^core/" and from ~= "core/rdb.h" and from ~= "core/runtime.h" and exists then
        exists:close()
        assert.is_true(rank[layer(from)] >= rank[layer(target)], from .. " includes " .. target)
      end
    end
  end)
end)

describe("the layers of Lua", function()
  it("point downwards: orm, migrations, commands", function()
    local rank = { orm = 1, migrations = 2, commands = 3 }
    for _, required in ipairs(matches("lua", "*.lua", '^local.-require%s*%(?%s*"rdb%.([%w_]+)')) do
      local from, to = rank[required.file:match "^lua/([%w_]+)/"], rank[required.hit]
      if from and to then
        assert.is_true(from >= to, required.file .. " requires rdb." .. required.hit)
      end
    end
  end)

  it("name databases only in the dialects and the schema editors", function()
    for _, line in ipairs(matches("lua", "*.lua", '==%s*"(sqlite)"')) do
      local file = line.file
      local allowed = file:find "^lua/orm/dialects/" or file:find "^lua/migrations/schema/"
      assert.is_truthy(allowed, file .. " asks for sqlite by name")
    end
  end)
end)
