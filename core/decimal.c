/* decimal.c - see decimal.h. Numbers live in GMP integers for the length of one call only. */
#include "decimal.h"

#include <gmp.h>
#include <string.h>

#include "alloc.h"
#include "decimal_text.h"

/* value = coefficient / 10^scale */
typedef struct number {
    mpz_t coefficient;
    uint32_t scale;
} number;

/* Up to this many digits fit an unsigned long. */
#define WORD_DIGITS 18

static void number_init(number *value) {
    mpz_init(value->coefficient);
    value->scale = 0;
}

static void number_clear(number *value) {
    mpz_clear(value->coefficient);
}

/* Read a long canonical text: GMP wants its digits without the point. */
static rdb_code read_long(number *value, const char *text, size_t len, size_t point, rdb_error *err) {
    char *digits = rdb__strndup(text, len);
    if (!digits) {
        return rdb_error_set(err, RDB_E_NO_MEMORY, "no memory for a decimal of %zu characters", len);
    }
    if (point < len) {
        memmove(digits + point, digits + point + 1, len - point); /* with the NUL */
    }
    int failed = mpz_set_str(value->coefficient, digits, 10);
    rdb__free(digits);
    return failed ? rdb_error_set(err, RDB_E_INVALID_VALUE, "not a decimal in canonical form") : RDB_OK;
}

static rdb_code number_read(number *value, const char *text, size_t len, rdb_error *err) {
    const char *dot = memchr(text, '.', len);
    size_t point = dot ? (size_t)(dot - text) : len;
    value->scale = dot ? (uint32_t)(len - point - 1) : 0;
    if (len > WORD_DIGITS) {
        return read_long(value, text, len, point, err);
    }
    bool negative = len > 0 && text[0] == '-';
    long word = 0;
    for (size_t i = negative ? 1 : 0; i < len; i++) {
        if (i != point) {
            word = word * 10 + (text[i] - '0');
        }
    }
    mpz_set_si(value->coefficient, negative ? -word : word);
    return RDB_OK;
}

/* Write value canonically; room is enough unless the digits are out of bounds. */
static rdb_code number_write(const number *value, char *out, size_t room, size_t *len, rdb_error *err) {
    size_t scale = value->scale;
    size_t bound = mpz_sizeinbase(value->coefficient, 10);
    size_t most = (bound > scale ? bound : scale + 1) + 3; /* sign, point, NUL */
    if (most - 3 > RDB_DECIMAL_DIGITS || most > room) {
        return rdb_error_set(err, RDB_E_OUT_OF_RANGE, "the decimal would have more than %d digits", RDB_DECIMAL_DIGITS);
    }
    mpz_get_str(out, 10, value->coefficient);
    char *digits = out + (out[0] == '-');
    size_t n_digits = strlen(digits);
    if (n_digits <= scale) { /* 5 with scale 3: 0.005 */
        size_t zeros = scale + 1 - n_digits;
        memmove(digits + zeros, digits, n_digits + 1);
        memset(digits, '0', zeros);
        n_digits += zeros;
    }
    if (scale > 0) {
        memmove(digits + n_digits - scale + 1, digits + n_digits - scale, scale + 1);
        digits[n_digits - scale] = '.';
        n_digits++;
    }
    *len = (size_t)(digits - out) + n_digits;
    return RDB_OK;
}

static void scale_up(number *value, uint32_t places) {
    mpz_t factor;
    mpz_init(factor);
    mpz_ui_pow_ui(factor, 10, places);
    mpz_mul(value->coefficient, value->coefficient, factor);
    mpz_clear(factor);
    value->scale += places;
}

static void align(number *a, number *b) {
    if (a->scale < b->scale) {
        scale_up(a, b->scale - a->scale);
    } else if (b->scale < a->scale) {
        scale_up(b, a->scale - b->scale);
    }
}

/* quotient = numerator / divisor, rounded; tells whether it is exact. */
static bool divide_rounded(mpz_t quotient, const mpz_t numerator, const mpz_t divisor, rdb_rounding rounding) {
    mpz_t rest;
    mpz_init(rest);
    int away = mpz_sgn(numerator) * mpz_sgn(divisor); /* before quotient, which may be numerator, is written */
    mpz_tdiv_qr(quotient, rest, numerator, divisor);
    bool exact = mpz_sgn(rest) == 0;
    if (!exact && rounding != RDB_ROUND_DOWN) {
        mpz_mul_2exp(rest, rest, 1);
        int half = mpz_cmpabs(rest, divisor);
        if (half > 0 || (half == 0 && (rounding == RDB_ROUND_HALF_UP || mpz_odd_p(quotient)))) {
            if (away > 0) {
                mpz_add_ui(quotient, quotient, 1);
            } else {
                mpz_sub_ui(quotient, quotient, 1);
            }
        }
    }
    mpz_clear(rest);
    return exact;
}

static size_t count_digits(const mpz_t value) {
    size_t digits = mpz_sizeinbase(value, 10); /* exact or one too many */
    mpz_t least;
    mpz_init(least);
    mpz_ui_pow_ui(least, 10, digits - 1);
    if (digits > 1 && mpz_cmpabs(value, least) < 0) {
        digits--;
    }
    mpz_clear(least);
    return digits;
}

/* Drop zeros at the end until only places are left or another digit is met. */
static void strip_zeros(number *value, uint32_t places) {
    while (value->scale > places && mpz_divisible_ui_p(value->coefficient, 10)) {
        mpz_divexact_ui(value->coefficient, value->coefficient, 10);
        value->scale--;
    }
}

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

/* a = a / b, b not zero. The quotient gets `digits` significant digits: the numerator is extended by shift places so
 * that the integer quotient has exactly that many. */
