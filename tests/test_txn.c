/* Transactions: states, savepoints, and what the database did behind our back. */
#include "pool_fixture.h"

typedef struct fixture {
    baseline before;
    rdb_fake *fake;
    rdb_pool *pool;
} fixture;

static fixture shared;

static int start_on(void **state, const char *url) {
    shared = (fixture){.before = take_baseline()};
    shared.fake = open_script("txn");
    rdb_fake_record(shared.fake, true);
    shared.pool = open_pool(url);
    *state = &shared;
    return 0;
}

static int start_fake(void **state) {
    return start_on(state, "fake://txn");
}

static int start_sqlite(void **state) {
    start_on(state, "sqlite://:memory:");
    rdb_conn *conn = lease_of(shared.pool);
    run_sql(conn, "CREATE TABLE t (a INTEGER PRIMARY KEY)");
    rdb_conn_release(conn);
    return 0;
}

static int stop(void **state) {
    fixture *f = *state;
    rdb_pool_stats stats;
    rdb_pool_get_stats(f->pool, &stats);
    assert_int_equal(stats.in_use, 0);
    close_pool(f->pool);
    rdb_fake_close(f->fake);
    assert_baseline(&f->before);
    return 0;
}

static rdb_txn *begin(fixture *f) {
    rdb_error err = {0};
    rdb_txn *txn = NULL;
    assert_ok(rdb_txn_begin(f->pool, NULL, &txn, &err));
    return txn;
}

static int64_t rows_of(fixture *f) {
    rdb_conn *conn = lease_of(f->pool);
    int64_t n = ask_int(conn, "SELECT count(*) FROM t");
    rdb_conn_release(conn);
    return n;
}

/* -- begin, commit, rollback --------------------------------------------------------------------- */

static void commit_stores(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    rdb_txn *txn = begin(f);
    assert_string_equal(rdb_txn_state_name(rdb_txn_get_state(txn)), "active");
    run_sql(rdb_txn_conn(txn), "INSERT INTO t VALUES (1)");
    assert_ok(rdb_txn_commit(txn, &err));
    assert_int_equal(rdb_txn_get_state(txn), RDB_TXN_COMMITTED_STATE);
    assert_null(rdb_txn_conn(txn));
    assert_int_equal(rdb_txn_commit(txn, &err), RDB_E_MISUSE);
    assert_string_equal(err.message, "cannot commit: the transaction has ended (committed)");
    assert_int_equal(rdb_txn_rollback(txn, &err), RDB_E_MISUSE);
    rdb_txn_free(txn);
    assert_int_equal(rows_of(f), 1);
}

static void rollback_and_free_undo(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    rdb_txn *txn = begin(f);
    run_sql(rdb_txn_conn(txn), "INSERT INTO t VALUES (1)");
    assert_ok(rdb_txn_rollback(txn, &err));
    assert_int_equal(rdb_txn_get_state(txn), RDB_TXN_ROLLED_BACK_STATE);
    rdb_txn_free(txn);
    txn = begin(f);
    run_sql(rdb_txn_conn(txn), "INSERT INTO t VALUES (1)");
    rdb_txn_free(txn);
    rdb_txn_free(NULL);
    assert_int_equal(rows_of(f), 0);
}

static void a_statement_error_leaves_sqlite_transactions_alive(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    rdb_txn *txn = begin(f);
    run_sql(rdb_txn_conn(txn), "INSERT INTO t VALUES (1)");
    rdb_code code = rdb_conn_exec(rdb_txn_conn(txn), "INSERT INTO t VALUES (1)", NULL, 0, NULL, &err);
    assert_int_equal(code, RDB_E_UNIQUE_VIOLATION);
    rdb_txn_after_error(txn, code);
    assert_int_equal(rdb_txn_get_state(txn), RDB_TXN_ACTIVE_STATE);
    assert_ok(rdb_txn_commit(txn, &err));
    rdb_txn_free(txn);
    assert_int_equal(rows_of(f), 1);
}

