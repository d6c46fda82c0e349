/* test_sqlite.c - values and statements of the SQLite backend. */
#include "sqlite_fixture.h"

#include <float.h>
#include <math.h>

#include "calendar.h"

#define KIND(k, n) ((rdb_value){.kind = RDB_KIND_##k, .as.integer = (n)})

static const char uuid_bytes[] = "\0\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff";

static bool same(const rdb_value *a, const rdb_value *b) {
    if (a->kind != b->kind) {
        return false;
    }
    switch (a->kind) {
    case RDB_KIND_NULL:
        return true;
    case RDB_KIND_BOOL:
        return a->as.boolean == b->as.boolean;
    case RDB_KIND_INT64:
    case RDB_KIND_DATE:
    case RDB_KIND_TIME:
    case RDB_KIND_TIMESTAMP:
    case RDB_KIND_INTERVAL:
        return a->as.integer == b->as.integer;
    case RDB_KIND_DOUBLE:
        return memcmp(&a->as.number, &b->as.number, sizeof(double)) == 0;
    default:
        return a->more.len == b->more.len && memcmp(a->as.text, b->as.text, a->more.len) == 0;
    }
}

static void every_kind_round_trips(void **state) {
    (void)state;
    static const char decimal38[] = "12345678901234567890123456789012345678";
    const struct {
        rdb_value value;
        const char *stored; /* typeof and text */
    } all[] = {
        {rdb_value_null(), "null:"},
        {rdb_value_bool(true), "integer:1"},
        {rdb_value_bool(false), "integer:0"},
        {rdb_value_int64(INT64_MAX), "integer:9223372036854775807"},
        {rdb_value_int64(INT64_MIN), "integer:-9223372036854775808"},
        {rdb_value_int64((INT64_C(1) << 53) + 1), "integer:9007199254740993"},
        {rdb_value_double(0.1), "real:0.1"},
        {rdb_value_double(7.0), "real:7.0"},
        {rdb_value_double(-DBL_MAX), NULL},
        {rdb_value_double(DBL_TRUE_MIN), NULL},
        {rdb_value_text("", 0), "text:"},
        {rdb_value_text("a\0b", 3), NULL},
        {rdb_value_text("äöü€😀", 13), "text:äöü€😀"},
        {rdb_value_bytes("", 0), "blob:"},
        {rdb_value_bytes("\0\xff", 2), NULL},
        {{.kind = RDB_KIND_DECIMAL, .as.text = decimal38, .more.len = 38},
         "text:12345678901234567890123456789012345678"},
        {{.kind = RDB_KIND_DECIMAL, .as.text = "1.10", .more.len = 4}, "text:1.10"},
        {KIND(DATE, 19782), "text:2024-02-29"},
        {KIND(DATE, RDB_DAYS_LEAST), "text:0001-01-01"},
        {KIND(TIME, 45296000001), "text:12:34:56.000001"},
        {KIND(TIMESTAMP, 1709208000000001), "text:2024-02-29 12:00:00.000001"},
        {KIND(TIMESTAMP, RDB_TIMESTAMP_MOST), "text:9999-12-31 23:59:59.999999"},
        {KIND(TIMESTAMP, 0), "text:1970-01-01 00:00:00"},
        {KIND(INTERVAL, -5), "integer:-5"},
        {{.kind = RDB_KIND_UUID, .as.text = uuid_bytes, .more.len = 16}, "text:00112233-4455-6677-8899-aabbccddeeff"},
        {{.kind = RDB_KIND_JSON, .as.text = "{\"a\":null}", .more.len = 10}, "text:{\"a\":null}"},
        {{.kind = RDB_KIND_ARRAY, .as.text = "[]", .more.len = 2}, "text:[]"},
    };
    fixture f;
    fixture_open(&f, "sqlite://:memory:");
    run(&f, "CREATE TABLE t (v)");
    rdb_backend_stmt *insert = prepare_on(&f, f.conn, "INSERT INTO t VALUES (?)");
    rdb_backend_stmt *select = prepare_on(&f, f.conn, "SELECT v FROM t WHERE rowid = ?");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        rdb_value cell, id;
        char buffer[RDB_COERCE_BUFFER];
        assert_int_equal(B->execute_start(f.conn, insert, &all[i].value, 1, &f.err), RDB_STEP_DONE);
        id = rdb_value_int64(B->last_insert_id(f.conn));
        assert_int_equal(id.as.integer, i + 1);
        if (all[i].stored != NULL) {
            assert_string_equal(
                ask_with(&f, f.conn, "SELECT typeof(v) || ':' || ifnull(v, '') FROM t WHERE rowid = ?", &id, 1),
                all[i].stored);
        }
        assert_int_equal(B->execute_start(f.conn, select, &id, 1, &f.err), RDB_STEP_DONE);
        assert_int_equal(B->fetch_start(f.conn, select, &cell, &f.err), RDB_STEP_ROW);
        assert_int_equal(rdb_value_coerce(&cell, (rdb_kind)all[i].value.kind, buffer, &f.err), RDB_OK);
        assert_true(same(&cell, &all[i].value));
        assert_int_equal(B->fetch_start(f.conn, select, &cell, &f.err), RDB_STEP_DONE);
        assert_int_equal(B->fetch_start(f.conn, select, &cell, &f.err), RDB_STEP_DONE);
    }
    B->close_stmt(f.conn, insert);
    B->close_stmt(f.conn, select);
    fixture_close(&f);
}

