/* value.c - names of kinds, and reading a cell as the kind that its column declares.
 *
 * Each conversion is exact or refused. Messages name kinds, never the value. */
#include "value.h"

#include <math.h>
#include <string.h>

#include "calendar.h"
#include "decimal_text.h"
#include "number_text.h"
#include "uuid_text.h"

static const char *const kind_names[RDB_N_KINDS] = {
#define RDB_X(name, text) [RDB_KIND_##name] = text,
    RDB_KIND_MAP(RDB_X)
#undef RDB_X
};

const char *rdb_kind_name(rdb_kind kind) {
    return (unsigned)kind < RDB_N_KINDS ? kind_names[kind] : "unknown";
}

int rdb_kind_from_name(const char *name) {
    for (int kind = 0; kind < RDB_N_KINDS; kind++) {
        if (strcmp(kind_names[kind], name) == 0) {
            return kind;
        }
    }
    return -1;
}

/* -- one function per wanted kind: change *value and answer RDB_OK, or answer why not ------------------ */

static bool is_text(const rdb_value *value) {
    return value->kind == RDB_KIND_TEXT;
}

static void become_text(rdb_value *value, rdb_kind kind, const char *text, size_t len) {
    *value = (rdb_value){.kind = (uint8_t)kind, .as.text = text, .more.len = len};
}

static rdb_code to_bool(rdb_value *value) {
    bool truth;
    if (value->kind == RDB_KIND_INT64) {
        if (value->as.integer != 0 && value->as.integer != 1) {
            return RDB_E_OUT_OF_RANGE;
        }
        truth = value->as.integer == 1;
    } else if (value->kind == RDB_KIND_DOUBLE && (value->as.number == 0.0 || value->as.number == 1.0)) {
        truth = value->as.number == 1.0;
    } else {
        return RDB_E_INVALID_VALUE;
    }
    *value = rdb_value_bool(truth);
    return RDB_OK;
}

static rdb_code to_int64(rdb_value *value) {
    if (value->kind == RDB_KIND_BOOL) {
        *value = rdb_value_int64(value->as.boolean);
        return RDB_OK;
    }
    if (value->kind == RDB_KIND_DOUBLE) {
        double number = value->as.number;
        if (number != floor(number)) { /* NaN too */
            return RDB_E_INVALID_VALUE;
        }
        if (number < -0x1p63 || number >= 0x1p63) {
            return RDB_E_OUT_OF_RANGE;
        }
        *value = rdb_value_int64((int64_t)number);
        return RDB_OK;
    }
    int64_t integer;
    if (!is_text(value) && value->kind != RDB_KIND_DECIMAL) {
        return RDB_E_INVALID_VALUE;
    }
    rdb_code code = rdb__integer_parse(value->as.text, value->more.len, &integer);
    if (code == RDB_OK) {
        *value = rdb_value_int64(integer);
    }
    return code;
}

static rdb_code to_double(rdb_value *value) {
    if (value->kind != RDB_KIND_INT64) {
        return RDB_E_INVALID_VALUE;
    }
    double number = (double)value->as.integer;
    /* 2^63 is what the largest integers round to, and it has no int64 to compare with. */
    if (number >= 0x1p63 || (int64_t)number != value->as.integer) {
        return RDB_E_OUT_OF_RANGE;
    }
    *value = rdb_value_double(number);
    return RDB_OK;
}

static rdb_code to_decimal(rdb_value *value, char *buffer) {
    ptrdiff_t len;
    switch (value->kind) {
    case RDB_KIND_INT64:
        len = (ptrdiff_t)rdb__integer_format(value->as.integer, buffer);
        break;
    case RDB_KIND_DOUBLE: {
        char shortest[RDB_DOUBLE_TEXT];
        size_t shortest_len = rdb__double_format(value->as.number, shortest);
        len = rdb__decimal_canonical(shortest, shortest_len, buffer, RDB_COERCE_BUFFER);
        break;
    }
    case RDB_KIND_TEXT:
        if (rdb__decimal_is_canonical(value->as.text, value->more.len)) {
            value->kind = RDB_KIND_DECIMAL;
            return RDB_OK;
        }
        len = rdb__decimal_canonical(value->as.text, value->more.len, buffer, RDB_COERCE_BUFFER);
        break;
    default:
        return RDB_E_INVALID_VALUE;
    }
    if (len < 0) {
        return RDB_E_INVALID_VALUE;
    }
    if (len >= RDB_COERCE_BUFFER) {
        return RDB_E_OUT_OF_RANGE;
    }
    become_text(value, RDB_KIND_DECIMAL, buffer, (size_t)len);
    return RDB_OK;
}

