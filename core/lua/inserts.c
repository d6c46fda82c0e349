/* inserts.c - core.insert and core.insert_many: rows from instances, keys and snapshots back into them.
 *
 * The generated key and the snapshot are set only after the database has said yes, for a slice after all of it. */
#include "insertion.h"
#include "run.h"

/* core.insert(target, plan, instance) -> true | false
 * INSERT from the fields plan.insert names; fills the key plan.insert.pk when it was nil and takes the snapshot
 * (plan.columns); rdb.null in a field becomes nil (but JSON null stays). false: a field holds an expression, nothing
 * was done. A bad field raises with `field`.
 * [-0, +1, v]   blocks */
static int l_insert(lua_State *L) {
    rlua_run run;
    rlua_insertion insert;
    rlua_plan *plan = rlua_check_plan(L, 2);
    rlua_run_prepare(L, &run, 1, 2, plan);
    luaL_checktype(L, 3, LUA_TTABLE);
    lua_settop(L, 3);
    rlua_insertion_enter(L, &insert, plan, 2);
    switch (rlua_insertion_read(L, &insert, 3)) {
    case RLUA_READ_EXPRESSION:
        lua_pushboolean(L, 0);
        return 1;
    case RLUA_READ_FAILED:
        return rlua_insertion_raise(L, &insert, 2, 0);
    case RLUA_READ_GOOD:
        break;
    }
    bool fill = rlua_insertion_wants_pk(L, &insert, 3);
    if (!rlua_run_start(&run, insert.params.values, insert.params.count)) {
        return rlua_run_fail(L, &run);
    }
    if (!rlua_run_drain(&run)) {
        rlua_run_end(&run, run.err.code);
        return rlua_run_fail(L, &run);
    }
    rdb_value pk = fill ? rdb_value_int64(rdb_query_last_insert_id(&run.query)) : rdb_value_null();
    rlua_run_end(&run, RDB_OK);
    rlua_insertion_set_pk(L, &insert, 3, &pk);
    if (insert.nulls) {
        rlua_insertion_clear_nulls(L, &insert, 3);
    }
    if (plan->n_columns > 0) {
        lua_pushnil(L);
        rlua_packer packer = {.slot = lua_gettop(L)};
        rlua_column_sources sources;
        rlua_insertion_sources(L, &insert, &pk, &sources);
        uint32_t row = rlua_insertion_pack(L, &insert, &sources, &packer, 3, &pk, 2);
        rlua_insertion_attach(L, 3, packer.slot, row);
    }
    rlua_run_report(L, &run, 1);
    lua_pushboolean(L, 1);
    return 1;
}

/* What is known of an inserted instance until all are done. */
typedef struct inserted {
    int64_t pk;
    uint32_t row;   /* in its block */
    uint32_t block; /* in the list of blocks; 0: no snapshot */
    bool fill;      /* pk was generated */
    bool nulls;     /* has sentinels that meant SQL NULL */
} inserted;

/* Stack of the protected call, then the keys. */
enum { ARG_BATCH = 1, ARG_PLAN, ARG_INSTANCES, BLOCKS, DONE_ROWS, BLOCK };

typedef struct bulk_insert {
    rlua_plan *plan;
    rlua_run *run;
    rlua_insertion insert;
    lua_Integer first;
    lua_Integer last;
    lua_Integer position; /* of the instance at hand, [out] of the one that stopped the batch */
    inserted *rows;       /* on the stack of the protected call */
    rdb_value pk;         /* of the instance at hand; NULL when not generated */
    rlua_column_sources sources;
    rlua_packer packer;
    uint32_t n_blocks;
    bool started;    /* the statement has run: rdb_query_again() */
    bool failed;     /* [out] the database failed: run->err */
    bool expression; /* [out] the instance at position has one */
} bulk_insert;

static bool execute(bulk_insert *batch) {
    rlua_run *run = batch->run;
    const rlua_params *params = &batch->insert.params;
    if (!batch->started) {
        batch->started = rlua_run_start(run, params->values, params->count);
        return batch->started && rlua_run_drain(run);
    }
    rdb_step step = rdb_query_again(&run->query, params->values, (size_t)params->count, &run->err);
    if (step > RDB_STEP_ROW) {
        step = rdb_query_wait(&run->query, step, &run->err);
    }
    return step == RDB_STEP_DONE && rlua_run_drain(run);
}

/* Insert the instance at the top. False: stop. */
static bool insert_next(lua_State *L, bulk_insert *batch, inserted *row) {
    int instance = lua_gettop(L);
    switch (rlua_insertion_read(L, &batch->insert, instance)) {
    case RLUA_READ_EXPRESSION:
        batch->expression = true;
        return false;
    case RLUA_READ_FAILED:
        rlua_insertion_raise(L, &batch->insert, ARG_PLAN, batch->position);
        return false;
    case RLUA_READ_GOOD:
        break;
    }
    row->fill = rlua_insertion_wants_pk(L, &batch->insert, instance);
    row->nulls = batch->insert.nulls;
    if (!execute(batch)) {
        batch->failed = true;
        return false;
    }
    batch->pk = rdb_value_null();
    if (row->fill) {
        row->pk = rdb_query_last_insert_id(&batch->run->query);
        batch->pk = rdb_value_int64(row->pk);
    }
    if (batch->plan->n_columns > 0) {
        const rlua_snapshot *before = batch->packer.block;
        row->row =
            rlua_insertion_pack(L, &batch->insert, &batch->sources, &batch->packer, instance, &batch->pk, ARG_PLAN);
        if (batch->packer.block != before) {
            lua_pushvalue(L, BLOCK);
            lua_rawseti(L, BLOCKS, ++batch->n_blocks);
        }
        row->block = batch->n_blocks;
    }
    return true;
}

