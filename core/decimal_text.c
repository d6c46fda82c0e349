/* decimal_text.c - exact decimals as text: reading, canonical form and order. Sums are in decimal_sum.c. */
#include "decimal_text.h"

#include <string.h>

/* A decimal taken apart: sign digits[0 .. n_digits-1] with the point after the first n_whole of them.
 * n_whole may be negative or beyond n_digits (exponents): zeros are understood there. */
typedef struct parts {
    bool negative;
    const char *whole; /* digits before the written point, borrowed */
    size_t n_before;
    const char *fraction; /* digits after it */
    size_t n_after;
    int64_t exponent;
} parts;

static size_t count_digits(const char *at, const char *end) {
    const char *start = at;
    while (at < end && *at >= '0' && *at <= '9') {
        at++;
    }
    return (size_t)(at - start);
}

/* "e" [sign] digits; kept within bounds far beyond any accepted size. */
static bool read_exponent(const char **at, const char *end, int64_t *exponent) {
    const char *c = *at + 1;
    bool negative = c < end && *c == '-';
    if (c < end && (*c == '-' || *c == '+')) {
        c++;
    }
    size_t n = count_digits(c, end);
    if (n == 0) {
        return false;
    }
    int64_t number = 0;
    for (size_t i = 0; i < n; i++) {
        if (number < 10 * (int64_t)RDB_DECIMAL_DIGITS) {
            number = number * 10 + (c[i] - '0');
        }
    }
    *exponent = negative ? -number : number;
    *at = c + n;
    return true;
}

static bool take_apart(const char *text, size_t len, parts *p) {
    const char *at = text, *end = text + len;
    *p = (parts){0};
    if (at < end && (*at == '-' || *at == '+')) {
        p->negative = *at++ == '-';
    }
    p->whole = at;
    p->n_before = count_digits(at, end);
    at += p->n_before;
    p->fraction = at;
    if (at < end && *at == '.') {
        p->fraction = ++at;
        p->n_after = count_digits(at, end);
        at += p->n_after;
    }
    if (p->n_before + p->n_after == 0) {
        return false;
    }
    if (at < end && (*at == 'e' || *at == 'E') && !read_exponent(&at, end, &p->exponent)) {
        return false;
    }
    return at == end && p->n_before + p->n_after <= RDB_DECIMAL_DIGITS;
}

/* The digit at index i of all written digits. */
static char digit_at(const parts *p, size_t i) {
    return i < p->n_before ? p->whole[i] : p->fraction[i - p->n_before];
}

bool rdb__decimal_is_canonical(const char *text, size_t len) {
    const char *at = text, *end = text + len;
    bool negative = at < end && *at == '-';
    at += negative;
    size_t whole = count_digits(at, end);
    if (whole == 0 || (whole > 1 && *at == '0')) {
        return false;
    }
    bool zero = *at == '0';
    at += whole;
    if (at < end) {
        size_t fraction = *at == '.' ? count_digits(at + 1, end) : 0;
        if (fraction == 0 || at + 1 + fraction != end) {
            return false;
        }
        for (at++; zero && at < end; at++) {
            zero = *at == '0';
        }
    }
    return !(zero && negative) && len <= RDB_DECIMAL_DIGITS + 2;
}

ptrdiff_t rdb__decimal_canonical(const char *text, size_t len, char *out, size_t room) {
    parts p;
    if (!take_apart(text, len, &p)) {
        return -1;
    }
    int64_t n_digits = (int64_t)(p.n_before + p.n_after);
    int64_t point = (int64_t)p.n_before + p.exponent; /* digits before the point, zeros understood */
    int64_t first = 0;                                /* the first digit that is not zero */
    while (first < n_digits && digit_at(&p, (size_t)first) == '0') {
        first++;
    }
    bool zero = first == n_digits;
    int64_t places = n_digits > point ? n_digits - point : 0;
    int64_t whole = zero || point <= first ? 1 : point - first;
    if (places > RDB_DECIMAL_DIGITS || whole > RDB_DECIMAL_DIGITS) {
        return -1;
    }
    bool negative = p.negative && !zero;
    size_t wanted = (size_t)(negative + whole + (places > 0) + places);
    if (wanted >= room) {
        return (ptrdiff_t)wanted;
    }
    char *at = out;
    if (negative) {
        *at++ = '-';
    }
    for (int64_t i = point - whole; i < point + places; i++) {
        if (i == point) {
            *at++ = '.';
        }
        *at++ = i >= 0 && i < n_digits ? digit_at(&p, (size_t)i) : '0';
    }
    *at = '\0';
    return at - out;
}

/* -- order ----------------------------------------------------------------------------------------- */

/* A canonical text in pieces to compare. */
typedef struct magnitude {
    const char *whole;
    size_t n_whole;
    const char *fraction;
    size_t n_fraction; /* without trailing zeros */
    bool negative;
} magnitude;

static magnitude magnitude_of(const char *text, size_t len) {
    magnitude m = {.negative = text[0] == '-'};
    const char *end = text + len;
    m.whole = text + m.negative;
    m.n_whole = count_digits(m.whole, end);
    m.fraction = m.whole + m.n_whole;
    if (m.fraction < end) {
        m.fraction++;
        m.n_fraction = (size_t)(end - m.fraction);
        while (m.n_fraction > 0 && m.fraction[m.n_fraction - 1] == '0') {
            m.n_fraction--;
        }
    }
    return m;
}

/* memcmp, then the longer one is greater. */
static int compare_bytes(const char *a, size_t a_len, const char *b, size_t b_len) {
    size_t common = a_len < b_len ? a_len : b_len;
    int order = common > 0 ? memcmp(a, b, common) : 0;
    return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

int rdb__decimal_compare(const char *a, size_t a_len, const char *b, size_t b_len) {
    bool a_number = rdb__decimal_is_canonical(a, a_len), b_number = rdb__decimal_is_canonical(b, b_len);
    if (!a_number || !b_number) {
        return a_number == b_number ? compare_bytes(a, a_len, b, b_len) : a_number - b_number;
    }
    magnitude x = magnitude_of(a, a_len), y = magnitude_of(b, b_len);
    if (x.negative != y.negative) {
        return x.negative ? -1 : 1;
    }
    int order = (x.n_whole > y.n_whole) - (x.n_whole < y.n_whole);
    if (order == 0) {
        order = memcmp(x.whole, y.whole, x.n_whole);
    }
    if (order == 0) {
        order = compare_bytes(x.fraction, x.n_fraction, y.fraction, y.n_fraction);
    }
    return x.negative ? -order : order;
}
