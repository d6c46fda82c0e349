--- Running a QuerySet: compile once, collect the values, one call into the core, keep the rows.
local compiler = require "rdb.orm.compiler"
local connections = require "rdb.orm.connections"
local core = require "rdb.core"
local errors = require "rdb.orm.errors"
local shape = require "rdb.orm.shape"

local evaluation = {}

local collect, pcall, rawequal, type = compiler.collect, pcall, rawequal, type
local fetch = core.fetch

local keeps_result, own_object

--- The compiled form of a node, with its plan, for the dialect of its database.
function evaluation.ready(node)
  local compiled = node.compiled
  local dialect = connections.dialect(node.alias)
  if not compiled or compiled.dialect ~= dialect then
    compiled = compiler.compile(node, dialect)
  end
  if not compiled.plan then
    compiler.plan(compiled, node)
  end
  return compiled
end
local ready = evaluation.ready

-- The pattern that the database could not read: which one it was it does not say, so there must be one only.
local function pattern_label(compiled)
  local found
  for _, label in pairs(compiled.labels) do
    if label:find "__i?regex$" then
      if found and found ~= label then
        return nil
      end
      found = label
    end
  end
  return found
end

-- A parameter that does not fit is reported by the field and lookup it was given for, a violated constraint by the
-- model.
local function explain(err, compiled, node)
  if type(err) ~= "table" then
    return error(err, 0)
  end
  local label = err.param and compiled.labels[err.param]
    or err.code == "invalid_value" and err.message:find "^bad pattern" and pattern_label(compiled)
  if label and not err.labelled then
    err.labelled = true
    err.message = label .. ": " .. err.message
  end
  if node.trie.model then
    require("rdb.orm.write.violations").explain(node.trie.model._meta, err)
  end
  return error(err, 0)
end
evaluation.explain = explain

--- Run the SQL of `node` with the values of the chain that ends in `link`.
-- @tparam function verb core.fetch, core.fetch_one, core.execute or core.cursor
-- @return what the verb answers
function evaluation.run(verb, node, link)
  local compiled = node.compiled
  if not compiled or not compiled.plan or compiled.dialect ~= connections.dialect(node.alias) then
    compiled = ready(node)
  end
  local params = collect(compiled, link)
  local ok, first, second
  if node.runs then
    ok, first, second = pcall(require("rdb.orm.queryset.running").run, verb, compiled, link, params, node)
  else
    ok, first, second = pcall(verb, connections.target(node.alias), compiled.plan, params)
  end
  if not ok then
    explain(first, compiled, node)
  end
  return first, second
end
local run = evaluation.run

--- The node of a terminal below a chain's last node.
function evaluation.terminal(node, kind)
  return node.children[kind] or shape.add(node, kind, kind, true, 0, false)
end

--- What happens to rows once they are there: fetch mode and prefetches.
local function finish(self, list)
  local node = self.node
  if node.fetch_mode and node.fetch_mode ~= "peers" then
    list.fetch_mode = node.fetch_mode
  end
  if node.prefetch and (node.mode or "instance") == "instance" then
    require("rdb.orm.prefetch").run(self, list)
  end
  return list
end

evaluation.finish = finish

--- What `finish` does, for one object.
function evaluation.finish_one(self, object)
  return finish(self, { object })
end

--- All rows, kept on the QuerySet when it may keep them.
-- @treturn table list
function evaluation.rows(self)
  local list = self.result
  if list then
    return list
  end
  local node = self.node
  if node.empty then
    list = {}
  else
    list = run(fetch, node, self)
    if node.prefetch or node.fetch_mode then
      finish(self, list)
    end
  end
  if keeps_result(self) then
    self.result = list
  end
  return list
end
local rows = evaluation.rows

-- The rows for a loop. A manager of one object (author.posts) is made for each access: it keeps the rows of the loop
-- that
-- is running, and a new loop asks anew. Model.objects lives as long as the program and keeps none.
local function loop_rows(self, starts)
  if self.result or keeps_result(self) then
    return rows(self)
  elseif not own_object(self) then
    errors.raise("misuse", "%s.objects keeps no rows; loop over objects:all() or over a filter",
      self.node.trie.model._meta.label)
  end
  local list = not starts and rawget(self, "looping")
  if not list then
    list = rows(self)
    rawset(self, "looping", list)
  end
  return list
end

--- qs[i].
function evaluation.item(self, i)
  i = math.tointeger(i)
  if not i or i < 1 then
    return nil
  end
  return loop_rows(self, i == 1)[i]
end

--- #qs.
function evaluation.length(self)
  return #rows(self)
end

-- Where the row that a loop is at stands in the list. `cursor` remembers it; another loop over the same QuerySet may
-- have moved it, then the row itself is searched.
local function position(self, list, control)
  local at = self.cursor
  if at and rawequal(list[at], control) then
    return at
  end
  for i, row in ipairs(list) do
    if rawequal(row, control) then
      return i
    end
  end
  errors.raise("misuse", "a loop over a QuerySet must not change its control variable")
end

--- One step of `for row in qs do`.
function evaluation.step(self, control)
  local list = loop_rows(self, control == nil)
  local at = control == nil and 1 or position(self, list, control) + 1
  self.cursor = at
  return list[at]
end

function evaluation.add(methods, queryset)
  keeps_result, own_object = queryset.keeps_result, queryset.is_own_object

  --- The rows as a plain list.
  function methods.list(self)
    return rows(self)
  end

  local CHUNK = 2000

  -- Rows of a cursor one after the other, prefetching chunk by chunk.
  local function chunks(self, cursor, size)
    local list, at = {}, 0
    return function()
      at = at + 1
      if list and list[at] == nil then
        list, at = cursor:fetch(size), 1
        if list then
          finish(self, list)
        end
      end
      return list and list[at]
    end
  end

  --- for row in qs:iterator(500) do: rows as they come, never all of them in memory.
  -- @tparam ?integer chunk_size rows fetched at a time
  function methods.iterator(self, chunk_size)
    chunk_size = chunk_size or CHUNK
    if not math.tointeger(chunk_size) or chunk_size < 1 then
      errors.raise("misuse", "iterator takes the number of rows to fetch at a time")
    end
    if self.node.empty then
      return function() end
    end
    local cursor = run(core.cursor, self.node, self)
    return chunks(self, cursor, math.tointeger(chunk_size)), nil, nil, cursor
  end

  --- The SQL of the QuerySet and its parameters, for reading.
  -- @treturn string sql
  -- @treturn table params
  function methods.to_sql(self)
    local compiled = compiler.compile(self.node, connections.dialect(self.node.alias))
    return compiled.sql, collect(compiled, self)
  end

  --- What the database will do: its plan as text.
  function methods.explain(self, options)
    if options ~= nil and next(options) ~= nil then
      errors.raise("unsupported", "explain takes no options on this database")
    end
    local compiled = ready(self.node)
    local plan = compiled.explain_plan
    if not plan then
      plan = core.plan {
        sql = compiled.dialect.explain .. compiled.sql, database = self.node.alias, params = compiled.kinds,
        shape = "tuple", columns = compiled.dialect.explain_columns,
      }
      compiled.explain_plan = plan
    end
    local lines = {}
    for i, row in ipairs((fetch(connections.target(self.node.alias), plan, collect(compiled, self)))) do
      lines[i] = compiled.dialect.explain_line(row)
    end
    return table.concat(lines, "\n")
  end
end

return evaluation
