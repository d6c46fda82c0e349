/* test_value.c - kinds, and reading cells as the kind of their column: exactly or not at all. */
#include <float.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "calendar.h"
#include "number_text.h"
#include "uuid_text.h"
#include "value.h"

static char buffer[RDB_COERCE_BUFFER];
static rdb_error err;

static rdb_value text(const char *literal) {
    return rdb_value_text(literal, strlen(literal));
}

static rdb_value kind_of(rdb_kind kind, int64_t integer) {
    return (rdb_value){.kind = (uint8_t)kind, .as.integer = integer};
}

static rdb_value read_as(rdb_value value, rdb_kind want) {
    rdb_error_clear(&err);
    if (rdb_value_coerce(&value, want, buffer, &err) != RDB_OK) {
        fail_msg("%s: %s", rdb_kind_name(want), err.message);
    }
    assert_int_equal(value.kind, want);
    return value;
}

static void refused(rdb_value value, rdb_kind want, rdb_code code) {
    rdb_value before = value;
    assert_int_equal(rdb_value_coerce(&value, want, buffer, &err), code);
    assert_int_equal(err.code, code);
    assert_non_null(strstr(err.message, rdb_kind_name(want)));
    assert_memory_equal(&value, &before, sizeof value);
}

static void assert_text(rdb_value value, const char *wanted) {
    assert_int_equal(value.more.len, strlen(wanted));
    assert_memory_equal(value.as.text, wanted, value.more.len);
}

static void kinds_have_names(void **state) {
    (void)state;
    for (int kind = 0; kind < RDB_N_KINDS; kind++) {
        assert_int_equal(rdb_kind_from_name(rdb_kind_name((rdb_kind)kind)), kind);
    }
    assert_string_equal(rdb_kind_name(RDB_KIND_TIMESTAMP), "timestamp");
    assert_string_equal(rdb_kind_name((rdb_kind)99), "unknown");
    assert_int_equal(rdb_kind_from_name("varchar"), -1);
}

static void null_any_and_the_same_kind_stay(void **state) {
    (void)state;
    for (int kind = 0; kind < RDB_N_KINDS; kind++) {
        rdb_value null = rdb_value_null(), same = kind_of((rdb_kind)kind, 3);
        assert_int_equal(rdb_value_coerce(&null, (rdb_kind)kind, buffer, NULL), RDB_OK);
        assert_int_equal(null.kind, RDB_KIND_NULL);
        assert_int_equal(rdb_value_coerce(&same, (rdb_kind)kind, buffer, NULL), RDB_OK);
        assert_int_equal(same.kind, kind);
        assert_int_equal(rdb_value_coerce(&same, RDB_KIND_ANY, buffer, NULL), RDB_OK);
        assert_int_equal(same.kind, kind);
    }
}

static void booleans(void **state) {
    (void)state;
    assert_false(read_as(rdb_value_int64(0), RDB_KIND_BOOL).as.boolean);
    assert_true(read_as(rdb_value_int64(1), RDB_KIND_BOOL).as.boolean);
    assert_true(read_as(rdb_value_double(1), RDB_KIND_BOOL).as.boolean);
    refused(rdb_value_int64(2), RDB_KIND_BOOL, RDB_E_OUT_OF_RANGE);
    refused(rdb_value_double(0.5), RDB_KIND_BOOL, RDB_E_INVALID_VALUE);
    refused(text("true"), RDB_KIND_BOOL, RDB_E_INVALID_VALUE);
}

