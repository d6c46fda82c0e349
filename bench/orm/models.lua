--- The models of the benchmark: the schema of bench/plain/dataset.c, column for column.
local rdb = require "rdb"
local f = rdb.fields

local M = {}

M.Author = rdb.model "bench.Author" {
  name = f.char { max_length = 60 },
  email = f.char { max_length = 100 },
  country = f.char { max_length = 2 },
  created_at = f.big_integer(),
  meta = { table_name = "author" },
}

M.Tag = rdb.model "bench.Tag" {
  name = f.char { max_length = 40 },
  meta = { table_name = "tag" },
}

M.Post = rdb.model "bench.Post" {
  author = f.foreign_key { "bench.Author", on_delete = rdb.CASCADE, related_name = "posts" },
  title = f.char { max_length = 100 },
  body = f.text(),
  status = f.char { max_length = 10 },
  views = f.integer(),
  rating = f.float(),
  created_at = f.big_integer(),
  tags = f.many_to_many { "bench.Tag", related_name = "posts", db_table = "post_tags" },
  meta = { table_name = "post" },
}

M.Comment = rdb.model "bench.Comment" {
  post = f.foreign_key { "bench.Post", on_delete = rdb.CASCADE, related_name = "comments" },
  body = f.text(),
  likes = f.integer(),
  created_at = f.big_integer(),
  meta = { table_name = "comment" },
}

M.Entry = rdb.model "bench.Entry" {
  author_id = f.big_integer(),
  title = f.char { max_length = 100 },
  body = f.text(),
  status = f.char { max_length = 10 },
  views = f.integer(),
  rating = f.float(),
  created_at = f.big_integer(),
  meta = { table_name = "entry" },
}

return M
