/* test_sqlite_errors.c - what SQLite's failures are called, and the names they carry. */
#include "sqlite_fixture.h"

#include <pthread.h>
#include <stdatomic.h>

/* Code and names of the last error as one text. */
static const char *told(const fixture *f) {
    static char text_of_error[512];
    snprintf(text_of_error, sizeof text_of_error, "%s table=%s column=%s constraint=%s", rdb_code_name(f->err.code),
             f->err.table, f->err.column, f->err.constraint);
    return text_of_error;
}

static void names_are_read_from_messages(void **state) {
    (void)state;
    static const struct {
        const char *sql, *told;
        int native;
    } all[] = {
        {"INSERT INTO t (id, u) VALUES (1, 5)", "unique_violation table=t column=id constraint=", 1555},
        {"INSERT INTO t (u) VALUES (1)", "unique_violation table=t column=u constraint=", 2067},
        {"INSERT INTO t (a, b) VALUES (1, 2)", "unique_violation table=t column=a, b constraint=", 2067},
        {"INSERT INTO t (c) VALUES ('X')", "unique_violation table= column= constraint=t_lower", 2067},
        {"INSERT INTO t (n) VALUES (NULL)", "not_null_violation table=t column=n constraint=", 1299},
        {"INSERT INTO t (p) VALUES (0)", "check_violation table= column= constraint=positive", 275},
        {"INSERT INTO t (parent) VALUES (99)", "foreign_key_violation table= column= constraint=", 787},
        {"DELETE FROM t WHERE id = 2", "foreign_key_violation table= column= constraint=", 1811},
        {"INSERT INTO t (n) VALUES (13)", "database_error table= column= constraint=", 1811},
        {"INSERT INTO s VALUES ('x')", "invalid_value table=s column=n constraint=", 3091},
        {"INSERT INTO t (id) VALUES ('x')", "invalid_value table= column= constraint=", 20},
        {"SELECT * FROM nowhere", "undefined_table table=nowhere column= constraint=", 1},
        {"INSERT INTO main.nowhere VALUES (1)", "undefined_table table=nowhere column= constraint=", 1},
        {"SELECT missing FROM t", "undefined_column table= column=missing constraint=", 1},
        {"SELECT t.missing FROM t", "undefined_column table=t column=missing constraint=", 1},
        {"SELECT \"missing\" FROM t", "undefined_column table= column=missing constraint=", 1},
        {"INSERT INTO t (missing) VALUES (1)", "undefined_column table=t column=missing constraint=", 1},
        {"SELEC 1", "syntax_error table= column= constraint=", 1},
        {"SELECT (1", "syntax_error table= column= constraint=", 1},
        {"SELECT 'a", "syntax_error table= column= constraint=", 1},
        {"SELECT abs(-9223372036854775807 - 1)", "out_of_range table= column= constraint=", 1},
        {"SELECT json('{')", "invalid_value table= column= constraint=", 1},
        {"SELECT zeroblob(2000000000)", "data_too_long table= column= constraint=", 18},
        {"COMMIT", "misuse table= column= constraint=", 1},
        {"RELEASE missing", "misuse table= column= constraint=", 1},
        {"CREATE TABLE t (a)", "database_error table= column= constraint=", 1},
    };
    fixture f;
    fixture_open(&f, "sqlite://:memory:");
    run(&f,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, u UNIQUE, a, b, c, n INTEGER NOT NULL DEFAULT 0,"
        " p DEFAULT 1 CONSTRAINT positive CHECK (p > 0), parent REFERENCES t (id) ON DELETE RESTRICT, UNIQUE (a, b))");
    run(&f, "CREATE UNIQUE INDEX t_lower ON t (lower(c))");
    run(&f, "CREATE TABLE s (n INTEGER) STRICT");
    run(&f, "CREATE TRIGGER t_no BEFORE INSERT ON t WHEN new.n = 13 BEGIN SELECT raise(ABORT, 'bad luck'); END");
    run(&f, "INSERT INTO t (id, u, a, b, c) VALUES (1, 1, 1, 2, 'x')");
    run(&f, "INSERT INTO t (id) VALUES (2)");
    run(&f, "INSERT INTO t (id, parent) VALUES (3, 2)");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assert_int_not_equal(try(&f, all[i].sql), RDB_OK);
        assert_string_equal(told(&f), all[i].told);
        assert_int_equal(f.err.native, all[i].native);
        assert_string_equal(f.err.backend, "sqlite");
        assert_true(f.err.message[0] != '\0');
    }
    assert_string_equal(ask(&f, "SELECT count(*) FROM t"), "3");
    assert_int_equal(B->txn_status(f.conn), RDB_TXN_IDLE);
    fixture_close(&f);
}

