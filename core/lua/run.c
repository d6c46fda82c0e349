/* run.c - one statement from acquire to release, and the on_query hook. */
#include "run.h"

#include "../clock.h"
#include "../log.h"

void rlua_run_prepare(lua_State *L, rlua_run *run, int target_index, int plan_index, const rlua_plan *plan) {
    rlua_check_target(L, target_index, &run->target);
    run->sql = plan->sql;
    run->sql_len = plan->sql_len;
    run->sql_hash = plan->sql_hash;
    run->once = false;
    run->plan_index = plan_index;
}

void rlua_run_limit(lua_State *L, rlua_run *run, int index) {
    if (lua_isnoneornil(L, index)) {
        return;
    }
    lua_Number seconds = luaL_checknumber(L, index);
    luaL_argcheck(L, seconds > 0, index, "must be a positive number of seconds");
    int64_t deadline_ns = rdb__deadline_in(seconds);
    if (deadline_ns < run->target.deadline_ns) {
        run->target.deadline_ns = deadline_ns;
    }
}

bool rlua_run_start(rlua_run *run, const rdb_value *params, int n_params) {
    const rlua_context *context = run->target.context;
    run->started_ns = context->hooked && !context->in_hook ? rdb__clock_ns() : 0;
    run->params = params;
    run->n_params = n_params;
    run->query.stmt = NULL;
    if (rlua_target_acquire(&run->target, &run->err) != RDB_OK) {
        rlua_run_end(run, RDB_OK); /* nothing ran */
        return false;
    }
    rdb_step step = run->once ? rdb_query_start_once(&run->query, run->target.conn, run->sql, run->sql_len, params,
                                                     (size_t)n_params, run->target.deadline_ns, &run->err)
                              : rdb_query_start(&run->query, run->target.conn, run->sql, run->sql_len, run->sql_hash,
                                                params, (size_t)n_params, run->target.deadline_ns, &run->err);
    if (step != RDB_STEP_DONE) {
        step = rdb_query_wait(&run->query, step, &run->err);
    }
    if (step == RDB_STEP_DONE) {
        return true;
    }
    rlua_run_end(run, run->err.code);
    return false;
}

bool rlua_run_drain(rlua_run *run) {
    rdb_step step;
    do {
        step = rdb_query_next(&run->query, &run->err);
        if (step > RDB_STEP_ROW) {
            step = rdb_query_wait(&run->query, step, &run->err);
        }
    } while (step == RDB_STEP_ROW);
    return step == RDB_STEP_DONE;
}

void rlua_run_end(rlua_run *run, rdb_code code) {
    if (run->query.stmt != NULL) {
        rdb_query_finish(&run->query);
    }
    rlua_target_release(&run->target, code);
    if (run->started_ns != 0) {
        run->seconds = (double)(rdb__clock_ns() - run->started_ns) * 1e-9;
    }
}

/* Push the database's name: the plan's, else the pool's. */
static void push_database(lua_State *L, const rlua_run *run) {
    if (run->plan_index != 0) {
        rlua_plan_anchor(L, run->plan_index);
        int type = lua_rawgeti(L, -1, RLUA_ANCHOR_DATABASE);
        lua_remove(L, -2);
        if (type != LUA_TNIL) {
            return;
        }
        lua_pop(L, 1);
    }
    lua_pushstring(L, rdb_pool_name(run->target.pool));
}

/* Push { n =, ... } of the parameters, nil when there is not one set of them. JSON stays text. */
static void push_params(lua_State *L, const rlua_run *run) {
    if (run->params == NULL && run->n_params > 0) {
        lua_pushnil(L);
        return;
    }
    lua_createtable(L, run->n_params, 1);
    for (int i = 0; i < run->n_params; i++) {
        rdb_value value = run->params[i];
        if (value.kind == RDB_KIND_JSON || value.kind == RDB_KIND_ARRAY) {
            value.kind = RDB_KIND_TEXT;
        }
        if (value.kind == RDB_KIND_NULL) {
            rlua_push_null(L);
        } else {
            rlua_push_value(L, &value);
        }
        lua_rawseti(L, -2, i + 1);
    }
    lua_pushinteger(L, run->n_params);
    lua_setfield(L, -2, "n");
}

/* Call the hook; rows < 0 for a statement that failed. Answers lua_pcall's status, an error is on top. */
static int call_hook(lua_State *L, const rlua_run *run, lua_Integer rows) {
    luaL_checkstack(L, 8, NULL);
    lua_getiuservalue(L, lua_upvalueindex(1), 1);
    lua_pushlstring(L, run->sql, run->sql_len);
    lua_pushnumber(L, run->seconds);
    if (rows >= 0) {
        lua_pushinteger(L, rows);
    } else {
        lua_pushnil(L);
    }
    push_database(L, run);
    bool params = run->target.context->hook_params;
    if (params) {
        push_params(L, run);
    }
    run->target.context->in_hook = true;
    int status = lua_pcall(L, params ? 5 : 4, 0, 0);
    run->target.context->in_hook = false;
    return status;
}

void rlua_run_report_hooked(lua_State *L, const rlua_run *run, lua_Integer rows) {
    if (run->target.context->hooked && call_hook(L, run, rows) != LUA_OK) {
        lua_error(L);
    }
}

void rlua_run_report_failed(lua_State *L, const rlua_run *run) {
    if (run->started_ns != 0 && run->target.context->hooked && call_hook(L, run, -1) != LUA_OK) {
        lua_pop(L, 1); /* the statement's own error matters more */
    }
}

int rlua_run_fail(lua_State *L, const rlua_run *run) {
    rlua_run_report_failed(L, run);
    return rlua_raise(L, &run->err, run->sql);
}

/* core.on_query(fn | nil [, with_params])   fn(sql, seconds, rows, database_name) after each statement of this state;
 * rows is nil when the statement failed. with_params: it gets { n =, ... } of their values too, nil for a statement
 * that ran for many rows. Statements that fn runs are not reported. Called with no connection held.   [-0, +0, v] */
static int l_on_query(lua_State *L) {
    if (!lua_isnoneornil(L, 1)) {
        luaL_checktype(L, 1, LUA_TFUNCTION);
    }
    rlua_context *context = rlua_context_here(L);
    context->hook_params = lua_toboolean(L, 2);
    lua_settop(L, 1);
    context->hooked = !lua_isnil(L, 1);
    lua_setiuservalue(L, lua_upvalueindex(1), 1);
    return 0;
}

/* core.log_level("debug" | "info" | "warn" | "error")   from which level on the core's own messages go to stderr, in
 * the whole process; nothing happens when a host has taken them over (rdb_log_set).   [-0, +0, v] */
static int l_log_level(lua_State *L) {
    static const char *const names[] = {"debug", "info", "warn", "error", NULL};
    static const rdb_log_level levels[] = {RDB_LOG_DEBUG, RDB_LOG_INFO, RDB_LOG_WARN, RDB_LOG_ERROR};
    rdb__log_stderr_from(levels[luaL_checkoption(L, 1, NULL, names)]);
    return 0;
}

void rlua_open_run(lua_State *L) {
    static const luaL_Reg functions[] = {{"on_query", l_on_query}, {"log_level", l_log_level}, {NULL, NULL}};
    rlua_context_functions(L, functions);
}
