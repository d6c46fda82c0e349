/* fake.c - the fake database: a backend that plays a script (fake.h).
 *
 * Behaves like a server behind a socket: operations can wait, be cancelled and lose the connection. */
#include "fake.h"

#include <string.h>

#include "../alloc.h"
#include "fake_play.h"

#define MOST_PARAMS 65535

/* -- connections --------------------------------------------------------------------------------- */

static rdb_step open_start(const rdb_url *url, void *shared, rdb_backend_conn **out, rdb_error *err) {
    const rdb_fake_share *with = shared;
    if (rdb__fake_conn_new(url, with, out, err) != RDB_OK) {
        return RDB_STEP_ERROR;
    }
    rdb_step step = rdb__fake_start(*out, RDB_FAKE_CONNECT, NULL, with != NULL ? with->connect_latency_ms : 0, err);
    if (step == RDB_STEP_ERROR) {
        rdb__fake_conn_free(*out);
        *out = NULL;
    }
    return step;
}

static rdb_step open_continue(rdb_backend_conn *conn, rdb_error *err) {
    return rdb__fake_go_on(conn, RDB_FAKE_CONNECT, NULL, err);
}

static int timer_of(const rdb_backend_conn *conn) {
    return conn->timer;
}

static rdb_step ping_start(rdb_backend_conn *conn, rdb_error *err) {
    return rdb__fake_start(conn, RDB_FAKE_PING, NULL, conn->latency_ms, err);
}

static rdb_step ping_continue(rdb_backend_conn *conn, rdb_error *err) {
    return rdb__fake_go_on(conn, RDB_FAKE_PING, NULL, err);
}

static rdb_step reset_done(rdb_backend_conn *conn, rdb_step step) {
    if (step == RDB_STEP_DONE) {
        conn->txn = RDB_TXN_IDLE;
    }
    return step;
}

static rdb_step reset_start(rdb_backend_conn *conn, rdb_error *err) {
    return reset_done(conn, rdb__fake_start(conn, RDB_FAKE_RESET, NULL, conn->latency_ms, err));
}

static rdb_step reset_continue(rdb_backend_conn *conn, rdb_error *err) {
    return reset_done(conn, rdb__fake_go_on(conn, RDB_FAKE_RESET, NULL, err));
}

static rdb_txn_status txn_status(const rdb_backend_conn *conn) {
    return conn->txn;
}

/* Deadlines are kept by the caller's poll loop. */
static void set_deadline(rdb_backend_conn *conn, int64_t deadline_ns) {
    (void)conn;
    (void)deadline_ns;
}

static long limit_params(const rdb_backend_conn *conn) {
    (void)conn;
    return MOST_PARAMS;
}

/* -- statements ---------------------------------------------------------------------------------- */

/* Placeholders outside of quotes: as many as there are ?, or the highest $n. */
static int count_params(const char *sql) {
    int asked = 0;
    int highest = 0;
    char quote = '\0';
    for (; *sql != '\0'; sql++) {
        if (quote != '\0') {
            quote = *sql == quote ? '\0' : quote;
        } else if (*sql == '\'' || *sql == '"') {
            quote = *sql;
        } else if (*sql == '?') {
            asked++;
        } else if (*sql == '$') {
            int number = 0;
            while (sql[1] >= '0' && sql[1] <= '9' && number < MOST_PARAMS) {
                number = number * 10 + (*++sql - '0');
            }
            highest = number > highest ? number : highest;
        }
    }
    return asked > highest ? asked : highest;
}

static void close_stmt(rdb_backend_conn *conn, rdb_backend_stmt *stmt) {
    if (stmt != NULL) {
        rdb__fake_drop(conn->fake, stmt->result);
        rdb__free(stmt);
    }
}

/* The statement exists while PREPARE waits; an answer that fails takes it away again. */
static rdb_step prepared(rdb_backend_conn *conn, rdb_step step, rdb_backend_stmt **out) {
    if (step == RDB_STEP_ERROR) {
        close_stmt(conn, *out);
        *out = NULL;
    }
    return step;
}

static rdb_step prepare_start(rdb_backend_conn *conn, const char *sql, size_t len, bool persistent,
                              rdb_backend_stmt **out, rdb_error *err) {
    (void)persistent;
    rdb_backend_stmt *stmt = rdb__calloc(1, sizeof *stmt + len + 1);
    *out = stmt;
    if (stmt == NULL) {
        return rdb__fake_fail(err, RDB_E_NO_MEMORY, NULL, "no memory for a statement");
    }
    memcpy(stmt->sql, sql, len);
    stmt->n_params = count_params(stmt->sql);
    return prepared(conn, rdb__fake_start(conn, RDB_FAKE_PREPARE, stmt, 0, err), out);
}

static rdb_step prepare_continue(rdb_backend_conn *conn, rdb_backend_stmt **out, rdb_error *err) {
    return prepared(conn, rdb__fake_go_on(conn, RDB_FAKE_PREPARE, *out, err), out);
}

static void reset_stmt(rdb_backend_conn *conn, rdb_backend_stmt *stmt) {
    rdb__fake_drop(conn->fake, stmt->result);
    stmt->result = NULL;
    stmt->row = 0;
}

