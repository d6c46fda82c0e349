/* calendar.h - civil dates, times of day, timestamps and durations as numbers and as ISO 8601 text.
 *
 * Proleptic Gregorian calendar, years 1 to 9999, microseconds, no leap seconds, no time zone database
 * and no locale. Pure functions: any thread, nothing allocated, nothing blocks. A text that is not
 * exactly of the form, or that names a day that does not exist, is refused, never adjusted. */
#ifndef RDB_CALENDAR_H
#define RDB_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RDB_SECOND_US INT64_C(1000000)
#define RDB_DAY_US    INT64_C(86400000000)

/* Days since 1970-01-01 of 0001-01-01 and 9999-12-31. */
#define RDB_DAYS_LEAST INT64_C(-719162)
#define RDB_DAYS_MOST  INT64_C(2932896)
/* Microseconds since 1970-01-01 00:00 of the first and the last representable instant. */
#define RDB_TIMESTAMP_LEAST (RDB_DAYS_LEAST * RDB_DAY_US)
#define RDB_TIMESTAMP_MOST  (RDB_DAYS_MOST * RDB_DAY_US + (RDB_DAY_US - 1))

/* Room for the texts that the format functions write, the final NUL included. */
#define RDB_DATE_TEXT      11 /* YYYY-MM-DD */
#define RDB_TIME_TEXT      16 /* HH:MM:SS.ffffff */
#define RDB_TIMESTAMP_TEXT 28 /* YYYY-MM-DD HH:MM:SS.ffffffZ */
#define RDB_INTERVAL_TEXT  96

/* rdb__days_in_month - 28 to 31; 0 for a month out of 1..12. */
int rdb__days_in_month(int year, int month);
/* rdb__civil_valid - the day exists and its year is in 1..9999. */
bool rdb__civil_valid(int year, int month, int day);
/* rdb__days_from_civil - days since 1970-01-01 of a valid civil date. */
int64_t rdb__days_from_civil(int year, int month, int day);
/* rdb__civil_from_days - the civil date of days in RDB_DAYS_LEAST..RDB_DAYS_MOST. */
void rdb__civil_from_days(int64_t days, int *year, int *month, int *day);
/* rdb__timestamp_split - days since 1970-01-01 and microseconds of that day (0 .. RDB_DAY_US - 1). */
void rdb__timestamp_split(int64_t timestamp_us, int64_t *days, int64_t *day_us);

/* Parsers: read all len bytes of text (not NUL-terminated); false when the text is not of the form or
 * out of range, and the outputs are untouched then.
 *
 * rdb__date_parse      YYYY-MM-DD
 * rdb__time_parse      HH:MM[:SS[.f]]: a fraction has 1 to 6 digits, further ones must be zeros
 * rdb__timestamp_parse date, 'T' or a space, time, then nothing, 'Z', or an offset +hh, +hhmm, +hh:mm
 *                      (a space before it is allowed); answers us since the epoch in UTC. *utc tells
 *                      whether a zone was given; without one the text is taken as UTC.
 * rdb__interval_parse  P[nY][nM][nW][nD][T[nH][nM][n[.f]S]]: each number may have a sign, so may the whole;
 *                      weeks become days, years months, hours and minutes microseconds */
bool rdb__date_parse(const char *text, size_t len, int64_t *days);
bool rdb__time_parse(const char *text, size_t len, int64_t *day_us);
bool rdb__timestamp_parse(const char *text, size_t len, int64_t *timestamp_us, bool *utc);
bool rdb__interval_parse(const char *text, size_t len, int32_t *months, int32_t *days, int64_t *us);

/* Formatters: write a NUL-terminated text into out and answer its length without the NUL; 0 (and an
 * empty text) when the number is out of range. The fraction is left out when it is zero, else six digits.
 *
 * rdb__timestamp_format  separator is 'T' or ' '; zone appends 'Z'
 * rdb__interval_format   canonical: P1Y2M3DT4H5M6.000007S, signs on each part, PT0S for nothing */
size_t rdb__date_format(int64_t days, char out[RDB_DATE_TEXT]);
size_t rdb__time_format(int64_t day_us, char out[RDB_TIME_TEXT]);
size_t rdb__timestamp_format(int64_t timestamp_us, char separator, bool zone, char out[RDB_TIMESTAMP_TEXT]);
size_t rdb__interval_format(int32_t months, int32_t days, int64_t us, char out[RDB_INTERVAL_TEXT]);

#endif
