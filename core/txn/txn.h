/* txn.h - transactions: begin, commit, rollback, savepoints, and what state they are in.
 *
 * A transaction holds a lease from begin to its end and gives it back exactly once. After an error
 * that voided the transaction on the database's side (SQLite: full disk, interrupt; PostgreSQL: any)
 * the state tells, and only rollback is accepted. */
#ifndef RDB_TXN_H
#define RDB_TXN_H

#include "../pool/pool.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rdb_txn rdb_txn;

/* X(ENUM, "name") */
#define RDB_TXN_STATE_MAP(X)                                                                                           \
    X(ACTIVE, "active") /* statements may run */                                                                       \
    X(FAILED, "failed") /* only rollback (or rollback to) */                                                           \
    X(COMMITTED, "committed")                                                                                          \
    X(ROLLED_BACK, "rolled_back")                                                                                      \
    X(UNKNOWN, "unknown") /* connection lost during commit */

typedef enum rdb_txn_state {
#define RDB_X(name, text) RDB_TXN_##name##_STATE,
    RDB_TXN_STATE_MAP(RDB_X)
#undef RDB_X
        RDB_N_TXN_STATES
} rdb_txn_state;

typedef struct rdb_txn_options {
    rdb_begin_options begin;
    double acquire_timeout; /* seconds; < 0: the pool's */
    double timeout;         /* seconds for the whole transaction; <= 0: none */
} rdb_txn_options;

RDB_API void rdb_txn_options_init(rdb_txn_options *options);

/* rdb_txn_begin - acquire a connection of pool and begin on it.
 *   options  borrowed, NULL for defaults
 *   out      [out, own] NULL on failure; rdb_txn_free()
 * Returns RDB_OK, acquire errors, RDB_E_UNSUPPORTED (isolation), RDB_E_LOCK_TIMEOUT (SQLite busy).
 * Blocks as acquire and the statement do.  Threads: one at a time. */
RDB_API RDB_NODISCARD rdb_code rdb_txn_begin(rdb_pool *pool, const rdb_txn_options *options, rdb_txn **out,
                                             rdb_error *err);
/* rdb_txn_commit / rdb_txn_rollback - end it and give the lease back, also on failure. A failed commit has rolled back
 * (state ROLLED_BACK) unless the answer was lost: RDB_E_COMMIT_UNKNOWN. Ending twice is RDB_E_MISUSE. */
RDB_API RDB_NODISCARD rdb_code rdb_txn_commit(rdb_txn *txn, rdb_error *err);
RDB_API RDB_NODISCARD rdb_code rdb_txn_rollback(rdb_txn *txn, rdb_error *err);
/* Savepoints: name is checked ([A-Za-z_][A-Za-z0-9_]*, at most 60 bytes). rollback_to keeps the savepoint and turns
 * FAILED back to ACTIVE; both end the savepoints inside it. An unknown name is RDB_E_MISUSE. */
RDB_API RDB_NODISCARD rdb_code rdb_txn_savepoint(rdb_txn *txn, const char *name, rdb_error *err);
RDB_API RDB_NODISCARD rdb_code rdb_txn_rollback_to(rdb_txn *txn, const char *name, rdb_error *err);
RDB_API RDB_NODISCARD rdb_code rdb_txn_release(rdb_txn *txn, const char *name, rdb_error *err);
/* rdb_txn_conn - the leased connection, NULL after the end. Borrowed. */
RDB_API rdb_conn *rdb_txn_conn(const rdb_txn *txn);
/* rdb_txn_after_error - tell the transaction that a statement on its connection failed, so that it can ask the
 * database whether it still stands. Cheap. */
RDB_API void rdb_txn_after_error(rdb_txn *txn, rdb_code code);
RDB_API rdb_txn_state rdb_txn_get_state(const rdb_txn *txn);
RDB_API const char *rdb_txn_state_name(rdb_txn_state state);
/* rdb_txn_deadline - monotonic ns, RDB_NO_DEADLINE without a timeout. */
RDB_API int64_t rdb_txn_deadline(const rdb_txn *txn);
/* rdb_txn_free - rolls back if still open. NULL allowed, cannot fail. */
RDB_API void rdb_txn_free(rdb_txn *txn);

#ifdef __cplusplus
}
#endif
#endif
