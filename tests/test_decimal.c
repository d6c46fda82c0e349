/* Exact arithmetic on decimal texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "decimal.h"

#define MOST 1024

static const char *compute(rdb_decimal_op op, const char *a, const char *b) {
    static char out[MOST];
    size_t len = 0;
    rdb_error err;
    rdb_code code = rdb__decimal_compute(op, a, strlen(a), b, strlen(b), out, sizeof out, &len, &err);
    if (code != RDB_OK) {
        return rdb_code_name(code);
    }
    assert_int_equal(strlen(out), len);
    assert_true(len < rdb__decimal_room(strlen(a), strlen(b)));
    return out;
}

static void adds_and_subtracts(void **state) {
    (void)state;
    assert_string_equal(compute(RDB_DECIMAL_ADD, "0.1", "0.2"), "0.3");
    assert_string_equal(compute(RDB_DECIMAL_ADD, "1.10", "1"), "2.10");
    assert_string_equal(compute(RDB_DECIMAL_ADD, "-1.10", "1.1"), "0.00");
    assert_string_equal(compute(RDB_DECIMAL_SUB, "1", "1.001"), "-0.001");
    assert_string_equal(compute(RDB_DECIMAL_ADD, "99999999999999999999.99", "0.01"), "100000000000000000000.00");
    assert_string_equal(compute(RDB_DECIMAL_SUB, "0", "123456789012345678901234567890"),
                        "-123456789012345678901234567890");
}

static void multiplies(void **state) {
    (void)state;
    assert_string_equal(compute(RDB_DECIMAL_MUL, "0.10", "0.20"), "0.0200");
    assert_string_equal(compute(RDB_DECIMAL_MUL, "-3", "0.001"), "-0.003");
    assert_string_equal(compute(RDB_DECIMAL_MUL, "999999999999999999", "999999999999999999"),
                        "999999999999999998000000000000000001");
}

static void divides(void **state) {
    (void)state;
    static const struct {
        const char *a, *b, *quotient;
    } cases[] = {
        {"1", "3", "0.3333333333333333333333333333"},
        {"2", "3", "0.6666666666666666666666666667"},
        {"-2", "3", "-0.6666666666666666666666666667"},
        {"1", "7000", "0.0001428571428571428571428571429"},
        {"1000000", "7", "142857.1428571428571428571429"},
        {"10", "4", "2.5"},
        {"1.00", "2", "0.50"},
        {"100", "10", "10"},
        {"100", "0.1", "1000"},
        {"1", "0.000001", "1000000"},
        {"0.00", "7", "0.00"},
        {"0", "0.25", "0"},
        {"9999999999999999999999999999", "10", "999999999999999999999999999.9"},
        {"0.00000000000000000000000000000000000000001", "3",
         "0.000000000000000000000000000000000000000003333333333333333333333333333"},
        {"100000000000000000000000000000000000000000", "3", "33333333333333333333333333333333333333333.3"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *quotient = compute(RDB_DECIMAL_DIV, cases[i].a, cases[i].b);
        assert_string_equal(quotient, cases[i].quotient);
    }
    /* Half to even at the 28th digit: ...0.25 and ...0.75. */
    assert_string_equal(compute(RDB_DECIMAL_DIV, "1000000000000000000000000001", "4"), "250000000000000000000000000.2");
    assert_string_equal(compute(RDB_DECIMAL_DIV, "1000000000000000000000000003", "4"), "250000000000000000000000000.8");
    assert_string_equal(compute(RDB_DECIMAL_DIV, "0.5", "0"), "invalid_value");
    assert_string_equal(compute(RDB_DECIMAL_MOD, "0.5", "0.0"), "invalid_value");
    assert_string_equal(compute(RDB_DECIMAL_IDIV, "0.5", "0"), "invalid_value");
}

