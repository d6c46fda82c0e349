--- rdb.validators: checks for the `validators` option, run by full_clean.
-- A validator is a table { kind = "validator", name =, args =, check = function(value) -> true | false, message };
-- a plain function of the same form serves too. Validators with arguments are made by calling: min_value(0).
local validators = {}

local Validator = {}
Validator.__index = Validator

function Validator.__call(self, value)
  return self.check(value)
end

function Validator.__eq(a, b)
  if a.name ~= b.name or #a.args ~= #b.args then
    return false
  end
  for i, arg in ipairs(a.args) do
    if arg ~= b.args[i] then
      return false
    end
  end
  return true
end

local function make(name, args, check)
  return setmetatable({ kind = "validator", name = name, args = args, check = check }, Validator)
end

-- A limit given as a number beside a value that is a decimal.
local function comparable(value, limit)
  if type(value) == "userdata" and type(limit) == "number" then
    local text = math.type(limit) == "integer" and tostring(limit) or ("%.15g"):format(limit)
    return require "rdb.core".decimal(text)
  end
  return limit
end

local function length(value)
  return type(value) == "string" and (utf8.len(value) or #value) or #value
end

--- The value is at least `limit`.
function validators.min_value(limit)
  return make("min_value", { limit }, function(value)
    return value >= comparable(value, limit), ("Ensure this value is greater than or equal to %s."):format(limit)
  end)
end

--- The value is at most `limit`.
function validators.max_value(limit)
  return make("max_value", { limit }, function(value)
    return value <= comparable(value, limit), ("Ensure this value is less than or equal to %s."):format(limit)
  end)
end

--- A text of at least `n` characters, or a list of at least `n` items.
function validators.min_length(n)
  return make("min_length", { n }, function(value)
    local has = length(value)
    return has >= n, ("Ensure this value has at least %d characters (it has %d)."):format(n, has)
  end)
end

--- A text of at most `n` characters, or a list of at most `n` items.
function validators.max_length(n)
  return make("max_length", { n }, function(value)
    local has = length(value)
    return has <= n, ("Ensure this value has at most %d characters (it has %d)."):format(n, has)
  end)
end

--- The text matches a Lua pattern.
-- @tparam string pattern
-- @tparam ?string message
function validators.pattern(pattern, message)
  message = message or "Enter a valid value."
  return make("pattern", { pattern, message }, function(value)
    return type(value) == "string" and value:find(pattern) ~= nil, message
  end)
end

--- What is wrong with a decimal's text for a column of `max_digits`, `decimal_places`; nil when it fits.
function validators.decimal_fault(text, max_digits, decimal_places)
  local whole, fraction = text:match("^[+-]?(%d*)%.?(%d*)$")
  if not whole then
    return "Enter a number."
  end
  whole, fraction = whole:gsub("^0+", ""), fraction:gsub("0+$", "")
  if #fraction > decimal_places then
    return ("Ensure that there are no more than %d decimal places."):format(decimal_places)
  end
  if #whole > max_digits - decimal_places then
    return ("Ensure that there are no more than %d digits before the decimal point."):format(
      max_digits - decimal_places)
  end
  return nil
end

--- The decimal fits `max_digits` and `decimal_places`.
function validators.decimal(max_digits, decimal_places)
  return make("decimal", { max_digits, decimal_places }, function(value)
    local fault = validators.decimal_fault(tostring(value), max_digits, decimal_places)
    return fault == nil, fault
  end)
end

--- Letters, digits, hyphens and underscores; other letters than ASCII when `allow_unicode`.
function validators.slug(allow_unicode)
  local pattern = allow_unicode and "^[%w_\128-\255-]+$" or "^[%w_-]+$"
  return make("slug", { allow_unicode or false }, function(value)
    return value:find(pattern) ~= nil, "Enter a slug of letters, numbers, underscores or hyphens."
  end)
end

-- A host name: dot-separated labels, at least two, the last one not all digits.
local function is_domain(text)
  if #text > 253 or not text:find("%.") or text:find("%.%.") then
    return false
  end
  local last
  for label in text:gmatch("[^.]+") do
    if #label > 63 or label:find("^%-") or label:find("%-$") or label:find("[^%w\128-\255-]") then
      return false
    end
    last = label
  end
  return not text:find("^%.") and not text:find("%.$") and last:find("%D") ~= nil and #last >= 2
end

local function is_ipv4(text)
  local count = 0
  for part in (text .. "."):gmatch("([^.]*)%.") do
    count = count + 1
    if not part:find("^%d%d?%d?$") or tonumber(part) > 255 or part:find("^0%d") then
      return false
    end
  end
  return count == 4
end

local function is_ipv6(text)
  local compressed = select(2, text:gsub("::", ""))
  if compressed > 1 or text:find(":::", 1, true) then
    return false
  end
  local tail = text:match("[^:]+$")
  local groups = 0
  if tail and tail:find(".", 1, true) then
    if not is_ipv4(tail) then
      return false
    end
    text, groups = text:sub(1, #text - #tail) .. "0", 1
  end
  if (text:find("^:") and not text:find("^::")) or (text:find(":$") and not text:find("::$")) then
    return false
  end
  for group in text:gmatch("[^:]+") do
    if not group:find("^%x%x?%x?%x?$") then
      return false
    end
    groups = groups + 1
  end
  return text:find(":", 1, true) ~= nil and (compressed == 1 and groups <= 7 or groups == 8)
end

--- An e-mail address.
validators.email = make("email", {}, function(value)
  local user, domain = value:match("^([^%s@]+)@([^%s@]+)$")
  local ok = user ~= nil and #value <= 320 and not user:find("^%.") and not user:find("%.$") and not user:find("%.%.")
    and not user:find("[%c\"(),:;<>%[%]\\]") and (is_domain(domain) or domain == "localhost")
  return ok, "Enter a valid email address."
end)

local SCHEMES = { http = true, https = true, ftp = true, ftps = true }

--- An http, https, ftp or ftps URL.
validators.url = make("url", {}, function(value)
  local scheme, authority = value:match("^(%a[%w+.-]*)://([^/?#%s]+)[^%s]*$")
  local host = authority and authority:gsub("^[^@]*@", "")
  local ok = false
  if host and SCHEMES[scheme:lower()] then
    local v6 = host:match("^%[([%x:.]+)%]:?%d*$")
    local name, port = host:match("^([^:]+):?(%d*)$")
    ok = v6 and is_ipv6(v6) or (name ~= nil and (port == "" or tonumber(port) <= 65535)
      and (name == "localhost" or is_domain(name) or is_ipv4(name)))
  end
  return ok, "Enter a valid URL."
end)

--- An IP address; `protocol` is "ipv4", "ipv6" or "both".
function validators.ip_address(protocol)
  return make("ip_address", { protocol }, function(value)
    if protocol ~= "ipv6" and is_ipv4(value) or protocol ~= "ipv4" and is_ipv6(value) then
      return true
    end
    local name = protocol == "both" and "IPv4 or IPv6" or protocol == "ipv4" and "IPv4" or "IPv6"
    return false, ("Enter a valid %s address."):format(name)
  end)
end

--- A path below `path` (nil: any) whose last part matches the Lua pattern `match` (nil: any).
function validators.file_path(path, match)
  return make("file_path", { path or false, match or false }, function(value)
    local base = path and path:gsub("/*$", "/")
    local below = not base or (value:sub(1, #base) == base and not ("/" .. value .. "/"):find("/../", 1, true))
    local fits = not match or (value:match("[^/]*$")):find(match) ~= nil
    return below and fits, "Enter a path below the folder of this field."
  end)
end

return validators
