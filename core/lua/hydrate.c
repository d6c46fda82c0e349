/* hydrate.c - the row loop: cells to Lua values, rows to instances, tables, arrays or scalars.
 *
 * What all rows share (key strings, metatables, attribute names) is pushed once per result and read from the stack;
 * tables get their final size at once. Common kinds are pushed in line; the others go through rlua_push_value(). */
#include "hydrate.h"

/* Registry key of the metatable { __mode = "v" } of holders. */
static const char holder_key = 0;

/* Room in a snapshot for what coercion may add to a cell. */
#define COERCED_ROOM (RDB_COERCE_BUFFER + 16)

/* The row loop's state: stack indices of what is on the stack, and short cuts. */
typedef struct row_loop {
    rlua_hydration *hydration;
    const rlua_plan *plan;
    const uint8_t *kinds;
    const rdb_value *cells; /* the current row */
    rlua_packer *packers;   /* one per object; NULL unless instances are made */
    int plan_index;
    int holder;     /* weak table of the result list; 0: none */
    int keys;       /* first column key */
    int metatables; /* one per object, nil for none */
    int attrs;      /* one per object but the first */
    int objects;    /* of the current row, nil for none */
    rdb_value converted;
    char buffer[RDB_COERCE_BUFFER];
} row_loop;

/* -- one cell ----------------------------------------------------------------------------------------------------- */

static const rdb_value *push_converted(lua_State *L, row_loop *loop, int column, const rdb_value *cell) {
    rlua_hydration *hydration = loop->hydration;
    hydration->column = column;
    loop->converted = *cell;
    if (rdb_value_coerce(&loop->converted, (rdb_kind)loop->kinds[column], loop->buffer, hydration->err) != RDB_OK) {
        rlua_raise(L, hydration->err, NULL);
    }
    rlua_push_value(L, &loop->converted);
    hydration->column = -1;
    return &loop->converted;
}

/* Push a cell that is not NULL; answers it as the column's kind, valid until the next cell. */
static inline const rdb_value *push_cell(lua_State *L, row_loop *loop, int column) {
    const rdb_value *cell = &loop->cells[column];
    uint8_t want = loop->kinds[column];
    if (cell->kind == want || want == RDB_KIND_ANY) {
        switch (cell->kind) {
        case RDB_KIND_INT64:
            lua_pushinteger(L, cell->as.integer);
            return cell;
        case RDB_KIND_TEXT:
        case RDB_KIND_BYTES:
            lua_pushlstring(L, cell->as.text, cell->more.len);
            return cell;
        case RDB_KIND_DOUBLE:
            lua_pushnumber(L, cell->as.number);
            return cell;
        case RDB_KIND_BOOL:
            lua_pushboolean(L, cell->as.boolean);
            return cell;
        default:
            break;
        }
    } else if (want == RDB_KIND_BOOL && cell->kind == RDB_KIND_INT64 && (uint64_t)cell->as.integer <= 1) {
        loop->converted = rdb_value_bool(cell->as.integer == 1);
        lua_pushboolean(L, loop->converted.as.boolean);
        return &loop->converted;
    }
    return push_converted(L, loop, column, cell);
}

/* -- one row ------------------------------------------------------------------------------------------------------ */

static size_t packed_room(const row_loop *loop, int first, int last) {
    size_t room = 0;
    for (int c = first; c < last; c++) {
        const rdb_value *cell = &loop->cells[c];
        room += rlua_pack_room(cell);
        room += cell->kind != loop->kinds[c] && cell->kind != RDB_KIND_NULL ? COERCED_ROOM : 0;
    }
    return room;
}

/* Push object k of the row: fields, snapshot, row number, metatable. */
static void push_instance(lua_State *L, row_loop *loop, int k) {
    const rlua_object *object = &loop->plan->objects[k];
    rlua_packer *packer = &loop->packers[k];
    size_t room = packed_room(loop, object->first, object->last);
    uint8_t *at = rlua_pack_begin(L, packer, room, loop->plan_index, loop->holder, k);
    lua_createtable(L, object->n_children > 0 ? 3 : 2, object->last - object->first);
    for (int c = object->first; c < object->last; c++) {
        const rdb_value *cell = &loop->cells[c];
        if (cell->kind != RDB_KIND_NULL) {
            lua_pushvalue(L, loop->keys + c);
            cell = push_cell(L, loop, c);
            lua_rawset(L, -3);
        }
        at = rlua_pack(at, cell);
    }
    rlua_pack_end(packer, at);
    lua_pushvalue(L, packer->slot);
    lua_rawseti(L, -2, RLUA_SLOT_SNAPSHOT);
    lua_pushinteger(L, packer->block->n_rows);
    lua_rawseti(L, -2, RLUA_SLOT_ROW);
    if (!lua_isnil(L, loop->metatables + k)) {
        lua_pushvalue(L, loop->metatables + k);
        lua_setmetatable(L, -2);
    }
}

