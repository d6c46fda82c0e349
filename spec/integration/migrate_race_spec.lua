local project = require "spec.support.migration_project"
local temporary = require "spec.support.temporary"


describe("migrators at the same time", function()
  local folder

  -- Start n children at once; their outputs and exit statuses.
  local function together(n, ...)
    local command = project.command(folder, ...)
    local parts = {}
    for i = 1, n do
      parts[i] = ("(%s > out%d 2>&1; echo $? > status%d) &"):format(command, i, i)
    end
    temporary.shell(("cd %s\n%s\nwait"):format(temporary.quote(folder), table.concat(parts, "\n")))
    local outputs, statuses = {}, {}
    for i = 1, n do
      outputs[i] = temporary.read(("%s/out%d"):format(folder, i))
      statuses[i] = tonumber(temporary.read(("%s/status%d"):format(folder, i)))
    end
    return outputs, statuses
  end

  -- How often each migration was really run.
  local function count_done(outputs)
    local counts = {}
    for _, output in ipairs(outputs) do
      for key in output:gmatch "migration_ended%s+(%S+)%s+done" do counts[key] = (counts[key] or 0) + 1 end
    end
    return counts
  end

  before_each(function()
    folder = project.new {
      ["0001_initial"] = project.INITIAL, ["0002_second"] = project.SECOND, ["0003_third"] = project.THIRD,
    }
  end)

  after_each(function() temporary.remove(folder) end)

  it("apply everything once on an empty file, and all succeed", function()
    for round = 1, 3 do
      local outputs, statuses = together(4)
      assert.same({ 0, 0, 0, 0 }, statuses, table.concat(outputs, "\n"))
      assert.same({ ["blog.0001_initial"] = 1, ["blog.0002_second"] = 1, ["blog.0003_third"] = 1 }, count_done(outputs))
      local rows = temporary.query(folder .. "/app.db", "SELECT (SELECT count(*) FROM rdb_migrations) AS ledger, "
        .. "(SELECT count(*) FROM blog_author) AS authors, (SELECT integrity_check FROM pragma_integrity_check) AS ok")
      assert.same({ ledger = 3, authors = 1, ok = "ok" }, rows[1])
      if round < 3 then temporary.shell("rm -f " .. folder .. "/app.db*") end
    end
  end)

  it("go back to zero once", function()
    assert.same({ 0 }, select(2, together(1)))
    local outputs, statuses = together(4, "blog", "zero")
    assert.same({ 0, 0, 0, 0 }, statuses, table.concat(outputs, "\n"))
    assert.same({}, temporary.schema(folder .. "/app.db"))
  end)
end)
