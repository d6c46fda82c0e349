/* take_snapshot.c - core.take_snapshot: current values become the originals, after a save or a refresh. */
#include "originals.h"
#include "parameters.h"

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

/* What the old snapshot says of the column whose key is at index; false when it was not loaded. position: where the
 * column probably is. */
static bool old_value(lua_State *L, const rlua_originals *old, int key, int position, rdb_value *out) {
    int column = old->object->first + position;
    if (column < old->object->last) {
        lua_rawgeti(L, old->anchor, rlua_anchor_column(column));
        column = lua_rawequal(L, -1, key) ? column : -1;
        lua_pop(L, 1);
    } else {
        column = -1;
    }
    column = column < 0 ? rlua_originals_column(L, old, key) : column;
    return column >= 0 && rlua_originals_value(old, column, out);
}

/* Decide the original of the column whose key is on top: the current value, or what the old snapshot says (old: NULL
 * without one). Leaves on the stack what the value borrows from. */
static void decide(lua_State *L, rlua_params *params, const rlua_originals *old, int position, uint8_t kind,
                   column_original *out) {
    int key = lua_gettop(L);
    bool all = lua_isnil(L, WANTED);
    lua_pushvalue(L, key);
    bool wanted = all || lua_rawget(L, WANTED) != LUA_TNIL;
    lua_settop(L, key);
    out->absent = false;
    if (!wanted) {
        out->absent = old == NULL || !old_value(L, old, key, position, &out->value);
        return;
    }
    lua_pushvalue(L, key);
    if (lua_rawget(L, ARG_INSTANCE) == LUA_TNIL && all && old != NULL &&
        !old_value(L, old, key, position, &out->value)) {
        out->absent = true; /* still deferred */
        return;
    }
    rdb_error err;
    if (rlua_params_convert(L, params, kind, &out->value, &err) != 0) {
        out->value = rdb_value_null(); /* counts as changed until it is replaced */
    }
}

/* core.take_snapshot(instance [, plan [, keys]])
 * Makes the current values the originals; columns and database are the plan's (nil: those of the present snapshot).
 * keys: only these, the others keep their original. A column that was not loaded and is still nil, stays so.
 * [-0, +0, v] */
static int l_take_snapshot(lua_State *L) {
    luaL_checktype(L, ARG_INSTANCE, LUA_TTABLE);
    lua_settop(L, ARG_KEYS);
    const rlua_plan *plan = lua_isnil(L, ARG_PLAN) ? NULL : rlua_check_plan(L, ARG_PLAN);
    read_keys(L);
    rlua_originals old;
    bool has_old = rlua_originals_get(L, ARG_INSTANCE, &old);
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
        decide(L, &params, has_old ? &old : NULL, i, plan->column_kinds[columns->first + i], &decided[i]);
        room += decided[i].absent ? 1 : rlua_pack_room(&decided[i].value);
    }
    int holder = 0;
    if (has_old && old.block->object == 0 && object == 0) { /* its siblings stay its siblings */
        lua_getiuservalue(L, old.plan_index - 1, 2);
        holder = lua_gettop(L);
    }
    lua_pushnil(L);
    rlua_packer packer = {.slot = lua_gettop(L)};
    uint8_t *at = rlua_pack_begin(L, &packer, room, ARG_PLAN, holder, object);
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

void rlua_open_take_snapshot(lua_State *L) {
    static const luaL_Reg functions[] = {{"take_snapshot", l_take_snapshot}, {NULL, NULL}};
    rlua_context_functions(L, functions);
}