static void divides_to_integers(void **state) {
    (void)state;
    assert_string_equal(compute(RDB_DECIMAL_IDIV, "-7", "2"), "-4");
    assert_string_equal(compute(RDB_DECIMAL_MOD, "-7", "2"), "1");
    assert_string_equal(compute(RDB_DECIMAL_MOD, "7", "-2"), "-1");
    assert_string_equal(compute(RDB_DECIMAL_MOD, "5.55", "0.5"), "0.05");
    assert_string_equal(compute(RDB_DECIMAL_IDIV, "5.55", "0.5"), "11");
}

static const char *quantize(const char *text, uint32_t places, rdb_rounding rounding) {
    static char out[MOST];
    size_t len = 0;
    rdb_error err;
    rdb_code code = rdb__decimal_quantize(text, strlen(text), places, rounding, out, sizeof out, &len, &err);
    return code == RDB_OK ? out : rdb_code_name(code);
}

static void quantizes(void **state) {
    (void)state;
    assert_string_equal(quantize("2.5", 0, RDB_ROUND_HALF_EVEN), "2");
    assert_string_equal(quantize("3.5", 0, RDB_ROUND_HALF_EVEN), "4");
    assert_string_equal(quantize("2.51", 0, RDB_ROUND_HALF_EVEN), "3");
    assert_string_equal(quantize("2.5", 0, RDB_ROUND_HALF_UP), "3");
    assert_string_equal(quantize("-2.5", 0, RDB_ROUND_HALF_UP), "-3");
    assert_string_equal(quantize("-2.9", 0, RDB_ROUND_DOWN), "-2");
    assert_string_equal(quantize("-0.4", 0, RDB_ROUND_HALF_EVEN), "0");
    assert_string_equal(quantize("9.996", 2, RDB_ROUND_HALF_EVEN), "10.00");
    assert_string_equal(quantize("1", 3, RDB_ROUND_HALF_EVEN), "1.000");
    assert_string_equal(quantize("1.230", 3, RDB_ROUND_DOWN), "1.230");
}

static void bounds_its_results(void **state) {
    (void)state;
    char out[16];
    size_t len;
    rdb_error err;
    assert_int_equal(
        rdb__decimal_compute(RDB_DECIMAL_MUL, "99999999999", 11, "99999999999", 11, out, sizeof out, &len, &err),
        RDB_E_OUT_OF_RANGE);
}

static void tells_sign_and_integer(void **state) {
    (void)state;
    int64_t integer = 0;
    assert_int_equal(rdb__decimal_sign("-0.01", 5), -1);
    assert_int_equal(rdb__decimal_sign("0.00", 4), 0);
    assert_int_equal(rdb__decimal_sign("7", 1), 1);
    assert_true(rdb__decimal_to_int64("-9223372036854775808", 20, &integer));
    assert_true(integer == INT64_MIN);
    assert_true(rdb__decimal_to_int64("9223372036854775807.000", 23, &integer));
    assert_true(integer == INT64_MAX);
    assert_false(rdb__decimal_to_int64("9223372036854775808", 19, &integer));
    assert_false(rdb__decimal_to_int64("-9223372036854775809", 20, &integer));
    assert_false(rdb__decimal_to_int64("1.5", 3, &integer));
}

static void survives_missing_memory(void **state) {
    (void)state;
    static const char text[] = "123456789012345678901234567890";
    char out[MOST];
    size_t len;
    rdb_error err;
    long live = rdb__alloc_live();
    for (long n = 0; n < 2; n++) {
        rdb__alloc_fail_after(n);
        rdb_code code = rdb__decimal_compute(RDB_DECIMAL_ADD, text, sizeof text - 1, text, sizeof text - 1, out,
                                             sizeof out, &len, &err);
        rdb__alloc_fail_after(-1);
        assert_int_equal(code, RDB_E_NO_MEMORY);
    }
    assert_int_equal(rdb__alloc_live(), live);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adds_and_subtracts),
        cmocka_unit_test(multiplies),
        cmocka_unit_test(divides),
        cmocka_unit_test(divides_to_integers),
        cmocka_unit_test(quantizes),
        cmocka_unit_test(bounds_its_results),
        cmocka_unit_test(tells_sign_and_integer),
        cmocka_unit_test(survives_missing_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
