/* decimal_sum.c - exact sums and means of decimals.
 *
 * Money fits 64 bits: values are added in a machine word at one common scale, and spill into a GMP
 * integer when they do not fit. */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "decimal_text.h"

#define WORD_DIGITS 18 /* any number of so many digits fits int64_t */
#define MEAN_DIGITS 28 /* significant digits of a mean */

static void spill(rdb_decimal_sum *sum) {
    if (!sum->has_large) {
        mpz_init(sum->large);
        sum->has_large = true;
    }
    /* GMP's long is 64 bits wherever this builds; the sum of both parts stays the same. */
    if (sum->small >= 0) {
        mpz_add_ui(sum->large, sum->large, (unsigned long)sum->small);
    } else {
        mpz_sub_ui(sum->large, sum->large, 0 - (unsigned long)sum->small);
    }
    sum->small = 0;
}

static int64_t power_of_ten(uint32_t exponent) {
    int64_t power = 1;
    while (exponent-- > 0) {
        power *= 10;
    }
    return power;
}

/* Make scale the sum's number of places; it only grows. */
static void widen(rdb_decimal_sum *sum, uint32_t scale) {
    uint32_t by = scale - sum->scale;
    int64_t scaled;
    if (by == 0) {
        return;
    }
    if (by <= WORD_DIGITS && !__builtin_mul_overflow(sum->small, power_of_ten(by), &scaled)) {
        sum->small = scaled;
    } else {
        spill(sum);
    }
    if (sum->has_large) {
        mpz_t power;
        mpz_init(power);
        mpz_ui_pow_ui(power, 10, by);
        mpz_mul(sum->large, sum->large, power);
        mpz_clear(power);
    }
    sum->scale = scale;
}

/* Add a canonical text whose digits, at the sum's scale, may have any length. */
static bool add_large(rdb_decimal_sum *sum, const char *text, size_t len, uint32_t places) {
    char *digits = rdb__malloc(len + (sum->scale - places) + 1);
    if (digits == NULL) {
        return false;
    }
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '.') {
            digits[n++] = text[i];
        }
    }
    memset(digits + n, '0', sum->scale - places);
    digits[n + (sum->scale - places)] = '\0';
    mpz_t value;
    mpz_init_set_str(value, digits, 10);
    rdb__free(digits);
    spill(sum);
    mpz_add(sum->large, sum->large, value);
    mpz_clear(value);
    return true;
}

/* Add a canonical text to the machine word when it fits. */
static bool add_small(rdb_decimal_sum *sum, const char *text, size_t len, uint32_t places) {
    uint32_t pad = sum->scale - places;
    if (len + pad > WORD_DIGITS) {
        return false;
    }
    bool negative = text[0] == '-';
    int64_t number = 0, total;
    for (size_t i = negative; i < len; i++) {
        if (text[i] != '.') {
            number = number * 10 + (text[i] - '0');
        }
    }
    number *= power_of_ten(pad);
    if (__builtin_add_overflow(sum->small, negative ? -number : number, &total)) {
        return false;
    }
    sum->small = total;
    return true;
}

static rdb_code add_canonical(rdb_decimal_sum *sum, const char *text, size_t len) {
    const char *point = memchr(text, '.', len);
    uint32_t places = point != NULL ? (uint32_t)(len - (size_t)(point - text) - 1) : 0;
    if (places > sum->scale) {
        widen(sum, places);
    }
    if (!add_small(sum, text, len, places) && !add_large(sum, text, len, places)) {
        return RDB_E_NO_MEMORY;
    }
    sum->count++;
    return RDB_OK;
}

rdb_code rdb__decimal_sum_add(rdb_decimal_sum *sum, const char *text, size_t len) {
    if (rdb__decimal_is_canonical(text, len)) {
        return add_canonical(sum, text, len);
    }
    char near[64];
    ptrdiff_t wanted = rdb__decimal_canonical(text, len, near, sizeof near);
    if (wanted < 0) {
        return RDB_E_INVALID_VALUE;
    }
    if ((size_t)wanted < sizeof near) {
        return add_canonical(sum, near, (size_t)wanted);
    }
    char *far = rdb__malloc((size_t)wanted + 1);
    if (far == NULL) {
        return RDB_E_NO_MEMORY;
    }
    rdb__decimal_canonical(text, len, far, (size_t)wanted + 1);
    rdb_code code = add_canonical(sum, far, (size_t)wanted);
    rdb__free(far);
    return code;
}

