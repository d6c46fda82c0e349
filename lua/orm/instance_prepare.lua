--- Making an object ready to be written: keys of related objects, auto_now, values in the types of their columns.
-- What the core checks by itself (character limits, plain keys) costs nothing here.
local errors = require "rdb.orm.errors"
local null = require "rdb.orm.null"

local getmetatable, ipairs, rawget, rawequal, type = getmetatable, ipairs, rawget, rawequal, type

return function(instance)
  local model_of = instance.model_of

  -- A related object may have got its key after it was assigned.
  local function take_related_keys(object, meta, related)
    for _, field in ipairs(meta.relations) do
      local other = related[field.name]
      if other and rawget(object, field.attname) == nil then
        local key = other[field.relation.target.attname]
        if key == nil then
          errors.raise_with("misuse", { model = meta.label, field = field.name },
            "%s cannot be saved: its '%s' is an unsaved %s; save that first", meta.label, field.name,
            field.relation.to)
        end
        object[field.attname] = key
      end
    end
  end

  --- Fill the keys of related objects that were saved since they were assigned.
  -- @raise misuse when one is not saved
  function instance.take_related_keys(object, meta)
    local related = rawget(object, 3)
    if related then
      take_related_keys(object, meta, related)
    end
  end

  local function prepare_field(object, field)
    local value = rawget(object, field.attname)
    local is_table = type(value) == "table"
    local model = is_table and model_of(value)
    if value ~= nil and value ~= null and (model or not is_table or getmetatable(value) == nil) then
      local prepared = model and field:to_param(value) or field:prepare(value)
      if not rawequal(prepared, value) then
        object[field.attname] = prepared
        return true
      end
    end
    return false
  end

  -- The fields whose values must be prepared here: all others are checked by the core. Found out with the first
  -- write, when the targets of relations are known.
  local function find_duties(meta)
    local preparing, by_attname = {}, {}
    for _, field in ipairs(meta.fields) do
      if field.prepares and not field:checked_by_core() then
        preparing[#preparing + 1] = field
        by_attname[field.attname] = field
      end
    end
    meta.duties = {
      preparing = preparing, by_attname = by_attname,
      none = #preparing == 0 and #meta.auto_now_fields == 0 and #meta.relations == 0,
    }
    return meta.duties
  end

  --- Has the model nothing that prepare_insert would do?
  function instance.needs_no_preparation(meta)
    return (meta.duties or find_duties(meta)).none
  end

  --- Would prepare_update look at any of these columns?
  function instance.prepares_any(meta, attnames)
    local by_attname = (meta.duties or find_duties(meta)).by_attname
    for _, attname in ipairs(attnames) do
      if by_attname[attname] then
        return true
      end
    end
    return false
  end

  --- Make an object ready for core.insert. Bulk inserts call it for each object.
  -- @raise misuse, invalid_value, out_of_range naming model and field
  function instance.prepare_insert(object, meta)
    local duties = meta.duties or find_duties(meta)
    if duties.none then
      return
    end
    local related = rawget(object, 3)
    if related then
      take_related_keys(object, meta, related)
    end
    for _, field in ipairs(meta.auto_now_fields) do
      object[field.attname] = field.now()
    end
    for _, field in ipairs(duties.preparing) do
      prepare_field(object, field)
    end
  end

  --- The same for core.update of the given attnames; auto_now fields are added to them when `touch`.
  -- @treturn boolean some value got another type
  function instance.prepare_update(object, meta, attnames, touch)
    if touch then
      local seen = {}
      for _, attname in ipairs(attnames) do
        seen[attname] = true
      end
      for _, field in ipairs(meta.auto_now_fields) do
        if field.auto_now then
          object[field.attname] = field.now()
          if not seen[field.attname] then
            attnames[#attnames + 1] = field.attname
          end
        end
      end
    end
    local converted, by_attname = false, (meta.duties or find_duties(meta)).by_attname
    for _, attname in ipairs(attnames) do
      local field = by_attname[attname]
      if field then
        converted = prepare_field(object, field) or converted
      end
    end
    return converted
  end

  --- Prepare what the core did not take: objects in key columns become keys, and its checks are done here.
  -- @tparam ?{string,...} attnames nil: all
  -- @treturn boolean some value got another type
  -- @raise data_too_long, invalid_value, out_of_range naming model and field
  function instance.prepare_fully(object, meta, attnames)
    local converted = false
    for _, field in ipairs(meta.fields) do
      if field.prepares and not attnames then
        converted = prepare_field(object, field) or converted
      end
    end
    for _, attname in ipairs(attnames or {}) do
      local field = meta.by_attname[attname]
      if field.prepares then
        converted = prepare_field(object, field) or converted
      end
    end
    return converted
  end
end