static void what_sqlite_cannot_keep_is_refused(void **state) {
    (void)state;
    const struct {
        rdb_value value;
        rdb_code code;
    } bad[] = {
        {rdb_value_double((double)NAN), RDB_E_INVALID_VALUE},
        {rdb_value_double((double)-INFINITY), RDB_E_INVALID_VALUE},
        {KIND(DATE, RDB_DAYS_MOST + 1), RDB_E_OUT_OF_RANGE},
        {KIND(TIME, RDB_DAY_US), RDB_E_OUT_OF_RANGE},
        {KIND(TIMESTAMP, RDB_TIMESTAMP_LEAST - 1), RDB_E_OUT_OF_RANGE},
        {{.kind = RDB_KIND_INTERVAL, .more.interval.months = 1}, RDB_E_INVALID_VALUE},
        {{.kind = RDB_KIND_INTERVAL, .as.integer = INT64_MAX, .more.interval.days = 1}, RDB_E_OUT_OF_RANGE},
        {{.kind = RDB_KIND_UUID, .as.text = uuid_bytes, .more.len = 15}, RDB_E_INVALID_VALUE},
        {{.kind = RDB_KIND_ANY}, RDB_E_MISUSE},
    };
    fixture f;
    fixture_open(&f, "sqlite://:memory:");
    run(&f, "CREATE TABLE t (v)");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        rdb_value params[] = {rdb_value_int64(1), bad[i].value};
        assert_int_equal(try_on(&f, f.conn, "INSERT INTO t VALUES (? + ?)", params, 2, NULL), bad[i].code);
        assert_memory_equal(f.err.message, "parameter 2: ", 13);
    }
    assert_string_equal(ask(&f, "SELECT count(*) FROM t"), "0");
    rdb_value days = {.kind = RDB_KIND_INTERVAL, .as.integer = 1, .more.interval.days = -2};
    assert_string_equal(ask_with(&f, f.conn, "SELECT ?", &days, 1), "-172799999999");
    fixture_close(&f);
}

static void one_statement_with_its_parameters(void **state) {
    (void)state;
    fixture f;
    fixture_open(&f, "sqlite://:memory:");
    rdb_value one = rdb_value_int64(1);
    assert_int_equal(try_on(&f, f.conn, "SELECT ?, ?", &one, 1, NULL), RDB_E_MISUSE);
    assert_string_equal(f.err.message, "the statement takes 2 parameters, 1 was given");
    assert_int_equal(try_on(&f, f.conn, "SELECT 1", &one, 1, NULL), RDB_E_MISUSE);
    assert_int_equal(try(&f, "SELECT 1; SELECT 2"), RDB_E_MISUSE);
    assert_string_equal(f.err.message, "one statement at a time: there is more text after the first one");
    assert_int_equal(try(&f, "SELECT 1;/**/x"), RDB_E_MISUSE);
    assert_int_equal(try(&f, "SELECT 1; /* a */ -- b\n ; /* open"), RDB_OK);
    assert_int_equal(try(&f, ""), RDB_E_MISUSE);
    assert_int_equal(try(&f, " -- nothing"), RDB_E_MISUSE);
    assert_string_equal(f.err.message, "the statement is empty");
    rdb_backend_stmt *stmt = NULL;
    assert_int_equal(B->prepare_start(f.conn, "SELECT 1\0garbage", 16, false, &stmt, &f.err), RDB_STEP_ERROR);
    assert_int_equal(f.err.code, RDB_E_MISUSE);
    assert_null(stmt);
    /* not NUL-terminated: only len bytes count */
    assert_int_equal(B->prepare_start(f.conn, "SELECT 1xyz", 8, false, &stmt, &f.err), RDB_STEP_DONE);
    B->close_stmt(f.conn, stmt);
    B->close_stmt(f.conn, NULL);
    fixture_close(&f);
}

