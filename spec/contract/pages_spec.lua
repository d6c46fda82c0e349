--- paginate and page_after.
local rdb = require "rdb"
local backends = require "spec.support.backends"

local f, F = rdb.fields, rdb.F

local function caught(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err
end

backends.each(function(backend)
  describe(backend.name .. " pages", function()
    local Item

    setup(function()
      Item = rdb.models:get "pages.Item" or rdb.model "pages.Item" {
        size = f.integer { null = true },
        price = f.decimal { max_digits = 6, decimal_places = 2, null = true },
        made = f.datetime { null = true },
        grade = f.char { max_length = 10 },
      }
    end)
    before_each(function()
      backend.setup { Item }
      for i = 1, 20 do
        Item.objects:create {
          size = i % 3 ~= 0 and i % 4 or nil, price = i % 2 == 0 and rdb.decimal(i % 5) or nil,
          made = i % 4 ~= 0 and rdb.datetime("2024-01-0" .. i % 5 + 1 .. "T10:00:00.5Z") or nil,
          grade = "g" .. i % 3,
        }
      end
    end)
    after_each(function() backend.teardown() end)

    local function ids(list)
      local found = {}
      for i, item in ipairs(list) do
        found[i] = item.id
      end
      return found
    end

    local function all_pages(queryset, size)
      local found, cursor, pages = {}, nil, 0
      repeat
        local page = queryset:page_after(cursor, size)
        table.move(ids(page.items), 1, #page.items, #found + 1, found)
        cursor, pages = page.next_cursor, pages + 1
      until not cursor
      return found, pages
    end

    it("have numbers", function()
      local page = Item.objects:paginate(2, 8)
      assert.same({ 9, 10, 11, 12, 13, 14, 15, 16 }, ids(page.items))
      page.items = nil
      assert.same({ page = 2, per_page = 8, total = 20, pages = 3, has_next = true, has_previous = true }, page)
      page = Item.objects:order_by "-id":paginate(3, 8)
      assert.same({ 4, 3, 2, 1 }, ids(page.items))
      assert.is_false(page.has_next)
      assert.same({}, Item.objects:paginate(9, 8).items)
      page = Item.objects:none():paginate(1, 8)
      assert.same({ items = {}, page = 1, per_page = 8, total = 0, pages = 1, has_next = false,
        has_previous = false }, page)
    end)

    it("follow each other in any order, NULLs included", function()
      for _, order in ipairs {
        {}, { "size" }, { "-size" }, { "price", "-size" }, { "-price", "made" }, { "-made" },
        { "grade", "-made" },
      } do
        local names = { table.unpack(order) }
        names[#names + 1] = "id"
        local queryset = Item.objects:order_by(table.unpack(order))
        assert.same(ids(Item.objects:order_by(table.unpack(names)):list()), (all_pages(queryset, 3)))
      end
      local backwards = ids(Item.objects:order_by("size", "id"):reverse():list())
      assert.same(backwards, (all_pages(Item.objects:order_by "size":reverse(), 6)))
      assert.same({ 20, 1 }, { #all_pages(Item.objects:order_by "pk", 20),
        select(2, all_pages(Item.objects:order_by "pk", 20)) })
    end)

    it("follow annotations, values and filters", function()
      local sized = Item.objects:annotate { s = F "size" * 2 }:order_by "-s":filter { grade = "g1" }
      assert.same(ids(Item.objects:filter { grade = "g1" }:order_by("-size", "id"):list()), (all_pages(sized, 2)))
      assert.same(20, #all_pages(Item.objects:order_by "grade":values("grade", "id"), 7))
    end)

    it("stay where they are when rows come and go", function()
      local first = Item.objects:order_by "id":page_after(nil, 5)
      Item.objects:filter { id__lte = 3 }:delete()
      assert.same({ 6, 7 }, ids(Item.objects:order_by "id":page_after(first.next_cursor, 2).items))
    end)

    it("refuse cursors that are none of theirs", function()
      local by_size = Item.objects:order_by "-size"
      local cursor = by_size:page_after(nil, 3).next_cursor
      assert.truthy(cursor:find "^%x+$")
      local changed = cursor:sub(1, -2) .. (cursor:sub(-1) == "0" and "1" or "0")
      for _, bad in ipairs { cursor .. "00", changed, cursor:sub(1, -3), "", "x", "1' OR '1'='1", 7, {} } do
        assert.equal("invalid_value", caught(by_size.page_after, by_size, bad, 3).code)
      end
      local other = Item.objects:order_by "size"
      assert.equal("invalid_value", caught(other.page_after, other, cursor, 3).code)
    end)

    it("name what they cannot do", function()
      local objects = Item.objects
      assert.equal("misuse", caught(objects.paginate, objects, 0, 5).code)
      assert.equal("misuse", caught(objects.paginate, objects, 1, 1.5).code)
      assert.equal("misuse", caught(objects.page_after, objects, nil, 0).code)
      local function refused(code, queryset)
        assert.equal(code, caught(queryset.page_after, queryset, nil, 3).code)
      end
      refused("misuse", objects:all():slice(1, 4))
      refused("misuse", objects:order_by "grade":values "id")
      refused("unsupported", objects:values_list "id")
      refused("unsupported", objects:order_by(F "size":desc { nulls_last = true }))
      refused("unsupported", objects:order_by "?")
      refused("unsupported", objects:order_by "made__year")
      refused("unsupported", objects:group_by "grade")
    end)
  end)
end)
