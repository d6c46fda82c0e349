/* statements.c - core.fetch, core.fetch_one, core.execute: one call each from parameters to finished Lua values. */
#include "hydrate.h"
#include "parameters.h"
#include "run.h"

/* After the protected call: end the query, then let the collector run, report or raise. Leaves the call's result on
 * top. [-0, +0, v] */
static void finish_fetch(lua_State *L, rlua_run *run, const rlua_hydration *hydration, int status) {
    rlua_run_end(run, hydration->failed ? run->err.code : RDB_OK);
    rlua_collector_settle(L, run->target.context, hydration->held);
    if (status != LUA_OK) {
        rlua_hydrate_explain(L, hydration, run->plan_index);
        lua_error(L);
    }
    if (hydration->failed) {
        rlua_run_fail(L, run);
    }
    rlua_run_report(L, run, hydration->rows);
}

static void fetch(lua_State *L, lua_CFunction hydrate, rlua_hydration *hydration) {
    rlua_run run;
    rlua_params params;
    rlua_plan *plan = rlua_check_plan(L, 2);
    rlua_run_prepare(L, &run, 1, 2, plan);
    rlua_run_limit(L, &run, 4);
    lua_settop(L, 3);
    rlua_collector_pay(L, run.target.context);
    rlua_params_read(L, &params, plan, 3);
    *hydration = rlua_hydration_of(plan, &run.query, &run.err);
    rlua_hydrate_prepare(L, hydrate, hydration, 2);
    if (!rlua_run_start(&run, params.values, params.count)) {
        rlua_run_fail(L, &run);
    }
    int status = lua_pcall(L, 2, 1, 0);
    finish_fetch(L, &run, hydration, status);
}

/* core.fetch(target, plan, params [, timeout]) -> list, n   all rows, in the plan's shape; timeout in seconds
 * [-0, +2, v]   blocks */
static int l_fetch(lua_State *L) {
    rlua_hydration hydration;
    fetch(L, rlua_hydrate_list, &hydration);
    lua_pushinteger(L, hydration.rows);
    return 2;
}

/* core.fetch_one(target, plan, params [, timeout]) -> row | nil, more   the first row; more: there is another
 * [-0, +2, v]   blocks */
static int l_fetch_one(lua_State *L) {
    rlua_hydration hydration;
    fetch(L, rlua_hydrate_one, &hydration);
    lua_pushboolean(L, !hydration.drained);
    return 2;
}

/* core.execute(target, plan, params [, timeout]) -> affected, last_insert_id   rows are dropped   [-0, +2, v]   blocks
 */
static int l_execute(lua_State *L) {
    rlua_run run;
    rlua_params params;
    const rlua_plan *plan = rlua_check_plan(L, 2);
    rlua_run_prepare(L, &run, 1, 2, plan);
    rlua_run_limit(L, &run, 4);
    lua_settop(L, 3);
    rlua_params_read(L, &params, plan, 3);
    if (!rlua_run_start(&run, params.values, params.count)) {
        return rlua_run_fail(L, &run);
    }
    if (!rlua_run_drain(&run)) {
        rlua_run_end(&run, run.err.code);
        return rlua_run_fail(L, &run);
    }
    int64_t affected = rdb_query_affected(&run.query);
    int64_t last_id = rdb_query_last_insert_id(&run.query);
    rlua_run_end(&run, RDB_OK);
    rlua_run_report(L, &run, affected);
    lua_pushinteger(L, affected);
    lua_pushinteger(L, last_id);
    return 2;
}

void rlua_open_statements(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"fetch", l_fetch}, {"fetch_one", l_fetch_one}, {"execute", l_execute}, {NULL, NULL}};
    rlua_open_plans(L);
    rlua_open_hydration(L);
    rlua_open_run(L);
    rlua_context_functions(L, functions);
    rlua_open_adhoc(L);
    rlua_open_inserts(L);
    rlua_open_cursors(L);
}