static void affected_rows(void **state) {
    (void)state;
    fixture f;
    fixture_open(&f, "sqlite://:memory:");
    assert_int_equal(run(&f, "CREATE TABLE t (id INTEGER PRIMARY KEY, n)"), 0);
    assert_int_equal(run(&f, "CREATE TABLE log (n)"), 0);
    assert_int_equal(run(&f, "INSERT INTO t (n) VALUES (1), (2), (3)"), 3);
    assert_int_equal(run(&f, "SELECT * FROM t"), 0);
    assert_int_equal(run(&f, "BEGIN"), 0);
    assert_int_equal(run(&f, "UPDATE t SET n = n WHERE id < 3"), 2);
    assert_int_equal(run(&f, "UPDATE t SET n = 0 WHERE id = 99"), 0);
    assert_int_equal(run(&f, "COMMIT"), 0);
    assert_int_equal(run(&f, "CREATE INDEX i ON t (n)"), 0);
    assert_int_equal(run(&f, "INSERT INTO t (n) VALUES (4), (5) RETURNING id"), 2);
    assert_int_equal(run(&f, "INSERT OR IGNORE INTO t (id) VALUES (1)"), 0);
    run(&f, "CREATE TRIGGER tr AFTER DELETE ON t BEGIN INSERT INTO log VALUES (old.n); END");
    assert_int_equal(run(&f, "DELETE FROM t WHERE id <= 2"), 2); /* not what the trigger did */
    assert_int_equal(run(&f, "DELETE FROM t"), 3);
    assert_string_equal(ask(&f, "SELECT count(*) FROM log"), "5");
    fixture_close(&f);
}

static void an_unread_result_lets_go_when_reset(void **state) {
    (void)state;
    fixture f;
    fixture_open(&f, "sqlite:///%s/a.db");
    run(&f, "CREATE TABLE t (n)");
    run(&f, "INSERT INTO t VALUES (1), (2)");
    rdb_value cell;
    rdb_backend_stmt *select = prepare_on(&f, f.conn, "SELECT n FROM t ORDER BY n");
    assert_int_equal(B->execute_start(f.conn, select, NULL, 0, &f.err), RDB_STEP_DONE);
    assert_int_equal(B->fetch_start(f.conn, select, &cell, &f.err), RDB_STEP_ROW);
    assert_int_equal(cell.as.integer, 1);
    rdb_backend_conn *other = fixture_connect(&f);
    run_on(&f, other, "INSERT INTO t VALUES (0)");
    assert_string_equal(ask(&f, "SELECT count(*) FROM t"), "2"); /* the open result holds its snapshot */
    B->reset_stmt(f.conn, select);
    B->reset_stmt(f.conn, select);
    assert_string_equal(ask(&f, "SELECT count(*) FROM t"), "3");
    /* executing again starts over, even when not reset */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(B->execute_start(f.conn, select, NULL, 0, &f.err), RDB_STEP_DONE);
        assert_int_equal(B->fetch_start(f.conn, select, &cell, &f.err), RDB_STEP_ROW);
        assert_int_equal(cell.as.integer, 0);
    }
    B->close_stmt(f.conn, select);
    B->close(other);
    fixture_close(&f);
}

static void a_schema_change_is_seen(void **state) {
    (void)state;
    fixture f;
    fixture_open(&f, "sqlite:///%s/a.db");
    run(&f, "CREATE TABLE t (a)");
    rdb_backend_stmt *select = prepare_on(&f, f.conn, "SELECT * FROM t");
    assert_int_equal(B->n_columns(select), 1);
    assert_int_equal(B->n_params(select), 0);
    rdb_backend_conn *other = fixture_connect(&f);
    run_on(&f, other, "ALTER TABLE t ADD COLUMN b DEFAULT 7");
    run_on(&f, other, "INSERT INTO t (a) VALUES (1)");
    rdb_value cells[2];
    assert_int_equal(B->execute_start(f.conn, select, NULL, 0, &f.err), RDB_STEP_DONE);
    assert_int_equal(B->n_columns(select), 2);
    assert_string_equal(B->column_name(select, 1), "b");
    assert_int_equal(B->fetch_start(f.conn, select, cells, &f.err), RDB_STEP_ROW);
    assert_int_equal(cells[1].as.integer, 7);
    B->close_stmt(f.conn, select);
    B->close(other);
    fixture_close(&f);
}

