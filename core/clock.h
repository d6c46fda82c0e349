/* clock.h - monotonic time and deadlines; replaceable in tests. */
#ifndef RDB_CLOCK_H
#define RDB_CLOCK_H

#include <stdint.h>

/* No deadline: wait without limit. */
#define RDB_NO_DEADLINE INT64_MAX

/* rdb__clock_ns - nanoseconds of a monotonic clock. Threads any, never blocks. */
int64_t rdb__clock_ns(void);
/* rdb__clock_utc_us - microseconds since 1970-01-01 UTC, for events and log lines only. */
int64_t rdb__clock_utc_us(void);
/* rdb__deadline_in - the moment seconds from now; RDB_NO_DEADLINE for a negative number. */
int64_t rdb__deadline_in(double seconds);
/* rdb__deadline_left_ms - milliseconds left, rounded up, for poll(2): -1 without a deadline, 0 when past. */
int rdb__deadline_left_ms(int64_t deadline_ns);
/* rdb__clock_replace - tests: use this function for rdb__clock_ns(); NULL restores. Not thread safe. */
void rdb__clock_replace(int64_t (*now_ns)(void));

#endif
