/* Statements driven from Lua when things fail: memory of Lua, memory of the core, the database in mid-result. Whatever
 * happens, no lease, query or block is left behind. */
#include <lualib.h>
#include <stdlib.h>

#include "lua/bindings.h"
#include "pool_fixture.h"

/* Lua's allocator: the countdown'th allocation and all later ones fail (< 0: none). */
static long countdown = -1;

static void *limited(void *context, void *block, size_t old_size, size_t new_size) {
    (void)context;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    if (countdown >= 0 && (block == NULL || new_size > old_size)) {
        if (countdown == 0) {
            return NULL;
        }
        countdown--;
    }
    return realloc(block, new_size);
}

static const char prelude[] =
    "pool = core.pool_open('statements', url)\n"
    "core.script(pool, 'CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price TEXT)')\n"
    "local columns = { {'id','int64'}, {'name','text'}, {'price','decimal'} }\n"
    "local mt = { __name = 'T' }\n"
    "local function plan(shape, sql, params) return core.plan { sql = sql, shape = shape, params = params,\n"
    "  columns = columns, metatable = mt, database = 'default' } end\n"
    "insert = core.plan { sql = 'INSERT INTO t (name, price) VALUES (?, ?)', columns = columns,\n"
    "  insert = { {'name','text'}, {'price','decimal'}, pk = 'id' } }\n"
    "all = plan('instance', 'SELECT id, name, price FROM t')\n"
    "dicts = plan('dict', 'SELECT id, name, price FROM t')\n"
    "one = plan('instance', 'SELECT id, name, price FROM t WHERE id = ? OR name = ?', { 'int64', 'text' })\n"
    "joined = core.plan { sql = 'SELECT a.id, a.name, a.price, b.id, b.name FROM t a LEFT JOIN t b ON b.id = a.id + 1',\n"
    "  shape = 'instance', columns = { columns[1], columns[2], columns[3], columns[1], columns[2] }, metatable = mt,\n"
    "  related = { { attr = 'next', parent = 0, first = 4, last = 5, pk = 1, metatable = mt } } }\n"
    "local list = {}\n"
    "for i = 1, 150 do list[i] = { name = 'name ' .. i, price = core.decimal(i) } end\n"
    "core.insert_many(pool, insert, list, 1, 150)\n";

/* What is swept: each leaves nothing behind, also when it is interrupted anywhere. */
static const char *const actions[] = {
    "core.fetch(pool, all)",
    "core.fetch(pool, dicts)",
    "core.fetch(pool, joined)",
    "core.fetch_one(pool, one, { 7, 'name 7' })",
    "core.run(pool, 'SELECT *, ? AS x FROM t', { 'x' })",
    "core.execute(pool, one, { 1, 'x' })",
    "local c = core.cursor(pool, one, { 7, ('long'):rep(20) }) while c:fetch(1) do end c:close()",
    "core.cursor(pool, all):fetch(70)",
    "local t = core.begin(pool) core.insert(t, insert, { name = 'x', price = 12 }) t:rollback()",
    "local t = core.begin(pool) local l = {} for i = 1, 40 do l[i] = { name = 'n', price = '1.5' } end\n"
    "local ok, err = pcall(core.insert_many, t, insert, l, 1, 40) t:rollback()\n"
    "if not ok then for i = 1, 40 do assert(not l[i][1] or l[i].id) end error(err) end",
    "local p = core.fetch_one(pool, one, { 1, '' }) p.name = 'z' core.changed(p) core.original(p, 'price')\n"
    "core.take_snapshot(p, all, { 'name' }) core.peers(p)",
    "local l = pool:acquire() l:query('SELECT 1') l:close()",
    "core.plan { sql = 'SELECT 1', shape = 'dict', columns = { { 'a', 'int64' } }, database = 'x' }",
    "core.parse_url('postgres://a:b@c/d?e=f')",
    "core.on_query(function() end) pcall(core.run, pool, 'SELEC') core.on_query()",
    "core.pool_open('statements_2', 'sqlite://:memory:') core.pool_remove('statements_2')",
};

static void load_core(lua_State *L, const char *url) {
    luaL_openlibs(L);
    luaL_requiref(L, "rdb.core", luaopen_rdb_core, 0);
    lua_setglobal(L, "core");
    lua_pushstring(L, url);
    lua_setglobal(L, "url");
}

static void must(lua_State *L, const char *code) {
    if (luaL_dostring(L, code) != LUA_OK) {
        fail_msg("%s: %s", code, luaL_tolstring(L, -1, NULL));
    }
}

static void collect(lua_State *L) {
    lua_gc(L, LUA_GCCOLLECT);
    lua_gc(L, LUA_GCCOLLECT);
}

static lua_State *open_state(void) {
    lua_State *L = lua_newstate(limited, NULL);
    assert_non_null(L);
    load_core(L, "sqlite://:memory:");
    must(L, prelude);
    return L;
}

/* Nothing that the action borrowed is still out, and the pool works. */
static void check_idle(lua_State *L, const char *action, long n) {
    must(L, "core.on_query() core.pool_remove 'statements_2'");
    collect(L);
    must(L, "assert(collectgarbage 'isrunning') assert(core.live().cursors == 0)");
    luaL_dostring(L, "return pool:stats().in_use, core.run(pool, 'SELECT count(*) AS n FROM t')[1].n");
    if (lua_tointeger(L, -2) != 0 || lua_tointeger(L, -1) != 150) {
        fail_msg("%s, failure %ld: %lld leases out, %s rows", action, n, lua_tointeger(L, -2), lua_tostring(L, -1));
    }
    lua_settop(L, 0);
}

