--- Ten questions about the music shop: each once on the ORM, once as SQL written by hand.
--- The ORM's answer is a list of { label, number } pairs; so are the rows of the SQL.
local rdb = require "rdb"
local models = require "chinook.models"
local F, Count, Sum = rdb.F, rdb.Count, rdb.Sum

local revenue = Sum(F "invoiceline__unit_price" * F "invoiceline__quantity")

--- Rows of values() as { label, number } pairs.
local function pairs_of(queryset, label, number)
  local answer = {}
  for i, row in ipairs(queryset:list()) do
    answer[i] = { row[label], row[number] }
  end
  return answer
end

return {
  {
    "Which artists sell most tracks?",
    function()
      return pairs_of(models.Artist.objects:values("name"):annotate { sold = Sum "album__track__invoiceline__quantity" }
        :filter { sold__gte = 1 }:order_by("-sold", "name")[{ 1, 10 }], "name", "sold")
    end,
    [[SELECT ar.Name, SUM(il.Quantity) AS sold FROM Artist ar JOIN Album al ON al.ArtistId = ar.ArtistId
      JOIN Track t ON t.AlbumId = al.AlbumId JOIN InvoiceLine il ON il.TrackId = t.TrackId
      GROUP BY ar.Name ORDER BY sold DESC, ar.Name LIMIT 10]],
  },
  {
    "What does each country spend?",
    function()
      return pairs_of(models.Invoice.objects:values("billing_country"):annotate { spent = Sum "total" }
        :order_by("-spent", "billing_country"), "billing_country", "spent")
    end,
    [[SELECT BillingCountry, SUM(Total) AS spent FROM Invoice GROUP BY BillingCountry
      ORDER BY ROUND(spent, 2) DESC, BillingCountry]],
  },
  {
    "Which playlists have most tracks?",
    function()
      return pairs_of(models.Playlist.objects:annotate { n = Count "playlisttrack" }:filter { n__gt = 0 }
        :order_by("-n", "playlist_id"):values("playlist_id", "n"), "playlist_id", "n")
    end,
    [[SELECT p.PlaylistId, COUNT(*) AS n FROM Playlist p JOIN PlaylistTrack pt ON pt.PlaylistId = p.PlaylistId
      GROUP BY p.PlaylistId ORDER BY n DESC, p.PlaylistId]],
  },
  {
    "Who are the best customers?",
    function()
      return pairs_of(models.Customer.objects:annotate { spent = Sum "invoice__total" }:order_by("-spent", "email")
        [{ 1, 5 }]:values("email", "spent"), "email", "spent")
    end,
    [[SELECT c.Email, SUM(i.Total) AS spent FROM Customer c JOIN Invoice i ON i.CustomerId = c.CustomerId
      GROUP BY c.CustomerId ORDER BY ROUND(spent, 2) DESC, c.Email LIMIT 5]],
  },
  {
    "What came in each year?",
    function()
      return pairs_of(models.Invoice.objects:annotate { year = rdb.fn.extract_year "invoice_date" }:values("year")
        :annotate { income = Sum "total" }:order_by("year"), "year", "income")
    end,
    [[SELECT CAST(strftime('%Y', InvoiceDate) AS INTEGER) AS year, SUM(Total) FROM Invoice
      GROUP BY year ORDER BY year]],
  },
  {
    "Which genres sell?",
    function()
      return pairs_of(models.Genre.objects:values("name"):annotate { sold = Count "track__invoiceline" }
        :filter { sold__gt = 0 }:order_by("-sold", "name"), "name", "sold")
    end,
    [[SELECT g.Name, COUNT(*) AS sold FROM Genre g JOIN Track t ON t.GenreId = g.GenreId
      JOIN InvoiceLine il ON il.TrackId = t.TrackId GROUP BY g.Name ORDER BY sold DESC, g.Name]],
  },
  {
    "Which employees support the most spending customers?",
    function()
      return pairs_of(models.Employee.objects:filter { customer__isnull = false }
        :annotate { income = Sum "customer__invoice__total" }:order_by("-income"):values("last_name", "income"),
        "last_name", "income")
    end,
    [[SELECT e.LastName, SUM(i.Total) AS income FROM Employee e JOIN Customer c ON c.SupportRepId = e.EmployeeId
      JOIN Invoice i ON i.CustomerId = c.CustomerId GROUP BY e.EmployeeId ORDER BY income DESC]],
  },
  {
    "Which albums are longest?",
    function()
      return pairs_of(models.Album.objects:annotate { length = Sum "track__milliseconds" }:order_by("-length", "title")
        [{ 1, 10 }]:values("title", "length"), "title", "length")
    end,
    [[SELECT al.Title, SUM(t.Milliseconds) AS length FROM Album al JOIN Track t ON t.AlbumId = al.AlbumId
      GROUP BY al.AlbumId ORDER BY length DESC, al.Title LIMIT 10]],
  },
  {
    "How many tracks of each media type were never sold?",
    function()
      return pairs_of(models.Track.objects:filter { invoiceline__isnull = true }:values("media_type__name")
        :annotate { n = Count "pk" }:order_by("-n", "media_type__name"), "media_type__name", "n")
    end,
    [[SELECT m.Name, COUNT(*) AS n FROM Track t JOIN MediaType m ON m.MediaTypeId = t.MediaTypeId
      WHERE NOT EXISTS (SELECT 1 FROM InvoiceLine il WHERE il.TrackId = t.TrackId)
      GROUP BY m.Name ORDER BY n DESC, m.Name]],
  },
  {
    "Which artists bring in most money?",
    function()
      return pairs_of(models.Track.objects:values("album__artist__name"):annotate { income = revenue }
        :filter { income__gt = "20" }:order_by("-income", "album__artist__name"), "album__artist__name", "income")
    end,
    [[SELECT ar.Name, SUM(il.UnitPrice * il.Quantity) AS income
      FROM InvoiceLine il JOIN Track t ON t.TrackId = il.TrackId
      JOIN Album al ON al.AlbumId = t.AlbumId JOIN Artist ar ON ar.ArtistId = al.ArtistId
      GROUP BY ar.Name HAVING ROUND(income, 2) > 20 ORDER BY ROUND(income, 2) DESC, ar.Name]],
  },
}
