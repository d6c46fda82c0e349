local rdb = require "rdb"
local backends = require "spec.support.backends"

local f = rdb.fields

local Seat = rdb.models:get "hall.Seat" or rdb.model "hall.Seat" {
  row = f.integer {},
  number = f.integer {},
  note = f.text { null = true },
  key = f.composite_key { "row", "number" },
}

local Show = rdb.models:get "hall.Show" or rdb.model "hall.Show" {
  title = f.text {},
}

local Booking = rdb.models:get "hall.Booking" or rdb.model "hall.Booking" {
  show = f.foreign_key { "hall.Show", on_delete = rdb.CASCADE, related_name = "bookings" },
  row = f.integer {},
  key = f.composite_key { "show", "row" },
}

local function caught(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err
end

backends.each(function(backend)
  describe(backend.name .. " composite keys", function()
    local seat

    before_each(function()
      backend.setup { Seat }
      seat = Seat.objects:create { row = 1, number = 2 }
      Seat.objects:bulk_create { Seat { row = 1, number = 3 }, Seat { row = 2, number = 1 },
        Seat { row = 2, number = 2 } }
    end)
    after_each(function() backend.teardown() end)

    it("find rows", function()
      assert.same({ 1, 2 }, seat.pk)
      assert.equal(3, Seat.objects:get { pk = { 1, 3 } }.number)
      assert.equal(1, Seat.objects:filter { pk = seat }:count())
      assert.equal(2, Seat.objects:filter { pk__in = { { 1, 2 }, { 2, 2 }, { 9, 9 } } }:count())
      assert.equal(3, Seat.objects:exclude { pk = { 1, 2 } }:count())
      assert.is_true(Seat.objects:contains(seat))
      assert.equal(seat, Seat.objects:first())
      assert.same({ 2, 2 }, Seat.objects:last().pk)
      local keys = {}
      for i = 1, 3000 do
        keys[i] = { i, 2 }
      end
      assert.equal(2, Seat.objects:filter { pk__in = keys }:count())
    end)

    it("write rows", function()
      seat.note = "aisle"
      seat:save()
      assert.equal("aisle", Seat.objects:get { pk = { 1, 2 } }.note)
      assert.equal(2, Seat.objects:filter { row = 2 }:update { note = "back" })
      seat.note = nil
      assert.equal(1, Seat.objects:bulk_update({ seat }, { "note" }))
      assert.is_nil(Seat.objects:get { pk = { 1, 2 } }.note)
      assert.equal(1, (seat:delete()))
      assert.equal(2, (Seat.objects:filter { row = 2 }:delete()))
      assert.equal(1, Seat.objects:count())
    end)

    it("are counted, and found or missed, over a relation", function()
      for _, model in ipairs { Show, Booking } do
        require "rdb.migrations.schema.editor".new("default"):create_model(model)
      end
      local hamlet, faust = Show.objects:create { title = "Hamlet" }, Show.objects:create { title = "Faust" }
      for row = 1, 3 do
        Booking.objects:create { show = hamlet, row = row }
      end
      local counts = {}
      for show in Show.objects:annotate { n = rdb.Count "bookings" }:order_by "id" do
        counts[#counts + 1] = show.n
      end
      assert.same({ 3, 0 }, counts)
      assert.equal(faust, Show.objects:get { bookings__isnull = true })
      assert.equal(faust, Show.objects:get { bookings = rdb.null })
      assert.equal(3, Show.objects:filter { bookings__isnull = false }:count())
      assert.equal(hamlet, Show.objects:exclude { bookings__isnull = true }:get())
      assert.equal(hamlet, Show.objects:get { bookings__pk = { hamlet.id, 2 } })
      assert.equal(hamlet, Show.objects:get { bookings = Booking.objects:get { row = 2 } })
      assert.is_true(Show.objects:filter { bookings__in = { { hamlet.id, 1 } } }:exists())
      assert.same({ "Faust", "Hamlet", "Hamlet", "Hamlet" },
        Show.objects:order_by("title", "bookings"):values_list("title", { flat = true }):list())
      local qs = Show.objects:all()
      assert.equal("unsupported",
        caught(qs.aggregate, qs, { n = rdb.Count("bookings", { distinct = true }) }).code)
      assert.equal("unsupported", caught(qs.aggregate, qs, { n = rdb.Max "bookings" }).code)
      assert.equal("unsupported", caught(qs.filter, qs, { bookings__gt = 1 }).code)
    end)

    it("name what they cannot do", function()
      assert.matches("hall.Seat.pk expects a list",
        caught(Seat.objects.filter, Seat.objects, { pk = 5 }).message, 1, true)
      assert.equal("invalid_value", caught(Seat.objects.filter, Seat.objects, { pk = { 1 } }).code)
      assert.equal("unsupported", caught(Seat.objects.filter, Seat.objects, { pk__gt = { 1, 2 } }).code)
    end)
  end)
end)