static void divide(number *a, const number *b) {
    uint32_t wanted = a->scale > b->scale ? a->scale - b->scale : 0;
    if (mpz_sgn(a->coefficient) == 0) {
        a->scale = wanted;
        return;
    }
    size_t a_digits = count_digits(a->coefficient);
    size_t b_digits = count_digits(b->coefficient);
    size_t digits = larger(RDB_DECIMAL_DIVISION_DIGITS, larger(a_digits, b_digits));
    size_t shift = digits - a_digits + b_digits;
    number extended;
    number_init(&extended);
    mpz_t quotient;
    mpz_init(quotient);
    bool exact = false;
    for (int attempt = 0; attempt < 2; attempt++, shift--) {
        mpz_ui_pow_ui(quotient, 10, shift);
        mpz_mul(extended.coefficient, a->coefficient, quotient);
        mpz_tdiv_q(quotient, extended.coefficient, b->coefficient);
        if (attempt == 1 || count_digits(quotient) <= digits) {
            exact = divide_rounded(extended.coefficient, extended.coefficient, b->coefficient, RDB_ROUND_HALF_EVEN);
            break;
        }
    }
    long scale = (long)a->scale - (long)b->scale + (long)shift;
    mpz_set(a->coefficient, extended.coefficient);
    a->scale = scale > 0 ? (uint32_t)scale : 0;
    if (scale < 0) {
        scale_up(a, (uint32_t)-scale);
        a->scale = 0;
    } else if (exact) {
        strip_zeros(a, wanted);
    }
    mpz_clear(quotient);
    number_clear(&extended);
}

/* a = a op b. */
static rdb_code combine(rdb_decimal_op op, number *a, number *b, rdb_error *err) {
    bool divides = op == RDB_DECIMAL_DIV || op == RDB_DECIMAL_IDIV || op == RDB_DECIMAL_MOD;
    if (divides && mpz_sgn(b->coefficient) == 0) {
        return rdb_error_set(err, RDB_E_INVALID_VALUE, "attempt to divide a decimal by zero");
    }
    switch (op) {
    case RDB_DECIMAL_ADD:
        align(a, b);
        mpz_add(a->coefficient, a->coefficient, b->coefficient);
        break;
    case RDB_DECIMAL_SUB:
        align(a, b);
        mpz_sub(a->coefficient, a->coefficient, b->coefficient);
        break;
    case RDB_DECIMAL_MUL:
        mpz_mul(a->coefficient, a->coefficient, b->coefficient);
        a->scale += b->scale;
        break;
    case RDB_DECIMAL_DIV:
        divide(a, b);
        break;
    case RDB_DECIMAL_IDIV:
        align(a, b);
        mpz_fdiv_q(a->coefficient, a->coefficient, b->coefficient);
        a->scale = 0;
        break;
    case RDB_DECIMAL_MOD:
        align(a, b);
        mpz_fdiv_r(a->coefficient, a->coefficient, b->coefficient);
        break;
    }
    return RDB_OK;
}

size_t rdb__decimal_room(size_t a_len, size_t b_len) {
    return 2 * (a_len + b_len) + RDB_DECIMAL_DIVISION_DIGITS + 12;
}

rdb_code rdb__decimal_compute(rdb_decimal_op op, const char *a, size_t a_len, const char *b, size_t b_len, char *out,
                              size_t room, size_t *len, rdb_error *err) {
    number left, right;
    number_init(&left);
    number_init(&right);
    rdb_code code = number_read(&left, a, a_len, err);
    if (code == RDB_OK) {
        code = number_read(&right, b, b_len, err);
    }
    if (code == RDB_OK) {
        code = combine(op, &left, &right, err);
    }
    if (code == RDB_OK) {
        code = number_write(&left, out, room, len, err);
    }
    number_clear(&left);
    number_clear(&right);
    return code;
}

rdb_code rdb__decimal_quantize(const char *text, size_t text_len, uint32_t places, rdb_rounding rounding, char *out,
                               size_t room, size_t *len, rdb_error *err) {
    number value;
    number_init(&value);
    rdb_code code = number_read(&value, text, text_len, err);
    if (code == RDB_OK && value.scale < places) {
        scale_up(&value, places - value.scale);
    } else if (code == RDB_OK && value.scale > places) {
        mpz_t divisor;
        mpz_init(divisor);
        mpz_ui_pow_ui(divisor, 10, value.scale - places);
        divide_rounded(value.coefficient, value.coefficient, divisor, rounding);
        value.scale = places;
        mpz_clear(divisor);
    }
    if (code == RDB_OK) {
        code = number_write(&value, out, room, len, err);
    }
    number_clear(&value);
    return code;
}

int rdb__decimal_sign(const char *text, size_t len) {
    bool negative = len > 0 && text[0] == '-';
    for (size_t i = negative ? 1 : 0; i < len; i++) {
        if (text[i] >= '1' && text[i] <= '9') {
            return negative ? -1 : 1;
        }
    }
    return 0;
}

bool rdb__decimal_to_int64(const char *text, size_t len, int64_t *out) {
    bool negative = len > 0 && text[0] == '-';
    size_t i = negative ? 1 : 0;
    int64_t integer = 0; /* gathered below zero, where there is one more number */
    for (; i < len && text[i] != '.'; i++) {
        int digit = text[i] - '0';
        if (integer < (INT64_MIN + digit) / 10) {
            return false;
        }
        integer = integer * 10 - digit;
    }
    for (i++; i < len; i++) {
        if (text[i] != '0') {
            return false;
        }
    }
    if (!negative && integer == INT64_MIN) {
        return false;
    }
    *out = negative ? integer : -integer;
    return true;
}
