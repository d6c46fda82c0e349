/* handles.h - the userdata boxes of pools, leases and transactions.
 *
 * A box is created empty, then filled; its close is idempotent and serves close(), __close and __gc alike. */
#ifndef RDB_LUA_HANDLES_H
#define RDB_LUA_HANDLES_H

#include "context.h"

/* Userdata "rdb.pool": one reference. */
typedef struct rlua_pool {
    rdb_pool *pool; /* NULL after __gc */
    bool owner;     /* of the registry's entry */
} rlua_pool;

/* Userdata "rdb.lease": a connection until it is closed. */
typedef struct rlua_lease {
    rdb_conn *conn; /* NULL when closed */
    rdb_pool *pool; /* borrowed, alive as long as the lease */
    rlua_held held;
} rlua_lease;

/* Userdata "rdb.transaction". */
typedef struct rlua_txn {
    rdb_txn *txn;   /* NULL after __gc */
    rdb_pool *pool; /* borrowed, one reference; NULL after __gc */
    rlua_held held; /* listed while the transaction has its connection */
} rlua_txn;

/* rlua_no_lease_left - set err to misuse: this state holds all connections of pool itself, and waiting for one
 * would never end; the message names what holds them. Returns the code. */
rdb_code rlua_no_lease_left(const rlua_context *context, rdb_pool *pool, const char *wanted, rdb_error *err);

#endif
