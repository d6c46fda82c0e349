/* conn.h - one connection of a pool: the backend's connection, its prepared statements, its state.
 *
 * Leans on the backend interface and the statement cache. Owns the blocking loop over poll(2) that
 * drives every backend's start / continue pairs. One thread uses a connection at a time: the one that
 * holds its lease. */
#ifndef RDB_CONN_H
#define RDB_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../backends/backend.h"
#include "../error.h"
#include "../value.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rdb_conn rdb_conn; /* a lease: what rdb_pool_acquire() lends */
typedef struct rdb_stmt rdb_stmt; /* a prepared statement of one connection */

/* A statement being run. Lives in the caller's memory and stays where it is; initialise with
 * rdb_query_start(), always end with rdb_query_finish(). Read its members, do not write them. After ERROR
 * the statement is given back already. Releasing the lease ends its open queries: they answer MISUSE. */
typedef struct rdb_query {
    rdb_conn *conn;      /* borrowed */
    rdb_stmt *stmt;      /* borrowed from the connection; NULL before prepared and after finish */
    rdb_value *cells;    /* the current row, n_columns of them; borrowed until the next step */
    int n_columns;       /* known after the first DONE */
    int64_t deadline_ns; /* of the whole statement; RDB_NO_DEADLINE */
    const char *sql;     /* borrowed for the query's life */
    size_t sql_len;
    uint64_t sql_hash;
    const rdb_value *params; /* borrowed until finish */
    size_t n_params;
    int phase;               /* private */
    bool own_stmt;           /* private: not cached, closed by finish */
    bool prepared_again;     /* private: a stale statement was replaced once */
    struct rdb_query *newer; /* private: neighbours in the connection's list of open queries, */
    struct rdb_query *older; /* so do not copy or move a query that is open */
} rdb_query;

/* rdb_query_start - prepare (or find prepared) and execute.
 *   conn       borrowed, leased by this thread
 *   sql        borrowed until finish, len bytes, one statement
 *   hash       rdb__sql_hash(sql, len), or 0 to have it computed
 *   params     borrowed until finish, n_params of them
 *   deadline   monotonic ns (clock.h), RDB_NO_DEADLINE
 * Answers DONE when executed, WAIT_* when rdb_query_continue() must follow, ERROR.
 * A statement that is made stale by a schema change is prepared again once, unseen.
 * Blocks never (SQLite: for as long as the database works).  Threads: the lease holder. */
RDB_API rdb_step rdb_query_start(rdb_query *query, rdb_conn *conn, const char *sql, size_t len, uint64_t hash,
                                 const rdb_value *params, size_t n_params, int64_t deadline, rdb_error *err);
/* rdb_query_start_once - the same for a statement that will not come again (DDL): it does not use the statement cache,
 * so it pushes nothing out of it. */
RDB_API rdb_step rdb_query_start_once(rdb_query *query, rdb_conn *conn, const char *sql, size_t len,
                                      const rdb_value *params, size_t n_params, int64_t deadline, rdb_error *err);
RDB_API rdb_step rdb_query_continue(rdb_query *query, rdb_error *err);
/* rdb_query_next - fetch a row: ROW (cells are filled), DONE, WAIT_*, ERROR. */
RDB_API rdb_step rdb_query_next(rdb_query *query, rdb_error *err);
/* rdb_query_again - execute the same statement once more with other parameters (bulk inserts);
 * the previous execution is over. Same answers as start. */
RDB_API rdb_step rdb_query_again(rdb_query *query, const rdb_value *params, size_t n_params, rdb_error *err);
/* rdb_query_wait - block on poll(2) until step is no longer WAIT_*; a passed deadline cancels the statement
 * and answers ERROR with RDB_E_STATEMENT_TIMEOUT (a server that does not stop in 0.1 s loses its connection; a
 * statement that just finished is answered as finished). Returns DONE, ROW or ERROR. */
RDB_API rdb_step rdb_query_wait(rdb_query *query, rdb_step step, rdb_error *err);
/* rdb_query_finish - end the execution; the statement goes back to the cache. Idempotent, cannot fail. */
RDB_API void rdb_query_finish(rdb_query *query);

/* rdb_query_affected - rows changed by the last execution; rdb_query_last_insert_id - its generated key. */
RDB_API int64_t rdb_query_affected(const rdb_query *query);
RDB_API int64_t rdb_query_last_insert_id(const rdb_query *query);
/* rdb_query_column_name - borrowed until finish; 0-based. */
RDB_API const char *rdb_query_column_name(const rdb_query *query, int column);

/* rdb_conn_exec - run a statement to its end, dropping rows. Blocks.
 *   affected  [out, optional]
 * Returns RDB_OK or what the database said. */
RDB_API RDB_NODISCARD rdb_code rdb_conn_exec(rdb_conn *conn, const char *sql, const rdb_value *params, size_t n_params,
                                             int64_t *affected, rdb_error *err);

/* What a connection is and how it does. */
RDB_API const rdb_backend *rdb_conn_backend(const rdb_conn *conn);
RDB_API const char *rdb_conn_id(const rdb_conn *conn);            /* uuid text; borrowed */
RDB_API rdb_txn_status rdb_conn_txn_status(const rdb_conn *conn); /* as the database sees it */
RDB_API long rdb_conn_limit_params(const rdb_conn *conn);
/* rdb_conn_cancel - stop the running statement. Threads any, while the caller keeps the lease alive. */
RDB_API void rdb_conn_cancel(rdb_conn *conn);
/* rdb_conn_invalidate - never to be used again: release closes it. soft: only once it is released. */
RDB_API void rdb_conn_invalidate(rdb_conn *conn, bool soft);
RDB_API bool rdb_conn_valid(const rdb_conn *conn);
/* rdb_conn_reset - back to a new connection's state (rolls back). Blocks. */
RDB_API RDB_NODISCARD rdb_code rdb_conn_reset(rdb_conn *conn, rdb_error *err);

/* -- for the pool only ------------------------------------------------------------------------- */
/* rdb__conn_open - connect. Blocks up to deadline. */
RDB_NODISCARD rdb_code rdb__conn_open(const rdb_backend *backend, const rdb_url *url, void *shared,
                                      size_t statement_cache_size, int64_t deadline, rdb_conn **out, rdb_error *err);
RDB_NODISCARD rdb_code rdb__conn_ping(rdb_conn *conn, int64_t deadline, rdb_error *err);
/* rdb__conn_close - close statements and connection, free. NULL allowed, cannot fail. */
void rdb__conn_close(rdb_conn *conn);

/* Live objects of the process, for the leak gates of tests. */
typedef struct rdb_live {
    long connections, statements, leases, pools, transactions;
} rdb_live;
RDB_API rdb_live rdb_live_counts(void);

#ifdef __cplusplus
}
#endif
#endif
