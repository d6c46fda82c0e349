/* calendar.c - civil dates as numbers, and reading texts of dates, times and durations, without libc's locale or
 * time zones. Writing them is in calendar_format.c. */
#include "calendar.h"

int rdb__days_in_month(int year, int month) {
    static const signed char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12) {
        return 0;
    }
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

bool rdb__civil_valid(int year, int month, int day) {
    return year >= 1 && year <= 9999 && day >= 1 && day <= rdb__days_in_month(year, month);
}

/* Both directions count years from March, so that the leap day is the last of a year, in eras of 400
 * years (146097 days); day 0 of the count is 0000-03-01, 719468 days before 1970-01-01. */
int64_t rdb__days_from_civil(int year, int month, int day) {
    int march_year = month <= 2 ? year - 1 : year;
    int era = march_year / 400; /* years are positive: no rounding below zero */
    int year_of_era = march_year - era * 400;
    int month_from_march = (month + 9) % 12;
    int day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (int64_t)era * 146097 + day_of_era - 719468;
}

void rdb__civil_from_days(int64_t days, int *year, int *month, int *day) {
    int count = (int)(days + 719468);
    int era = count / 146097;
    int day_of_era = count - era * 146097;
    int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int month_from_march = (5 * day_of_year + 2) / 153;
    *day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    *month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    *year = year_of_era + era * 400 + (*month <= 2);
}

void rdb__timestamp_split(int64_t timestamp_us, int64_t *days, int64_t *day_us) {
    *days = timestamp_us / RDB_DAY_US;
    *day_us = timestamp_us % RDB_DAY_US;
    if (*day_us < 0) {
        *day_us += RDB_DAY_US;
        *days -= 1;
    }
}

/* -- reading ------------------------------------------------------------------------------------- */

/* What is left of a text. */
typedef struct cursor {
    const char *at;
    const char *end;
} cursor;

static bool at_digit(const cursor *c) {
    return c->at < c->end && *c->at >= '0' && *c->at <= '9';
}

static bool skip(cursor *c, char wanted) {
    if (c->at < c->end && *c->at == wanted) {
        c->at++;
        return true;
    }
    return false;
}

/* Exactly count digits. */
static bool read_digits(cursor *c, int count, int *out) {
    int number = 0;
    for (int i = 0; i < count; i++, c->at++) {
        if (!at_digit(c)) {
            return false;
        }
        number = number * 10 + (*c->at - '0');
    }
    *out = number;
    return true;
}

/* The digits after a decimal point, as microseconds. */
static bool read_fraction(cursor *c, int64_t *us) {
    int64_t scale = 100000;
    *us = 0;
    if (!at_digit(c)) {
        return false;
    }
    for (; at_digit(c); c->at++, scale /= 10) {
        int digit = *c->at - '0';
        if (scale == 0 && digit != 0) {
            return false; /* finer than a microsecond: refuse rather than round */
        }
        *us += digit * scale;
    }
    return true;
}

static bool read_date(cursor *c, int64_t *days) {
    int year, month, day;
    if (!read_digits(c, 4, &year) || !skip(c, '-') || !read_digits(c, 2, &month) || !skip(c, '-') ||
        !read_digits(c, 2, &day) || !rdb__civil_valid(year, month, day)) {
        return false;
    }
    *days = rdb__days_from_civil(year, month, day);
    return true;
}

