/* sqlite_statement.c - prepare, execute, fetch. */
#include <limits.h>
#include <string.h>

#include "../alloc.h"
#include "../log.h"
#include "sqlite_backend.h"

#if SQLITE_VERSION_NUMBER >= 3037000
#define total_changes sqlite3_total_changes64
#define changes       sqlite3_changes64
#else
#define total_changes sqlite3_total_changes
#define changes       sqlite3_changes
#endif

/* -- prepare ---------------------------------------------------------------------------------------------- */

/* The end of a comment that begins at text, or text itself. */
static const char *skip_comment(const char *text, const char *end) {
    if (end - text >= 2 && text[0] == '-' && text[1] == '-') {
        const char *line = memchr(text, '\n', (size_t)(end - text));
        return line != NULL ? line + 1 : end;
    }
    if (end - text >= 2 && text[0] == '/' && text[1] == '*') {
        for (text += 2; end - text >= 2; text++) {
            if (text[0] == '*' && text[1] == '/') {
                return text + 2;
            }
        }
        return end;
    }
    return text;
}

/* Only space, ';' and comments are left. */
static bool nothing_left(const char *text, const char *end) {
    while (text < end) {
        const char *after = skip_comment(text, end);
        if (after == text) {
            if (strchr(" \t\r\n\f;", *text) == NULL || *text == '\0') {
                return false;
            }
            after++;
        }
        text = after;
    }
    return true;
}

static bool is_text(const char *sql, size_t len, const char *wanted) {
    return len == strlen(wanted) && memcmp(sql, wanted, len) == 0;
}

/* The texts that begin_sql() answers are put into SQLite's words here, where the connection's URL is known. */
static sqlite_begin translate_begin(const rdb_backend_conn *conn, const char **sql, size_t *len) {
    sqlite_begin begin = SQLITE_BEGIN_NOT;
    if (is_text(*sql, *len, "BEGIN")) {
        begin = SQLITE_BEGIN_PLAIN;
        *sql = conn->options.txlock[0] == 'd'   ? "BEGIN DEFERRED"
               : conn->options.txlock[0] == 'e' ? "BEGIN EXCLUSIVE"
                                                : "BEGIN IMMEDIATE";
        if (conn->options.read_only) {
            *sql = "BEGIN DEFERRED"; /* a write lock cannot be had, and is not needed */
        }
    } else if (is_text(*sql, *len, "BEGIN READ ONLY")) {
        begin = SQLITE_BEGIN_READ_ONLY;
        *sql = "BEGIN DEFERRED";
    }
    if (begin != SQLITE_BEGIN_NOT) {
        *len = strlen(*sql);
    }
    return begin;
}

static rdb_code prepare(rdb_backend_conn *conn, const char *sql, size_t len, bool persistent, sqlite3_stmt **out,
                        rdb_error *err) {
    const char *tail = NULL;
    if (len > INT_MAX - 1) {
        return rdb_error_set(err, RDB_E_DATA_TOO_LONG, "the statement's text is too long");
    }
    int result = sqlite3_prepare_v3(conn->db, sql, (int)len, persistent ? SQLITE_PREPARE_PERSISTENT : 0, out, &tail);
    if (result != SQLITE_OK) {
        return rdb__sqlite_fail(conn, result, err);
    }
    if (*out == NULL) {
        return rdb_error_set(err, RDB_E_MISUSE, "the statement is empty");
    }
    if (!nothing_left(tail, sql + len)) {
        sqlite3_finalize(*out);
        *out = NULL;
        return rdb_error_set(err, RDB_E_MISUSE, "one statement at a time: there is more text after the first one");
    }
    return RDB_OK;
}

static void begin_operation(rdb_backend_conn *conn) {
    conn->deadline_passed = false;
    atomic_store_explicit(&conn->cancelled, false, memory_order_relaxed);
}

rdb_step rdb__sqlite_prepare_start(rdb_backend_conn *conn, const char *sql, size_t len, bool persistent,
                                   rdb_backend_stmt **out, rdb_error *err) {
    *out = NULL;
    rdb_backend_stmt *stmt = rdb__calloc(1, sizeof *stmt);
    if (stmt == NULL) {
        rdb_error_set(err, RDB_E_NO_MEMORY, "no memory for a statement");
        return RDB_STEP_ERROR;
    }
    begin_operation(conn);
    stmt->begin = translate_begin(conn, &sql, &len);
    if (prepare(conn, sql, len, persistent, &stmt->handle, err) != RDB_OK) {
        rdb__free(stmt);
        return RDB_STEP_ERROR;
    }
    stmt->n_params = sqlite3_bind_parameter_count(stmt->handle);
    stmt->n_columns = sqlite3_column_count(stmt->handle);
    stmt->read_only = sqlite3_stmt_readonly(stmt->handle) != 0;
    *out = stmt;
    return RDB_STEP_DONE;
}

void rdb__sqlite_close_stmt(rdb_backend_conn *conn, rdb_backend_stmt *stmt) {
    (void)conn;
    if (stmt != NULL) {
        sqlite3_finalize(stmt->handle);
        rdb__free(stmt->texts);
        rdb__free(stmt);
    }
}

/* -- execute ---------------------------------------------------------------------------------------------- */

/* The execution is over: let go of its snapshot and count what it changed. */
static int end_execution(rdb_backend_conn *conn, rdb_backend_stmt *stmt) {
    int result = sqlite3_reset(stmt->handle);
    stmt->active = stmt->row_pending = false;
    if (!stmt->read_only) {
        /* changes() keeps the last number when a statement changes no rows by itself (DDL, BEGIN). */
        stmt->affected = total_changes(conn->db) != stmt->changes_before ? changes(conn->db) : 0;
    }
    return result;
}

