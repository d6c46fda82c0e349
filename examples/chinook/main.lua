--- Copies every row of the Chinook data set through models, then asks ten questions of the copy and compares the
--- answers with hand-written SQL on the original.
local rdb = require "rdb"
rdb.configure "settings.lua"
local models = require "chinook.models"
local questions = require "questions"

-- Parents before children; Employee refers to itself, which the deferred foreign key allows.
local ORDER = {
  "Artist", "Album", "Employee", "Customer", "Genre", "MediaType", "Track", "Invoice", "InvoiceLine", "Playlist",
  "PlaylistTrack",
}

local total = 0
rdb.atomic(function()
  for _, name in ipairs(ORDER) do
    local rows = models[name].objects:using("source"):list()
    local copies = {}
    for i, row in ipairs(rows) do
      copies[i] = models[name](row:to_table())
    end
    models[name].objects:bulk_create(copies)
    local n = models[name].objects:count()
    assert(n == #rows, ("%s: %d rows of %d arrived"):format(name, n, #rows))
    total = total + n
  end
end)
print(("%d rows of %d tables copied with bulk_create"):format(total, #ORDER))

--- Decimals are exact on our side; SQLite sums the original's as floats, so compare cents.
local function same(ours, theirs)
  if type(theirs) == "number" then
    return math.abs(tonumber(tostring(ours)) - theirs) < 0.005
  end
  return ours == theirs
end

for number, question in ipairs(questions) do
  local text, ask, sql = table.unpack(question)
  local answer = ask()
  local rows = rdb.query(sql, {}, { using = "source" })
  local label, figure = table.unpack(rows.columns)
  assert(#answer == #rows, ("question %d: %d answers, SQL has %d"):format(number, #answer, #rows))
  for i, row in ipairs(rows) do
    local agree = same(answer[i][1], row[label]) and same(answer[i][2], row[figure])
    assert(agree, ("question %d, row %d: %s %s, SQL has %s %s"):format(number, i, answer[i][1], answer[i][2],
      row[label], row[figure]))
  end
  print(("%2d. %-52s %s: %s"):format(number, text, answer[1][1], answer[1][2]))
end
print "All ten answers agree with hand-written SQL."
