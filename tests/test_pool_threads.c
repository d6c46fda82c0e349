/* The pool under many threads: nothing is lent twice, nobody is forgotten, all is counted. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "pool_fixture.h"

#define THREADS 8

typedef struct crowd {
    rdb_pool *pool;
    long rounds;
    double timeout;
    long most; /* connections at the same time */
    atomic_long holding;
    atomic_long served;
    atomic_long timed_out;
    atomic_long refused;  /* pool_closed, pool_exhausted */
    atomic_long unlucky;  /* connect or statement errors */
    atomic_long too_many; /* times more than most were held */
    atomic_long slowest_us;
} crowd;

typedef struct fixture {
    baseline before;
    rdb_fake *fake;
} fixture;

static fixture shared;

static int start(void **state) {
    shared = (fixture){.before = take_baseline()};
    shared.fake = open_script("crowd");
    rdb_log_set(NULL, NULL, RDB_LOG_ERROR);
    *state = &shared;
    return 0;
}

static int stop(void **state) {
    fixture *f = *state;
    rdb_fake_close(f->fake);
    assert_baseline(&f->before);
    return 0;
}

static void run_crowd(crowd *c, void *(*body)(void *)) {
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, body, c), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
}

static rdb_pool_stats stats_of(rdb_pool *pool) {
    rdb_pool_stats stats;
    rdb_pool_get_stats(pool, &stats);
    return stats;
}

/* Nobody uses the pool any more: its numbers must agree with the database's and the crowd's. */
static void assert_settled(const crowd *c, rdb_fake *fake) {
    rdb_pool_stats stats = stats_of(c->pool);
    assert_int_equal(stats.in_use, 0);
    assert_int_equal(stats.waiters, 0);
    assert_int_equal(stats.size, stats.idle);
    assert_int_equal(stats.created - stats.closed, stats.idle);
    assert_int_equal(stats.acquires, c->served);
    assert_int_equal(stats.timeouts, c->timed_out);
    assert_int_equal(c->too_many, 0);
    rdb_fake_stats seen;
    rdb_fake_get_stats(fake, &seen);
    assert_int_equal(seen.open, stats.idle);
}

static bool enter(crowd *c, rdb_conn **conn, rdb_error *err) {
    int64_t then = rdb__clock_ns();
    rdb_code code = rdb_pool_acquire(c->pool, c->timeout, conn, err);
    long us = (long)((rdb__clock_ns() - then) / 1000);
    for (long most = c->slowest_us; us > most && !atomic_compare_exchange_weak(&c->slowest_us, &most, us);) {
    }
    switch (code) {
    case RDB_OK:
        c->served++;
        if (++c->holding > c->most) {
            c->too_many++;
        }
        return true;
    case RDB_E_POOL_TIMEOUT:
        c->timed_out++;
        return false;
    case RDB_E_POOL_CLOSED:
    case RDB_E_POOL_EXHAUSTED:
        c->refused++;
        return false;
    default:
        c->unlucky++;
        return false;
    }
}

static void leave(crowd *c, rdb_conn *conn) {
    c->holding--;
    rdb_conn_release(conn);
}

/* -- bodies -------------------------------------------------------------------------------------- */

static void *borrow(void *context) {
    crowd *c = context;
    rdb_error err;
    for (long i = 0; i < c->rounds; i++) {
        rdb_conn *conn = NULL;
        if (enter(c, &conn, &err)) {
            leave(c, conn);
        }
    }
    return NULL;
}

static void *work(void *context) {
    crowd *c = context;
    rdb_error err;
    for (long i = 0; i < c->rounds; i++) {
        rdb_conn *conn = NULL;
        if (enter(c, &conn, &err)) {
            if (rdb_conn_exec(conn, "work", NULL, 0, NULL, &err) != RDB_OK) {
                c->unlucky++;
            }
            leave(c, conn);
        }
    }
    return NULL;
}

