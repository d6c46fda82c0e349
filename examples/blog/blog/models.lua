local rdb = require "rdb"
local f = rdb.fields

local Author = rdb.model "blog.Author" {
  name = f.char { max_length = 100, db_index = true },
  email = f.email { unique = true },
  born = f.date { null = true },
  meta = { ordering = { "name" } },
}

function Author:initials()
  return (self.name:gsub("(%a)%a*%s*", "%1."))
end

local Tag = rdb.model "blog.Tag" {
  name = f.slug { unique = true },
}

local Post = rdb.model "blog.Post" {
  title = f.char { max_length = 200 },
  body = f.text { default = "" },
  status = f.char { max_length = 10, choices = { "draft", "published" }, default = "draft" },
  views = f.positive_integer { default = 0 },
  published_at = f.datetime { null = true },
  author = f.foreign_key { "blog.Author", on_delete = rdb.CASCADE, related_name = "posts" },
  tags = f.many_to_many { "blog.Tag", related_name = "posts" },
  meta = {
    ordering = { "-published_at", "title" },
    indexes = { rdb.Index { "status", "-published_at" } },
    constraints = { rdb.UniqueConstraint { "author", "title", name = "one_title_per_author" } },
  },
}

local Comment = rdb.model "blog.Comment" {
  post = f.foreign_key { "blog.Post", on_delete = rdb.CASCADE, related_name = "comments" },
  name = f.char { max_length = 80 },
  body = f.text(),
  created_at = f.datetime { auto_now_add = true },
}

return { Author = Author, Tag = Tag, Post = Post, Comment = Comment }
