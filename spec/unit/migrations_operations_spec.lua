local f = require "rdb.fields"
local m = require "rdb.migrations"
local rdb = require "rdb"
local splitter = require "rdb.migrations.sql_splitter"
local states = require "spec.support.states"


-- An editor that writes down what it is asked for.
local function recording_editor()
  local editor = { calls = {}, dialect = { quote_name = function(name) return '"' .. name .. '"' end } }
  local function note(...)
    table.insert(editor.calls, table.concat({ ... }, " "))
  end
  local function table_of(model) return model._meta.table end
  function editor.create_model(_, model) note("create", table_of(model)) end
  function editor.delete_model(_, model) note("delete", table_of(model)) end
  function editor.add_field(_, model, field) note("add", table_of(model), field.column, tostring(field.default)) end
  function editor.remove_field(_, model, field) note("remove", table_of(model), field.column) end
  function editor.alter_field(_, model, old, new) note("alter", table_of(model), old.column, new.column) end
  function editor.rename_table(_, _, old, new) note("rename", old, new) end
  function editor.add_index(_, model, index) note("add index", table_of(model), index.name) end
  function editor.remove_index(_, model, index) note("remove index", table_of(model), index.name) end
  function editor.rename_index(_, model, old, new) note("rename index", table_of(model), old.name, new.name) end
  function editor.add_constraint(_, model, constraint) note("add constraint", table_of(model), constraint.name) end
  function editor.remove_constraint(_, model, constraint) note("remove constraint", table_of(model),
    constraint.name) end
  function editor.alter_unique_together(_, model, old, new) note("together", table_of(model), #old, #new) end
  function editor.execute(_, sql, params) note("execute", sql, table.unpack(params or {})) end
  return editor
end


-- What an operation does to the database, forwards and backwards.
local function calls_of(before, operation)
  local after = before:clone()
  operation:state_forwards("blog", after)
  local forwards, backwards = recording_editor(), recording_editor()
  operation:database_forwards("blog", forwards, before, after)
  if operation.reversible then
    operation:database_backwards("blog", backwards, after, before)
  end
  return forwards.calls, backwards.calls, after
end


local function blog()
  return states.project(
    states.model("blog.Author", { { "name", f.char { max_length = 9 } } }, { indexes = { rdb.Index { "name",
      name = "n_idx" } } }),
    states.model("blog.Post", {
      { "author", f.foreign_key { "blog.Author", on_delete = rdb.CASCADE } }, { "title", f.text {} },
      { "tags", f.many_to_many { "blog.Tag" } },
    }),
    states.model("blog.Tag", { { "name", f.text {} } }),
    states.model("blog.View", { { "name", f.text {} } }, { managed = false }))
end


describe("migration operations", function()
  local cases = {
    { m.CreateModel { "New", fields = { states.id(), { "tags", f.many_to_many { "blog.Tag" } } } },
      "Create model New", "New", { "create blog_new", "create blog_new_tags" }, { "delete blog_new_tags",
        "delete blog_new" } },
    { m.DeleteModel { "Post" }, "Delete model Post", "delete_Post",
      { "delete blog_post_tags", "delete blog_post" }, { "create blog_post", "create blog_post_tags" } },
    { m.RenameModel { "Post", "Entry" }, "Rename model Post to Entry", "rename_Post_Entry",
      { "rename blog_post blog_entry", "rename blog_post_tags blog_entry_tags",
        "alter blog_entry_tags post_id entry_id" },
      { "rename blog_entry blog_post", "rename blog_entry_tags blog_post_tags",
        "alter blog_post_tags entry_id post_id" } },
    { m.RenameModel { "Tag", "Label" }, "Rename model Tag to Label", "rename_Tag_Label",
      { "rename blog_tag blog_label", "alter blog_post_tags tag_id label_id" },
      { "rename blog_label blog_tag", "alter blog_post_tags label_id tag_id" } },
    { m.AlterModelTable { "Author", table = "people" }, "Rename table for Author to people", "alter_Author_table",
      { "rename blog_author people" }, { "rename people blog_author" } },
    { m.AlterModelOptions { "Author", options = { ordering = { "name" } } }, "Change options of Author",
      "alter_Author_options",
      {}, {} },
    { m.AlterUniqueTogether { "Author", unique_together = { { "id", "name" } } },
      "Alter unique_together for Author (1 constraint)", "alter_Author_unique_together",
      { "together blog_author 0 1" }, { "together blog_author 1 0" } },
    { m.AddField { model = "Author", name = "x", field = f.integer { default = 3 }, preserve_default = false },
      "Add field x to Author", "Author_x", { "add blog_author x 3" }, { "remove blog_author x" } },
    { m.AddField { model = "Author", name = "friends", field = f.many_to_many { "self" } },
      "Add field friends to Author", "Author_friends", { "create blog_author_friends" },
        { "delete blog_author_friends" } },
    { m.RemoveField { model = "Author", name = "name" }, "Remove field name from Author", "remove_Author_name",
      { "remove blog_author name" }, { "add blog_author name nil" }, without_index = true },
    { m.AlterField { model = "Post", name = "title", field = f.char { max_length = 3, db_column = "t" } },
      "Alter field title on Post", "alter_Post_title", { "alter blog_post title t" }, { "alter blog_post t title" } },
    { m.RenameField { model = "Post", old_name = "title", new_name = "head" }, "Rename field title on Post to head",
      "rename_title_Post_head", { "alter blog_post title head" }, { "alter blog_post head title" } },
    { m.AddIndex { model = "Post", index = rdb.Index { "title", name = "t_idx" } }, "Create index t_idx on Post",
      "Post_t_idx", { "add index blog_post t_idx" }, { "remove index blog_post t_idx" } },
    { m.RemoveIndex { model = "Author", name = "n_idx" }, "Remove index n_idx from Author", "remove_Author_n_idx",
      { "remove index blog_author n_idx" }, { "add index blog_author n_idx" } },
    { m.RenameIndex { model = "Author", old_name = "n_idx", new_name = "m_idx" },
      "Rename index n_idx on Author to m_idx",
      "rename_n_idx_m_idx", { "rename index blog_author n_idx m_idx" }, { "rename index blog_author m_idx n_idx" } },
    { m.AddConstraint { model = "Post", constraint = rdb.CheckConstraint { condition = rdb.Q { title__gt = "" },
      name = "ck" } },
      "Create constraint ck on Post", "Post_ck", { "add constraint blog_post ck" },
        { "remove constraint blog_post ck" } },
    { m.RunSQL { "INSERT INTO a VALUES (';'); DELETE FROM b", reverse_sql = { { "DELETE FROM a WHERE x = ?",
      { 7 } } } },
      "Run SQL", nil, { "execute INSERT INTO a VALUES (';')", "execute DELETE FROM b" },
        { "execute DELETE FROM a WHERE x = ? 7" } },
    { m.AddField { model = "View", name = "x", field = f.text {} }, "Add field x to View", "View_x", {}, {} },
  }

  for _, case in ipairs(cases) do
    local operation, text, fragment, forwards, backwards = case[1], case[2], case[3], case[4], case[5]
    it(text, function()
      local before = blog()
      if case.without_index then
        before:remove_index("blog.Author", "n_idx")
      end
      local done, undone = calls_of(before, operation)
      assert.same(forwards, done)
      assert.same(backwards, undone)
      assert.equal(text, operation:describe())
      assert.equal(fragment, operation:migration_name_fragment())
      assert.is_true(operation.reversible)
    end)
  end

  it("gives the one-off default to the statement only", function()
    local _, _, after = calls_of(blog(), cases[8][1])
    assert.is_nil(after.models["blog.Author"]:field("x").default)
  end)

  it("runs code on historical models", function()
    local seen = {}
    local operation = m.RunLua {
      forwards = function(apps, schema)
        seen.model = apps:get_model("blog.Post")._meta.table
        schema:execute("SELECT 1")
      end,
      backwards = m.noop,
    }
    local forwards = calls_of(blog(), operation)
    assert.equal("blog_post", seen.model)
    assert.same({ "execute SELECT 1" }, forwards)
    assert.is_true(operation.reversible)
    assert.is_false(m.RunLua { function() end }.reversible)
    assert.is_false(m.RunSQL { "SELECT 1" }.reversible)
  end)

  it("separates database and state", function()
    local operation = m.SeparateDatabaseAndState {
      database_operations = { m.AddField { model = "Author", name = "x", field = f.text { null = true } },
        m.RenameField { model = "Author", old_name = "x", new_name = "y" } },
      state_operations = { m.AddField { model = "Author", name = "z", field = f.text {} } },
    }
    local forwards, backwards, after = calls_of(blog(), operation)
    assert.same({ "add blog_author x nil", "alter blog_author x y" }, forwards)
    assert.same({ "alter blog_author y x", "remove blog_author x" }, backwards)
    assert.truthy(after.models["blog.Author"].by_name.z)
    assert.is_nil(after.models["blog.Author"].by_name.y)
  end)

  it("refuses unknown, missing, doubled and mistyped arguments", function()
    local function message(fn, given)
      local ok, err = pcall(fn, given)
      assert.is_false(ok)
      return err.message
    end
    assert.equal('m.AddField has no argument "nmae"; it takes: model, name, field, preserve_default',
      message(m.AddField, { model = "A", nmae = "x" }))
    assert.equal('m.AddField needs the argument "field"', message(m.AddField, { model = "A", name = "x" }))
    assert.equal('argument "model" of m.RemoveField must be a string, got a number', message(m.RemoveField,
      { model = 1, name = "x" }))
    assert.equal('m.CreateModel "A" has two fields "id"', message(m.CreateModel, { "A", fields = { states.id(),
      states.id() } }))
    assert.equal('m.DeleteModel takes a table of arguments, got a string', message(m.DeleteModel, "A"))
    assert.equal("rdb.migrations has no operation \"AdField\"; did you mean 'AddField'?",
      message(function() return m.AdField end))
  end)

  it("takes operations of a project's own", function()
    local Note = m.define_operation("Note", { arguments = { { name = "text", type = "string", positional = 1 } } })
    function Note.state_forwards() end
    function Note:database_forwards(_, editor) editor:execute("-- " .. self.text) end
    assert.same({ "execute -- hello" }, (calls_of(blog(), m.Note { "hello" })))
    m.Note = nil
  end)
end)


describe("SQL splitter", function()
  local cases = {
    { "a; b;; ;c", { "a", "b", "c" } },
    { "x ';' y; z \";\" w; `;`; [;]", { "x ';' y", "z \";\" w", "`;`", "[;]" } },
    { "a 'it''s;'; b", { "a 'it''s;'", "b" } },
    { "a -- ; \n; /* ; */ b; -- end", { "a -- ;", "/* ; */ b" } },
    { "CREATE TRIGGER t BEGIN x; CASE WHEN 1 THEN 2 END; y; END; z",
      { "CREATE TRIGGER t BEGIN x; CASE WHEN 1 THEN 2 END; y; END", "z" } },
    { "create temp trigger t begin x; end; z", { "create temp trigger t begin x; end", "z" } },
    { "CREATE FUNCTION f() AS $$ a; b $$; c", { "CREATE FUNCTION f() AS $$ a; b $$", "c" } },
    { "SELECT $x$ ; $y$ ; $x$; b", { "SELECT $x$ ; $y$ ; $x$", "b" } },
    { "BEGIN; a; COMMIT", { "BEGIN", "a", "COMMIT" } },
    { "CREATE PROCEDURE p() BEGIN IF a THEN b; END IF; CASE x WHEN 1 THEN c; END CASE; END; d",
      { "CREATE PROCEDURE p() BEGIN IF a THEN b; END IF; CASE x WHEN 1 THEN c; END CASE; END", "d" } },
    { "CREATE TABLE begin_x (a); b", { "CREATE TABLE begin_x (a)", "b" } },
    { "", {} }, { " -- nothing\n ; ", {} },
  }
  for index, case in ipairs(cases) do
    it("case " .. index, function()
      assert.same(case[2], splitter.split(case[1]))
    end)
  end
end)
