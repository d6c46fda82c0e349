--- Finds the operations that lead from one project state to another.
--
--   autodetector.changes(before, after, { answers = {…} }) -> { app = { { name=, dependencies=, operations= }, … } }
--
-- Renames are found first and applied to a working copy of the old state, so everything after compares like with
-- like: a foreign key to a renamed model is no change. Order, names and numbers depend on the input only.
local arrange = require "rdb.migrations.autodetector.arrange"
local detect_fields = require "rdb.migrations.autodetector.fields"
local detect_models = require "rdb.migrations.autodetector.models"
local detect_options = require "rdb.migrations.autodetector.options"
local questioner = require "rdb.migrations.questioner"

local M = {}


local function new_context(before, after, options)
  local context = {
    before = before:clone(), -- becomes the old state under the new names
    after = after,
    questioner = options.questioner or questioner.from_answers(options.answers),
    entries = {},            -- app -> { { operation=, dependencies= }, … }
    renamed_models = {},     -- new label -> old label
    old_labels = {},         -- old label -> true for renamed models
  }

  --- Add an operation with what must happen before it: a list of { app=, model=, field=, kind= }.
  function context.add(app, operation, dependencies)
    context.entries[app] = context.entries[app] or {}
    table.insert(context.entries[app], { operation = operation, dependencies = dependencies or {} })
  end
  return context
end


-- Labels of the models in both states, in the order of the new one.
local function kept_models(context)
  local kept = {}
  for _, label in ipairs(context.after.order) do
    if context.before.models[label] then
      kept[#kept + 1] = label
    end
  end
  return kept
end


--- The migrations that lead from `before` to `after`.
-- @tparam ProjectState before what the migrations say
-- @tparam ProjectState after what the models say
-- @tparam[opt] table options
--   answers = {
--     rename_models = { ["blog.Author"] = "Writer" }, rename_fields = { ["blog.Author.name"] = "full_name" },
--     defaults = { ["blog.Post.slug"] = value for existing rows } },
--   questioner = an object that asks instead (see questioner.lua);
--   loader = a Loader, for numbers and dependencies on existing migrations;
--   apps = { "blog" }: only these apps and what they need; name = name of the new migrations
-- @treturn table app -> list of migrations, each with app, name, dependencies, operations, initial
-- @raise misuse with `flag` for a question that has no answer; unsupported for changes that no operation can make
function M.changes(before, after, options)
  options = options or {}
  local context = new_context(before, after, options)
  detect_models.renamed(context)
  context.kept = kept_models(context)
  detect_fields.renamed(context)
  detect_models.created(context)
  detect_models.deleted(context)
  detect_options.altered_options(context)
  detect_options.removed_objects(context)
  detect_options.removed_unique_together(context)
  detect_fields.removed(context)
  detect_fields.added(context)
  detect_fields.altered(context)
  detect_options.altered_unique_together(context)
  detect_options.added_objects(context)
  detect_options.altered_tables(context)
  return arrange.arrange(context, options)
end


return M