static void options_reach_the_backend(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    rdb_txn_options options;
    rdb_txn_options_init(&options);
    options.begin = (rdb_begin_options){.isolation = "serializable", .read_only = true, .deferrable = true};
    rdb_txn *txn = NULL;
    assert_ok(rdb_txn_begin(f->pool, &options, &txn, &err));
    assert_ok(rdb_txn_rollback(txn, &err));
    rdb_txn_free(txn);
    assert_string_equal(rdb_fake_ran(f->fake, 0), "BEGIN");
    assert_string_equal(rdb_fake_ran(f->fake, 1), "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE");
    assert_string_equal(rdb_fake_ran(f->fake, 2), "SET TRANSACTION READ ONLY");
    assert_string_equal(rdb_fake_ran(f->fake, 3), "SET TRANSACTION DEFERRABLE");
    assert_string_equal(rdb_fake_ran(f->fake, 4), "ROLLBACK");
    assert_null(rdb_fake_ran(f->fake, 5));
    assert_int_equal(times_done(f->fake, RDB_FAKE_RESET), 0);
    options.begin.isolation = "chaos";
    assert_int_equal(rdb_txn_begin(f->pool, &options, &txn, &err), RDB_E_UNSUPPORTED);
    assert_null(txn);
    assert_non_null(strstr(err.message, "chaos"));
}

static void a_failed_begin_gives_the_lease_back(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    push(f->fake, (rdb_fake_answer){.sql = "SET TRANSACTION READ ONLY", .code = RDB_E_UNSUPPORTED});
    rdb_txn_options options;
    rdb_txn_options_init(&options);
    options.begin.read_only = true;
    rdb_txn *txn = NULL;
    assert_int_equal(rdb_txn_begin(f->pool, &options, &txn, &err), RDB_E_UNSUPPORTED);
    assert_null(txn);
    assert_int_equal(times_done(f->fake, RDB_FAKE_RESET), 1); /* it had begun */
}

static void begin_on_a_dead_connection_tries_a_second_one(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    rdb_conn_release(lease_of(f->pool));
    push(f->fake, (rdb_fake_answer){.sql = "BEGIN", .code = RDB_E_CONNECTION_LOST});
    rdb_txn *txn = begin(f);
    assert_ok(rdb_txn_commit(txn, &err));
    rdb_txn_free(txn);
    assert_int_equal(times_done(f->fake, RDB_FAKE_CONNECT), 2);
    push(f->fake, (rdb_fake_answer){.sql = "BEGIN", .code = RDB_E_CONNECTION_LOST, .times = 2});
    assert_int_equal(rdb_txn_begin(f->pool, NULL, &txn, &err), RDB_E_CONNECTION_LOST);
    assert_null(txn);
}

/* -- commits that fail --------------------------------------------------------------------------- */

static void a_commit_without_an_answer_is_unknown(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    push(f->fake, (rdb_fake_answer){.sql = "COMMIT", .code = RDB_E_CONNECTION_LOST, .message = "gone", .wait_ms = 2});
    rdb_txn *txn = begin(f);
    assert_int_equal(rdb_txn_commit(txn, &err), RDB_E_COMMIT_UNKNOWN);
    assert_string_equal(err.message, "the connection was lost during commit: gone");
    assert_int_equal(rdb_txn_get_state(txn), RDB_TXN_UNKNOWN_STATE);
    assert_string_equal(rdb_txn_state_name(rdb_txn_get_state(txn)), "unknown");
    rdb_txn_free(txn);
}

static void a_commit_that_hangs_is_unknown(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    push(f->fake, (rdb_fake_answer){.sql = "COMMIT", .wait_ms = RDB_FAKE_FOREVER, .deaf = true});
    rdb_txn_options options;
    rdb_txn_options_init(&options);
    options.timeout = 0.05;
    rdb_txn *txn = NULL;
    assert_ok(rdb_txn_begin(f->pool, &options, &txn, &err));
    assert_true(rdb_txn_deadline(txn) != RDB_NO_DEADLINE);
    int64_t then = rdb__clock_ns();
    assert_int_equal(rdb_txn_commit(txn, &err), RDB_E_COMMIT_UNKNOWN);
    assert_true(seconds_since(then) < 1);
    rdb_txn_free(txn);
}

