--- The guides are programs: every block of theirs runs, and prints what it says (spec/support/guide.lua says how).
local temporary = require "spec.support.temporary"


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
