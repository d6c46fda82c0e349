local rdb = require "rdb"
local backends = require "spec.support.backends"
local blog = require "spec.support.blog"

local Author, Post = blog.Author, blog.Post

local function caught(fn, ...)
    local ok, err = pcall(fn, ...)
    assert.is_false(ok)
    return err
end

backends.each(function(backend)
    describe(backend.name .. " bulk writes", function()
        local ann

        before_each(function()
            backend.setup(blog.all)
            ann = Author.objects:create { name = "Ann", email = "a@example.org" }
        end)
        after_each(function() backend.teardown() end)

        local function new_posts(n)
            local list = {}
            for i = 1, n do
                list[i] = Post { title = "p" .. i, author = ann, views = i }
            end
            return list
        end

        it("insert many objects", function()
            local list = new_posts(50)
            assert.equal(list, Post.objects:bulk_create(list, { batch_size = 20 }))
            assert.equal(50, Post.objects:count())
            for i, post in ipairs(list) do
                assert.equal(i, post.id)
                assert.is_false(post:is_dirty())
                assert.equal("datetime", rdb.core.is(post.created_at))
                assert.equal("draft", post.status)
            end
            assert.equal("p50", Post.objects:get { id = list[50].id }.title)
            assert.same({}, Post.objects:bulk_create {})
        end)

        it("insert objects with and without keys and expressions", function()
            local list = new_posts(5)
            list[2].id = 70
            list[4].title = rdb.fn.upper(rdb.Value "loud")
            Post.objects:bulk_create(list)
            assert.same({ 1, 70, 71, 72, 73 }, { list[1].id, list[2].id, list[3].id, list[4].id, list[5].id })
            assert.equal("LOUD", list[4].title)
        end)

        it("insert all or none", function()
            local err = caught(Author.objects.bulk_create, Author.objects, {
                Author { name = "B", email = "b@example.org" }, Author { name = "C", email = "a@example.org" },
            })
            assert.equal("unique_violation", err.code)
            assert.equal(1, Author.objects:count())
            local list = new_posts(3)
            list[2].views = "many"
            err = caught(Post.objects.bulk_create, Post.objects, list)
            assert.equal("invalid_value", err.code)
            assert.matches("object 2", err.message, 1, true)
            assert.matches("views", err.message, 1, true)
            assert.equal(0, Post.objects:count())
            assert.is_nil(list[1].id)
        end)

        it("leave or overwrite rows that are there", function()
            local list = { Author { name = "new", email = "a@example.org" },
                Author { name = "B", email = "b@example.org" } }
            Author.objects:bulk_create(list, { ignore_conflicts = true })
            assert.equal(2, Author.objects:count())
            assert.equal("Ann", Author.objects:get { email = "a@example.org" }.name)
            list = { Author { name = "C", email = "c@example.org" }, Author { name = "new", email = "a@example.org" } }
            Author.objects:bulk_create(list, { update_conflicts = true, unique_fields = { "email" },
                update_fields = { "name" } })
            assert.equal(3, Author.objects:count())
            assert.equal("new", Author.objects:get { email = "a@example.org" }.name)
            assert.equal(ann.id, list[2].id)
            assert.equal(Author.objects:get { email = "c@example.org" }.id, list[1].id)
            assert.is_false(list[1]:is_dirty())
        end)

        it("update many objects", function()
            local list = Post.objects:bulk_create(new_posts(20))
            for i, post in ipairs(list) do
                post.views, post.title = i * 100, "unsaved"
            end
            assert.equal(20, Post.objects:bulk_update(list, { "views" }))
            assert.is_true(list[1]:is_dirty "title")
            assert.is_false(list[1]:is_dirty "views")
            assert.equal(2000, Post.objects:get { id = list[20].id }.views)
            assert.equal("p20", Post.objects:get { id = list[20].id }.title)
            list[1].views = rdb.F "views" + 1
            Post.objects:bulk_update({ list[1] }, { "views" })
            assert.equal(101, list[1].views)
        end)

        it("refuse what they cannot do", function()
            local create, update = Post.objects.bulk_create, Post.objects.bulk_update
            assert.equal("misuse", caught(create, Post.objects, { ann }).code)
            assert.equal("misuse", caught(create, Post.objects, "x").code)
            assert.equal("misuse", caught(create, Post.objects, new_posts(1), { batchsize = 1 }).code)
            assert.equal("misuse", caught(create, Post.objects, new_posts(1), { update_conflicts = true }).code)
            assert.equal("misuse", caught(create, Post.objects, new_posts(1),
                { update_conflicts = true, unique_fields = { "x" }, update_fields = { "title" } }).code)
            assert.equal("misuse", caught(update, Post.objects, new_posts(1), { "title" }).code)
            local saved = Post.objects:bulk_create(new_posts(1))
            assert.equal("misuse", caught(update, Post.objects, saved, {}).code)
            assert.equal("misuse", caught(update, Post.objects, saved, { "id" }).code)
            assert.equal("misuse", caught(update, Post.objects, saved, { "titel" }).code)
        end)
    end)
end)
