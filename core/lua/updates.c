/* updates.c - core.update, core.update_many and core.delete: rows from instances, found by the key of each. */
#include "batch.h"
#include "renewal.h"

static rlua_read_result read_all(lua_State *L, rlua_insertion *insert, rlua_renewal *renewal, int instance) {
    rlua_read_result result = rlua_insertion_read(L, insert, instance);
    return result == RLUA_READ_GOOD ? rlua_renewal_read_keys(L, renewal, insert, instance) : result;
}

static void check_update(lua_State *L, const rlua_plan *plan) {
    if (plan->n_keys == 0 || plan->n_columns == 0) {
        rlua_raise_code(L, RDB_E_MISUSE, "the plan has no update keys");
    }
}

/* Execute for the parameters read; answers the rows matched. Raises what the database says. */
static int64_t execute(lua_State *L, rlua_run *run, const rlua_insertion *insert) {
    if (!rlua_run_start(run, insert->params.values, insert->params.count)) {
        rlua_run_fail(L, run);
    }
    if (!rlua_run_drain(run)) {
        rlua_run_end(run, run->err.code);
        rlua_run_fail(L, run);
    }
    int64_t affected = rdb_query_affected(&run->query);
    rlua_run_end(run, RDB_OK);
    return affected;
}

/* core.update(target, plan, instance) -> affected | false
 * UPDATE with the fields plan.update names, of the row that its last keys find: by their originals, or by the present
 * values where there are none. When it was there, the columns written count as unchanged (the others keep their
 * originals) and rdb.null in them becomes nil. false: a field holds an expression, or a key is missing; nothing was
 * done. A bad field raises with `model` and `field`.
 * [-0, +1, v]   blocks */
static int l_update(lua_State *L) {
    rlua_run run;
    rlua_insertion insert;
    rlua_renewal renewal;
    const rlua_plan *plan = rlua_check_plan(L, 2);
    rlua_run_prepare(L, &run, 1, 2, plan);
    luaL_checktype(L, 3, LUA_TTABLE);
    check_update(L, plan);
    lua_settop(L, 3);
    rlua_insertion_enter(L, &insert, plan, 2);
    rlua_renewal_enter(L, &renewal, plan, 2);
    switch (read_all(L, &insert, &renewal, 3)) {
    case RLUA_READ_OTHER:
        lua_pushboolean(L, 0);
        return 1;
    case RLUA_READ_FAILED:
        return rlua_insertion_raise(L, &insert, 2, 0);
    case RLUA_READ_GOOD:
        break;
    }
    int64_t affected = execute(L, &run, &insert);
    if (affected > 0) {
        lua_pushnil(L);
        rlua_packer packer = {.slot = lua_gettop(L)};
        uint32_t row = rlua_renewal_pack(L, &renewal, &insert, &packer);
        rlua_insertion_attach(L, 3, packer.slot, row);
        if (insert.nulls) {
            rlua_insertion_clear_nulls(L, &insert, 3);
        }
    }
    rlua_run_report(L, &run, affected);
    lua_pushinteger(L, affected);
    return 1;
}

/* -- core.update_many --------------------------------------------------------------------------------------------- */

typedef struct bulk_update {
    rlua_batch batch; /* first */
    rlua_renewal renewal;
} bulk_update;

static void enter(lua_State *L, rlua_batch *batch) {
    bulk_update *bulk = (bulk_update *)batch;
    check_update(L, batch->plan);
    rlua_renewal_enter(L, &bulk->renewal, batch->plan, RLUA_BATCH_PLAN);
}

static rlua_read_result read_fields(lua_State *L, rlua_batch *batch, int instance) {
    return read_all(L, &batch->insert, &((bulk_update *)batch)->renewal, instance);
}

static void keep(lua_State *L, rlua_batch *batch, int instance) {
    (void)instance;
    int64_t affected = rdb_query_affected(&batch->run.query);
    batch->affected += affected;
    if (affected > 0) {
        batch->row = rlua_renewal_pack(L, &((bulk_update *)batch)->renewal, &batch->insert, &batch->packer);
    }
}

/* core.update_many(target, plan, instances, first, last) -> written, states | nil, affected
 * The same for instances[first .. last] with one prepared statement; the caller owns the transaction. It stops before
 * an item that is no table with the plan's metatable, or for which core.update would answer false. affected: the rows
 * that were there. states: what the written ones were before (rlua_batch_run). An error has `index`, and no instance
 * was changed.
 * [-0, +3, v]   blocks */
static int l_update_many(lua_State *L) {
    static const rlua_batch_verbs verbs = {enter, read_fields, keep};
    bulk_update bulk;
    rlua_batch_run(L, &bulk.batch, &verbs);
    lua_pushinteger(L, bulk.batch.affected);
    return 3;
}

/* -- core.delete -------------------------------------------------------------------------------------------------- */

/* core.delete(target, plan, instance) -> affected | false
 * A statement whose parameters are the fields plan.insert names, the key; the instance counts as unsaved afterwards.
 * false: a key is missing, nothing was done.
 * [-0, +1, v]   blocks */
static int l_delete(lua_State *L) {
    rlua_run run;
    rlua_insertion insert;
    const rlua_plan *plan = rlua_check_plan(L, 2);
    rlua_run_prepare(L, &run, 1, 2, plan);
    luaL_checktype(L, 3, LUA_TTABLE);
    lua_settop(L, 3);
    rlua_insertion_enter(L, &insert, plan, 2);
    rlua_read_result result = rlua_insertion_read(L, &insert, 3);
    if (result == RLUA_READ_FAILED) {
        return rlua_insertion_raise(L, &insert, 2, 0);
    }
    for (int i = 0; i < plan->n_insert && result == RLUA_READ_GOOD; i++) {
        result = insert.params.values[i].kind == RDB_KIND_NULL ? RLUA_READ_OTHER : result;
    }
    if (result == RLUA_READ_OTHER) {
        lua_pushboolean(L, 0);
        return 1;
    }
    int64_t affected = execute(L, &run, &insert);
    lua_pushnil(L);
    lua_rawseti(L, 3, RLUA_SLOT_SNAPSHOT);
    lua_pushnil(L);
    lua_rawseti(L, 3, RLUA_SLOT_ROW);
    rlua_run_report(L, &run, affected);
    lua_pushinteger(L, affected);
    return 1;
}

void rlua_open_updates(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"update", l_update}, {"update_many", l_update_many}, {"delete", l_delete}, {NULL, NULL}};
    rlua_context_functions(L, functions);
}
