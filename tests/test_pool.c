/* The pool with one thread: options, lending, ages, failures, and the end. */
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pool_fixture.h"

typedef struct fixture {
    baseline before;
    rdb_fake *fake;
} fixture;

static fixture shared;

static int start(void **state) {
    shared = (fixture){.before = take_baseline()};
    shared.fake = open_script("pool");
    *state = &shared;
    return 0;
}

static int64_t offset_ns; /* the tests' clock runs ahead by this */

static int64_t moved_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec + offset_ns;
}

static void let_pass(double seconds) {
    offset_ns += (int64_t)(seconds * 1e9);
    rdb__clock_replace(moved_clock);
}

static int stop(void **state) {
    fixture *f = *state;
    rdb__clock_replace(NULL);
    offset_ns = 0;
    rdb_fake_close(f->fake);
    assert_baseline(&f->before);
    return 0;
}

static rdb_pool_stats stats_of(rdb_pool *pool) {
    rdb_pool_stats stats;
    rdb_pool_get_stats(pool, &stats);
    return stats;
}

static void assert_size(rdb_pool *pool, long idle, long in_use) {
    rdb_pool_stats stats = stats_of(pool);
    assert_int_equal(stats.idle, idle);
    assert_int_equal(stats.in_use, in_use);
    assert_int_equal(stats.size, idle + in_use);
}

/* -- options ------------------------------------------------------------------------------------- */

static void the_url_overrides_options(void **state) {
    (void)state;
    rdb_error err = {0};
    rdb_pool_options options;
    rdb_pool_options_init(&options);
    assert_int_equal(options.max, 10);
    options.max = 3;
    options.name = "stats";
    rdb_pool *pool = NULL;
    assert_ok(rdb_pool_open("fake://pool?pool_max=7&pool_fifo=yes&pool_acquire_timeout=0.5", &options, &pool, &err));
    assert_int_equal(stats_of(pool).max, 7);
    assert_string_equal(rdb_pool_name(pool), "stats");
    assert_string_equal(rdb_pool_backend(pool)->name, "fake");
    close_pool(pool);
    assert_ok(rdb_pool_open("fake://pool", NULL, &pool, &err));
    assert_int_equal(stats_of(pool).max, 10);
    assert_string_equal(rdb_pool_name(pool), "default");
    assert_size(pool, 0, 0);
    close_pool(pool);
}

static void bad_options_are_named(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"fake://pool?pool_maximum=7", "pool_maximum"},
        {"fake://pool?pool_max=0", "pool_max"},
        {"fake://pool?pool_max=ten", "pool_max"},
        {"fake://pool?pool_min=-1", "pool_min"},
        {"fake://pool?pool_min=11", "pool option min is 11, more than max, which is 10"},
        {"fake://pool?pool_idle_timeout=-5", "idle_timeout"},
        {"fake://pool?pool_lifetime_jitter=1.5", "lifetime_jitter"},
        {"fake://pool?pool_fifo=perhaps", "pool_fifo"},
        {"sqlite://:memory:?pool_maximum=7", "pool_maximum"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rdb_error err = {0};
        rdb_pool *pool = NULL;
        assert_int_equal(rdb_pool_open(cases[i][0], NULL, &pool, &err), RDB_E_CONFIG);
        assert_null(pool);
        if (strstr(err.message, cases[i][1]) == NULL) {
            fail_msg("%s: %s", cases[i][0], err.message);
        }
    }
    rdb_error err = {0};
    rdb_pool *pool = NULL;
    rdb_pool_options options;
    rdb_pool_options_init(&options);
    options.max = 0;
    assert_int_equal(rdb_pool_open("fake://pool", &options, &pool, &err), RDB_E_CONFIG);
    assert_string_equal(err.message, "pool option max is 0; it must be 1 to 100000");
    assert_int_equal(rdb_pool_open("nosuch://pool", NULL, &pool, &err), RDB_E_CONFIG);
    assert_int_equal(rdb_pool_open("rubbish", NULL, &pool, NULL), RDB_E_CONFIG);
}

