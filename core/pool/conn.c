/* conn.c - the life of one connection: open, use, judge, close.
 *
 * Running statements is conn_query.c, waiting is conn_wait.c. One thread uses a connection at a time;
 * only rdb_conn_cancel() may come from another. */
#include "conn.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "../alloc.h"
#include "../clock.h"
#include "conn_internal.h"
#include "live.h"

/* A random (version 4) uuid, and four bytes of it as a number. getrandom() cannot fail for so few bytes
 * once the system is up; before that the address and the clock must do. */
static void make_id(rdb_conn *conn) {
    unsigned char bytes[16];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        int64_t now = rdb__clock_ns();
        memcpy(bytes, &now, 8);
        memcpy(bytes + 8, &conn, sizeof conn < 8 ? sizeof conn : 8);
    }
    memcpy(&conn->random, bytes, sizeof conn->random);
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    char *out = conn->id;
    for (size_t i = 0; i < sizeof bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *out++ = '-';
        }
        *out++ = "0123456789abcdef"[bytes[i] >> 4];
        *out++ = "0123456789abcdef"[bytes[i] & 15];
    }
    *out = '\0';
}

/* Connect within the deadline; the error says where to. */
static rdb_code connect_raw(rdb_conn *conn, const rdb_url *url, void *shared, int64_t deadline, rdb_error *err) {
    const rdb_backend *backend = conn->backend;
    rdb_step step = backend->open_start(url, shared, &conn->raw, err);
    if (step == RDB_STEP_ERROR) {
        conn->raw = NULL;
        return err->code;
    }
    int64_t began = deadline != RDB_NO_DEADLINE ? rdb__clock_ns() : 0;
    if (rdb__wait_drive(backend, conn->raw, step, backend->open_continue, deadline, err) == RDB_STEP_DONE) {
        return RDB_OK;
    }
    backend->close(conn->raw);
    conn->raw = NULL;
    if (err->code == RDB_E_STATEMENT_TIMEOUT) {
        return rdb_error_set(err, RDB_E_CONNECTION_FAILED, "cannot connect to %s: no answer within %.3g s",
                             url->printable, (double)(deadline - began) / 1e9);
    }
    return err->code;
}

rdb_code rdb__conn_open(const rdb_backend *backend, const rdb_url *url, void *shared, size_t statement_cache_size,
                        int64_t deadline, rdb_conn **out, rdb_error *err) {
    rdb_error ignored;
    if (err == NULL) {
        err = &ignored;
    }
    *out = NULL;
    rdb_conn *conn = rdb__calloc(1, sizeof *conn);
    if (conn == NULL) {
        return rdb_error_set(err, RDB_E_NO_MEMORY, "no memory for a connection");
    }
    conn->backend = backend;
    conn->local = (backend->features & RDB_FEATURE_LOCAL) != 0;
    conn->deadline_ns = RDB_NO_DEADLINE;
    conn->expires_ns = RDB_NO_DEADLINE;
    rdb_code code = rdb__statement_cache_new(statement_cache_size, rdb__stmt_evict, conn, &conn->statements, err);
    if (code == RDB_OK) {
        code = connect_raw(conn, url, shared, deadline, err);
    }
    if (code != RDB_OK) {
        rdb__statement_cache_free(conn->statements);
        rdb__free(conn);
        return code;
    }
    make_id(conn);
    rdb__live_add(RDB_LIVE_CONNECTION, 1);
    *out = conn;
    return RDB_OK;
}

void rdb__conn_close(rdb_conn *conn) {
    if (conn == NULL) {
        return;
    }
    rdb__conn_end_queries(conn);
    rdb__statement_cache_free(conn->statements);
    if (conn->health != RDB_CONN_FOREIGN) {
        conn->backend->close(conn->raw);
    }
    rdb__free(conn);
    rdb__live_add(RDB_LIVE_CONNECTION, -1);
}

rdb_code rdb__conn_ping(rdb_conn *conn, int64_t deadline, rdb_error *err) {
    if (err == NULL) {
        err = &conn->spare_error;
    }
    const rdb_backend *backend = conn->backend;
    rdb__conn_apply_deadline(conn, deadline);
    rdb_step step = backend->ping_start(conn->raw, err);
    step = rdb__wait_drive(backend, conn->raw, step, backend->ping_continue, deadline, err);
    if (step == RDB_STEP_DONE) {
        return RDB_OK;
    }
    conn->health = RDB_CONN_LOST;
    return err->code;
}

