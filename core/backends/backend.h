/* backend.h - the contract between the core and one database's driver.
 *
 * A backend is a table of functions. Each operation that can wait is split: *_start begins it,
 * *_continue goes on when the socket is ready. Both answer an rdb_step; WAIT_* means "poll socket()
 * for this, then call *_continue". SQLite never waits. The blocking loop over poll(2), deadlines and
 * the statement cache are the caller's business (pool/conn.c), the same for every backend.
 *
 * One thread uses a connection at a time. Errors are copied into rdb_error at once. Only files under
 * core/backends/ may include a client library's header. */
#ifndef RDB_BACKEND_H
#define RDB_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../error.h"
#include "../url.h"
#include "../value.h"

typedef enum rdb_step {
    RDB_STEP_DONE,       /* finished; for fetch: no further row */
    RDB_STEP_ROW,        /* fetch: a row is in the cells */
    RDB_STEP_WAIT_READ,  /* poll for reading, then *_continue */
    RDB_STEP_WAIT_WRITE, /* poll for writing, then *_continue */
    RDB_STEP_ERROR       /* err says why; the operation is over */
} rdb_step;

/* Feature bits: callers ask for these, never for a database's name. */
typedef enum rdb_feature {
    RDB_FEATURE_RETURNING = 1 << 0,          /* INSERT ... RETURNING */
    RDB_FEATURE_TRANSACTIONAL_DDL = 1 << 1,  /* DDL rolls back */
    RDB_FEATURE_SAVEPOINTS = 1 << 2,
    RDB_FEATURE_PIPELINE = 1 << 3,           /* several statements in one round trip */
    RDB_FEATURE_LOCAL = 1 << 4,              /* in process: operations never wait */
    RDB_FEATURE_LAST_INSERT_ID = 1 << 5,     /* rdb_backend.last_insert_id works */
    RDB_FEATURE_BULK_REUSE = 1 << 6          /* fastest bulk insert: one statement, many executions */
} rdb_feature;

/* Whether the connection has a transaction open, as the database itself sees it. */
typedef enum rdb_txn_status { RDB_TXN_IDLE, RDB_TXN_OPEN, RDB_TXN_FAILED, RDB_TXN_UNKNOWN } rdb_txn_status;

typedef struct rdb_backend_conn rdb_backend_conn; /* each backend defines its own */
typedef struct rdb_backend_stmt rdb_backend_stmt; /* each backend defines its own */

/* How to begin a transaction. */
typedef struct rdb_begin_options {
    const char *isolation; /* "read uncommitted", "read committed", "repeatable read", "serializable", or NULL */
    bool read_only;
    bool deferrable;
    bool deferred; /* take no write lock at the start (SQLite: BEGIN DEFERRED instead of IMMEDIATE) */
    bool no_foreign_keys; /* do not enforce foreign keys in it (rebuilding tables on SQLite, which can only switch
                             them off before BEGIN); reset switches them on again */
} rdb_begin_options;

