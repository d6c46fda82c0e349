/* One connection: statements, their cache, deadlines, cancel, and what makes it unusable. */
#include <pthread.h>
#include <unistd.h>

#include "pool/conn_internal.h"
#include "pool_fixture.h"

typedef struct fixture {
    baseline before;
    rdb_fake *fake;
    rdb_pool *pool;
    rdb_conn *conn;
} fixture;

static fixture shared;

static int start_on(void **state, const char *url) {
    shared = (fixture){.before = take_baseline()};
    shared.fake = open_script("conn");
    shared.pool = open_pool(url);
    shared.conn = lease_of(shared.pool);
    *state = &shared;
    return 0;
}

static int start_fake(void **state) {
    return start_on(state, "fake://conn");
}

static int start_small_cache(void **state) {
    return start_on(state, "fake://conn?pool_statement_cache_size=1");
}

static int start_sqlite(void **state) {
    return start_on(state, "sqlite://:memory:");
}

static int stop(void **state) {
    fixture *f = *state;
    rdb_conn_release(f->conn);
    close_pool(f->pool);
    rdb_fake_close(f->fake);
    assert_baseline(&f->before);
    return 0;
}

static rdb_step begin_query(rdb_query *query, rdb_conn *conn, const char *sql, int64_t deadline, rdb_error *err) {
    return rdb_query_start(query, conn, sql, strlen(sql), 0, NULL, 0, deadline, err);
}

/* -- statements ---------------------------------------------------------------------------------- */

static void a_text_is_prepared_once(void **state) {
    fixture *f = *state;
    for (int i = 0; i < 3; i++) {
        run_sql(f->conn, "SELECT 1");
    }
    assert_int_equal(times_done(f->fake, RDB_FAKE_PREPARE), 1);
    assert_int_equal(times_done(f->fake, RDB_FAKE_EXECUTE), 3);
    assert_int_equal(rdb_live_counts().statements, f->before.live.statements + 1);
}

static void a_statement_that_runs_once_leaves_the_cache_alone(void **state) {
    fixture *f = *state; /* room for one statement */
    rdb_error err = {0};
    run_sql(f->conn, "a");
    for (int i = 0; i < 2; i++) {
        rdb_query query;
        assert_int_equal(rdb_query_start_once(&query, f->conn, "a", 1, NULL, 0, RDB_NO_DEADLINE, &err), RDB_STEP_DONE);
        assert_int_equal(rdb_query_next(&query, &err), RDB_STEP_DONE);
        rdb_query_finish(&query);
    }
    assert_int_equal(times_done(f->fake, RDB_FAKE_PREPARE), 3);
    run_sql(f->conn, "a");
    assert_int_equal(times_done(f->fake, RDB_FAKE_PREPARE), 3);
    assert_int_equal(rdb_live_counts().statements, f->before.live.statements + 1);
    rdb_query query;
    assert_int_equal(rdb_query_start_once(&query, f->conn, "a", 1, NULL, 0, 1, NULL), RDB_STEP_ERROR);
}

static void a_text_in_use_is_prepared_for_the_second_user(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    rdb_query first, second;
    assert_int_equal(begin_query(&first, f->conn, "q", RDB_NO_DEADLINE, &err), RDB_STEP_DONE);
    assert_int_equal(begin_query(&second, f->conn, "q", RDB_NO_DEADLINE, &err), RDB_STEP_DONE);
    assert_false(first.own_stmt);
    assert_true(second.own_stmt);
    assert_int_equal(times_done(f->fake, RDB_FAKE_PREPARE), 2);
    rdb_query_finish(&first);
    rdb_query_finish(&second);
    rdb_query_finish(&second);
    assert_int_equal(rdb_live_counts().statements, f->before.live.statements + 1);
    run_sql(f->conn, "q");
    assert_int_equal(times_done(f->fake, RDB_FAKE_PREPARE), 2);
}

