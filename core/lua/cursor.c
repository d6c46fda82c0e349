/* cursor.c - cursor userdata: a result read in portions.
 *
 * Holds its connection until the last row, close(), __close or __gc. Cursors of one state may share a connection when
 * the pool has no other to give (in-memory SQLite): the lease goes back with the last of them. The cursor never moves,
 * so the open query lives in the userdata. User values: 1 plan, 2 target, 3 what the parameters borrow from. */
#include "../alloc.h"
#include "handles.h"
#include "hydrate.h"
#include "parameters.h"
#include "run.h"

/* The lease of one or more cursors on a pool; held.users counts them. Freed with the last. */
typedef struct shared_lease {
    rlua_held held; /* first: found through the context's list */
} shared_lease;

typedef struct rlua_cursor {
    rlua_run run;
    shared_lease *lease; /* NULL: the connection belongs to a lease or a transaction */
    rlua_plan *plan;     /* user value 1 */
    lua_Integer rows;    /* fetched so far */
    bool open;
    bool ended; /* all rows were fetched */
    int n_params;
    rdb_value params[]; /* n_params of them */
} rlua_cursor;

enum { VALUE_PLAN = 1, VALUE_TARGET, VALUE_ANCHOR, N_VALUES = VALUE_ANCHOR };

static void leave_lease(rlua_context *context, shared_lease *lease) {
    if (lease->held.users > 1) {
        lease->held.users--;
        return;
    }
    rdb_conn *conn = lease->held.conn;
    rlua_held_remove(context, &lease->held);
    rdb__free(lease);
    rdb_conn_release(conn);
}

/* End the query and give the connection back. Idempotent; touches no Lua. */
static void close_cursor(rlua_cursor *cursor, rdb_code code) {
    if (!cursor->open) {
        return;
    }
    cursor->open = false;
    rlua_context *context = cursor->run.target.context;
    context->cursors--;
    rlua_run_end(&cursor->run, code);
    if (cursor->lease != NULL) {
        shared_lease *lease = cursor->lease;
        cursor->lease = NULL;
        leave_lease(context, lease);
    }
}

/* Keep the connection beyond this call: share the lease of another cursor, or list a lease of our own. */
static rdb_code keep_connection(rlua_cursor *cursor) {
    rlua_target *target = &cursor->run.target;
    if (target->held != NULL) {
        cursor->lease = (shared_lease *)(void *)target->held;
        target->held->users++;
    } else if (target->release) {
        shared_lease *lease = rdb__malloc(sizeof *lease);
        if (lease == NULL) {
            return rdb_error_set(&cursor->run.err, RDB_E_NO_MEMORY, "no memory for a cursor");
        }
        rlua_held_add(target->context, &lease->held, RLUA_CURSOR, target->pool, target->conn);
        cursor->lease = lease;
        target->release = false; /* leave_lease() does it */
    }
    return RDB_OK;
}

/* Copy the parameters into the cursor (index 4); what they borrow from goes into a table that it keeps. */
static void keep_params(lua_State *L, rlua_cursor *cursor, const rlua_params *params, int first, int last) {
    lua_createtable(L, last - first + 1, 0);
    for (int i = first; i <= last; i++) {
        lua_pushvalue(L, i);
        lua_rawseti(L, -2, i - first + 1);
    }
    for (int i = 0; i < params->count; i++) {
        rdb_value value = params->values[i];
        const char *text = value.kind == RDB_KIND_DECIMAL || value.kind == RDB_KIND_UUID ? value.as.text : NULL;
        for (int b = 0; b < RLUA_PARAMS_BUFFERS && text != NULL; b++) {
            if (text == params->buffers[b]) { /* on the C stack of this call: make it a string */
                lua_pushlstring(L, text, value.more.len);
                value.as.text = lua_tostring(L, -1);
                lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
            }
        }
        cursor->params[i] = value;
    }
    lua_setiuservalue(L, 4, VALUE_ANCHOR);
}

/* core.cursor(target, plan, params [, timeout]) -> cursor   starts the query; rows come by cursor:fetch(n); timeout
 * covers the whole reading   [-0, +1, v]   blocks */