/* Make the nth allocation fail, for n from 0 until the action succeeds. arm(-1) disarms. */
static void sweep(lua_State *L, const char *action, void (*arm)(long)) {
    long n = 0;
    int status;
    do {
        lua_settop(L, 0);
        assert_int_equal(luaL_loadstring(L, action), LUA_OK);
        arm(n);
        status = lua_pcall(L, 0, 0, 0);
        arm(-1);
        check_idle(L, action, n);
        n++;
    } while (status != LUA_OK && n < 5000);
    if (status != LUA_OK) {
        fail_msg("%s does not succeed", action);
    }
}

static void arm_lua(long n) {
    countdown = n;
}

static void arm_core(long n) {
    rdb__alloc_fail_after(n);
}

static void sweep_all(void (*arm)(long)) {
    baseline before = take_baseline();
    lua_State *L = open_state();
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        sweep(L, actions[i], arm);
    }
    lua_close(L);
    assert_baseline(&before);
}

static void lua_memory_fails(void **state) {
    (void)state;
    sweep_all(arm_lua);
}

static void core_memory_fails(void **state) {
    (void)state;
    sweep_all(arm_core);
}

/* -- the database fails ------------------------------------------------------------------------------------------- */

static const char *const names[] = {"id"};

/* Script five rows of which the fourth fails. */
static void script_rows(rdb_fake *fake, rdb_fake_effect effect) {
    rdb_value rows[5];
    for (int i = 0; i < 5; i++) {
        rows[i] = rdb_value_int64(i);
    }
    push(fake, (rdb_fake_answer){.sql = "rows", .n_columns = 1, .columns = names, .n_rows = 5, .rows = rows});
    push(fake, (rdb_fake_answer){.op = RDB_FAKE_FETCH, .after = 3, .code = RDB_E_DEADLOCK, .effect = effect});
}

static lua_State *open_fake_state(rdb_fake **fake) {
    *fake = open_script("statements");
    lua_State *L = luaL_newstate();
    load_core(L, "fake://statements");
    must(L, "pool = core.pool_open('statements', url)\n"
            "rows = core.plan { sql = 'rows', shape = 'flat', columns = { { 'id', 'int64' } } }\n"
            "function fails(f, ...) local ok, err = pcall(f, ...) assert(not ok) assert(err.code == 'deadlock', err)\n"
            "  assert(err.sql == 'rows') end");
    return L;
}

static void failing_rows_give_the_lease_back(void **state) {
    (void)state;
    baseline before = take_baseline();
    rdb_fake *fake = NULL;
    lua_State *L = open_fake_state(&fake);
    script_rows(fake, RDB_FAKE_NO_EFFECT);
    must(L, "fails(core.fetch, pool, rows) assert(pool:stats().in_use == 0)");
    rdb_fake_clear(fake);
    script_rows(fake, RDB_FAKE_NO_EFFECT);
    must(L, "local c = core.cursor(pool, rows) assert(#c:fetch(2) == 2) fails(c.fetch, c, 2)\n"
            "assert(pool:stats().in_use == 0) assert(core.live().cursors == 0)");
    lua_close(L);
    rdb_fake_close(fake);
    assert_baseline(&before);
}

static void transactions_learn_of_failures(void **state) {
    (void)state;
    baseline before = take_baseline();
    rdb_fake *fake = NULL;
    lua_State *L = open_fake_state(&fake);
    script_rows(fake, RDB_FAKE_FAILS_TXN);
    must(L, "local t <close> = core.begin(pool) fails(core.fetch, t, rows) assert(t:state() == 'failed')\n"
            "local ok, err = pcall(core.fetch, t, rows) assert(err.code == 'misuse')\n"
            "assert(err.message:find 'roll it back') t:rollback() assert(pool:stats().in_use == 0)");
    lua_close(L);
    rdb_fake_close(fake);
    assert_baseline(&before);
}

/* -- states and registry -------------------------------------------------------------------------------------------- */

static void states_share_pools_by_name(void **state) {
    (void)state;
    baseline before = take_baseline();
    lua_State *first = open_state();
    lua_State *second = luaL_newstate();
    load_core(second, "");
    must(second, "pool = core.pool_get 'statements' assert(pool == core.pool_get 'statements')");
    lua_close(first);
    must(second, "assert(core.run(pool, 'SELECT count(*) AS n FROM t')[1].n == 150)");
    lua_close(second);
    assert_null(rdb__pool_registry_get("statements"));
    assert_baseline(&before);
}

static void closing_a_state_ends_everything(void **state) {
    (void)state;
    baseline before = take_baseline();
    lua_State *L = luaL_newstate();
    load_core(L, "sqlite://:memory:");
    must(L, prelude);
    must(L, "txn = core.begin(pool) cursor = core.cursor(txn, all) cursor:fetch(1)");
    lua_close(L);
    L = luaL_newstate();
    load_core(L, "sqlite://:memory:");
    must(L, prelude);
    must(L, "cursor = core.cursor(pool, all) cursor:fetch(1) other = core.cursor(pool, all)");
    lua_close(L);
    assert_baseline(&before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lua_memory_fails),
        cmocka_unit_test(core_memory_fails),
        cmocka_unit_test(failing_rows_give_the_lease_back),
        cmocka_unit_test(transactions_learn_of_failures),
        cmocka_unit_test(states_share_pools_by_name),
        cmocka_unit_test(closing_a_state_ends_everything),
    };
    rdb_log_set(NULL, NULL, RDB_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
