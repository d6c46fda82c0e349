/* fake_play.h - connections and statements of the fake backend; for core/backends/fake*.c only. */
#ifndef RDB_FAKE_PLAY_H
#define RDB_FAKE_PLAY_H

#include <pthread.h>

#include "backend.h"
#include "fake_script.h"

/* What all connections of a pool have in common. */
typedef struct rdb_fake_share {
    rdb_fake *fake; /* a reference */
    int latency_ms;
    int connect_latency_ms;
} rdb_fake_share;

struct rdb_backend_conn {
    rdb_fake *fake; /* a reference */
    int latency_ms;
    rdb_txn_status txn;
    bool lost;
    int64_t last_insert_id;
    rdb_fake_reply *awaited; /* a reference: what the running wait will answer; NULL: plain success */

    pthread_mutex_t lock; /* guards what follows, against a cancel from another thread */
    int timer;            /* -1 before the first wait */
    bool waiting;
    bool deaf; /* the wait does not notice a cancel */
    bool cancelled;
};

struct rdb_backend_stmt {
    int n_params;
    bool stale;
    rdb_fake_reply *result; /* a reference; NULL: no rows */
    size_t row;             /* next to fetch */
    char sql[];
};

/* -- fake_open.c: share, unshare, and connections before and after their use -- */
rdb_code rdb__fake_share_open(const rdb_url *url, void **out, rdb_error *err);
void rdb__fake_share_close(void *shared);
RDB_NODISCARD rdb_code rdb__fake_conn_new(const rdb_url *url, const rdb_fake_share *shared, rdb_backend_conn **out,
                                          rdb_error *err);
void rdb__fake_conn_free(rdb_backend_conn *conn); /* NULL allowed */

/* -- fake_play.c -- */
/* rdb__fake_fail - fill err as the fake database. Returns RDB_STEP_ERROR. */
rdb_step rdb__fake_fail(rdb_error *err, rdb_code code, const char *constraint, const char *message);
/* rdb__fake_start / rdb__fake_go_on - play the script's answer to an operation.
 *   stmt        NULL for operations without one
 *   latency_ms  wait when the script says nothing */
rdb_step rdb__fake_start(rdb_backend_conn *conn, rdb_fake_op op, rdb_backend_stmt *stmt, int latency_ms,
                         rdb_error *err);
rdb_step rdb__fake_go_on(rdb_backend_conn *conn, rdb_fake_op op, rdb_backend_stmt *stmt, rdb_error *err);
/* rdb__fake_cancel - end the running wait. Threads any. */
void rdb__fake_cancel(rdb_backend_conn *conn);

#endif
