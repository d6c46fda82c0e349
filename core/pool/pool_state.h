/* pool_state.h - what a pool is made of, for the files of core/pool/ only.
 *
 * pool.c opens and closes it, pool_lend.c lends and takes back, pool_waiters.c queues callers,
 * pool_state.c moves connections between states, pool_options.c reads options, pool_fork.c is for fork().
 * Invariant: when a connection is idle or there is room for one, and somebody waits, then the
 * oldest waiter has been woken. */
#ifndef RDB_POOL_STATE_H
#define RDB_POOL_STATE_H

#include <pthread.h>

#include "../url.h"
#include "conn_internal.h"
#include "pool.h"

/* Nobody passes a waiter that has waited longer than this. */
#define RDB_BARGING_NS 1000000

/* A caller inside rdb_pool_acquire() that found nothing; lives on its stack. Guarded by the pool's lock. */
typedef struct rdb_waiter {
    pthread_cond_t wake; /* CLOCK_MONOTONIC */
    rdb_conn *granted;   /* handed over by a release; the waiter is out of the queue then */
    int64_t since_ns;    /* when it first queued: it keeps its place when it must queue again */
    struct rdb_waiter *prev;
    struct rdb_waiter *next;
    bool queued;
    bool ready; /* wake is initialised */
} rdb_waiter;

typedef struct rdb_conn_list {
    rdb_conn *first; /* idle: last used */
    rdb_conn *last;  /* idle: unused for longest */
} rdb_conn_list;

struct rdb_pool {
    pthread_mutex_t lock;

    /* -- guarded by lock -- */
    long handles;              /* references of callers; leases are counted in n[] */
    bool closed;               /* no more acquires */
    long n[RDB_N_CONN_STATES]; /* connections per state; their sum is the pool's size */
    rdb_conn_list idle;        /* RDB_CONN_IDLE */
    rdb_conn_list leased;      /* RDB_CONN_LEASED */
    rdb_waiter *oldest;        /* queue of waiters */
    rdb_waiter *newest;
    long n_waiters;
    uint64_t acquires, timeouts, created, n_closed;
    int64_t next_expiry_ns; /* no idle connection's lifetime ends before */
    uint64_t generation;    /* grows with each connection-class failure */
    rdb_error last_connect; /* RDB_OK after a successful connect */

    /* -- set by open, constant -- */
    rdb_pool_options options; /* checked; name is the pool's own */
    const rdb_backend *backend;
    rdb_url *url;      /* owned */
    void *shared;      /* owned: backend->unshare() */
    char *name;        /* owned */
    bool local;        /* the backend never waits */
    bool one_only;     /* in-memory database: one connection, for ever */
    bool aged;         /* acquire must look at the clock: remote, or lifetimes are limited */
    int64_t idle_ns;   /* options.idle_timeout; RDB_NO_DEADLINE: never */
    int64_t retest_ns; /* options.test_after_idle; RDB_NO_DEADLINE: never */

    /* -- the process's list of pools, guarded by pool_fork.c's lock -- */
    rdb_pool *registry_prev;
    rdb_pool *registry_next;
};

/* -- pool_options.c ------------------------------------------------------------------------------ */
/* rdb__pool_options_read - merge defaults, given and the URL's pool_* options; check them all.
 * Returns RDB_OK, RDB_E_CONFIG naming the option. out->name is borrowed from given. */
RDB_NODISCARD rdb_code rdb__pool_options_read(const rdb_url *url, const rdb_pool_options *given, rdb_pool_options *out,
                                              rdb_error *err);

/* rdb__pool_options_settle - fill in what depends on the backend; an in-memory database has one connection that
 * is never closed, because closing it is losing the data. */
void rdb__pool_options_settle(rdb_pool_options *options, bool local, bool one_only);

/* -- pool_state.c: all with the lock held -------------------------------------------------------- */
/* rdb__pool_move - the only function that changes a connection's state and list. */
void rdb__pool_move(rdb_pool *pool, rdb_conn *conn, rdb_conn_state to);
/* rdb__pool_adopt - a connection that was counted as CONNECTING exists now and is leased. */
void rdb__pool_adopt(rdb_pool *pool, rdb_conn *conn);
/* rdb__pool_size - connections in any state. */
long rdb__pool_size(const rdb_pool *pool);
/* rdb__pool_take_closable - move the idle connections that are too old, unused for too long or not wanted
 * any more to CLOSING and return them, linked by next. Takes back NULL mostly. */
rdb_conn *rdb__pool_take_closable(rdb_pool *pool, int64_t now_ns);
/* rdb__pool_unlock - release the lock; frees the pool if this was the end of it. Do not touch it after. */
void rdb__pool_unlock(rdb_pool *pool);
/* rdb__pool_close_all - NOT holding the lock: close connections in state CLOSING (linked by next), then tell the
 * waiters that there is room. May free the pool unless the caller holds a handle or a lease. */
void rdb__pool_close_all(rdb_pool *pool, rdb_conn *closing);

/* -- pool_waiters.c: all with the lock held ------------------------------------------------------ */
/* rdb__waiters_enter - queue by age. Returns RDB_OK or RDB_E_NO_MEMORY when the system has no more condition
 * variables. */
RDB_NODISCARD rdb_code rdb__waiters_enter(rdb_pool *pool, rdb_waiter *waiter, rdb_error *err);
void rdb__waiters_leave(rdb_pool *pool, rdb_waiter *waiter); /* no-op when not queued */
/* rdb__waiters_end - free what the waiter holds; it is out of the queue. */
void rdb__waiters_end(rdb_waiter *waiter);
/* rdb__waiters_wait - sleep until woken. false: the deadline passed. May wake for no reason. */
bool rdb__waiters_wait(rdb_pool *pool, rdb_waiter *waiter, int64_t deadline_ns);
/* rdb__waiters_wake - wake the oldest if there is something for it. */
void rdb__waiters_wake(rdb_pool *pool);
void rdb__waiters_wake_all(rdb_pool *pool);
/* rdb__waiters_may_pass - self (NULL: a newcomer) may take what is free: nobody is before it, or nobody has
 * waited for long. */
bool rdb__waiters_may_pass(const rdb_pool *pool, const rdb_waiter *self);
/* rdb__waiters_hand_over - give a leased connection to the oldest waiter if it has waited for long. */
bool rdb__waiters_hand_over(rdb_pool *pool, rdb_conn *conn, int64_t now_ns);

/* -- pool_lend.c --------------------------------------------------------------------------------- */
/* rdb__pool_connect - NOT holding the lock, one CONNECTING counted for it: open a connection and lease it.
 *   generation  the pool's when it was counted
 * On failure it is counted no more. */
RDB_NODISCARD rdb_code rdb__pool_connect(rdb_pool *pool, int64_t deadline_ns, uint64_t generation, rdb_conn **out,
                                         rdb_error *err);

/* -- pool_fork.c: NOT holding a pool's lock ------------------------------------------------------ */
void rdb__pool_register(rdb_pool *pool);
void rdb__pool_unregister(rdb_pool *pool);

#endif