static void min_connections_are_opened_at_once(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    rdb_pool *pool = open_pool("fake://pool?pool_min=3");
    assert_size(pool, 3, 0);
    assert_int_equal(stats_of(pool).acquires, 0);
    close_pool(pool);
    push(f->fake, (rdb_fake_answer){.op = RDB_FAKE_CONNECT, .after = 1, .code = RDB_E_CONNECTION_FAILED});
    assert_int_equal(rdb_pool_open("fake://pool?pool_min=3", NULL, &pool, &err), RDB_E_CONNECTION_FAILED);
    assert_null(pool);
    rdb_fake_stats stats;
    rdb_fake_get_stats(f->fake, &stats);
    assert_int_equal(stats.open, 0);
}

/* -- lending ------------------------------------------------------------------------------------- */

static void the_last_used_is_lent_first(void **state) {
    (void)state;
    rdb_pool *pool = open_pool("fake://pool");
    rdb_conn *a = lease_of(pool), *b = lease_of(pool);
    assert_size(pool, 0, 2);
    rdb_conn_release(a);
    rdb_conn_release(b);
    assert_ptr_equal(lease_of(pool), b);
    assert_ptr_equal(lease_of(pool), a);
    rdb_conn_release(a);
    rdb_conn_release(b);
    rdb_conn_release(NULL);
    assert_int_equal(stats_of(pool).acquires, 4);
    assert_int_equal(stats_of(pool).created, 2);
    close_pool(pool);
}

static void fifo_lends_the_longest_idle(void **state) {
    (void)state;
    rdb_pool *pool = open_pool("fake://pool?pool_fifo=true");
    rdb_conn *a = lease_of(pool), *b = lease_of(pool);
    rdb_conn_release(a);
    rdb_conn_release(b);
    assert_ptr_equal(lease_of(pool), a);
    rdb_conn_release(a);
    assert_ptr_equal(lease_of(pool), b);
    rdb_conn_release(b);
    close_pool(pool);
}

static void try_acquire_takes_what_is_there(void **state) {
    (void)state;
    rdb_pool *pool = open_pool("fake://pool?pool_max=1");
    assert_null(rdb_pool_try_acquire(pool));
    rdb_conn_release(lease_of(pool));
    rdb_conn *conn = rdb_pool_try_acquire(pool);
    assert_non_null(conn);
    assert_null(rdb_pool_try_acquire(pool));
    rdb_conn_release(conn);
    let_pass(2); /* it would have to be tested first */
    assert_null(rdb_pool_try_acquire(pool));
    close_pool(pool);
}

static void a_timeout_tells_the_state_of_the_pool(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    rdb_pool *pool = open_pool("fake://pool?pool_max=2");
    rdb_conn *a = lease_of(pool);
    push(f->fake, (rdb_fake_answer){.op = RDB_FAKE_CONNECT, .code = RDB_E_CONNECTION_FAILED, .message = "too many"});
    rdb_conn *none = a;
    assert_int_equal(rdb_pool_acquire(pool, 1, &none, &err), RDB_E_CONNECTION_FAILED);
    assert_null(none);
    assert_string_equal(err.message, "too many");
    rdb_conn *b = NULL;
    int64_t then = rdb__clock_ns();
    push(f->fake, (rdb_fake_answer){.op = RDB_FAKE_CONNECT, .wait_ms = 5000});
    assert_int_equal(rdb_pool_acquire(pool, 0.05, &b, &err), RDB_E_CONNECTION_FAILED);
    assert_true(seconds_since(then) < 1);
    const char *expected = "cannot connect to fake://pool?pool_max=2: no answer within 0.0";
    assert_memory_equal(err.message, expected, strlen(expected));
    rdb_conn_release(a);
    close_pool(pool);

    pool = open_pool("fake://pool?pool_max=1");
    a = lease_of(pool);
    then = rdb__clock_ns();
    assert_int_equal(rdb_pool_acquire(pool, 0.05, &b, &err), RDB_E_POOL_TIMEOUT);
    assert_true(seconds_since(then) >= 0.049);
    assert_string_equal(err.message, "pool \"default\": no connection became free within 0.05 s "
                                     "(max 1, idle 0, in use 1, waiting 1)");
    assert_string_equal(err.hint, "this thread holds all of them itself: give one back first, or raise pool_max");
    assert_int_equal(rdb_pool_acquire(pool, 0, &b, &err), RDB_E_POOL_TIMEOUT);
    assert_string_equal(err.message, "pool \"default\": no connection is free (max 1, idle 0, in use 1, waiting 0)");
    assert_int_equal(stats_of(pool).timeouts, 2);
    rdb_conn_release(a);
    close_pool(pool);
}