static void integers(void **state) {
    (void)state;
    assert_int_equal(read_as(rdb_value_bool(true), RDB_KIND_INT64).as.integer, 1);
    assert_int_equal(read_as(rdb_value_double(-5), RDB_KIND_INT64).as.integer, -5);
    assert_true(read_as(rdb_value_double(-0x1p63), RDB_KIND_INT64).as.integer == INT64_MIN);
    assert_true(read_as(text("-9223372036854775808"), RDB_KIND_INT64).as.integer == INT64_MIN);
    assert_true(read_as(text("9223372036854775807"), RDB_KIND_INT64).as.integer == INT64_MAX);
    assert_int_equal(read_as(text("+12.00"), RDB_KIND_INT64).as.integer, 12);
    refused(text("9223372036854775808"), RDB_KIND_INT64, RDB_E_OUT_OF_RANGE);
    refused(text("12.5"), RDB_KIND_INT64, RDB_E_INVALID_VALUE);
    refused(text("12."), RDB_KIND_INT64, RDB_E_INVALID_VALUE);
    refused(text(""), RDB_KIND_INT64, RDB_E_INVALID_VALUE);
    refused(text("12abc"), RDB_KIND_INT64, RDB_E_INVALID_VALUE);
    refused(rdb_value_double(0.5), RDB_KIND_INT64, RDB_E_INVALID_VALUE);
    refused(rdb_value_double(0x1p63), RDB_KIND_INT64, RDB_E_OUT_OF_RANGE);
    refused(rdb_value_double((double)NAN), RDB_KIND_INT64, RDB_E_INVALID_VALUE);
    refused(rdb_value_bytes("1", 1), RDB_KIND_INT64, RDB_E_INVALID_VALUE);
}

static void doubles(void **state) {
    (void)state;
    assert_true(read_as(rdb_value_int64(7), RDB_KIND_DOUBLE).as.number == 7.0);
    assert_true(read_as(rdb_value_int64(INT64_C(1) << 53), RDB_KIND_DOUBLE).as.number == 0x1p53);
    assert_true(read_as(rdb_value_int64(INT64_MIN), RDB_KIND_DOUBLE).as.number == -0x1p63);
    refused(rdb_value_int64((INT64_C(1) << 53) + 1), RDB_KIND_DOUBLE, RDB_E_OUT_OF_RANGE);
    refused(rdb_value_int64(INT64_MAX), RDB_KIND_DOUBLE, RDB_E_OUT_OF_RANGE);
    refused(text("1.5"), RDB_KIND_DOUBLE, RDB_E_INVALID_VALUE);
}

static void decimals(void **state) {
    (void)state;
    assert_text(read_as(text("1.10"), RDB_KIND_DECIMAL), "1.10");
    assert_text(read_as(text("+01.10"), RDB_KIND_DECIMAL), "1.10");
    assert_text(read_as(rdb_value_int64(INT64_MIN), RDB_KIND_DECIMAL), "-9223372036854775808");
    assert_text(read_as(rdb_value_double(0.99), RDB_KIND_DECIMAL), "0.99");
    assert_text(read_as(rdb_value_double(-1e-7), RDB_KIND_DECIMAL), "-0.0000001");
    assert_text(read_as(text("12345678901234567890123456789012345678901234567890123456789012345678901234567890"),
                        RDB_KIND_DECIMAL),
                "12345678901234567890123456789012345678901234567890123456789012345678901234567890");
    refused(rdb_value_double(1e300), RDB_KIND_DECIMAL, RDB_E_OUT_OF_RANGE);
    refused(rdb_value_double((double)INFINITY), RDB_KIND_DECIMAL, RDB_E_INVALID_VALUE);
    refused(text("12,5"), RDB_KIND_DECIMAL, RDB_E_INVALID_VALUE);
    refused(rdb_value_bytes("1", 1), RDB_KIND_DECIMAL, RDB_E_INVALID_VALUE);
}