rdb_code rdb_conn_reset(rdb_conn *conn, rdb_error *err) {
    if (err == NULL) {
        err = &conn->spare_error;
    }
    rdb__conn_end_queries(conn);
    rdb_code code = rdb__conn_usable(conn, err);
    if (code != RDB_OK) {
        return code;
    }
    const rdb_backend *backend = conn->backend;
    int64_t deadline = conn->local ? RDB_NO_DEADLINE : rdb__deadline_in(RDB_HOUSEKEEPING_SECONDS);
    rdb__conn_apply_deadline(conn, deadline);
    rdb_step step = backend->reset_start(conn->raw, err);
    step = rdb__wait_drive(backend, conn->raw, step, backend->reset_continue, deadline, err);
    if (step == RDB_STEP_DONE) {
        conn->dirty = false;
        return RDB_OK;
    }
    conn->health = RDB_CONN_LOST; /* its state is unknown */
    return err->code;
}

/* -- judging ------------------------------------------------------------------------------------- */

void rdb__conn_note_error(rdb_conn *conn, rdb_code code) {
    if (rdb_code_fatal(code) && conn->health < RDB_CONN_LOST) {
        conn->health = RDB_CONN_LOST;
    }
}

rdb_code rdb__conn_usable(const rdb_conn *conn, rdb_error *err) {
    switch (conn->health) {
    case RDB_CONN_INVALIDATED:
        return rdb_error_set(err, RDB_E_INVALID_CONNECTION, "connection %s was invalidated", conn->id);
    case RDB_CONN_LOST:
        return rdb_error_set(err, RDB_E_INVALID_CONNECTION, "connection %s is broken by an earlier error", conn->id);
    case RDB_CONN_FOREIGN:
        return rdb_error_set(err, RDB_E_INVALID_CONNECTION, "connection %s belongs to the parent process", conn->id);
    default:
        return RDB_OK;
    }
}

bool rdb_conn_valid(const rdb_conn *conn) {
    return conn->health <= RDB_CONN_RETIRING;
}

void rdb_conn_invalidate(rdb_conn *conn, bool soft) {
    rdb_conn_health health = soft ? RDB_CONN_RETIRING : RDB_CONN_INVALIDATED;
    if (conn->health < health) {
        conn->health = health;
    }
}

const rdb_backend *rdb_conn_backend(const rdb_conn *conn) {
    return conn->backend;
}

const char *rdb_conn_id(const rdb_conn *conn) {
    return conn->id;
}

rdb_txn_status rdb_conn_txn_status(const rdb_conn *conn) {
    return conn->health == RDB_CONN_FOREIGN ? RDB_TXN_UNKNOWN : conn->backend->txn_status(conn->raw);
}

long rdb_conn_limit_params(const rdb_conn *conn) {
    return conn->backend->limit_params(conn->raw);
}

void rdb_conn_cancel(rdb_conn *conn) {
    conn->backend->cancel(conn->raw);
}

/* -- one statement, blocking --------------------------------------------------------------------- */

rdb_code rdb__conn_run(rdb_conn *conn, const char *sql, size_t len, const rdb_value *params, size_t n_params,
                       int64_t deadline, int64_t *affected, rdb_error *err) {
    if (err == NULL) {
        err = &conn->spare_error;
    }
    rdb_query query;
    rdb_step step = rdb_query_start(&query, conn, sql, len, 0, params, n_params, deadline, err);
    step = rdb_query_wait(&query, step, err);
    if (step == RDB_STEP_DONE) {
        do {
            step = rdb_query_wait(&query, rdb_query_next(&query, err), err);
        } while (step == RDB_STEP_ROW);
    }
    if (affected != NULL) {
        *affected = step == RDB_STEP_DONE ? rdb_query_affected(&query) : 0;
    }
    rdb_query_finish(&query);
    return step == RDB_STEP_DONE ? RDB_OK : err->code;
}

rdb_code rdb_conn_exec(rdb_conn *conn, const char *sql, const rdb_value *params, size_t n_params, int64_t *affected,
                       rdb_error *err) {
    return rdb__conn_run(conn, sql, strlen(sql), params, n_params, RDB_NO_DEADLINE, affected, err);
}
