/* The fake backend plays its script. */
#include <poll.h>

#include "pool_fixture.h"

static int start(void **state) {
    static baseline before;
    before = take_baseline();
    *state = &before;
    return 0;
}

static int stop(void **state) {
    assert_baseline(*state);
    return 0;
}

static void unscripted_statements_succeed(void **state) {
    (void)state;
    rdb_error err = {0};
    rdb_pool *pool = open_pool("fake://plain");
    rdb_conn *conn = lease_of(pool);
    int64_t affected = -1;
    assert_ok(rdb_conn_exec(conn, "UPDATE t SET a = 1", NULL, 0, &affected, &err));
    assert_int_equal(affected, 0);
    rdb_conn_release(conn);
    close_pool(pool);
}

static void rows_are_answered_as_scripted(void **state) {
    (void)state;
    rdb_error err = {0};
    rdb_fake *fake = open_script("rows");
    const char *columns[] = {"id", "name"};
    char name[] = "Ann";
    const rdb_value rows[] = {rdb_value_int64(1), rdb_value_text(name, 3), rdb_value_int64(2), rdb_value_null()};
    push(fake, (rdb_fake_answer){.sql = "SELECT id, name FROM a",
                                 .n_columns = 2,
                                 .columns = columns,
                                 .n_rows = 2,
                                 .rows = rows,
                                 .affected = 7,
                                 .last_insert_id = 9});
    memset(name, 'x', 3); /* the script has its own copy */
    rdb_pool *pool = open_pool("fake://rows");
    rdb_conn *conn = lease_of(pool);
    rdb_query query;
    const char *sql = "SELECT id, name FROM a";
    assert_int_equal(rdb_query_start(&query, conn, sql, strlen(sql), 0, NULL, 0, RDB_NO_DEADLINE, &err), RDB_STEP_DONE);
    assert_int_equal(query.n_columns, 2);
    assert_string_equal(rdb_query_column_name(&query, 1), "name");
    assert_null(rdb_query_column_name(&query, 2));
    assert_int_equal(rdb_query_next(&query, &err), RDB_STEP_ROW);
    assert_int_equal(query.cells[0].as.integer, 1);
    assert_memory_equal(query.cells[1].as.text, "Ann", 3);
    assert_int_equal(rdb_query_next(&query, &err), RDB_STEP_ROW);
    assert_int_equal(query.cells[1].kind, RDB_KIND_NULL);
    assert_int_equal(rdb_query_next(&query, &err), RDB_STEP_DONE);
    assert_int_equal(rdb_query_next(&query, &err), RDB_STEP_DONE);
    assert_int_equal(rdb_query_affected(&query), 7);
    assert_int_equal(rdb_query_last_insert_id(&query), 9);
    rdb_query_finish(&query);
    rdb_conn_release(conn);
    close_pool(pool);
    rdb_fake_close(fake);
}

static void answers_serve_in_order_after_and_so_often(void **state) {
    (void)state;
    rdb_error err = {0};
    rdb_fake *fake = open_script("order");
    push(fake, (rdb_fake_answer){.sql = "a",
                                 .after = 1,
                                 .times = 2,
                                 .code = RDB_E_UNIQUE_VIOLATION,
                                 .message = "taken",
                                 .constraint = "a_key"});
    push(fake, (rdb_fake_answer){.sql = "b", .times = RDB_FAKE_FOREVER, .code = RDB_E_DEADLOCK});
    rdb_pool *pool = open_pool("fake://order");
    rdb_conn *conn = lease_of(pool);
    run_sql(conn, "a");
    assert_int_equal(rdb_conn_exec(conn, "a", NULL, 0, NULL, &err), RDB_E_UNIQUE_VIOLATION);
    assert_string_equal(err.message, "taken");
    assert_string_equal(err.constraint, "a_key");
    assert_string_equal(err.backend, "fake");
    assert_int_equal(rdb_conn_exec(conn, "a", NULL, 0, NULL, &err), RDB_E_UNIQUE_VIOLATION);
    run_sql(conn, "a");
    for (int i = 0; i < 5; i++) {
        assert_int_equal(rdb_conn_exec(conn, "b", NULL, 0, NULL, &err), RDB_E_DEADLOCK);
    }
    assert_string_equal(err.message, "fake: execute failed as scripted");
    rdb_fake_clear(fake);
    run_sql(conn, "b");
    rdb_conn_release(conn);
    close_pool(pool);
    rdb_fake_close(fake);
}

