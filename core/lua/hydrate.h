/* hydrate.h - rows of a running query to Lua values.
 *
 * The functions that touch Lua run under lua_pcall, because any of them may raise while a query is open: the caller
 * prepares the call, starts the query, calls, ends the query, and only then raises. */
#ifndef RDB_LUA_HYDRATE_H
#define RDB_LUA_HYDRATE_H

#include <limits.h>

#include "snapshot.h"

typedef struct rlua_hydration {
    rlua_plan *plan;
    rdb_query *query;
    rdb_error *err;    /* [out] when failed */
    lua_Integer limit; /* most rows to take; < 0: all */
    lua_Integer rows;  /* [out] taken */
    int column;        /* [out] the one that was being converted when an error was raised, or -1 */
    int held;          /* kilobytes of the heap when the collector was held, -1: it was not */
    bool failed;       /* [out] the database failed: err */
    bool drained;      /* [out] no row is left */
} rlua_hydration;

static inline rlua_hydration rlua_hydration_of(rlua_plan *plan, rdb_query *query, rdb_error *err) {
    return (rlua_hydration){.plan = plan, .query = query, .err = err, .limit = -1, .column = -1, .held = -1};
}

/* rlua_hydrate_prepare - push what lua_pcall needs: function, hydration, plan. [-0, +3, m] */
void rlua_hydrate_prepare(lua_State *L, lua_CFunction function, rlua_hydration *hydration, int plan_index);
/* For rlua_hydrate_prepare(): all rows (up to limit) as a list; the first row or nil (drained says whether there was
 * another). [-2, +1, v] */
int rlua_hydrate_list(lua_State *L);
int rlua_hydrate_one(lua_State *L);

/* The collector rests while a large result is built, because what is being built is not garbage: it is lent so much
 * credit that it does not run. What was allocated meanwhile is owed, and paid at the next statement that fetches rows:
 * then this result may be garbage, and marking it is saved. Unlike stop and restart this keeps the collector's own
 * pacing. hold() when many rows have come; settle() always after the call; pay() before a statement, with no query open
 * (finalisers may run). A collector that the host stopped stays so. [-0, +0, -] */
#define RLUA_MANY_ROWS        64
#define RLUA_COLLECTOR_CREDIT (INT_MAX / 2) /* kilobytes */
static inline void rlua_collector_hold(lua_State *L, int *kilobytes) {
    if (lua_gc(L, LUA_GCISRUNNING) == 1) {
        *kilobytes = lua_gc(L, LUA_GCCOUNT);
        lua_gc(L, LUA_GCSTEP, -RLUA_COLLECTOR_CREDIT);
    }
}
static inline void rlua_collector_settle(lua_State *L, rlua_context *context, int kilobytes) {
    if (kilobytes >= 0) {
        int grown = lua_gc(L, LUA_GCCOUNT) - kilobytes;
        grown = grown < 0 ? 0 : grown;
        lua_gc(L, LUA_GCSTEP, RLUA_COLLECTOR_CREDIT - grown);
        context->owed_kilobytes += grown;
    }
}
static inline void rlua_collector_pay(lua_State *L, rlua_context *context) {
    if (context->owed_kilobytes > 0 && lua_gc(L, LUA_GCISRUNNING) == 1) {
        int owed =
            context->owed_kilobytes < RLUA_COLLECTOR_CREDIT ? (int)context->owed_kilobytes : RLUA_COLLECTOR_CREDIT;
        context->owed_kilobytes = 0;
        lua_gc(L, LUA_GCSTEP, owed);
    }
}
/* rlua_hydrate_explain - the error on top, raised by a cell: its message gets "model.column: " in front, and
 * its column is set. Errors of another kind stay as they are. [-0, +0, m] */
void rlua_hydrate_explain(lua_State *L, const rlua_hydration *hydration, int plan_index);

/* rlua_open_hydration - what the functions above keep in the registry. [-0, +0, m] */
void rlua_open_hydration(lua_State *L);

#endif
