/* run.h - one statement from acquire to release: what all statement functions of rdb.core share.
 *
 * Lives on the C stack of the function. Between rlua_run_start() and rlua_run_end() nothing may raise but under
 * lua_pcall. The function has the context as upvalue 1. */
#ifndef RDB_LUA_RUN_H
#define RDB_LUA_RUN_H

#include "plan.h"

typedef struct rlua_run {
    rlua_target target;
    rdb_query query;
    const char *sql;
    size_t sql_len;
    uint64_t sql_hash;       /* 0: not known */
    bool once;               /* it will not come again: not for the statement cache */
    int plan_index;          /* stack index of the plan, 0: none */
    int64_t started_ns;      /* set only while on_query is installed */
    const rdb_value *params; /* for on_query, borrowed until the report; NULL: not one set of them */
    int n_params;
    double seconds; /* from start to end */
    rdb_error err;  /* [out] */
} rlua_run;

/* rlua_run_prepare - read the target at index and take SQL text from the plan at plan_index. [-0, +0, v] */
void rlua_run_prepare(lua_State *L, rlua_run *run, int target_index, int plan_index, const rlua_plan *plan);
/* rlua_run_limit - an optional time limit in seconds at index ends the statement earlier than its target's deadline.
 * [-0, +0, v] */
void rlua_run_limit(lua_State *L, rlua_run *run, int index);
/* rlua_run_start - acquire and execute. False: ended already, err says why. Never touches Lua. Blocks.
 *   params  must live until the report, or run->params be set to NULL */
bool rlua_run_start(rlua_run *run, const rdb_value *params, int n_params);
/* rlua_run_drain - fetch and drop all rows. False: err says why, rlua_run_end() must follow. Blocks. */
bool rlua_run_drain(rlua_run *run);
/* rlua_run_end - finish and release; code: how the statement ended, for its transaction. Never touches Lua. */
void rlua_run_end(rlua_run *run, rdb_code code);
/* rlua_run_report - after the end: tell the on_query function. [-0, +0, v] */
void rlua_run_report_hooked(lua_State *L, const rlua_run *run, lua_Integer rows);
static inline void rlua_run_report(lua_State *L, const rlua_run *run, lua_Integer rows) {
    if (run->started_ns != 0) {
        rlua_run_report_hooked(L, run, rows);
    }
}
/* rlua_run_report_failed - the same for a statement that failed; errors of the function are dropped. [-0, +0, m] */
void rlua_run_report_failed(lua_State *L, const rlua_run *run);
/* rlua_run_fail - after the end: report, then raise err with the SQL text. [-0, +0, v] */
int rlua_run_fail(lua_State *L, const rlua_run *run);

/* rlua_run_adhoc - core.run(target, sql, params) with the arguments at 1, 2, 3 (adhoc.c). [-0, +4, v] */
int rlua_run_adhoc(lua_State *L);
/* Each adds its functions to the module table on top. [-0, +0, m] */
void rlua_open_run(lua_State *L);     /* on_query */
void rlua_open_adhoc(lua_State *L);   /* run, script */
void rlua_open_inserts(lua_State *L); /* insert, insert_many */
void rlua_open_cursors(lua_State *L); /* cursor */

#endif
