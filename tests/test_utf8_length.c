/* test_utf8_length.c - characters are counted, what is no UTF-8 counts its bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "utf8_length.h"

static size_t length(const char *text) {
    return rdb__utf8_length(text, strlen(text));
}

static void counts_characters(void **state) {
    (void)state;
    assert_int_equal(length(""), 0);
    assert_int_equal(length("abc"), 3);
    assert_int_equal(length("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z"), 4);
    assert_int_equal(length("\xc2\x80\xe0\xa0\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), 4);
    assert_int_equal(length("\xed\x9f\xbf\xee\x80\x80"), 2);
    assert_int_equal(rdb__utf8_length("a\0b", 3), 3);
}

static void counts_bytes_of_what_is_no_text(void **state) {
    (void)state;
    static const char *const bad[] = {
        "\x80",         "\xc3",         "a\xc3",         "\xc0\xaf",         "\xc1\xbf",         "\xe2\x82",
        "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbfz", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "\xff",         "\xc3\xc3",     "\xe2\x28\xa1",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(length(bad[i]), strlen(bad[i]));
    }
    assert_int_equal(length("\xc3\xa4\xff"), 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_characters),
        cmocka_unit_test(counts_bytes_of_what_is_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