static void a_statement_pushed_out_of_the_cache_lives_until_its_query_ends(void **state) {
    fixture *f = *state; /* room for one statement */
    rdb_error err = {0};
    rdb_query open;
    assert_int_equal(begin_query(&open, f->conn, "a", RDB_NO_DEADLINE, &err), RDB_STEP_DONE);
    run_sql(f->conn, "b");
    run_sql(f->conn, "c");
    assert_int_equal(rdb_query_next(&open, &err), RDB_STEP_DONE);
    assert_int_equal(rdb_live_counts().statements, f->before.live.statements + 2);
    rdb_query_finish(&open);
    assert_int_equal(rdb_live_counts().statements, f->before.live.statements + 1);
}

static void a_statement_runs_again_with_other_parameters(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    run_sql(f->conn, "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)");
    rdb_query query;
    const char *sql = "INSERT INTO t (a) VALUES (?)";
    rdb_value param = rdb_value_int64(10);
    assert_int_equal(rdb_query_start(&query, f->conn, sql, strlen(sql), 0, &param, 1, RDB_NO_DEADLINE, &err),
                     RDB_STEP_DONE);
    for (int64_t i = 2; i <= 5; i++) {
        param = rdb_value_int64(i * 10);
        assert_int_equal(rdb_query_again(&query, &param, 1, &err), RDB_STEP_DONE);
        assert_int_equal(rdb_query_last_insert_id(&query), i);
        assert_int_equal(rdb_query_affected(&query), 1);
    }
    rdb_query_finish(&query);
    assert_int_equal(ask_int(f->conn, "SELECT sum(a) FROM t"), 150);
}

static void a_failed_run_again_gives_the_statement_back(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    run_sql(f->conn, "CREATE TABLE t (a INTEGER UNIQUE)");
    rdb_query query;
    rdb_value param = rdb_value_int64(1);
    const char *sql = "INSERT INTO t VALUES (?)";
    assert_int_equal(rdb_query_start(&query, f->conn, sql, strlen(sql), 0, &param, 1, RDB_NO_DEADLINE, &err),
                     RDB_STEP_DONE);
    assert_int_equal(rdb_query_again(&query, &param, 1, &err), RDB_STEP_ERROR);
    assert_int_equal(err.code, RDB_E_UNIQUE_VIOLATION);
    assert_null(query.stmt);
    assert_int_equal(rdb_query_again(&query, &param, 1, &err), RDB_STEP_ERROR);
    assert_int_equal(err.code, RDB_E_MISUSE);
    assert_int_equal(rdb_query_next(&query, &err), RDB_STEP_ERROR);
    assert_int_equal(err.code, RDB_E_MISUSE);
    assert_int_equal(rdb_query_affected(&query), 0);
    assert_true(rdb_conn_valid(f->conn));
}

static void cells_grow_with_the_table(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    run_sql(f->conn, "CREATE TABLE t (a INTEGER)");
    run_sql(f->conn, "INSERT INTO t VALUES (1)");
    run_sql(f->conn, "SELECT * FROM t");
    run_sql(f->conn, "ALTER TABLE t ADD COLUMN b INTEGER DEFAULT 2");
    run_sql(f->conn, "ALTER TABLE t ADD COLUMN c INTEGER DEFAULT 3");
    rdb_query query;
    assert_int_equal(begin_query(&query, f->conn, "SELECT * FROM t", RDB_NO_DEADLINE, &err), RDB_STEP_DONE);
    assert_int_equal(query.n_columns, 3);
    assert_int_equal(rdb_query_next(&query, &err), RDB_STEP_ROW);
    assert_int_equal(query.cells[2].as.integer, 3);
    assert_string_equal(rdb_query_column_name(&query, 2), "c");
    rdb_query_finish(&query);
}

