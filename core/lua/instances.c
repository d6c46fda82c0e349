/* instances.c - what Lua asks about instances: new, saved or not, originals, what changed, siblings.
 *
 * An instance is a plain table; slots 1 to 3 are private (snapshot.h). Comparing encodes the current value as a
 * parameter would be, and compares that with the packed original: no garbage but for JSON tables. */
#include "parameters.h"
#include "snapshot.h"

/* An instance's snapshot: where its columns are in the plan and what it knows of them. */
typedef struct originals {
    const rlua_snapshot *block;
    const rlua_plan *plan;
    const rlua_object *object;
    const uint8_t *row;
    int plan_index; /* stack: the plan */
    int anchor;     /* stack: its anchor */
} originals;

/* The snapshot of the instance at index; pushes block, plan and anchor. False (nothing pushed) when it has none. */
static bool get_originals(lua_State *L, int index, originals *out) {
    if (lua_type(L, index) != LUA_TTABLE) {
        return false;
    }
    lua_rawgeti(L, index, RLUA_SLOT_SNAPSHOT);
    out->block = rlua_context_test(L, rlua_context_here(L), -1, RLUA_SNAPSHOT);
    lua_rawgeti(L, index, RLUA_SLOT_ROW);
    out->row = out->block != NULL ? rlua_block_row(out->block, lua_tointeger(L, -1)) : NULL;
    lua_pop(L, 1);
    if (out->row == NULL) {
        lua_pop(L, 1);
        return false;
    }
    lua_getiuservalue(L, -1, 1);
    out->plan = (const rlua_plan *)lua_touserdata(L, -1);
    out->object = &out->plan->objects[out->block->object];
    out->plan_index = lua_gettop(L);
    rlua_plan_anchor(L, out->plan_index);
    out->anchor = out->plan_index + 1;
    return true;
}

/* The column called as the value at index, or -1. */
static int find_column(lua_State *L, const originals *from, int index) {
    for (int c = from->object->first; c < from->object->last; c++) {
        lua_rawgeti(L, from->anchor, rlua_anchor_column(c));
        bool found = lua_rawequal(L, -1, index);
        lua_pop(L, 1);
        if (found) {
            return c;
        }
    }
    return -1;
}

/* The packed value of a column; false when it was not loaded. */
static bool original_value(const originals *from, int column, rdb_value *out) {
    const uint8_t *at = from->row;
    bool absent = true;
    for (int c = from->object->first; c <= column; c++) {
        at = rlua_unpack(at, out, &absent);
    }
    return !absent;
}

/* -- plain questions ------------------------------------------------------------------------------------------------ */

/* core.is_saved(instance) -> bool   it came from, or went to, the database   [-0, +1, -] */
static int l_is_saved(lua_State *L) {
    originals from;
    bool saved = get_originals(L, 1, &from);
    lua_pushboolean(L, saved);
    return 1;
}

/* core.database_of(instance) -> name | nil   [-0, +1, -] */
static int l_database_of(lua_State *L) {
    originals from;
    if (!get_originals(L, 1, &from)) {
        return 0;
    }
    lua_rawgeti(L, from.anchor, RLUA_ANCHOR_DATABASE);
    return 1;
}

/* core.model_of(instance) -> model | nil   the plan's, also of related objects   [-0, +1, -] */
static int l_model_of(lua_State *L) {
    originals from;
    if (!get_originals(L, 1, &from)) {
        return 0;
    }
    lua_rawgeti(L, from.anchor, rlua_anchor_model(from.plan, (int)from.block->object));
    return 1;
}

/* core.loaded(instance, key) -> bool   the column was selected (else it is deferred)   [-0, +1, -] */
static int l_loaded(lua_State *L) {
    originals from;
    rdb_value value;
    lua_settop(L, 2);
    bool loaded = false;
    if (get_originals(L, 1, &from)) {
        int column = find_column(L, &from, 2);
        loaded = column >= 0 && original_value(&from, column, &value);
    }
    lua_pushboolean(L, loaded);
    return 1;
}

