/* repl_complete.c - names that continue what was typed: globals, fields of tables, methods.
 *
 * Tables are read raw and through __index tables, so that completion never runs a query. A table that loads its fields
 * lazily lists them in its metatable's __names (a table whose keys are the names, or a function that returns one); only
 * such a table is indexed for real. */
#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

#include "repl.h"

#define MOST_PARENTS 16 /* of a chain of __index tables */

/* Push the __names of the value on top; false, with nothing pushed, when it has none. */
static bool push_names(lua_State *L) {
    int type = luaL_getmetafield(L, -1, "__names");
    if (type == LUA_TNIL) {
        return false;
    }
    if (type == LUA_TFUNCTION && lua_pcall(L, 0, 1, 0) != LUA_OK) {
        lua_pop(L, 1);
        return false;
    }
    if (!lua_istable(L, -1)) {
        lua_pop(L, 1);
        return false;
    }
    return true;
}

/* Push field name of the value on top, and remove that value; nil when it has none. */
static void step_into(lua_State *L, const char *name, size_t len) {
    for (int parent = 0; parent < MOST_PARENTS; parent++) {
        if (lua_istable(L, -1)) {
            lua_pushlstring(L, name, len);
            lua_rawget(L, -2);
            if (!lua_isnil(L, -1)) {
                lua_remove(L, -2);
                return;
            }
            lua_pop(L, 1);
        }
        if (push_names(L)) {
            lua_pop(L, 1);
            lua_pushlstring(L, name, len);
            lua_gettable(L, -2);
            lua_remove(L, -2);
            return;
        }
        if (luaL_getmetafield(L, -1, "__index") != LUA_TTABLE) {
            break;
        }
        lua_remove(L, -2);
    }
    lua_settop(L, -2);
    lua_pushnil(L);
}

/* Append prefix .. name to the list at found for every string key of the table on top that begins with start, once. */
static void collect(lua_State *L, int found, const char *prefix, size_t prefix_len, const char *start, bool calls) {
    int table = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING || (calls && !lua_isfunction(L, -1))) {
            continue;
        }
        const char *name = lua_tostring(L, -2);
        if (strncmp(name, start, strlen(start)) != 0 || (*start == '\0' && strncmp(name, "__", 2) == 0)) {
            continue;
        }
        lua_pushlstring(L, prefix, prefix_len);
        lua_pushvalue(L, -3);
        lua_concat(L, 2);
        lua_pushvalue(L, -1);
        if (lua_rawget(L, found) == LUA_TNIL) { /* the list is also a set while it grows */
            lua_pushvalue(L, -2);
            lua_pushboolean(L, 1);
            lua_rawset(L, found);
            lua_pushvalue(L, -2);
            lua_rawseti(L, found, (lua_Integer)lua_rawlen(L, found) + 1);
        }
        lua_pop(L, 2);
    }
}

/* Sort the list at found; its set part goes. */
static void push_sorted(lua_State *L, int found) {
    lua_Integer n = (lua_Integer)lua_rawlen(L, found);
    lua_createtable(L, (int)n, 0);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, found, i);
        lua_rawseti(L, -2, i);
    }
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_getfield(L, -1, "table");
    lua_getfield(L, -1, "sort");
    lua_pushvalue(L, -4);
    lua_call(L, 1, 0);
    lua_pop(L, 2);
}

void rdb_repl_complete(lua_State *L, const char *text) {
    int top = lua_gettop(L);
    lua_newtable(L);
    int found = top + 1;
    lua_pushglobaltable(L);
    const char *at = text;
    char separator = '.';
    for (const char *end = at; (end = strpbrk(at, ".:")) != NULL; at = end + 1) {
        step_into(L, at, (size_t)(end - at));
        separator = *end;
    }
    for (int parent = 0; parent < MOST_PARENTS; parent++) {
        if (lua_istable(L, -1)) {
            collect(L, found, text, (size_t)(at - text), at, separator == ':');
        }
        if (push_names(L)) {
            collect(L, found, text, (size_t)(at - text), at, false);
            lua_pop(L, 1);
        }
        if (luaL_getmetafield(L, -1, "__index") != LUA_TTABLE) {
            break;
        }
        lua_remove(L, -2);
    }
    push_sorted(L, found);
    lua_replace(L, found);
    lua_settop(L, found);
}
