--- Resolved nodes to SQL pieces.
-- `parts` is an array of strings and parameter nodes; `finish` turns the latter into placeholders, so that fragments
-- can be rendered in any order. Nothing here reads a value.
local errors = require "rdb.orm.errors"
local template = require "rdb.orm.compiler.template"

local render = {}

local renderers = {}

--- Render one resolved node.
-- @tparam table parts [out] appended to
-- @tparam table node
-- @tparam table dialect
function render.node(parts, node, dialect)
  local renderer = renderers[node.op]
  if not renderer then
    errors.raise("misuse", "no SQL for a node '%s'", tostring(node.op))
  end
  return renderer(parts, node, dialect)
end

local function put(parts, text)
  parts[#parts + 1] = text
end

function renderers.param(parts, node)
  parts[#parts + 1] = node
end

function renderers.column(parts, node, dialect)
  put(parts, dialect.quote_name(node.join.alias) .. "." .. dialect.quote_name(node.column))
end

function renderers.literal(parts, node)
  put(parts, node.text)
end

-- Arguments after the first that is not the last keep their own parentheses through their templates.
function renderers.template(parts, node, dialect)
  for _, piece in ipairs(template.parse(node.template)) do
    if type(piece) == "string" then
      put(parts, piece)
    elseif piece == 0 then
      for i, argument in ipairs(node.args) do
        if i > 1 then
          put(parts, ", ")
        end
        render.node(parts, argument, dialect)
      end
    else
      render.node(parts, node.args[piece], dialect)
    end
  end
end

function renderers.joined(parts, node, dialect)
  put(parts, "(")
  for i, argument in ipairs(node.args) do
    if i > 1 then
      put(parts, node.joiner)
    end
    render.node(parts, argument, dialect)
  end
  put(parts, ")")
end

-- RawSQL: its own text between the parameters.
function renderers.raw(parts, node, dialect)
  put(parts, "(")
  for i, piece in ipairs(node.pieces) do
    put(parts, piece)
    if node.args[i] then
      render.node(parts, node.args[i], dialect)
    end
  end
  put(parts, ")")
end

function renderers.case(parts, node, dialect)
  put(parts, "CASE")
  for i, condition in ipairs(node.conditions) do
    put(parts, " WHEN ")
    render.node(parts, condition, dialect)
    put(parts, " THEN ")
    render.node(parts, node.args[i], dialect)
  end
  put(parts, " ELSE ")
  render.node(parts, node.args[#node.args], dialect)
  put(parts, " END")
end

function renderers.aggregate(parts, node, dialect)
  for _, piece in ipairs(template.parse(node.template)) do
    if type(piece) == "string" then
      put(parts, piece)
    else
      if piece == 1 and node.distinct then
        put(parts, "DISTINCT ")
      end
      render.node(parts, node.args[piece], dialect)
    end
  end
  if node.filter then
    put(parts, " FILTER (WHERE ")
    render.node(parts, node.filter, dialect)
    put(parts, ")")
  end
end

function renderers.star(parts)
  put(parts, "*")
end

local function is_nested(node)
  return node.op == "tree" and (#node.children > 1 and not node.negated)
end

-- Conditions: AND and OR of parts, parenthesised when nested, NOT (...) when negated.
function renderers.tree(parts, node, dialect)
  if node.negated then
    put(parts, "NOT (")
  end
  for i, child in ipairs(node.children) do
    if i > 1 then
      put(parts, " " .. node.connector .. " ")
    end
    local parenthesise = is_nested(child) or (child.op == "template" and child.loose and #node.children > 1)
    if parenthesise then
      put(parts, "(")
    end
    render.node(parts, child, dialect)
    if parenthesise then
      put(parts, ")")
    end
  end
  if node.negated then
    put(parts, ")")
  end
end

function renderers.list(parts, node, dialect)
  for i, item in ipairs(node.args) do
    if i > 1 then
      put(parts, ", ")
    end
    render.node(parts, item, dialect)
  end
end

--- An inner query that was compiled to parts already.
function renderers.parts(parts, node)
  for _, part in ipairs(node.parts) do
    parts[#parts + 1] = part
  end
end

function renderers.ordering(parts, node, dialect)
  render.node(parts, node.args[1], dialect)
  put(parts, node.descending and " DESC" or " ASC")
  if node.nulls then
    put(parts, node.nulls == "first" and " NULLS FIRST" or " NULLS LAST")
  end
end

--- Turn parts into text and the parameters in placeholder order.
-- @treturn string sql
-- @treturn {table,...} parameter nodes
function render.finish(parts, dialect)
  local text, params = {}, {}
  for i, part in ipairs(parts) do
    if type(part) == "string" then
      text[i] = part
    else
      params[#params + 1] = part
      text[i] = dialect.placeholder(#params)
    end
  end
  return table.concat(text), params
end

return render
