/* runtime.h - embedding: a runtime shares pools between Lua states, one state per thread.
 *
 * The only public header that speaks of Lua. Implemented in core/lua/. */
#ifndef RDB_RUNTIME_H
#define RDB_RUNTIME_H

#include "pool/pool.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct lua_State lua_State;
typedef struct rdb_runtime rdb_runtime;
typedef struct rdb_state rdb_state;

typedef struct rdb_runtime_options {
    const char *lua_dir;     /* load rdb's own Lua files from here; NULL: $RDB_LUA_DIR, else the embedded ones; "": embedded */
    const char *path;        /* prepended to package.path of each state; NULL: nothing */
    bool ignore_environment; /* do not read LUA_PATH, LUA_CPATH and RDB_LUA_DIR */
} rdb_runtime_options;

RDB_API void rdb_runtime_options_init(rdb_runtime_options *options);

/* rdb_runtime_open - one per process is usual.
 *   out  [out, own] rdb_runtime_close()
 * Threads: the runtime may be used from any. */
RDB_API RDB_NODISCARD rdb_code rdb_runtime_open(const rdb_runtime_options *options, rdb_runtime **out, rdb_error *err);
/* rdb_runtime_close - drops its references; states and pools that are still used live on. NULL allowed. */
RDB_API void rdb_runtime_close(rdb_runtime *runtime);

/* rdb_runtime_add_pool - states find pool under name ("default" is what models use). Takes a reference of its own.
 * Returns RDB_OK, RDB_E_CONFIG when the name is taken, RDB_E_NO_MEMORY. Threads any. */
RDB_API RDB_NODISCARD rdb_code rdb_runtime_add_pool(rdb_runtime *runtime, const char *name, rdb_pool *pool,
                                                    rdb_error *err);

/* rdb_state_open - a Lua state with the standard libraries and `require "rdb"` ready.
 *   out  [out, own] rdb_state_close(), on the thread that uses it */
RDB_API RDB_NODISCARD rdb_code rdb_state_open(rdb_runtime *runtime, rdb_state **out, rdb_error *err);
RDB_API void rdb_state_close(rdb_state *state);
/* rdb_state_lua - the state's lua_State; borrowed. */
RDB_API lua_State *rdb_state_lua(rdb_state *state);
/* rdb_state_dofile / rdb_state_dostring - run a chunk. Lua errors become err (message with traceback). */
RDB_API RDB_NODISCARD rdb_code rdb_state_dofile(rdb_state *state, const char *file, rdb_error *err);
RDB_API RDB_NODISCARD rdb_code rdb_state_dostring(rdb_state *state, const char *code, const char *chunk_name,
                                                  rdb_error *err);
/* rdb_state_call - call "module.function" (the module is required; a plain name is a global).
 *   signature  inputs, '>', results: s const char *, i long long, n double, b bool; inputs by value, results by pointer.
 * A nil result for s gives NULL; any other mismatch is RDB_E_INVALID_VALUE. Strings returned live until the next call on this state. */
RDB_API RDB_NODISCARD rdb_code rdb_state_call(rdb_state *state, const char *function, const char *signature, ...);

/* luaopen_rdb - for a host's own lua_State: luaL_requiref(L, "rdb", luaopen_rdb, 0). Leaves the module table. */
RDB_API int luaopen_rdb(lua_State *L);

#ifdef __cplusplus
}
#endif
#endif
