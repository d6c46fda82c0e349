/* errors.c - errors as Lua sees them: a table { code=, message=, ... } with the metatable "rdb.error".
 *
 * The only bridge from rdb_error to Lua; every raise of the bindings ends here. */
#include <stdarg.h>

#include "bindings.h"

#define ERROR_METATABLE "rdb.error"

/* tostring(err) -> "code: message\n  hint"   [-0, +1, m] */
static int l_error_tostring(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_pushliteral(L, "code");
    lua_rawget(L, 1);
    lua_pushliteral(L, "message");
    lua_rawget(L, 1);
    lua_pushliteral(L, "hint");
    lua_rawget(L, 1);
    const char *code = luaL_optstring(L, 2, "error");
    const char *message = luaL_optstring(L, 3, "");
    if (lua_isstring(L, 4)) {
        lua_pushfstring(L, "%s: %s\n  %s", code, message, lua_tostring(L, 4));
    } else {
        lua_pushfstring(L, "%s: %s", code, message);
    }
    return 1;
}

static const luaL_Reg error_meta[] = {{"__tostring", l_error_tostring}, {NULL, NULL}};

/* Give the table on top the error metatable, made on first use. */
static void set_error_metatable(lua_State *L) {
    if (luaL_newmetatable(L, ERROR_METATABLE)) {
        luaL_setfuncs(L, error_meta, 0);
    }
    lua_setmetatable(L, -2);
}

/* Set a text field of the table on top, unless the text is empty. */
static void set_text(lua_State *L, const char *key, const char *text) {
    if (text != NULL && text[0] != '\0') {
        lua_pushstring(L, text);
        lua_setfield(L, -2, key);
    }
}

void rlua_push_error(lua_State *L, const rdb_error *err, const char *sql) {
    luaL_checkstack(L, 4, NULL);
    lua_createtable(L, 0, 6);
    set_text(L, "code", rdb_code_name(err->code));
    lua_pushstring(L, err->message);
    lua_setfield(L, -2, "message");
    set_text(L, "sqlstate", err->sqlstate);
    set_text(L, "backend", err->backend);
    set_text(L, "constraint", err->constraint);
    set_text(L, "table", err->table);
    set_text(L, "column", err->column);
    set_text(L, "hint", err->hint);
    set_text(L, "sql", sql);
    if (err->native != 0) {
        lua_pushinteger(L, err->native);
        lua_setfield(L, -2, "native");
    }
    set_error_metatable(L);
}

int rlua_raise(lua_State *L, const rdb_error *err, const char *sql) {
    rlua_push_error(L, err, sql);
    return lua_error(L);
}

int rlua_raise_code(lua_State *L, rdb_code code, const char *format, ...) {
    rdb_error err;
    rdb_error_clear(&err);
    va_list args;
    va_start(args, format);
    rdb_error_vset(&err, code, format, args);
    va_end(args);
    return rlua_raise(L, &err, NULL);
}

/* core.error(table) -> table   sets the error metatable   [-0, +1, m] */
static int l_error(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    set_error_metatable(L);
    return 1;
}

/* core.raise(code, message [, extra])   raises { code=, message=, ...extra }   [-0, +0, v] */
static int l_raise(lua_State *L) {
    luaL_checkstring(L, 1);
    luaL_checkstring(L, 2);
    lua_settop(L, 3);
    lua_createtable(L, 0, 4);
    if (lua_istable(L, 3)) {
        for (lua_pushnil(L); lua_next(L, 3) != 0;) {
            lua_pushvalue(L, -2);
            lua_insert(L, -2);
            lua_rawset(L, 4);
        }
    }
    lua_pushvalue(L, 1);
    lua_setfield(L, 4, "code");
    lua_pushvalue(L, 2);
    lua_setfield(L, 4, "message");
    set_error_metatable(L);
    return lua_error(L);
}

void rlua_open_errors(lua_State *L) {
    static const luaL_Reg functions[] = {{"error", l_error}, {"raise", l_raise}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
