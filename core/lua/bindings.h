/* bindings.h - what the files of core/lua/ share.
 *
 * A binding function checks its arguments (may raise, holds nothing), then does C work that never sees
 * the lua_State, then pushes results. Userdata is created empty before what it will own is acquired.
 * No lock is held across any lua_* call. Metatable names are "rdb.<noun>". */
#ifndef RDB_LUA_BINDINGS_H
#define RDB_LUA_BINDINGS_H

#include <lauxlib.h>
#include <lua.h>

#include "../error.h"
#include "../pool/pool.h"
#include "../txn/txn.h"
#include "../value.h"

/* -- errors.c: the only bridge from rdb_error to Lua ----------------------------------------------- */
/* rlua_push_error - push the error table { code=, message=, sqlstate=, native=, backend=, constraint=, table=, column=,
 * hint=, sql= } with metatable "rdb.error"; absent texts are nil. sql may be NULL. [-0, +1, m] */
void rlua_push_error(lua_State *L, const rdb_error *err, const char *sql);
/* rlua_raise - push the error table and raise it; never returns. [-0, +0, v] */
int rlua_raise(lua_State *L, const rdb_error *err, const char *sql);
/* rlua_raise_code - raise code with a formatted message. */
int rlua_raise_code(lua_State *L, rdb_code code, const char *format, ...) RDB_PRINTF(3, 4);

/* -- values.c: rdb_value <-> Lua --------------------------------------------------------------------- */
/* Push the "rdb.null" sentinel (light userdata). */
void rlua_push_null(lua_State *L);
bool rlua_is_null(lua_State *L, int index); /* nil or the sentinel */
/* rlua_push_value - push the Lua value of a cell: nil for NULL, boolean, integer, float, string, or one of the value
 * userdata (date, time, datetime, duration, decimal, uuid); JSON and ARRAY are decoded to tables. Raises invalid_value
 * for malformed JSON. [-0, +1, v] */
void rlua_push_value(lua_State *L, const rdb_value *value);
/* Room for the bytes of a converted parameter (uuid, canonical decimal). */
#define RLUA_VALUE_BUFFER 128
/* rlua_to_value - read the Lua value at index as a parameter of the wanted kind.
 *   out     borrows from the Lua value, which must stay on the stack or anchored, or from buffer, or from a Lua string that
 *           is pushed: when the answer is > 0 that many values were pushed (JSON text, long decimals) and must stay
 *           until the parameter is bound
 *   buffer  RLUA_VALUE_BUFFER bytes living as long as out
 * Returns the number of values pushed (0 or 1), or -1 with err set (RDB_E_INVALID_VALUE "expected an integer, got a string",
 * RDB_E_OUT_OF_RANGE): never a changed value. */
int rlua_to_value(lua_State *L, int index, rdb_kind want, rdb_value *out, char *buffer, rdb_error *err);

/* -- targets.c: what statements run on ----------------------------------------------------------------- */
/* A resolved target: a pool (lease taken for one call), a lease, or a transaction. */
typedef struct rlua_target {
    rdb_conn *conn;               /* leased; NULL until rlua_target_acquire() */
    rdb_pool *pool;               /* where conn comes from, whatever the target is */
    rdb_txn *txn;                 /* of a transaction target */
    struct rlua_context *context; /* of the state (context.h) */
    struct rlua_held *held;       /* conn is shared with the cursors of this entry */
    bool release;                 /* conn goes back after the call */
    int64_t deadline_ns;          /* for statements */
} rlua_target;
/* rlua_check_target - the pool, lease or transaction at index; raises misuse for anything else or when it is closed.
 * Only for functions that have the context as upvalue 1 (context.h). */
void rlua_check_target(lua_State *L, int index, rlua_target *target);
/* Acquire / release without touching Lua. release tells a transaction of a failed statement (code). */
rdb_code rlua_target_acquire(rlua_target *target, rdb_error *err);
void rlua_target_release(rlua_target *target, rdb_code code);

/* -- each part adds its functions to the module table on top of the stack [-0, +0, m] ------------------------- */
void rlua_open_errors(lua_State *L);     /* error, raise */
void rlua_open_pools(lua_State *L);      /* pool_open, pool_get, pool_remove, parse_url, live; pool and lease userdata */
void rlua_open_transactions(lua_State *L); /* begin; txn userdata */
void rlua_open_statements(lua_State *L); /* plan, fetch, fetch_one, execute, insert, insert_many, cursor, run, script, on_query */
void rlua_open_instances(lua_State *L);  /* new, is_saved, loaded, original, changed, peers, take_snapshot, forget, database_of, model_of */
void rlua_open_values(lua_State *L);     /* null, date, time, datetime, duration, decimal, uuid, now, is, json_*, array, object */
void rlua_open_terminal(lua_State *L);   /* isatty, terminal_width */
void rlua_open_sleep(lua_State *L);      /* sleep */
void rlua_open_files(lua_State *L);      /* list_directory, make_directory, file_kind */
void rlua_open_source_checksum(lua_State *L); /* source_checksum */

/* -- pool_registry.c: pools by name, shared by all states of the process ----------------------------------------- */
/* add: takes a reference of its own; the caller becomes an owner. RDB_E_CONFIG when the name is taken. */
rdb_code rdb__pool_registry_add(const char *name, rdb_pool *pool, rdb_error *err);
rdb_pool *rdb__pool_registry_get(const char *name);    /* a new reference, or NULL */
rdb_pool *rdb__pool_registry_join(const char *name);   /* get, and become an owner of the entry */
rdb_pool *rdb__pool_registry_remove(const char *name); /* the registry's reference, or NULL */
/* leave: an owner goes; the last one takes the entry along and closes the pool. Unknown pools are ignored. */
void rdb__pool_registry_leave(const rdb_pool *pool);

/* -- embedding -------------------------------------------------------------------------------------------------- */
/* rlua_open_modules - make `require "rdb"`, "rdb.core", every embedded "rdb.*" module and "argparse" work in L.
 * lua_dir: load our Lua files from this folder instead (NULL: $RDB_LUA_DIR, else embedded). [-0, +0, m] */
void rlua_open_modules(lua_State *L, const char *lua_dir);
/* The module rdb.core; also the entry point of rdb/core.so (luaopen_rdb_core, in open.c). */
RDB_API int luaopen_rdb_core(lua_State *L);

#endif
