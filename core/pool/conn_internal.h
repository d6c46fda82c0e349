/* conn_internal.h - what a connection and a prepared statement are made of.
 *
 * Shared by the files of core/pool/ and core/txn/ only. Invariant: rdb_conn.open lists every query that
 * has a statement, so a lease that is given back can end them and none is left pointing at it. */
#ifndef RDB_CONN_INTERNAL_H
#define RDB_CONN_INTERNAL_H

#include <pthread.h>

#include "../statement_cache.h"
#include "conn.h"

/* Longest time for a ping or a reset of a connection that may be dead. */
#define RDB_HOUSEKEEPING_SECONDS 2.0
/* After a cancel, how long the server may take to answer before the connection is given up. */
#define RDB_CANCEL_GRACE_SECONDS 0.1

#define RDB_CONN_ID_LEN          36 /* a uuid as text */

struct rdb_pool;

/* Where a connection of a pool is; only rdb__pool_move() changes it. */
typedef enum rdb_conn_state {
    RDB_CONN_CONNECTING, /* counted before it exists; in no list */
    RDB_CONN_IDLE,       /* in the pool's idle list */
    RDB_CONN_LEASED,     /* in the pool's leased list: a caller's, or being validated for one */
    RDB_CONN_CLOSING,    /* in no list; still counted until its close returned */
    RDB_N_CONN_STATES
} rdb_conn_state;

/* Why a connection must not be used again. */
typedef enum rdb_conn_health {
    RDB_CONN_HEALTHY,
    RDB_CONN_RETIRING,    /* soft invalidation: works until its release closes it */
    RDB_CONN_INVALIDATED, /* the borrower said so */
    RDB_CONN_LOST,        /* an error or an unanswered cancel proved it unusable */
    RDB_CONN_FOREIGN      /* belongs to the parent process of a fork: never touched again */
} rdb_conn_health;

struct rdb_stmt {
    rdb_cached_statement entry; /* first: the cache hands out this; entry.sql points behind the struct */
    rdb_backend_stmt *raw;      /* owned; NULL until prepared */
    rdb_value *cells;           /* owned, room for n_cells */
    int n_cells;
    bool in_use;  /* a query runs it: not shared, and closed by the query if it falls out of the cache */
    bool kept;    /* the cache owns it */
    bool dirties; /* it may leave a session setting behind */
};

struct rdb_conn {
    const rdb_backend *backend;
    rdb_backend_conn *raw;           /* owned */
    rdb_statement_cache *statements; /* owned; of rdb_stmt */
    rdb_query *open;                 /* queries with a statement, newest first */
    rdb_query *waiting;              /* the one whose answer is on its way, or NULL */
    int64_t deadline_ns;             /* what a local backend was told last */
    rdb_conn_health health;
    bool local;            /* the backend never waits */
    bool dirty;            /* the borrower may have changed session settings: reset before the next one */
    rdb_error spare_error; /* for callers that pass no rdb_error */
    uint32_t random;       /* spreads lifetimes */
    char id[RDB_CONN_ID_LEN + 1];

    /* -- the pool's, guarded by its lock; NULL and zero for a connection of its own -- */
    struct rdb_pool *pool;
    rdb_conn_state state;
    rdb_conn *prev; /* neighbours in the list of this state */
    rdb_conn *next;
    int64_t expires_ns;    /* end of its lifetime; RDB_NO_DEADLINE */
    int64_t idle_since_ns; /* last release */
    pthread_t owner;       /* who leased it last */
    uint64_t generation;   /* of the pool when it was last known to work */
};

/* rdb__conn_note_error - after a failed operation: a code that is fatal marks the connection lost. */
void rdb__conn_note_error(rdb_conn *conn, rdb_code code);
/* rdb__conn_usable - RDB_OK, or RDB_E_INVALID_CONNECTION saying why not. */
RDB_NODISCARD rdb_code rdb__conn_usable(const rdb_conn *conn, rdb_error *err);
/* rdb__conn_run - rdb_conn_exec() with a deadline (monotonic ns). Blocks. */
RDB_NODISCARD rdb_code rdb__conn_run(rdb_conn *conn, const char *sql, size_t len, const rdb_value *params,
                                     size_t n_params, int64_t deadline, int64_t *affected, rdb_error *err);
/* rdb__conn_end_queries - finish all open queries; they answer MISUSE from then on. */
void rdb__conn_end_queries(rdb_conn *conn);
/* rdb__conn_apply_deadline - tell a local backend when to stop by itself; others ignore it. */
static inline void rdb__conn_apply_deadline(rdb_conn *conn, int64_t deadline_ns) {
    if (conn->deadline_ns != deadline_ns) {
        conn->deadline_ns = deadline_ns;
        if (conn->local) {
            conn->backend->set_deadline(conn->raw, deadline_ns);
        }
    }
}

/* rdb__stmt_new - an unprepared statement with a copy of the text. NULL without memory. */
rdb_stmt *rdb__stmt_new(const char *sql, size_t len, uint64_t hash);
/* rdb__stmt_close - close and free. NULL allowed. */
void rdb__stmt_close(rdb_conn *conn, rdb_stmt *stmt);
/* rdb__stmt_evict - the statement cache's callback; context is the rdb_conn. */
void rdb__stmt_evict(void *context, rdb_cached_statement *entry);
/* rdb__stmt_fit_cells - room for one row of n_columns. */
RDB_NODISCARD rdb_code rdb__stmt_fit_cells(rdb_stmt *stmt, int n_columns, rdb_error *err);

/* How a wait for the socket ended. */
typedef enum rdb_wait { RDB_WAIT_READY, RDB_WAIT_DEADLINE, RDB_WAIT_GONE } rdb_wait;

/* rdb__wait_socket - block on poll(2) for what step asks, until deadline (monotonic ns). */
rdb_wait rdb__wait_socket(const rdb_backend *backend, const rdb_backend_conn *raw, rdb_step step, int64_t deadline);
/* rdb__wait_drive - call go_on until it no longer answers WAIT_*. A passed deadline is RDB_E_STATEMENT_TIMEOUT,
 * a socket that is gone RDB_E_CONNECTION_LOST. Returns DONE or ERROR. */
rdb_step rdb__wait_drive(const rdb_backend *backend, rdb_backend_conn *raw, rdb_step step,
                         rdb_step (*go_on)(rdb_backend_conn *, rdb_error *), int64_t deadline, rdb_error *err);

#endif
