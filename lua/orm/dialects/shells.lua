--- The interactive shell that comes with each database, for `manage.lua dbshell`.
return {
  --- program and arguments for the database that a pool is for
  sqlite = function(pool)
    return { "sqlite3", pool:database() }
  end,
}
