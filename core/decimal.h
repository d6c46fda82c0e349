/* decimal.h - exact arithmetic on decimals kept as canonical text (decimal_text.h).
 *
 * A decimal is an integer and a number of decimal places; results keep the places that schoolbook
 * arithmetic gives them ("1.10" + "1" is "2.10"). Leans on GMP; works on the caller's memory, so that a
 * result can be written straight into a userdata. Any thread, nothing blocks. */
#ifndef RDB_DECIMAL_H
#define RDB_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* Significant digits of a quotient that does not end, at least (more when an operand has more). */
#define RDB_DECIMAL_DIVISION_DIGITS 28

typedef enum rdb_decimal_op {
    RDB_DECIMAL_ADD,
    RDB_DECIMAL_SUB,
    RDB_DECIMAL_MUL,
    RDB_DECIMAL_DIV,  /* rounded half to even; an exact quotient keeps no zeros that the operands did not ask for */
    RDB_DECIMAL_IDIV, /* towards minus infinity, as Lua's // */
    RDB_DECIMAL_MOD   /* sign of the divisor, as Lua's % */
} rdb_decimal_op;

typedef enum rdb_rounding { RDB_ROUND_HALF_EVEN, RDB_ROUND_HALF_UP, RDB_ROUND_DOWN } rdb_rounding;

/* rdb__decimal_room - bytes that the result of any operation on texts of these lengths may need, with NUL. */
size_t rdb__decimal_room(size_t a_len, size_t b_len);

/* rdb__decimal_compute - out = a op b.
 *   a, b  canonical texts, borrowed
 *   out   room bytes, at least rdb__decimal_room(); gets the canonical text and a NUL
 *   len   [out] bytes without the NUL
 * Returns RDB_OK, RDB_E_INVALID_VALUE (division by zero), RDB_E_OUT_OF_RANGE (more than RDB_DECIMAL_DIGITS
 * digits), RDB_E_NO_MEMORY. */
RDB_NODISCARD rdb_code rdb__decimal_compute(rdb_decimal_op op, const char *a, size_t a_len, const char *b, size_t b_len,
                                            char *out, size_t room, size_t *len, rdb_error *err);

/* rdb__decimal_quantize - text rounded or extended to exactly places decimal places.
 *   places  0 .. RDB_DECIMAL_DIGITS
 *   out     room bytes, at least rdb__decimal_room(text_len, places) */
RDB_NODISCARD rdb_code rdb__decimal_quantize(const char *text, size_t text_len, uint32_t places, rdb_rounding rounding,
                                             char *out, size_t room, size_t *len, rdb_error *err);

/* rdb__decimal_sign - -1, 0 or 1 of a canonical text. */
int rdb__decimal_sign(const char *text, size_t len);
/* rdb__decimal_to_int64 - the exact integer; false when there is a fraction or it does not fit. */
bool rdb__decimal_to_int64(const char *text, size_t len, int64_t *out);

#endif