static void *transact(void *context) {
    crowd *c = context;
    rdb_error err;
    for (long i = 0; i < c->rounds; i++) {
        rdb_txn *txn = NULL;
        if (rdb_txn_begin(c->pool, NULL, &txn, &err) != RDB_OK ||
            rdb_conn_exec(rdb_txn_conn(txn), "UPDATE t SET a = a + 1", NULL, 0, NULL, &err) != RDB_OK ||
            rdb_txn_commit(txn, &err) != RDB_OK) {
            c->unlucky++;
        } else {
            c->served++;
        }
        rdb_txn_free(txn);
    }
    return NULL;
}

/* -- tests --------------------------------------------------------------------------------------- */

static void many_threads_share_few_connections(void **state) {
    fixture *f = *state;
    crowd c = {.pool = open_pool("fake://crowd?pool_max=3"), .rounds = 5000, .timeout = 30, .most = 3};
    run_crowd(&c, borrow);
    assert_int_equal(c.served, THREADS * 5000);
    assert_settled(&c, f->fake);
    assert_true(stats_of(c.pool).created <= 3);
    close_pool(c.pool);
}

static void statements_run_on_leases_of_all_threads(void **state) {
    fixture *f = *state;
    crowd c = {.pool = open_pool("fake://crowd?pool_max=3"), .rounds = 1000, .timeout = 30, .most = 3};
    run_crowd(&c, work);
    assert_int_equal(c.served, THREADS * 1000);
    assert_int_equal(c.unlucky, 0);
    assert_settled(&c, f->fake);
    assert_int_equal(times_done(f->fake, RDB_FAKE_EXECUTE), THREADS * 1000);
    close_pool(c.pool);
}

static void nobody_starves(void **state) {
    fixture *f = *state;
    push(f->fake, (rdb_fake_answer){.sql = "work", .wait_ms = 1, .times = RDB_FAKE_FOREVER});
    crowd c = {.pool = open_pool("fake://crowd?pool_max=2"), .rounds = 60, .timeout = 30, .most = 2};
    run_crowd(&c, work);
    assert_int_equal(c.served, THREADS * 60);
    assert_settled(&c, f->fake);
    /* Six others wait in front of me, two are served each 1 ms or so; the rest is for a busy machine. */
    assert_true(c.slowest_us < 500000);
    close_pool(c.pool);
}

static void short_timeouts_are_counted(void **state) {
    fixture *f = *state;
    crowd c = {.pool = open_pool("fake://crowd?pool_max=2"), .rounds = 1000, .timeout = 0.000002, .most = 2};
    rdb_conn_release(lease_of(c.pool)); /* one exists: connecting would take longer than the timeout */
    c.served = 1;
    run_crowd(&c, borrow);
    assert_int_equal(c.served + c.timed_out + c.unlucky, THREADS * 1000 + 1);
    assert_settled(&c, f->fake);
    close_pool(c.pool);
}

static void failures_leave_the_accounts_straight(void **state) {
    fixture *f = *state;
    push(f->fake, (rdb_fake_answer){.op = RDB_FAKE_CONNECT, .after = 2, .times = 40, .code = RDB_E_CONNECTION_FAILED});
    for (int i = 0; i < 30; i++) {
        push(f->fake, (rdb_fake_answer){.sql = "work", .after = 20, .code = RDB_E_CONNECTION_LOST});
        push(f->fake, (rdb_fake_answer){.sql = "work", .after = 20, .wait_ms = 1});
        push(f->fake, (rdb_fake_answer){.op = RDB_FAKE_PING, .after = 2, .code = RDB_E_CONNECTION_LOST, .wait_ms = 1});
    }
    crowd c = {.pool = open_pool("fake://crowd?pool_max=3"), .rounds = 500, .timeout = 30, .most = 3};
    run_crowd(&c, work);
    assert_int_equal(c.timed_out, 0);
    assert_true(c.slowest_us < 10000000); /* nobody was saved by his timeout */
    assert_true(c.unlucky > 0 && c.served > 0);
    assert_settled(&c, f->fake);
    close_pool(c.pool);
}

static void *close_soon(void *pool) {
    usleep(50000);
    rdb_pool_close(pool);
    return NULL;
}

