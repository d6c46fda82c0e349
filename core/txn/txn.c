/* txn.c - the state machine of a transaction.
 *
 *   ACTIVE -> COMMITTED | ROLLED_BACK | UNKNOWN
 *   ACTIVE <-> FAILED -> ROLLED_BACK
 *
 * The database is asked what it thinks (txn_status) after each error and before each commit, because it may
 * have ended the transaction by itself. Invariant: conn is NULL exactly in the three end states. */
#include "txn.h"

#include <string.h>

#include "../alloc.h"
#include "../clock.h"
#include "../pool/conn_internal.h"
#include "../pool/live.h"
#include "txn_internal.h"

void rdb_txn_options_init(rdb_txn_options *options) {
    *options = (rdb_txn_options){.acquire_timeout = -1};
}

const char *rdb_txn_state_name(rdb_txn_state state) {
    switch (state) {
#define RDB_X(name, text)                                                                                              \
    case RDB_TXN_##name##_STATE:                                                                                       \
        return text;
        RDB_TXN_STATE_MAP(RDB_X)
#undef RDB_X
    default:
        return "unknown";
    }
}

rdb_conn *rdb_txn_conn(const rdb_txn *txn) {
    return txn->conn;
}

rdb_txn_state rdb_txn_get_state(const rdb_txn *txn) {
    return txn->state;
}

int64_t rdb_txn_deadline(const rdb_txn *txn) {
    return txn->deadline_ns;
}

/* -- begin --------------------------------------------------------------------------------------- */

static rdb_code run(rdb_conn *conn, const char *sql, int64_t deadline, rdb_error *err) {
    return rdb__conn_run(conn, sql, strlen(sql), NULL, 0, deadline, NULL, err);
}

static rdb_code begin_on(rdb_conn *conn, const char *const *statements, int64_t deadline, rdb_error *err) {
    for (; *statements != NULL; statements++) {
        rdb_code code = run(conn, *statements, deadline, err);
        if (code != RDB_OK) {
            return code;
        }
    }
    return RDB_OK;
}

static void give_back(rdb_conn *conn, bool reset) {
    if (reset && rdb_conn_valid(conn) && rdb_conn_reset(conn, NULL) != RDB_OK) {
        rdb_conn_invalidate(conn, false);
    }
    rdb_conn_release(conn);
}

/* Lease a connection and begin on it. A pooled connection that turns out dead costs one more try: nothing
 * has happened yet. */
static rdb_code lease_and_begin(rdb_txn *txn, rdb_pool *pool, const rdb_txn_options *options, rdb_error *err) {
    const char *statements[5] = {NULL};
    rdb_code code = rdb_pool_backend(pool)->begin_sql(&options->begin, statements, err);
    for (int attempt = 0; code == RDB_OK && attempt < 2; attempt++) {
        rdb_conn *conn = NULL;
        code = rdb_pool_acquire(pool, options->acquire_timeout, &conn, err);
        if (code != RDB_OK) {
            return code;
        }
        code = begin_on(conn, statements, txn->deadline_ns, err);
        if (code == RDB_OK) {
            txn->conn = conn;
            return RDB_OK;
        }
        give_back(conn, txn->reset); /* rolls back what began */
        code = code == RDB_E_CONNECTION_LOST && attempt == 0 ? RDB_OK : code;
    }
    return code;
}

rdb_code rdb_txn_begin(rdb_pool *pool, const rdb_txn_options *options, rdb_txn **out, rdb_error *err) {
    rdb_error ignored;
    if (err == NULL) {
        err = &ignored;
    }
    *out = NULL;
    rdb_txn_options defaults;
    if (options == NULL) {
        rdb_txn_options_init(&defaults);
        options = &defaults;
    }
    rdb_txn *txn = rdb__calloc(1, sizeof *txn);
    if (txn == NULL) {
        return rdb_error_set(err, RDB_E_NO_MEMORY, "no memory for a transaction");
    }
    txn->state = RDB_TXN_ACTIVE_STATE;
    txn->reset = options->begin.no_foreign_keys;
    txn->deadline_ns = options->timeout > 0 ? rdb__deadline_in(options->timeout) : RDB_NO_DEADLINE;
    rdb_code code = lease_and_begin(txn, pool, options, err);
    if (code != RDB_OK) {
        rdb__free(txn);
        return code;
    }
    rdb__live_add(RDB_LIVE_TRANSACTION, 1);
    *out = txn;
    return RDB_OK;
}

/* -- while it runs ------------------------------------------------------------------------------- */

rdb_code rdb__txn_say_voided(rdb_error *err) {
    return rdb_error_set(err, RDB_E_DATABASE_ERROR,
                         "the database rolled the transaction back after an earlier error; nothing of it is stored");
}

rdb_code rdb__txn_may_run(const rdb_txn *txn, const char *what, rdb_error *err) {
    if (txn->conn == NULL) {
        return rdb_error_set(err, RDB_E_MISUSE, "cannot %s: the transaction has ended (%s)", what,
                             rdb_txn_state_name(txn->state));
    }
    if (txn->state == RDB_TXN_ACTIVE_STATE) {
        return RDB_OK;
    }
    if (txn->voided) {
        return rdb__txn_say_voided(err);
    }
    return rdb_error_set(err, RDB_E_DATABASE_ERROR,
                         "cannot %s: a statement of this transaction failed; roll it back, or back to a savepoint",
                         what);
}

