/* test_log.c - the log hook. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"

typedef struct heard {
    int calls;
    rdb_log_level level;
    char area[16];
    char message[600];
} heard;

static void listen(void *context, rdb_log_level level, const char *area, const char *message) {
    heard *h = context;
    h->calls++;
    h->level = level;
    snprintf(h->area, sizeof h->area, "%s", area);
    snprintf(h->message, sizeof h->message, "%s", message);
}

static void hook_hears_what_is_wanted(void **state) {
    (void)state;
    heard h = {0};
    rdb_log_set(listen, &h, RDB_LOG_INFO);
    rdb__log(RDB_LOG_DEBUG, "pool", "no");
    assert_int_equal(h.calls, 0);
    rdb__log(RDB_LOG_INFO, "pool", "%d open", 3);
    assert_int_equal(h.calls, 1);
    assert_int_equal(h.level, RDB_LOG_INFO);
    assert_string_equal(h.area, "pool");
    assert_string_equal(h.message, "3 open");
    rdb__log_stderr_from(RDB_LOG_DEBUG); /* is about the default hook */
    rdb__log(RDB_LOG_DEBUG, "pool", "no");
    assert_int_equal(h.calls, 1);
    rdb_log_set(NULL, NULL, RDB_LOG_DEBUG);
    rdb__log_stderr_from(RDB_LOG_DEBUG);
    rdb__log(RDB_LOG_ERROR, "pool", "silence");
    assert_int_equal(h.calls, 1);
}

static void count_safely(void *context, rdb_log_level level, const char *area, const char *message) {
    (void)level, (void)area, (void)message;
    __atomic_fetch_add((int *)context, 1, __ATOMIC_RELAXED);
}

static void *log_much(void *unused) {
    for (int i = 0; i < 1000; i++) {
        rdb__log(RDB_LOG_WARN, "test", "%d", i);
    }
    return unused;
}

static void any_thread_may_log_and_set(void **state) {
    (void)state;
    int a = 0, b = 0;
    pthread_t threads[3];
    rdb_log_set(count_safely, &a, RDB_LOG_WARN);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, log_much, NULL), 0);
    }
    for (int i = 0; i < 100; i++) {
        rdb_log_set(count_safely, i % 2 ? &a : &b, RDB_LOG_WARN);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(a + b, 3000);
    rdb_log_set(NULL, NULL, RDB_LOG_ERROR);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hook_hears_what_is_wanted),
        cmocka_unit_test(any_thread_may_log_and_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