static void decimals_are_exact(void **state) {
    (void)state;
    fixture f;
    fixture_open(&f, "sqlite://:memory:");
    run(&f, "CREATE TABLE t (d TEXT COLLATE rdb_decimal)");
    run(&f, "INSERT INTO t VALUES ('10.00'), ('9.5'), ('-1'), ('0.30'), (NULL), ('12345678901234567890.12')");
    assert_string_equal(ask(&f, "SELECT group_concat(d, ' ') FROM (SELECT d FROM t WHERE d > '0' ORDER BY d)"),
                        "0.30 9.5 10.00 12345678901234567890.12");
    assert_string_equal(ask(&f, "SELECT d FROM t WHERE d = '0.3'"), "0.30");
    assert_string_equal(ask(&f, "SELECT max(d) FROM t"), "12345678901234567890.12");
    assert_string_equal(ask(&f, "SELECT rdb_decimal_sum(d) FROM t"), "12345678901234567908.92");
    assert_string_equal(ask(&f, "SELECT rdb_decimal_avg(d) FROM t WHERE d IN ('0.30', '-1')"), "-0.35");
    assert_string_equal(ask(&f, "SELECT rdb_decimal_sum(d) FROM t WHERE 0"), "NULL");
    assert_string_equal(ask(&f, "SELECT rdb_decimal_avg(NULL)"), "NULL");
    assert_string_equal(ask(&f, "SELECT rdb_decimal_sum(x) FROM (SELECT 1 AS x UNION ALL SELECT 0.1)"), "1.1");
    assert_string_equal(ask(&f, "SELECT rdb_decimal_sum(DISTINCT d) FROM t WHERE d < '1'"), "-0.70");
    assert_int_equal(try(&f, "SELECT rdb_decimal_sum(x) FROM (SELECT '1' AS x UNION ALL SELECT 'secret')"),
                     RDB_E_INVALID_VALUE);
    assert_string_equal(f.err.message, "a value to sum is not a decimal");
    fixture_close(&f);
}

static void decimal_arithmetic_is_exact(void **state) {
    (void)state;
    static const char *const all[][2] = {
        {"add('0.1', '0.2')", "0.3"},
        {"add('1.10', 1)", "2.10"},
        {"add(0.1, 0.2)", "0.3"},
        {"sub('1', '12345678901234567890.000000000001')", "-12345678901234567889.000000000001"},
        {"mul('0.99', 3)", "2.97"},
        {"mul('-1.5', '+02.50')", "-3.750"},
        {"mul(1e20, '1')", "100000000000000000000"},
        {"div('1', '3')", "0.3333333333333333333333333333"},
        {"div('1.00', '4')", "0.25"},
        {"div('1', '0.00')", "NULL"},
        {"mod('-7.5', '2')", "-1.5"},
        {"mod('7.5', '-2')", "1.5"},
        {"mod('-4', '2')", "0"},
        {"mod('1', 0)", "NULL"},
        {"idiv('-7.5', '2')", "-3"},
        {"idiv('1.5', '-2')", "0"},
        {"add(NULL, '1')", "NULL"},
        {"mul('1', NULL)", "NULL"},
        {"abs('-1.50')", "1.50"},
        {"abs(-3)", "3"},
        {"abs(NULL)", "NULL"},
        {"round('1.005', 2)", "1.01"},
        {"round('-1.005', 2)", "-1.01"},
        {"round('-0.004', 2)", "0.00"},
        {"round(7, 2)", "7.00"},
        {"round('1', NULL)", "NULL"},
    };
    fixture f;
    fixture_open(&f, "sqlite://:memory:");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char sql[128];
        snprintf(sql, sizeof sql, "SELECT rdb_decimal_%s", all[i][0]);
        assert_string_equal(ask(&f, sql), all[i][1]);
    }
    assert_int_equal(try(&f, "SELECT rdb_decimal_add('1', 'secret')"), RDB_E_INVALID_VALUE);
    assert_string_equal(f.err.message, "an operand is not a decimal");
    assert_int_equal(try(&f, "SELECT rdb_decimal_mul(9e999, '1')"), RDB_E_INVALID_VALUE);
    assert_int_equal(try(&f, "SELECT rdb_decimal_round('1', -1)"), RDB_E_INVALID_VALUE);
    fixture_close(&f);
}

