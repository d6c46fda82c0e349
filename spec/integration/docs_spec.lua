--- The guides are programs: every block of theirs runs, and prints what it says (spec/support/guide.lua says how).
local temporary = require "spec.support.temporary"


describe("the guide of errors", function()
  it("lists every code", function()
    local guide, header = temporary.read "docs/errors.md", temporary.read "core/error.h"
    for code in header:gmatch '\n    X%([%u_]+, +"([%l_]+)"%)' do
      assert(guide:find("`" .. code .. "`", 1, true), code)
    end
  end)
end)


describe("the guide", function()
  local folder

  before_each(function()
    folder = temporary.folder()
    temporary.shell(("mkdir %s/.bin && ln -s %s %s/.bin/rdb-lua"):format(folder, temporary.interpreter(), folder))
  end)

  after_each(function() temporary.remove(folder) end)

  local root = temporary.shell "pwd":gsub("%s+$", "")
  local guides = temporary.shell "ls README.md docs/*.md"
  for name in guides:gmatch "[^\n]+" do
    it(name .. " is true", function()
      local output, status = temporary.run(folder, root .. "/spec/support/guide.lua", root .. "/" .. name)
      assert(status == 0, output)
    end)
  end
end)
