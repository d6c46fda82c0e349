/* grouping.c - core.group: the rows of a prefetch into the lists of the objects that they belong to. */
#include "hydrate.h"
#include "originals.h"

/* Stack of the protected call: arguments, then the table of the list at hand. */
enum { ROWS = 1, KEY, LISTS, NAME, OWNERS, N_ARGUMENTS = OWNERS };

/* Keep the value on top as the related object NAME of the row at index. Pops it. */
static void keep_related(lua_State *L, int row) {
    if (lua_rawgeti(L, row, RLUA_SLOT_RELATIONS) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_createtable(L, 0, 1);
        lua_pushvalue(L, -1);
        lua_rawseti(L, row, RLUA_SLOT_RELATIONS);
    }
    lua_pushvalue(L, NAME);
    lua_pushvalue(L, -3);
    lua_rawset(L, -3);
    lua_pop(L, 2);
}

/* Put the row at index into its list. False: there is none. */
static bool place(lua_State *L, int row) {
    lua_pushvalue(L, KEY);
    lua_rawget(L, row);
    int key = lua_gettop(L);
    if (lua_isnil(L, key)) {
        return false;
    }
    lua_pushvalue(L, key);
    if (lua_rawget(L, LISTS) != LUA_TTABLE) {
        return false;
    }
    lua_Integer n = (lua_Integer)lua_rawlen(L, -1);
    lua_pushvalue(L, row);
    lua_rawseti(L, -2, n + 1);
    lua_pop(L, 1);
    if (lua_isnil(L, OWNERS)) {
        lua_pushvalue(L, KEY);
        lua_pushnil(L);
        lua_rawset(L, row);
    } else {
        lua_pushvalue(L, key);
        lua_rawget(L, OWNERS);
        keep_related(L, row);
    }
    return true;
}

static int group_rows(lua_State *L) {
    lua_Integer n = (lua_Integer)lua_rawlen(L, ROWS);
    for (lua_Integer i = 1; i <= n; i++) {
        if (lua_rawgeti(L, ROWS, i) != LUA_TTABLE || !place(L, N_ARGUMENTS + 1)) {
            return rlua_raise_code(L, RDB_E_MISUSE, "core.group: row %d belongs to no list", (int)i);
        }
        lua_settop(L, N_ARGUMENTS);
    }
    return 0;
}

/* core.group(rows, key, lists [, name, owners])
 * Appends each row to lists[row[key]]. With owners, owners[row[key]] becomes the row's related object `name`; without,
 * the field `key` is dropped from the row. The keys are integers or strings. The collector rests meanwhile.
 * [-0, +0, v] */
static int l_group(lua_State *L) {
    luaL_checktype(L, ROWS, LUA_TTABLE);
    luaL_checktype(L, KEY, LUA_TSTRING);
    luaL_checktype(L, LISTS, LUA_TTABLE);
    lua_settop(L, N_ARGUMENTS);
    if (!lua_isnil(L, OWNERS)) {
        luaL_checktype(L, NAME, LUA_TSTRING);
        luaL_checktype(L, OWNERS, LUA_TTABLE);
    }
    int held = -1;
    if (lua_rawlen(L, ROWS) > RLUA_MANY_ROWS) {
        rlua_collector_hold(L, &held);
    }
    lua_pushcfunction(L, group_rows);
    lua_insert(L, 1);
    int status = lua_pcall(L, N_ARGUMENTS, 0, 0);
    rlua_collector_settle(L, rlua_context_here(L), held);
    return status == LUA_OK ? 0 : lua_error(L);
}

void rlua_open_grouping(lua_State *L) {
    static const luaL_Reg functions[] = {{"group", l_group}, {NULL, NULL}};
    rlua_context_functions(L, functions);
}
