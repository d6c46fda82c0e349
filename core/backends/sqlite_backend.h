/* sqlite_backend.h - what the files of the SQLite backend share. Private to core/backends/sqlite*.c.
 *
 * Connections are opened with SQLITE_OPEN_NOMUTEX: one thread at a time uses one, which the pool's lease
 * guarantees; only cancel() may come from another thread. */
#ifndef RDB_SQLITE_BACKEND_H
#define RDB_SQLITE_BACKEND_H

#include <locale.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "backend.h"

/* rdb__sqlite_own_process - SQLite counts the bytes it has in use, under a lock for each allocation, a tenth of the time
 * of an INSERT. Nobody asks in rdb-lua; a library must leave that to its host. Too late, it does nothing. */
void rdb__sqlite_own_process(void);

/* The options of a SQLite URL, checked. */
typedef struct sqlite_options {
    double busy_timeout;      /* seconds to wait for another connection's lock */
    const char *journal_mode; /* static text */
    const char *synchronous;  /* static text */
    const char *txlock;       /* static text: what a plain BEGIN becomes */
    bool foreign_keys;
    bool read_only; /* mode=ro */
    bool create;    /* mode=rwc */
    bool immutable;
    bool memory; /* in-memory database */
    bool has_cache_size;
    long cache_size; /* pages, or -KiB */
    long mmap_size;  /* bytes */
} sqlite_options;

/* What the connections of one pool share. */
typedef struct sqlite_shared {
    sqlite_options options;
    sqlite3 *keeper;      /* keeps an in-memory database alive between connections, else NULL */
    char memory_name[96]; /* its URI, else "" */
} sqlite_shared;

struct rdb_backend_conn {
    sqlite3 *db;
    sqlite_options options;
    char *file;            /* as in the URL; for messages */
    int64_t deadline_ns;   /* of the running statement */
    int64_t busy_since_ns; /* when the current wait for a lock began */
    bool deadline_passed;  /* the running statement was stopped by its deadline */
    bool query_only;       /* inside a read-only transaction */
    atomic_bool cancelled; /* set by cancel() on any thread; cleared when a statement starts */
    locale_t utf8;         /* for regular expressions; made at first use, (locale_t)0 before */
};

/* What a statement's text means to the connection. */
typedef enum sqlite_begin { SQLITE_BEGIN_NOT, SQLITE_BEGIN_PLAIN, SQLITE_BEGIN_READ_ONLY } sqlite_begin;

struct rdb_backend_stmt {
    sqlite3_stmt *handle;
    int n_params;
    int n_columns; /* as of the last execution */
    sqlite_begin begin;
    bool active;            /* stepped and not reset */
    bool row_pending;       /* the first step's row waits for fetch */
    bool read_only;         /* changes nothing */
    int64_t affected;       /* rows changed by the last execution */
    int64_t changes_before; /* total changes of the connection when it began */
    char (*texts)[40];      /* room for formatted parameters, n_params of them; made at first use */
};

/* -- sqlite_options.c */
/* rdb__sqlite_options_read - check all options of url; RDB_E_CONFIG names a bad one. */
RDB_NODISCARD rdb_code rdb__sqlite_options_read(const rdb_url *url, sqlite_options *out, rdb_error *err);

/* -- sqlite_error.c */
/* rdb__sqlite_fail - turn what the connection's last call said (result: its extended code) into err. */
rdb_code rdb__sqlite_fail(rdb_backend_conn *conn, int result, rdb_error *err);
/* rdb__sqlite_fail_open - why the database cannot be opened: names the file and the reason. db may be NULL. */
rdb_code rdb__sqlite_fail_open(sqlite3 *db, const char *file, const sqlite_options *options, int result,
                               rdb_error *err);

/* -- sqlite_functions.c */
/* rdb__sqlite_register - add our collation and functions; a SQLite result code. */
int rdb__sqlite_register(rdb_backend_conn *conn);
/* -- sqlite_decimal.c */
/* rdb__sqlite_register_decimals - the decimal part of it; flags for sqlite3_create_function_v2(). */
int rdb__sqlite_register_decimals(sqlite3 *db, int flags);
/* rdb__sqlite_register_decimals - the part of it that sqlite_decimal.c has; flags as for sqlite3_create_function. */
int rdb__sqlite_register_decimals(sqlite3 *db, int flags);

/* -- sqlite_open.c */
rdb_code rdb__sqlite_share(const rdb_url *url, void **out, rdb_error *err);
void rdb__sqlite_unshare(void *shared);
rdb_step rdb__sqlite_open_start(const rdb_url *url, void *shared, rdb_backend_conn **out, rdb_error *err);
void rdb__sqlite_close(rdb_backend_conn *conn);

/* -- sqlite_session.c */
/* rdb__sqlite_busy - the busy handler: wait a little for the lock unless timeout, deadline or cancel say no. */
int rdb__sqlite_busy(void *conn, int attempts);
rdb_step rdb__sqlite_ping_start(rdb_backend_conn *conn, rdb_error *err);
rdb_step rdb__sqlite_reset_start(rdb_backend_conn *conn, rdb_error *err);
rdb_txn_status rdb__sqlite_txn_status(const rdb_backend_conn *conn);
void rdb__sqlite_cancel(rdb_backend_conn *conn);
void rdb__sqlite_set_deadline(rdb_backend_conn *conn, int64_t deadline_ns);
long rdb__sqlite_limit_params(const rdb_backend_conn *conn);
/* rdb__sqlite_set_query_only - forbid or allow writes. */
void rdb__sqlite_set_query_only(rdb_backend_conn *conn, bool on);

/* -- sqlite_bind.c */
/* rdb__sqlite_bind - bind all parameters; params are borrowed until the statement is reset. */
RDB_NODISCARD rdb_code rdb__sqlite_bind(rdb_backend_conn *conn, rdb_backend_stmt *stmt, const rdb_value *params,
                                        size_t n_params, rdb_error *err);

/* -- sqlite_statement.c */
rdb_step rdb__sqlite_prepare_start(rdb_backend_conn *conn, const char *sql, size_t len, bool persistent,
                                   rdb_backend_stmt **out, rdb_error *err);
void rdb__sqlite_close_stmt(rdb_backend_conn *conn, rdb_backend_stmt *stmt);
rdb_step rdb__sqlite_execute_start(rdb_backend_conn *conn, rdb_backend_stmt *stmt, const rdb_value *params,
                                   size_t n_params, rdb_error *err);
rdb_step rdb__sqlite_fetch_start(rdb_backend_conn *conn, rdb_backend_stmt *stmt, rdb_value *cells, rdb_error *err);
void rdb__sqlite_reset_stmt(rdb_backend_conn *conn, rdb_backend_stmt *stmt);
int rdb__sqlite_n_columns(const rdb_backend_stmt *stmt);
const char *rdb__sqlite_column_name(const rdb_backend_stmt *stmt, int column);
int rdb__sqlite_n_params(const rdb_backend_stmt *stmt);
int64_t rdb__sqlite_affected(const rdb_backend_conn *conn, const rdb_backend_stmt *stmt);
int64_t rdb__sqlite_last_insert_id(const rdb_backend_conn *conn);

#endif
