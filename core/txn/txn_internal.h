/* txn_internal.h - what a transaction is made of, for core/txn/ only. */
#ifndef RDB_TXN_INTERNAL_H
#define RDB_TXN_INTERNAL_H

#include "txn.h"

#define RDB_SAVEPOINT_NAME_MAX 60

typedef struct rdb_savepoint {
    char name[RDB_SAVEPOINT_NAME_MAX + 1];
} rdb_savepoint;

struct rdb_txn {
    rdb_conn *conn; /* the lease; NULL after the end */
    rdb_txn_state state;
    bool reset;  /* the connection has to be reset at the end: begin changed its settings */
    bool voided; /* the database rolled everything back by itself: no savepoint is left */
    int64_t deadline_ns;
    rdb_savepoint *savepoints; /* owned; outermost first */
    size_t n_savepoints;
    size_t room;
};

/* rdb__txn_may_run - RDB_OK while ACTIVE, else what is wrong; what names the operation. */
RDB_NODISCARD rdb_code rdb__txn_may_run(const rdb_txn *txn, const char *what, rdb_error *err);
/* rdb__txn_say_voided - the error for a transaction that the database ended by itself. */
rdb_code rdb__txn_say_voided(rdb_error *err);

#endif