static void a_timeout_tells_the_last_connect_error(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    rdb_pool *pool = open_pool("fake://pool?pool_max=2");
    rdb_conn *a = lease_of(pool), *b = lease_of(pool), *c = NULL;
    rdb_conn_invalidate(b, false);
    rdb_conn_release(b);
    push(f->fake, (rdb_fake_answer){.op = RDB_FAKE_CONNECT, .code = RDB_E_CONNECTION_FAILED, .message = "refused"});
    assert_int_equal(rdb_pool_acquire(pool, 0, &b, &err), RDB_E_CONNECTION_FAILED);
    assert_ok(rdb_pool_acquire(pool, 0, &b, &err)); /* "try once" connects when there is room */
    assert_int_equal(rdb_pool_acquire(pool, 0, &c, &err), RDB_E_POOL_TIMEOUT);
    assert_null(strstr(err.message, "refused")); /* it has worked since */
    rdb_conn_release(a);
    rdb_conn_release(b);
    close_pool(pool);
}

/* -- ages ---------------------------------------------------------------------------------------- */

static void idle_connections_are_tested_before_lending(void **state) {
    fixture *f = *state;
    rdb_pool *pool = open_pool("fake://pool");
    rdb_conn *a = lease_of(pool);
    rdb_conn_release(a);
    let_pass(0.5);
    assert_ptr_equal(lease_of(pool), a);
    assert_int_equal(times_done(f->fake, RDB_FAKE_PING), 0);
    rdb_conn_release(a);
    let_pass(1.5);
    assert_ptr_equal(lease_of(pool), a);
    assert_int_equal(times_done(f->fake, RDB_FAKE_PING), 1);
    rdb_conn_release(a);
    let_pass(1.5);
    push(f->fake, (rdb_fake_answer){.op = RDB_FAKE_PING, .code = RDB_E_CONNECTION_LOST});
    rdb_conn *b = lease_of(pool); /* the dead one was replaced */
    assert_int_equal(stats_of(pool).closed, 1);
    assert_int_equal(stats_of(pool).created, 2);
    assert_int_equal(stats_of(pool).acquires, 4);
    assert_size(pool, 0, 1);
    rdb_conn_release(b);
    close_pool(pool);
}

static void idle_connections_close_down_to_min(void **state) {
    (void)state;
    rdb_pool *pool = open_pool("fake://pool?pool_idle_timeout=10&pool_min=2");
    rdb_conn *leases[4];
    for (int i = 0; i < 4; i++) {
        leases[i] = lease_of(pool);
    }
    for (int i = 0; i < 4; i++) {
        rdb_conn_release(leases[i]);
    }
    assert_size(pool, 4, 0);
    let_pass(9);
    rdb_conn *hot = lease_of(pool);
    let_pass(2);
    rdb_conn_release(hot);
    assert_size(pool, 2, 0);
    let_pass(20);
    rdb_conn_release(lease_of(pool));
    assert_size(pool, 2, 0);
    assert_int_equal(stats_of(pool).closed, 2);
    close_pool(pool);
}

static void lifetimes_end_at_release_and_at_acquire(void **state) {
    (void)state;
    rdb_pool *pool = open_pool("fake://pool?pool_max_lifetime=100&pool_lifetime_jitter=0&pool_idle_timeout=0");
    rdb_conn *a = lease_of(pool), *b = lease_of(pool);
    rdb_conn_release(a);
    let_pass(101);
    rdb_conn_release(b); /* too old itself, and finds the other */
    assert_size(pool, 0, 0);
    assert_int_equal(stats_of(pool).closed, 2);
    rdb_conn_release(lease_of(pool));
    let_pass(101);
    rdb_conn_release(lease_of(pool));
    assert_int_equal(stats_of(pool).closed, 3);
    assert_int_equal(stats_of(pool).created, 4);
    close_pool(pool);
}

