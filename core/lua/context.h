/* context.h - what rdb keeps per Lua state: metatables for quick type tests, the leases this state holds.
 *
 * One rlua_context per global state, a userdata anchored in the registry. Every function and method of rdb.core that
 * is registered by rlua_context_functions() has it as upvalue 1. It owns no connection: held entries belong to the
 * userdata (lease, transaction, cursor) that list themselves here. Used by the state's thread only. */
#ifndef RDB_LUA_CONTEXT_H
#define RDB_LUA_CONTEXT_H

#include "bindings.h"

/* The userdata types that the bindings tell apart by metatable address. */
typedef enum rlua_userdata {
    RLUA_POOL,
    RLUA_LEASE,
    RLUA_TXN,
    RLUA_PLAN,
    RLUA_SNAPSHOT,
    RLUA_CURSOR,
    RLUA_N_USERDATA
} rlua_userdata;

/* A connection that this state keeps across calls. */
typedef struct rlua_held {
    struct rlua_held *next; /* in rlua_context.held */
    struct rlua_held *prev;
    rdb_pool *pool;     /* borrowed: the lease keeps it alive */
    rdb_conn *conn;     /* borrowed from the holder; of cursors: owned until users is 0 */
    rlua_userdata kind; /* RLUA_LEASE, RLUA_TXN or RLUA_CURSOR */
    int users;          /* cursors that read from conn */
} rlua_held;

typedef struct rlua_context {
    const void *metatables[RLUA_N_USERDATA]; /* addresses; the registry keeps the tables */
    rlua_held *held;                         /* newest first */
    bool hooked;                             /* on_query is set: user value 1 of the context is the function */
    bool hook_params;                        /* it wants the values of the parameters too */
    long owed_kilobytes;                     /* what large results left to the collector (hydrate.h) */
    bool in_hook;                            /* it is running: its own statements are not reported */
    long plans;                              /* live userdata of this state, for leak gates */
    long cursors;
} rlua_context;

/* rlua_context_open - the context of this state, made on first use; pushes it. [-0, +1, m] */
rlua_context *rlua_context_open(lua_State *L);
/* rlua_context_here - the context of the running rdb.core function (its upvalue 1). [-0, +0, -] */
static inline rlua_context *rlua_context_here(lua_State *L) {
    return (rlua_context *)lua_touserdata(L, lua_upvalueindex(1));
}
/* rlua_context_functions - add functions, with the context as upvalue 1, to the table on top. [-0, +0, m] */
void rlua_context_functions(lua_State *L, const luaL_Reg *functions);
/* rlua_context_define - make the metatable of a userdata type.
 *   name     "rdb.pool"
 *   meta     metamethods, with the context as upvalue 1
 *   methods  for __index, with the context as upvalue 1; NULL for none */
void rlua_context_define(lua_State *L, rlua_userdata type, const char *name, const luaL_Reg *meta,
                         const luaL_Reg *methods);
/* rlua_context_set - give the userdata on top the metatable of type. [-0, +0, -] */
void rlua_context_set(lua_State *L, rlua_userdata type);
/* rlua_context_test - the userdata at index when it has the type, else NULL. [-0, +0, -] */
static inline void *rlua_context_test(lua_State *L, const rlua_context *context, int index, rlua_userdata type) {
    if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index)) {
        return NULL;
    }
    const void *found = lua_topointer(L, -1);
    lua_pop(L, 1);
    return found == context->metatables[type] ? lua_touserdata(L, index) : NULL;
}

/* rlua_held_add / rlua_held_remove - list a connection that stays with this state; entry is the caller's memory.
 * Removing one that is not listed does nothing. */
void rlua_held_add(rlua_context *context, rlua_held *entry, rlua_userdata kind, rdb_pool *pool, rdb_conn *conn);
void rlua_held_remove(rlua_context *context, rlua_held *entry);
/* rlua_held_find - an entry of kind for this pool, or NULL. */
rlua_held *rlua_held_find(const rlua_context *context, const rdb_pool *pool, rlua_userdata kind);
/* rlua_held_all - this state itself holds every connection that the pool may have: waiting for one would never end. */
bool rlua_held_all(const rlua_context *context, rdb_pool *pool);

#endif
