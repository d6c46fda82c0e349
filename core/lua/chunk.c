/* chunk.c - executing the statement for many rows. */
#include "chunk.h"

void rlua_chunk_enter(lua_State *L, rlua_chunk *chunk, const rlua_plan *plan) {
    *chunk = (rlua_chunk){.rows = plan->many_rows};
    if (plan->many_rows > 0) {
        luaL_checkstack(L, plan->many_rows * (3 * plan->n_insert + 1) + LUA_MINSTACK, "too many fields");
        size_t count = (size_t)plan->many_rows * (size_t)plan->n_insert;
        chunk->values = (rdb_value *)lua_newuserdatauv(L, count * sizeof(rdb_value), 0);
    }
}

static rdb_step execute(rlua_chunk *chunk, rlua_run *run, const rlua_plan *plan) {
    size_t count = (size_t)chunk->rows * (size_t)plan->n_insert;
    rdb_step step;
    if (chunk->open) {
        step = rdb_query_again(&chunk->query, chunk->values, count, &run->err);
    } else {
        step = rdb_query_start(&chunk->query, run->target.conn, plan->many_sql, plan->many_len, plan->many_hash,
                               chunk->values, count, run->target.deadline_ns, &run->err);
    }
    chunk->open = true;
    if (step > RDB_STEP_ROW) {
        step = rdb_query_wait(&chunk->query, step, &run->err);
    }
    return step == RDB_STEP_DONE ? rdb_query_next(&chunk->query, &run->err) : step;
}

/* Errors that are about one row, and that leave the transaction as it was. */
static bool is_about_a_row(const rlua_run *run, rdb_txn_status before) {
    rdb_code code = run->err.code;
    return (code == RDB_E_UNIQUE_VIOLATION || code == RDB_E_NOT_NULL_VIOLATION || code == RDB_E_CHECK_VIOLATION ||
            code == RDB_E_FOREIGN_KEY_VIOLATION || code == RDB_E_INVALID_VALUE || code == RDB_E_OUT_OF_RANGE) &&
           rdb_conn_txn_status(run->target.conn) == before;
}

rlua_chunk_result rlua_chunk_execute(rlua_chunk *chunk, rlua_run *run, const rlua_plan *plan) {
    rdb_txn_status before = rdb_conn_txn_status(run->target.conn);
    if (execute(chunk, run, plan) == RDB_STEP_DONE) {
        return RLUA_CHUNK_GOOD;
    }
    chunk->open = false; /* after an error the query has given its statement back */
    if (before != RDB_TXN_FAILED && is_about_a_row(run, before)) {
        rdb_error_clear(&run->err);
        return RLUA_CHUNK_ALONE;
    }
    return RLUA_CHUNK_FAILED;
}

void rlua_chunk_end(rlua_chunk *chunk) {
    if (chunk->open) {
        rdb_query_finish(&chunk->query);
        chunk->open = false;
    }
}
