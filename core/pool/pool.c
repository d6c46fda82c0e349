/* pool.c - opening, sharing and closing a pool. Lending is pool_lend.c. */
#include "pool.h"

#include <string.h>

#include "../alloc.h"
#include "../clock.h"
#include "live.h"
#include "pool_state.h"

static int64_t ns_of(double seconds) {
    return seconds > 0 && seconds < 1e9 ? (int64_t)(seconds * 1e9) : RDB_NO_DEADLINE;
}

/* Everything but connections. On failure the caller frees what is set. */
static rdb_code configure(rdb_pool *pool, const char *url, const rdb_pool_options *options, rdb_error *err) {
    rdb_code code = rdb_url_parse(url, &pool->url, err);
    if (code == RDB_OK) {
        code = rdb__backend_find(pool->url->scheme, &pool->backend, err);
    }
    if (code == RDB_OK) {
        code = rdb__pool_options_read(pool->url, options, &pool->options, err);
    }
    if (code != RDB_OK) {
        return code;
    }
    pool->local = (pool->backend->features & RDB_FEATURE_LOCAL) != 0;
    pool->one_only = pool->local && pool->url->path != NULL && strcmp(pool->url->path, ":memory:") == 0;
    rdb__pool_options_settle(&pool->options, pool->local, pool->one_only);
    pool->idle_ns = ns_of(pool->options.idle_timeout);
    pool->retest_ns = pool->local ? RDB_NO_DEADLINE : ns_of(pool->options.test_after_idle);
    if (!pool->local && pool->options.test_after_idle == 0) {
        pool->retest_ns = 0; /* always */
    }
    pool->aged = !pool->local || pool->options.max_lifetime > 0;
    pool->name = rdb__strndup(pool->options.name, strlen(pool->options.name));
    if (pool->name == NULL) {
        return rdb_error_set(err, RDB_E_NO_MEMORY, "no memory for a pool");
    }
    pool->options.name = pool->name;
    return pool->backend->share != NULL ? pool->backend->share(pool->url, &pool->shared, err) : RDB_OK;
}

static rdb_code open_minimum(rdb_pool *pool, rdb_error *err) {
    for (long i = 0; i < pool->options.min; i++) {
        rdb_conn *conn = NULL;
        pthread_mutex_lock(&pool->lock);
        pool->n[RDB_CONN_CONNECTING]++;
        pthread_mutex_unlock(&pool->lock);
        rdb_code code = rdb__pool_connect(pool, RDB_NO_DEADLINE, 0, &conn, err);
        if (code != RDB_OK) {
            return code;
        }
        pthread_mutex_lock(&pool->lock);
        pool->acquires--;
        rdb__pool_move(pool, conn, RDB_CONN_IDLE);
        pthread_mutex_unlock(&pool->lock);
    }
    return RDB_OK;
}

rdb_code rdb_pool_open(const char *url, const rdb_pool_options *options, rdb_pool **out, rdb_error *err) {
    rdb_error ignored;
    if (err == NULL) {
        err = &ignored;
    }
    *out = NULL;
    rdb_pool *pool = rdb__calloc(1, sizeof *pool);
    if (pool == NULL) {
        return rdb_error_set(err, RDB_E_NO_MEMORY, "no memory for a pool");
    }
    rdb_code code = configure(pool, url, options, err);
    if (code == RDB_OK && pthread_mutex_init(&pool->lock, NULL) != 0) {
        code = rdb_error_set(err, RDB_E_NO_MEMORY, "no memory for a pool's lock");
        if (pool->backend->unshare != NULL) {
            pool->backend->unshare(pool->shared);
        }
    }
    if (code != RDB_OK) {
        rdb_url_free(pool->url);
        rdb__free(pool->name);
        rdb__free(pool);
        return code;
    }
    pool->handles = 1;
    pool->next_expiry_ns = RDB_NO_DEADLINE;
    rdb__live_add(RDB_LIVE_POOL, 1);
    rdb__pool_register(pool);
    code = open_minimum(pool, err);
    if (code != RDB_OK) {
        rdb_pool_unref(pool);
        return code;
    }
    *out = pool;
    return RDB_OK;
}

rdb_pool *rdb_pool_ref(rdb_pool *pool) {
    pthread_mutex_lock(&pool->lock);
    pool->handles++;
    pthread_mutex_unlock(&pool->lock);
    return pool;
}

/* Refuse new acquires; returns the idle connections, which are to be closed. Caller holds the lock. */
static rdb_conn *shut(rdb_pool *pool) {
    pool->closed = true;
    rdb__waiters_wake_all(pool);
    return rdb__pool_take_closable(pool, rdb__clock_ns());
}

void rdb_pool_unref(rdb_pool *pool) {
    if (pool == NULL) {
        return;
    }
    pthread_mutex_lock(&pool->lock);
    pool->handles--;
    rdb_conn *closing = pool->handles == 0 ? shut(pool) : NULL;
    if (closing == NULL) {
        rdb__pool_unlock(pool);
        return;
    }
    pthread_mutex_unlock(&pool->lock); /* those that close keep the pool alive */
    rdb__pool_close_all(pool, closing);
}

void rdb_pool_close(rdb_pool *pool) {
    if (pool == NULL) {
        return;
    }
    pthread_mutex_lock(&pool->lock);
    rdb_conn *closing = shut(pool);
    pthread_mutex_unlock(&pool->lock);
    rdb__pool_close_all(pool, closing);
}

void rdb_pool_get_stats(rdb_pool *pool, rdb_pool_stats *out) {
    pthread_mutex_lock(&pool->lock);
    *out = (rdb_pool_stats){
        .max = pool->options.max,
        .size = rdb__pool_size(pool),
        .idle = pool->n[RDB_CONN_IDLE],
        .in_use = pool->n[RDB_CONN_LEASED],
        .waiters = pool->n_waiters,
        .acquires = pool->acquires,
        .timeouts = pool->timeouts,
        .created = pool->created,
        .closed = pool->n_closed,
    };
    pthread_mutex_unlock(&pool->lock);
}

const rdb_backend *rdb_pool_backend(const rdb_pool *pool) {
    return pool->backend;
}

const char *rdb_pool_name(const rdb_pool *pool) {
    return pool->name;
}

const char *rdb_pool_printable_url(const rdb_pool *pool) {
    return pool->url->printable;
}

const char *rdb_pool_database(const rdb_pool *pool) {
    return pool->url->path;
}
