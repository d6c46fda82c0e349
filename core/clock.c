/* clock.c - monotonic time and deadlines. */
#include "clock.h"

#include <limits.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

#define SECOND_NS INT64_C(1000000000)

typedef int64_t (*now_fn)(void);
static _Atomic(now_fn) replaced; /* tests only; NULL: the system's clock */

int64_t rdb__clock_ns(void) {
    now_fn now = atomic_load_explicit(&replaced, memory_order_relaxed);
    if (now != NULL) {
        return now();
    }
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * SECOND_NS + time.tv_nsec;
}

int64_t rdb__clock_utc_us(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

int64_t rdb__deadline_in(double seconds) {
    if (!(seconds >= 0)) { /* negative or NaN */
        return RDB_NO_DEADLINE;
    }
    int64_t now = rdb__clock_ns();
    double most = (double)(INT64_MAX - now) / 2e9; /* stay clear of rounding at the edge */
    return seconds >= most ? RDB_NO_DEADLINE : now + (int64_t)(seconds * 1e9);
}

int rdb__deadline_left_ms(int64_t deadline_ns) {
    if (deadline_ns == RDB_NO_DEADLINE) {
        return -1;
    }
    int64_t left = deadline_ns - rdb__clock_ns();
    if (left <= 0) {
        return 0;
    }
    int64_t ms = left / 1000000 + (left % 1000000 != 0);
    return ms > INT_MAX ? INT_MAX : (int)ms;
}

void rdb__clock_replace(int64_t (*now_ns)(void)) {
    atomic_store(&replaced, now_ns);
}
