--- The options of fields: what type each takes. One entry feeds the check and the message.
local options = {}

local function boolean(value)
  return type(value) == "boolean", "true or false"
end

local function text(value)
  return type(value) == "string", "a string"
end

local function name(value)
  return type(value) == "string" and value ~= "" and not value:find("[%c\"`%[%]]"), "a name without quotes"
end

local function positive_integer(value)
  return math.type(value) == "integer" and value > 0, "a positive integer"
end

local function natural(value)
  return math.type(value) == "integer" and value >= 0, "an integer of 0 or more"
end

local function number(value)
  return type(value) == "number", "a number"
end

local function any(value)
  return value ~= nil, "a value"
end

local function array(value)
  if type(value) ~= "table" or #value == 0 then
    return false, "a list"
  end
  for key in pairs(value) do
    if math.type(key) ~= "integer" then
      return false, "a list"
    end
  end
  return true
end

local function choices(value)
  local expected = "a list of values or of { value, label } pairs"
  if not array(value) then
    return false, expected
  end
  for _, choice in ipairs(value) do
    if type(choice) == "table" and (choice[1] == nil or #choice > 2) then
      return false, expected
    end
  end
  return true
end

local function validators(value)
  local expected = "a list of functions or rdb.validators"
  if type(value) ~= "table" then
    return false, expected
  end
  for key, validator in pairs(value) do
    local callable = type(validator) == "function" or (type(validator) == "table" and validator.kind == "validator")
    if math.type(key) ~= "integer" or not callable then
      return false, expected
    end
  end
  return true
end

local function messages(value)
  local expected = "a table of texts by code (null, blank, invalid, invalid_choice, unique)"
  if type(value) ~= "table" then
    return false, expected
  end
  for code, message in pairs(value) do
    if type(code) ~= "string" or type(message) ~= "string" then
      return false, expected
    end
  end
  return true
end

local function db_default(value)
  return type(value) ~= "function", "a value or an expression (the database fills it in, so no function can)"
end

local function on_delete(value)
  return type(value) == "table" and value.kind == "on_delete",
    "one of rdb.CASCADE, PROTECT, RESTRICT, SET_NULL, SET_DEFAULT, SET(value), DO_NOTHING, "
    .. "DB_CASCADE, DB_SET_NULL, DB_SET_DEFAULT"
end

local function on_update(value)
  local known = { cascade = true, restrict = true, no_action = true, set_null = true, set_default = true }
  return known[value] == true, "one of \"cascade\", \"restrict\", \"no_action\", \"set_null\", \"set_default\""
end

local function related_name(value)
  local expected = "a name (or \"+\" for no reverse accessor)"
  if type(value) ~= "string" then
    return false, expected
  end
  local plain = value:find("^[A-Za-z][A-Za-z0-9_]*$") and not value:find("__", 1, true) and not value:find("_$")
  return value:find("%+$") ~= nil or plain ~= nil and plain ~= false, expected
end

local function model(value)
  local label = type(value) == "string" and value:find("^[A-Za-z_][%w_]*%.?[%w_]*$") ~= nil
  return label or (type(value) == "table" and value._meta ~= nil), "\"app.Model\" or a model"
end

local function condition(value)
  return type(value) == "table", "a table of conditions or a Q"
end

local function protocol(value)
  return value == "both" or value == "ipv4" or value == "ipv6", "\"both\", \"ipv4\" or \"ipv6\""
end

--- name -> function(value) -> fits, what would fit
options.checks = {
  null = boolean, blank = boolean, unique = boolean, primary_key = boolean, db_index = boolean, editable = boolean,
  default = any, db_default = db_default, db_column = name, db_comment = text, db_collation = name,
  choices = choices, validators = validators, help_text = text, verbose_name = text, error_messages = messages,
  max_length = positive_integer, min_length = natural, min_value = number, max_value = number,
  max_digits = positive_integer, decimal_places = natural, auto_now = boolean, auto_now_add = boolean,
  allow_unicode = boolean, protocol = protocol, unpack_ipv4 = boolean,
  path = text, match = text, recursive = boolean, allow_files = boolean, allow_folders = boolean,
  on_delete = on_delete, on_update = on_update, related_name = related_name, related_query_name = related_name,
  to_field = name, through = model, through_fields = array, db_constraint = boolean, limit_choices_to = condition,
  symmetrical = boolean, db_table = name, to = model,
  expression = any, output_field = condition, stored = boolean,
}

--- The options that every column takes.
options.common = {
  "null", "blank", "default", "db_default", "unique", "primary_key", "db_index", "db_column", "db_comment", "choices",
  "validators", "editable", "help_text", "verbose_name", "error_messages",
}

return options
