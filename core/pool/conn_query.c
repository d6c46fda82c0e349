/* conn_query.c - running statements: prepare or find prepared, execute, fetch, finish.
 *
 * Owns the small state machine of rdb_query.phase. The path of a cached statement on a local backend
 * allocates nothing and reads no clock. After ERROR a query has let go of its statement already, so a
 * forgotten finish leaks nothing. */
#include "../clock.h"
#include "conn_internal.h"

enum phase {
    PHASE_ENDED,     /* no statement */
    PHASE_PREPARING, /* waits for prepare */
    PHASE_EXECUTING, /* waits for execute */
    PHASE_READY,     /* executed; next() may be called */
    PHASE_FETCHING,  /* waits for a row */
    PHASE_DRAINED    /* all rows were fetched */
};

static rdb_step execute(rdb_query *query, rdb_error *err);

static bool waits(rdb_step step) {
    return step == RDB_STEP_WAIT_READ || step == RDB_STEP_WAIT_WRITE;
}

/* -- the connection's list of open queries ------------------------------------------------------- */

static void link_query(rdb_query *query) {
    rdb_conn *conn = query->conn;
    query->newer = NULL;
    query->older = conn->open;
    if (conn->open != NULL) {
        conn->open->newer = query;
    }
    conn->open = query;
}

static void unlink_query(rdb_query *query) {
    if (query->newer != NULL) {
        query->newer->older = query->older;
    } else {
        query->conn->open = query->older;
    }
    if (query->older != NULL) {
        query->older->newer = query->newer;
    }
}

/* -- ends ---------------------------------------------------------------------------------------- */

/* Give the statement back: to the cache if it is kept there, else close it. */
static void drop_statement(rdb_query *query) {
    rdb_conn *conn = query->conn;
    rdb_stmt *stmt = query->stmt;
    if (stmt == NULL) {
        return;
    }
    query->stmt = NULL;
    query->cells = NULL;
    unlink_query(query);
    stmt->in_use = false;
    if (!stmt->kept) {
        rdb__stmt_close(conn, stmt);
    } else if (conn->health != RDB_CONN_FOREIGN) {
        conn->backend->reset_stmt(conn->raw, stmt->raw);
    }
}

void rdb_query_finish(rdb_query *query) {
    if (query->stmt == NULL) {
        query->phase = PHASE_ENDED;
        return;
    }
    rdb_conn *conn = query->conn;
    if (conn->waiting == query) { /* its answer is still to come, and would be read as another's */
        conn->waiting = NULL;
        if (conn->health < RDB_CONN_LOST) {
            conn->backend->cancel(conn->raw);
            conn->health = RDB_CONN_LOST;
        }
    }
    drop_statement(query);
    query->phase = PHASE_ENDED;
}

void rdb__conn_end_queries(rdb_conn *conn) {
    while (conn->open != NULL) {
        rdb_query *query = conn->open;
        rdb_query_finish(query);
        query->conn = NULL;
    }
}

static rdb_step failed(rdb_query *query, rdb_error *err) {
    rdb__conn_note_error(query->conn, err->code);
    rdb_query_finish(query);
    return RDB_STEP_ERROR;
}

static rdb_step misused(rdb_error *err, const char *message) {
    rdb_error_set(err, RDB_E_MISUSE, "%s", message);
    return RDB_STEP_ERROR;
}

/* -- execute ------------------------------------------------------------------------------------- */

/* The result's shape is known now; a schema change may have altered it since the last run. */
static rdb_step executed(rdb_query *query, rdb_error *err) {
    rdb_stmt *stmt = query->stmt;
    int n_columns = query->conn->backend->n_columns(stmt->raw);
    if (n_columns > stmt->n_cells && rdb__stmt_fit_cells(stmt, n_columns, err) != RDB_OK) {
        return failed(query, err);
    }
    query->cells = stmt->cells;
    query->n_columns = n_columns;
    query->phase = PHASE_READY;
    return RDB_STEP_DONE;
}

static rdb_step wait_in(rdb_query *query, enum phase phase, rdb_step step) {
    query->phase = (int)phase;
    query->conn->waiting = query;
    return step;
}