/* Also what JSON scalars are read from: json_extract() answers SQL numbers. */
static rdb_code number_to_text(rdb_value *value, rdb_kind kind, char *buffer) {
    size_t len;
    if (value->kind == RDB_KIND_INT64) {
        len = rdb__integer_format(value->as.integer, buffer);
    } else if (value->kind == RDB_KIND_DOUBLE && isfinite(value->as.number)) {
        len = rdb__double_format(value->as.number, buffer);
    } else {
        return RDB_E_INVALID_VALUE;
    }
    become_text(value, kind, buffer, len);
    return RDB_OK;
}

static rdb_code to_text(rdb_value *value, char *buffer) {
    size_t len;
    switch (value->kind) {
    case RDB_KIND_DECIMAL:
    case RDB_KIND_JSON:
    case RDB_KIND_ARRAY:
        value->kind = RDB_KIND_TEXT;
        return RDB_OK;
    case RDB_KIND_DATE:
        len = rdb__date_format(value->as.integer, buffer);
        break;
    case RDB_KIND_TIME:
        len = rdb__time_format(value->as.integer, buffer);
        break;
    case RDB_KIND_TIMESTAMP:
        len = rdb__timestamp_format(value->as.integer, 'T', value->utc, buffer);
        break;
    case RDB_KIND_UUID: {
        char text[RDB_UUID_TEXT]; /* the bytes may already be in buffer */
        rdb__uuid_format((const unsigned char *)value->as.text, text);
        memcpy(buffer, text, sizeof text);
        len = RDB_UUID_TEXT - 1;
        break;
    }
    default:
        return number_to_text(value, RDB_KIND_TEXT, buffer);
    }
    if (len == 0) {
        return RDB_E_OUT_OF_RANGE;
    }
    become_text(value, RDB_KIND_TEXT, buffer, len);
    return RDB_OK;
}

static rdb_code to_bytes(rdb_value *value) {
    if (!is_text(value) && value->kind != RDB_KIND_UUID) {
        return RDB_E_INVALID_VALUE;
    }
    value->kind = RDB_KIND_BYTES;
    return RDB_OK;
}

/* Text of a timestamp, or of a date alone, which SQLite's own functions read as its midnight. */
static bool read_timestamp(const rdb_value *value, int64_t *timestamp_us) {
    bool zoned;
    int64_t days;
    if (rdb__timestamp_parse(value->as.text, value->more.len, timestamp_us, &zoned)) {
        return true;
    }
    if (!rdb__date_parse(value->as.text, value->more.len, &days)) {
        return false;
    }
    *timestamp_us = days * RDB_DAY_US;
    return true;
}

static rdb_code to_date(rdb_value *value) {
    int64_t timestamp_us;
    if (value->kind == RDB_KIND_TIMESTAMP) {
        timestamp_us = value->as.integer;
    } else if (!is_text(value) || !read_timestamp(value, &timestamp_us)) {
        return RDB_E_INVALID_VALUE;
    }
    int64_t days, day_us;
    rdb__timestamp_split(timestamp_us, &days, &day_us);
    if (day_us != 0) {
        return RDB_E_INVALID_VALUE; /* a time of day would be lost */
    }
    *value = (rdb_value){.kind = RDB_KIND_DATE, .as.integer = days};
    return RDB_OK;
}

static rdb_code to_time(rdb_value *value) {
    int64_t day_us;
    if (!is_text(value) || !rdb__time_parse(value->as.text, value->more.len, &day_us)) {
        return RDB_E_INVALID_VALUE;
    }
    *value = (rdb_value){.kind = RDB_KIND_TIME, .as.integer = day_us};
    return RDB_OK;
}

static rdb_code to_timestamp(rdb_value *value) {
    int64_t timestamp_us;
    if (value->kind == RDB_KIND_DATE) {
        timestamp_us = value->as.integer * RDB_DAY_US;
    } else if (!is_text(value) || !read_timestamp(value, &timestamp_us)) {
        return RDB_E_INVALID_VALUE;
    }
    /* Timestamps kept as text are UTC by convention, with or without a Z. */
    *value = (rdb_value){.kind = RDB_KIND_TIMESTAMP, .utc = true, .as.integer = timestamp_us};
    return RDB_OK;
}