typedef struct rdb_backend {
    const char *name;           /* "sqlite" */
    const char *const *schemes; /* NULL-terminated URL schemes */
    unsigned features;          /* rdb_feature bits */

    /* -- connection ------------------------------------------------------------------------------ */
    /* open_start: begin to connect.
     *   shared  the value that share() answered for this pool, or NULL
     *   out     [out, own] set when the answer is not ERROR; close() it, also when it never connects */
    rdb_step (*open_start)(const rdb_url *url, void *shared, rdb_backend_conn **out, rdb_error *err);
    rdb_step (*open_continue)(rdb_backend_conn *conn, rdb_error *err);
    /* close: free everything; NULL allowed; never blocks for the network. All statements are closed before. */
    void (*close)(rdb_backend_conn *conn);
    /* share / unshare: what all connections of one pool have in common (an in-memory database's name);
     * may be NULL. check the URL's options here: RDB_E_CONFIG names a bad one. */
    rdb_code (*share)(const rdb_url *url, void **out, rdb_error *err);
    void (*unshare)(void *shared);
    int (*socket)(const rdb_backend_conn *conn);            /* file descriptor to poll, -1 when it never waits */
    rdb_step (*ping_start)(rdb_backend_conn *conn, rdb_error *err);
    rdb_step (*ping_continue)(rdb_backend_conn *conn, rdb_error *err);
    /* reset: make it as new for the next borrower: roll back, end open statements, undo session settings. */
    rdb_step (*reset_start)(rdb_backend_conn *conn, rdb_error *err);
    rdb_step (*reset_continue)(rdb_backend_conn *conn, rdb_error *err);
    rdb_txn_status (*txn_status)(const rdb_backend_conn *conn);
    /* cancel: stop the running statement; the only function that another thread may call. */
    void (*cancel)(rdb_backend_conn *conn);
    /* set_deadline: monotonic ns after which the running statement must stop by itself (local backends;
     * others answer through the caller's poll loop). RDB_NO_DEADLINE: none. */
    void (*set_deadline)(rdb_backend_conn *conn, int64_t deadline_ns);
    long (*limit_params)(const rdb_backend_conn *conn);     /* most parameters of one statement */

    /* -- statements ------------------------------------------------------------------------------ */
    /* prepare: sql is borrowed for the operation. Exactly one statement; trailing text is an error.
     *   persistent  it will be cached (a hint)
     *   out         [out, own] set on DONE; close_stmt() it */
    rdb_step (*prepare_start)(rdb_backend_conn *conn, const char *sql, size_t len, bool persistent,
                              rdb_backend_stmt **out, rdb_error *err);
    rdb_step (*prepare_continue)(rdb_backend_conn *conn, rdb_backend_stmt **out, rdb_error *err);
    void (*close_stmt)(rdb_backend_conn *conn, rdb_backend_stmt *stmt);
    /* execute: bind params (borrowed until reset_stmt) and start. DONE: fetch may be called.
     * A wrong number of parameters is RDB_E_MISUSE. */
    rdb_step (*execute_start)(rdb_backend_conn *conn, rdb_backend_stmt *stmt, const rdb_value *params, size_t n_params,
                              rdb_error *err);
    rdb_step (*execute_continue)(rdb_backend_conn *conn, rdb_backend_stmt *stmt, rdb_error *err);
    /* fetch: ROW fills cells[0 .. n_columns-1], borrowed until the next call on this statement; DONE: no more. */
    rdb_step (*fetch_start)(rdb_backend_conn *conn, rdb_backend_stmt *stmt, rdb_value *cells, rdb_error *err);
    rdb_step (*fetch_continue)(rdb_backend_conn *conn, rdb_backend_stmt *stmt, rdb_value *cells, rdb_error *err);
    /* reset_stmt: end the execution, drop what is left of the result; the statement can run again. */
    void (*reset_stmt)(rdb_backend_conn *conn, rdb_backend_stmt *stmt);
    int (*n_columns)(const rdb_backend_stmt *stmt);         /* may change with the schema: ask after execute */
    const char *(*column_name)(const rdb_backend_stmt *stmt, int column);
    int (*n_params)(const rdb_backend_stmt *stmt);
    int64_t (*affected)(const rdb_backend_conn *conn, const rdb_backend_stmt *stmt); /* rows changed by the last run */
    int64_t (*last_insert_id)(const rdb_backend_conn *conn);

    /* -- transaction texts ----------------------------------------------------------------------- */
    /* begin_sql: the statements (NULL-terminated list of at most 4) that begin a transaction with these
     * options; RDB_E_UNSUPPORTED names an option that this database has not. Texts are static. */
    rdb_code (*begin_sql)(const rdb_begin_options *options, const char *statements[5], rdb_error *err);

    /* stale: after execute answered ERROR: a schema change made the prepared statement unusable, nothing ran,
     * and preparing it again will do. NULL: never (the database prepares again by itself). */
    bool (*stale)(const rdb_backend_conn *conn, const rdb_backend_stmt *stmt);
} rdb_backend;

/* rdb__backends_own_process - the process is ours, not a host's: let client libraries do without what only other users
 * of theirs could want. Before the first connection; once. */
void rdb__backends_own_process(void);
/* rdb__backend_find - the backend for a URL scheme.
 * Returns RDB_OK; RDB_E_UNSUPPORTED "this build of rdb has no PostgreSQL support: ..." for a known scheme
 * left out of the build; RDB_E_CONFIG for an unknown scheme, listing the known ones. */
RDB_NODISCARD rdb_code rdb__backend_find(const char *scheme, const rdb_backend **out, rdb_error *err);

extern const rdb_backend rdb_backend_sqlite;
extern const rdb_backend rdb_backend_fake;

#endif
