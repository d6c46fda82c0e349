local core = require "rdb.core"
local temporary = require "spec.support.temporary"


describe("core.list_directory, make_directory, file_kind", function()
  local folder

  before_each(function() folder = temporary.folder() end)

  after_each(function() temporary.remove(folder) end)

  it("lists names without . and ..", function()
    temporary.write(folder .. "/b ü", "")
    temporary.write(folder .. "/sub/a", "")
    local names = core.list_directory(folder)
    table.sort(names)
    assert.same({ "b ü", "sub" }, names)
  end)

  it("answers nil and the reason for what cannot be listed", function()
    assert.same({ nil, "No such file or directory" }, { core.list_directory(folder .. "/none") })
    temporary.write(folder .. "/file", "")
    assert.same({ nil, "Not a directory" }, { core.list_directory(folder .. "/file") })
  end)

  it("makes a folder, once", function()
    assert.is_true(core.make_directory(folder .. "/new"))
    assert.is_true(core.make_directory(folder .. "/new"))
    assert.equal("directory", core.file_kind(folder .. "/new"))
    assert.same({ nil, "No such file or directory" }, { core.make_directory(folder .. "/x/y") })
    temporary.write(folder .. "/file", "")
    assert.same({ nil, "File exists" }, { core.make_directory(folder .. "/file") })
  end)

  it("tells files from folders", function()
    temporary.write(folder .. "/file", "")
    assert.equal("file", core.file_kind(folder .. "/file"))
    assert.equal("directory", core.file_kind(folder))
    assert.equal("other", core.file_kind "/dev/null")
    assert.is_nil(core.file_kind(folder .. "/none"))
  end)

  it("refuses what is no path", function()
    for _, name in ipairs { "list_directory", "make_directory", "file_kind" } do
      assert.is_false(pcall(core[name], "a\0b"))
      assert.is_false(pcall(core[name], ""))
      assert.is_false(pcall(core[name], 1))
      assert.is_false(pcall(core[name]))
    end
  end)
end)


describe("core.isatty, terminal_width", function()
  it("knows a terminal from a pipe", function()
    local script = "print(rdb.isatty(1), rdb.terminal_width(1) ~= nil)"
    local command = ("%s -l rdb=rdb.core -e '%s'"):format(temporary.interpreter(), script)
    assert.equal("false\tfalse\n", (temporary.shell(command .. " | cat")))
    if not temporary.has_terminals() then return pending "no pseudo-terminals here" end
    local output = temporary.shell(("script -qec %s /dev/null"):format(temporary.quote("stty cols 90; " .. command)))
    assert.equal("true\ttrue", output:match "^[^\r\n]*")
  end)

  it("refuses other streams", function()
    assert.is_false(pcall(core.isatty, 3))
    assert.is_false(pcall(core.terminal_width, "x"))
  end)
end)
