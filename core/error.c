/* error.c - filling rdb_error values and classifying codes. Nothing is allocated; any thread. */
#include "error.h"

#include <stdio.h>
#include <string.h>

/* Length to which text (len bytes that fit a cut buffer) must shrink so that it ends on a whole UTF-8 character. */
static size_t whole_characters(const char *text, size_t len) {
    size_t start = len;
    while (start > 0 && len - start < 4) {
        unsigned char byte = (unsigned char)text[start - 1];
        if ((byte & 0xC0u) != 0x80u) {
            size_t want = byte < 0x80u ? 1 : byte >= 0xF0u ? 4 : byte >= 0xE0u ? 3 : byte >= 0xC0u ? 2 : 1;
            return len - (start - 1) >= want ? len : start - 1;
        }
        start--;
    }
    return len;
}

static void format_into(char *out, size_t room, const char *format, va_list args) RDB_PRINTF(3, 0);
static void format_into(char *out, size_t room, const char *format, va_list args) {
    int wanted = vsnprintf(out, room, format, args);
    if (wanted < 0) {
        out[0] = '\0';
    } else if ((size_t)wanted >= room) {
        out[whole_characters(out, room - 1)] = '\0';
    }
}

void rdb_error_clear(rdb_error *err) {
    if (err != NULL) {
        err->code = RDB_OK;
        err->native = 0;
        err->sqlstate[0] = err->backend[0] = '\0';
        err->constraint[0] = err->table[0] = err->column[0] = '\0';
        err->message[0] = err->hint[0] = '\0';
    }
}

rdb_code rdb_error_vset(rdb_error *err, rdb_code code, const char *format, va_list args) {
    if (err != NULL) {
        rdb_error_clear(err);
        err->code = code;
        format_into(err->message, sizeof err->message, format, args);
    }
    return code;
}

rdb_code rdb_error_set(rdb_error *err, rdb_code code, const char *format, ...) {
    va_list args;
    va_start(args, format);
    rdb_error_vset(err, code, format, args);
    va_end(args);
    return code;
}

void rdb_error_hint(rdb_error *err, const char *format, ...) {
    if (err != NULL) {
        va_list args;
        va_start(args, format);
        format_into(err->hint, sizeof err->hint, format, args);
        va_end(args);
    }
}

const char *rdb_code_name(rdb_code code) {
    static const char *const names[RDB_N_CODES] = {[RDB_OK] = "ok",
#define RDB_X(name, text) [RDB_E_##name] = text,
                                                   RDB_ERROR_MAP(RDB_X)
#undef RDB_X
    };
    return (unsigned)code < RDB_N_CODES ? names[code] : "unknown";
}

bool rdb_code_retryable(rdb_code code) {
    switch (code) {
    case RDB_E_SERIALIZATION_FAILURE:
    case RDB_E_DEADLOCK:
    case RDB_E_LOCK_TIMEOUT:
        return true;
    default:
        return false;
    }
}

bool rdb_code_fatal(rdb_code code) {
    switch (code) {
    case RDB_E_CONNECTION_FAILED:
    case RDB_E_CONNECTION_LOST:
    case RDB_E_COMMIT_UNKNOWN:
    case RDB_E_INVALID_CONNECTION:
        return true;
    default:
        return false;
    }
}
