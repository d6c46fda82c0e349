/* targets.c - what statements run on: a pool (one lease per call), a lease, or a transaction.
 *
 * Acquire and release never touch Lua. A state that holds every connection of a pool itself is told so at once, instead
 * of waiting for a release that only it could make; if a cursor holds one, statements share the cursor's connection. */
#include "handles.h"

#include "../clock.h"

static void use_txn(lua_State *L, const rlua_txn *box, rlua_target *target) {
    if (box->txn == NULL) {
        rlua_raise_code(L, RDB_E_MISUSE, "the transaction is over");
    }
    rdb_txn_state state = rdb_txn_get_state(box->txn);
    if (state != RDB_TXN_ACTIVE_STATE) {
        rlua_raise_code(L, RDB_E_MISUSE,
                        state == RDB_TXN_FAILED_STATE
                            ? "the transaction has failed after an earlier error: roll it back (it is %s)"
                            : "the transaction is over (it is %s)",
                        rdb_txn_state_name(state));
    }
    target->txn = box->txn;
    target->pool = box->pool;
    target->conn = rdb_txn_conn(box->txn);
    target->deadline_ns = rdb_txn_deadline(box->txn);
}

void rlua_check_target(lua_State *L, int index, rlua_target *target) {
    rlua_context *context = rlua_context_here(L);
    *target = (rlua_target){.context = context, .deadline_ns = RDB_NO_DEADLINE};
    const void *metatable = NULL;
    if (lua_type(L, index) == LUA_TUSERDATA && lua_getmetatable(L, index)) {
        metatable = lua_topointer(L, -1);
        lua_pop(L, 1);
    }
    void *box = metatable != NULL ? lua_touserdata(L, index) : NULL;
    if (metatable == context->metatables[RLUA_POOL] && box != NULL) {
        target->pool = ((const rlua_pool *)box)->pool;
        if (target->pool == NULL) {
            rlua_raise_code(L, RDB_E_POOL_CLOSED, "the pool is closed");
        }
    } else if (metatable == context->metatables[RLUA_TXN] && box != NULL) {
        use_txn(L, box, target);
    } else if (metatable == context->metatables[RLUA_LEASE] && box != NULL) {
        target->conn = ((const rlua_lease *)box)->conn;
        target->pool = ((const rlua_lease *)box)->pool;
        if (target->conn == NULL) {
            rlua_raise_code(L, RDB_E_MISUSE, "the lease is closed");
        }
    } else {
        rlua_raise_code(L, RDB_E_MISUSE, "a pool, a lease or a transaction is needed to run a statement, got %s",
                        luaL_typename(L, index));
    }
}

rdb_code rlua_no_lease_left(const rlua_context *context, rdb_pool *pool, const char *wanted, rdb_error *err) {
    const char *holder = "open leases hold";
    const char *hint = "close a lease first, or run the statement on it";
    if (rlua_held_find(context, pool, RLUA_TXN) != NULL) {
        holder = "open transactions hold";
        hint = "run the statement on the transaction, or end it first";
    } else if (rlua_held_find(context, pool, RLUA_CURSOR) != NULL) {
        holder = "open cursors hold";
        hint = "close the cursor (or read it to its end), or open it inside the transaction";
    }
    rdb_pool_stats stats;
    rdb_pool_get_stats(pool, &stats);
    rdb_error_set(err, RDB_E_MISUSE, "%s cannot get a connection of \"%s\": this thread's %s all %ld of them", wanted,
                  rdb_pool_name(pool), holder, stats.max);
    rdb_error_hint(err, "%s", hint);
    return RDB_E_MISUSE;
}

/* No idle connection: share one, refuse, or wait for one. */
static rdb_code acquire_slowly(rlua_target *target, rdb_error *err) {
    const rlua_context *context = target->context;
    if (context->held != NULL && rlua_held_all(context, target->pool)) {
        rlua_held *cursor = rlua_held_find(context, target->pool, RLUA_CURSOR);
        if (cursor == NULL) {
            return rlua_no_lease_left(context, target->pool, "a statement", err);
        }
        target->held = cursor;
        target->conn = cursor->conn;
        return RDB_OK;
    }
    rdb_code code = rdb_pool_acquire(target->pool, -1, &target->conn, err);
    target->release = code == RDB_OK;
    return code;
}

rdb_code rlua_target_acquire(rlua_target *target, rdb_error *err) {
    if (target->conn != NULL) {
        return RDB_OK;
    }
    target->conn = rdb_pool_try_acquire(target->pool);
    if (target->conn == NULL) {
        return acquire_slowly(target, err);
    }
    target->release = true;
    return RDB_OK;
}

void rlua_target_release(rlua_target *target, rdb_code code) {
    if (code != RDB_OK && target->txn != NULL) {
        rdb_txn_after_error(target->txn, code);
    }
    if (target->release) {
        rdb_conn_release(target->conn);
    }
    target->conn = NULL;
    target->release = false;
}