static void closing_wakes_those_who_wait(void **state) {
    fixture *f = *state;
    crowd c = {.pool = open_pool("fake://crowd?pool_max=1"), .rounds = 1, .timeout = 30, .most = 1};
    rdb_conn *conn = lease_of(c.pool);
    pthread_t closer;
    assert_int_equal(pthread_create(&closer, NULL, close_soon, c.pool), 0);
    int64_t then = rdb__clock_ns();
    run_crowd(&c, borrow);
    assert_true(seconds_since(then) < 5);
    pthread_join(closer, NULL);
    assert_int_equal(c.refused, THREADS);
    rdb_conn_release(conn);
    c.served = 1;
    assert_settled(&c, f->fake);
    rdb_pool_unref(c.pool);
}

static void closing_beats_a_connect_under_way(void **state) {
    fixture *f = *state;
    push(f->fake, (rdb_fake_answer){.op = RDB_FAKE_CONNECT, .wait_ms = 150, .times = RDB_FAKE_FOREVER});
    crowd c = {.pool = open_pool("fake://crowd?pool_max=2"), .rounds = 1, .timeout = 30, .most = 2};
    pthread_t closer;
    assert_int_equal(pthread_create(&closer, NULL, close_soon, c.pool), 0);
    run_crowd(&c, borrow);
    pthread_join(closer, NULL);
    assert_int_equal(c.refused, THREADS);
    assert_settled(&c, f->fake);
    rdb_pool_unref(c.pool);
}

static void too_many_waiters_are_refused(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    crowd c = {.pool = open_pool("fake://crowd?pool_max=1&pool_max_waiters=3"), .rounds = 1, .timeout = 0.2, .most = 1};
    rdb_conn *conn = lease_of(c.pool);
    run_crowd(&c, borrow);
    assert_int_equal(c.timed_out, 3);
    assert_int_equal(c.refused, THREADS - 3);
    rdb_conn_release(conn);
    c.served = 1;
    assert_settled(&c, f->fake);
    close_pool(c.pool);
    (void)err;
}

typedef struct arrival {
    rdb_pool *pool;
    atomic_int *next_place;
    int place; /* when it was served */
} arrival;

static void *arrive(void *context) {
    arrival *self = context;
    rdb_error err;
    rdb_conn *conn = NULL;
    if (rdb_pool_acquire(self->pool, 30, &conn, &err) == RDB_OK) {
        self->place = atomic_fetch_add(self->next_place, 1);
        rdb_conn_release(conn);
    }
    return NULL;
}

static void waiters_are_served_in_order(void **state) {
    (void)state;
    rdb_pool *pool = open_pool("fake://crowd?pool_max=1");
    rdb_conn *conn = lease_of(pool);
    atomic_int next_place = 0;
    arrival arrivals[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        arrivals[i] = (arrival){.pool = pool, .next_place = &next_place, .place = -1};
        assert_int_equal(pthread_create(&threads[i], NULL, arrive, &arrivals[i]), 0);
        while (stats_of(pool).waiters <= i) { /* it queues before the next one comes */
            usleep(200);
        }
    }
    usleep(3000); /* all have waited for longer than a millisecond: no passing any more */
    assert_null(rdb_pool_try_acquire(pool));
    rdb_conn_release(conn);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(arrivals[i].place, i);
    }
    close_pool(pool);
}

static void *connect_in_vain(void *pool) {
    rdb_error err;
    rdb_conn *conn = NULL;
    for (int i = 0; i < 2; i++) {
        rdb_code code = rdb_pool_acquire(pool, 5, &conn, &err);
        if (code != RDB_E_CONNECTION_FAILED) {
            return (void *)1;
        }
    }
    return NULL;
}

static void a_timeout_tells_why_connecting_fails(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    push(f->fake, (rdb_fake_answer){.op = RDB_FAKE_CONNECT, .code = RDB_E_CONNECTION_FAILED, .message = "too many"});
    push(f->fake, (rdb_fake_answer){.op = RDB_FAKE_CONNECT, .code = RDB_E_CONNECTION_FAILED, .wait_ms = 400});
    rdb_pool *pool = open_pool("fake://crowd?pool_max=1");
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, connect_in_vain, pool), 0);
    while (times_done(f->fake, RDB_FAKE_CONNECT) < 2) { /* the second try is under way */
        usleep(200);
    }
    rdb_conn *conn = NULL;
    assert_int_equal(rdb_pool_acquire(pool, 0.02, &conn, &err), RDB_E_POOL_TIMEOUT);
    assert_string_equal(err.message, "pool \"default\": no connection became free within 0.02 s "
                                     "(max 1, idle 0, in use 0, waiting 1); last connect error: too many");
    assert_string_equal(err.hint, "");
    void *wrong = NULL;
    pthread_join(thread, &wrong);
    assert_null(wrong);
    close_pool(pool);
}