static void a_stale_statement_is_prepared_again_unseen(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    run_sql(f->conn, "q");
    push(f->fake, (rdb_fake_answer){.sql = "q", .effect = RDB_FAKE_STALE});
    run_sql(f->conn, "q");
    assert_int_equal(times_done(f->fake, RDB_FAKE_PREPARE), 2);
    run_sql(f->conn, "q"); /* the new one is cached */
    assert_int_equal(times_done(f->fake, RDB_FAKE_PREPARE), 2);
    push(f->fake, (rdb_fake_answer){.sql = "q", .effect = RDB_FAKE_STALE, .times = 2});
    assert_int_equal(rdb_conn_exec(f->conn, "q", NULL, 0, NULL, &err), RDB_E_DATABASE_ERROR); /* but only once */
    run_sql(f->conn, "q");
}

static void a_stale_statement_that_waits_is_prepared_again(void **state) {
    fixture *f = *state;
    run_sql(f->conn, "q");
    push(f->fake, (rdb_fake_answer){.sql = "q", .effect = RDB_FAKE_STALE, .wait_ms = 5});
    push(f->fake, (rdb_fake_answer){.sql = "q", .op = RDB_FAKE_PREPARE, .wait_ms = 5});
    run_sql(f->conn, "q");
    assert_int_equal(times_done(f->fake, RDB_FAKE_PREPARE), 2);
}

static void a_statement_that_cannot_be_prepared_leaves_nothing(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    push(f->fake, (rdb_fake_answer){.op = RDB_FAKE_PREPARE, .sql = "bad", .code = RDB_E_SYNTAX_ERROR, .wait_ms = 2});
    assert_int_equal(rdb_conn_exec(f->conn, "bad", NULL, 0, NULL, &err), RDB_E_SYNTAX_ERROR);
    assert_int_equal(rdb_live_counts().statements, f->before.live.statements);
    assert_true(rdb_conn_valid(f->conn));
}

static void an_error_amid_rows_ends_the_query(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    const char *columns[] = {"a"};
    const rdb_value rows[] = {rdb_value_int64(1), rdb_value_int64(2)};
    push(f->fake, (rdb_fake_answer){.sql = "q", .n_columns = 1, .columns = columns, .n_rows = 2, .rows = rows});
    push(f->fake,
         (rdb_fake_answer){.op = RDB_FAKE_FETCH, .sql = "q", .after = 1, .code = RDB_E_CONNECTION_LOST, .wait_ms = 2});
    rdb_query query;
    assert_int_equal(begin_query(&query, f->conn, "q", RDB_NO_DEADLINE, &err), RDB_STEP_DONE);
    assert_int_equal(rdb_query_next(&query, &err), RDB_STEP_ROW);
    assert_int_equal(rdb_query_wait(&query, rdb_query_next(&query, &err), &err), RDB_STEP_ERROR);
    assert_int_equal(err.code, RDB_E_CONNECTION_LOST);
    assert_false(rdb_conn_valid(f->conn));
    rdb_query_finish(&query);
}

/* -- deadlines and cancel ------------------------------------------------------------------------ */

static void a_deadline_cancels_and_the_connection_survives(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    push(f->fake, (rdb_fake_answer){.sql = "slow", .wait_ms = 5000});
    int64_t then = rdb__clock_ns();
    rdb_query query;
    rdb_step step = begin_query(&query, f->conn, "slow", rdb__deadline_in(0.03), &err);
    assert_int_equal(rdb_query_wait(&query, step, &err), RDB_STEP_ERROR);
    assert_int_equal(err.code, RDB_E_STATEMENT_TIMEOUT);
    assert_string_equal(err.message, "the statement was stopped: it ran past its time limit");
    assert_true(seconds_since(then) >= 0.029 && seconds_since(then) < 1);
    rdb_query_finish(&query);
    assert_true(rdb_conn_valid(f->conn));
    run_sql(f->conn, "next");
}

