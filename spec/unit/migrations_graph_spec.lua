local Graph = require "rdb.migrations.graph"


local function graph_of(edges, nodes)
  local graph = Graph.new()
  for _, key in ipairs(nodes) do
    graph:add_node(key, { key = key })
  end
  for _, edge in ipairs(edges) do
    graph:add_dependency(edge[1], edge[2])
  end
  return graph
end


describe("migration graph", function()
  local diamond = graph_of(
    { { "a.2", "a.1" }, { "b.1", "a.1" }, { "a.3", "a.2" }, { "a.3", "b.1" } }, { "a.1", "a.2", "a.3", "b.1" })

  it("plans forwards with dependencies first", function()
    assert.same({ "a.1", "a.2", "b.1", "a.3" }, diamond:forwards_plan "a.3")
    assert.same({ "a.1", "b.1" }, diamond:forwards_plan "b.1")
  end)

  it("plans backwards with dependents first", function()
    assert.same({ "a.3", "b.1" }, diamond:backwards_plan "b.1")
    assert.same({ "a.3", "a.2", "b.1", "a.1" }, diamond:backwards_plan "a.1")
  end)

  it("knows leaves and roots per app", function()
    assert.same({ "a.3", "b.1" }, diamond:leaf_nodes())
    assert.same({ "a.1" }, diamond:root_nodes "a")
  end)

  it("prints a cycle as a path", function()
    local graph = graph_of({ { "a.1", "a.3" }, { "a.3", "a.2" }, { "a.2", "a.1" } }, { "a.1", "a.2", "a.3" })
    local ok, err = pcall(graph.validate, graph)
    assert.is_false(ok)
    assert.equal("migrations depend on each other in a circle: a.1 -> a.3 -> a.2 -> a.1", err.message)
  end)

  it("names a missing migration and who needs it", function()
    local graph = graph_of({ { "blog.0002_x", "auth.0001_initial" } }, { "blog.0002_x" })
    local ok, err = pcall(graph.validate, graph)
    assert.is_false(ok)
    assert.equal("migration blog.0002_x depends on auth.0001_initial, which does not exist", err.message)
  end)

  it("walks a chain of ten thousand migrations", function()
    local graph = Graph.new()
    for index = 1, 10000 do
      graph:add_node(("a.%05d"):format(index), true)
      if index > 1 then
        graph:add_dependency(("a.%05d"):format(index), ("a.%05d"):format(index - 1))
      end
    end
    graph:validate()
    assert.equal(10000, #graph:forwards_plan "a.10000")
    assert.equal("a.00001", graph:backwards_plan("a.00001")[10000])
  end)
end)