/* A failed connect must wake a waiter, or it would sleep beside an empty place. */
static void a_failed_connect_wakes_the_next(void **state) {
    fixture *f = *state;
    push(f->fake, (rdb_fake_answer){.op = RDB_FAKE_CONNECT, .code = RDB_E_CONNECTION_FAILED, .wait_ms = 30});
    crowd c = {.pool = open_pool("fake://crowd?pool_max=1"), .rounds = 1, .timeout = 10, .most = 1};
    int64_t then = rdb__clock_ns();
    run_crowd(&c, borrow);
    assert_true(seconds_since(then) < 5);
    assert_int_equal(c.timed_out, 0);
    assert_true(c.unlucky <= 1); /* 0: by the time it had failed, another's connection was free */
    assert_int_equal(c.served + c.unlucky, THREADS);
    assert_settled(&c, f->fake);
    close_pool(c.pool);
}

static void handles_and_leases_may_end_in_any_order(void **state) {
    (void)state;
    for (int i = 0; i < 50; i++) {
        crowd c = {.pool = open_pool("fake://crowd?pool_max=2"), .rounds = 20, .timeout = 30, .most = 2};
        rdb_conn *conn = lease_of(c.pool);
        pthread_t closer;
        assert_int_equal(pthread_create(&closer, NULL, borrow, &c), 0);
        pthread_join(closer, NULL);
        rdb_pool_unref(c.pool);
        rdb_conn_release(conn);
    }
}

static void sqlite_serves_all_threads(void **state) {
    (void)state;
    remove("test_pool_threads.db");
    crowd c = {.pool = open_pool("sqlite:///test_pool_threads.db?pool_max=4&busy_timeout=30"), .rounds = 40};
    rdb_conn *conn = lease_of(c.pool);
    run_sql(conn, "CREATE TABLE t (a INTEGER)");
    run_sql(conn, "INSERT INTO t VALUES (0)");
    rdb_conn_release(conn);
    run_crowd(&c, transact);
    assert_int_equal(c.unlucky, 0);
    conn = lease_of(c.pool);
    assert_int_equal(ask_int(conn, "SELECT a FROM t"), THREADS * 40);
    rdb_conn_release(conn);
    close_pool(c.pool);
    remove("test_pool_threads.db");
}

static void memory_database_serves_all_threads(void **state) {
    (void)state;
    crowd c = {.pool = open_pool("sqlite://:memory:?pool_acquire_timeout=30"), .rounds = 200};
    rdb_conn *conn = lease_of(c.pool);
    run_sql(conn, "CREATE TABLE t (a INTEGER)");
    run_sql(conn, "INSERT INTO t VALUES (0)");
    rdb_conn_release(conn);
    run_crowd(&c, transact);
    assert_int_equal(c.unlucky, 0);
    conn = lease_of(c.pool);
    assert_int_equal(ask_int(conn, "SELECT a FROM t"), THREADS * 200);
    rdb_conn_release(conn);
    close_pool(c.pool);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(many_threads_share_few_connections),
        TEST(statements_run_on_leases_of_all_threads),
        TEST(nobody_starves),
        TEST(short_timeouts_are_counted),
        TEST(failures_leave_the_accounts_straight),
        TEST(closing_wakes_those_who_wait),
        TEST(closing_beats_a_connect_under_way),
        TEST(too_many_waiters_are_refused),
        TEST(waiters_are_served_in_order),
        TEST(a_timeout_tells_why_connecting_fails),
        TEST(a_failed_connect_wakes_the_next),
        TEST(handles_and_leases_may_end_in_any_order),
        TEST(sqlite_serves_all_threads),
        TEST(memory_database_serves_all_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
