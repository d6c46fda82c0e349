/* fake.h - scripting the fake backend: a database that answers what a test tells it to.
 *
 * URL fake://NAME connects to the script NAME. A script is a list of answers; each operation of any
 * connection of that name takes the first answer that fits it, and what no answer fits succeeds with nothing
 * (no rows, none affected). Transactions are followed by their keywords, so txn_status is true to life.
 * Waits are real: the connection's descriptor becomes readable when the time is up.
 *
 *   rdb_fake *fake;  rdb_fake_open("shop", &fake, &err);
 *   rdb_fake_push(fake, &(rdb_fake_answer){.sql = "COMMIT", .code = RDB_E_CONNECTION_LOST}, &err);
 *   rdb_pool_open("fake://shop", NULL, &pool, &err);
 *
 * URL options: latency and connect_latency (seconds for each statement and connect that no answer fits),
 * strict (an unscripted statement is an error). Every function: threads any, never blocks. */
#ifndef RDB_FAKE_H
#define RDB_FAKE_H

#include "../error.h"
#include "../value.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rdb_fake rdb_fake; /* one script */

#define RDB_FAKE_FOREVER (-1)

typedef enum rdb_fake_op {
    RDB_FAKE_EXECUTE,
    RDB_FAKE_PREPARE,
    RDB_FAKE_FETCH, /* one row, or the end of rows */
    RDB_FAKE_CONNECT,
    RDB_FAKE_PING,
    RDB_FAKE_RESET,
    RDB_FAKE_N_OPS
} rdb_fake_op;

/* What happens besides the answer. A code that is fatal to connections loses it in any case. */
typedef enum rdb_fake_effect {
    RDB_FAKE_NO_EFFECT,
    RDB_FAKE_VOIDS_TXN, /* the transaction is gone: the server rolled back by itself */
    RDB_FAKE_FAILS_TXN, /* the transaction accepts nothing but a rollback */
    RDB_FAKE_LOSES,     /* the connection is dead from now on */
    RDB_FAKE_STALE      /* EXECUTE fails because the statement must be prepared again */
} rdb_fake_effect;

typedef struct rdb_fake_answer {
    rdb_fake_op op;
    const char *sql;     /* fits this text only; NULL: any */
    int after;           /* lets this many operations that fit go by first */
    int times;           /* serves so often; 0 means once, RDB_FAKE_FOREVER always */
    int wait_ms;         /* before the answer; RDB_FAKE_FOREVER: until cancelled */
    bool deaf;           /* a cancel does not help: the link is half open */
    rdb_code code;       /* RDB_OK: success */
    const char *message; /* of the error; NULL: a text that names the operation */
    const char *constraint;
    rdb_fake_effect effect;
    /* the result of EXECUTE */
    int n_columns;
    const char *const *columns; /* n_columns names */
    size_t n_rows;
    const rdb_value *rows; /* n_rows x n_columns, row-major */
    int64_t affected;
    int64_t last_insert_id;
} rdb_fake_answer;

typedef struct rdb_fake_stats {
    long open;                 /* connections now */
    long done[RDB_FAKE_N_OPS]; /* operations started, by rdb_fake_op */
    long cancels;
    long answers; /* not used up */
} rdb_fake_stats;

/* rdb_fake_open - the script called name; made when absent, shared when present.
 *   out  [out, own] NULL on failure; rdb_fake_close()
 * Returns RDB_OK, RDB_E_NO_MEMORY. */
RDB_API RDB_NODISCARD rdb_code rdb_fake_open(const char *name, rdb_fake **out, rdb_error *err);
/* rdb_fake_close - the script is gone when its last user (connections and pools count) closed it. NULL allowed. */
RDB_API void rdb_fake_close(rdb_fake *fake);

/* rdb_fake_push - add an answer behind the others. Everything is copied. Returns RDB_OK, RDB_E_NO_MEMORY. */
RDB_API RDB_NODISCARD rdb_code rdb_fake_push(rdb_fake *fake, const rdb_fake_answer *answer, rdb_error *err);
/* rdb_fake_clear - forget the answers and the record. */
RDB_API void rdb_fake_clear(rdb_fake *fake);
/* rdb_fake_strict - a statement that no answer fits is an error (default: it succeeds). */
RDB_API void rdb_fake_strict(rdb_fake *fake, bool strict);

/* rdb_fake_record - keep the texts of executed statements (default: not). */
RDB_API void rdb_fake_record(rdb_fake *fake, bool record);
/* rdb_fake_ran - the text of executed statement i (0-based), NULL past the end; borrowed until clear or close. */
RDB_API const char *rdb_fake_ran(rdb_fake *fake, size_t i);
RDB_API void rdb_fake_get_stats(rdb_fake *fake, rdb_fake_stats *out);

#ifdef __cplusplus
}
#endif
#endif