void rdb_txn_after_error(rdb_txn *txn, rdb_code code) {
    if (txn->conn == NULL) {
        return;
    }
    rdb__conn_note_error(txn->conn, code);
    if (!rdb_conn_valid(txn->conn)) {
        txn->state = RDB_TXN_FAILED_STATE;
        txn->voided = true;
        return;
    }
    switch (rdb_conn_txn_status(txn->conn)) {
    case RDB_TXN_OPEN:
        break;
    case RDB_TXN_IDLE:
        txn->voided = true;
        txn->state = RDB_TXN_FAILED_STATE;
        break;
    default:
        txn->state = RDB_TXN_FAILED_STATE;
        break;
    }
}

/* -- the end ------------------------------------------------------------------------------------- */

static void end(rdb_txn *txn, rdb_txn_state state) {
    rdb_conn *conn = txn->conn;
    txn->conn = NULL;
    txn->state = state;
    txn->n_savepoints = 0;
    give_back(conn, txn->reset);
}

/* Undo on the connection what the database has not undone yet. An answer that does not come in time costs the
 * connection, and the server rolls back when it notices. */
static rdb_code undo(rdb_txn *txn, rdb_error *err) {
    rdb_conn *conn = txn->conn;
    rdb__conn_end_queries(conn);
    if (!rdb_conn_valid(conn) || rdb_conn_txn_status(conn) == RDB_TXN_IDLE) {
        return RDB_OK;
    }
    int64_t deadline = conn->local ? RDB_NO_DEADLINE : rdb__deadline_in(RDB_HOUSEKEEPING_SECONDS);
    rdb_code code = run(conn, "ROLLBACK", deadline, err);
    if (code != RDB_OK) {
        rdb_conn_invalidate(conn, false);
    }
    return code;
}

static void undo_and_end(rdb_txn *txn) {
    rdb_error why;
    if (undo(txn, &why) != RDB_OK) {
        rdb_conn_invalidate(txn->conn, false);
    }
    end(txn, RDB_TXN_ROLLED_BACK_STATE);
}

/* COMMIT failed: did it, or was only the answer lost? A local database has no answer to lose. */
static rdb_code commit_failed(rdb_txn *txn, rdb_code code, rdb_error *err) {
    rdb_conn *conn = txn->conn;
    if (conn->local || conn->health != RDB_CONN_LOST) {
        undo_and_end(txn);
        return code;
    }
    end(txn, RDB_TXN_UNKNOWN_STATE);
    char reason[sizeof err->message];
    memcpy(reason, err->message, sizeof reason);
    rdb_error_set(err, RDB_E_COMMIT_UNKNOWN, "the connection was lost during commit: %.400s", reason);
    rdb_error_hint(err, "the transaction may be stored or not: look before running it again");
    return RDB_E_COMMIT_UNKNOWN;
}

rdb_code rdb_txn_commit(rdb_txn *txn, rdb_error *err) {
    rdb_error ignored;
    if (err == NULL) {
        err = &ignored;
    }
    rdb_code code = rdb__txn_may_run(txn, "commit", err);
    if (code != RDB_OK) {
        if (txn->conn != NULL) {
            undo_and_end(txn);
        }
        return code;
    }
    rdb__conn_end_queries(txn->conn);
    code = rdb__conn_usable(txn->conn, err);
    if (code == RDB_OK && rdb_conn_txn_status(txn->conn) != RDB_TXN_OPEN) {
        code = rdb__txn_say_voided(err);
    }
    if (code == RDB_OK && txn->deadline_ns != RDB_NO_DEADLINE && rdb__clock_ns() >= txn->deadline_ns) {
        code = rdb_error_set(err, RDB_E_STATEMENT_TIMEOUT, "the transaction's time limit passed before its commit");
    }
    if (code != RDB_OK) { /* COMMIT was not sent */
        undo_and_end(txn);
        return code;
    }
    code = run(txn->conn, "COMMIT", txn->deadline_ns, err);
    if (code != RDB_OK) {
        return commit_failed(txn, code, err);
    }
    end(txn, RDB_TXN_COMMITTED_STATE);
    return RDB_OK;
}

rdb_code rdb_txn_rollback(rdb_txn *txn, rdb_error *err) {
    if (txn->conn == NULL) {
        return rdb_error_set(err, RDB_E_MISUSE, "cannot roll back: the transaction has ended (%s)",
                             rdb_txn_state_name(txn->state));
    }
    rdb_code code = undo(txn, err);
    end(txn, RDB_TXN_ROLLED_BACK_STATE);
    return code;
}

void rdb_txn_free(rdb_txn *txn) {
    if (txn == NULL) {
        return;
    }
    if (txn->conn != NULL) {
        undo_and_end(txn);
    }
    rdb__free(txn->savepoints);
    rdb__free(txn);
    rdb__live_add(RDB_LIVE_TRANSACTION, -1);
}