/* Store object k (on top, or false for none) under its attribute in its parent's relations. [-1, +0, m] */
static void attach(lua_State *L, const row_loop *loop, int k) {
    const rlua_object *object = &loop->plan->objects[k];
    int parent = loop->objects + object->parent;
    if (lua_rawgeti(L, parent, RLUA_SLOT_RELATIONS) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_createtable(L, 0, loop->plan->objects[object->parent].n_children);
        lua_pushvalue(L, -1);
        lua_rawseti(L, parent, RLUA_SLOT_RELATIONS);
    }
    lua_pushvalue(L, loop->attrs + k - 1);
    lua_pushvalue(L, -3);
    lua_rawset(L, -3);
    lua_pop(L, 2);
}

/* Push the main object with all that hangs on it. */
static void push_nested(lua_State *L, row_loop *loop) {
    const rlua_plan *plan = loop->plan;
    push_instance(L, loop, 0);
    lua_copy(L, -1, loop->objects);
    for (int k = 1; k < plan->n_objects; k++) {
        const rlua_object *object = &plan->objects[k];
        if (lua_isnil(L, loop->objects + object->parent)) {
            lua_pushnil(L);
            lua_replace(L, loop->objects + k);
        } else if (loop->cells[object->pk].kind == RDB_KIND_NULL) {
            lua_pushboolean(L, 0);
            attach(L, loop, k);
            lua_pushnil(L);
            lua_replace(L, loop->objects + k);
        } else {
            push_instance(L, loop, k);
            lua_copy(L, -1, loop->objects + k);
            attach(L, loop, k);
        }
    }
}

static void push_dict(lua_State *L, row_loop *loop) {
    int n = loop->plan->n_columns;
    lua_createtable(L, 0, n);
    for (int c = 0; c < n; c++) {
        if (loop->cells[c].kind != RDB_KIND_NULL) {
            lua_pushvalue(L, loop->keys + c);
            push_cell(L, loop, c);
            lua_rawset(L, -3);
        }
    }
    if (!lua_isnil(L, loop->metatables)) {
        lua_pushvalue(L, loop->metatables);
        lua_setmetatable(L, -2);
    }
}

static void push_tuple(lua_State *L, row_loop *loop) {
    int n = loop->plan->n_columns;
    lua_createtable(L, n, 0);
    for (int c = 0; c < n; c++) {
        if (loop->cells[c].kind != RDB_KIND_NULL) {
            push_cell(L, loop, c);
            lua_rawseti(L, -2, c + 1);
        }
    }
}

static void push_row(lua_State *L, row_loop *loop) {
    loop->cells = loop->hydration->query->cells;
    switch (loop->plan->shape) {
    case RLUA_SHAPE_INSTANCE:
        if (loop->plan->n_objects > 1) {
            push_nested(L, loop);
        } else {
            push_instance(L, loop, 0);
        }
        return;
    case RLUA_SHAPE_DICT:
        push_dict(L, loop);
        return;
    case RLUA_SHAPE_TUPLE:
        push_tuple(L, loop);
        return;
    case RLUA_SHAPE_FLAT:
        if (loop->cells[0].kind == RDB_KIND_NULL) {
            rlua_push_null(L);
        } else {
            push_cell(L, loop, 0);
        }
        return;
    case RLUA_SHAPE_NONE:
    case RLUA_N_SHAPES:
        break;
    }
    lua_pushnil(L);
}

/* -- the loop ----------------------------------------------------------------------------------------------------- */

/* Push what the rows share. Arguments of the protected call: 1 hydration, 2 plan. */
static void enter(lua_State *L, row_loop *loop, rlua_packer *packers) {
    rlua_hydration *hydration = (rlua_hydration *)lua_touserdata(L, 1);
    const rlua_plan *plan = hydration->plan;
    loop->hydration = hydration;
    loop->plan = plan;
    loop->kinds = plan->column_kinds;
    loop->plan_index = 2;
    loop->holder = 0;
    loop->packers = packers;
    luaL_checkstack(L, plan->n_columns + 4 * plan->n_objects + LUA_MINSTACK, "too many columns");
    if (hydration->query->n_columns < plan->n_columns) {
        rlua_raise_code(L, RDB_E_MISUSE, "the statement answers %d columns, the plan expects %d",
                        hydration->query->n_columns, plan->n_columns);
    }
    rlua_plan_anchor(L, 2);
    int anchor = lua_gettop(L);
    loop->keys = anchor + 1;
    if (plan->shape == RLUA_SHAPE_INSTANCE || plan->shape == RLUA_SHAPE_DICT) {
        for (int c = 0; c < plan->n_columns; c++) {
            lua_rawgeti(L, anchor, rlua_anchor_column(c));
        }
    }
    loop->metatables = lua_gettop(L) + 1;
    for (int k = 0; k < plan->n_objects; k++) {
        if (lua_rawgeti(L, anchor, rlua_anchor_metatable(plan, k)) != LUA_TTABLE) {
            lua_pop(L, 1);
            lua_pushnil(L);
        }
    }
    if (plan->shape != RLUA_SHAPE_INSTANCE) {
        return;
    }
    loop->attrs = lua_gettop(L) + 1;
    for (int k = 1; k < plan->n_objects; k++) {
        lua_rawgeti(L, anchor, rlua_anchor_attr(plan, k));
    }
    for (int k = 0; k < plan->n_objects; k++) {
        lua_pushnil(L);
        packers[k] = (rlua_packer){.slot = lua_gettop(L)};
    }
    loop->objects = lua_gettop(L) + 1;
    for (int k = 0; k < plan->n_objects; k++) {
        lua_pushnil(L);
    }
}