static void a_refused_commit_rolls_back(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    push(f->fake, (rdb_fake_answer){.sql = "COMMIT", .code = RDB_E_SERIALIZATION_FAILURE});
    rdb_txn *txn = begin(f);
    assert_int_equal(rdb_txn_commit(txn, &err), RDB_E_SERIALIZATION_FAILURE);
    assert_int_equal(rdb_txn_get_state(txn), RDB_TXN_ROLLED_BACK_STATE);
    rdb_txn_free(txn);
    assert_string_equal(rdb_fake_ran(f->fake, 2), "ROLLBACK");
}

static void a_deferred_constraint_fails_the_commit(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    rdb_txn *txn = begin(f);
    run_sql(rdb_txn_conn(txn), "CREATE TABLE c (a INTEGER REFERENCES t (a) DEFERRABLE INITIALLY DEFERRED)");
    run_sql(rdb_txn_conn(txn), "INSERT INTO c VALUES (7)");
    assert_int_equal(rdb_txn_commit(txn, &err), RDB_E_FOREIGN_KEY_VIOLATION);
    assert_int_equal(rdb_txn_get_state(txn), RDB_TXN_ROLLED_BACK_STATE);
    rdb_txn_free(txn);
    assert_int_equal(rows_of(f), 0);
}

static void a_late_commit_is_not_sent(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    rdb_txn_options options;
    rdb_txn_options_init(&options);
    options.timeout = 0.01;
    rdb_txn *txn = NULL;
    assert_ok(rdb_txn_begin(f->pool, &options, &txn, &err));
    while (rdb__clock_ns() < rdb_txn_deadline(txn)) {
    }
    assert_int_equal(rdb_txn_commit(txn, &err), RDB_E_STATEMENT_TIMEOUT);
    assert_int_equal(rdb_txn_get_state(txn), RDB_TXN_ROLLED_BACK_STATE);
    rdb_txn_free(txn);
    assert_string_equal(rdb_fake_ran(f->fake, 1), "ROLLBACK");
}

static void busy_on_commit_rolls_back(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    remove("test_txn_busy.db");
    rdb_pool *pool = open_pool("sqlite:///test_txn_busy.db?journal_mode=delete&busy_timeout=0.05");
    rdb_conn *reader = lease_of(pool);
    run_sql(reader, "CREATE TABLE t (a INTEGER)");
    run_sql(reader, "INSERT INTO t VALUES (1), (2)");
    rdb_txn *txn = NULL;
    assert_ok(rdb_txn_begin(pool, NULL, &txn, &err));
    run_sql(rdb_txn_conn(txn), "INSERT INTO t VALUES (3)");
    rdb_query open; /* a reader's lock: without a WAL nobody can commit */
    const char *sql = "SELECT a FROM t";
    assert_int_equal(rdb_query_start(&open, reader, sql, strlen(sql), 0, NULL, 0, RDB_NO_DEADLINE, &err),
                     RDB_STEP_DONE);
    assert_int_equal(rdb_query_next(&open, &err), RDB_STEP_ROW);
    assert_int_equal(rdb_txn_commit(txn, &err), RDB_E_LOCK_TIMEOUT);
    assert_int_equal(rdb_txn_get_state(txn), RDB_TXN_ROLLED_BACK_STATE);
    rdb_txn_free(txn);
    rdb_query_finish(&open);
    assert_int_equal(ask_int(reader, "SELECT count(*) FROM t"), 2);
    rdb_conn_release(reader);
    close_pool(pool);
    remove("test_txn_busy.db");
    (void)f;
}

/* -- the database ends it ------------------------------------------------------------------------ */