static void a_server_that_does_not_stop_loses_its_connection(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    push(f->fake, (rdb_fake_answer){.sql = "hangs", .wait_ms = RDB_FAKE_FOREVER, .deaf = true});
    int64_t then = rdb__clock_ns();
    rdb_query query;
    rdb_step step = begin_query(&query, f->conn, "hangs", rdb__deadline_in(0.02), &err);
    assert_int_equal(rdb_query_wait(&query, step, &err), RDB_STEP_ERROR);
    assert_int_equal(err.code, RDB_E_STATEMENT_TIMEOUT);
    assert_true(seconds_since(then) < 1);
    assert_false(rdb_conn_valid(f->conn));
    assert_int_equal(rdb_conn_exec(f->conn, "x", NULL, 0, NULL, &err), RDB_E_INVALID_CONNECTION);
}

static void a_statement_that_just_finished_counts(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    push(f->fake, (rdb_fake_answer){.sql = "late", .wait_ms = 40, .deaf = true, .affected = 4});
    push(f->fake, (rdb_fake_answer){.sql = "fails", .wait_ms = 40, .deaf = true, .code = RDB_E_UNIQUE_VIOLATION});
    rdb_query query;
    rdb_step step = begin_query(&query, f->conn, "late", rdb__deadline_in(0.02), &err);
    assert_int_equal(rdb_query_wait(&query, step, &err), RDB_STEP_DONE);
    assert_int_equal(rdb_query_affected(&query), 4);
    rdb_query_finish(&query);
    step = begin_query(&query, f->conn, "fails", rdb__deadline_in(0.02), NULL);
    assert_int_equal(rdb_query_wait(&query, step, NULL), RDB_STEP_ERROR);
    rdb_query_finish(&query);
    assert_true(rdb_conn_valid(f->conn));
}

static void a_socket_that_is_gone_is_noticed(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    push(f->fake, (rdb_fake_answer){.sql = "slow", .wait_ms = 5000});
    rdb_query query;
    rdb_step step = begin_query(&query, f->conn, "slow", RDB_NO_DEADLINE, &err);
    int fd = rdb_conn_backend(f->conn)->socket(f->conn->raw);
    assert_int_equal(close(fd), 0);
    assert_int_equal(rdb_query_wait(&query, step, &err), RDB_STEP_ERROR);
    assert_int_equal(err.code, RDB_E_CONNECTION_LOST);
    assert_false(rdb_conn_valid(f->conn));
}

static void a_dead_connection_answers_nothing(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    push(f->fake, (rdb_fake_answer){.sql = "x", .code = RDB_E_DATABASE_ERROR, .effect = RDB_FAKE_LOSES});
    assert_int_equal(rdb_conn_exec(f->conn, "x", NULL, 0, NULL, &err), RDB_E_DATABASE_ERROR);
    assert_true(rdb_conn_valid(f->conn)); /* nothing has said so yet */
    assert_int_equal(rdb_conn_txn_status(f->conn), RDB_TXN_UNKNOWN);
    assert_int_equal(rdb_conn_exec(f->conn, "y", NULL, 0, NULL, &err), RDB_E_CONNECTION_LOST);
    assert_false(rdb_conn_valid(f->conn));
    assert_int_equal(rdb_conn_limit_params(f->conn), 65535);
}

static void a_deadline_that_passed_runs_nothing(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    rdb_query query;
    assert_int_equal(begin_query(&query, f->conn, "x", rdb__clock_ns() - 1, &err), RDB_STEP_ERROR);
    assert_int_equal(err.code, RDB_E_STATEMENT_TIMEOUT);
    assert_int_equal(times_done(f->fake, RDB_FAKE_EXECUTE), 0);
    assert_true(rdb_conn_valid(f->conn));
}

static const char endless[] = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";

static void a_local_database_stops_by_itself(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    int64_t then = rdb__clock_ns();
    rdb_query query;
    assert_int_equal(begin_query(&query, f->conn, endless, rdb__deadline_in(0.05), &err), RDB_STEP_ERROR);
    assert_int_equal(err.code, RDB_E_STATEMENT_TIMEOUT);
    assert_true(seconds_since(then) < 2);
    assert_int_equal(ask_int(f->conn, "SELECT 42"), 42); /* the deadline is forgotten */
}

