/* test_error.c - filling, cutting and classifying errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"

static void set_fills_and_answers_the_code(void **state) {
    (void)state;
    rdb_error err;
    memset(&err, 'x', sizeof err);
    assert_int_equal(rdb_error_set(&err, RDB_E_MISUSE, "%d of %s", 3, "four"), RDB_E_MISUSE);
    assert_int_equal(err.code, RDB_E_MISUSE);
    assert_string_equal(err.message, "3 of four");
    assert_string_equal(err.hint, "");
    assert_string_equal(err.table, "");
    assert_string_equal(err.backend, "");
    assert_int_equal(err.native, 0);
    rdb_error_hint(&err, "write %s", "five");
    assert_string_equal(err.hint, "write five");
    rdb_error_clear(&err);
    assert_int_equal(err.code, RDB_OK);
    assert_string_equal(err.message, "");
}

static void null_is_allowed(void **state) {
    (void)state;
    rdb_error_clear(NULL);
    assert_int_equal(rdb_error_set(NULL, RDB_E_CONFIG, "x"), RDB_E_CONFIG);
    rdb_error_hint(NULL, "x");
}

/* prefix 'a's, then characters of len bytes, until far past the buffer. */
static void check_cut(size_t prefix, const char *character) {
    char text[2048];
    size_t len = strlen(character), at = prefix;
    memset(text, 'a', prefix);
    while (at + len < sizeof text - 1) {
        memcpy(text + at, character, len);
        at += len;
    }
    text[at] = '\0';
    rdb_error err;
    rdb_error_set(&err, RDB_E_MISUSE, "%s", text);
    size_t got = strlen(err.message);
    assert_true(got < sizeof err.message && got + len >= sizeof err.message);
    assert_int_equal((got - prefix) % len, 0);
    assert_memory_equal(err.message, text, got);
}

static void long_messages_are_cut_at_whole_characters(void **state) {
    (void)state;
    for (size_t prefix = 0; prefix < 5; prefix++) {
        check_cut(prefix, "x");
        check_cut(prefix, "é");
        check_cut(prefix, "€");
        check_cut(prefix, "😀");
    }
}

static void names_are_frozen(void **state) {
    (void)state;
    assert_string_equal(rdb_code_name(RDB_OK), "ok");
    assert_string_equal(rdb_code_name(RDB_E_UNIQUE_VIOLATION), "unique_violation");
    assert_string_equal(rdb_code_name(RDB_E_POOL_EXHAUSTED), "pool_exhausted");
    assert_string_equal(rdb_code_name(RDB_E_DATABASE_ERROR), "database_error");
    assert_string_equal(rdb_code_name((rdb_code)RDB_N_CODES), "unknown");
    assert_string_equal(rdb_code_name((rdb_code)-1), "unknown");
    for (int code = 0; code < RDB_N_CODES; code++) {
        assert_non_null(rdb_code_name((rdb_code)code));
    }
}

static void codes_are_classified(void **state) {
    (void)state;
    int n_retryable = 0, n_fatal = 0;
    for (int code = 0; code < RDB_N_CODES; code++) {
        n_retryable += rdb_code_retryable((rdb_code)code);
        n_fatal += rdb_code_fatal((rdb_code)code);
    }
    assert_int_equal(n_retryable, 3);
    assert_true(rdb_code_retryable(RDB_E_SERIALIZATION_FAILURE));
    assert_true(rdb_code_retryable(RDB_E_DEADLOCK));
    assert_true(rdb_code_retryable(RDB_E_LOCK_TIMEOUT));
    assert_int_equal(n_fatal, 4);
    assert_true(rdb_code_fatal(RDB_E_CONNECTION_LOST));
    assert_true(rdb_code_fatal(RDB_E_CONNECTION_FAILED));
    assert_true(rdb_code_fatal(RDB_E_COMMIT_UNKNOWN));
    assert_true(rdb_code_fatal(RDB_E_INVALID_CONNECTION));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_fills_and_answers_the_code),
        cmocka_unit_test(null_is_allowed),
        cmocka_unit_test(long_messages_are_cut_at_whole_characters),
        cmocka_unit_test(names_are_frozen),
        cmocka_unit_test(codes_are_classified),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