static void a_deferred_foreign_key_fails_the_commit(void **state) {
    (void)state;
    fixture f;
    fixture_open(&f, "sqlite://:memory:");
    run(&f, "CREATE TABLE t (id INTEGER PRIMARY KEY, p REFERENCES t (id) DEFERRABLE INITIALLY DEFERRED)");
    run(&f, "BEGIN");
    run(&f, "INSERT INTO t VALUES (1, 2)");
    assert_int_equal(try(&f, "COMMIT"), RDB_E_FOREIGN_KEY_VIOLATION);
    assert_int_equal(B->txn_status(f.conn), RDB_TXN_OPEN);
    run(&f, "INSERT INTO t VALUES (2, NULL)");
    run(&f, "COMMIT");
    fixture_close(&f);
}

static void a_lock_is_waited_for_and_named(void **state) {
    (void)state;
    fixture f;
    fixture_open(&f, "sqlite:///%s/a.db?busy_timeout=0.1");
    run(&f, "CREATE TABLE t (n)");
    rdb_backend_conn *other = fixture_connect(&f);
    run_on(&f, other, "BEGIN");
    int64_t start = rdb__clock_ns();
    assert_int_equal(try(&f, "BEGIN"), RDB_E_LOCK_TIMEOUT);
    double waited = (double)(rdb__clock_ns() - start) / 1e9;
    assert_true(waited >= 0.09 && waited < 2);
    assert_int_equal(f.err.native, 5);
    assert_non_null(strstr(f.err.hint, f.folder));
    assert_non_null(strstr(f.err.hint, "busy_timeout (0.1 s)"));
    assert_true(rdb_code_retryable(f.err.code));
    run_on(&f, other, "ROLLBACK");
    run(&f, "BEGIN");
    run(&f, "ROLLBACK");
    B->close(other);
    fixture_close(&f);
}

static void a_stale_snapshot_is_a_serialization_failure(void **state) {
    (void)state;
    fixture f;
    fixture_open(&f, "sqlite:///%s/a.db");
    run(&f, "CREATE TABLE t (n)");
    rdb_backend_conn *other = fixture_connect(&f);
    run(&f, "BEGIN DEFERRED");
    assert_string_equal(ask(&f, "SELECT count(*) FROM t"), "0");
    run_on(&f, other, "INSERT INTO t VALUES (1)");
    assert_int_equal(try(&f, "INSERT INTO t VALUES (2)"), RDB_E_SERIALIZATION_FAILURE);
    assert_int_equal(f.err.native, 517);
    run(&f, "ROLLBACK");
    B->close(other);
    fixture_close(&f);
}

static void a_deadline_stops_a_statement(void **state) {
    (void)state;
    static const char endless[] =
        "WITH RECURSIVE r (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r) SELECT max(i) FROM r";
    fixture f;
    fixture_open(&f, "sqlite:///%s/a.db");
    int64_t start = rdb__clock_ns();
    B->set_deadline(f.conn, rdb__deadline_in(0.05));
    assert_int_equal(try(&f, endless), RDB_E_STATEMENT_TIMEOUT);
    assert_string_equal(f.err.message, "the statement ran past its deadline");
    assert_true(rdb__clock_ns() - start < INT64_C(2000000000));
    /* waiting for a lock obeys it too, whatever busy_timeout says */
    rdb_backend_conn *other = fixture_connect(&f);
    run_on(&f, other, "BEGIN");
    start = rdb__clock_ns();
    B->set_deadline(f.conn, rdb__deadline_in(0.05));
    assert_int_equal(try(&f, "BEGIN"), RDB_E_STATEMENT_TIMEOUT);
    assert_true(rdb__clock_ns() - start < INT64_C(2000000000));
    B->set_deadline(f.conn, RDB_NO_DEADLINE);
    assert_string_equal(ask(&f, "SELECT 1"), "1");
    B->close(other);
    fixture_close(&f);
}

typedef struct canceller {
    rdb_backend_conn *conn;
    atomic_bool done;
} canceller;

