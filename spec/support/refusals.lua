--- For specs of bad input: the exact error, and that no value of the user is in it.
local assert = require "luassert"

local M = {}

--- Stands for every value that belongs to a user and must not be shown.
M.SECRET = "s3cret"


--- Call fn, which must raise.
-- @tparam string code
-- @tparam string message the whole of it
-- @tparam function fn
-- @tparam ?string hint a part of it
-- @treturn table the error
function M.expect(code, message, fn, hint)
  local ok, err = pcall(fn)
  assert.is_false(ok, "no error: " .. message)
  assert.equal("table", type(err), tostring(err))
  assert.equal(message, err.message)
  assert.equal(code, err.code)
  if hint then
    assert.truthy((err.hint or ""):find(hint, 1, true), err.hint)
  end
  M.discreet(tostring(err) .. (err.sql or ""))
  return err
end


--- The text shows no value of the user.
function M.discreet(text) assert.is_nil(text:find(M.SECRET, 1, true), text) end


return M
