/* txn_savepoints.c - savepoints inside a transaction.
 *
 * The stack of names is ours. In the database a savepoint is called by its depth, rdb_savepoint_3: no name
 * of a caller gets into SQL, equal names nest alike on every database (they differ in this), and a few
 * texts serve all, so their statements stay prepared. */
#include <stdio.h>
#include <string.h>

#include "../alloc.h"
#include "../pool/conn_internal.h"
#include "txn_internal.h"

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static rdb_code check_name(const char *name, rdb_error *err) {
    size_t len = name != NULL ? strlen(name) : 0;
    bool good = len > 0 && len <= RDB_SAVEPOINT_NAME_MAX && is_letter(name[0]);
    for (size_t i = 1; good && i < len; i++) {
        good = is_letter(name[i]) || (name[i] >= '0' && name[i] <= '9');
    }
    if (!good) {
        return rdb_error_set(err, RDB_E_MISUSE,
                             "a savepoint's name has 1 to %d letters, digits and _, and does not start with a digit",
                             RDB_SAVEPOINT_NAME_MAX);
    }
    return RDB_OK;
}

/* The depth of the innermost savepoint called name. */
static rdb_code find(const rdb_txn *txn, const char *name, size_t *depth, rdb_error *err) {
    rdb_code code = check_name(name, err);
    if (code != RDB_OK) {
        return code;
    }
    for (size_t i = txn->n_savepoints; i > 0; i--) {
        if (strcmp(txn->savepoints[i - 1].name, name) == 0) {
            *depth = i;
            return RDB_OK;
        }
    }
    return rdb_error_set(err, RDB_E_MISUSE, "no savepoint \"%s\" in this transaction", name);
}

static rdb_code run_at(rdb_txn *txn, const char *verb, size_t depth, rdb_error *err) {
    rdb_error ignored;
    if (err == NULL) {
        err = &ignored;
    }
    char sql[80];
    int len = snprintf(sql, sizeof sql, "%s rdb_savepoint_%zu", verb, depth);
    rdb_code code = rdb__conn_run(txn->conn, sql, (size_t)len, NULL, 0, txn->deadline_ns, NULL, err);
    if (code != RDB_OK) {
        rdb_txn_after_error(txn, code);
    }
    return code;
}

static rdb_code make_room(rdb_txn *txn, rdb_error *err) {
    if (txn->n_savepoints < txn->room) {
        return RDB_OK;
    }
    size_t room = txn->room == 0 ? 4 : txn->room * 2;
    rdb_savepoint *larger = rdb__realloc(txn->savepoints, room * sizeof *larger);
    if (larger == NULL) {
        return rdb_error_set(err, RDB_E_NO_MEMORY, "no memory for a savepoint");
    }
    txn->savepoints = larger;
    txn->room = room;
    return RDB_OK;
}

rdb_code rdb_txn_savepoint(rdb_txn *txn, const char *name, rdb_error *err) {
    rdb_code code = check_name(name, err);
    if (code == RDB_OK) {
        code = rdb__txn_may_run(txn, "set a savepoint", err);
    }
    if (code == RDB_OK) {
        code = make_room(txn, err);
    }
    if (code == RDB_OK) {
        code = run_at(txn, "SAVEPOINT", txn->n_savepoints + 1, err);
    }
    if (code == RDB_OK) {
        strcpy(txn->savepoints[txn->n_savepoints++].name, name);
    }
    return code;
}

rdb_code rdb_txn_rollback_to(rdb_txn *txn, const char *name, rdb_error *err) {
    size_t depth = 0;
    if (txn->conn == NULL || txn->voided) {
        return rdb__txn_may_run(txn, "roll back to a savepoint", err);
    }
    rdb_code code = find(txn, name, &depth, err);
    if (code == RDB_OK) {
        rdb__conn_end_queries(txn->conn);
        code = run_at(txn, "ROLLBACK TO SAVEPOINT", depth, err);
    }
    if (code == RDB_OK) {
        txn->n_savepoints = depth;
        txn->state = RDB_TXN_ACTIVE_STATE;
    }
    return code;
}

rdb_code rdb_txn_release(rdb_txn *txn, const char *name, rdb_error *err) {
    size_t depth = 0;
    rdb_code code = rdb__txn_may_run(txn, "release a savepoint", err);
    if (code == RDB_OK) {
        code = find(txn, name, &depth, err);
    }
    if (code == RDB_OK) {
        code = run_at(txn, "RELEASE SAVEPOINT", depth, err);
    }
    if (code == RDB_OK) {
        txn->n_savepoints = depth - 1;
    }
    return code;
}
