--- What a live database really has: tables, columns, keys, indexes, checks, views, triggers.
--
-- Every database answers in the same shape, so that inspectdb, --fake-initial and the specs need not know which one
-- it is. Nothing is guessed: what the database does not tell is absent.
--
--   table description: {
--     name =, kind = "table"|"view"|"virtual", sql =,
--     columns = { { name=, declared= "varchar(20)", field= "char", options= { max_length=20 }, known= true,
--                   null=, default= SQL text|nil, primary_key= position in the key|nil, collation=|nil,
--                   generated= "stored"|"virtual"|nil, expression=|nil, auto= true|nil }... in order },
--     by_name = { [lower-case name] = column },
--     primary_key = { "id" },                        -- column names; empty for none
--     foreign_keys = { { columns = {...}, to_table =, to_columns = {...}, on_delete = "NO ACTION", on_update =,
--                        deferred = bool, name=|nil } },
--     indexes = { { name=, unique=, partial=, where=|nil, sql=|nil, origin= "index"|"unique"|"primary_key",
--                   columns = { { name=|nil, expression= bool, desc=, collation= } } } },
--     checks = { { name=|nil, sql=, column=|nil } },
--     triggers = { { name=, sql= } },
--     strict =, without_rowid =,
--   }

local M = {}


--- Introspection of the database behind a target.
-- @tparam target target pool, lease or transaction
-- @tparam string dialect_name "sqlite"
-- @treturn table with :tables() -> { { name=, kind= } } and :table(name) -> description | nil
function M.new(target, dialect_name)
  return require("rdb.migrations.schema.introspection_" .. dialect_name).new(target)
end


return M