static void what_ran_is_recorded(void **state) {
    (void)state;
    rdb_fake *fake = open_script("record");
    rdb_pool *pool = open_pool("fake://record");
    rdb_conn *conn = lease_of(pool);
    run_sql(conn, "before");
    rdb_fake_record(fake, true);
    run_sql(conn, "one");
    run_sql(conn, "two");
    run_sql(conn, "one");
    assert_string_equal(rdb_fake_ran(fake, 0), "one");
    assert_string_equal(rdb_fake_ran(fake, 1), "two");
    assert_string_equal(rdb_fake_ran(fake, 2), "one");
    assert_null(rdb_fake_ran(fake, 3));
    rdb_conn_release(conn);
    close_pool(pool);
    rdb_fake_close(fake);
}

static void a_strict_script_refuses_what_it_does_not_know(void **state) {
    (void)state;
    rdb_error err = {0};
    rdb_fake *fake = open_script("strict");
    push(fake, (rdb_fake_answer){.sql = "known"});
    rdb_pool *pool = open_pool("fake://strict?strict=yes");
    rdb_conn *conn = lease_of(pool);
    run_sql(conn, "known");
    assert_int_equal(rdb_conn_exec(conn, "unknown", NULL, 0, NULL, &err), RDB_E_DATABASE_ERROR);
    assert_string_equal(err.message, "fake://strict: the script has no answer for this statement: unknown");
    rdb_conn_release(conn);
    close_pool(pool);
    rdb_fake_close(fake);
}

static void waits_are_real(void **state) {
    (void)state;
    rdb_error err = {0};
    rdb_fake *fake = open_script("wait");
    push(fake, (rdb_fake_answer){.sql = "slow", .wait_ms = 30, .affected = 3});
    rdb_pool *pool = open_pool("fake://wait");
    rdb_conn *conn = lease_of(pool);
    int64_t then = rdb__clock_ns();
    rdb_query query;
    rdb_step step = rdb_query_start(&query, conn, "slow", 4, 0, NULL, 0, RDB_NO_DEADLINE, &err);
    assert_int_equal(step, RDB_STEP_WAIT_READ);
    assert_int_equal(rdb_query_continue(&query, &err), RDB_STEP_WAIT_READ); /* too early */
    assert_int_equal(rdb_query_wait(&query, step, &err), RDB_STEP_DONE);
    assert_true(seconds_since(then) >= 0.029);
    assert_int_equal(rdb_query_affected(&query), 3);
    rdb_query_finish(&query);
    rdb_conn_release(conn);
    close_pool(pool);
    rdb_fake_close(fake);
}

static void url_options_set_latencies(void **state) {
    (void)state;
    rdb_pool *pool = open_pool("fake://latency?latency=0.02&connect_latency=0.04");
    int64_t then = rdb__clock_ns();
    rdb_conn *conn = lease_of(pool);
    assert_true(seconds_since(then) >= 0.039);
    then = rdb__clock_ns();
    run_sql(conn, "x");
    assert_true(seconds_since(then) >= 0.019);
    rdb_conn_release(conn);
    close_pool(pool);
}

