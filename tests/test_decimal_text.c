/* test_decimal_text.c - canonical forms, exact order, exact sums. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "decimal_text.h"

static void canonical_forms(void **state) {
    (void)state;
    static const struct {
        const char *text, *canonical;
    } good[] = {{"0", "0"},
                {"-0", "0"},
                {"+0.00", "0.00"},
                {"-0.00", "0.00"},
                {"007.50", "7.50"},
                {"+1", "1"},
                {".5", "0.5"},
                {"5.", "5"},
                {"-.25", "-0.25"},
                {"1e3", "1000"},
                {"1.5e3", "1500"},
                {"1.5E+1", "15"},
                {"1.50e1", "15.0"},
                {"12e-1", "1.2"},
                {"-12e-4", "-0.0012"},
                {"0e5", "0"},
                {"0.0e-2", "0.000"},
                {"123456789012345678901234567890.123456789", "123456789012345678901234567890.123456789"}};
    static const char *const bad[] = {"",          "-",  ".",   "+.",   "e5",  "1e",  "1e+", "1.2.3",
                                      " 1",        "1 ", "1,5", "0x10", "nan", "inf", "--1", "1e99999999999999999999",
                                      "1e-999999", "1_0"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char out[64];
        size_t wanted = strlen(good[i].canonical);
        assert_int_equal(rdb__decimal_canonical(good[i].text, strlen(good[i].text), out, sizeof out), wanted);
        assert_string_equal(out, good[i].canonical);
        assert_true(rdb__decimal_is_canonical(out, wanted));
        assert_int_equal(rdb__decimal_is_canonical(good[i].text, strlen(good[i].text)),
                         strcmp(good[i].text, good[i].canonical) == 0);
        memset(out, 'x', sizeof out);
        assert_int_equal(rdb__decimal_canonical(good[i].text, strlen(good[i].text), out, wanted), wanted);
        assert_int_equal(out[0], 'x'); /* no room for the NUL: nothing is written */
        assert_int_equal(rdb__decimal_canonical(good[i].text, strlen(good[i].text), NULL, 0), wanted);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(rdb__decimal_canonical(bad[i], strlen(bad[i]), NULL, 0), -1);
        assert_false(rdb__decimal_is_canonical(bad[i], strlen(bad[i])));
    }
}

static int sign(int number) {
    return (number > 0) - (number < 0);
}

static void order(void **state) {
    (void)state;
    /* ascending; equal numbers in one row */
    static const char *const rows[][3] = {{"", NULL},
                                          {"+1", NULL},
                                          {"abc", NULL},
                                          {"-100000000000000000000", NULL},
                                          {"-99999999999999999999.9", NULL},
                                          {"-10", "-10.00", NULL},
                                          {"-9.5", NULL},
                                          {"-0.01", NULL},
                                          {"0", "0.0", "0.000"},
                                          {"0.001", NULL},
                                          {"0.01", "0.010", NULL},
                                          {"0.1", NULL},
                                          {"1", "1.0", NULL},
                                          {"1.05", NULL},
                                          {"1.1", "1.10", NULL},
                                          {"2", NULL},
                                          {"10", NULL},
                                          {"9007199254740992.1", NULL},
                                          {"9007199254740992.2", NULL},
                                          {"12345678901234567890123456789012345678", NULL}};
    int n = sizeof rows / sizeof *rows;
    for (int i = 0; i < n * 3; i++) {
        for (int j = 0; j < n * 3; j++) {
            const char *a = rows[i / 3][i % 3], *b = rows[j / 3][j % 3];
            if (a != NULL && b != NULL) {
                assert_int_equal(sign(rdb__decimal_compare(a, strlen(a), b, strlen(b))), sign(i / 3 - j / 3));
            }
        }
    }
}

static void check_sum(const char *const *values, const char *total, const char *mean) {
    long live = rdb__alloc_live();
    rdb_decimal_sum sum = {0};
    size_t len;
    for (; *values != NULL; values++) {
        assert_int_equal(rdb__decimal_sum_add(&sum, *values, strlen(*values)), RDB_OK);
    }
    for (int twice = 0; twice < 2; twice++) {
        char *text = rdb__decimal_sum_text(&sum, &len);
        assert_string_equal(text, total);
        assert_int_equal(len, strlen(text));
        rdb__free(text);
    }
    char *text = rdb__decimal_sum_mean(&sum, &len);
    assert_string_equal(text, mean);
    assert_int_equal(len, strlen(text));
    rdb__free(text);
    rdb__decimal_sum_clear(&sum);
    assert_int_equal(rdb__alloc_live(), live);
}