/* core.original(instance, key) -> value | nil   as loaded or saved   [-0, +1, v] */
static int l_original(lua_State *L) {
    originals from;
    rdb_value value;
    lua_settop(L, 2);
    if (!get_originals(L, 1, &from)) {
        return 0;
    }
    int column = find_column(L, &from, 2);
    if (column < 0 || !original_value(&from, column, &value)) {
        return 0;
    }
    rlua_push_value(L, &value);
    return 1;
}

/* -- what changed --------------------------------------------------------------------------------------------------- */

/* Whether the JSON value of the field on top is the same as the original text: both in canonical form. [-0, +0, v] */
static bool same_json(lua_State *L, const rdb_value *original, rdb_kind kind, const rdb_value *current) {
    if (rlua_same_value(original, current)) {
        return true;
    }
    if (original->kind != kind || current->kind != kind) {
        return false;
    }
    char buffer[RLUA_VALUE_BUFFER];
    rdb_error err;
    rdb_value canonical;
    rlua_push_value(L, original);
    return rlua_to_value(L, -1, kind, &canonical, buffer, &err) >= 0 && rlua_same_value(&canonical, current);
}

/* Whether the field on top differs from the original. Pops it. */
static bool differs(lua_State *L, const rdb_value *original, rdb_kind kind) {
    int top = lua_gettop(L);
    char buffer[RLUA_VALUE_BUFFER];
    rdb_error err;
    rdb_value current;
    bool json = kind == RDB_KIND_JSON || kind == RDB_KIND_ARRAY;
    bool different;
    if (lua_type(L, -1) == LUA_TTABLE && !json) {
        different = true; /* an expression */
    } else if (rlua_to_value(L, -1, kind, &current, buffer, &err) < 0) {
        different = true; /* no value of this kind: whoever saves it will say so */
    } else {
        different = json ? !same_json(L, original, kind, &current) : !rlua_same_value(original, &current);
    }
    lua_settop(L, top - 1);
    return different;
}

/* core.changed(instance) -> nil | { key, ... }   loaded columns whose value differs from the original, in column order.
 * nil also for an unsaved instance.   [-0, +1, v] */
static int l_changed(lua_State *L) {
    originals from;
    lua_settop(L, 1);
    if (!get_originals(L, 1, &from)) {
        return 0;
    }
    int list = 0;
    lua_Integer n = 0;
    const uint8_t *at = from.row;
    for (int c = from.object->first; c < from.object->last; c++) {
        rdb_value original;
        bool absent;
        at = rlua_unpack(at, &original, &absent);
        lua_rawgeti(L, from.anchor, rlua_anchor_column(c));
        int key = lua_gettop(L);
        lua_pushvalue(L, key);
        int type = lua_rawget(L, 1);
        if (absent && type == LUA_TNIL) {
            lua_settop(L, key - 1);
            continue;
        }
        if (!absent && !differs(L, &original, (rdb_kind)from.plan->column_kinds[c])) {
            lua_settop(L, key - 1);
            continue;
        }
        lua_settop(L, key);
        if (list == 0) {
            lua_newtable(L);
            lua_insert(L, key);
            list = key++;
        }
        lua_rawseti(L, list, ++n);
        lua_settop(L, list);
    }
    if (list == 0) {
        return 0;
    }
    lua_settop(L, list);
    return 1;
}

/* -- siblings ------------------------------------------------------------------------------------------------------- */

/* Replace the object on top by the related object that object k of its row is; nil when there is none. */
static void follow(lua_State *L, const originals *from, int k) {
    const rlua_object *object = &from->plan->objects[k];
    if (object->parent != 0) {
        follow(L, from, object->parent);
    }
    if (lua_type(L, -1) == LUA_TTABLE && lua_rawgeti(L, -1, RLUA_SLOT_RELATIONS) == LUA_TTABLE) {
        lua_rawgeti(L, from->anchor, rlua_anchor_attr(from->plan, k));
        lua_rawget(L, -2);
        lua_replace(L, -3);
        lua_pop(L, 1);
        return;
    }
    lua_pushnil(L);
}

