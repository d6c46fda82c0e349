/* pools.c - pool userdata: open, look up by name, statistics; database URLs taken apart; live counts.
 *
 * A name has one pool per process and one userdata per state: the context's table of pools keeps it until it is
 * removed or the state closes, so that core.pool_get() answers the same object each time. */
#include <string.h>

#include "../url.h"
#include "handles.h"
#include "leases.h"

/* Registry key of this state's table name -> pool userdata. */
static const char pools_key = 0;

static void push_pools(lua_State *L) {
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &pools_key) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &pools_key);
    }
}

static rlua_pool *new_box(lua_State *L) {
    rlua_pool *box = (rlua_pool *)lua_newuserdatauv(L, sizeof *box, 0);
    *box = (rlua_pool){0};
    rlua_context_set(L, RLUA_POOL);
    return box;
}

static rdb_pool *check_pool(lua_State *L, int index) {
    const rlua_pool *box = rlua_context_test(L, rlua_context_here(L), index, RLUA_POOL);
    if (box == NULL || box->pool == NULL) {
        rlua_raise_code(L, RDB_E_MISUSE, "argument %d must be a pool, got %s", index, luaL_typename(L, index));
        return NULL; /* not reached */
    }
    return box->pool;
}

/* -- options -------------------------------------------------------------------------------------------- */

/* Read one entry of the options table (key at -2, value at -1) into options. */
static void read_option(lua_State *L, rdb_pool_options *options) {
    const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
    struct {
        const char *name;
        long *whole;
        double *number;
    } const known[] = {
        {"max", &options->max, NULL},
        {"min", &options->min, NULL},
        {"max_waiters", &options->max_waiters, NULL},
        {"statement_cache_size", &options->statement_cache_size, NULL},
        {"acquire_timeout", NULL, &options->acquire_timeout},
        {"create_timeout", NULL, &options->create_timeout},
        {"idle_timeout", NULL, &options->idle_timeout},
        {"max_lifetime", NULL, &options->max_lifetime},
        {"lifetime_jitter", NULL, &options->lifetime_jitter},
        {"test_after_idle", NULL, &options->test_after_idle},
    };
    if (strcmp(key, "fifo") == 0) {
        options->fifo = lua_toboolean(L, -1);
        return;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(key, known[i].name) != 0) {
            continue;
        }
        if (known[i].number != NULL && lua_type(L, -1) == LUA_TNUMBER) {
            *known[i].number = lua_tonumber(L, -1);
            return;
        }
        int whole = 0;
        lua_Integer integer = lua_type(L, -1) == LUA_TNUMBER ? lua_tointegerx(L, -1, &whole) : 0;
        if (!whole || known[i].whole == NULL) {
            rlua_raise_code(L, RDB_E_CONFIG, "pool option %s must be %s, got %s", key,
                            known[i].whole != NULL ? "an integer" : "a number (seconds)", luaL_typename(L, -1));
        }
        *known[i].whole = (long)integer;
        return;
    }
    rlua_raise_code(L, RDB_E_CONFIG, "unknown pool option \"%s\"", key);
}

static void read_options(lua_State *L, int index, rdb_pool_options *options) {
    rdb_pool_options_init(options);
    if (lua_isnoneornil(L, index)) {
        return;
    }
    luaL_checktype(L, index, LUA_TTABLE);
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        read_option(L, options);
    }
}

/* -- the module's functions ----------------------------------------------------------------------------------- */

/* core.pool_open(name, url [, options]) -> pool   opens and registers under name   [-0, +1, v] */
static int l_pool_open(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    const char *url = luaL_checkstring(L, 2);
    rdb_pool_options options;
    read_options(L, 3, &options);
    options.name = name;
    lua_settop(L, 3);
    push_pools(L);
    rlua_pool *box = new_box(L);
    rdb_error err;
    rdb_code code = rdb_pool_open(url, &options, &box->pool, &err);
    if (code == RDB_OK) {
        code = rdb__pool_registry_add(name, box->pool, &err);
        box->owner = code == RDB_OK;
    }
    if (code != RDB_OK) {
        return rlua_raise(L, &err, NULL);
    }
    lua_pushvalue(L, 1);
    lua_pushvalue(L, -2);
    lua_rawset(L, 4);
    return 1;
}