static void sums_and_means(void **state) {
    (void)state;
    check_sum((const char *[]){"0.1", "0.2", NULL}, "0.3", "0.15");
    check_sum((const char *[]){"1", "1", "2", NULL}, "4", "1.333333333333333333333333333");
    check_sum((const char *[]){"-1", "-1", "-3", NULL}, "-5", "-1.666666666666666666666666667");
    check_sum((const char *[]){"1.10", "-1.10", NULL}, "0.00", "0.00");
    check_sum((const char *[]){"0.05", "-0.10", NULL}, "-0.05", "-0.025");
    check_sum((const char *[]){"9223372036854775807", "9223372036854775807", NULL}, "18446744073709551614",
              "9223372036854775807");
    check_sum((const char *[]){"-9223372036854775808", "-1", NULL}, "-9223372036854775809", "-4611686018427387904.5");
    check_sum((const char *[]){"999999999999999999", "999999999999999999", "0.000000000000000001", "1e20", NULL},
              "101999999999999999998.000000000000000001", "25499999999999999999.500000000000000000");
    check_sum((const char *[]){"12345678901234567890123456789012345678", "1", NULL},
              "12345678901234567890123456789012345679", "6172839450617283945061728394506172840");
    check_sum((const char *[]){"0.0000001", "0.0000001", "0.0000002", NULL}, "0.0000004",
              "0.0000001333333333333333333333333333");
    check_sum((const char *[]){".5", "5e-1", "+007", NULL}, "8.0", "2.666666666666666666666666667");
}

static void means_round_half_to_even(void **state) {
    (void)state;
    /* 29 digits, the last a 5: two values whose mean ends so */
    check_sum((const char *[]){"0.2000000000000000000000000001", "0.2000000000000000000000000002", NULL},
              "0.4000000000000000000000000003", "0.2000000000000000000000000002");
    check_sum((const char *[]){"0.2000000000000000000000000003", "0.2000000000000000000000000002", NULL},
              "0.4000000000000000000000000005", "0.2000000000000000000000000002");
}

static void a_bad_value_leaves_the_sum_alone(void **state) {
    (void)state;
    rdb_decimal_sum sum = {0};
    size_t len;
    assert_int_equal(rdb__decimal_sum_add(&sum, "1.5", 3), RDB_OK);
    assert_int_equal(rdb__decimal_sum_add(&sum, "1.x", 3), RDB_E_INVALID_VALUE);
    assert_int_equal(rdb__decimal_sum_add(&sum, "", 0), RDB_E_INVALID_VALUE);
    assert_int_equal(sum.count, 1);
    char *text = rdb__decimal_sum_text(&sum, &len);
    assert_string_equal(text, "1.5");
    rdb__free(text);
    rdb__decimal_sum_clear(&sum);
}

static void random_sums_agree_with_integers(void **state) {
    (void)state;
    uint64_t seed = 1;
    rdb_decimal_sum sum = {0};
    int64_t cents = 0;
    for (int i = 0; i < 20000; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        int64_t value = (int64_t)(seed >> 24) - (INT64_C(1) << 39);
        char text[40];
        int len = snprintf(text, sizeof text, "%s%lld.%02d", value < 0 ? "-" : "", llabs(value / 100),
                           (int)llabs(value % 100));
        assert_int_equal(rdb__decimal_sum_add(&sum, text, (size_t)len), RDB_OK);
        cents += value;
    }
    char want[40];
    size_t len;
    snprintf(want, sizeof want, "%s%lld.%02d", cents < 0 ? "-" : "", llabs(cents / 100), (int)llabs(cents % 100));
    char *text = rdb__decimal_sum_text(&sum, &len);
    assert_string_equal(text, want);
    rdb__free(text);
    assert_false(sum.count == 0);
    rdb__decimal_sum_clear(&sum);
}

static void without_memory(void **state) {
    (void)state;
    static const char huge[] = "1.12345678901234567890123456789012345678901234567890123456789012345678901234567890e1";
    long live = rdb__alloc_live();
    for (long n = 0;; n++) {
        rdb_decimal_sum sum = {0};
        size_t len;
        rdb__alloc_fail_after(n);
        bool added = rdb__decimal_sum_add(&sum, huge, sizeof huge - 1) == RDB_OK;
        char *text = added ? rdb__decimal_sum_text(&sum, &len) : NULL;
        rdb__alloc_fail_after(-1);
        bool done = text != NULL;
        rdb__free(text);
        rdb__decimal_sum_clear(&sum);
        assert_int_equal(rdb__alloc_live(), live);
        if (done) {
            assert_int_equal(n, 4);
            break;
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical_forms),
        cmocka_unit_test(order),
        cmocka_unit_test(sums_and_means),
        cmocka_unit_test(means_round_half_to_even),
        cmocka_unit_test(a_bad_value_leaves_the_sum_alone),
        cmocka_unit_test(random_sums_agree_with_integers),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