static void a_voided_transaction_cannot_commit(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    push(f->fake, (rdb_fake_answer){.sql = "x", .code = RDB_E_DATABASE_ERROR, .effect = RDB_FAKE_VOIDS_TXN});
    rdb_txn *txn = begin(f);
    assert_ok(rdb_txn_savepoint(txn, "a", &err));
    rdb_code code = rdb_conn_exec(rdb_txn_conn(txn), "x", NULL, 0, NULL, &err);
    rdb_txn_after_error(txn, code);
    assert_int_equal(rdb_txn_get_state(txn), RDB_TXN_FAILED_STATE);
    assert_int_equal(rdb_txn_rollback_to(txn, "a", &err), RDB_E_DATABASE_ERROR);
    assert_int_equal(rdb_txn_savepoint(txn, "b", &err), RDB_E_DATABASE_ERROR);
    assert_int_equal(rdb_txn_commit(txn, &err), RDB_E_DATABASE_ERROR);
    assert_string_equal(err.message,
                        "the database rolled the transaction back after an earlier error; nothing of it is stored");
    assert_int_equal(rdb_txn_get_state(txn), RDB_TXN_ROLLED_BACK_STATE);
    rdb_txn_free(txn);
    assert_string_equal(rdb_fake_ran(f->fake, 2), "x");
    assert_null(rdb_fake_ran(f->fake, 3));
}

static void commit_asks_even_if_nobody_told_it(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    rdb_txn *txn = begin(f);
    run_sql(rdb_txn_conn(txn), "INSERT INTO t VALUES (1)");
    run_sql(rdb_txn_conn(txn), "ROLLBACK");
    assert_int_equal(rdb_txn_commit(txn, &err), RDB_E_DATABASE_ERROR);
    rdb_txn_free(txn);
    txn = begin(f);
    run_sql(rdb_txn_conn(txn), "ROLLBACK");
    assert_ok(rdb_txn_rollback(txn, &err)); /* it is what was asked for */
    rdb_txn_free(txn);
    assert_int_equal(rows_of(f), 0);
}

static void a_failed_transaction_heals_at_its_savepoint(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    push(f->fake,
         (rdb_fake_answer){.sql = "x", .code = RDB_E_UNIQUE_VIOLATION, .effect = RDB_FAKE_FAILS_TXN, .times = 2});
    rdb_txn *txn = begin(f);
    assert_ok(rdb_txn_savepoint(txn, "a", &err));
    rdb_txn_after_error(txn, rdb_conn_exec(rdb_txn_conn(txn), "x", NULL, 0, NULL, &err));
    assert_int_equal(rdb_txn_get_state(txn), RDB_TXN_FAILED_STATE);
    assert_int_equal(rdb_txn_release(txn, "a", &err), RDB_E_DATABASE_ERROR);
    assert_ok(rdb_txn_rollback_to(txn, "a", &err));
    assert_int_equal(rdb_txn_get_state(txn), RDB_TXN_ACTIVE_STATE);
    rdb_txn_after_error(txn, rdb_conn_exec(rdb_txn_conn(txn), "x", NULL, 0, NULL, &err));
    assert_int_equal(rdb_txn_commit(txn, &err), RDB_E_DATABASE_ERROR);
    assert_int_equal(rdb_txn_get_state(txn), RDB_TXN_ROLLED_BACK_STATE);
    rdb_txn_after_error(txn, RDB_E_UNIQUE_VIOLATION); /* too late to matter */
    rdb_txn_free(txn);
}

static void a_lost_connection_fails_the_transaction(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    push(f->fake, (rdb_fake_answer){.sql = "x", .code = RDB_E_CONNECTION_LOST});
    rdb_txn *txn = begin(f);
    rdb_txn_after_error(txn, rdb_conn_exec(rdb_txn_conn(txn), "x", NULL, 0, NULL, &err));
    assert_int_equal(rdb_txn_get_state(txn), RDB_TXN_FAILED_STATE);
    assert_ok(rdb_txn_rollback(txn, &err));
    rdb_txn_free(txn);
    rdb_fake_stats stats;
    rdb_fake_get_stats(f->fake, &stats);
    assert_int_equal(stats.open, 0);
}