/* Push the result list and the weak table through which instances find it. */
static void push_list(lua_State *L, row_loop *loop) {
    long hint = loop->plan->rows_hint < 256 ? loop->plan->rows_hint : 256;
    lua_createtable(L, (int)hint, 0);
    if (loop->plan->shape != RLUA_SHAPE_INSTANCE) {
        return;
    }
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, -2);
    lua_rawseti(L, -2, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &holder_key);
    lua_setmetatable(L, -2);
    loop->holder = lua_gettop(L);
    size_t bytes = loop->plan->bytes_hint;
    for (int k = 0; k < loop->plan->n_objects; k++) {
        loop->packers[k].next_capacity = bytes < RLUA_BLOCK_LEAST      ? RLUA_BLOCK_LEAST
                                         : bytes < RLUA_BLOCK_MOST / 4 ? bytes
                                                                       : RLUA_BLOCK_MOST / 4;
    }
}

static inline rdb_step next_row(rlua_hydration *hydration) {
    rdb_step step = rdb_query_next(hydration->query, hydration->err);
    if (step == RDB_STEP_WAIT_READ || step == RDB_STEP_WAIT_WRITE) {
        step = rdb_query_wait(hydration->query, step, hydration->err);
    }
    return step;
}

int rlua_hydrate_list(lua_State *L) {
    row_loop loop;
    rlua_hydration *hydration = (rlua_hydration *)lua_touserdata(L, 1);
    rlua_plan *plan = hydration->plan;
    rlua_packer packers[RLUA_MAX_OBJECTS + 1];
    enter(L, &loop, packers);
    push_list(L, &loop);
    int list = loop.holder != 0 ? loop.holder - 1 : lua_gettop(L);
    lua_Integer rows = 0;
    rdb_step step = RDB_STEP_ROW;
    while (rows != hydration->limit && (step = next_row(hydration)) == RDB_STEP_ROW) {
        push_row(L, &loop);
        lua_rawseti(L, list, ++rows);
        if (rows == RLUA_MANY_ROWS) {
            rlua_collector_hold(L, &hydration->held);
        }
    }
    hydration->rows = rows;
    hydration->failed = step == RDB_STEP_ERROR;
    hydration->drained = step == RDB_STEP_DONE;
    plan->rows_hint = (long)rows;
    if (plan->shape == RLUA_SHAPE_INSTANCE) {
        plan->bytes_hint = packers[0].total;
    }
    lua_settop(L, list);
    return 1;
}

int rlua_hydrate_one(lua_State *L) {
    row_loop loop;
    rlua_hydration *hydration = (rlua_hydration *)lua_touserdata(L, 1);
    rdb_step step = next_row(hydration);
    if (step == RDB_STEP_ROW) {
        rlua_packer packers[RLUA_MAX_OBJECTS + 1];
        enter(L, &loop, packers);
        push_row(L, &loop);
        hydration->rows = 1;
        step = next_row(hydration);
    } else {
        lua_pushnil(L);
    }
    hydration->failed = step == RDB_STEP_ERROR;
    hydration->drained = step == RDB_STEP_DONE;
    return 1;
}

void rlua_hydrate_prepare(lua_State *L, lua_CFunction function, rlua_hydration *hydration, int plan_index) {
    lua_pushcfunction(L, function);
    lua_pushlightuserdata(L, hydration);
    lua_pushvalue(L, plan_index);
}

/* -- errors and set-up -------------------------------------------------------------------------------------------- */

static int object_of_column(const rlua_plan *plan, int column) {
    for (int k = plan->n_objects - 1; k > 0; k--) {
        if (column >= plan->objects[k].first && column < plan->objects[k].last) {
            return k;
        }
    }
    return 0;
}

void rlua_hydrate_explain(lua_State *L, const rlua_hydration *hydration, int plan_index) {
    if (hydration->column < 0 || lua_type(L, -1) != LUA_TTABLE) {
        return;
    }
    int error = lua_gettop(L);
    const rlua_plan *plan = hydration->plan;
    const char *label = rlua_plan_label(L, plan_index, plan, object_of_column(plan, hydration->column));
    rlua_plan_anchor(L, plan_index);
    lua_rawgeti(L, -1, rlua_anchor_column(hydration->column));
    const char *key = lua_tostring(L, -1);
    lua_getfield(L, error, "message");
    lua_pushfstring(L, "%s.%s: %s", label, key, lua_isstring(L, -1) ? lua_tostring(L, -1) : "unreadable value");
    lua_setfield(L, error, "message");
    lua_pushstring(L, key);
    lua_setfield(L, error, "column");
    lua_settop(L, error);
}

void rlua_open_hydration(lua_State *L) {
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &holder_key);
}
