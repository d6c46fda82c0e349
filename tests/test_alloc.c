/* test_alloc.c - counting blocks and failing on demand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alloc.h"

static void blocks_are_counted(void **state) {
    (void)state;
    long live = rdb__alloc_live();
    rdb__alloc_fail_after(-1);
    char *a = rdb__malloc(0), *b = rdb__calloc(0, 8), *c = rdb__strndup("abcdef", 3);
    assert_non_null(a);
    assert_non_null(b);
    assert_string_equal(c, "abc");
    assert_int_equal(rdb__alloc_live(), live + 3);
    a = rdb__realloc(a, 100);
    assert_non_null(a);
    assert_int_equal(rdb__alloc_live(), live + 3);
    char *d = rdb__realloc(NULL, 10);
    assert_int_equal(rdb__alloc_live(), live + 4);
    rdb__free(a);
    rdb__free(b);
    rdb__free(c);
    rdb__free(d);
    rdb__free(NULL);
    assert_int_equal(rdb__alloc_live(), live);
    assert_int_equal(rdb__alloc_fail_after(-1), 5);
    assert_int_equal(rdb__alloc_fail_after(-1), 0);
}

static void all_fail_after_the_nth(void **state) {
    (void)state;
    rdb__alloc_fail_after(2);
    void *a = rdb__malloc(1), *b = rdb__calloc(1, 1);
    assert_non_null(a);
    assert_non_null(b);
    assert_null(rdb__malloc(1));
    assert_null(rdb__calloc(1, 1));
    assert_null(rdb__realloc(a, 2)); /* a stays */
    assert_null(rdb__strndup("x", 1));
    assert_int_equal(rdb__alloc_live(), 2);
    assert_int_equal(rdb__alloc_fail_after(-1), 2);
    void *c = rdb__malloc(1);
    assert_non_null(c);
    rdb__free(a);
    rdb__free(b);
    rdb__free(c);
    assert_int_equal(rdb__alloc_live(), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_counted),
        cmocka_unit_test(all_fail_after_the_nth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
