/* number_text.c - numbers as text without the locale's decimal point. */
#include "number_text.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t rdb__integer_format(int64_t integer, char out[RDB_INTEGER_TEXT]) {
    return (size_t)snprintf(out, RDB_INTEGER_TEXT, "%lld", (long long)integer);
}

static bool is_number_character(char c) {
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == 'e';
}

/* printf writes the locale's decimal point, of one byte or more: make it a '.'. */
static size_t plain_point(char *text) {
    size_t point = 0;
    while (is_number_character(text[point])) {
        point++;
    }
    size_t len = strlen(text);
    if (point == len) {
        return len;
    }
    size_t rest = point + 1;
    while (rest < len && !is_number_character(text[rest])) {
        rest++;
    }
    text[point] = '.';
    memmove(text + point + 1, text + rest, len - rest + 1);
    return len - (rest - point - 1);
}

size_t rdb__double_format(double number, char out[RDB_DOUBLE_TEXT]) {
    if (!isfinite(number)) {
        const char *name = isnan(number) ? "nan" : number > 0 ? "inf" : "-inf";
        memcpy(out, name, strlen(name) + 1);
        return strlen(name);
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, RDB_DOUBLE_TEXT, "%.*g", digits, number);
        if (digits == 17 || strtod(out, NULL) == number) {
            break;
        }
    }
    size_t len = plain_point(out);
    if (strpbrk(out, ".e") == NULL) { /* stays a double for whoever reads it */
        memcpy(out + len, ".0", 3);
        len += 2;
    }
    return len;
}

rdb_code rdb__integer_parse(const char *text, size_t len, int64_t *out) {
    const char *at = text, *end = text + len;
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) {
        at++;
    }
    if (at == end || *at < '0' || *at > '9') {
        return RDB_E_INVALID_VALUE;
    }
    int64_t number = 0; /* counted downwards, so that the least integer can be read */
    bool overflow = false;
    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        overflow = overflow || __builtin_mul_overflow(number, 10, &number) ||
                   __builtin_sub_overflow(number, *at - '0', &number);
    }
    if (at < end && *at == '.' && at + 1 < end) {
        for (at++; at < end && *at == '0'; at++) {
        }
    }
    if (at != end) {
        return RDB_E_INVALID_VALUE;
    }
    if (overflow || (!negative && number == INT64_MIN)) {
        return RDB_E_OUT_OF_RANGE;
    }
    *out = negative ? number : -number;
    return RDB_OK;
}
