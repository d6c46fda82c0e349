/* leases.c - lease userdata: a connection in the hands of Lua until close(), __close or __gc. */
#include "leases.h"

#include "handles.h"
#include "run.h"

int rlua_lease_new(lua_State *L, rdb_pool *pool, double timeout) {
    rlua_context *context = rlua_context_here(L);
    rlua_lease *box = (rlua_lease *)lua_newuserdatauv(L, sizeof *box, 0);
    *box = (rlua_lease){.pool = pool};
    rlua_context_set(L, RLUA_LEASE);
    rdb_error err;
    if (context->held != NULL && rlua_held_all(context, pool)) {
        rlua_no_lease_left(context, pool, "pool:acquire()", &err);
        return rlua_raise(L, &err, NULL);
    }
    if (rdb_pool_acquire(pool, timeout, &box->conn, &err) != RDB_OK) {
        box->conn = NULL;
        return rlua_raise(L, &err, NULL);
    }
    rlua_held_add(context, &box->held, RLUA_LEASE, pool, box->conn);
    return 1;
}

static rlua_lease *check_lease(lua_State *L) {
    rlua_lease *box = rlua_context_test(L, rlua_context_here(L), 1, RLUA_LEASE);
    if (box == NULL) {
        rlua_raise_code(L, RDB_E_MISUSE, "argument 1 must be a lease, got %s", luaL_typename(L, 1));
    } else if (box->conn == NULL) {
        rlua_raise_code(L, RDB_E_MISUSE, "the lease is closed");
    }
    return box;
}

/* lease:close()   gives the connection back; also __close and __gc; closing twice does nothing   [-0, +0, m] */
static int l_lease_close(lua_State *L) {
    rlua_context *context = rlua_context_here(L);
    rlua_lease *box = rlua_context_test(L, context, 1, RLUA_LEASE);
    if (box != NULL && box->conn != NULL) {
        rdb_conn *conn = box->conn;
        box->conn = NULL;
        rlua_held_remove(context, &box->held);
        rdb_conn_release(conn);
    }
    return 0;
}

/* lease:invalidate()   never to be used again: its release closes the connection   [-0, +0, v] */
static int l_lease_invalidate(lua_State *L) {
    rdb_conn_invalidate(check_lease(L)->conn, false);
    return 0;
}

/* lease:soft_invalidate()   works until its release, which closes the connection   [-0, +0, v] */
static int l_lease_soft_invalidate(lua_State *L) {
    rdb_conn_invalidate(check_lease(L)->conn, true);
    return 0;
}

/* lease:reset()   back to a new connection's state; rolls back   [-0, +0, v]   blocks */
static int l_lease_reset(lua_State *L) {
    rdb_error err;
    if (rdb_conn_reset(check_lease(L)->conn, &err) != RDB_OK) {
        return rlua_raise(L, &err, NULL);
    }
    return 0;
}

/* lease:id() -> uuid text of the connection   [-0, +1, v] */
static int l_lease_id(lua_State *L) {
    lua_pushstring(L, rdb_conn_id(check_lease(L)->conn));
    return 1;
}

/* lease:cancel()   stops the running statement   [-0, +0, v] */
static int l_lease_cancel(lua_State *L) {
    rdb_conn_cancel(check_lease(L)->conn);
    return 0;
}

/* lease:query(sql [, params]) -> rows, n, affected, last_insert_id   as core.run   [-0, +4, v] */
static int l_lease_query(lua_State *L) {
    check_lease(L);
    return rlua_run_adhoc(L);
}

static int l_lease_tostring(lua_State *L) {
    const rlua_lease *box = (const rlua_lease *)lua_touserdata(L, 1);
    lua_pushfstring(L, "rdb.lease (%s)", box->conn != NULL ? rdb_conn_id(box->conn) : "closed");
    return 1;
}

void rlua_open_leases(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"close", l_lease_close},
        {"invalidate", l_lease_invalidate},
        {"soft_invalidate", l_lease_soft_invalidate},
        {"reset", l_lease_reset},
        {"id", l_lease_id},
        {"cancel", l_lease_cancel},
        {"query", l_lease_query},
        {NULL, NULL},
    };
    static const luaL_Reg meta[] = {
        {"__gc", l_lease_close}, {"__close", l_lease_close}, {"__tostring", l_lease_tostring}, {NULL, NULL}};
    rlua_context_define(L, RLUA_LEASE, "rdb.lease", meta, methods);
}
