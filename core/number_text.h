/* number_text.h - integers and doubles as text, whatever the process's locale. Any thread. */
#ifndef RDB_NUMBER_TEXT_H
#define RDB_NUMBER_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* Room for the texts, the final NUL included. */
#define RDB_INTEGER_TEXT 24
#define RDB_DOUBLE_TEXT  40

/* rdb__integer_format - decimal digits; answers the length. */
size_t rdb__integer_format(int64_t integer, char out[RDB_INTEGER_TEXT]);
/* rdb__double_format - the shortest text that reads back as the same double, with '.' as the decimal
 * point ("0.1", "1e+300", "5.0"); "nan", "inf", "-inf". */
size_t rdb__double_format(double number, char out[RDB_DOUBLE_TEXT]);
/* rdb__integer_parse - [sign]digits, and a fraction of zeros only. Returns RDB_OK, RDB_E_INVALID_VALUE
 * for another form, RDB_E_OUT_OF_RANGE beyond 64 bits. */
rdb_code rdb__integer_parse(const char *text, size_t len, int64_t *out);

#endif
