/* pool_state.c - herding connections between states happens here, and nowhere else.
 *
 *   CONNECTING -> LEASED <-> IDLE
 *                   |          |
 *                   +-> CLOSING <-+   -> gone
 *
 * A connection counts until its close has returned, so a server never sees more than max. */
#include <stdlib.h>

#include "../alloc.h"
#include "../clock.h"
#include "live.h"
#include "pool_state.h"

static rdb_conn_list *list_of(rdb_pool *pool, rdb_conn_state state) {
    switch (state) {
    case RDB_CONN_IDLE:
        return &pool->idle;
    case RDB_CONN_LEASED:
        return &pool->leased;
    default:
        return NULL;
    }
}

static void unlink_conn(rdb_conn_list *list, rdb_conn *conn) {
    if (conn->prev != NULL) {
        conn->prev->next = conn->next;
    } else {
        list->first = conn->next;
    }
    if (conn->next != NULL) {
        conn->next->prev = conn->prev;
    } else {
        list->last = conn->prev;
    }
}

static void link_first(rdb_conn_list *list, rdb_conn *conn) {
    conn->prev = NULL;
    conn->next = list->first;
    if (list->first != NULL) {
        list->first->prev = conn;
    } else {
        list->last = conn;
    }
    list->first = conn;
}

void rdb__pool_move(rdb_pool *pool, rdb_conn *conn, rdb_conn_state to) {
    rdb_conn_list *from_list = list_of(pool, conn->state);
    if (from_list != NULL) {
        unlink_conn(from_list, conn);
    }
    pool->n[conn->state]--;
    conn->state = to;
    pool->n[to]++;
    rdb_conn_list *to_list = list_of(pool, to);
    if (to_list != NULL) {
        link_first(to_list, conn);
    }
    if (to == RDB_CONN_IDLE && conn->expires_ns < pool->next_expiry_ns) {
        pool->next_expiry_ns = conn->expires_ns;
    }
}

void rdb__pool_adopt(rdb_pool *pool, rdb_conn *conn) {
    conn->pool = pool;
    conn->state = RDB_CONN_CONNECTING;
    rdb__pool_move(pool, conn, RDB_CONN_LEASED);
    pool->created++;
}

long rdb__pool_size(const rdb_pool *pool) {
    return pool->n[RDB_CONN_CONNECTING] + pool->n[RDB_CONN_IDLE] + pool->n[RDB_CONN_LEASED] + pool->n[RDB_CONN_CLOSING];
}

/* Idle connections are ordered by last use, so only the end of the list can have been idle for too long. */
static bool idle_too_long(const rdb_pool *pool, const rdb_conn *conn, int64_t now_ns) {
    return pool->idle_ns != RDB_NO_DEADLINE && now_ns - conn->idle_since_ns >= pool->idle_ns &&
           rdb__pool_size(pool) - pool->n[RDB_CONN_CLOSING] > pool->options.min;
}

static rdb_conn *take_out(rdb_pool *pool, rdb_conn *conn, rdb_conn *closing) {
    rdb__pool_move(pool, conn, RDB_CONN_CLOSING);
    conn->next = closing;
    return conn;
}

/* Somebody's lifetime is over: look at all, and note when the next one's is. */
static rdb_conn *take_expired(rdb_pool *pool, int64_t now_ns, rdb_conn *closing) {
    pool->next_expiry_ns = RDB_NO_DEADLINE;
    for (rdb_conn *conn = pool->idle.first, *next; conn != NULL; conn = next) {
        next = conn->next;
        if (now_ns >= conn->expires_ns) {
            closing = take_out(pool, conn, closing);
        } else if (conn->expires_ns < pool->next_expiry_ns) {
            pool->next_expiry_ns = conn->expires_ns;
        }
    }
    return closing;
}

rdb_conn *rdb__pool_take_closable(rdb_pool *pool, int64_t now_ns) {
    rdb_conn *closing = NULL;
    while (pool->idle.last != NULL && (pool->closed || idle_too_long(pool, pool->idle.last, now_ns))) {
        closing = take_out(pool, pool->idle.last, closing);
    }
    return now_ns >= pool->next_expiry_ns ? take_expired(pool, now_ns, closing) : closing;
}

static void destroy(rdb_pool *pool) {
    rdb__pool_unregister(pool);
    pthread_mutex_destroy(&pool->lock);
    if (pool->backend->unshare != NULL) {
        pool->backend->unshare(pool->shared);
    }
    rdb_url_free(pool->url);
    rdb__free(pool->name);
    rdb__free(pool);
    rdb__live_add(RDB_LIVE_POOL, -1);
}

void rdb__pool_unlock(rdb_pool *pool) {
    bool over = pool->handles == 0 && rdb__pool_size(pool) == 0;
    pthread_mutex_unlock(&pool->lock);
    if (over) {
        destroy(pool);
    }
}

void rdb__pool_close_all(rdb_pool *pool, rdb_conn *closing) {
    while (closing != NULL) {
        rdb_conn *next = closing->next;
        rdb__conn_close(closing);
        closing = next;
        pthread_mutex_lock(&pool->lock);
        pool->n[RDB_CONN_CLOSING]--;
        pool->n_closed++;
        rdb__waiters_wake(pool);
        rdb__pool_unlock(pool);
    }
}
