/* live.h - how many connections, statements, leases, pools and transactions exist in the process.
 *
 * Counters for the leak gates of tests; the only mutable statics of the pool layer, each atomic. */
#ifndef RDB_LIVE_H
#define RDB_LIVE_H

/* What is counted: the members of rdb_live in conn.h. */
typedef enum rdb_live_kind {
    RDB_LIVE_CONNECTION,
    RDB_LIVE_STATEMENT,
    RDB_LIVE_LEASE,
    RDB_LIVE_POOL,
    RDB_LIVE_TRANSACTION,
    RDB_N_LIVE_KINDS
} rdb_live_kind;

/* rdb__live_add - by is 1 for a birth, -1 for a death. Threads any. */
void rdb__live_add(rdb_live_kind kind, long by);

#endif
