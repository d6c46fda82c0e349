/* test_calendar.c - civil dates against libc's, and texts of dates, times and durations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "calendar.h"

static void every_day_goes_there_and_back(void **state) {
    (void)state;
    int year = 1, month = 1, day = 1;
    for (int64_t days = RDB_DAYS_LEAST; days <= RDB_DAYS_MOST; days++) {
        int y, m, d;
        rdb__civil_from_days(days, &y, &m, &d);
        assert_true(y == year && m == month && d == day);
        assert_int_equal(rdb__days_from_civil(y, m, d), days);
        if (++day > rdb__days_in_month(year, month)) {
            day = 1;
            if (++month > 12) {
                month = 1;
                year++;
            }
        }
    }
    assert_int_equal(year, 10000);
}

static void agrees_with_libc(void **state) {
    (void)state;
    for (int64_t days = RDB_DAYS_LEAST; days <= RDB_DAYS_MOST; days += 97) {
        time_t seconds = (time_t)(days * 86400);
        struct tm tm;
        int y, m, d;
        assert_non_null(gmtime_r(&seconds, &tm));
        rdb__civil_from_days(days, &y, &m, &d);
        assert_true(y == tm.tm_year + 1900 && m == tm.tm_mon + 1 && d == tm.tm_mday);
    }
}

static void dates(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t days;
    } good[] = {{"1970-01-01", 0},     {"1969-12-31", -1},      {"2000-02-29", 11016},
                {"2024-02-29", 19782}, {"0001-01-01", -719162}, {"9999-12-31", 2932896}};
    static const char *const bad[] = {"",           "1970-1-01",   "1970-01-1",   "2023-02-29", "1900-02-29",
                                      "0000-01-01", "1970-13-01",  "1970-00-01",  "1970-01-00", "1970-04-31",
                                      "19700101",   "1970-01-01 ", " 1970-01-01", "+970-01-01", "1970/01/01",
                                      "10000-01-01"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t days = 7;
        char text[RDB_DATE_TEXT];
        assert_true(rdb__date_parse(good[i].text, strlen(good[i].text), &days));
        assert_int_equal(days, good[i].days);
        assert_int_equal(rdb__date_format(days, text), 10);
        assert_string_equal(text, good[i].text);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t days = 7;
        assert_false(rdb__date_parse(bad[i], strlen(bad[i]), &days));
        assert_int_equal(days, 7);
    }
    char text[RDB_DATE_TEXT] = "x";
    assert_int_equal(rdb__date_format(RDB_DAYS_MOST + 1, text), 0);
    assert_string_equal(text, "");
    assert_int_equal(rdb__date_format(RDB_DAYS_LEAST - 1, text), 0);
}

static void times(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
        const char *canonical;
    } good[] = {{"00:00:00", 0, "00:00:00"},
                {"12:34", 45240000000, "12:34:00"},
                {"12:34:56", 45296000000, "12:34:56"},
                {"23:59:59.999999", 86399999999, "23:59:59.999999"},
                {"00:00:00.1", 100000, "00:00:00.100000"},
                {"00:00:00.000001000", 1, "00:00:00.000001"}};
    static const char *const bad[] = {"",          "1:00:00",    "24:00:00", "23:60:00",         "23:59:60", "12",
                                      "12:34:56.", "12:34:56.x", "12:34:5",  "00:00:00.0000001", "12:34:56Z"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t us;
        char text[RDB_TIME_TEXT];
        assert_true(rdb__time_parse(good[i].text, strlen(good[i].text), &us));
        assert_int_equal(us, good[i].us);
        assert_int_equal(rdb__time_format(us, text), strlen(good[i].canonical));
        assert_string_equal(text, good[i].canonical);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t us = 7;
        assert_false(rdb__time_parse(bad[i], strlen(bad[i]), &us));
        assert_int_equal(us, 7);
    }
    char text[RDB_TIME_TEXT];
    assert_int_equal(rdb__time_format(-1, text), 0);
    assert_int_equal(rdb__time_format(RDB_DAY_US, text), 0);
}

static void timestamps(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
        bool utc;
    } good[] = {{"1970-01-01 00:00:00", 0, false},
                {"1970-01-01T00:00:00Z", 0, true},
                {"1970-01-01t00:00z", 0, true},
                {"1970-01-01 01:00:00+01:00", 0, true},
                {"1970-01-01 01:00:00 +01", 0, true},
                {"1969-12-31 22:30:00-0130", 0, true},
                {"1969-12-31 23:59:59.999999", -1, false},
                {"2024-02-29T12:00:00.000001Z", 1709208000000001, true},
                {"0001-01-01 00:00:00", RDB_TIMESTAMP_LEAST, false},
                {"9999-12-31 23:59:59.999999", RDB_TIMESTAMP_MOST, false}};
    static const char *const bad[] = {"1970-01-01",
                                      "1970-01-01 ",
                                      "1970-01-01  00:00:00",
                                      "1970-01-01_00:00:00",
                                      "1970-01-01 00:00:00+",
                                      "1970-01-01 00:00:00+1",
                                      "1970-01-01 00:00:00+01:",
                                      "1970-01-01 00:00:00+24:00",
                                      "1970-01-01 00:00:00+01:60",
                                      "1970-01-01 00:00:00ZZ",
                                      "1970-01-01 00:00:00.0000001",
                                      "1970-02-30 00:00:00",
                                      "0001-01-01 00:00:00+01:00",
                                      "9999-12-31 23:59:59-01:00"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t us;
        bool utc;
        assert_true(rdb__timestamp_parse(good[i].text, strlen(good[i].text), &us, &utc));
        assert_int_equal(us, good[i].us);
        assert_int_equal(utc, good[i].utc);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t us = 7;
        bool utc;
        assert_false(rdb__timestamp_parse(bad[i], strlen(bad[i]), &us, &utc));
        assert_int_equal(us, 7);
    }
    char text[RDB_TIMESTAMP_TEXT];
    assert_int_equal(rdb__timestamp_format(-1, ' ', false, text), 26);
    assert_string_equal(text, "1969-12-31 23:59:59.999999");
    assert_int_equal(rdb__timestamp_format(0, 'T', true, text), 20);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
    assert_int_equal(rdb__timestamp_format(RDB_TIMESTAMP_MOST, 'T', true, text), RDB_TIMESTAMP_TEXT - 1);
    assert_int_equal(rdb__timestamp_format(RDB_TIMESTAMP_MOST + 1, 'T', true, text), 0);
    assert_int_equal(rdb__timestamp_format(RDB_TIMESTAMP_LEAST - 1, 'T', true, text), 0);
}

static void texts_may_be_cut_anywhere(void **state) {
    (void)state;
    const char whole[] = "2024-02-29T12:00:00.000001+01:30";
    for (size_t len = 0; len < sizeof whole - 1; len++) {
        char *exact = test_malloc(len > 0 ? len : 1); /* the sanitizer sees a read past the end */
        int64_t us;
        bool utc;
        memcpy(exact, whole, len);
        rdb__timestamp_parse(exact, len, &us, &utc);
        rdb__date_parse(exact, len, &us);
        rdb__time_parse(exact, len, &us);
        test_free(exact);
    }
}

