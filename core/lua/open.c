/* open.c - the module rdb.core: everything that C gives to Lua, in one table. */
#include "../rdb.h"
#include "bindings.h"

/* require "rdb.core" -> table. Also the entry point of rdb/core.so: whoever loads it gets `require "rdb"` too.
 * [-0, +1, v] */
int luaopen_rdb_core(lua_State *L) {
    luaL_checkversion(L);
    rlua_open_modules(L, NULL);
    lua_createtable(L, 0, 64);
    lua_pushstring(L, rdb_version());
    lua_setfield(L, -2, "version");
    rlua_open_errors(L);
    rlua_open_values(L);
    rlua_open_pools(L);
    rlua_open_transactions(L);
    rlua_open_statements(L);
    rlua_open_instances(L);
    rlua_open_terminal(L);
    rlua_open_sleep(L);
    rlua_open_files(L);
    rlua_open_source_checksum(L);
    return 1;
}

/* require "rdb" of a stock lua5.4 that finds rdb.so, or luaL_requiref() of a host. [-0, +1, v] */
int luaopen_rdb(lua_State *L) {
    luaL_checkversion(L);
    rlua_open_modules(L, NULL);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "rdb");
    lua_call(L, 1, 1); /* our searcher comes before those that look at files */
    return 1;
}
