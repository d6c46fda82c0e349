/* leases.h - lease userdata: one connection, lent until it is closed. */
#ifndef RDB_LUA_LEASES_H
#define RDB_LUA_LEASES_H

#include "bindings.h"

/* rlua_open_leases - make the metatable "rdb.lease". [-0, +0, m] */
void rlua_open_leases(lua_State *L);
/* rlua_lease_new - acquire a connection of pool and push its lease; raises what acquire answers.
 * timeout: seconds, < 0 for the pool's. Blocks up to it. Returns 1. [-0, +1, v] */
int rlua_lease_new(lua_State *L, rdb_pool *pool, double timeout);

#endif
