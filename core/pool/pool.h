/* pool.h - connections, lent to any thread.
 *
 * Connect, close and validate happen outside the lock; one function moves a connection between
 * states; no callback and no Lua runs under the lock. A lease is returned once. Reference counts, not
 * teardown order, decide lifetime: the pool's memory lives as long as its last lease or handle.
 *
 * There is no background thread: idle_timeout and max_lifetime are enforced when a connection is acquired
 * or released, so a pool that nobody uses keeps its idle connections, and a pool below min grows back only
 * on demand. After fork() the child's pools forget the parent's connections and start anew. */
#ifndef RDB_POOL_H
#define RDB_POOL_H

#include <stdint.h>

#include "conn.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rdb_pool rdb_pool;

/* Initialise with rdb_pool_options_init(). In a URL the names carry the prefix pool_ (?pool_max=20).
 * All durations are seconds. */
typedef struct rdb_pool_options {
    long max;                  /* most connections; default 10 (in-memory SQLite: always 1) */
    long min;                  /* kept open; default 0 */
    double acquire_timeout;    /* wait for a connection, connecting included; default 5 */
    double create_timeout;     /* one connect; default 5 */
    double idle_timeout;       /* close after this long unused; 0 never; default 600 */
    double max_lifetime;       /* close after this age; 0 never; < 0 (the default): 1800, local backends 0 */
    double lifetime_jitter;    /* fraction by which a connection's lifetime is shortened at random; default 0.2 */
    double test_after_idle;    /* ping before lending if unused for longer; default 1; local backends: never */
    long max_waiters;          /* refuse (pool_exhausted) beyond; 0 unlimited; default 0 */
    bool fifo;                 /* lend the longest idle first; default false (last used first) */
    long statement_cache_size; /* prepared statements a connection; default 256 */
    const char *name;          /* borrowed for the call; for messages; default "default" */
} rdb_pool_options;

RDB_API void rdb_pool_options_init(rdb_pool_options *options);

/* rdb_pool_open - make a pool; opens no connection unless min > 0 (then one failing fails the open).
 *   url      borrowed; its pool_* options override options
 *   options  borrowed, NULL for defaults
 *   out      [out, own] NULL on failure; rdb_pool_close() then rdb_pool_unref()
 * Returns RDB_OK, RDB_E_CONFIG (names the option), RDB_E_UNSUPPORTED, RDB_E_NO_MEMORY, connect errors. */
RDB_API RDB_NODISCARD rdb_code rdb_pool_open(const char *url, const rdb_pool_options *options, rdb_pool **out,
                                             rdb_error *err);
RDB_API rdb_pool *rdb_pool_ref(rdb_pool *pool); /* returns pool. Threads any */
RDB_API void rdb_pool_unref(rdb_pool *pool);    /* NULL allowed; the last one closes and frees */

/* rdb_pool_close - refuse new acquires (pool_closed), wake waiters, close idle connections; leased ones
 * close when released. Idempotent. Threads any. */
RDB_API void rdb_pool_close(rdb_pool *pool);

/* rdb_pool_acquire - lease one connection, oldest waiter first (a newcomer may pass while nobody has waited
 * longer than a millisecond).
 *   timeout   seconds; < 0: the pool's acquire_timeout; 0: do not wait for other borrowers, but connect if
 *             there is room (create_timeout applies)
 *   out       [out, lease] NULL on failure; rdb_conn_release()
 * Returns RDB_OK, RDB_E_POOL_TIMEOUT (says max, idle, in use, waiting, and the last connect error),
 * RDB_E_POOL_EXHAUSTED, RDB_E_POOL_CLOSED, RDB_E_CONNECTION_FAILED, RDB_E_NO_MEMORY.
 * Blocks up to timeout.  Threads any. */
RDB_API RDB_NODISCARD rdb_code rdb_pool_acquire(rdb_pool *pool, double timeout, rdb_conn **out, rdb_error *err);

/* rdb_conn_release - give the lease back: ends open queries, rolls back an open transaction, resets session settings
 * if a statement may have changed some (PRAGMA, SET ...), closes a broken or expired connection, wakes the next waiter.
 * NULL allowed, cannot fail. */
RDB_API void rdb_conn_release(rdb_conn *conn);

/* rdb_pool_try_acquire - the fast path for hot single statements: an idle healthy connection
 * without waiting, or NULL (then use rdb_pool_acquire). Never fails, never blocks. */
RDB_API rdb_conn *rdb_pool_try_acquire(rdb_pool *pool);

typedef struct rdb_pool_stats {
    long max, size, idle, in_use, waiters;
    uint64_t acquires, timeouts, created, closed;
} rdb_pool_stats;
RDB_API void rdb_pool_get_stats(rdb_pool *pool, rdb_pool_stats *out);

RDB_API const rdb_backend *rdb_pool_backend(const rdb_pool *pool);
RDB_API const char *rdb_pool_name(const rdb_pool *pool);          /* borrowed */
RDB_API const char *rdb_pool_printable_url(const rdb_pool *pool); /* password masked; borrowed */
RDB_API const char *rdb_pool_database(const rdb_pool *pool);      /* file or database name; borrowed; may be NULL */

#ifdef __cplusplus
}
#endif
#endif