static void *cancel_soon(void *conn) {
    usleep(30000);
    rdb_conn_cancel(conn);
    return NULL;
}

static void cancel_from_another_thread(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    push(f->fake, (rdb_fake_answer){.sql = "slow", .wait_ms = 5000});
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, f->conn), 0);
    assert_int_equal(rdb_conn_exec(f->conn, "slow", NULL, 0, NULL, &err), RDB_E_CANCELLED);
    pthread_join(thread, NULL);
    rdb_conn_cancel(f->conn); /* nothing runs: nothing happens */
    run_sql(f->conn, "next");
}

static void cancel_of_a_local_database(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, f->conn), 0);
    assert_int_equal(rdb_conn_exec(f->conn, endless, NULL, 0, NULL, &err), RDB_E_CANCELLED);
    pthread_join(thread, NULL);
    assert_int_equal(ask_int(f->conn, "SELECT 42"), 42);
}

/* -- misuse and ends ----------------------------------------------------------------------------- */

static void a_query_given_up_while_it_waits_loses_the_connection(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    push(f->fake, (rdb_fake_answer){.sql = "slow", .wait_ms = 5000});
    rdb_query query;
    assert_int_equal(begin_query(&query, f->conn, "slow", RDB_NO_DEADLINE, &err), RDB_STEP_WAIT_READ);
    rdb_query other;
    assert_int_equal(begin_query(&other, f->conn, "other", RDB_NO_DEADLINE, &err), RDB_STEP_ERROR);
    assert_int_equal(err.code, RDB_E_MISUSE);
    assert_int_equal(rdb_query_next(&query, &err), RDB_STEP_ERROR);
    assert_int_equal(err.code, RDB_E_MISUSE);
    rdb_query_finish(&query);
    assert_false(rdb_conn_valid(f->conn));
    assert_int_equal(rdb_query_continue(&query, &err), RDB_STEP_ERROR);
    assert_int_equal(err.code, RDB_E_MISUSE);
}

static void release_ends_open_queries(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    rdb_query cached, own;
    assert_int_equal(begin_query(&cached, f->conn, "q", RDB_NO_DEADLINE, &err), RDB_STEP_DONE);
    assert_int_equal(begin_query(&own, f->conn, "q", RDB_NO_DEADLINE, &err), RDB_STEP_DONE);
    rdb_conn_release(f->conn);
    f->conn = NULL;
    assert_null(cached.conn);
    assert_int_equal(rdb_query_next(&cached, &err), RDB_STEP_ERROR);
    assert_int_equal(err.code, RDB_E_MISUSE);
    assert_int_equal(rdb_query_again(&own, NULL, 0, &err), RDB_STEP_ERROR);
    assert_int_equal(err.code, RDB_E_MISUSE);
    rdb_query_finish(&cached);
    rdb_query_finish(&own);
    assert_int_equal(rdb_live_counts().statements, f->before.live.statements + 1);
}

static void an_invalidated_connection_runs_nothing(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    rdb_query open, again;
    assert_int_equal(begin_query(&open, f->conn, "q", RDB_NO_DEADLINE, &err), RDB_STEP_DONE);
    assert_int_equal(begin_query(&again, f->conn, "q", RDB_NO_DEADLINE, &err), RDB_STEP_DONE);
    rdb_conn_invalidate(f->conn, true);
    assert_true(rdb_conn_valid(f->conn));
    run_sql(f->conn, "still works");
    rdb_conn_invalidate(f->conn, false);
    rdb_conn_invalidate(f->conn, true); /* does not heal it */
    assert_false(rdb_conn_valid(f->conn));
    assert_int_equal(rdb_query_next(&open, &err), RDB_STEP_ERROR);
    assert_int_equal(err.code, RDB_E_INVALID_CONNECTION);
    assert_int_equal(rdb_query_again(&again, NULL, 0, NULL), RDB_STEP_ERROR);
    assert_null(again.stmt);
    assert_int_equal(rdb_conn_exec(f->conn, "x", NULL, 0, NULL, &err), RDB_E_INVALID_CONNECTION);
    assert_non_null(strstr(err.message, rdb_conn_id(f->conn)));
    assert_int_equal(rdb_conn_reset(f->conn, &err), RDB_E_INVALID_CONNECTION);
}

