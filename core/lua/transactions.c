/* transactions.c - transaction userdata: begin, commit, rollback, savepoints.
 *
 * The userdata owns the transaction; __close and __gc roll back what is still open. */
#include <string.h>

#include "handles.h"

static rlua_txn *check_txn(lua_State *L) {
    rlua_txn *box = rlua_context_test(L, rlua_context_here(L), 1, RLUA_TXN);
    if (box == NULL) {
        rlua_raise_code(L, RDB_E_MISUSE, "argument 1 must be a transaction, got %s", luaL_typename(L, 1));
    } else if (box->txn == NULL) {
        rlua_raise_code(L, RDB_E_MISUSE, "the transaction is over");
    }
    return box;
}

/* After any step: a transaction without its connection holds nothing of this state. */
static int finish_step(lua_State *L, rlua_txn *box, rdb_code code, const rdb_error *err) {
    if (rdb_txn_conn(box->txn) == NULL) {
        rlua_held_remove(rlua_context_here(L), &box->held);
    }
    return code == RDB_OK ? 0 : rlua_raise(L, err, NULL);
}

/* options[key] as a number; fallback when absent. */
static double read_number(lua_State *L, const char *key, double fallback) {
    int type = lua_getfield(L, 2, key);
    if (type != LUA_TNIL && type != LUA_TNUMBER) {
        rlua_raise_code(L, RDB_E_CONFIG, "transaction option %s must be a number (seconds), got %s", key,
                        luaL_typename(L, -1));
    }
    double number = type == LUA_TNUMBER ? lua_tonumber(L, -1) : fallback;
    lua_pop(L, 1);
    return number;
}

static bool read_flag(lua_State *L, const char *key) {
    lua_getfield(L, 2, key);
    bool flag = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return flag;
}

/* The isolation text stays on the stack. */
static void read_options(lua_State *L, rdb_txn_options *options) {
    rdb_txn_options_init(options);
    if (lua_isnil(L, 2)) {
        return;
    }
    luaL_checktype(L, 2, LUA_TTABLE);
    options->begin.read_only = read_flag(L, "read_only");
    options->begin.deferrable = read_flag(L, "deferrable");
    options->begin.deferred = read_flag(L, "deferred");
    lua_getfield(L, 2, "foreign_keys"); /* only false means something: on is the connection's setting */
    options->begin.no_foreign_keys = lua_isboolean(L, -1) && !lua_toboolean(L, -1);
    lua_pop(L, 1);
    options->acquire_timeout = read_number(L, "acquire_timeout", options->acquire_timeout);
    options->timeout = read_number(L, "timeout", options->timeout);
    int type = lua_getfield(L, 2, "isolation");
    if (type != LUA_TNIL && type != LUA_TSTRING) {
        rlua_raise_code(L, RDB_E_CONFIG, "transaction option isolation must be a string, got %s", luaL_typename(L, -1));
    }
    options->begin.isolation = lua_tostring(L, -1);
}

/* core.begin(pool [, { isolation=, read_only=, deferrable=, deferred=, timeout=, acquire_timeout= }]) -> transaction
 * foreign_keys = false: not enforced in it. Seconds; a transaction that is dropped or closed rolls back.   [-0, +1, v]
 * blocks */
static int l_begin(lua_State *L) {
    rlua_context *context = rlua_context_here(L);
    const rlua_pool *pool = rlua_context_test(L, context, 1, RLUA_POOL);
    if (pool == NULL || pool->pool == NULL) {
        return rlua_raise_code(L, RDB_E_MISUSE, "core.begin() needs a pool, got %s", luaL_typename(L, 1));
    }
    lua_settop(L, 2);
    rdb_txn_options options;
    read_options(L, &options);
    rlua_txn *box = (rlua_txn *)lua_newuserdatauv(L, sizeof *box, 0);
    *box = (rlua_txn){0};
    rlua_context_set(L, RLUA_TXN);
    rdb_error err;
    if (context->held != NULL && rlua_held_all(context, pool->pool)) {
        rlua_no_lease_left(context, pool->pool, "a transaction", &err);
        return rlua_raise(L, &err, NULL);
    }
    if (rdb_txn_begin(pool->pool, &options, &box->txn, &err) != RDB_OK) {
        box->txn = NULL;
        return rlua_raise(L, &err, NULL);
    }
    box->pool = rdb_pool_ref(pool->pool);
    rlua_held_add(context, &box->held, RLUA_TXN, box->pool, rdb_txn_conn(box->txn));
    return 1;
}