/* core.pool_get(name) -> pool | nil   the pool that this process registered under name   [-0, +1, m] */
static int l_pool_get(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    lua_settop(L, 1);
    push_pools(L);
    lua_pushvalue(L, 1);
    lua_rawget(L, 2);
    rdb_pool *registered = rdb__pool_registry_get(name);
    const rlua_pool *known = (const rlua_pool *)lua_touserdata(L, 3);
    bool current = known != NULL && known->pool == registered;
    rdb_pool_unref(registered); /* the registry, or the box in our table, still holds it */
    if (registered == NULL || current) {
        if (registered == NULL) {
            lua_pushnil(L);
        }
        return 1;
    }
    rlua_pool *box = new_box(L);
    box->pool = rdb__pool_registry_join(name);
    box->owner = box->pool != NULL;
    if (box->pool == NULL) { /* removed by another thread meanwhile */
        lua_pushnil(L);
        return 1;
    }
    lua_pushvalue(L, 1);
    lua_pushvalue(L, -2);
    lua_rawset(L, 2);
    return 1;
}

/* core.pool_remove(name)   unregisters and closes; unknown names are ignored   [-0, +0, m] */
static int l_pool_remove(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    push_pools(L);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    lua_rawset(L, -3);
    rdb_pool *pool = rdb__pool_registry_remove(name);
    if (pool != NULL) {
        rdb_pool_close(pool);
        rdb_pool_unref(pool);
    }
    return 0;
}

static void set_text(lua_State *L, const char *key, const char *text) {
    if (text != NULL) {
        lua_pushstring(L, text);
        lua_setfield(L, -2, key);
    }
}

/* Fill the table on top from url. Protected: may raise; url is freed by the caller. upvalue-less, argument: url. */
static int describe_url(lua_State *L) {
    const rdb_url *url = (const rdb_url *)lua_touserdata(L, 1);
    lua_createtable(L, 0, 7);
    set_text(L, "scheme", url->scheme);
    set_text(L, "user", url->user);
    set_text(L, "host", url->host);
    set_text(L, "path", url->path);
    set_text(L, "printable", url->printable);
    if (url->port != 0) {
        lua_pushinteger(L, url->port);
        lua_setfield(L, -2, "port");
    }
    lua_newtable(L);
    for (size_t i = 0; i < url->n_options; i++) {
        set_text(L, url->options[i].name, url->options[i].value);
    }
    lua_setfield(L, -2, "options");
    return 1;
}

/* core.parse_url(text) -> { scheme, user, host, port, path, options, printable }   no password   [-0, +1, v] */
static int l_parse_url(lua_State *L) {
    const char *text = luaL_checkstring(L, 1);
    lua_pushcfunction(L, describe_url);
    rdb_url *url = NULL;
    rdb_error err;
    if (rdb_url_parse(text, &url, &err) != RDB_OK) {
        return rlua_raise(L, &err, NULL);
    }
    lua_pushlightuserdata(L, url);
    int status = lua_pcall(L, 1, 1, 0);
    rdb_url_free(url);
    return status == LUA_OK ? 1 : lua_error(L);
}

static void set_count(lua_State *L, const char *key, lua_Integer count) {
    lua_pushinteger(L, count);
    lua_setfield(L, -2, key);
}

/* core.live() -> { connections, statements, leases, pools, transactions, plans, cursors }
 * What exists now: the first five of the process, plans and cursors of this state. For leak gates.   [-0, +1, m] */
static int l_live(lua_State *L) {
    const rlua_context *context = rlua_context_here(L);
    rdb_live live = rdb_live_counts();
    lua_createtable(L, 0, 7);
    set_count(L, "connections", live.connections);
    set_count(L, "statements", live.statements);
    set_count(L, "leases", live.leases);
    set_count(L, "pools", live.pools);
    set_count(L, "transactions", live.transactions);
    set_count(L, "plans", context->plans);
    set_count(L, "cursors", context->cursors);
    return 1;
}

/* -- methods ---------------------------------------------------------------------------------------------------- */

/* pool:acquire([timeout]) -> lease   timeout: seconds, nil for the pool's   [-0, +1, v] */
static int l_pool_acquire(lua_State *L) {
    rdb_pool *pool = check_pool(L, 1);
    return rlua_lease_new(L, pool, luaL_optnumber(L, 2, -1));
}

/* pool:stats() -> { max, size, idle, in_use, waiters, acquires, timeouts, created, closed }   [-0, +1, m] */
static int l_pool_stats(lua_State *L) {
    rdb_pool_stats stats;
    rdb_pool_get_stats(check_pool(L, 1), &stats);
    lua_createtable(L, 0, 9);
    set_count(L, "max", stats.max);
    set_count(L, "size", stats.size);
    set_count(L, "idle", stats.idle);
    set_count(L, "in_use", stats.in_use);
    set_count(L, "waiters", stats.waiters);
    set_count(L, "acquires", (lua_Integer)stats.acquires);
    set_count(L, "timeouts", (lua_Integer)stats.timeouts);
    set_count(L, "created", (lua_Integer)stats.created);
    set_count(L, "closed", (lua_Integer)stats.closed);
    return 1;
}

