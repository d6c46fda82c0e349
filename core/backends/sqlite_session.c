/* sqlite_session.c - waiting for locks, deadlines, cancel, and giving a connection back clean. */
#include <unistd.h>

#include "../clock.h"
#include "sqlite_backend.h"

#define STEPS_BETWEEN_CHECKS 1000 /* virtual machine instructions, some ten microseconds */

/* A lock held by a short write is free within a millisecond: sleep that long at first, and longer when the
 * holder turns out to be slow. */
int rdb__sqlite_busy(void *context, int attempts) {
    rdb_backend_conn *conn = context;
    int64_t now = rdb__clock_ns();
    if (attempts == 0) {
        conn->busy_since_ns = now;
    }
    if (atomic_load_explicit(&conn->cancelled, memory_order_relaxed)) {
        return 0;
    }
    if (now >= conn->deadline_ns) {
        conn->deadline_passed = true;
        return 0;
    }
    int64_t left = (int64_t)(conn->options.busy_timeout * 1e9) - (now - conn->busy_since_ns);
    if (conn->deadline_ns - now < left) {
        left = conn->deadline_ns - now;
    }
    if (left <= 0) {
        return 0;
    }
    int64_t pause_ns = attempts < 100 ? 1000000 : attempts < 200 ? 5000000 : 25000000;
    pause_ns = pause_ns < left ? pause_ns : left;
    usleep((useconds_t)(pause_ns / 1000 + 1));
    return 1;
}

static int check_deadline(void *context) {
    rdb_backend_conn *conn = context;
    conn->deadline_passed = rdb__clock_ns() >= conn->deadline_ns;
    return conn->deadline_passed;
}

void rdb__sqlite_set_deadline(rdb_backend_conn *conn, int64_t deadline_ns) {
    if (deadline_ns == conn->deadline_ns) {
        return;
    }
    bool had = conn->deadline_ns != RDB_NO_DEADLINE, wanted = deadline_ns != RDB_NO_DEADLINE;
    conn->deadline_ns = deadline_ns;
    if (had != wanted) { /* without a deadline statements pay nothing for it */
        sqlite3_progress_handler(conn->db, wanted ? STEPS_BETWEEN_CHECKS : 0, wanted ? check_deadline : NULL, conn);
    }
}

void rdb__sqlite_cancel(rdb_backend_conn *conn) {
    atomic_store_explicit(&conn->cancelled, true, memory_order_relaxed);
    sqlite3_interrupt(conn->db);
}

long rdb__sqlite_limit_params(const rdb_backend_conn *conn) {
    return sqlite3_limit(conn->db, SQLITE_LIMIT_VARIABLE_NUMBER, -1);
}

rdb_txn_status rdb__sqlite_txn_status(const rdb_backend_conn *conn) {
    return sqlite3_get_autocommit(conn->db) ? RDB_TXN_IDLE : RDB_TXN_OPEN;
}

void rdb__sqlite_set_query_only(rdb_backend_conn *conn, bool on) {
    if (conn->query_only != on) {
        int result = sqlite3_exec(conn->db, on ? "PRAGMA query_only=1" : "PRAGMA query_only=0", NULL, NULL, NULL);
        if (result == SQLITE_OK) { /* without memory it stays as it was, and reset tries again */
            conn->query_only = on;
        }
    }
}

rdb_step rdb__sqlite_ping_start(rdb_backend_conn *conn, rdb_error *err) {
    int moved = 0;
    if (!conn->options.memory && sqlite3_file_control(conn->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK &&
        moved) {
        rdb_error_set(err, RDB_E_CONNECTION_LOST, "the database file '%s' was moved or deleted", conn->file);
        return RDB_STEP_ERROR;
    }
    return RDB_STEP_DONE;
}

rdb_step rdb__sqlite_reset_start(rdb_backend_conn *conn, rdb_error *err) {
    /* An unfinished SELECT would hold its snapshot, and keep ROLLBACK from ending the transaction. */
    for (sqlite3_stmt *stmt = NULL; (stmt = sqlite3_next_stmt(conn->db, stmt)) != NULL;) {
        if (sqlite3_stmt_busy(stmt)) {
            sqlite3_reset(stmt);
        }
    }
    rdb__sqlite_set_deadline(conn, RDB_NO_DEADLINE);
    atomic_store_explicit(&conn->cancelled, false, memory_order_relaxed);
    if (!sqlite3_get_autocommit(conn->db)) {
        int result = sqlite3_exec(conn->db, "ROLLBACK", NULL, NULL, NULL);
        if (result != SQLITE_OK && !sqlite3_get_autocommit(conn->db)) {
            rdb__sqlite_fail(conn, result, err);
            return RDB_STEP_ERROR;
        }
    }
    rdb__sqlite_set_query_only(conn, false);
    /* Migrations switch foreign keys off for a table rebuild. The same value again costs nothing. */
    sqlite3_db_config(conn->db, SQLITE_DBCONFIG_ENABLE_FKEY, (int)conn->options.foreign_keys, NULL);
    return RDB_STEP_DONE;
}
