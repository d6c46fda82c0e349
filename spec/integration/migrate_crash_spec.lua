local project = require "spec.support.migration_project"
local temporary = require "spec.support.temporary"


-- A migration whose n-th operation writes a file and then waits to be killed, when the file "wait" exists.
local function stopping_at(position)
  local operations = {
    'm.AddField { model = "Author", name = "age", field = f.integer { default = 7 } }',
    'm.AlterField { model = "Author", name = "name", field = f.char { max_length = 50, unique = true } }',
    'm.CreateModel { "Extra", fields = { { "id", f.big_auto { primary_key = true } } } }',
    'm.RemoveField { model = "Post", name = "title" }',
  }
  table.insert(operations, position, [[m.RunLua { forwards = function(apps)
    local Author = apps:get_model "blog.Author"
    for i = 1, 50 do Author.objects:create { name = "crash " .. i } end
    local folder = os.getenv "PROJECT"
    local wait = io.open(folder .. "/wait")
    if wait then
      wait:close()
      io.open(folder .. "/reached", "w"):close()
      while true do io.popen "sleep 0.05":close() end
    end
  end, backwards = m.noop }]])
  return ('return m.Migration { dependencies = { { "blog", "0001_initial" } }, operations = {\n%s } }\n'):format(
    table.concat(operations, ",\n"))
end


describe("a migration that is killed", function()
  local folder

  local function kill_in_the_middle()
    temporary.write(folder .. "/wait", "")
    local command = project.command(folder)
    local output, status = temporary.shell(([[
cd %s
%s > out 2>&1 &
child=$!
for i in $(seq 1 200); do [ -e reached ] && break; sleep 0.05; done
[ -e reached ] || { echo "not reached"; cat out; }
kill -9 $child
wait $child
rm -f wait reached]]):format(temporary.quote(folder), "exec env " .. command))
    assert.is_true(status == 0, output)
    assert.is_nil(output:find("not reached", 1, true), output)
  end

  after_each(function() temporary.remove(folder) end)

  for position = 1, 5 do
    it(("leaves nothing half done, and the next migrate finishes (operation %d of 5)"):format(position), function()
      folder = project.new { ["0001_initial"] = project.INITIAL }
      local output, status = temporary.shell(project.command(folder))
      assert.same(0, status, output)
      local path = folder .. "/app.db"
      temporary.script(path, "INSERT INTO blog_author (name) VALUES ('ann'); "
        .. "INSERT INTO blog_post (title, author_id) VALUES ('one', 1);")
      local before = temporary.schema(path)
      project.write(folder, "0002_crash", stopping_at(position))

      kill_in_the_middle()
      assert.same(before, temporary.schema(path))
      local counts = "SELECT (SELECT count(*) FROM blog_author) AS authors, (SELECT count(*) FROM blog_post) AS posts, "
        .. "(SELECT count(*) FROM rdb_migrations) AS ledger, (SELECT integrity_check FROM pragma_integrity_check) AS ok"
      assert.same({ authors = 1, posts = 1, ledger = 1, ok = "ok" }, temporary.query(path, counts)[1])

      output, status = temporary.shell(project.command(folder))
      assert.same(0, status, output)
      assert.same({ authors = 51, posts = 1, ledger = 2, ok = "ok" }, temporary.query(path, counts)[1])
      assert.same(1, #temporary.query(path, "SELECT 1 FROM pragma_table_info('blog_author') WHERE name = 'age'"))
    end)
  end
end)
