local rdb = require "rdb"
local backends = require "spec.support.backends"

local f = rdb.fields

local Seat = rdb.models:get "hall.Seat" or rdb.model "hall.Seat" {
    row = f.integer {},
    number = f.integer {},
    note = f.text { null = true },
    key = f.composite_key { "row", "number" },
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

        it("name what they cannot do", function()
            assert.matches("hall.Seat.pk expects a list",
                caught(Seat.objects.filter, Seat.objects, { pk = 5 }).message, 1, true)
            assert.equal("invalid_value", caught(Seat.objects.filter, Seat.objects, { pk = { 1 } }).code)
            assert.equal("unsupported", caught(Seat.objects.filter, Seat.objects, { pk__gt = { 1, 2 } }).code)
        end)
    end)
end)
