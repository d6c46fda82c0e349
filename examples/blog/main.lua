--- Writes a small blog and asks questions about it.
local rdb = require "rdb"
rdb.configure "settings.lua"
local models = require "blog.models"
local Author, Post, Tag = models.Author, models.Post, models.Tag

-- Rows are written in one transaction: all of them, or none.
rdb.atomic(function()
  local ann = Author.objects:create { name = "Ann Lee", email = "ann@example.com", born = rdb.date "1984-02-29" }
  local bob = Author.objects:create { name = "Bob Ray", email = "bob@example.com" }
  local lua, sql = Tag.objects:create { name = "lua" }, Tag.objects:create { name = "sql" }

  local tables = ann.posts:create {
    title = "Tables all the way down", status = "published", views = 120,
    published_at = rdb.datetime "2024-03-01T09:00:00Z",
  }
  tables.tags:add(lua)
  local joins = ann.posts:create {
    title = "Joins without tears", status = "published", views = 340,
    published_at = rdb.datetime "2024-05-17T12:30:00Z",
  }
  joins.tags:add(lua, sql)
  bob.posts:create { title = "An unfinished thought" }

  joins.comments:create { name = "Cy", body = "This helped." }
  joins.comments:create { name = "Di", body = "So did this." }
end)

print "Published posts, newest first:"
for post in Post.objects:filter { status = "published" }:select_related("author"):prefetch_related("tags") do
  local tags = {}
  for tag in post.tags:order_by "name" do
    tags[#tags + 1] = tag.name
  end
  print(("  %s  %-24s by %s [%s]"):format(post.published_at:format "%Y-%m-%d", post.title, post.author.name,
    table.concat(tags, ", ")))
end

print "Authors by comments received:"
for author in Author.objects:annotate { n = rdb.Count "posts__comments" }:order_by("-n", "name") do
  print(("  %-8s (%s) %d"):format(author.name, author:initials(), author.n))
end

-- Views count up in the database, without reading the row first.
Post.objects:filter { title__icontains = "joins" }:update { views = rdb.F "views" + 1 }
local joins = Post.objects:get { title__startswith = "Joins" }
print(("%q has %d views"):format(joins.title, joins.views))

-- Only what changed is written.
joins.title = "Joins, without tears"
local log = rdb.capture(function() joins:save() end)
print("Saving one changed field ran: " .. log[1].sql)

local ok, err = rdb.try(Author.objects.create, Author.objects, { name = "Ann again", email = "ann@example.com" })
assert(ok == nil)
print("A second ann@example.com is refused: " .. err.code .. " (" .. err.column .. ")")

local total = Author.objects:get { name = "Ann Lee" }:delete()
print(("Deleting Ann removed %d rows; %d post is left"):format(total, Post.objects:count()))