/* The text of unscaled / 10^scale. */
static char *text_of(const mpz_t unscaled, uint32_t scale, size_t *len) {
    bool negative = mpz_sgn(unscaled) < 0;
    size_t room = mpz_sizeinbase(unscaled, 10) + 2; /* may say one digit too many */
    char *digits = rdb__malloc(room);
    char *text = rdb__malloc(room + scale + 2);
    if (digits == NULL || text == NULL) {
        rdb__free(digits);
        rdb__free(text);
        return NULL;
    }
    mpz_get_str(digits, 10, unscaled);
    const char *first = digits + negative;
    size_t n = strlen(first), zeros = n > scale ? 0 : scale + 1 - n; /* a digit stands before the point */
    char *at = text;
    if (negative) {
        *at++ = '-';
    }
    for (size_t i = 0; i < zeros + n; i++) {
        if (i == zeros + n - scale) {
            *at++ = '.';
        }
        *at++ = i < zeros ? '0' : first[i - zeros];
    }
    *at = '\0';
    *len = (size_t)(at - text);
    rdb__free(digits);
    return text;
}

char *rdb__decimal_sum_text(rdb_decimal_sum *sum, size_t *len) {
    spill(sum);
    return text_of(sum->large, sum->scale, len);
}

/* quotient = value / divisor, to the nearest integer, ties to the even one. */
static void divide_half_even(mpz_t quotient, const mpz_t value, const mpz_t divisor) {
    mpz_t rest;
    mpz_init(rest);
    mpz_tdiv_qr(quotient, rest, value, divisor);
    mpz_mul_2exp(rest, rest, 1);
    int order = mpz_cmpabs(rest, divisor);
    if (order > 0 || (order == 0 && mpz_odd_p(quotient))) {
        if (mpz_sgn(value) < 0) {
            mpz_sub_ui(quotient, quotient, 1);
        } else {
            mpz_add_ui(quotient, quotient, 1);
        }
    }
    mpz_clear(rest);
}

/* Decimal digits of |value|; 1 for zero. */
static size_t digits_of(const mpz_t value, mpz_t scratch) {
    size_t n = mpz_sizeinbase(value, 10);
    if (n > 1) {
        mpz_ui_pow_ui(scratch, 10, n - 1);
        n -= mpz_cmpabs(value, scratch) < 0;
    }
    return n;
}

/* Decimal places to add to total so that total / divisor has MEAN_DIGITS significant digits: as many as
 * surely make enough, less those that are too many. */
static uint32_t places_for_mean(const mpz_t total, const mpz_t divisor, mpz_t scratch, mpz_t quotient) {
    uint32_t enough = MEAN_DIGITS + (uint32_t)mpz_sizeinbase(divisor, 10);
    mpz_ui_pow_ui(scratch, 10, enough);
    mpz_mul(scratch, scratch, total);
    mpz_tdiv_q(quotient, scratch, divisor);
    size_t digits = digits_of(quotient, scratch);
    size_t excess = digits > MEAN_DIGITS ? digits - MEAN_DIGITS : 0;
    return excess < enough ? enough - (uint32_t)excess : 0;
}

char *rdb__decimal_sum_mean(rdb_decimal_sum *sum, size_t *len) {
    mpz_t value, divisor, mean;
    spill(sum);
    mpz_init(value);
    mpz_init_set_si(divisor, (long)sum->count);
    mpz_init(mean);

    uint32_t extra = places_for_mean(sum->large, divisor, value, mean);
    mpz_ui_pow_ui(value, 10, extra);
    mpz_mul(value, value, sum->large);
    divide_half_even(mean, value, divisor);

    uint32_t scale = sum->scale + extra;
    while (scale > sum->scale && mpz_divisible_ui_p(mean, 10)) {
        mpz_divexact_ui(mean, mean, 10);
        scale--;
    }
    char *text = text_of(mean, scale, len);
    mpz_clear(value);
    mpz_clear(divisor);
    mpz_clear(mean);
    return text;
}

void rdb__decimal_sum_clear(rdb_decimal_sum *sum) {
    if (sum->has_large) {
        mpz_clear(sum->large);
    }
    memset(sum, 0, sizeof *sum);
}