static void bad_url_options_are_named(void **state) {
    (void)state;
    rdb_error err = {0};
    rdb_pool *pool = NULL;
    assert_int_equal(rdb_pool_open("fake://bad?latensy=1", NULL, &pool, &err), RDB_E_CONFIG);
    assert_non_null(strstr(err.message, "latensy"));
    assert_int_equal(rdb_pool_open("fake://bad?latency=-1", NULL, &pool, &err), RDB_E_CONFIG);
    assert_non_null(strstr(err.message, "latency"));
    assert_null(pool);
}

static void transactions_are_followed(void **state) {
    (void)state;
    rdb_error err = {0};
    rdb_fake *fake = open_script("follow");
    push(fake, (rdb_fake_answer){.sql = "fails", .code = RDB_E_UNIQUE_VIOLATION, .effect = RDB_FAKE_FAILS_TXN});
    push(fake, (rdb_fake_answer){.sql = "voids", .code = RDB_E_DATABASE_ERROR, .effect = RDB_FAKE_VOIDS_TXN});
    rdb_pool *pool = open_pool("fake://follow");
    rdb_conn *conn = lease_of(pool);
    assert_int_equal(rdb_conn_txn_status(conn), RDB_TXN_IDLE);
    run_sql(conn, "begin");
    assert_int_equal(rdb_conn_txn_status(conn), RDB_TXN_OPEN);
    assert_int_equal(rdb_conn_exec(conn, "fails", NULL, 0, NULL, &err), RDB_E_UNIQUE_VIOLATION);
    assert_int_equal(rdb_conn_txn_status(conn), RDB_TXN_FAILED);
    assert_int_equal(rdb_conn_exec(conn, "SELECT 1", NULL, 0, NULL, &err), RDB_E_DATABASE_ERROR);
    run_sql(conn, "ROLLBACK TO a");
    assert_int_equal(rdb_conn_txn_status(conn), RDB_TXN_OPEN);
    run_sql(conn, "COMMIT");
    assert_int_equal(rdb_conn_txn_status(conn), RDB_TXN_IDLE);
    run_sql(conn, "START TRANSACTION");
    assert_int_equal(rdb_conn_exec(conn, "voids", NULL, 0, NULL, &err), RDB_E_DATABASE_ERROR);
    assert_int_equal(rdb_conn_txn_status(conn), RDB_TXN_IDLE);
    rdb_conn_release(conn);
    close_pool(pool);
    rdb_fake_close(fake);
}

static void parameters_are_counted(void **state) {
    (void)state;
    rdb_error err = {0};
    rdb_pool *pool = open_pool("fake://params");
    rdb_conn *conn = lease_of(pool);
    const rdb_value params[] = {rdb_value_int64(1), rdb_value_int64(2)};
    assert_ok(rdb_conn_exec(conn, "a = ? and b = '?' and c = \"?\" and d = ?", params, 2, NULL, &err));
    assert_ok(rdb_conn_exec(conn, "a = $2 and b = $1 and c = $2", params, 2, NULL, &err));
    assert_int_equal(rdb_conn_exec(conn, "a = ?", params, 2, NULL, &err), RDB_E_MISUSE);
    assert_string_equal(err.message, "the statement has 1 parameters, 2 were given");
    rdb_conn_release(conn);
    close_pool(pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(unscripted_statements_succeed, start, stop),
        cmocka_unit_test_setup_teardown(rows_are_answered_as_scripted, start, stop),
        cmocka_unit_test_setup_teardown(answers_serve_in_order_after_and_so_often, start, stop),
        cmocka_unit_test_setup_teardown(what_ran_is_recorded, start, stop),
        cmocka_unit_test_setup_teardown(a_strict_script_refuses_what_it_does_not_know, start, stop),
        cmocka_unit_test_setup_teardown(waits_are_real, start, stop),
        cmocka_unit_test_setup_teardown(url_options_set_latencies, start, stop),
        cmocka_unit_test_setup_teardown(bad_url_options_are_named, start, stop),
        cmocka_unit_test_setup_teardown(transactions_are_followed, start, stop),
        cmocka_unit_test_setup_teardown(parameters_are_counted, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
