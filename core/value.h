/* value.h - one cell or one parameter, whatever the database.
 *
 * A tagged value that owns nothing: text and bytes are borrowed. Cells are valid until the next
 * fetch on the same statement; parameters are borrowed for the call that binds them. */
#ifndef RDB_VALUE_H
#define RDB_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(ENUM, "name"): the names are what field types and query plans use for a column's kind. */
#define RDB_KIND_MAP(X)       \
    X(NULL, "null")           \
    X(BOOL, "bool")           \
    X(INT64, "int64")         \
    X(DOUBLE, "double")       \
    X(DECIMAL, "decimal")     \
    X(TEXT, "text")           \
    X(BYTES, "bytes")         \
    X(DATE, "date")           \
    X(TIME, "time")           \
    X(TIMESTAMP, "timestamp") \
    X(INTERVAL, "interval")   \
    X(UUID, "uuid")           \
    X(JSON, "json")           \
    X(ARRAY, "array")         \
    X(ANY, "any")

typedef enum rdb_kind {
#define RDB_X(name, text) RDB_KIND_##name,
    RDB_KIND_MAP(RDB_X)
#undef RDB_X
    RDB_N_KINDS
} rdb_kind;

typedef struct rdb_value {
    uint8_t kind; /* rdb_kind; never RDB_KIND_ANY in a value */
    bool utc;     /* TIMESTAMP: the instant is known to be UTC (false: no time zone) */
    union {
        bool boolean;
        int64_t integer; /* INT64; DATE days since 1970-01-01; TIME us since midnight;
                            TIMESTAMP us since 1970-01-01 00:00 UTC; INTERVAL us */
        double number;
        const char *text; /* TEXT, BYTES, DECIMAL (canonical ASCII), JSON, ARRAY (JSON text): not
                             NUL-terminated; UUID: 16 raw bytes */
    } as;
    union {
        size_t len; /* bytes behind as.text (16 for UUID) */
        struct {
            int32_t months; /* INTERVAL */
            int32_t days;   /* INTERVAL */
        } interval;
    } more;
} rdb_value;

static inline rdb_value rdb_value_null(void) {
    return (rdb_value){.kind = RDB_KIND_NULL};
}
static inline rdb_value rdb_value_bool(bool boolean) {
    return (rdb_value){.kind = RDB_KIND_BOOL, .as.boolean = boolean};
}
static inline rdb_value rdb_value_int64(int64_t integer) {
    return (rdb_value){.kind = RDB_KIND_INT64, .as.integer = integer};
}
static inline rdb_value rdb_value_double(double number) {
    return (rdb_value){.kind = RDB_KIND_DOUBLE, .as.number = number};
}
/* text: borrowed, len bytes, may contain NUL. */
static inline rdb_value rdb_value_text(const char *text, size_t len) {
    return (rdb_value){.kind = RDB_KIND_TEXT, .as.text = text, .more.len = len};
}
static inline rdb_value rdb_value_bytes(const void *bytes, size_t len) {
    return (rdb_value){.kind = RDB_KIND_BYTES, .as.text = (const char *)bytes, .more.len = len};
}

/* rdb_kind_name - "int64" and so on; "unknown" out of range. */
RDB_API const char *rdb_kind_name(rdb_kind kind);
/* rdb_kind_from_name - the kind called name, or -1. */
RDB_API int rdb_kind_from_name(const char *name);

/* Room that rdb_value_coerce() may need for a converted text (decimal from int64 or double, uuid). */
#define RDB_COERCE_BUFFER 64

/* rdb_value_coerce - read a cell as the kind that a column declares: SQLite keeps dates as text,
 * booleans as integers, decimals as text or numbers, uuids as text or 16 bytes.
 *   value   [in, out] changed in place; NULL stays NULL; a value that already has the kind, stays
 *   want    RDB_KIND_ANY changes nothing
 *   buffer  RDB_COERCE_BUFFER bytes that must live as long as value
 * Returns RDB_OK, or RDB_E_INVALID_VALUE / RDB_E_OUT_OF_RANGE when the value does not fit exactly
 * (never a changed value). Threads any. */
RDB_API RDB_NODISCARD rdb_code rdb_value_coerce(rdb_value *value, rdb_kind want, char *buffer, rdb_error *err);

#ifdef __cplusplus
}
#endif
#endif