/* pool:close()   refuses new leases and closes idle connections; the name stays taken until core.pool_remove()
 * [-0, +0, v] */
static int l_pool_close(lua_State *L) {
    rdb_pool_close(check_pool(L, 1));
    return 0;
}

/* pool:on(event, fn)   says that events of pools belong to a later version   [-0, +0, v] */
static int l_pool_on(lua_State *L) {
    check_pool(L, 1);
    return rlua_raise_code(L, RDB_E_UNSUPPORTED, "pool:on() is not part of this version of rdb; see pool:stats()");
}

static int l_pool_gc(lua_State *L) {
    rlua_pool *box = (rlua_pool *)lua_touserdata(L, 1);
    rdb_pool *pool = box->pool;
    bool owner = box->owner;
    *box = (rlua_pool){0};
    if (owner) {
        rdb__pool_registry_leave(pool);
    }
    rdb_pool_unref(pool);
    return 0;
}

/* pool:backend() -> "sqlite"   [-0, +1, v] */
static int l_pool_backend(lua_State *L) {
    lua_pushstring(L, rdb_pool_backend(check_pool(L, 1))->name);
    return 1;
}

/* pool:features() -> { returning = true, ... }   the backend's feature bits by name   [-0, +1, v] */
static int l_pool_features(lua_State *L) {
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {
        {RDB_FEATURE_RETURNING, "returning"},   {RDB_FEATURE_TRANSACTIONAL_DDL, "transactional_ddl"},
        {RDB_FEATURE_SAVEPOINTS, "savepoints"}, {RDB_FEATURE_PIPELINE, "pipeline"},
        {RDB_FEATURE_LOCAL, "local"},           {RDB_FEATURE_LAST_INSERT_ID, "last_insert_id"},
        {RDB_FEATURE_BULK_REUSE, "bulk_reuse"},
    };
    unsigned features = rdb_pool_backend(check_pool(L, 1))->features;
    lua_newtable(L);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (features & names[i].bit) {
            lua_pushboolean(L, 1);
            lua_setfield(L, -2, names[i].name);
        }
    }
    return 1;
}

/* pool:database() -> file or database name, or nil   [-0, +1, v] */
static int l_pool_database(lua_State *L) {
    lua_pushstring(L, rdb_pool_database(check_pool(L, 1)));
    return 1;
}

/* pool:name() -> the name it was opened under   [-0, +1, v] */
static int l_pool_name(lua_State *L) {
    lua_pushstring(L, rdb_pool_name(check_pool(L, 1)));
    return 1;
}

/* pool:url() -> the URL with the password masked   [-0, +1, v] */
static int l_pool_url(lua_State *L) {
    lua_pushstring(L, rdb_pool_printable_url(check_pool(L, 1)));
    return 1;
}

/* pool:limit_params() -> the most parameters of one statement   [-0, +1, v]   needs a connection for a moment */
static int l_pool_limit_params(lua_State *L) {
    check_pool(L, 1);
    rlua_target target;
    rlua_check_target(L, 1, &target);
    rdb_error err;
    rdb_code code = rlua_target_acquire(&target, &err);
    if (code != RDB_OK) {
        return rlua_raise(L, &err, NULL);
    }
    long limit = rdb_conn_limit_params(target.conn);
    rlua_target_release(&target, RDB_OK);
    lua_pushinteger(L, limit);
    return 1;
}

static int l_pool_tostring(lua_State *L) {
    const rlua_pool *box = (const rlua_pool *)lua_touserdata(L, 1);
    lua_pushfstring(L, "rdb.pool (%s)", box->pool != NULL ? rdb_pool_printable_url(box->pool) : "closed");
    return 1;
}

void rlua_open_pools(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"acquire", l_pool_acquire},
        {"on", l_pool_on},
        {"stats", l_pool_stats},
        {"close", l_pool_close},
        {"backend", l_pool_backend},
        {"features", l_pool_features},
        {"database", l_pool_database},
        {"name", l_pool_name},
        {"url", l_pool_url},
        {"limit_params", l_pool_limit_params},
        {NULL, NULL},
    };
    static const luaL_Reg meta[] = {
        {"__gc", l_pool_gc}, {"__close", l_pool_close}, {"__tostring", l_pool_tostring}, {NULL, NULL}};
    static const luaL_Reg functions[] = {
        {"pool_open", l_pool_open}, {"pool_get", l_pool_get}, {"pool_remove", l_pool_remove},
        {"parse_url", l_parse_url}, {"live", l_live},         {NULL, NULL},
    };
    rlua_context_define(L, RLUA_POOL, "rdb.pool", meta, methods);
    rlua_open_leases(L);
    rlua_context_functions(L, functions);
}