/* All are in the database: set keys and snapshots of the n first. */
static void settle_all(lua_State *L, const bulk_insert *batch, lua_Integer n) {
    uint32_t current = 0;
    for (lua_Integer i = 0; i < n; i++) {
        const inserted *row = &batch->rows[i];
        lua_rawgeti(L, ARG_INSTANCES, batch->first + i);
        int instance = lua_gettop(L);
        rdb_value pk = row->fill ? rdb_value_int64(row->pk) : rdb_value_null();
        rlua_insertion_set_pk(L, &batch->insert, instance, &pk);
        if (row->nulls) {
            rlua_insertion_clear_nulls(L, &batch->insert, instance);
        }
        if (row->block != current) {
            current = row->block;
            lua_rawgeti(L, BLOCKS, current);
            lua_replace(L, BLOCK);
        }
        if (current != 0) {
            rlua_insertion_attach(L, instance, BLOCK, row->row);
        }
        lua_pop(L, 1);
    }
}

/* The protected call. Arguments: batch, plan, instances. */
static int insert_batch(lua_State *L) {
    bulk_insert *batch = lua_touserdata(L, ARG_BATCH);
    lua_Integer count = batch->last - batch->first + 1;
    lua_newtable(L);
    batch->rows = (inserted *)lua_newuserdatauv(L, sizeof(inserted) * (size_t)count, 0);
    lua_pushnil(L);
    batch->packer = (rlua_packer){.slot = BLOCK, .next_capacity = 4096};
    rlua_insertion_enter(L, &batch->insert, batch->plan, ARG_PLAN);
    rlua_insertion_sources(L, &batch->insert, &batch->pk, &batch->sources);
    int top = lua_gettop(L);
    lua_Integer i = 0;
    for (; i < count; i++) {
        batch->position = batch->first + i;
        if (lua_rawgeti(L, ARG_INSTANCES, batch->position) != LUA_TTABLE) {
            rlua_raise_code(L, RDB_E_MISUSE, "instance %d is not a table", (int)batch->position);
        }
        batch->rows[i] = (inserted){0};
        if (!insert_next(L, batch, &batch->rows[i])) {
            break;
        }
        lua_settop(L, top);
    }
    lua_settop(L, top);
    if (!batch->failed) {
        settle_all(L, batch, i);
    }
    return 0;
}

/* Set `index` in the error table on top. */
static void set_index(lua_State *L, lua_Integer position) {
    if (lua_istable(L, -1)) {
        lua_pushinteger(L, position);
        lua_setfield(L, -2, "index");
    }
}

/* core.insert_many(target, plan, instances, first, last) -> true | false, position
 * The same for instances[first .. last] with one prepared statement; the caller owns the transaction. false: the
 * instance at position holds an expression; those before it are inserted. An error has `index`, and no instance was
 * changed.
 * [-0, +(1|2), v]   blocks */
static int l_insert_many(lua_State *L) {
    rlua_run run;
    bulk_insert batch = {.plan = rlua_check_plan(L, 2), .run = &run};
    rlua_run_prepare(L, &run, 1, 2, batch.plan);
    luaL_checktype(L, 3, LUA_TTABLE);
    batch.first = luaL_optinteger(L, 4, 1);
    batch.last = luaL_optinteger(L, 5, (lua_Integer)lua_rawlen(L, 3));
    lua_settop(L, 3);
    if (batch.last < batch.first) {
        lua_pushboolean(L, 1);
        return 1;
    }
    if (batch.last - batch.first >= INT32_MAX) {
        return rlua_raise_code(L, RDB_E_MISUSE, "core.insert_many: too many instances in one call");
    }
    lua_pushcfunction(L, insert_batch);
    lua_pushlightuserdata(L, &batch);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 3);
    run.started_ns = 0;
    int status = lua_pcall(L, 3, 0, 0);
    if (batch.started) {
        rlua_run_end(&run, batch.failed ? run.err.code : RDB_OK);
    }
    if (status != LUA_OK) {
        set_index(L, batch.position);
        return lua_error(L);
    }
    if (batch.failed) {
        rlua_run_report_failed(L, &run);
        rlua_push_error(L, &run.err, run.sql);
        set_index(L, batch.position);
        return lua_error(L);
    }
    lua_Integer inserted_rows = batch.expression ? batch.position - batch.first : batch.last - batch.first + 1;
    rlua_run_report(L, &run, inserted_rows);
    lua_pushboolean(L, !batch.expression);
    if (!batch.expression) {
        return 1;
    }
    lua_pushinteger(L, batch.position);
    return 2;
}

void rlua_open_inserts(lua_State *L) {
    static const luaL_Reg functions[] = {{"insert", l_insert}, {"insert_many", l_insert_many}, {NULL, NULL}};
    rlua_context_functions(L, functions);
}