static void a_rollback_that_fails_costs_the_connection(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    push(f->fake, (rdb_fake_answer){.sql = "ROLLBACK", .code = RDB_E_DATABASE_ERROR});
    rdb_txn *txn = begin(f);
    assert_int_equal(rdb_txn_rollback(txn, &err), RDB_E_DATABASE_ERROR);
    assert_int_equal(rdb_txn_get_state(txn), RDB_TXN_ROLLED_BACK_STATE);
    rdb_txn_free(txn);
    rdb_fake_stats stats;
    rdb_fake_get_stats(f->fake, &stats);
    assert_int_equal(stats.open, 0);
}

/* -- savepoints ---------------------------------------------------------------------------------- */

static void savepoints_nest(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    rdb_txn *txn = begin(f);
    rdb_conn *conn = rdb_txn_conn(txn);
    run_sql(conn, "INSERT INTO t VALUES (1)");
    assert_ok(rdb_txn_savepoint(txn, "a", &err));
    run_sql(conn, "INSERT INTO t VALUES (2)");
    assert_ok(rdb_txn_savepoint(txn, "select", &err));
    run_sql(conn, "INSERT INTO t VALUES (3)");
    assert_ok(rdb_txn_rollback_to(txn, "select", &err));
    run_sql(conn, "INSERT INTO t VALUES (4)");
    assert_ok(rdb_txn_release(txn, "select", &err));
    assert_int_equal(rdb_txn_release(txn, "select", &err), RDB_E_MISUSE);
    assert_string_equal(err.message, "no savepoint \"select\" in this transaction");
    assert_ok(rdb_txn_rollback_to(txn, "a", &err));
    assert_ok(rdb_txn_rollback_to(txn, "a", &err)); /* it is still there */
    run_sql(conn, "INSERT INTO t VALUES (5)");
    assert_ok(rdb_txn_commit(txn, &err));
    assert_int_equal(rdb_txn_savepoint(txn, "a", &err), RDB_E_MISUSE);
    rdb_txn_free(txn);
    assert_int_equal(rows_of(f), 2);
}

static void equal_names_shadow_each_other(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    rdb_txn *txn = begin(f);
    rdb_conn *conn = rdb_txn_conn(txn);
    for (int i = 0; i < 6; i++) { /* past the first allocation of the stack */
        assert_ok(rdb_txn_savepoint(txn, "s", &err));
        run_sql(conn, "INSERT INTO t SELECT count(*) FROM t");
    }
    assert_ok(rdb_txn_rollback_to(txn, "s", &err));
    assert_ok(rdb_txn_release(txn, "s", &err));
    assert_ok(rdb_txn_rollback_to(txn, "s", &err));
    assert_int_equal(ask_int(conn, "SELECT count(*) FROM t"), 4);
    assert_ok(rdb_txn_commit(txn, &err));
    rdb_txn_free(txn);
}

static void savepoint_names_are_checked(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    rdb_txn *txn = begin(f);
    const char *bad[] = {"",    "1a",       "a b", "a;DROP TABLE t",
                         "a\"", "\xc3\xa4", NULL,  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(rdb_txn_savepoint(txn, bad[i], &err), RDB_E_MISUSE);
        assert_int_equal(rdb_txn_rollback_to(txn, bad[i], &err), RDB_E_MISUSE);
        assert_int_equal(rdb_txn_release(txn, bad[i], &err), RDB_E_MISUSE);
    }
    assert_ok(rdb_txn_savepoint(txn, "_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", &err));
    assert_string_equal(rdb_fake_ran(f->fake, 1), "SAVEPOINT rdb_savepoint_1");
    assert_null(rdb_fake_ran(f->fake, 2));
    rdb_txn_free(txn);
}

