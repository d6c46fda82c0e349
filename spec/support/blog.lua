--- The models that most specs use: a small blog.
local rdb = require "rdb"

local f = rdb.fields

local blog = {}

-- busted loads this file anew for each spec file, while the registry lives on.
local function model(label)
  local known = rdb.models:get(label)
  if known then
    return function()
      return known
    end
  end
  return rdb.model(label)
end

blog.Author = model "blog.Author" {
  name = f.char { max_length = 100, db_index = true },
  email = f.email { unique = true, null = true },
  born = f.date { null = true },
  active = f.boolean { default = true },
  meta = { ordering = { "name" } },
}

blog.Profile = model "blog.Profile" {
  author = f.one_to_one { "blog.Author", on_delete = rdb.CASCADE, related_name = "profile" },
  bio = f.text { blank = true, default = "" },
}

blog.Tag = model "blog.Tag" {
  label = f.slug { unique = true },
}

blog.Post = model "blog.Post" {
  title = f.char { max_length = 200 },
  body = f.text { blank = true, default = "" },
  author = f.foreign_key { "blog.Author", on_delete = rdb.CASCADE, related_name = "posts" },
  editor = f.foreign_key { "blog.Author", on_delete = rdb.SET_NULL, null = true, related_name = "edited" },
  tags = f.many_to_many { "blog.Tag", related_name = "posts" },
  status = f.enum { "draft", "published", default = "draft" },
  views = f.integer { default = 0 },
  rating = f.decimal { max_digits = 4, decimal_places = 2, null = true },
  published_at = f.datetime { null = true },
  created_at = f.datetime { auto_now_add = true },
  updated_at = f.datetime { auto_now = true },
}

blog.Comment = model "blog.Comment" {
  post = f.foreign_key { "blog.Post", on_delete = rdb.CASCADE, related_name = "comments" },
  author_name = f.char { max_length = 50 },
  body = f.text {},
}

--- All of them, in an order in which their tables can be made.
blog.all = { blog.Author, blog.Profile, blog.Tag, blog.Post, blog.Comment }

return blog
