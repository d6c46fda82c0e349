/* fake_script.h - scripts as the fake backend sees them; for core/backends/fake*.c only. */
#ifndef RDB_FAKE_SCRIPT_H
#define RDB_FAKE_SCRIPT_H

#include "fake.h"

/* An answer in use: the script, a waiting connection and a running statement may all hold it. */
typedef struct rdb_fake_reply {
    rdb_fake_answer answer; /* its pointers lead into this block */
    int refs;               /* guarded by the script's lock */
    int after;              /* left */
    int times;              /* left */
    struct rdb_fake_reply *next;
} rdb_fake_reply;

rdb_fake *rdb__fake_ref(rdb_fake *fake);
/* rdb__fake_take - count an operation and find its answer.
 *   sql  NULL for operations without one
 *   out  [out, own] NULL when none fits; rdb__fake_drop()
 * Returns RDB_OK, RDB_E_DATABASE_ERROR for an unscripted statement of a strict script, RDB_E_NO_MEMORY. */
RDB_NODISCARD rdb_code rdb__fake_take(rdb_fake *fake, rdb_fake_op op, const char *sql, rdb_fake_reply **out,
                                      rdb_error *err);
void rdb__fake_drop(rdb_fake *fake, rdb_fake_reply *reply); /* NULL allowed */
void rdb__fake_count_open(rdb_fake *fake, long by);
void rdb__fake_count_cancel(rdb_fake *fake);

#endif