static bool read_time(cursor *c, int64_t *day_us) {
    int hour, minute, second = 0;
    int64_t fraction = 0;
    if (!read_digits(c, 2, &hour) || !skip(c, ':') || !read_digits(c, 2, &minute)) {
        return false;
    }
    if (skip(c, ':') && (!read_digits(c, 2, &second) || (skip(c, '.') && !read_fraction(c, &fraction)))) {
        return false;
    }
    if (hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    *day_us = ((hour * 60 + minute) * 60 + second) * RDB_SECOND_US + fraction;
    return true;
}

/* 'Z' or an offset, which is answered in microseconds east of UTC; absent: *given is false. */
static bool read_zone(cursor *c, int64_t *offset_us, bool *given) {
    *offset_us = 0;
    *given = true;
    if (skip(c, 'Z') || skip(c, 'z')) {
        return true;
    }
    cursor sign = *c;
    skip(&sign, ' ');
    bool west = skip(&sign, '-');
    if (!west && !skip(&sign, '+')) {
        *given = false;
        return true;
    }
    int hours, minutes = 0;
    *c = sign;
    if (!read_digits(c, 2, &hours)) {
        return false;
    }
    if ((skip(c, ':') || at_digit(c)) && !read_digits(c, 2, &minutes)) {
        return false;
    }
    if (hours > 23 || minutes > 59) {
        return false;
    }
    *offset_us = (hours * 60 + minutes) * 60 * RDB_SECOND_US * (west ? -1 : 1);
    return true;
}

bool rdb__date_parse(const char *text, size_t len, int64_t *days) {
    cursor c = {text, text + len};
    int64_t read;
    if (!read_date(&c, &read) || c.at != c.end) {
        return false;
    }
    *days = read;
    return true;
}

bool rdb__time_parse(const char *text, size_t len, int64_t *day_us) {
    cursor c = {text, text + len};
    int64_t read;
    if (!read_time(&c, &read) || c.at != c.end) {
        return false;
    }
    *day_us = read;
    return true;
}

bool rdb__timestamp_parse(const char *text, size_t len, int64_t *timestamp_us, bool *utc) {
    cursor c = {text, text + len};
    int64_t days, day_us, offset_us;
    bool given;
    if (!read_date(&c, &days) || !(skip(&c, 'T') || skip(&c, ' ') || skip(&c, 't')) || !read_time(&c, &day_us) ||
        !read_zone(&c, &offset_us, &given) || c.at != c.end) {
        return false;
    }
    int64_t instant = days * RDB_DAY_US + day_us - offset_us;
    if (instant < RDB_TIMESTAMP_LEAST || instant > RDB_TIMESTAMP_MOST) {
        return false;
    }
    *timestamp_us = instant;
    *utc = given;
    return true;
}

/* One "[sign]digits[.digits]" of a duration. *fraction is in millionths; both carry the sign. */
static bool read_part(cursor *c, bool negative, int64_t *whole, int64_t *fraction, bool *has_fraction) {
    if (skip(c, '-')) {
        negative = !negative;
    } else {
        skip(c, '+');
    }
    if (!at_digit(c)) {
        return false;
    }
    int64_t number = 0;
    for (; at_digit(c); c->at++) { /* counted downwards, so that INT64_MIN can be read */
        if (__builtin_mul_overflow(number, 10, &number) || __builtin_sub_overflow(number, *c->at - '0', &number)) {
            return false;
        }
    }
    if (!negative && number == INT64_MIN) {
        return false;
    }
    *whole = negative ? number : -number;
    *fraction = 0;
    *has_fraction = skip(c, '.') || skip(c, ',');
    if (*has_fraction && !read_fraction(c, fraction)) {
        return false;
    }
    *fraction = negative ? -*fraction : *fraction;
    return true;
}

static bool add_scaled(int64_t *total, int64_t number, int64_t factor) {
    int64_t product;
    return !__builtin_mul_overflow(number, factor, &product) && !__builtin_add_overflow(*total, product, total);
}

/* The units in the order in which they may stand, before and after 'T'. */
typedef struct unit {
    char letter;
    bool time;      /* after 'T' */
    int64_t months; /* one of months, days, us is set: what one of the unit is */
    int64_t days;
    int64_t us;
} unit;

static const unit units[] = {
    {'Y', false, 12, 0, 0},
    {'M', false, 1, 0, 0},
    {'W', false, 0, 7, 0},
    {'D', false, 0, 1, 0},
    {'H', true, 0, 0, 3600 * RDB_SECOND_US},
    {'M', true, 0, 0, 60 * RDB_SECOND_US},
    {'S', true, 0, 0, RDB_SECOND_US},
};
#define N_UNITS (sizeof units / sizeof *units)

/* Find the unit named by letter among those from first on; N_UNITS when it may not stand here. */
static size_t find_unit(size_t first, char letter, bool time) {
    size_t i = first;
    while (i < N_UNITS && !(units[i].letter == letter && units[i].time == time)) {
        i++;
    }
    return i;
}

bool rdb__interval_parse(const char *text, size_t len, int32_t *months, int32_t *days, int64_t *us) {
    cursor c = {text, text + len};
    int64_t n_months = 0, n_days = 0, n_us = 0;
    bool negative = skip(&c, '-');
    if (!negative) {
        skip(&c, '+');
    }
    if (!skip(&c, 'P') || c.at == c.end) {
        return false;
    }
    bool time = false;
    size_t next = 0;
    while (c.at < c.end) {
        if (!time && skip(&c, 'T')) {
            time = true;
        }
        int64_t whole, fraction;
        bool has_fraction;
        if (!read_part(&c, negative, &whole, &fraction, &has_fraction) || c.at == c.end) {
            return false;
        }
        size_t index = find_unit(next, *c.at++, time);
        if (index == N_UNITS || (has_fraction && units[index].letter != 'S')) {
            return false;
        }
        if (!add_scaled(&n_months, whole, units[index].months) || !add_scaled(&n_days, whole, units[index].days) ||
            !add_scaled(&n_us, whole, units[index].us) || __builtin_add_overflow(n_us, fraction, &n_us)) {
            return false;
        }
        next = index + 1;
    }
    if (n_months != (int32_t)n_months || n_days != (int32_t)n_days) {
        return false;
    }
    *months = (int32_t)n_months;
    *days = (int32_t)n_days;
    *us = n_us;
    return true;
}
