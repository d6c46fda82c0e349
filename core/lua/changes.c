/* changes.c - core.changed: which fields differ from what the database has.
 *
 * The current value is encoded as a parameter would be, and compared with the packed original: no garbage but for JSON.
 */
#include "originals.h"

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
    rlua_originals from;
    lua_settop(L, 1);
    if (!rlua_originals_get(L, 1, &from)) {
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

void rlua_open_changes(lua_State *L) {
    static const luaL_Reg functions[] = {{"changed", l_changed}, {NULL, NULL}};
    rlua_context_functions(L, functions);
}