/* Push the list of the related objects k of all rows of the result at index. */
static void push_related_peers(lua_State *L, const originals *from, int result) {
    lua_newtable(L);
    int list = lua_gettop(L);
    lua_Integer n = 0;
    lua_Integer rows = (lua_Integer)lua_rawlen(L, result);
    for (lua_Integer i = 1; i <= rows; i++) {
        lua_rawgeti(L, result, i);
        follow(L, from, (int)from->block->object);
        if (lua_type(L, -1) == LUA_TTABLE) {
            lua_rawseti(L, list, ++n);
        }
        lua_settop(L, list);
    }
}

/* core.peers(instance) -> list | nil   the result list it came from, while that lives. For an object that came along by
 * select_related: a new list of its siblings, in row order.   [-0, +1, m] */
static int l_peers(lua_State *L) {
    originals from;
    lua_settop(L, 1);
    if (!get_originals(L, 1, &from)) {
        return 0;
    }
    lua_getiuservalue(L, from.plan_index - 1, 2);
    if (lua_type(L, -1) != LUA_TTABLE || lua_rawgeti(L, -1, 1) != LUA_TTABLE) {
        return 0;
    }
    if (from.block->object != 0) {
        luaL_checkstack(L, 3 * from.plan->n_objects + LUA_MINSTACK, NULL);
        push_related_peers(L, &from, lua_gettop(L));
    }
    return 1;
}

/* -- taking and dropping snapshots ---------------------------------------------------------------------------------- */

/* Stack of l_take_snapshot. */
enum { ARG_INSTANCE = 1, ARG_PLAN, ARG_KEYS, WANTED, BASE };

/* One column of a new snapshot. */
typedef struct column_original {
    rdb_value value;
    bool absent;
} column_original;

/* Turn the list of keys at ARG_KEYS into a set at WANTED (nil without keys). */
static void read_keys(lua_State *L) {
    if (lua_isnil(L, ARG_KEYS)) {
        lua_pushnil(L);
        return;
    }
    luaL_checktype(L, ARG_KEYS, LUA_TTABLE);
    lua_Integer n = (lua_Integer)lua_rawlen(L, ARG_KEYS);
    lua_createtable(L, 0, (int)n);
    for (lua_Integer i = 1; i <= n; i++) {
        if (lua_rawgeti(L, ARG_KEYS, i) == LUA_TNIL) {
            lua_pop(L, 1);
            continue;
        }
        lua_pushboolean(L, 1);
        lua_rawset(L, WANTED);
    }
}

/* Decide the original of the column whose key is on top: the current value, or what the old snapshot says. Leaves on the
 * stack what the value borrows from. */
static void decide(lua_State *L, rlua_params *params, const originals *old, uint8_t kind, column_original *out) {
    int key = lua_gettop(L);
    int before = old != NULL ? find_column(L, old, key) : -1;
    bool was_loaded = before >= 0 && original_value(old, before, &out->value);
    lua_pushvalue(L, key);
    bool wanted = lua_isnil(L, WANTED) || lua_rawget(L, WANTED) != LUA_TNIL;
    lua_settop(L, key);
    out->absent = false;
    if (!wanted) {
        out->absent = !was_loaded;
        return;
    }
    lua_pushvalue(L, key);
    int type = lua_rawget(L, ARG_INSTANCE);
    if (type == LUA_TNIL && old != NULL && !was_loaded && lua_isnil(L, WANTED)) {
        out->absent = true; /* still deferred */
        return;
    }
    rdb_error err;
    if (rlua_params_convert(L, params, kind, &out->value, &err) != 0) {
        out->value = rdb_value_null(); /* counts as changed until it is replaced */
    }
}

/* core.take_snapshot(instance [, plan [, keys]])
 * Makes the current values the originals; columns and database are the plan's (nil: those of the present snapshot). keys:
 * only these, the others keep their original. A column that was not loaded and is still nil, stays so.
 * [-0, +0, v] */
