/* repl.h - what rdb_lua.c and repl.c share: the interactive loop. */
#ifndef RDB_BIN_REPL_H
#define RDB_BIN_REPL_H

#include <lua.h>

/* -- repl.c -------------------------------------------------------------------------------------------------- */
/* rdb_repl_open - make `require "rdb.repl"` answer a function that runs the loop, for `manage.lua shell`. [-0, +0, m]
 */
void rdb_repl_open(lua_State *L);
/* rdb_repl_run - read, run, show, until the end of input. [-0, +0, m] */
void rdb_repl_run(lua_State *L);

/* -- repl_show.c --------------------------------------------------------------------------------------------- */
/* rdb_repl_show - print the value at index for people: strings quoted, tables with their fields. Raises what a
 * __tostring of the value raises. [-0, +0, e] */
void rdb_repl_show(lua_State *L, int index);

/* -- repl_complete.c ------------------------------------------------------------------------------------------ */
/* rdb_repl_complete - push a table with the names that continue text ("str", "string.fo", "post:sa"), sorted, each with
 * what was typed before it. Runs no Lua code except __names of rdb's lazy tables. [-0, +1, m] */
void rdb_repl_complete(lua_State *L, const char *text);

/* -- rdb_lua.c ------------------------------------------------------------------------------------------------- */
/* rdb_lua_call - lua_pcall() with a traceback, interruptible by Ctrl-C. Returns the status. */
int rdb_lua_call(lua_State *L, int n_arguments, int n_results);
/* rdb_lua_call_typed - the same for code that a person typed: error objects come without a traceback. */
int rdb_lua_call_typed(lua_State *L, int n_arguments, int n_results);
/* rdb_lua_report - print and pop the error message unless status is LUA_OK. Returns status. */
int rdb_lua_report(lua_State *L, int status);

#endif
