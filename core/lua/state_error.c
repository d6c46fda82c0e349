/* state_error.c - Lua errors to rdb_error, for hosts: the way back of errors.c. */
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "runtime_internal.h"

int rlua__error_handler(lua_State *L) {
    if (lua_istable(L, 1)) {
        return 1;
    }
    const char *message = lua_tostring(L, 1);
    if (!message) {
        message = luaL_tolstring(L, 1, NULL);
    }
    luaL_traceback(L, L, message, 1);
    return 1;
}

/* The code called name; MISUSE for a name that is not ours. */
static rdb_code code_from_name(const char *name) {
    for (int code = RDB_OK + 1; code < RDB_N_CODES; code++) {
        if (strcmp(rdb_code_name((rdb_code)code), name) == 0) {
            return (rdb_code)code;
        }
    }
    return RDB_E_MISUSE;
}

static void copy_field(lua_State *L, const char *name, char *out, size_t room) {
    lua_pushstring(L, name);
    lua_rawget(L, 1);
    if (lua_type(L, -1) == LUA_TSTRING) {
        snprintf(out, room, "%s", lua_tostring(L, -1));
    }
    lua_pop(L, 1);
}

/* Protected: the error value is argument 1, the rdb_error to fill argument 2. */
static int l_convert(lua_State *L) {
    rdb_error *err = lua_touserdata(L, 2);
    if (!lua_istable(L, 1)) {
        rdb_error_set(err, RDB_E_MISUSE, "%s", luaL_tolstring(L, 1, NULL));
        return 0;
    }
    lua_pushliteral(L, "code");
    lua_rawget(L, 1);
    lua_pushliteral(L, "message");
    lua_rawget(L, 1);
    if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING) {
        rdb_error_set(err, RDB_E_MISUSE, "%s", luaL_tolstring(L, 1, NULL));
        return 0;
    }
    rdb_error_set(err, code_from_name(lua_tostring(L, -2)), "%s", lua_tostring(L, -1));
    lua_pushliteral(L, "native");
    lua_rawget(L, 1);
    err->native = (int)lua_tointeger(L, -1);
    copy_field(L, "sqlstate", err->sqlstate, sizeof err->sqlstate);
    copy_field(L, "backend", err->backend, sizeof err->backend);
    copy_field(L, "constraint", err->constraint, sizeof err->constraint);
    copy_field(L, "table", err->table, sizeof err->table);
    copy_field(L, "column", err->column, sizeof err->column);
    copy_field(L, "hint", err->hint, sizeof err->hint);
    return 0;
}

rdb_code rlua__to_error(lua_State *L, int status, rdb_error *err) {
    rdb_error own;
    err = err ? err : &own;
    if (status == LUA_ERRMEM) {
        return rdb_error_set(err, RDB_E_NO_MEMORY, "no memory in the Lua state");
    }
    rdb_error_set(err, RDB_E_MISUSE, "an error object without a text");
    if (!lua_checkstack(L, 3)) {
        return err->code;
    }
    lua_pushcfunction(L, l_convert);
    lua_pushvalue(L, -2);
    lua_pushlightuserdata(L, err);
    if (lua_pcall(L, 2, 0, 0) != LUA_OK) {
        lua_pop(L, 1);
    }
    return err->code;
}
