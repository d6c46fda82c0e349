/* inserts.c - core.insert and core.insert_many: rows from instances, keys and snapshots back into them.
 *
 * The generated key and the snapshot are set only after the database has said yes, for a slice after all of it. */
#include "batch.h"

/* core.insert(target, plan, instance) -> true | false
 * INSERT from the fields plan.insert names; fills the key plan.insert.pk when it was nil and takes the snapshot
 * (plan.columns); rdb.null in a field becomes nil (but JSON null stays). false: a field holds an expression, nothing
 * was done. A bad field raises with `model` and `field`.
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
    case RLUA_READ_OTHER:
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

/* -- core.insert_many --------------------------------------------------------------------------------------------- */

typedef struct bulk_insert {
    rlua_batch batch; /* first */
    rdb_value pk;     /* of the instance at hand; NULL when not generated */
    rlua_column_sources sources;
} bulk_insert;

static void enter(lua_State *L, rlua_batch *batch) {
    bulk_insert *bulk = (bulk_insert *)batch;
    rlua_insertion_sources(L, &batch->insert, &bulk->pk, &bulk->sources);
}

/* A plan that binds the key wants instances that have one, a plan that generates it those that have none. */
static rlua_read_result read_fields(lua_State *L, rlua_batch *batch, int instance) {
    bool wants = rlua_insertion_wants_pk(L, &batch->insert, instance);
    if (!lua_isnil(L, batch->insert.pk) && wants == (batch->plan->pk_insert >= 0)) {
        return RLUA_READ_OTHER;
    }
    batch->fill = wants;
    return rlua_insertion_read(L, &batch->insert, instance);
}

static void keep(lua_State *L, rlua_batch *batch, int instance) {
    bulk_insert *bulk = (bulk_insert *)batch;
    batch->affected++;
    bulk->pk = rdb_value_null();
    if (batch->fill) {
        bulk->pk = rdb_value_int64(batch->pk);
    }
    if (batch->plan->n_columns > 0) {
        batch->row = rlua_insertion_pack(L, &batch->insert, &bulk->sources, &batch->packer, instance, &bulk->pk,
                                         RLUA_BATCH_PLAN);
    }
}

/* core.insert_many(target, plan, instances, first, last) -> written, states | nil
 * The same for instances[first .. last] with one prepared statement; the caller owns the transaction. It stops before
 * an item that this plan cannot write: no table with the plan's metatable, an instance that holds an expression, has a
 * key that the plan generates, or lacks one that it binds. states: what the written ones were before (rlua_batch_run),
 * nil when all were unsaved. An error has `index`, and no instance was changed.
 * [-0, +2, v]   blocks */
static int l_insert_many(lua_State *L) {
    static const rlua_batch_verbs verbs = {enter, read_fields, keep};
    bulk_insert bulk;
    rlua_batch_run(L, &bulk.batch, &verbs);
    return 2;
}

void rlua_open_inserts(lua_State *L) {
    static const luaL_Reg functions[] = {{"insert", l_insert}, {"insert_many", l_insert_many}, {NULL, NULL}};
    rlua_context_functions(L, functions);
    rlua_open_updates(L);
}