static void regular_expressions(void **state) {
    (void)state;
    static const struct {
        const char *pattern, *subject;
        int ignore_case;
        const char *matches;
    } all[] = {{"^a.c$", "abc", 0, "1"},
               {"^a.c$", "ABC", 0, "0"},
               {"^a.c$", "ABC", 1, "1"},
               {"b+|x", "xyz", 0, "1"},
               {"^.{3}$", "äöü", 0, "1"},
               {"ÄÖ", "xäö", 1, "1"},
               {"[0-9]{2,}", "a1b22", 0, "1"},
               {"\\bword\\b", "a word", 0, "1"},
               {"", "x", 0, "1"},
               {"a", "", 0, "0"}};
    fixture f;
    fixture_open(&f, "sqlite://:memory:");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        rdb_value params[] = {text(all[i].pattern), text(all[i].subject), rdb_value_int64(all[i].ignore_case)};
        assert_string_equal(ask_with(&f, f.conn, "SELECT rdb_regexp(?, ?, ?)", params, 3), all[i].matches);
    }
    rdb_value with_nul = rdb_value_text("a\0b", 3);
    assert_string_equal(ask_with(&f, f.conn, "SELECT rdb_regexp('b$', ?, 0)", &with_nul, 1), "1");
    assert_string_equal(ask(&f, "SELECT rdb_regexp(NULL, 'a', 0) IS NULL AND rdb_regexp('a', NULL, 0) IS NULL"), "1");
    /* the compiled pattern is kept for constant patterns and not confused with others */
    assert_string_equal(ask(&f,
                            "WITH t(p, s, i) AS (VALUES ('a', 'b', 0), ('b', 'b', 0), ('B', 'b', 0), ('B', 'b', 1)) "
                            "SELECT group_concat(rdb_regexp(p, s, i)) FROM t"),
                        "0,1,0,1");
    assert_string_equal(ask(&f, "WITH t(s, i) AS (VALUES ('x', 0), ('X', 0), ('X', 1), ('y', 1), ('x', 0)) "
                                "SELECT group_concat(rdb_regexp('x', s, i)) FROM t"),
                        "1,0,1,0,1");
    rdb_value pattern = text("(secret");
    assert_int_equal(try_on(&f, f.conn, "SELECT rdb_regexp(?, 'a', 0)", &pattern, 1, NULL), RDB_E_INVALID_VALUE);
    assert_memory_equal(f.err.message, "bad pattern: ", 13);
    assert_null(strstr(f.err.message, "secret"));
    run(&f, "CREATE TABLE t (code TEXT CHECK (rdb_regexp('^[A-Z]+$', code, 0)))"); /* innocuous: allowed in a schema */
    assert_int_equal(try(&f, "INSERT INTO t VALUES ('abc')"), RDB_E_CHECK_VIOLATION);
    assert_int_equal(try(&f, "INSERT INTO t VALUES ('ABC')"), RDB_OK);
    fixture_close(&f);
}

static void without_memory(void **state) {
    (void)state;
    long live = rdb__alloc_live();
    rdb_value params[] = {KIND(DATE, 0), {.kind = RDB_KIND_UUID, .as.text = uuid_bytes, .more.len = 16}};
    bool finished = false;
    long n = 0;
    for (; !finished; n++) {
        rdb_url *url = NULL;
        void *shared = NULL;
        rdb_backend_conn *conn = NULL;
        rdb_backend_stmt *stmt = NULL;
        rdb_value cells[3];
        rdb_error err;
        assert_int_equal(rdb_url_parse("sqlite://:memory:", &url, &err), RDB_OK);
        rdb__alloc_fail_after(n);
        static const char sql[] = "SELECT ?, ?, rdb_decimal_sum('1') + rdb_regexp('a', 'a', 0)";
        finished = B->share(url, &shared, &err) == RDB_OK && B->open_start(url, shared, &conn, &err) == RDB_STEP_DONE &&
                   B->prepare_start(conn, sql, sizeof sql - 1, true, &stmt, &err) == RDB_STEP_DONE &&
                   B->execute_start(conn, stmt, params, 2, &err) == RDB_STEP_DONE &&
                   B->fetch_start(conn, stmt, cells, &err) == RDB_STEP_ROW;
        rdb__alloc_fail_after(-1);
        if (!finished) {
            assert_int_equal(err.code, RDB_E_NO_MEMORY);
        }
        B->close_stmt(conn, stmt);
        B->close(conn);
        B->unshare(shared);
        rdb_url_free(url);
        assert_int_equal(rdb__alloc_live(), live);
    }
    assert_true(n > 6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_round_trips),
        cmocka_unit_test(what_sqlite_cannot_keep_is_refused),
        cmocka_unit_test(one_statement_with_its_parameters),
        cmocka_unit_test(affected_rows),
        cmocka_unit_test(an_unread_result_lets_go_when_reset),
        cmocka_unit_test(a_schema_change_is_seen),
        cmocka_unit_test(decimals_are_exact),
        cmocka_unit_test(decimal_arithmetic_is_exact),
        cmocka_unit_test(regular_expressions),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