static void texts_and_bytes(void **state) {
    (void)state;
    assert_text(read_as(rdb_value_int64(-5), RDB_KIND_TEXT), "-5");
    assert_text(read_as(rdb_value_double(0.1), RDB_KIND_TEXT), "0.1");
    assert_text(read_as(rdb_value_double(5), RDB_KIND_TEXT), "5.0");
    assert_text(read_as(kind_of(RDB_KIND_DATE, 0), RDB_KIND_TEXT), "1970-01-01");
    assert_text(read_as(kind_of(RDB_KIND_TIME, 1), RDB_KIND_TEXT), "00:00:00.000001");
    assert_text(read_as(kind_of(RDB_KIND_TIMESTAMP, 0), RDB_KIND_TEXT), "1970-01-01T00:00:00");
    rdb_value uuid = read_as(text("00112233-4455-6677-8899-aabbccddeeff"), RDB_KIND_UUID);
    assert_text(read_as(uuid, RDB_KIND_TEXT), "00112233-4455-6677-8899-aabbccddeeff");
    assert_text(read_as(text("a\n"), RDB_KIND_BYTES), "a\n");
    refused(rdb_value_bytes("x", 1), RDB_KIND_TEXT, RDB_E_INVALID_VALUE);
    refused(rdb_value_bool(true), RDB_KIND_TEXT, RDB_E_INVALID_VALUE);
    refused(rdb_value_double((double)NAN), RDB_KIND_TEXT, RDB_E_INVALID_VALUE);
    refused(kind_of(RDB_KIND_DATE, RDB_DAYS_MOST + 1), RDB_KIND_TEXT, RDB_E_OUT_OF_RANGE);
    refused(rdb_value_int64(1), RDB_KIND_BYTES, RDB_E_INVALID_VALUE);
}

static void moments(void **state) {
    (void)state;
    assert_int_equal(read_as(text("1970-01-02"), RDB_KIND_DATE).as.integer, 1);
    assert_int_equal(read_as(text("1970-01-02 00:00:00"), RDB_KIND_DATE).as.integer, 1);
    assert_int_equal(read_as(kind_of(RDB_KIND_TIMESTAMP, -RDB_DAY_US), RDB_KIND_DATE).as.integer, -1);
    refused(text("1970-01-02 00:00:01"), RDB_KIND_DATE, RDB_E_INVALID_VALUE);
    refused(rdb_value_int64(1), RDB_KIND_DATE, RDB_E_INVALID_VALUE);
    assert_string_equal(err.hint, "date is kept as a text YYYY-MM-DD");

    assert_int_equal(read_as(text("00:00:01.5"), RDB_KIND_TIME).as.integer, 1500000);
    refused(text("25:00:00"), RDB_KIND_TIME, RDB_E_INVALID_VALUE);

    rdb_value moment = read_as(text("1970-01-01 00:00:01"), RDB_KIND_TIMESTAMP);
    assert_int_equal(moment.as.integer, 1000000);
    assert_true(moment.utc);
    assert_int_equal(read_as(text("1970-01-01T01:00:01+01:00"), RDB_KIND_TIMESTAMP).as.integer, 1000000);
    assert_int_equal(read_as(text("1970-01-02"), RDB_KIND_TIMESTAMP).as.integer, RDB_DAY_US);
    assert_int_equal(read_as(kind_of(RDB_KIND_DATE, -1), RDB_KIND_TIMESTAMP).as.integer, -RDB_DAY_US);
    refused(rdb_value_int64(0), RDB_KIND_TIMESTAMP, RDB_E_INVALID_VALUE);

    rdb_value interval = read_as(rdb_value_int64(-5), RDB_KIND_INTERVAL);
    assert_int_equal(interval.as.integer, -5);
    assert_int_equal(interval.more.interval.days, 0);
    interval = read_as(text("P1M2DT3S"), RDB_KIND_INTERVAL);
    assert_int_equal(interval.more.interval.months, 1);
    assert_int_equal(interval.more.interval.days, 2);
    assert_int_equal(interval.as.integer, 3000000);
    refused(text("3 days"), RDB_KIND_INTERVAL, RDB_E_INVALID_VALUE);
}