static void *cancel_until_done(void *context) {
    canceller *c = context;
    while (!atomic_load(&c->done)) { /* a cancel before the statement starts does not count */
        usleep(5000);
        B->cancel(c->conn);
    }
    return NULL;
}

static void another_thread_cancels(void **state) {
    (void)state;
    static const char endless[] =
        "WITH RECURSIVE r (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r) SELECT max(i) FROM r";
    fixture f;
    fixture_open(&f, "sqlite:///%s/a.db");
    rdb_backend_conn *other = fixture_connect(&f);
    static const char *const statements[] = {endless, "BEGIN"}; /* running, and waiting for a lock */
    run_on(&f, other, "BEGIN");
    for (size_t i = 0; i < 2; i++) {
        canceller c = {f.conn, false};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, cancel_until_done, &c), 0);
        rdb_code code = try(&f, statements[i]);
        atomic_store(&c.done, true);
        pthread_join(thread, NULL);
        assert_int_equal(code, RDB_E_CANCELLED);
        assert_string_equal(f.err.message, "the statement was cancelled");
    }
    assert_string_equal(ask(&f, "SELECT 1"), "1");
    B->close(other);
    fixture_close(&f);
}

static void an_interrupted_write_voids_its_transaction(void **state) {
    (void)state;
    fixture f;
    fixture_open(&f, "sqlite://:memory:");
    run(&f, "CREATE TABLE t (n)");
    run(&f, "BEGIN");
    B->set_deadline(f.conn, rdb__deadline_in(0.02));
    assert_int_equal(
        try(&f, "INSERT INTO t WITH RECURSIVE r (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r) SELECT i FROM r"),
        RDB_E_STATEMENT_TIMEOUT);
    B->set_deadline(f.conn, RDB_NO_DEADLINE);
    assert_int_equal(B->txn_status(f.conn), RDB_TXN_IDLE);
    fixture_close(&f);
}

static void a_full_database_says_so(void **state) {
    (void)state;
    fixture f;
    fixture_open(&f, "sqlite:///%s/a.db");
    run(&f, "CREATE TABLE t (n)");
    run(&f, "PRAGMA max_page_count = 10");
    assert_int_equal(try(&f, "INSERT INTO t VALUES (zeroblob(100000))"), RDB_E_DATABASE_ERROR);
    assert_int_equal(f.err.native & 0xFF, 13);
    assert_non_null(strstr(f.err.hint, "is full"));
    fixture_close(&f);
}

static void damage_is_fatal_to_the_connection(void **state) {
    (void)state;
    fixture f;
    char name[128];
    fixture_open(&f, "sqlite:///%s/a.db?journal_mode=delete");
    run(&f, "CREATE TABLE t (n)");
    run(&f,
        "INSERT INTO t WITH RECURSIVE r (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r LIMIT 5000) SELECT i FROM r");
    B->close(f.conn);
    snprintf(name, sizeof name, "%s/a.db", f.folder);
    FILE *file = fopen(name, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, 4096, SEEK_SET), 0);
    for (int i = 0; i < 8192; i++) {
        fputc(0xA5, file);
    }
    fclose(file);
    f.conn = fixture_connect(&f);
    assert_int_equal(try(&f, "SELECT sum(n) FROM t"), RDB_E_CONNECTION_LOST);
    assert_int_equal(f.err.native & 0xFF, 11);
    assert_true(rdb_code_fatal(f.err.code));
    assert_non_null(strstr(f.err.hint, name));
    fixture_close(&f);
}

static void errors_may_be_ignored(void **state) {
    (void)state;
    fixture f;
    fixture_open(&f, "sqlite://:memory:");
    rdb_backend_stmt *stmt;
    assert_int_equal(B->prepare_start(f.conn, "SELEC", 5, false, &stmt, NULL), RDB_STEP_ERROR);
    fixture_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_read_from_messages),
        cmocka_unit_test(a_deferred_foreign_key_fails_the_commit),
        cmocka_unit_test(a_lock_is_waited_for_and_named),
        cmocka_unit_test(a_stale_snapshot_is_a_serialization_failure),
        cmocka_unit_test(a_deadline_stops_a_statement),
        cmocka_unit_test(another_thread_cancels),
        cmocka_unit_test(an_interrupted_write_voids_its_transaction),
        cmocka_unit_test(a_full_database_says_so),
        cmocka_unit_test(damage_is_fatal_to_the_connection),
        cmocka_unit_test(errors_may_be_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
