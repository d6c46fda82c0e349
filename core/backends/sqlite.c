/* sqlite.c - the SQLite backend's table of functions. It works in process: no operation ever waits, so no
 * *_continue is ever called.
 *
 * Transactions. SQLite has one isolation level, serializable, which is at least what every other level
 * asks for. BEGIN is translated when it is prepared, where the URL's txlock is known. */
#include <string.h>

#include "sqlite_backend.h"

static rdb_step never_connecting(rdb_backend_conn *conn, rdb_error *err) {
    (void)conn;
    rdb_error_set(err, RDB_E_MISUSE, "SQLite never waits: there is nothing to continue");
    return RDB_STEP_ERROR;
}

static rdb_step never_preparing(rdb_backend_conn *conn, rdb_backend_stmt **out, rdb_error *err) {
    *out = NULL;
    return never_connecting(conn, err);
}

static rdb_step never_executing(rdb_backend_conn *conn, rdb_backend_stmt *stmt, rdb_error *err) {
    (void)stmt;
    return never_connecting(conn, err);
}

static rdb_step never_fetching(rdb_backend_conn *conn, rdb_backend_stmt *stmt, rdb_value *cells, rdb_error *err) {
    (void)cells;
    return never_executing(conn, stmt, err);
}

static int no_socket(const rdb_backend_conn *conn) {
    (void)conn;
    return -1;
}

static rdb_code begin_sql(const rdb_begin_options *options, const char *statements[5], rdb_error *err) {
    static const char *const levels[] = {"serializable", "repeatable read", "read committed", "read uncommitted"};
    bool known = options->isolation == NULL;
    for (size_t i = 0; !known && i < sizeof levels / sizeof *levels; i++) {
        known = strcmp(options->isolation, levels[i]) == 0;
    }
    if (!known) {
        rdb_error_set(err, RDB_E_UNSUPPORTED, "SQLite has no isolation level '%.40s'", options->isolation);
        rdb_error_hint(err, "transactions of SQLite are always serializable");
        return RDB_E_UNSUPPORTED;
    }
    /* deferrable: a read-only transaction of SQLite never waits for, nor disturbs, a writer. */
    size_t n = 0;
    if (options->no_foreign_keys) {
        statements[n++] = "PRAGMA foreign_keys=OFF";
    }
    statements[n++] = options->read_only ? "BEGIN READ ONLY" : options->deferred ? "BEGIN DEFERRED" : "BEGIN";
    statements[n] = NULL;
    return RDB_OK;
}

static const char *const schemes[] = {"sqlite", NULL};

const rdb_backend rdb_backend_sqlite = {
    .name = "sqlite",
    .schemes = schemes,
    .features = RDB_FEATURE_RETURNING | RDB_FEATURE_TRANSACTIONAL_DDL | RDB_FEATURE_SAVEPOINTS | RDB_FEATURE_LOCAL |
                RDB_FEATURE_LAST_INSERT_ID | RDB_FEATURE_BULK_REUSE,
    .open_start = rdb__sqlite_open_start,
    .open_continue = never_connecting,
    .close = rdb__sqlite_close,
    .share = rdb__sqlite_share,
    .unshare = rdb__sqlite_unshare,
    .socket = no_socket,
    .ping_start = rdb__sqlite_ping_start,
    .ping_continue = never_connecting,
    .reset_start = rdb__sqlite_reset_start,
    .reset_continue = never_connecting,
    .txn_status = rdb__sqlite_txn_status,
    .cancel = rdb__sqlite_cancel,
    .set_deadline = rdb__sqlite_set_deadline,
    .limit_params = rdb__sqlite_limit_params,
    .prepare_start = rdb__sqlite_prepare_start,
    .prepare_continue = never_preparing,
    .close_stmt = rdb__sqlite_close_stmt,
    .execute_start = rdb__sqlite_execute_start,
    .execute_continue = never_executing,
    .fetch_start = rdb__sqlite_fetch_start,
    .fetch_continue = never_fetching,
    .reset_stmt = rdb__sqlite_reset_stmt,
    .n_columns = rdb__sqlite_n_columns,
    .column_name = rdb__sqlite_column_name,
    .n_params = rdb__sqlite_n_params,
    .affected = rdb__sqlite_affected,
    .last_insert_id = rdb__sqlite_last_insert_id,
    .begin_sql = begin_sql,
};