static rdb_step prepared(rdb_query *query, rdb_step step, rdb_error *err) {
    if (step == RDB_STEP_DONE) {
        rdb_conn *conn = query->conn;
        rdb_stmt *stmt = query->stmt;
        if (!query->own_stmt) {
            stmt->kept = true;
            stmt->kept = rdb__statement_cache_put(conn->statements, &stmt->entry);
            query->own_stmt = !stmt->kept;
        }
        return execute(query, err);
    }
    return waits(step) ? wait_in(query, PHASE_PREPARING, step) : failed(query, err);
}

/* Prepare a new statement for the query. It is cached unless this text is cached already (and in use). */
static rdb_step prepare(rdb_query *query, bool cacheable, rdb_error *err) {
    rdb_conn *conn = query->conn;
    rdb_stmt *stmt = rdb__stmt_new(query->sql, query->sql_len, query->sql_hash);
    if (stmt == NULL) {
        rdb_error_set(err, RDB_E_NO_MEMORY, "no memory for a prepared statement");
        return RDB_STEP_ERROR;
    }
    stmt->in_use = true;
    query->stmt = stmt;
    query->own_stmt = !cacheable;
    link_query(query);
    rdb__conn_apply_deadline(conn, query->deadline_ns);
    rdb_step step =
        conn->backend->prepare_start(conn->raw, stmt->entry.sql, stmt->entry.sql_len, cacheable, &stmt->raw, err);
    return prepared(query, step, err);
}

/* A schema change made the prepared statement stale and nothing ran: prepare it anew, once. */
static bool is_stale(const rdb_query *query) {
    const rdb_conn *conn = query->conn;
    return !query->prepared_again && conn->backend->stale != NULL && conn->backend->stale(conn->raw, query->stmt->raw);
}

static rdb_step prepare_again(rdb_query *query, rdb_error *err) {
    rdb_stmt *stmt = query->stmt;
    bool cacheable = stmt->kept;
    if (stmt->kept) {
        rdb__statement_cache_take(query->conn->statements, &stmt->entry);
        stmt->kept = false;
    }
    drop_statement(query);
    rdb_error_clear(err);
    query->prepared_again = true;
    rdb_step step = prepare(query, cacheable, err);
    if (step == RDB_STEP_ERROR && query->stmt == NULL) {
        query->phase = PHASE_ENDED;
    }
    return step;
}

static rdb_step after_execute(rdb_query *query, rdb_step step, rdb_error *err) {
    if (step == RDB_STEP_DONE) {
        return executed(query, err);
    }
    if (waits(step)) {
        return wait_in(query, PHASE_EXECUTING, step);
    }
    return is_stale(query) ? prepare_again(query, err) : failed(query, err);
}

static rdb_step execute(rdb_query *query, rdb_error *err) {
    rdb_conn *conn = query->conn;
    rdb__conn_apply_deadline(conn, query->deadline_ns);
    conn->dirty |= query->stmt->dirties;
    rdb_step step = conn->backend->execute_start(conn->raw, query->stmt->raw, query->params, query->n_params, err);
    return after_execute(query, step, err);
}

/* -- public -------------------------------------------------------------------------------------- */

/* What would make a statement pointless before it starts: a broken connection, one that still waits for
 * another answer, a deadline that has passed. */
static rdb_code may_start(const rdb_query *query, rdb_error *err) {
    const rdb_conn *conn = query->conn;
    if (conn->health > RDB_CONN_RETIRING) {
        return rdb__conn_usable(conn, err);
    }
    if (conn->waiting != NULL) {
        return rdb_error_set(err, RDB_E_MISUSE, "connection %s still waits for another statement's answer", conn->id);
    }
    if (query->deadline_ns != RDB_NO_DEADLINE && rdb__clock_ns() >= query->deadline_ns) {
        return rdb_error_set(err, RDB_E_STATEMENT_TIMEOUT, "the time limit passed before the statement could start");
    }
    return RDB_OK;
}

rdb_step rdb_query_start_once(rdb_query *query, rdb_conn *conn, const char *sql, size_t len, const rdb_value *params,
                              size_t n_params, int64_t deadline, rdb_error *err) {
    *query = (rdb_query){
        .conn = conn,
        .deadline_ns = deadline,
        .sql = sql,
        .sql_len = len,
        .params = params,
        .n_params = n_params,
    };
    if (err == NULL) {
        err = &conn->spare_error;
    }
    return may_start(query, err) == RDB_OK ? prepare(query, false, err) : RDB_STEP_ERROR;
}