static void durations(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int32_t months, days;
        int64_t us;
        const char *canonical;
    } good[] = {{"P1DT2H", 0, 1, 7200000000, "P1DT2H"},
                {"PT0S", 0, 0, 0, "PT0S"},
                {"P0D", 0, 0, 0, "PT0S"},
                {"P1Y2M3W4DT5H6M7.000008S", 14, 25, 18367000008, "P1Y2M25DT5H6M7.000008S"},
                {"PT-0.5S", 0, 0, -500000, "PT-0.5S"},
                {"-PT1H30M", 0, 0, -5400000000, "PT-1H-30M"},
                {"-P-1D", 0, 1, 0, "P1D"},
                {"+P+1D", 0, 1, 0, "P1D"},
                {"PT90S", 0, 0, 90000000, "PT1M30S"},
                {"P13M", 13, 0, 0, "P1Y1M"},
                {"PT9223372036854.775807S", 0, 0, INT64_MAX, "PT2562047788H54.775807S"},
                {"PT-9223372036854.775808S", 0, 0, INT64_MIN, "PT-2562047788H-54.775808S"},
                {"P-178956970Y-8M-2147483648D", INT32_MIN, INT32_MIN, 0, "P-178956970Y-8M-2147483648D"}};
    static const char *const bad[] = {"",
                                      "P",
                                      "PT",
                                      "1D",
                                      "P1",
                                      "P1DT",
                                      "PD",
                                      "P1S",
                                      "PT1D",
                                      "P1D1Y",
                                      "P1D1D",
                                      "P1.5D",
                                      "PT1.5H",
                                      "PT1H1H",
                                      "P1DT1",
                                      "PT1S1H",
                                      "P1DT1HT1M",
                                      "PT1.S",
                                      "PT.5S",
                                      "P 1D",
                                      "P1D ",
                                      "--P1D",
                                      "P2147483648D",
                                      "P178956971Y",
                                      "PT9223372036854.775808S",
                                      "PT99999999999999999999S",
                                      "PT0.0000001S"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int32_t months, days;
        int64_t us;
        char text[RDB_INTERVAL_TEXT];
        assert_true(rdb__interval_parse(good[i].text, strlen(good[i].text), &months, &days, &us));
        assert_int_equal(months, good[i].months);
        assert_int_equal(days, good[i].days);
        assert_true(us == good[i].us);
        assert_int_equal(rdb__interval_format(months, days, us, text), strlen(good[i].canonical));
        assert_string_equal(text, good[i].canonical);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int32_t months = 7, days = 7;
        int64_t us = 7;
        assert_false(rdb__interval_parse(bad[i], strlen(bad[i]), &months, &days, &us));
        assert_true(months == 7 && days == 7 && us == 7);
    }
}

static void durations_survive_their_text(void **state) {
    (void)state;
    uint64_t seed = 42;
    for (int i = 0; i < 20000; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        int32_t months = (int32_t)(seed >> 33), days = (int32_t)(seed >> 13);
        int64_t us = (int64_t)(seed >> (seed % 60));
        us = seed % 3 == 0 ? -us : us;
        char text[RDB_INTERVAL_TEXT];
        int32_t m, d;
        int64_t u;
        size_t len = rdb__interval_format(months, days, us, text);
        assert_true(len < RDB_INTERVAL_TEXT);
        assert_true(rdb__interval_parse(text, len, &m, &d, &u));
        assert_true(m == months && d == days && u == us);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_goes_there_and_back),
        cmocka_unit_test(agrees_with_libc),
        cmocka_unit_test(dates),
        cmocka_unit_test(times),
        cmocka_unit_test(timestamps),
        cmocka_unit_test(texts_may_be_cut_anywhere),
        cmocka_unit_test(durations),
        cmocka_unit_test(durations_survive_their_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
