/* test_clock.c - deadlines. */
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"

static int64_t now;
static int64_t fake_now(void) {
    return now;
}

static void time_goes_on(void **state) {
    (void)state;
    int64_t before = rdb__clock_ns();
    assert_true(rdb__clock_ns() >= before);
    assert_true(rdb__clock_utc_us() > INT64_C(1700000000) * 1000000);
}

static void deadlines_are_relative_to_the_clock(void **state) {
    (void)state;
    rdb__clock_replace(fake_now);
    now = 1000;
    assert_int_equal(rdb__deadline_in(2.5), INT64_C(2500001000));
    assert_int_equal(rdb__deadline_in(0), 1000);
    assert_int_equal(rdb__deadline_in(-1), RDB_NO_DEADLINE);
    assert_int_equal(rdb__deadline_in((double)NAN), RDB_NO_DEADLINE);
    assert_int_equal(rdb__deadline_in(1e300), RDB_NO_DEADLINE);
    assert_int_equal(rdb__deadline_in((double)INFINITY), RDB_NO_DEADLINE);
    rdb__clock_replace(NULL);
}

static void milliseconds_left_round_up(void **state) {
    (void)state;
    rdb__clock_replace(fake_now);
    now = 0;
    assert_int_equal(rdb__deadline_left_ms(RDB_NO_DEADLINE), -1);
    assert_int_equal(rdb__deadline_left_ms(0), 0);
    assert_int_equal(rdb__deadline_left_ms(1), 1);
    assert_int_equal(rdb__deadline_left_ms(1000000), 1);
    assert_int_equal(rdb__deadline_left_ms(1000001), 2);
    assert_int_equal(rdb__deadline_left_ms(RDB_NO_DEADLINE - 1), INT_MAX);
    now = 5000;
    assert_int_equal(rdb__deadline_left_ms(4999), 0);
    rdb__clock_replace(NULL);
    assert_true(rdb__clock_ns() != 5000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_goes_on),
        cmocka_unit_test(deadlines_are_relative_to_the_clock),
        cmocka_unit_test(milliseconds_left_round_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
