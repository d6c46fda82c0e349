--- For random pairs of schemas: what migrations lead to is what the models say, forwards, back, and to nothing.
local autodetector = require "rdb.migrations.autodetector"
local Executor = require "rdb.migrations.executor"
local Loader = require "rdb.migrations.loader"
local Migration = require "rdb.migrations.migration"
local random_states = require "spec.support.random_states"
local schema = require "spec.support.schema_models"
local State = require "rdb.migrations.state"
local temporary = require "spec.support.temporary"


-- Add the migrations from one state to another to a list.
local function extend(list, before, after)
  for _, each in ipairs(autodetector.changes(before, after).z or {}) do
    local previous = list[#list]
    list[#list + 1] = Migration.new {
      operations = each.operations, initial = not previous,
      dependencies = previous and { { "z", previous.name } } or {},
    }:place("z", ("%04d_step"):format(#list + 1))
  end
  return list
end


local function migrate(list, target)
  Executor.new { loader = Loader.new { apps = { "z" }, migrations = list } }:migrate(target and { { "z", target } })
end


describe("migrations between random schemas", function()
  local folder

  before_each(function()
    folder = temporary.folder()
    schema.connect(folder .. "/app.db")
  end)

  after_each(function()
    schema.disconnect()
    temporary.remove(folder)
  end)

  -- The schema of a state that is made at once.
  local function made_at_once(state)
    local list = extend({}, State.ProjectState(), state)
    migrate(list)
    local lines = random_states.describe()
    migrate(list, "zero")
    assert.same({}, random_states.describe())
    return lines
  end

  for seed = 1, 40 do
    it(("lead to what the models say (seed %d)"):format(seed), function()
      math.randomseed(seed)
      local before = random_states.state { "Aa", "Bb", "Cc" }
      local after = random_states.state { "Aa", "Bb", seed % 4 == 0 and "Dd" or "Cc" }
      local first, second = made_at_once(before), made_at_once(after)
      local list = extend({}, State.ProjectState(), before)
      local last_of_first = list[#list].name
      migrate(list)
      extend(list, before, after)
      assert.same({}, autodetector.changes(after, after))
      migrate(list)
      assert.same(second, random_states.describe())
      migrate(list, last_of_first)
      assert.same(first, random_states.describe())
      migrate(list, "zero")
      assert.same({}, random_states.describe())
    end)
  end
end)