/* -- memory -------------------------------------------------------------------------------------- */

/* What a program does with a pool, from open to close; true when all of it worked. */
static bool whole_life(const char *url, rdb_code *failed) {
    rdb_error err = {0};
    rdb_pool *pool = NULL;
    rdb_txn *txn = NULL;
    rdb_query query = {0};
    rdb_code code = rdb_pool_open(url, NULL, &pool, &err);
    if (code == RDB_OK) {
        code = rdb_txn_begin(pool, NULL, &txn, &err);
    }
    if (code == RDB_OK) {
        code = rdb_conn_exec(rdb_txn_conn(txn), "CREATE TABLE t (a INTEGER, b TEXT)", NULL, 0, NULL, &err);
    }
    const rdb_value params[] = {rdb_value_int64(1), TEXT("one")};
    if (code == RDB_OK) {
        code = rdb_conn_exec(rdb_txn_conn(txn), "INSERT INTO t VALUES (?, ?)", params, 2, NULL, &err);
    }
    if (code == RDB_OK) {
        code = rdb_txn_savepoint(txn, "s", &err);
    }
    if (code == RDB_OK) {
        const char *sql = "SELECT a, b FROM t";
        rdb_step step = rdb_query_start(&query, rdb_txn_conn(txn), sql, strlen(sql), 0, NULL, 0, RDB_NO_DEADLINE, &err);
        while (step == RDB_STEP_DONE && rdb_query_next(&query, &err) == RDB_STEP_ROW) {
        }
        rdb_query_finish(&query);
        code = err.code;
    }
    if (code == RDB_OK) {
        code = rdb_txn_release(txn, "s", &err);
    }
    if (code == RDB_OK) {
        code = rdb_txn_commit(txn, &err);
    }
    rdb_txn_free(txn);
    rdb_pool_close(pool);
    rdb_pool_unref(pool);
    *failed = code;
    return code == RDB_OK;
}

static void sweep(const char *url) {
    baseline before = take_baseline();
    for (long n = 0;; n++) {
        assert_true(n < 500);
        rdb__alloc_fail_after(n);
        rdb_code failed = RDB_OK;
        bool whole = whole_life(url, &failed);
        rdb__alloc_fail_after(-1);
        assert_baseline(&before);
        if (whole) {
            assert_true(n > 10);
            return;
        }
        assert_int_equal(failed, RDB_E_NO_MEMORY);
    }
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    rdb_code failed = RDB_OK;
    assert_true(whole_life("sqlite://:memory:", &failed));
    sweep("fake://sweep");
    sweep("sqlite://:memory:");
}

#define FAKE(test)   cmocka_unit_test_setup_teardown(test, start_fake, stop)
#define SQLITE(test) cmocka_unit_test_setup_teardown(test, start_sqlite, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        SQLITE(commit_stores),
        SQLITE(rollback_and_free_undo),
        SQLITE(a_statement_error_leaves_sqlite_transactions_alive),
        FAKE(options_reach_the_backend),
        FAKE(a_failed_begin_gives_the_lease_back),
        FAKE(begin_on_a_dead_connection_tries_a_second_one),
        FAKE(a_commit_without_an_answer_is_unknown),
        FAKE(a_commit_that_hangs_is_unknown),
        FAKE(a_refused_commit_rolls_back),
        SQLITE(a_deferred_constraint_fails_the_commit),
        FAKE(a_late_commit_is_not_sent),
        FAKE(busy_on_commit_rolls_back),
        FAKE(a_voided_transaction_cannot_commit),
        SQLITE(commit_asks_even_if_nobody_told_it),
        FAKE(a_failed_transaction_heals_at_its_savepoint),
        FAKE(a_lost_connection_fails_the_transaction),
        FAKE(a_rollback_that_fails_costs_the_connection),
        SQLITE(savepoints_nest),
        SQLITE(equal_names_shadow_each_other),
        FAKE(savepoint_names_are_checked),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
