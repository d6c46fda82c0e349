/* pool_fork.c - what fork() does to pools.
 *
 * A connection cannot be shared by two processes: the child would speak on the parent's socket, and SQLite
 * forbids to carry a handle over. So in the child every pool forgets its connections: sockets are closed
 * without a goodbye, handles are neither used nor closed. The locks are taken around fork(), so the child
 * finds the pools in order. Owns the process's list of pools. */
#include <unistd.h>

#include "live.h"
#include "pool_state.h"

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static rdb_pool *registry;  /* guarded by registry_lock */
static rdb_conn *forgotten; /* the parent's idle connections: kept reachable, never touched */
static pthread_once_t hooked = PTHREAD_ONCE_INIT;

static void before_fork(void) {
    pthread_mutex_lock(&registry_lock);
    for (rdb_pool *pool = registry; pool != NULL; pool = pool->registry_next) {
        pthread_mutex_lock(&pool->lock);
    }
}

static void after_fork_in_parent(void) {
    for (rdb_pool *pool = registry; pool != NULL; pool = pool->registry_next) {
        pthread_mutex_unlock(&pool->lock);
    }
    pthread_mutex_unlock(&registry_lock);
}

static void make_foreign(rdb_conn *conn) {
    int fd = conn->backend->socket(conn->raw);
    if (fd >= 0) {
        close(fd);
    }
    conn->health = RDB_CONN_FOREIGN;
}

/* Leased connections stay with their borrower, whose release frees what is ours. */
static void forget_connections(rdb_pool *pool) {
    for (rdb_conn *conn = pool->leased.first, *next; conn != NULL; conn = next) {
        next = conn->next;
        make_foreign(conn);
    }
    for (rdb_conn *conn = pool->idle.first, *next; conn != NULL; conn = next) {
        next = conn->next;
        make_foreign(conn);
        rdb__live_add(RDB_LIVE_CONNECTION, -1);
        rdb__live_add(RDB_LIVE_STATEMENT, -(long)rdb__statement_cache_count(conn->statements));
        conn->next = forgotten;
        forgotten = conn;
    }
    pool->leased = (rdb_conn_list){NULL, NULL};
    pool->idle = (rdb_conn_list){NULL, NULL};
    pool->oldest = pool->newest = NULL; /* the threads that waited do not exist here */
    pool->n_waiters = 0;
    for (int state = 0; state < RDB_N_CONN_STATES; state++) {
        pool->n[state] = 0;
    }
}

static void after_fork_in_child(void) {
    for (rdb_pool *pool = registry; pool != NULL; pool = pool->registry_next) {
        forget_connections(pool);
    }
    after_fork_in_parent();
}

static void hook_fork(void) {
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

void rdb__pool_register(rdb_pool *pool) {
    pthread_once(&hooked, hook_fork);
    pthread_mutex_lock(&registry_lock);
    pool->registry_prev = NULL;
    pool->registry_next = registry;
    if (registry != NULL) {
        registry->registry_prev = pool;
    }
    registry = pool;
    pthread_mutex_unlock(&registry_lock);
}

void rdb__pool_unregister(rdb_pool *pool) {
    pthread_mutex_lock(&registry_lock);
    if (pool->registry_prev != NULL) {
        pool->registry_prev->registry_next = pool->registry_next;
    } else if (registry == pool) {
        registry = pool->registry_next;
    }
    if (pool->registry_next != NULL) {
        pool->registry_next->registry_prev = pool->registry_prev;
    }
    pthread_mutex_unlock(&registry_lock);
}
