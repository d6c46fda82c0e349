--- What a rollback gives back to objects: the snapshot, row and key that each had before it was first written.
-- A log is kept per block of a transaction, in the order of the writes; of several notes of one object the first
-- counts. Objects are held weakly, and what is known of collected ones is swept away now and then, so that a long
-- transaction may write any number of them.
local object_log = {}

local rawset, setmetatable = rawset, setmetatable

local WEAK = { __mode = "v" }

-- Notes between sweeps, at least.
local SWEEP_AFTER = 4096

-- A chunk of notes: { n =, objects = {n of them, weak}, states = {snapshot, row, key; ...} }, false for none of these.
-- Without states all objects were unsaved, and got the key `key`. Single notes go to the chunk `open`, the last one.

--- An empty log. listed: notes in other chunks than the open one; room: when to sweep.
function object_log.new()
  return { chunks = {}, room = SWEEP_AFTER, listed = 0 }
end

local function add_chunk(log, n, objects, states, key)
  local chunk = { n = n, objects = setmetatable(objects, WEAK), states = states, key = key }
  log.chunks[#log.chunks + 1] = chunk
  return chunk
end

-- The state of note i of a chunk.
local function state_of(chunk, i)
  local states = chunk.states
  if not states then
    return false, false, chunk.key or false
  end
  return states[3 * i - 2], states[3 * i - 1], states[3 * i]
end

-- Call fn(object, chunk, i) for the first note of each object that is still there.
local function each(log, fn)
  local seen = {}
  for _, chunk in ipairs(log.chunks) do
    local objects = chunk.objects
    for i = 1, chunk.n do
      local object = objects[i]
      if object ~= nil and not seen[object] then
        seen[object] = true
        fn(object, chunk, i)
      end
    end
  end
end

-- Drop the notes of collected objects and all but the first of each other.
local function sweep(log)
  local objects, states, n = {}, {}, 0
  each(log, function(object, chunk, i)
    n = n + 1
    objects[n] = object
    states[3 * n - 2], states[3 * n - 1], states[3 * n] = state_of(chunk, i)
  end)
  log.chunks, log.listed, log.room = {}, 0, n + math.max(n, SWEEP_AFTER)
  log.open = add_chunk(log, n, objects, states)
end

-- The chunk of single notes; one without states is for unsaved objects that get the key `key`.
local function open_chunk(log, plain, key)
  local chunk = log.open
  if chunk then
    log.listed = log.listed + chunk.n
  end
  chunk = add_chunk(log, 0, {}, not plain and {} or nil, key)
  log.open = chunk
  return chunk
end

--- Note what an object was before a write.
-- @param snapshot,row its private slots, nil or false for an unsaved object
-- @tparam ?string key the key that the write will fill, when it generates one
function object_log.note(log, object, snapshot, row, key)
  local chunk = log.open
  if not chunk or not chunk.states and (snapshot or chunk.key ~= key) then
    chunk = open_chunk(log, not (snapshot or chunk), key)
  end
  local n, states = chunk.n + 1, chunk.states
  chunk.n = n
  chunk.objects[n] = object
  if states then
    local at = 3 * n
    states[at - 2], states[at - 1], states[at] = snapshot or false, row or false, key or false
  end
  if n + log.listed >= log.room then
    sweep(log)
  end
end

--- Note the states of objects first .. last of a list.
-- @tparam ?table states as core.insert_many and core.update_many answer it; nil: all were unsaved
-- @tparam ?string key without states: the key that was generated for all of them
function object_log.note_list(log, list, first, last, states, key)
  local n = last - first + 1
  if log.listed + (log.open and log.open.n or 0) >= log.room then
    sweep(log) -- what was noted before: the new list is still in use
  end
  log.listed = log.listed + n + (log.open and log.open.n or 0)
  log.open = nil
  add_chunk(log, n, table.move(list, first, last, 1, {}), states, key)
end

--- Add the notes of the block inside to those of the block around it, which come first.
function object_log.merge(outer, inner)
  for _, chunk in ipairs(inner.chunks) do
    if chunk.n > 16 then
      outer.chunks[#outer.chunks + 1] = chunk
      outer.listed = outer.listed + chunk.n + (outer.open and outer.open.n or 0)
      outer.open = nil
    else
      for i = 1, chunk.n do
        local object = chunk.objects[i]
        if object ~= nil then
          object_log.note(outer, object, state_of(chunk, i))
        end
      end
    end
  end
  if outer.listed >= outer.room then
    sweep(outer)
  end
end

--- Put the objects back as they were.
function object_log.restore(log)
  each(log, function(object, chunk, i)
    local snapshot, row, key = state_of(chunk, i)
    rawset(object, 1, snapshot or nil)
    rawset(object, 2, row or nil)
    if key then
      rawset(object, key, nil)
    end
  end)
end

return object_log