static int l_cursor(lua_State *L) {
    rlua_params params;
    rlua_plan *plan = rlua_check_plan(L, 2);
    lua_settop(L, 4); /* the time limit gives its place to the cursor below */
    size_t size = sizeof(rlua_cursor) + sizeof(rdb_value) * (size_t)plan->n_params;
    rlua_cursor *cursor = (rlua_cursor *)lua_newuserdatauv(L, size, N_VALUES);
    cursor->open = false;
    cursor->ended = false;
    cursor->lease = NULL;
    cursor->rows = 0;
    cursor->plan = plan;
    cursor->n_params = plan->n_params;
    rlua_run_prepare(L, &cursor->run, 1, 2, plan);
    rlua_run_limit(L, &cursor->run, 4);
    lua_replace(L, 4);
    rlua_params_read(L, &params, plan, 3);
    keep_params(L, cursor, &params, 5, lua_gettop(L));
    lua_settop(L, 4);
    lua_pushvalue(L, 2);
    lua_setiuservalue(L, 4, VALUE_PLAN);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, 4, VALUE_TARGET);
    rlua_context_set(L, RLUA_CURSOR);
    if (!rlua_run_start(&cursor->run, cursor->params, cursor->n_params)) {
        return rlua_run_fail(L, &cursor->run);
    }
    cursor->open = true;
    cursor->run.target.context->cursors++;
    if (keep_connection(cursor) != RDB_OK) {
        close_cursor(cursor, RDB_OK);
        return rlua_raise(L, &cursor->run.err, NULL);
    }
    return 1;
}

static rlua_cursor *check_cursor(lua_State *L) {
    rlua_cursor *cursor = rlua_context_test(L, rlua_context_here(L), 1, RLUA_CURSOR);
    if (cursor == NULL) {
        rlua_raise_code(L, RDB_E_MISUSE, "argument 1 must be a cursor, got %s", luaL_typename(L, 1));
    }
    return cursor;
}

/* A cursor that outlived its lease or transaction has lost its query. */
static void check_alive(lua_State *L, rlua_cursor *cursor) {
    if (cursor->open && cursor->run.query.stmt == NULL) {
        close_cursor(cursor, RDB_OK);
        rlua_raise_code(L, RDB_E_MISUSE, "the cursor's transaction or lease is over");
    }
    if (!cursor->open) {
        rlua_raise_code(L, RDB_E_MISUSE, "the cursor is closed");
    }
}

/* cursor:fetch(n) -> list | nil   up to n rows, at least one; nil at the end, when the connection is given back
 * already   [-0, +1, v]   blocks */
static int l_cursor_fetch(lua_State *L) {
    rlua_cursor *cursor = check_cursor(L);
    lua_Integer n = luaL_checkinteger(L, 2);
    luaL_argcheck(L, n > 0, 2, "must be positive");
    if (cursor->ended) {
        lua_pushnil(L);
        return 1;
    }
    check_alive(L, cursor);
    lua_settop(L, 1);
    lua_getiuservalue(L, 1, VALUE_PLAN);
    rlua_run *run = &cursor->run;
    rlua_collector_pay(L, run->target.context);
    rlua_hydration hydration = rlua_hydration_of(cursor->plan, &run->query, &run->err);
    hydration.limit = n;
    rlua_hydrate_prepare(L, rlua_hydrate_list, &hydration, 2);
    int status = lua_pcall(L, 2, 1, 0);
    if (status != LUA_OK || hydration.failed || hydration.drained) {
        close_cursor(cursor, hydration.failed ? run->err.code : RDB_OK);
    }
    rlua_collector_settle(L, run->target.context, hydration.held);
    if (status != LUA_OK) {
        rlua_hydrate_explain(L, &hydration, 2);
        return lua_error(L);
    }
    if (hydration.failed) {
        return rlua_run_fail(L, run);
    }
    cursor->rows += hydration.rows;
    cursor->ended = hydration.drained;
    if (hydration.drained) {
        rlua_run_report(L, run, cursor->rows);
    }
    if (hydration.rows == 0) {
        lua_pushnil(L);
    }
    return 1;
}

/* cursor:close()   gives the connection back; also __close and __gc   [-0, +0, -] */
static int l_cursor_close(lua_State *L) {
    rlua_cursor *cursor = rlua_context_test(L, rlua_context_here(L), 1, RLUA_CURSOR);
    if (cursor != NULL) {
        close_cursor(cursor, RDB_OK);
    }
    return 0;
}

static int l_cursor_tostring(lua_State *L) {
    const rlua_cursor *cursor = (const rlua_cursor *)lua_touserdata(L, 1);
    lua_pushfstring(L, "rdb.cursor (%s)", cursor->open ? "open" : "closed");
    return 1;
}

void rlua_open_cursors(lua_State *L) {
    static const luaL_Reg methods[] = {{"fetch", l_cursor_fetch}, {"close", l_cursor_close}, {NULL, NULL}};
    static const luaL_Reg meta[] = {
        {"__gc", l_cursor_close}, {"__close", l_cursor_close}, {"__tostring", l_cursor_tostring}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"cursor", l_cursor}, {NULL, NULL}};
    rlua_context_define(L, RLUA_CURSOR, "rdb.cursor", meta, methods);
    rlua_context_functions(L, functions);
}
