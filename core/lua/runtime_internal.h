/* runtime_internal.h - what runtime.c, state.c, state_call.c and state_error.c share. */
#ifndef RDB_LUA_RUNTIME_INTERNAL_H
#define RDB_LUA_RUNTIME_INTERNAL_H

#include <lua.h>

#include "../runtime.h"

struct rdb_state {
    lua_State *L;         /* own */
    rdb_runtime *runtime; /* own reference */
};

/* rdb__runtime_options - borrowed for the runtime's life. */
const rdb_runtime_options *rdb__runtime_options(const rdb_runtime *runtime);
/* rdb__runtime_ref - one more reference, dropped by rdb_runtime_close(). */
rdb_runtime *rdb__runtime_ref(rdb_runtime *runtime);

/* rlua__error_handler - message handler: gives plain texts a traceback, leaves error tables as they are. */
int rlua__error_handler(lua_State *L);
/* rlua__to_error - the error value on top of the stack as an rdb_error: tables keep their code and texts, anything
 * else is MISUSE with its text, LUA_ERRMEM is NO_MEMORY. Raises nothing. Returns the code. [-0, +0, -] */
rdb_code rlua__to_error(lua_State *L, int status, rdb_error *err);

#endif