static void jitter_spreads_lifetimes(void **state) {
    (void)state;
    rdb_pool *pool = open_pool("fake://pool?pool_max=40&pool_min=40&pool_max_lifetime=100&pool_lifetime_jitter=0.2&"
                               "pool_idle_timeout=0&pool_test_after_idle=1000");
    rdb_conn *conn = lease_of(pool);
    let_pass(79);
    rdb_conn_release(conn);
    assert_size(pool, 40, 0); /* none dies before 80 s */
    let_pass(11);
    rdb_conn_release(lease_of(pool));
    rdb_pool_stats stats = stats_of(pool);
    assert_true(stats.closed > 0 && stats.closed < 40);
    close_pool(pool);
}

static void local_connections_do_not_age(void **state) {
    (void)state;
    remove("test_pool_age.db");
    rdb_pool *pool = open_pool("sqlite:///test_pool_age.db");
    rdb_conn *a = lease_of(pool), *b = lease_of(pool);
    rdb_conn_release(b);
    rdb_conn_release(a);
    let_pass(599);
    assert_ptr_equal(lease_of(pool), a);
    let_pass(2);
    rdb_conn_release(a); /* b was idle for more than 600 s */
    assert_size(pool, 1, 0);
    close_pool(pool);
    remove("test_pool_age.db");
}

/* -- failures ------------------------------------------------------------------------------------ */

static void a_lost_connection_makes_the_pool_suspicious(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    rdb_pool *pool = open_pool("fake://pool");
    rdb_conn *a = lease_of(pool), *b = lease_of(pool), *c = lease_of(pool);
    rdb_conn_release(a);
    rdb_conn_release(b);
    push(f->fake, (rdb_fake_answer){.sql = "x", .code = RDB_E_CONNECTION_LOST});
    assert_int_equal(rdb_conn_exec(c, "x", NULL, 0, NULL, &err), RDB_E_CONNECTION_LOST);
    rdb_conn_release(c);
    assert_size(pool, 2, 0);
    assert_null(rdb_pool_try_acquire(pool));
    push(f->fake, (rdb_fake_answer){.op = RDB_FAKE_PING, .code = RDB_E_CONNECTION_LOST}); /* b is dead, a lives */
    assert_ptr_equal(lease_of(pool), a);
    assert_int_equal(times_done(f->fake, RDB_FAKE_PING), 2);
    assert_size(pool, 0, 1);
    rdb_conn_release(a);
    assert_ptr_equal(lease_of(pool), a); /* known to live now or asked once more, but lent */
    rdb_conn_release(a);
    close_pool(pool);
}

static void a_ping_that_hangs_is_given_up(void **state) {
    fixture *f = *state;
    rdb_pool *pool = open_pool("fake://pool?pool_test_after_idle=0");
    rdb_conn *a = lease_of(pool);
    rdb_conn_release(a);
    push(f->fake, (rdb_fake_answer){.op = RDB_FAKE_PING, .wait_ms = RDB_FAKE_FOREVER, .deaf = true});
    int64_t then = rdb__clock_ns();
    rdb_conn *b = lease_of(pool);
    assert_true(seconds_since(then) < 3);
    assert_int_equal(stats_of(pool).closed, 1);
    rdb_conn_release(b);
    close_pool(pool);
}

