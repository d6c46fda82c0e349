--- W1 to W13 on the ORM. Each workload is a function(sample) that does its work once and returns the
--- number of operations; what it returns second, if anything, prepares the next sample outside the
--- timed part.
local rdb = require "rdb"
local models = require "models"
local Post, Entry = models.Post, models.Entry

local N_POSTS, N_AUTHORS = 100000, 1000

--- The generator of bench/plain/report.c.
local function random(seed)
  local state = seed
  return function(below)
    state = (state * 48271) % 2147483647
    return state % below
  end
end

local function entry(i)
  return {
    author_id = 1 + i % N_AUTHORS,
    title = ("Entry title number %06d"):format(i),
    body = ("The body of entry %06d, which goes on for about eighty characters, as they do"):format(i),
    status = i % 2 == 1 and "draft" or "published",
    views = i,
    rating = (i % 500) / 100.0,
    created_at = 1700000000 + i,
  }
end

local function create(n)
  local objects = Entry.objects
  for i = 0, n - 1 do
    objects:create(entry(i))
  end
  return n
end

local function fill_entries(n)
  Entry.objects:delete()
  local list = {}
  for i = 0, n - 1 do
    list[i + 1] = Entry(entry(i))
  end
  Entry.objects:bulk_create(list)
  return list
end

local W = {}

function W.W1m() return create(10000) end

function W.W1f() return create(1000) end

function W.W2()
  return rdb.atomic(function() return create(1000) end)
end

W.W3 = {
  prepare = function()
    Entry.objects:delete()
    local list = {}
    for i = 0, 99999 do
      list[i + 1] = Entry(entry(i))
    end
    return list
  end,
  run = function(list)
    Entry.objects:bulk_create(list)
    return #list
  end,
}

function W.W4()
  local next_key = random(7)
  local objects, n = Post.objects, 20000
  for _ = 1, n do
    objects:get { id = 1 + next_key(N_POSTS) }
  end
  return n
end

function W.W5()
  local objects, n = Post.objects, 2000
  for i = 0, n - 1 do
    local page = objects:filter { status = "published" }:filter { views__gte = 1000 + i }:order_by("-views")[{ 1, 20 }]
    assert(#page:list() == 20)
  end
  return n
end

function W.W6() return #Post.objects:list() end

function W.W7_values() return #Post.objects:values():list() end

function W.W7_tuples() return #Post.objects:values_list():list() end

function W.W8() return #Post.objects:filter { id__lte = 10000 }:select_related("author"):list() end

function W.W9a()
  local posts = Post.objects:filter { id__lte = 1000 }:prefetch_related("comments"):list()
  assert(#posts[1000].comments:list() == 20)
  return #posts
end

function W.W9b()
  local posts = Post.objects:filter { id__lte = 1000 }:prefetch_related("tags"):list()
  assert(#posts[1000].tags:list() == 20)
  return #posts
end

W.W10a = {
  prepare = function()
    local keys = {}
    for i = 0, 499 do
      keys[i + 1] = 1 + i * 199
    end
    return Post.objects:filter { id__in = keys }:list()
  end,
  run = function(posts, sample)
    for i, post in ipairs(posts) do
      post.views = 1000000 * sample + i
      post:save()
    end
    return #posts
  end,
}

W.W10b = {
  prepare = function(sample)
    local posts = Post.objects:filter { id__lte = 10000 }:list()
    for i, post in ipairs(posts) do
      post.views, post.rating = i + sample, (i % 400) / 100.0
    end
    return posts
  end,
  run = function(posts)
    Post.objects:bulk_update(posts, { "views", "rating" })
    return #posts
  end,
}

function W.W11()
  return #Post.objects:values("author_id")
    :annotate { n = rdb.Count "id", mean = rdb.Avg "rating", total = rdb.Sum "views" }:order_by():list()
end

W.W12a = {
  prepare = function() return fill_entries(1000) end,
  run = function(list)
    return rdb.atomic(function()
      for _, object in ipairs(list) do
        object:delete()
      end
      return #list
    end)
  end,
}

W.W12b = {
  prepare = function() return #fill_entries(10000) end,
  run = function(n)
    Entry.objects:filter { views__gte = 0 }:delete()
    return n
  end,
}

local function build_page(objects, i)
  return objects:filter { status = "published" }:filter { views__gte = i }:filter { rating__lt = 4.5 }
    :filter { author__country = "de" }:filter { title__icontains = "number" }:order_by("-views")[{ 1, 20 }]
end

function W.W13()
  local objects, n = Post.objects, 20000
  for i = 1, n do
    build_page(objects, i):to_sql()
  end
  return n
end

function W.W13_again()
  local page, n = build_page(Post.objects, 1), 20000
  for _ = 1, n do
    page:to_sql()
  end
  return n
end

return W