/* transaction:commit()   [-0, +0, v]   blocks */
static int l_txn_commit(lua_State *L) {
    rlua_txn *box = check_txn(L);
    rdb_error err;
    return finish_step(L, box, rdb_txn_commit(box->txn, &err), &err);
}

/* transaction:rollback()   [-0, +0, v]   blocks */
static int l_txn_rollback(lua_State *L) {
    rlua_txn *box = check_txn(L);
    rdb_error err;
    return finish_step(L, box, rdb_txn_rollback(box->txn, &err), &err);
}

/* transaction:savepoint(name)   [-0, +0, v] */
static int l_txn_savepoint(lua_State *L) {
    rlua_txn *box = check_txn(L);
    const char *name = luaL_checkstring(L, 2);
    rdb_error err;
    return finish_step(L, box, rdb_txn_savepoint(box->txn, name, &err), &err);
}

/* transaction:rollback_to(name)   the savepoint stays   [-0, +0, v] */
static int l_txn_rollback_to(lua_State *L) {
    rlua_txn *box = check_txn(L);
    const char *name = luaL_checkstring(L, 2);
    rdb_error err;
    return finish_step(L, box, rdb_txn_rollback_to(box->txn, name, &err), &err);
}

/* transaction:release(name)   [-0, +0, v] */
static int l_txn_release(lua_State *L) {
    rlua_txn *box = check_txn(L);
    const char *name = luaL_checkstring(L, 2);
    rdb_error err;
    return finish_step(L, box, rdb_txn_release(box->txn, name, &err), &err);
}

/* transaction:state() -> "active" | "failed" | "committed" | "rolled_back" | "unknown"   [-0, +1, v] */
static int l_txn_state(lua_State *L) {
    lua_pushstring(L, rdb_txn_state_name(rdb_txn_get_state(check_txn(L)->txn)));
    return 1;
}

/* __close: roll back what is open; the state can still be asked for. */
static int l_txn_close(lua_State *L) {
    rlua_txn *box = rlua_context_test(L, rlua_context_here(L), 1, RLUA_TXN);
    if (box == NULL || box->txn == NULL || rdb_txn_conn(box->txn) == NULL) {
        return 0;
    }
    rdb_error err; /* a rollback that fails has closed the connection: nothing is left to do */
    rdb_code code = rdb_txn_rollback(box->txn, &err);
    (void)code;
    rlua_held_remove(rlua_context_here(L), &box->held);
    return 0;
}

static int l_txn_gc(lua_State *L) {
    rlua_txn *box = (rlua_txn *)lua_touserdata(L, 1);
    rlua_held_remove(rlua_context_here(L), &box->held);
    rdb_txn *txn = box->txn;
    rdb_pool *pool = box->pool;
    *box = (rlua_txn){0};
    rdb_txn_free(txn);
    rdb_pool_unref(pool);
    return 0;
}

static int l_txn_tostring(lua_State *L) {
    const rlua_txn *box = (const rlua_txn *)lua_touserdata(L, 1);
    lua_pushfstring(L, "rdb.transaction (%s)",
                    box->txn != NULL ? rdb_txn_state_name(rdb_txn_get_state(box->txn)) : "closed");
    return 1;
}

void rlua_open_transactions(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"commit", l_txn_commit},
        {"rollback", l_txn_rollback},
        {"savepoint", l_txn_savepoint},
        {"rollback_to", l_txn_rollback_to},
        {"release", l_txn_release},
        {"state", l_txn_state},
        {NULL, NULL},
    };
    static const luaL_Reg meta[] = {
        {"__gc", l_txn_gc}, {"__close", l_txn_close}, {"__tostring", l_txn_tostring}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"begin", l_begin}, {NULL, NULL}};
    rlua_context_define(L, RLUA_TXN, "rdb.transaction", meta, methods);
    rlua_context_functions(L, functions);
}