static void release_rolls_back_and_resets(void **state) {
    fixture *f = *state;
    rdb_pool *pool = open_pool("fake://pool?pool_max=1");
    rdb_conn *conn = lease_of(pool);
    run_sql(conn, "BEGIN");
    rdb_conn_release(conn);
    assert_int_equal(times_done(f->fake, RDB_FAKE_RESET), 1);
    conn = lease_of(pool);
    assert_int_equal(rdb_conn_txn_status(conn), RDB_TXN_IDLE);
    run_sql(conn, "SELECT 1");
    run_sql(conn, " /* a comment */ (select 2)");
    run_sql(conn, "-- another\nWITH x AS (SELECT 1) SELECT * FROM x");
    run_sql(conn, "SET TRANSACTION READ ONLY");
    run_sql(conn, "CREATE TABLE temporary_things (a INTEGER)");
    rdb_conn_release(conn);
    assert_int_equal(times_done(f->fake, RDB_FAKE_RESET), 1);
    static const char *const dirty[] = {"SET TIME ZONE 'UTC'", "PRAGMA foreign_keys=OFF", "create temp table x (a)",
                                        "LISTEN x", "-- only a comment"};
    for (size_t i = 0; i < sizeof dirty / sizeof *dirty; i++) {
        conn = lease_of(pool);
        run_sql(conn, dirty[i]);
        rdb_conn_release(conn);
        assert_int_equal(times_done(f->fake, RDB_FAKE_RESET), i + 2);
    }
    close_pool(pool);
}

static void a_connection_that_cannot_be_reset_is_closed(void **state) {
    fixture *f = *state;
    rdb_log_set(NULL, NULL, RDB_LOG_ERROR);
    push(f->fake, (rdb_fake_answer){.op = RDB_FAKE_RESET, .code = RDB_E_DATABASE_ERROR});
    rdb_pool *pool = open_pool("fake://pool");
    rdb_conn *conn = lease_of(pool);
    run_sql(conn, "BEGIN");
    rdb_conn_release(conn);
    assert_size(pool, 0, 0);
    assert_int_equal(stats_of(pool).closed, 1);
    close_pool(pool);
}

static void invalidated_connections_are_not_kept(void **state) {
    (void)state;
    rdb_pool *pool = open_pool("fake://pool");
    for (int soft = 0; soft < 2; soft++) {
        rdb_conn *conn = lease_of(pool);
        rdb_conn_invalidate(conn, soft);
        rdb_conn_release(conn);
        assert_size(pool, 0, 0);
    }
    assert_int_equal(stats_of(pool).closed, 2);
    close_pool(pool);
}

/* -- the end, memory databases, fork ------------------------------------------------------------- */

static void a_closed_pool_refuses_and_takes_back(void **state) {
    (void)state;
    rdb_error err = {0};
    rdb_pool *pool = open_pool("fake://pool");
    rdb_conn *kept = lease_of(pool), *conn = NULL;
    rdb_conn_release(lease_of(pool));
    rdb_pool_close(pool);
    rdb_pool_close(pool);
    assert_size(pool, 0, 1);
    assert_int_equal(rdb_pool_acquire(pool, -1, &conn, &err), RDB_E_POOL_CLOSED);
    assert_string_equal(err.message, "pool \"default\" is closed");
    assert_null(rdb_pool_try_acquire(pool));
    run_sql(kept, "still works");
    rdb_conn_release(kept);
    assert_size(pool, 0, 0);
    rdb_pool_unref(pool);
    rdb_pool_unref(NULL);
    rdb_pool_close(NULL);
}

static void a_lease_outlives_the_last_handle(void **state) {
    (void)state;
    rdb_pool *pool = open_pool("fake://pool");
    rdb_conn *conn = lease_of(pool);
    rdb_conn_release(lease_of(pool));
    assert_ptr_equal(rdb_pool_ref(pool), pool);
    rdb_pool_unref(pool);
    rdb_pool_unref(pool);
    run_sql(conn, "still works");
    rdb_conn_release(conn); /* the pool goes with it */
}

static void a_memory_database_has_one_connection(void **state) {
    (void)state;
    rdb_error err = {0};
    rdb_pool *pool = open_pool("sqlite://:memory:?pool_max=5&pool_max_lifetime=1&pool_idle_timeout=1");
    assert_int_equal(stats_of(pool).max, 1);
    rdb_conn *conn = lease_of(pool), *second = NULL;
    run_sql(conn, "CREATE TABLE t (a INTEGER)");
    assert_int_equal(rdb_pool_acquire(pool, 0.01, &second, &err), RDB_E_POOL_TIMEOUT);
    assert_non_null(strstr(err.hint, "in-memory"));
    rdb_conn_release(conn);
    let_pass(1000);
    rdb_conn_release(lease_of(pool));
    let_pass(1000);
    conn = lease_of(pool);
    assert_int_equal(ask_int(conn, "SELECT count(*) FROM t"), 0);
    rdb_conn_release(conn);
    assert_string_equal(rdb_pool_database(pool), ":memory:");
    close_pool(pool);
}

