--- Models of sqlite:///source.db, written by inspectdb from the tables.
local rdb = require "rdb"
local f = rdb.fields

local models = {}

models.Album = rdb.model "chinook.Album" {
  album_id = f.auto { primary_key = true, db_column = "AlbumId" },
  title = f.char { max_length = 160, db_column = "Title" },
  artist = f.foreign_key { "chinook.Artist", on_delete = rdb.DO_NOTHING, db_column = "ArtistId" },
  meta = { table_name = "Album" },
}

models.Artist = rdb.model "chinook.Artist" {
  artist_id = f.auto { primary_key = true, db_column = "ArtistId" },
  name = f.char { max_length = 120, null = true, db_column = "Name" },
  meta = { table_name = "Artist" },
}

models.Customer = rdb.model "chinook.Customer" {
  customer_id = f.auto { primary_key = true, db_column = "CustomerId" },
  first_name = f.char { max_length = 40, db_column = "FirstName" },
  last_name = f.char { max_length = 20, db_column = "LastName" },
  company = f.char { max_length = 80, null = true, db_column = "Company" },
  address = f.char { max_length = 70, null = true, db_column = "Address" },
  city = f.char { max_length = 40, null = true, db_column = "City" },
  state = f.char { max_length = 40, null = true, db_column = "State" },
  country = f.char { max_length = 40, null = true, db_column = "Country" },
  postal_code = f.char { max_length = 10, null = true, db_column = "PostalCode" },
  phone = f.char { max_length = 24, null = true, db_column = "Phone" },
  fax = f.char { max_length = 24, null = true, db_column = "Fax" },
  email = f.char { max_length = 60, db_column = "Email" },
  support_rep = f.foreign_key {
    "chinook.Employee",
    on_delete = rdb.DO_NOTHING,
    null = true,
    db_column = "SupportRepId",
  },
  meta = { table_name = "Customer" },
}

models.Employee = rdb.model "chinook.Employee" {
  employee_id = f.auto { primary_key = true, db_column = "EmployeeId" },
  last_name = f.char { max_length = 20, db_column = "LastName" },
  first_name = f.char { max_length = 20, db_column = "FirstName" },
  title = f.char { max_length = 30, null = true, db_column = "Title" },
  reports_to = f.foreign_key {
    "chinook.Employee",
    on_delete = rdb.DO_NOTHING,
    null = true,
    db_column = "ReportsTo",
  },
  birth_date = f.datetime { null = true, db_column = "BirthDate" },
  hire_date = f.datetime { null = true, db_column = "HireDate" },
  address = f.char { max_length = 70, null = true, db_column = "Address" },
  city = f.char { max_length = 40, null = true, db_column = "City" },
  state = f.char { max_length = 40, null = true, db_column = "State" },
  country = f.char { max_length = 40, null = true, db_column = "Country" },
  postal_code = f.char { max_length = 10, null = true, db_column = "PostalCode" },
  phone = f.char { max_length = 24, null = true, db_column = "Phone" },
  fax = f.char { max_length = 24, null = true, db_column = "Fax" },
  email = f.char { max_length = 60, null = true, db_column = "Email" },
  meta = { table_name = "Employee" },
}

models.Genre = rdb.model "chinook.Genre" {
  genre_id = f.auto { primary_key = true, db_column = "GenreId" },
  name = f.char { max_length = 120, null = true, db_column = "Name" },
  meta = { table_name = "Genre" },
}

models.Invoice = rdb.model "chinook.Invoice" {
  invoice_id = f.auto { primary_key = true, db_column = "InvoiceId" },
  customer = f.foreign_key { "chinook.Customer", on_delete = rdb.DO_NOTHING, db_column = "CustomerId" },
  invoice_date = f.datetime { db_column = "InvoiceDate" },
  billing_address = f.char { max_length = 70, null = true, db_column = "BillingAddress" },
  billing_city = f.char { max_length = 40, null = true, db_column = "BillingCity" },
  billing_state = f.char { max_length = 40, null = true, db_column = "BillingState" },
  billing_country = f.char { max_length = 40, null = true, db_column = "BillingCountry" },
  billing_postal_code = f.char { max_length = 10, null = true, db_column = "BillingPostalCode" },
  total = f.decimal { max_digits = 10, decimal_places = 2, db_column = "Total" },
  meta = { table_name = "Invoice" },
}

models.InvoiceLine = rdb.model "chinook.InvoiceLine" {
  invoice_line_id = f.auto { primary_key = true, db_column = "InvoiceLineId" },
  invoice = f.foreign_key { "chinook.Invoice", on_delete = rdb.DO_NOTHING, db_column = "InvoiceId" },
  track = f.foreign_key { "chinook.Track", on_delete = rdb.DO_NOTHING, db_column = "TrackId" },
  unit_price = f.decimal { max_digits = 10, decimal_places = 2, db_column = "UnitPrice" },
  quantity = f.integer { db_column = "Quantity" },
  meta = { table_name = "InvoiceLine" },
}

models.MediaType = rdb.model "chinook.MediaType" {
  media_type_id = f.auto { primary_key = true, db_column = "MediaTypeId" },
  name = f.char { max_length = 120, null = true, db_column = "Name" },
  meta = { table_name = "MediaType" },
}

models.Playlist = rdb.model "chinook.Playlist" {
  playlist_id = f.auto { primary_key = true, db_column = "PlaylistId" },
  name = f.char { max_length = 120, null = true, db_column = "Name" },
  meta = { table_name = "Playlist" },
}

models.PlaylistTrack = rdb.model "chinook.PlaylistTrack" {
  playlist = f.foreign_key { "chinook.Playlist", on_delete = rdb.DO_NOTHING, db_column = "PlaylistId" },
  track = f.foreign_key { "chinook.Track", on_delete = rdb.DO_NOTHING, db_column = "TrackId" },
  pk = f.composite_key { "playlist", "track" },
  meta = { table_name = "PlaylistTrack" },
}

models.Track = rdb.model "chinook.Track" {
  track_id = f.auto { primary_key = true, db_column = "TrackId" },
  name = f.char { max_length = 200, db_column = "Name" },
  album = f.foreign_key { "chinook.Album", on_delete = rdb.DO_NOTHING, null = true, db_column = "AlbumId" },
  media_type = f.foreign_key { "chinook.MediaType", on_delete = rdb.DO_NOTHING, db_column = "MediaTypeId" },
  genre = f.foreign_key { "chinook.Genre", on_delete = rdb.DO_NOTHING, null = true, db_column = "GenreId" },
  composer = f.char { max_length = 220, null = true, db_column = "Composer" },
  milliseconds = f.integer { db_column = "Milliseconds" },
  bytes = f.integer { null = true, db_column = "Bytes" },
  unit_price = f.decimal { max_digits = 10, decimal_places = 2, db_column = "UnitPrice" },
  meta = { table_name = "Track" },
}

return models
