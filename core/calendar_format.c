/* calendar_format.c - texts of dates, times, timestamps and durations. */
#include "calendar.h"

#include <stdio.h>
#include <string.h>

static char *put_digits(char *at, int number, int count) {
    for (int i = count - 1; i >= 0; i--) {
        at[i] = (char)('0' + number % 10);
        number /= 10;
    }
    return at + count;
}

static char *put_date(char *at, int64_t days) {
    int year, month, day;
    rdb__civil_from_days(days, &year, &month, &day);
    at = put_digits(at, year, 4);
    *at++ = '-';
    at = put_digits(at, month, 2);
    *at++ = '-';
    return put_digits(at, day, 2);
}

static char *put_time(char *at, int64_t day_us) {
    int seconds = (int)(day_us / RDB_SECOND_US);
    int fraction = (int)(day_us % RDB_SECOND_US);
    at = put_digits(at, seconds / 3600, 2);
    *at++ = ':';
    at = put_digits(at, seconds / 60 % 60, 2);
    *at++ = ':';
    at = put_digits(at, seconds % 60, 2);
    if (fraction != 0) {
        *at++ = '.';
        at = put_digits(at, fraction, 6);
    }
    return at;
}

size_t rdb__date_format(int64_t days, char out[RDB_DATE_TEXT]) {
    char *end = out;
    if (days >= RDB_DAYS_LEAST && days <= RDB_DAYS_MOST) {
        end = put_date(out, days);
    }
    *end = '\0';
    return (size_t)(end - out);
}

size_t rdb__time_format(int64_t day_us, char out[RDB_TIME_TEXT]) {
    char *end = out;
    if (day_us >= 0 && day_us < RDB_DAY_US) {
        end = put_time(out, day_us);
    }
    *end = '\0';
    return (size_t)(end - out);
}

size_t rdb__timestamp_format(int64_t timestamp_us, char separator, bool zone, char out[RDB_TIMESTAMP_TEXT]) {
    char *end = out;
    if (timestamp_us >= RDB_TIMESTAMP_LEAST && timestamp_us <= RDB_TIMESTAMP_MOST) {
        int64_t days, day_us;
        rdb__timestamp_split(timestamp_us, &days, &day_us);
        end = put_date(out, days);
        *end++ = separator;
        end = put_time(end, day_us);
        if (zone) {
            *end++ = 'Z';
        }
    }
    *end = '\0';
    return (size_t)(end - out);
}

/* "5H" when number is not 0. */
static char *put_part(char *at, int64_t number, char letter) {
    if (number != 0) {
        at += snprintf(at, 24, "%lld%c", (long long)number, letter);
    }
    return at;
}

static char *put_seconds(char *at, int64_t us) {
    if (us == 0) {
        return at;
    }
    /* The sign by hand: -0.5 s has no whole second to carry it. */
    int64_t whole = us / RDB_SECOND_US;
    int fraction = (int)(us % RDB_SECOND_US);
    if (us < 0) {
        *at++ = '-';
        whole = -whole;
        fraction = -fraction;
    }
    at += snprintf(at, 24, "%lld", (long long)whole);
    if (fraction != 0) {
        *at++ = '.';
        at = put_digits(at, fraction, 6);
        while (at[-1] == '0') {
            at--;
        }
    }
    *at++ = 'S';
    return at;
}

size_t rdb__interval_format(int32_t months, int32_t days, int64_t us, char out[RDB_INTERVAL_TEXT]) {
    char *at = out;
    *at++ = 'P';
    at = put_part(at, months / 12, 'Y');
    at = put_part(at, months % 12, 'M');
    at = put_part(at, days, 'D');
    if (us != 0) {
        *at++ = 'T';
        at = put_part(at, us / (3600 * RDB_SECOND_US), 'H');
        at = put_part(at, us / (60 * RDB_SECOND_US) % 60, 'M');
        at = put_seconds(at, us % (60 * RDB_SECOND_US));
    }
    if (at == out + 1) {
        memcpy(at, "T0S", 3);
        at += 3;
    }
    *at = '\0';
    return (size_t)(at - out);
}