/* The child's part; its answer is its exit status. */
static int use_pools_in_child(rdb_pool *pool, rdb_pool *file, rdb_conn *leased) {
    rdb_error err = {0};
    if (stats_of(pool).size != 0 || stats_of(file).size != 0) {
        return 1;
    }
    if (rdb_conn_exec(leased, "x", NULL, 0, NULL, &err) != RDB_E_INVALID_CONNECTION) {
        return 2;
    }
    rdb_conn_release(leased);
    rdb_conn *conn = NULL;
    if (rdb_pool_acquire(pool, 1, &conn, &err) != RDB_OK || rdb_conn_exec(conn, "x", NULL, 0, NULL, &err) != RDB_OK) {
        return 3;
    }
    rdb_conn_release(conn);
    if (rdb_pool_acquire(file, 1, &conn, &err) != RDB_OK ||
        rdb_conn_exec(conn, "INSERT INTO t VALUES (2)", NULL, 0, NULL, &err) != RDB_OK) {
        return 4;
    }
    rdb_conn_release(conn);
    close_pool(pool);
    close_pool(file);
    return 0;
}

static void a_forked_child_starts_anew(void **state) {
    (void)state;
    remove("test_pool_fork.db");
    rdb_pool *pool = open_pool("fake://pool?latency=0.001"); /* so that there are descriptors */
    rdb_pool *file = open_pool("sqlite:///test_pool_fork.db");
    rdb_conn *leased = lease_of(pool), *idle = lease_of(pool), *other = lease_of(file);
    run_sql(other, "CREATE TABLE t (a INTEGER)");
    run_sql(other, "INSERT INTO t VALUES (1)");
    run_sql(leased, "SELECT 1");
    run_sql(idle, "SELECT 1");
    rdb_conn_release(other);
    rdb_conn_release(idle);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        /* A new program, because a leak checker would report the handles that the child must not close. */
        char answer[16];
        snprintf(answer, sizeof answer, "exit %d", use_pools_in_child(pool, file, leased));
        execl("/bin/sh", "sh", "-c", answer, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    run_sql(leased, "SELECT 1"); /* the parent's connections live */
    rdb_conn_release(leased);
    assert_size(pool, 2, 0);
    other = lease_of(file);
    assert_int_equal(ask_int(other, "SELECT count(*) FROM t"), 2);
    rdb_conn_release(other);
    close_pool(pool);
    close_pool(file);
    remove("test_pool_fork.db");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_url_overrides_options),
        TEST(bad_options_are_named),
        TEST(min_connections_are_opened_at_once),
        TEST(the_last_used_is_lent_first),
        TEST(fifo_lends_the_longest_idle),
        TEST(try_acquire_takes_what_is_there),
        TEST(a_timeout_tells_the_state_of_the_pool),
        TEST(a_timeout_tells_the_last_connect_error),
        TEST(idle_connections_are_tested_before_lending),
        TEST(idle_connections_close_down_to_min),
        TEST(lifetimes_end_at_release_and_at_acquire),
        TEST(jitter_spreads_lifetimes),
        TEST(local_connections_do_not_age),
        TEST(a_lost_connection_makes_the_pool_suspicious),
        TEST(a_ping_that_hangs_is_given_up),
        TEST(release_rolls_back_and_resets),
        TEST(a_connection_that_cannot_be_reset_is_closed),
        TEST(invalidated_connections_are_not_kept),
        TEST(a_closed_pool_refuses_and_takes_back),
        TEST(a_lease_outlives_the_last_handle),
        TEST(a_memory_database_has_one_connection),
        TEST(a_forked_child_starts_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