/* Read-only transactions forbid writes from their BEGIN to their end, however that comes about. */
static void follow_transaction(rdb_backend_conn *conn, const rdb_backend_stmt *stmt) {
    if (stmt->begin == SQLITE_BEGIN_READ_ONLY && !sqlite3_get_autocommit(conn->db)) {
        rdb__sqlite_set_query_only(conn, true);
    } else if (conn->query_only && sqlite3_get_autocommit(conn->db)) {
        rdb__sqlite_set_query_only(conn, false);
    }
}

/* Step once: DONE and ROW as they come; an error is in err. The execution has ended unless ROW. */
static rdb_step step(rdb_backend_conn *conn, rdb_backend_stmt *stmt, rdb_error *err) {
    int result = sqlite3_step(stmt->handle);
    if (result == SQLITE_ROW) {
        return RDB_STEP_ROW;
    }
    if (result == SQLITE_DONE) {
        end_execution(conn, stmt);
        if (stmt->begin != SQLITE_BEGIN_NOT || conn->query_only) {
            follow_transaction(conn, stmt);
        }
        return RDB_STEP_DONE;
    }
    rdb__sqlite_fail(conn, result, err);
    end_execution(conn, stmt);
    stmt->affected = 0;
    if (conn->query_only) {
        follow_transaction(conn, stmt);
    }
    return RDB_STEP_ERROR;
}

rdb_step rdb__sqlite_execute_start(rdb_backend_conn *conn, rdb_backend_stmt *stmt, const rdb_value *params,
                                   size_t n_params, rdb_error *err) {
    if (stmt->active) {
        rdb__sqlite_reset_stmt(conn, stmt);
    }
    if (rdb__sqlite_bind(conn, stmt, params, n_params, err) != RDB_OK) {
        return RDB_STEP_ERROR;
    }
    begin_operation(conn);
    stmt->affected = 0;
    stmt->changes_before = stmt->read_only ? 0 : total_changes(conn->db);
    stmt->active = true;
    rdb_step first = step(conn, stmt, err);
    if (first == RDB_STEP_ERROR) {
        return first;
    }
    stmt->row_pending = first == RDB_STEP_ROW;
    stmt->n_columns = sqlite3_column_count(stmt->handle); /* the first step may have prepared it anew */
    return RDB_STEP_DONE;
}

/* -- fetch ------------------------------------------------------------------------------------------------ */

/* One sqlite3_column_value() per cell and the sqlite3_value_* readers on it: half the calls of asking the
 * statement for each. The values are "unprotected": legal because this thread alone uses the connection. */
static bool fill_cells(const rdb_backend_stmt *stmt, rdb_value *cells) {
    for (int i = 0; i < stmt->n_columns; i++) {
        sqlite3_value *value = sqlite3_column_value(stmt->handle, i);
        rdb_value *cell = &cells[i];
        switch (sqlite3_value_type(value)) {
        case SQLITE_INTEGER:
            *cell = rdb_value_int64(sqlite3_value_int64(value));
            break;
        case SQLITE_FLOAT:
            *cell = rdb_value_double(sqlite3_value_double(value));
            break;
        case SQLITE_TEXT: { /* the text first: it settles the encoding, which the length depends on */
            const char *text = (const char *)sqlite3_value_text(value);
            if (text == NULL) {
                return false;
            }
            *cell = rdb_value_text(text, (size_t)sqlite3_value_bytes(value));
            break;
        }
        case SQLITE_BLOB: {
            const void *blob = sqlite3_value_blob(value);
            size_t len = (size_t)sqlite3_value_bytes(value);
            if (blob == NULL && len > 0) {
                return false;
            }
            *cell = rdb_value_bytes(blob != NULL ? blob : "", len);
            break;
        }
        default:
            *cell = rdb_value_null();
        }
    }
    return true;
}

rdb_step rdb__sqlite_fetch_start(rdb_backend_conn *conn, rdb_backend_stmt *stmt, rdb_value *cells, rdb_error *err) {
    if (stmt->row_pending) {
        stmt->row_pending = false;
    } else {
        rdb_step next = stmt->active ? step(conn, stmt, err) : RDB_STEP_DONE;
        if (next != RDB_STEP_ROW) {
            return next;
        }
    }
    if (!fill_cells(stmt, cells)) {
        rdb_error_set(err, RDB_E_NO_MEMORY, "no memory for a row");
        end_execution(conn, stmt);
        return RDB_STEP_ERROR;
    }
    return RDB_STEP_ROW;
}

void rdb__sqlite_reset_stmt(rdb_backend_conn *conn, rdb_backend_stmt *stmt) {
    if (!stmt->active) {
        return;
    }
    /* INSERT ... RETURNING that is not read to its end commits here, and may fail to. */
    int result = end_execution(conn, stmt);
    if (result != SQLITE_OK && !stmt->read_only) {
        rdb__log(RDB_LOG_WARN, "sqlite", "a statement whose rows were not all read failed: %s",
                 sqlite3_errmsg(conn->db));
    }
    if (conn->query_only) {
        follow_transaction(conn, stmt);
    }
}

int rdb__sqlite_n_columns(const rdb_backend_stmt *stmt) {
    return stmt->n_columns;
}

const char *rdb__sqlite_column_name(const rdb_backend_stmt *stmt, int column) {
    return sqlite3_column_name(stmt->handle, column);
}

int rdb__sqlite_n_params(const rdb_backend_stmt *stmt) {
    return stmt->n_params;
}

int64_t rdb__sqlite_affected(const rdb_backend_conn *conn, const rdb_backend_stmt *stmt) {
    (void)conn;
    return stmt->affected;
}

int64_t rdb__sqlite_last_insert_id(const rdb_backend_conn *conn) {
    return sqlite3_last_insert_rowid(conn->db);
}