static void uuids(void **state) {
    (void)state;
    static const unsigned char raw[16] = {0,    0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                          0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
    static const char *const forms[] = {"00112233-4455-6677-8899-aabbccddeeff", "00112233-4455-6677-8899-AABBCCDDEEFF",
                                        "00112233445566778899aabbccddeeff", "{00112233-4455-6677-8899-aabbccddeeff}"};
    static const char *const bad[] = {"",
                                      "{}",
                                      "0011223344556677-8899-aabbccddeeff",
                                      "00112233-4455-6677-8899-aabbccddeefg",
                                      "00112233-4455-6677-8899aabbccddeeff0",
                                      "0011223-34455-6677-8899-aabbccddeeff"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        rdb_value value = read_as(text(forms[i]), RDB_KIND_UUID);
        assert_int_equal(value.more.len, 16);
        assert_memory_equal(value.as.text, raw, 16);
    }
    assert_memory_equal(read_as(rdb_value_bytes(raw, 16), RDB_KIND_UUID).as.text, raw, 16);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        refused(text(bad[i]), RDB_KIND_UUID, RDB_E_INVALID_VALUE);
    }
    refused(rdb_value_bytes(raw, 15), RDB_KIND_UUID, RDB_E_INVALID_VALUE);
    unsigned char a[16], b[16];
    assert_true(rdb__uuid_random(a) && rdb__uuid_random(b));
    assert_memory_not_equal(a, b, 16);
    assert_int_equal(a[6] >> 4, 4);
    assert_int_equal(a[8] >> 6, 2);
}

static void json_and_arrays(void **state) {
    (void)state;
    assert_text(read_as(text("[1]"), RDB_KIND_JSON), "[1]");
    assert_text(read_as(text("[1]"), RDB_KIND_ARRAY), "[1]");
    assert_text(read_as(rdb_value_int64(5), RDB_KIND_JSON), "5");
    assert_text(read_as(rdb_value_double(0.5), RDB_KIND_JSON), "0.5");
    assert_text(read_as(rdb_value_bool(false), RDB_KIND_JSON), "false");
    refused(rdb_value_double((double)INFINITY), RDB_KIND_JSON, RDB_E_INVALID_VALUE);
    refused(rdb_value_bytes("1", 1), RDB_KIND_JSON, RDB_E_INVALID_VALUE);
}

static void messages_do_not_tell_values(void **state) {
    (void)state;
    refused(text("very secret"), RDB_KIND_DATE, RDB_E_INVALID_VALUE);
    assert_string_equal(err.message, "a stored text value cannot be read as date");
    assert_null(strstr(err.hint, "secret"));
    refused(rdb_value_int64(4711), RDB_KIND_BOOL, RDB_E_OUT_OF_RANGE);
    assert_string_equal(err.message, "a stored int64 value is out of range for bool");
}

static void doubles_read_back(void **state) {
    (void)state;
    static const struct {
        double number;
        const char *text;
    } known[] = {{0.1, "0.1"},
                 {5, "5.0"},
                 {-0.0, "-0.0"},
                 {1e300, "1e+300"},
                 {0.1 + 0.2, "0.30000000000000004"},
                 {DBL_MAX, "1.7976931348623157e+308"},
                 {DBL_TRUE_MIN, "4.94065645841247e-324"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char out[RDB_DOUBLE_TEXT];
        assert_int_equal(rdb__double_format(known[i].number, out), strlen(known[i].text));
        assert_string_equal(out, known[i].text);
    }
}

static void the_locale_does_not_matter(void **state) {
    (void)state;
    static const char *const commas[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "ps_AF.UTF-8"};
    for (size_t i = 0; i < sizeof commas / sizeof *commas; i++) {
        if (setlocale(LC_NUMERIC, commas[i]) != NULL) {
            assert_text(read_as(rdb_value_double(1.25), RDB_KIND_TEXT), "1.25");
        }
    }
    setlocale(LC_NUMERIC, "C");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_have_names),
        cmocka_unit_test(null_any_and_the_same_kind_stay),
        cmocka_unit_test(booleans),
        cmocka_unit_test(integers),
        cmocka_unit_test(doubles),
        cmocka_unit_test(decimals),
        cmocka_unit_test(texts_and_bytes),
        cmocka_unit_test(moments),
        cmocka_unit_test(uuids),
        cmocka_unit_test(json_and_arrays),
        cmocka_unit_test(doubles_read_back),
        cmocka_unit_test(messages_do_not_tell_values),
        cmocka_unit_test(the_locale_does_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
