/* pool_lend.c - lending connections and taking them back.
 *
 * Acquire has a fast path (lock, pop an idle connection, unlock) and a slow one that waits, validates or
 * connects, the latter two outside the lock. Release judges the connection once, in one place. */
#include <stdio.h>

#include "../clock.h"
#include "../log.h"
#include "live.h"
#include "pool_state.h"

/* One call of rdb_pool_acquire() that did not get a connection at once. */
typedef struct request {
    double timeout_s;
    int64_t deadline_ns;
    uint64_t generation; /* the pool's when the connection was taken */
    rdb_waiter waiter;
} request;

static int64_t earlier(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* -- with the lock held -------------------------------------------------------------------------- */

static rdb_conn *next_idle(const rdb_pool *pool) {
    return pool->options.fifo ? pool->idle.last : pool->idle.first;
}

static void lease(rdb_pool *pool, rdb_conn *conn) {
    rdb__pool_move(pool, conn, RDB_CONN_LEASED);
    conn->owner = pthread_self();
    pool->acquires++;
}

/* True when conn may be lent without a look at it. */
static bool is_fresh(const rdb_pool *pool, const rdb_conn *conn, uint64_t generation, int64_t now_ns) {
    return conn->generation == generation &&
           (!pool->aged || (now_ns < conn->expires_ns && now_ns - conn->idle_since_ns < pool->retest_ns));
}

static const char *own_leases_hint(const rdb_pool *pool) {
    for (const rdb_conn *conn = pool->leased.first; conn != NULL; conn = conn->next) {
        if (!pthread_equal(conn->owner, pthread_self())) {
            return NULL;
        }
    }
    if (pool->leased.first == NULL) {
        return NULL;
    }
    return pool->one_only ? "an in-memory database has one connection, and this thread holds it: end its transaction "
                            "or give the lease back first"
                          : "this thread holds all of them itself: give one back first, or raise pool_max";
}

static rdb_code say_timeout(rdb_pool *pool, const request *wish, rdb_error *err) {
    char limit[48] = "is free";
    if (wish->timeout_s > 0) {
        snprintf(limit, sizeof limit, "became free within %g s", wish->timeout_s);
    }
    bool tell_connect = pool->last_connect.code != RDB_OK;
    rdb_error_set(err, RDB_E_POOL_TIMEOUT,
                  "pool \"%s\": no connection %s (max %ld, idle %ld, in use %ld, waiting %ld)%s%s", pool->name, limit,
                  pool->options.max, pool->n[RDB_CONN_IDLE], pool->n[RDB_CONN_LEASED], pool->n_waiters,
                  tell_connect ? "; last connect error: " : "", tell_connect ? pool->last_connect.message : "");
    const char *hint = own_leases_hint(pool);
    if (hint != NULL) {
        rdb_error_hint(err, "%s", hint);
    }
    pool->timeouts++;
    return RDB_E_POOL_TIMEOUT;
}

static rdb_code say_closed(const rdb_pool *pool, rdb_error *err) {
    return rdb_error_set(err, RDB_E_POOL_CLOSED, "pool \"%s\" is closed", pool->name);
}

static rdb_code join_queue(rdb_pool *pool, request *wish, rdb_error *err) {
    if (wish->timeout_s == 0) {
        return say_timeout(pool, wish, err);
    }
    if (pool->options.max_waiters > 0 && pool->n_waiters >= pool->options.max_waiters && !wish->waiter.ready) {
        return rdb_error_set(err, RDB_E_POOL_EXHAUSTED,
                             "pool \"%s\": %ld callers wait for a connection already, no more are let in (max %ld, "
                             "max_waiters %ld)",
                             pool->name, pool->n_waiters, pool->options.max, pool->options.max_waiters);
    }
    return rdb__waiters_enter(pool, &wish->waiter, err);
}

/* Wait until there is an idle connection (leased then: *conn) or room for a new one (counted then: *conn NULL). */
static rdb_code wait_turn(rdb_pool *pool, request *wish, rdb_conn **conn, rdb_error *err) {
    rdb_waiter *self = &wish->waiter;
    bool late = false;
    for (;;) {
        if (self->granted != NULL) {
            *conn = self->granted;
            self->granted = NULL;
            (*conn)->owner = pthread_self();
            pool->acquires++;
            return RDB_OK;
        }
        if (pool->closed) {
            return say_closed(pool, err);
        }
        if (rdb__waiters_may_pass(pool, self)) {
            *conn = next_idle(pool);
            if (*conn != NULL) {
                lease(pool, *conn);
                return RDB_OK;
            }
            if (!late && rdb__pool_size(pool) < pool->options.max) {
                pool->n[RDB_CONN_CONNECTING]++;
                return RDB_OK;
            }
        }
        if (late) {
            return say_timeout(pool, wish, err);
        }
        if (!self->queued) {
            rdb_code code = join_queue(pool, wish, err);
            if (code != RDB_OK) {
                return code;
            }
            continue; /* one that queues again may be the oldest now, and have a right to what is free */
        }
        late = !rdb__waiters_wait(pool, self, wish->deadline_ns);
    }
}

/* -- outside the lock ---------------------------------------------------------------------------- */

static rdb_code take_turn(rdb_pool *pool, request *wish, rdb_conn **conn, rdb_error *err) {
    *conn = NULL;
    pthread_mutex_lock(&pool->lock);
    rdb_conn *closing = rdb__pool_take_closable(pool, rdb__clock_ns());
    if (closing != NULL) {
        pthread_mutex_unlock(&pool->lock);
        rdb__pool_close_all(pool, closing);
        pthread_mutex_lock(&pool->lock);
    }
    rdb_code code = wait_turn(pool, wish, conn, err);
    wish->generation = pool->generation;
    rdb__waiters_leave(pool, &wish->waiter);
    rdb__waiters_wake(pool); /* pass on a wake-up that was meant for the oldest */
    pthread_mutex_unlock(&pool->lock);
    return code;
}

static void give_up(rdb_pool *pool, rdb_conn *conn) {
    pthread_mutex_lock(&pool->lock);
    if (conn->health == RDB_CONN_LOST) {
        pool->generation++;
    }
    pool->acquires--;
    rdb__pool_move(pool, conn, RDB_CONN_CLOSING);
    conn->next = NULL;
    pthread_mutex_unlock(&pool->lock);
    rdb__pool_close_all(pool, conn);
}

/* False: the connection was too old or did not answer, and is closed. */
static bool is_fit(rdb_pool *pool, rdb_conn *conn, const request *wish) {
    int64_t now = rdb__clock_ns();
    if (is_fresh(pool, conn, wish->generation, now)) {
        return true;
    }
    rdb_error why;
    int64_t deadline = pool->local ? RDB_NO_DEADLINE : rdb__deadline_in(RDB_HOUSEKEEPING_SECONDS);
    if (now < conn->expires_ns && rdb__conn_ping(conn, deadline, &why) == RDB_OK) {
        conn->generation = wish->generation;
        return true;
    }
    give_up(pool, conn);
    return false;
}

/* When a connection dies of old age: jitter spreads those that were opened together. */
static int64_t expiry(const rdb_pool *pool, const rdb_conn *conn, int64_t now_ns) {
    const rdb_pool_options *options = &pool->options;
    if (options->max_lifetime <= 0) {
        return RDB_NO_DEADLINE;
    }
    double shortened = options->lifetime_jitter * ((double)conn->random / 4294967296.0);
    double seconds = options->max_lifetime * (1.0 - shortened);
    return seconds < 1e9 ? now_ns + (int64_t)(seconds * 1e9) : RDB_NO_DEADLINE;
}

static void connect_failed(rdb_pool *pool, const rdb_error *err) {
    pthread_mutex_lock(&pool->lock);
    pool->n[RDB_CONN_CONNECTING]--;
    pool->last_connect = *err;
    if (rdb_code_fatal(err->code)) {
        pool->generation++;
    }
    rdb__waiters_wake(pool);
    pthread_mutex_unlock(&pool->lock);
}

rdb_code rdb__pool_connect(rdb_pool *pool, int64_t deadline_ns, uint64_t generation, rdb_conn **out, rdb_error *err) {
    const rdb_pool_options *options = &pool->options;
    int64_t deadline = earlier(deadline_ns, rdb__deadline_in(options->create_timeout));
    rdb_conn *conn = NULL;
    rdb_code code = rdb__conn_open(pool->backend, pool->url, pool->shared, (size_t)options->statement_cache_size,
                                   deadline, &conn, err);
    if (code != RDB_OK) {
        connect_failed(pool, err);
        return code;
    }
    int64_t now = rdb__clock_ns();
    conn->generation = generation;
    conn->expires_ns = expiry(pool, conn, now);
    conn->idle_since_ns = now;
    conn->owner = pthread_self();
    pthread_mutex_lock(&pool->lock);
    rdb__pool_adopt(pool, conn);
    pool->last_connect.code = RDB_OK;
    bool closed = pool->closed;
    if (closed) {
        rdb__pool_move(pool, conn, RDB_CONN_CLOSING);
        conn->next = NULL;
        say_closed(pool, err);
    } else {
        pool->acquires++;
    }
    pthread_mutex_unlock(&pool->lock);
    if (closed) {
        rdb__pool_close_all(pool, conn);
        return RDB_E_POOL_CLOSED;
    }
    *out = conn;
    return RDB_OK;
}

/* While this caller's connect failed, another's connection may have come back. */
static bool has_idle(rdb_pool *pool) {
    pthread_mutex_lock(&pool->lock);
    bool found = pool->idle.first != NULL && !pool->closed;
    pthread_mutex_unlock(&pool->lock);
    return found;
}

static rdb_code serve(rdb_pool *pool, request *wish, rdb_conn **out, rdb_error *err) {
    for (;;) {
        rdb_conn *conn = NULL;
        rdb_code code = take_turn(pool, wish, &conn, err);
        if (code != RDB_OK) {
            return code;
        }
        if (conn != NULL) {
            if (is_fit(pool, conn, wish)) {
                *out = conn;
                return RDB_OK;
            }
            continue;
        }
        int64_t deadline = wish->timeout_s == 0 ? RDB_NO_DEADLINE : wish->deadline_ns;
        code = rdb__pool_connect(pool, deadline, wish->generation, out, err);
        if (code == RDB_OK || code == RDB_E_POOL_CLOSED || !has_idle(pool)) {
            return code;
        }
    }
}

rdb_conn *rdb_pool_try_acquire(rdb_pool *pool) {
    int64_t now = pool->aged ? rdb__clock_ns() : 0;
    pthread_mutex_lock(&pool->lock);
    rdb_conn *conn = next_idle(pool);
    if (conn != NULL && is_fresh(pool, conn, pool->generation, now) && rdb__waiters_may_pass(pool, NULL)) {
        lease(pool, conn);
    } else {
        conn = NULL;
    }
    pthread_mutex_unlock(&pool->lock);
    if (conn != NULL) {
        rdb__live_add(RDB_LIVE_LEASE, 1);
    }
    return conn;
}

rdb_code rdb_pool_acquire(rdb_pool *pool, double timeout, rdb_conn **out, rdb_error *err) {
    *out = rdb_pool_try_acquire(pool);
    if (*out != NULL) {
        return RDB_OK;
    }
    rdb_error ignored;
    if (err == NULL) {
        err = &ignored;
    }
    request wish = {.timeout_s = timeout < 0 ? pool->options.acquire_timeout : timeout};
    wish.deadline_ns = rdb__deadline_in(wish.timeout_s);
    rdb_code code = serve(pool, &wish, out, err);
    rdb__waiters_end(&wish.waiter);
    if (code == RDB_OK) {
        rdb__live_add(RDB_LIVE_LEASE, 1);
    }
    return code;
}

/* -- taking back --------------------------------------------------------------------------------- */

/* Leave nothing of the borrower behind: no running statement, no open transaction, no session setting. */
static void clean(rdb_conn *conn) {
    if (conn->open != NULL) {
        rdb__conn_end_queries(conn);
    }
    if (conn->health == RDB_CONN_HEALTHY && (conn->dirty || conn->backend->txn_status(conn->raw) != RDB_TXN_IDLE)) {
        rdb_error why;
        if (rdb_conn_reset(conn, &why) != RDB_OK) {
            rdb__log(RDB_LOG_WARN, "pool", "pool \"%s\": a connection could not be reset and is closed: %s",
                     conn->pool->name, why.message);
        }
    }
}

void rdb_conn_release(rdb_conn *conn) {
    if (conn == NULL) {
        return;
    }
    if (conn->health == RDB_CONN_FOREIGN) { /* the pool of this process knows it no more */
        rdb__conn_close(conn);
        rdb__live_add(RDB_LIVE_LEASE, -1);
        return;
    }
    clean(conn);
    rdb_pool *pool = conn->pool;
    int64_t now = rdb__clock_ns();
    rdb__live_add(RDB_LIVE_LEASE, -1);
    pthread_mutex_lock(&pool->lock);
    bool keep = conn->health == RDB_CONN_HEALTHY && now < conn->expires_ns && !pool->closed;
    if (keep) {
        conn->idle_since_ns = now;
        if (!rdb__waiters_hand_over(pool, conn, now)) {
            rdb__pool_move(pool, conn, RDB_CONN_IDLE);
            rdb__waiters_wake(pool);
        }
    } else {
        pool->generation += conn->health == RDB_CONN_LOST;
        rdb__pool_move(pool, conn, RDB_CONN_CLOSING);
    }
    rdb_conn *closing = rdb__pool_take_closable(pool, now);
    if (!keep) {
        conn->next = closing;
        closing = conn;
    }
    if (closing == NULL) {
        rdb__pool_unlock(pool);
        return;
    }
    pthread_mutex_unlock(&pool->lock); /* those that close keep the pool alive */
    rdb__pool_close_all(pool, closing);
}
