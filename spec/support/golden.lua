--- For specs that look at SQL: a database that is named but never asked, and short forms of statements.
local connections = require "rdb.orm.connections"

local golden = {}

--- Name a database so that QuerySets know their dialect.
function golden.open()
  connections.close "default"
  connections.configure { default = { url = "sqlite://:memory:" } }
end

function golden.close()
  connections.close "default"
  connections.configure {}
end

--- The SQL of a QuerySet without its column list and without quotes: "WHERE blog_post.views = ?".
-- @treturn string
-- @treturn table params
function golden.tail(queryset)
  local sql, params = queryset:to_sql()
  return (sql:gsub("^SELECT .- FROM ", ""):gsub('"', "")), params
end

--- The whole SQL without quotes.
function golden.sql(queryset)
  local sql, params = queryset:to_sql()
  return (sql:gsub('"', "")), params
end

return golden