static int l_take_snapshot(lua_State *L) {
    luaL_checktype(L, ARG_INSTANCE, LUA_TTABLE);
    lua_settop(L, ARG_KEYS);
    const rlua_plan *plan = lua_isnil(L, ARG_PLAN) ? NULL : rlua_check_plan(L, ARG_PLAN);
    read_keys(L);
    originals old;
    bool has_old = get_originals(L, ARG_INSTANCE, &old);
    int object = 0;
    if (plan == NULL) {
        if (!has_old) {
            return rlua_raise_code(L, RDB_E_MISUSE, "core.take_snapshot: an unsaved instance needs a plan");
        }
        plan = old.plan;
        object = (int)old.block->object;
        lua_pushvalue(L, old.plan_index);
        lua_replace(L, ARG_PLAN);
    }
    const rlua_object *columns = &plan->objects[object];
    int n = columns->last - columns->first;
    rlua_params params;
    rlua_params_begin(L, &params, 0);
    luaL_checkstack(L, 6 * n + LUA_MINSTACK, "too many columns");
    column_original *decided = (column_original *)lua_newuserdatauv(L, sizeof *decided * (size_t)n + 1, 0);
    rlua_plan_anchor(L, ARG_PLAN);
    int anchor = lua_gettop(L);
    size_t room = 0;
    for (int i = 0; i < n; i++) {
        lua_rawgeti(L, anchor, rlua_anchor_column(columns->first + i));
        decide(L, &params, has_old ? &old : NULL, plan->column_kinds[columns->first + i], &decided[i]);
        room += decided[i].absent ? 1 : rlua_pack_room(&decided[i].value);
    }
    lua_pushnil(L);
    rlua_packer packer = {.slot = lua_gettop(L)};
    uint8_t *at = rlua_pack_begin(L, &packer, room, ARG_PLAN, 0, object);
    for (int i = 0; i < n; i++) {
        at = decided[i].absent ? rlua_pack_absent(at) : rlua_pack(at, &decided[i].value);
    }
    rlua_pack_end(&packer, at);
    lua_pushvalue(L, packer.slot);
    lua_rawseti(L, ARG_INSTANCE, RLUA_SLOT_SNAPSHOT);
    lua_pushinteger(L, 1);
    lua_rawseti(L, ARG_INSTANCE, RLUA_SLOT_ROW);
    return 0;
}

/* core.forget(instance)   drops the snapshot: the instance counts as unsaved   [-0, +0, -] */
static int l_forget(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_pushnil(L);
    lua_rawseti(L, 1, RLUA_SLOT_SNAPSHOT);
    lua_pushnil(L);
    lua_rawseti(L, 1, RLUA_SLOT_ROW);
    return 0;
}

/* core.new(metatable, known, values [, n_columns]) -> instance, key | nil
 * An unsaved instance: copies the values whose key has known[key] == true. The second answer is the first key for which
 * that is not so (a relation, or unknown): the caller takes care of it. n_columns: room for that many fields.
 * [-0, +2, m] */
static int l_new(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checktype(L, 3, LUA_TTABLE);
    lua_Integer room = luaL_optinteger(L, 4, 8);
    lua_settop(L, 3);
    lua_createtable(L, 3, room > 0 && room <= RLUA_MAX_COLUMNS ? (int)room : 8);
    lua_pushnil(L); /* the first special key, at 5 */
    for (lua_pushnil(L); lua_next(L, 3) != 0;) {
        lua_pushvalue(L, -2);
        bool plain = lua_rawget(L, 2) == LUA_TBOOLEAN && lua_toboolean(L, -1);
        lua_pop(L, 1);
        if (plain) {
            lua_pushvalue(L, -2);
            lua_insert(L, -2);
            lua_rawset(L, 4);
            continue;
        }
        if (lua_isnil(L, 5)) {
            lua_pushvalue(L, -2);
            lua_replace(L, 5);
        }
        lua_pop(L, 1);
    }
    lua_pushvalue(L, 1);
    lua_setmetatable(L, 4);
    lua_settop(L, 5);
    return 2;
}

void rlua_open_instances(lua_State *L) {
    static const luaL_Reg meta[] = {{NULL, NULL}};
    static const luaL_Reg functions[] = {
        {"new", l_new},
        {"is_saved", l_is_saved},
        {"database_of", l_database_of},
        {"model_of", l_model_of},
        {"loaded", l_loaded},
        {"original", l_original},
        {"changed", l_changed},
        {"peers", l_peers},
        {"take_snapshot", l_take_snapshot},
        {"forget", l_forget},
        {NULL, NULL},
    };
    rlua_context_define(L, RLUA_SNAPSHOT, "rdb.snapshot", meta, NULL);
    rlua_context_functions(L, functions);
}
