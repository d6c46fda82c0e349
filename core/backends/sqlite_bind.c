/* sqlite_bind.c - parameters, each in the form in which SQLite keeps its kind.
 *
 * SQLITE_STATIC throughout: parameters are borrowed until the statement is reset, formatted ones live in the
 * statement's own room, and every execution binds all of them anew. */
#include <math.h>
#include <string.h>

#include "../alloc.h"
#include "../calendar.h"
#include "../uuid_text.h"
#include "sqlite_backend.h"

_Static_assert(sizeof((struct rdb_backend_stmt *)0)->texts[0] >= RDB_UUID_TEXT, "room for the longest text");

static rdb_code refuse(rdb_error *err, rdb_code code, int index, const char *why) {
    return rdb_error_set(err, code, "parameter %d: %s", index, why);
}

/* A pointer that is not NULL: SQLite would bind NULL for an empty text without one. */
static const char *bytes_of(const rdb_value *value) {
    return value->as.text != NULL ? value->as.text : "";
}

static int bind_text(rdb_backend_stmt *stmt, int index, const char *text, size_t len) {
    return sqlite3_bind_text64(stmt->handle, index, text, len, SQLITE_STATIC, SQLITE_UTF8);
}

/* Kinds that are written into the statement's room. */
static rdb_code bind_formatted(rdb_backend_stmt *stmt, int index, const rdb_value *value, int *result, rdb_error *err) {
    if (stmt->texts == NULL) {
        stmt->texts = rdb__malloc((size_t)stmt->n_params * sizeof *stmt->texts);
        if (stmt->texts == NULL) {
            return rdb_error_set(err, RDB_E_NO_MEMORY, "no memory to bind parameters");
        }
    }
    char *text = stmt->texts[index - 1];
    size_t len;
    switch (value->kind) {
    case RDB_KIND_DATE:
        len = rdb__date_format(value->as.integer, text);
        break;
    case RDB_KIND_TIME:
        len = rdb__time_format(value->as.integer, text);
        break;
    case RDB_KIND_TIMESTAMP:
        len = rdb__timestamp_format(value->as.integer, ' ', false, text);
        break;
    default: { /* UUID */
        const unsigned char *bytes = (const unsigned char *)value->as.text;
        if (bytes == NULL || value->more.len != RDB_UUID_BYTES) {
            return refuse(err, RDB_E_INVALID_VALUE, index, "a uuid has 16 bytes");
        }
        rdb__uuid_format(bytes, text);
        len = RDB_UUID_TEXT - 1;
    }
    }
    if (len == 0) {
        return refuse(err, RDB_E_OUT_OF_RANGE, index, "the moment is out of range (years 1 to 9999)");
    }
    *result = bind_text(stmt, index, text, len);
    return RDB_OK;
}

static rdb_code interval_us(const rdb_value *value, int index, int64_t *out, rdb_error *err) {
    int64_t days_us = value->more.interval.days * RDB_DAY_US; /* 32-bit days fit */
    if (value->more.interval.months != 0) {
        refuse(err, RDB_E_INVALID_VALUE, index, "SQLite keeps durations in microseconds, months have no fixed length");
        rdb_error_hint(err, "use days instead of months or years");
        return RDB_E_INVALID_VALUE;
    }
    if (__builtin_add_overflow(value->as.integer, days_us, out)) {
        return refuse(err, RDB_E_OUT_OF_RANGE, index, "the duration does not fit 64-bit microseconds");
    }
    return RDB_OK;
}

static rdb_code bind_one(rdb_backend_stmt *stmt, int index, const rdb_value *value, int *result, rdb_error *err) {
    int64_t integer;
    rdb_code code;
    switch ((rdb_kind)value->kind) {
    case RDB_KIND_NULL:
        *result = sqlite3_bind_null(stmt->handle, index);
        return RDB_OK;
    case RDB_KIND_BOOL:
        *result = sqlite3_bind_int(stmt->handle, index, value->as.boolean);
        return RDB_OK;
    case RDB_KIND_INT64:
        *result = sqlite3_bind_int64(stmt->handle, index, value->as.integer);
        return RDB_OK;
    case RDB_KIND_DOUBLE:
        if (!isfinite(value->as.number)) { /* SQLite would keep NaN as NULL */
            return refuse(err, RDB_E_INVALID_VALUE, index, "SQLite cannot keep NaN or an infinity");
        }
        *result = sqlite3_bind_double(stmt->handle, index, value->as.number);
        return RDB_OK;
    case RDB_KIND_TEXT:
    case RDB_KIND_DECIMAL:
    case RDB_KIND_JSON:
    case RDB_KIND_ARRAY:
        *result = bind_text(stmt, index, bytes_of(value), value->more.len);
        return RDB_OK;
    case RDB_KIND_BYTES:
        *result = sqlite3_bind_blob64(stmt->handle, index, bytes_of(value), value->more.len, SQLITE_STATIC);
        return RDB_OK;
    case RDB_KIND_DATE:
    case RDB_KIND_TIME:
    case RDB_KIND_TIMESTAMP:
    case RDB_KIND_UUID:
        return bind_formatted(stmt, index, value, result, err);
    case RDB_KIND_INTERVAL:
        code = interval_us(value, index, &integer, err);
        if (code == RDB_OK) {
            *result = sqlite3_bind_int64(stmt->handle, index, integer);
        }
        return code;
    default:
        return refuse(err, RDB_E_MISUSE, index, "it has no kind");
    }
}

rdb_code rdb__sqlite_bind(rdb_backend_conn *conn, rdb_backend_stmt *stmt, const rdb_value *params, size_t n_params,
                          rdb_error *err) {
    if (n_params != (size_t)stmt->n_params) {
        return rdb_error_set(err, RDB_E_MISUSE, "the statement takes %d parameter%s, %zu %s given", stmt->n_params,
                             stmt->n_params == 1 ? "" : "s", n_params, n_params == 1 ? "was" : "were");
    }
    for (int i = 0; i < stmt->n_params; i++) {
        int result = SQLITE_OK;
        rdb_code code = bind_one(stmt, i + 1, &params[i], &result, err);
        if (code != RDB_OK) {
            return code;
        }
        if (result != SQLITE_OK) {
            return rdb__sqlite_fail(conn, result, err);
        }
    }
    return RDB_OK;
}
