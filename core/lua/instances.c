/* instances.c - what Lua asks about instances: new, saved or not, where from, originals, siblings.
 *
 * An instance is a plain table; slots 1 to 3 are private (snapshot.h). */
#include "originals.h"

/* -- plain questions ------------------------------------------------------------------------------------------------
 */

/* core.is_saved(instance) -> bool   it came from, or went to, the database   [-0, +1, -] */
static int l_is_saved(lua_State *L) {
    rlua_originals from;
    bool saved = rlua_originals_get(L, 1, &from);
    lua_pushboolean(L, saved);
    return 1;
}

/* core.database_of(instance) -> name | nil   [-0, +1, -] */
static int l_database_of(lua_State *L) {
    rlua_originals from;
    if (!rlua_originals_get(L, 1, &from)) {
        return 0;
    }
    lua_rawgeti(L, from.anchor, RLUA_ANCHOR_DATABASE);
    return 1;
}

/* core.model_of(instance) -> model | nil   the plan's, also of related objects   [-0, +1, -] */
static int l_model_of(lua_State *L) {
    rlua_originals from;
    if (!rlua_originals_get(L, 1, &from)) {
        return 0;
    }
    lua_rawgeti(L, from.anchor, rlua_anchor_model(from.plan, (int)from.block->object));
    return 1;
}

/* core.loaded(instance, key) -> bool   the column was selected (else it is deferred)   [-0, +1, -] */
static int l_loaded(lua_State *L) {
    rlua_originals from;
    rdb_value value;
    lua_settop(L, 2);
    bool loaded = false;
    if (rlua_originals_get(L, 1, &from)) {
        int column = rlua_originals_column(L, &from, 2);
        loaded = column >= 0 && rlua_originals_value(&from, column, &value);
    }
    lua_pushboolean(L, loaded);
    return 1;
}

/* core.original(instance, key) -> value | nil   as loaded or saved   [-0, +1, v] */
static int l_original(lua_State *L) {
    rlua_originals from;
    rdb_value value;
    lua_settop(L, 2);
    if (!rlua_originals_get(L, 1, &from)) {
        return 0;
    }
    int column = rlua_originals_column(L, &from, 2);
    if (column < 0 || !rlua_originals_value(&from, column, &value)) {
        return 0;
    }
    rlua_push_value(L, &value);
    return 1;
}

/* -- siblings -------------------------------------------------------------------------------------------------------
 */

/* Replace the object on top by the related object that object k of its row is; nil when there is none. */
static void follow(lua_State *L, const rlua_originals *from, int k) {
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
static void push_related_peers(lua_State *L, const rlua_originals *from, int result) {
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
    rlua_originals from;
    lua_settop(L, 1);
    if (!rlua_originals_get(L, 1, &from)) {
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

/* -- new and forgotten -----------------------------------------------------------------------------------------------
 */

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
 * that is not so (a relation, or unknown) or whose value is the null sentinel, which is copied too: the caller takes
 * care of them. n_columns: room for that many fields.
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
        if ((!plain || lua_islightuserdata(L, -1)) && lua_isnil(L, 5)) {
            lua_copy(L, -2, 5);
        }
        if (plain) {
            lua_pushvalue(L, -2);
            lua_insert(L, -2);
            lua_rawset(L, 4);
        } else {
            lua_pop(L, 1);
        }
    }
    lua_pushvalue(L, 1);
    lua_setmetatable(L, 4);
    lua_settop(L, 5);
    return 2;
}

void rlua_open_instances(lua_State *L) {
    static const luaL_Reg meta[] = {{NULL, NULL}};
    static const luaL_Reg functions[] = {
        {"new", l_new},           {"is_saved", l_is_saved}, {"database_of", l_database_of},
        {"model_of", l_model_of}, {"loaded", l_loaded},     {"original", l_original},
        {"peers", l_peers},       {"forget", l_forget},     {NULL, NULL},
    };
    rlua_context_define(L, RLUA_SNAPSHOT, "rdb.snapshot", meta, NULL);
    rlua_context_functions(L, functions);
    rlua_open_changes(L);
    rlua_open_take_snapshot(L);
    rlua_open_grouping(L);
}
