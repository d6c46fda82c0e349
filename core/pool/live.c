/* live.c - the live-object counters behind rdb_live_counts(). */
#include "live.h"

#include <stdatomic.h>

#include "conn.h"

static atomic_long live[RDB_N_LIVE_KINDS];

void rdb__live_add(rdb_live_kind kind, long by) {
    atomic_fetch_add_explicit(&live[kind], by, memory_order_relaxed);
}

static long count_of(rdb_live_kind kind) {
    return atomic_load_explicit(&live[kind], memory_order_relaxed);
}

rdb_live rdb_live_counts(void) {
    return (rdb_live){
        .connections = count_of(RDB_LIVE_CONNECTION),
        .statements = count_of(RDB_LIVE_STATEMENT),
        .leases = count_of(RDB_LIVE_LEASE),
        .pools = count_of(RDB_LIVE_POOL),
        .transactions = count_of(RDB_LIVE_TRANSACTION),
    };
}
