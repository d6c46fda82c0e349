/* adhoc.c - core.run and core.script: SQL without a plan. */
#include "hydrate.h"
#include "parameters.h"
#include "run.h"

/* Stack of the protected call. */
enum { ARG_HYDRATION = 1, LIST, COLUMNS, FIRST_KEY };

static void push_row(lua_State *L, const rdb_query *query, rlua_hydration *hydration, int n) {
    lua_createtable(L, 0, n);
    for (int c = 0; c < n; c++) {
        if (query->cells[c].kind == RDB_KIND_NULL) {
            continue;
        }
        lua_pushvalue(L, FIRST_KEY + c);
        hydration->column = c;
        rlua_push_value(L, &query->cells[c]);
        lua_rawset(L, -3);
    }
    lua_rawseti(L, LIST, ++hydration->rows);
}

/* The protected call: rows as tables keyed by column name, with `columns`. Argument 1: the hydration. */
static int hydrate_by_name(lua_State *L) {
    rlua_hydration *hydration = (rlua_hydration *)lua_touserdata(L, ARG_HYDRATION);
    rdb_query *query = hydration->query;
    int n = query->n_columns;
    luaL_checkstack(L, n + LUA_MINSTACK, "too many columns");
    lua_createtable(L, 0, 1);
    lua_createtable(L, n, 0);
    lua_pushvalue(L, COLUMNS);
    lua_setfield(L, LIST, "columns");
    for (int c = 0; c < n; c++) {
        lua_pushstring(L, rdb_query_column_name(query, c));
        lua_pushvalue(L, -1);
        lua_rawseti(L, COLUMNS, c + 1);
    }
    rdb_step step;
    do {
        step = rdb_query_next(query, hydration->err);
        if (step > RDB_STEP_ROW) {
            step = rdb_query_wait(query, step, hydration->err);
        }
        if (step == RDB_STEP_ROW) {
            push_row(L, query, hydration, n);
            if (hydration->rows == RLUA_MANY_ROWS) {
                rlua_collector_hold(L, &hydration->held);
            }
        }
    } while (step == RDB_STEP_ROW);
    hydration->failed = step != RDB_STEP_DONE;
    lua_settop(L, LIST);
    return 1;
}

/* Read target (1) and SQL text (2). */
static void prepare(lua_State *L, rlua_run *run) {
    rlua_check_target(L, 1, &run->target);
    if (lua_type(L, 2) != LUA_TSTRING) {
        rlua_raise_code(L, RDB_E_MISUSE, "the SQL text must be a string, got %s", luaL_typename(L, 2));
    }
    run->sql = lua_tolstring(L, 2, &run->sql_len);
    run->sql_hash = 0;
    run->once = false;
    run->plan_index = 0;
}

int rlua_run_adhoc(lua_State *L) {
    rlua_run run;
    rlua_params params;
    prepare(L, &run);
    lua_settop(L, 3);
    rlua_collector_pay(L, run.target.context);
    rlua_params_read_any(L, &params, 3);
    rlua_hydration hydration = rlua_hydration_of(NULL, &run.query, &run.err);
    lua_pushcfunction(L, hydrate_by_name);
    lua_pushlightuserdata(L, &hydration);
    if (!rlua_run_start(&run, params.values, params.count)) {
        return rlua_run_fail(L, &run);
    }
    int status = lua_pcall(L, 1, 1, 0);
    bool good = status == LUA_OK && !hydration.failed;
    int64_t affected = good ? rdb_query_affected(&run.query) : 0;
    int64_t last_id = good ? rdb_query_last_insert_id(&run.query) : 0;
    rlua_run_end(&run, hydration.failed ? run.err.code : RDB_OK);
    rlua_collector_settle(L, run.target.context, hydration.held);
    if (status != LUA_OK) {
        return lua_error(L);
    }
    if (hydration.failed) {
        return rlua_run_fail(L, &run);
    }
    rlua_run_report(L, &run, hydration.rows > 0 ? hydration.rows : affected);
    lua_pushinteger(L, hydration.rows);
    lua_pushinteger(L, affected);
    lua_pushinteger(L, last_id);
    return 4;
}

/* core.run(target, sql [, params]) -> rows, n, affected, last_insert_id
 * Rows are tables by column name (NULL: absent), values by storage kind; rows.columns lists the names. params: an
 * array, with n when it has holes (nil and rdb.null are NULL).   [-0, +4, v]   blocks */
static int l_run(lua_State *L) {
    return rlua_run_adhoc(L);
}

/* core.script(target, sql) -> affected   one statement without parameters; rows are dropped; not kept prepared
 * [-0, +1, v]   blocks */
static int l_script(lua_State *L) {
    rlua_run run;
    prepare(L, &run);
    run.once = true;
    if (!rlua_run_start(&run, NULL, 0)) {
        return rlua_run_fail(L, &run);
    }
    if (!rlua_run_drain(&run)) {
        rlua_run_end(&run, run.err.code);
        return rlua_run_fail(L, &run);
    }
    int64_t affected = rdb_query_affected(&run.query);
    rlua_run_end(&run, RDB_OK);
    rlua_run_report(L, &run, affected);
    lua_pushinteger(L, affected);
    return 1;
}

void rlua_open_adhoc(lua_State *L) {
    static const luaL_Reg functions[] = {{"run", l_run}, {"script", l_script}, {NULL, NULL}};
    rlua_context_functions(L, functions);
}
