/* pool_waiters.c - callers that wait for a connection, oldest first.
 *
 * Strict first-come-first-served convoys (a context switch for each hand-over), free-for-all starves: so
 * a newcomer may pass while nobody has waited longer than a millisecond; after that connections are handed
 * to the oldest waiter directly. A woken waiter stays in the queue until it has taken something. */
#include <string.h>
#include <time.h>

#include "../clock.h"
#include "pool_state.h"

static rdb_code prepare_wake(rdb_waiter *waiter, rdb_error *err) {
    pthread_condattr_t attributes;
    int failed = pthread_condattr_init(&attributes);
    if (failed == 0) {
        failed = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        if (failed == 0) {
            failed = pthread_cond_init(&waiter->wake, &attributes);
        }
        pthread_condattr_destroy(&attributes);
    }
    if (failed != 0) {
        return rdb_error_set(err, RDB_E_NO_MEMORY, "cannot wait for a connection: %s", strerror(failed));
    }
    waiter->ready = true;
    return RDB_OK;
}

rdb_code rdb__waiters_enter(rdb_pool *pool, rdb_waiter *waiter, rdb_error *err) {
    if (!waiter->ready) {
        rdb_code code = prepare_wake(waiter, err);
        if (code != RDB_OK) {
            return code;
        }
        waiter->since_ns = rdb__clock_ns();
    }
    rdb_waiter *before = pool->newest;
    while (before != NULL && before->since_ns > waiter->since_ns) {
        before = before->prev;
    }
    waiter->prev = before;
    waiter->next = before != NULL ? before->next : pool->oldest;
    if (waiter->prev != NULL) {
        waiter->prev->next = waiter;
    } else {
        pool->oldest = waiter;
    }
    if (waiter->next != NULL) {
        waiter->next->prev = waiter;
    } else {
        pool->newest = waiter;
    }
    waiter->queued = true;
    pool->n_waiters++;
    return RDB_OK;
}

void rdb__waiters_leave(rdb_pool *pool, rdb_waiter *waiter) {
    if (!waiter->queued) {
        return;
    }
    if (waiter->prev != NULL) {
        waiter->prev->next = waiter->next;
    } else {
        pool->oldest = waiter->next;
    }
    if (waiter->next != NULL) {
        waiter->next->prev = waiter->prev;
    } else {
        pool->newest = waiter->prev;
    }
    waiter->queued = false;
    pool->n_waiters--;
}

void rdb__waiters_end(rdb_waiter *waiter) {
    if (waiter->ready) {
        pthread_cond_destroy(&waiter->wake);
        waiter->ready = false;
    }
}

bool rdb__waiters_wait(rdb_pool *pool, rdb_waiter *waiter, int64_t deadline_ns) {
    if (deadline_ns == RDB_NO_DEADLINE) {
        pthread_cond_wait(&waiter->wake, &pool->lock);
        return true;
    }
    struct timespec until = {
        .tv_sec = (time_t)(deadline_ns / 1000000000),
        .tv_nsec = (long)(deadline_ns % 1000000000),
    };
    return pthread_cond_timedwait(&waiter->wake, &pool->lock, &until) == 0;
}

void rdb__waiters_wake(rdb_pool *pool) {
    if (pool->oldest != NULL && (pool->idle.first != NULL || rdb__pool_size(pool) < pool->options.max)) {
        pthread_cond_signal(&pool->oldest->wake);
    }
}

void rdb__waiters_wake_all(rdb_pool *pool) {
    for (rdb_waiter *waiter = pool->oldest; waiter != NULL; waiter = waiter->next) {
        pthread_cond_signal(&waiter->wake);
    }
}

bool rdb__waiters_may_pass(const rdb_pool *pool, const rdb_waiter *self) {
    const rdb_waiter *oldest = pool->oldest;
    return oldest == NULL || oldest == self || rdb__clock_ns() - oldest->since_ns < RDB_BARGING_NS;
}

bool rdb__waiters_hand_over(rdb_pool *pool, rdb_conn *conn, int64_t now_ns) {
    rdb_waiter *oldest = pool->oldest;
    if (oldest == NULL || now_ns - oldest->since_ns < RDB_BARGING_NS) {
        return false;
    }
    rdb__waiters_leave(pool, oldest);
    oldest->granted = conn;
    pthread_cond_signal(&oldest->wake);
    return true;
}