rdb_step rdb_query_start(rdb_query *query, rdb_conn *conn, const char *sql, size_t len, uint64_t hash,
                         const rdb_value *params, size_t n_params, int64_t deadline, rdb_error *err) {
    *query = (rdb_query){
        .conn = conn,
        .deadline_ns = deadline,
        .sql = sql,
        .sql_len = len,
        .sql_hash = hash != 0 ? hash : rdb__sql_hash(sql, len),
        .params = params,
        .n_params = n_params,
    };
    if (err == NULL) {
        err = &conn->spare_error;
    }
    if (may_start(query, err) != RDB_OK) {
        return RDB_STEP_ERROR;
    }
    rdb_stmt *stmt = (rdb_stmt *)rdb__statement_cache_get(conn->statements, query->sql_hash, sql, len);
    if (stmt == NULL || stmt->in_use) {
        return prepare(query, stmt == NULL, err);
    }
    stmt->in_use = true;
    query->stmt = stmt;
    link_query(query);
    return execute(query, err);
}

static rdb_step fetched(rdb_query *query, rdb_step step, rdb_error *err) {
    switch (step) {
    case RDB_STEP_ROW:
        query->phase = PHASE_READY;
        return step;
    case RDB_STEP_DONE:
        query->phase = PHASE_DRAINED;
        return step;
    case RDB_STEP_ERROR:
        return failed(query, err);
    default:
        return wait_in(query, PHASE_FETCHING, step);
    }
}

rdb_step rdb_query_continue(rdb_query *query, rdb_error *err) {
    rdb_conn *conn = query->conn;
    if (query->stmt == NULL || conn->waiting != query) {
        return misused(err, "rdb_query_continue() without a statement that waits");
    }
    if (err == NULL) {
        err = &conn->spare_error;
    }
    conn->waiting = NULL;
    rdb_stmt *stmt = query->stmt;
    switch ((enum phase)query->phase) {
    case PHASE_PREPARING:
        return prepared(query, conn->backend->prepare_continue(conn->raw, &stmt->raw, err), err);
    case PHASE_EXECUTING:
        return after_execute(query, conn->backend->execute_continue(conn->raw, stmt->raw, err), err);
    default:
        return fetched(query, conn->backend->fetch_continue(conn->raw, stmt->raw, query->cells, err), err);
    }
}

rdb_step rdb_query_next(rdb_query *query, rdb_error *err) {
    if (query->phase != PHASE_READY) {
        return query->phase == PHASE_DRAINED ? RDB_STEP_DONE
                                             : misused(err, "a row was asked of a statement that is not running");
    }
    rdb_conn *conn = query->conn;
    if (err == NULL) {
        err = &conn->spare_error;
    }
    if (conn->health > RDB_CONN_RETIRING && rdb__conn_usable(conn, err) != RDB_OK) {
        rdb_query_finish(query);
        return RDB_STEP_ERROR;
    }
    rdb__conn_apply_deadline(conn, query->deadline_ns);
    return fetched(query, conn->backend->fetch_start(conn->raw, query->stmt->raw, query->cells, err), err);
}

rdb_step rdb_query_again(rdb_query *query, const rdb_value *params, size_t n_params, rdb_error *err) {
    if (query->phase != PHASE_READY && query->phase != PHASE_DRAINED) {
        return misused(err, "a statement can run again only after it ran");
    }
    if (err == NULL) {
        err = &query->conn->spare_error;
    }
    if (may_start(query, err) != RDB_OK) {
        rdb_query_finish(query);
        return RDB_STEP_ERROR;
    }
    query->params = params;
    query->n_params = n_params;
    query->prepared_again = false;
    query->conn->backend->reset_stmt(query->conn->raw, query->stmt->raw);
    return execute(query, err);
}

int64_t rdb_query_affected(const rdb_query *query) {
    return query->stmt != NULL ? query->conn->backend->affected(query->conn->raw, query->stmt->raw) : 0;
}

int64_t rdb_query_last_insert_id(const rdb_query *query) {
    return query->stmt != NULL ? query->conn->backend->last_insert_id(query->conn->raw) : 0;
}

const char *rdb_query_column_name(const rdb_query *query, int column) {
    if (query->stmt == NULL || column < 0 || column >= query->n_columns) {
        return NULL;
    }
    return query->conn->backend->column_name(query->stmt->raw, column);
}
