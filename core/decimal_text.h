/* decimal_text.h - exact decimals kept as text: check, canonical form, order, sum and mean.
 *
 * The canonical form is -?(0|[1-9][0-9]*)(\.[0-9]+)?, without a sign on zero. Trailing zeros of the
 * fraction are kept (1.10 has two places) and do not count in comparisons. Leans on GMP for numbers too
 * long for a machine word. Any thread, nothing blocks. */
#ifndef RDB_DECIMAL_TEXT_H
#define RDB_DECIMAL_TEXT_H

#include <gmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* Digits that a decimal may have: bounds what an exponent like 1e999999999 can ask for. */
#define RDB_DECIMAL_DIGITS 100000

/* rdb__decimal_is_canonical - text has the canonical form. */
bool rdb__decimal_is_canonical(const char *text, size_t len);

/* rdb__decimal_canonical - rewrite a decimal (signs, leading zeros, ".5", "5.", exponents) canonically.
 *   out   room bytes, may be NULL when room is 0; a NUL is written when it fits
 * Returns the length of the canonical text, also when it is >= room (nothing is written then: ask
 * again with more), or -1 when text is no decimal or has more than RDB_DECIMAL_DIGITS digits. */
ptrdiff_t rdb__decimal_canonical(const char *text, size_t len, char *out, size_t room);

/* rdb__decimal_compare - <0, 0, >0 as a is less than, equal to, greater than b. A text that is not
 * canonical sorts before all numbers, such texts among themselves by their bytes: a total order. */
int rdb__decimal_compare(const char *a, size_t a_len, const char *b, size_t b_len);

/* A running exact sum. Zero bytes are a valid empty sum; end with rdb__decimal_sum_clear(). */
typedef struct rdb_decimal_sum {
    int64_t small;  /* part of the sum, at scale */
    mpz_t large;    /* the rest, at scale; only when has_large */
    uint32_t scale; /* decimal places of both parts */
    bool has_large; /* large is initialised */
    int64_t count;  /* values added */
} rdb_decimal_sum;

/* rdb__decimal_sum_add - add one decimal in any form that rdb__decimal_canonical() reads.
 * Returns RDB_OK, RDB_E_INVALID_VALUE when it is none, RDB_E_NO_MEMORY; the sum is unchanged then. */
RDB_NODISCARD rdb_code rdb__decimal_sum_add(rdb_decimal_sum *sum, const char *text, size_t len);
/* rdb__decimal_sum_text - the exact sum in canonical form, with the most decimal places of its values.
 * Returns a text of *len bytes for rdb__free(), or NULL without memory. */
char *rdb__decimal_sum_text(rdb_decimal_sum *sum, size_t *len);
/* rdb__decimal_sum_mean - sum / count to 28 significant digits, half to even, without trailing zeros
 * beyond the places of the sum. count must be > 0. Same returns. */
char *rdb__decimal_sum_mean(rdb_decimal_sum *sum, size_t *len);
void rdb__decimal_sum_clear(rdb_decimal_sum *sum);

#endif