static rdb_code to_interval(rdb_value *value) {
    rdb_value interval = {.kind = RDB_KIND_INTERVAL};
    if (value->kind == RDB_KIND_INT64) {
        interval.as.integer = value->as.integer;
    } else if (!is_text(value) || !rdb__interval_parse(value->as.text, value->more.len, &interval.more.interval.months,
                                                       &interval.more.interval.days, &interval.as.integer)) {
        return RDB_E_INVALID_VALUE;
    }
    *value = interval;
    return RDB_OK;
}

static rdb_code to_uuid(rdb_value *value, char *buffer) {
    if (value->kind == RDB_KIND_BYTES && value->more.len == RDB_UUID_BYTES) {
        value->kind = RDB_KIND_UUID;
        return RDB_OK;
    }
    unsigned char bytes[RDB_UUID_BYTES];
    if (!is_text(value) || !rdb__uuid_parse(value->as.text, value->more.len, bytes)) {
        return RDB_E_INVALID_VALUE;
    }
    memcpy(buffer, bytes, sizeof bytes);
    become_text(value, RDB_KIND_UUID, buffer, sizeof bytes);
    return RDB_OK;
}

static rdb_code to_json(rdb_value *value, rdb_kind want, char *buffer) {
    if (is_text(value) || value->kind == RDB_KIND_JSON || value->kind == RDB_KIND_ARRAY) {
        value->kind = (uint8_t)want;
        return RDB_OK;
    }
    if (value->kind == RDB_KIND_BOOL) {
        bool truth = value->as.boolean;
        become_text(value, want, truth ? "true" : "false", truth ? 4 : 5);
        return RDB_OK;
    }
    if (value->kind == RDB_KIND_DECIMAL) {
        value->kind = (uint8_t)want;
        return RDB_OK;
    }
    return number_to_text(value, want, buffer);
}

static rdb_code convert(rdb_value *value, rdb_kind want, char *buffer) {
    switch (want) {
    case RDB_KIND_BOOL:
        return to_bool(value);
    case RDB_KIND_INT64:
        return to_int64(value);
    case RDB_KIND_DOUBLE:
        return to_double(value);
    case RDB_KIND_DECIMAL:
        return to_decimal(value, buffer);
    case RDB_KIND_TEXT:
        return to_text(value, buffer);
    case RDB_KIND_BYTES:
        return to_bytes(value);
    case RDB_KIND_DATE:
        return to_date(value);
    case RDB_KIND_TIME:
        return to_time(value);
    case RDB_KIND_TIMESTAMP:
        return to_timestamp(value);
    case RDB_KIND_INTERVAL:
        return to_interval(value);
    case RDB_KIND_UUID:
        return to_uuid(value, buffer);
    case RDB_KIND_JSON:
    case RDB_KIND_ARRAY:
        return to_json(value, want, buffer);
    default:
        return RDB_E_INVALID_VALUE;
    }
}

/* What a stored value of the kind looks like, for messages; NULL where the name says it all. */
static const char *form_of(rdb_kind kind) {
    switch (kind) {
    case RDB_KIND_BOOL:
        return "0 or 1";
    case RDB_KIND_DATE:
        return "a text YYYY-MM-DD";
    case RDB_KIND_TIME:
        return "a text HH:MM:SS[.ffffff]";
    case RDB_KIND_TIMESTAMP:
        return "a text YYYY-MM-DD HH:MM:SS[.ffffff]";
    case RDB_KIND_INTERVAL:
        return "microseconds or a text like P1DT2H";
    case RDB_KIND_UUID:
        return "36 characters or 16 bytes";
    case RDB_KIND_DECIMAL:
        return "a number or the text of one";
    default:
        return NULL;
    }
}

rdb_code rdb_value_coerce(rdb_value *value, rdb_kind want, char *buffer, rdb_error *err) {
    if (value->kind == want || value->kind == RDB_KIND_NULL || want == RDB_KIND_ANY) {
        return RDB_OK;
    }
    const char *have = rdb_kind_name(value->kind);
    rdb_code code = convert(value, want, buffer);
    if (code != RDB_OK) {
        const char *form = form_of(want);
        rdb_error_set(err, code, "a stored %s value %s %s", have,
                      code == RDB_E_OUT_OF_RANGE ? "is out of range for" : "cannot be read as", rdb_kind_name(want));
        if (form != NULL) {
            rdb_error_hint(err, "%s is kept as %s", rdb_kind_name(want), form);
        }
    }
    return code;
}