static rdb_step execute_start(rdb_backend_conn *conn, rdb_backend_stmt *stmt, const rdb_value *params, size_t n_params,
                              rdb_error *err) {
    (void)params;
    if (n_params != (size_t)stmt->n_params) {
        rdb_error_set(err, RDB_E_MISUSE, "the statement has %d parameters, %zu were given", stmt->n_params, n_params);
        return RDB_STEP_ERROR;
    }
    reset_stmt(conn, stmt);
    return rdb__fake_start(conn, RDB_FAKE_EXECUTE, stmt, conn->latency_ms, err);
}

static rdb_step execute_continue(rdb_backend_conn *conn, rdb_backend_stmt *stmt, rdb_error *err) {
    return rdb__fake_go_on(conn, RDB_FAKE_EXECUTE, stmt, err);
}

static rdb_step next_row(rdb_backend_stmt *stmt, rdb_step step, rdb_value *cells) {
    const rdb_fake_reply *result = stmt->result;
    if (step != RDB_STEP_DONE || result == NULL || stmt->row >= result->answer.n_rows) {
        return step;
    }
    size_t n_columns = (size_t)result->answer.n_columns;
    if (n_columns > 0) {
        memcpy(cells, result->answer.rows + stmt->row * n_columns, n_columns * sizeof *cells);
    }
    stmt->row++;
    return RDB_STEP_ROW;
}

static rdb_step fetch_start(rdb_backend_conn *conn, rdb_backend_stmt *stmt, rdb_value *cells, rdb_error *err) {
    return next_row(stmt, rdb__fake_start(conn, RDB_FAKE_FETCH, stmt, 0, err), cells);
}

static rdb_step fetch_continue(rdb_backend_conn *conn, rdb_backend_stmt *stmt, rdb_value *cells, rdb_error *err) {
    return next_row(stmt, rdb__fake_go_on(conn, RDB_FAKE_FETCH, stmt, err), cells);
}

static int n_columns_of(const rdb_backend_stmt *stmt) {
    return stmt->result != NULL ? stmt->result->answer.n_columns : 0;
}

static const char *column_name(const rdb_backend_stmt *stmt, int column) {
    return stmt->result != NULL ? stmt->result->answer.columns[column] : NULL;
}

static int n_params_of(const rdb_backend_stmt *stmt) {
    return stmt->n_params;
}

static int64_t affected(const rdb_backend_conn *conn, const rdb_backend_stmt *stmt) {
    (void)conn;
    return stmt->result != NULL ? stmt->result->answer.affected : 0;
}

static int64_t last_insert_id(const rdb_backend_conn *conn) {
    return conn->last_insert_id;
}

static bool stale(const rdb_backend_conn *conn, const rdb_backend_stmt *stmt) {
    (void)conn;
    return stmt->stale;
}

/* -- transactions -------------------------------------------------------------------------------- */

static const char *isolation_sql(const char *isolation) {
    static const struct {
        const char *isolation;
        const char *sql;
    } levels[] = {
        {"read uncommitted", "SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED"},
        {"read committed", "SET TRANSACTION ISOLATION LEVEL READ COMMITTED"},
        {"repeatable read", "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"},
        {"serializable", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"},
    };
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        if (strcmp(levels[i].isolation, isolation) == 0) {
            return levels[i].sql;
        }
    }
    return NULL;
}

static rdb_code begin_sql(const rdb_begin_options *options, const char *statements[5], rdb_error *err) {
    int n = 0;
    statements[n++] = "BEGIN";
    if (options->isolation != NULL) {
        statements[n] = isolation_sql(options->isolation);
        if (statements[n++] == NULL) {
            return rdb_error_set(err, RDB_E_UNSUPPORTED, "fake: no isolation level \"%s\"", options->isolation);
        }
    }
    if (options->read_only) {
        statements[n++] = "SET TRANSACTION READ ONLY";
    }
    if (options->deferrable) {
        statements[n++] = "SET TRANSACTION DEFERRABLE";
    }
    statements[n] = NULL;
    return RDB_OK;
}

static const char *const schemes[] = {"fake", NULL};

const rdb_backend rdb_backend_fake = {
    .name = "fake",
    .schemes = schemes,
    .features = RDB_FEATURE_RETURNING | RDB_FEATURE_TRANSACTIONAL_DDL | RDB_FEATURE_SAVEPOINTS |
                RDB_FEATURE_LAST_INSERT_ID | RDB_FEATURE_BULK_REUSE,
    .open_start = open_start,
    .open_continue = open_continue,
    .close = rdb__fake_conn_free,
    .share = rdb__fake_share_open,
    .unshare = rdb__fake_share_close,
    .socket = timer_of,
    .ping_start = ping_start,
    .ping_continue = ping_continue,
    .reset_start = reset_start,
    .reset_continue = reset_continue,
    .txn_status = txn_status,
    .cancel = rdb__fake_cancel,
    .set_deadline = set_deadline,
    .limit_params = limit_params,
    .prepare_start = prepare_start,
    .prepare_continue = prepare_continue,
    .close_stmt = close_stmt,
    .execute_start = execute_start,
    .execute_continue = execute_continue,
    .fetch_start = fetch_start,
    .fetch_continue = fetch_continue,
    .reset_stmt = reset_stmt,
    .n_columns = n_columns_of,
    .column_name = column_name,
    .n_params = n_params_of,
    .affected = affected,
    .last_insert_id = last_insert_id,
    .begin_sql = begin_sql,
    .stale = stale,
};