static void errors_may_be_ignored(void **state) {
    fixture *f = *state;
    push(f->fake, (rdb_fake_answer){.sql = "x", .code = RDB_E_CONNECTION_LOST});
    assert_int_equal(rdb_conn_exec(f->conn, "x", NULL, 0, NULL, NULL), RDB_E_CONNECTION_LOST);
    assert_int_equal(rdb_conn_exec(f->conn, "x", NULL, 0, NULL, NULL), RDB_E_INVALID_CONNECTION);
}

static void reset_rolls_back(void **state) {
    fixture *f = *state;
    rdb_error err = {0};
    run_sql(f->conn, "CREATE TABLE t (a INTEGER)");
    run_sql(f->conn, "BEGIN");
    run_sql(f->conn, "INSERT INTO t VALUES (1)");
    assert_int_equal(rdb_conn_txn_status(f->conn), RDB_TXN_OPEN);
    assert_ok(rdb_conn_reset(f->conn, &err));
    assert_int_equal(rdb_conn_txn_status(f->conn), RDB_TXN_IDLE);
    assert_int_equal(ask_int(f->conn, "SELECT count(*) FROM t"), 0);
}

static void an_id_is_a_random_uuid(void **state) {
    fixture *f = *state;
    const char *id = rdb_conn_id(f->conn);
    assert_int_equal(strlen(id), 36);
    assert_int_equal(strspn(id, "0123456789abcdef-"), 36);
    assert_true(id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-');
    assert_int_equal(id[14], '4');
    assert_non_null(strchr("89ab", id[19]));
    rdb_pool *other_pool = open_pool("fake://conn");
    rdb_conn *other = lease_of(other_pool);
    assert_string_not_equal(id, rdb_conn_id(other));
    rdb_conn_release(other);
    close_pool(other_pool);
}

#define FAKE(test)   cmocka_unit_test_setup_teardown(test, start_fake, stop)
#define SQLITE(test) cmocka_unit_test_setup_teardown(test, start_sqlite, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        FAKE(a_text_is_prepared_once),
        FAKE(a_text_in_use_is_prepared_for_the_second_user),
        cmocka_unit_test_setup_teardown(a_statement_that_runs_once_leaves_the_cache_alone, start_small_cache, stop),
        cmocka_unit_test_setup_teardown(a_statement_pushed_out_of_the_cache_lives_until_its_query_ends,
                                        start_small_cache, stop),
        SQLITE(a_statement_runs_again_with_other_parameters),
        SQLITE(a_failed_run_again_gives_the_statement_back),
        SQLITE(cells_grow_with_the_table),
        FAKE(a_stale_statement_is_prepared_again_unseen),
        FAKE(a_stale_statement_that_waits_is_prepared_again),
        FAKE(a_statement_that_cannot_be_prepared_leaves_nothing),
        FAKE(an_error_amid_rows_ends_the_query),
        FAKE(a_deadline_cancels_and_the_connection_survives),
        FAKE(a_server_that_does_not_stop_loses_its_connection),
        FAKE(a_statement_that_just_finished_counts),
        FAKE(a_socket_that_is_gone_is_noticed),
        FAKE(a_dead_connection_answers_nothing),
        FAKE(a_deadline_that_passed_runs_nothing),
        SQLITE(a_local_database_stops_by_itself),
        FAKE(cancel_from_another_thread),
        SQLITE(cancel_of_a_local_database),
        FAKE(a_query_given_up_while_it_waits_loses_the_connection),
        FAKE(release_ends_open_queries),
        FAKE(an_invalidated_connection_runs_nothing),
        FAKE(errors_may_be_ignored),
        SQLITE(reset_rolls_back),
        FAKE(an_id_is_a_random_uuid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
