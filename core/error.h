/* error.h - what can go wrong, as a value.
 *
 * Owns the list of error codes (one X-macro feeds the C enum, the names and the Lua side) and the
 * only functions that classify a code. Leans on libc alone. An rdb_error is plain memory on the
 * caller's stack: it owns nothing, so it survives longjmp and needs no cleanup. */
#ifndef RDB_ERROR_H
#define RDB_ERROR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define RDB_NODISCARD __attribute__((warn_unused_result))
#define RDB_PRINTF(format_index, first_arg) __attribute__((format(printf, format_index, first_arg)))
#define RDB_API __attribute__((visibility("default")))
#else
#define RDB_NODISCARD
#define RDB_PRINTF(format_index, first_arg)
#define RDB_API
#endif

/* X(ENUM, "lua_name"): RDB_E_<ENUM> in C, the string in Lua and in messages. */
#define RDB_ERROR_MAP(X)                                 \
    X(UNIQUE_VIOLATION, "unique_violation")              \
    X(NOT_NULL_VIOLATION, "not_null_violation")          \
    X(FOREIGN_KEY_VIOLATION, "foreign_key_violation")    \
    X(CHECK_VIOLATION, "check_violation")                \
    X(EXCLUSION_VIOLATION, "exclusion_violation")        \
    X(SYNTAX_ERROR, "syntax_error")                      \
    X(UNDEFINED_TABLE, "undefined_table")                \
    X(UNDEFINED_COLUMN, "undefined_column")              \
    X(SERIALIZATION_FAILURE, "serialization_failure")    \
    X(DEADLOCK, "deadlock")                              \
    X(LOCK_TIMEOUT, "lock_timeout")                      \
    X(STATEMENT_TIMEOUT, "statement_timeout")            \
    X(CANCELLED, "cancelled")                            \
    X(CONNECTION_FAILED, "connection_failed")            \
    X(CONNECTION_LOST, "connection_lost")                \
    X(COMMIT_UNKNOWN, "commit_unknown")                  \
    X(READ_ONLY, "read_only")                            \
    X(DATA_TOO_LONG, "data_too_long")                    \
    X(OUT_OF_RANGE, "out_of_range")                      \
    X(INVALID_VALUE, "invalid_value")                    \
    X(UNSUPPORTED, "unsupported")                        \
    X(MISUSE, "misuse")                                  \
    X(NO_MEMORY, "no_memory")                            \
    X(POOL_CLOSED, "pool_closed")                        \
    X(POOL_TIMEOUT, "pool_timeout")                      \
    X(POOL_EXHAUSTED, "pool_exhausted")                  \
    X(INVALID_CONNECTION, "invalid_connection")          \
    X(POOL_NOT_FOUND, "pool_not_found")                  \
    X(CONFIG, "config")                                  \
    X(DOES_NOT_EXIST, "does_not_exist")                  \
    X(MULTIPLE_OBJECTS_RETURNED, "multiple_objects_returned") \
    X(VALIDATION_ERROR, "validation_error")              \
    X(DATABASE_ERROR, "database_error")

typedef enum rdb_code {
    RDB_OK = 0,
#define RDB_X(name, text) RDB_E_##name,
    RDB_ERROR_MAP(RDB_X)
#undef RDB_X
    RDB_N_CODES
} rdb_code;

typedef struct rdb_error {
    rdb_code code;        /* RDB_OK when nothing failed */
    int native;           /* the database's own number (extended SQLite code, MariaDB errno), or 0 */
    char sqlstate[6];     /* five characters and NUL, or "" */
    char backend[12];     /* "sqlite", "postgres", "mariadb", "fake", or "" */
    char constraint[128]; /* constraint or index name, or "" */
    char table[128];      /* table named by the database, or "" */
    char column[128];     /* column (several joined by ", "), or "" */
    char message[512];    /* for people; never contains a parameter value or a password */
    char hint[256];       /* what would be right, or "" */
} rdb_error;

/* rdb_error_clear - set err to RDB_OK with empty texts. NULL is allowed. Threads any. */
RDB_API void rdb_error_clear(rdb_error *err);

/* rdb_error_set - store a code and a formatted message (cut at the buffer's size, never mid UTF-8
 * character). err may be NULL. Returns code, so that `return rdb_error_set(...)` reads well. */
RDB_API rdb_code rdb_error_set(rdb_error *err, rdb_code code, const char *format, ...) RDB_PRINTF(3, 4);
RDB_API rdb_code rdb_error_vset(rdb_error *err, rdb_code code, const char *format, va_list args);

/* rdb_error_hint - store advice beside the message. err may be NULL. */
RDB_API void rdb_error_hint(rdb_error *err, const char *format, ...) RDB_PRINTF(2, 3);

/* rdb_code_name - the frozen name ("unique_violation"); "ok" for RDB_OK, "unknown" out of range. */
RDB_API const char *rdb_code_name(rdb_code code);

/* rdb_code_retryable - running the whole transaction again may succeed. */
RDB_API bool rdb_code_retryable(rdb_code code);

/* rdb_code_fatal - the connection is unusable after this code and must not go back to a pool. */
RDB_API bool rdb_code_fatal(rdb_code code);

#ifdef __cplusplus
}
#endif
#endif
