--- rdb.fields, for migration files: `require "rdb.fields"`.
return require "rdb.orm.fields"
