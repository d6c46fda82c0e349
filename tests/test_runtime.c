/* Embedding: runtimes, states, calls with signatures, errors that become rdb_error, threads that share a pool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <lauxlib.h>
#include <lualib.h>
#include <pthread.h>
#include <unistd.h>

#include "alloc.h"
#include "rdb.h"

static rdb_runtime *runtime;
static rdb_state *st;
static rdb_error err;

static int open_all(void **state) {
    (void)state;
    unsetenv("RDB_LUA_DIR");
    assert_int_equal(rdb_runtime_open(NULL, &runtime, &err), RDB_OK);
    assert_int_equal(rdb_state_open(runtime, &st, &err), RDB_OK);
    return 0;
}

static int close_all(void **state) {
    (void)state;
    rdb_state_close(st);
    rdb_runtime_close(runtime);
    return 0;
}

static void run(const char *code) {
    if (rdb_state_dostring(st, code, "=test", &err) != RDB_OK) {
        fail_msg("%s", err.message);
    }
}

static void calls_with_every_type(void **state) {
    (void)state;
    run("function echo(s, i, n, b) return s, i, n, b end");
    const char *text = NULL;
    long long integer = 0;
    double number = 0;
    bool truth = false;
    assert_int_equal(
        rdb_state_call(st, "echo", "sinb>sinb", "text", -7LL, 1.5, true, &text, &integer, &number, &truth, &err),
        RDB_OK);
    assert_string_equal(text, "text");
    assert_true(integer == -7 && number == 1.5 && truth);
    assert_int_equal(rdb_state_call(st, "echo", "s>s", (const char *)NULL, &text, &err), RDB_OK);
    assert_null(text);
    assert_int_equal(rdb_state_call(st, "echo", "s>n", "x", &number, &err), RDB_E_INVALID_VALUE);
    assert_string_equal(err.message, "result 1 of echo does not fit 'n' of the signature: it is string");
    assert_int_equal(rdb_state_call(st, "echo", "sn>si", "x", 2.0, &text, &integer, &err), RDB_OK);
    assert_true(integer == 2);
    assert_int_equal(rdb_state_call(st, "echo", "sn>si", "x", 2.5, &text, &integer, &err), RDB_E_INVALID_VALUE);
    assert_true(integer == 2); /* untouched */
    assert_int_equal(rdb_state_call(st, "echo", "", &err), RDB_OK);
    assert_int_equal(rdb_state_call(st, "echo", ">b", &truth, &err), RDB_E_INVALID_VALUE); /* nil is no boolean */
    assert_int_equal(rdb_state_call(st, "echo", "x", &err), RDB_E_MISUSE);
    assert_int_equal(rdb_state_call(st, "echo", "s>s>s", "x", &err), RDB_E_MISUSE);
}

static void keeps_returned_strings(void **state) {
    (void)state;
    run("function fresh(i) return ('x'):rep(100) .. i end");
    const char *text = NULL;
    assert_int_equal(rdb_state_call(st, "fresh", "i>s", 1LL, &text, &err), RDB_OK);
    run("collectgarbage() collectgarbage()");
    assert_int_equal(strlen(text), 101);
    assert_int_equal(lua_gettop(rdb_state_lua(st)), 0);
}

static void finds_functions_of_modules(void **state) {
    (void)state;
    run("package.preload['app.handlers'] = function() return { double = function(i) return 2 * i end, x = 1 } end");
    long long integer = 0;
    assert_int_equal(rdb_state_call(st, "app.handlers.double", "i>i", 21LL, &integer, &err), RDB_OK);
    assert_true(integer == 42);
    assert_int_equal(rdb_state_call(st, "app.handlers.x", "", &err), RDB_E_MISUSE);
    assert_string_equal(err.message, "cannot call app.handlers.x: it is no function");
    assert_int_equal(rdb_state_call(st, "nothing", "", &err), RDB_E_MISUSE);
    assert_int_equal(rdb_state_call(st, "no.such.module", "", &err), RDB_E_MISUSE);
    assert_non_null(strstr(err.message, "module 'no.such' not found"));
}

static void turns_errors_into_values(void **state) {
    (void)state;
    assert_int_equal(rdb_state_dostring(st, "local function f() error 'boom' end\nf()", "=chunk", &err), RDB_E_MISUSE);
    assert_non_null(strstr(err.message, "chunk:1: boom"));
    assert_non_null(strstr(err.message, "stack traceback"));
    assert_non_null(strstr(err.message, "chunk:2"));
    assert_int_equal(rdb_state_dostring(st, "x x", "=chunk", &err), RDB_E_MISUSE);
    assert_non_null(strstr(err.message, "chunk:1: syntax error"));
    assert_int_equal(rdb_state_dofile(st, "/nonexistent.lua", &err), RDB_E_MISUSE);
    assert_non_null(strstr(err.message, "/nonexistent.lua"));

    run("function fail() require 'rdb.core'.raise('unique_violation', 'twice', { table = 'person', column = 'name',"
        " constraint = 'one', native = 2067, sqlstate = '23505', backend = 'sqlite', hint = 'another' }) end");
    assert_int_equal(rdb_state_call(st, "fail", "", &err), RDB_E_UNIQUE_VIOLATION);
    assert_string_equal(err.message, "twice");
    assert_string_equal(err.table, "person");
    assert_string_equal(err.column, "name");
    assert_string_equal(err.constraint, "one");
    assert_string_equal(err.sqlstate, "23505");
    assert_string_equal(err.backend, "sqlite");
    assert_string_equal(err.hint, "another");
    assert_int_equal(err.native, 2067);

    assert_int_equal(
        rdb_state_dostring(st, "error(setmetatable({}, {__tostring = function() return 'mine' end}))", NULL, &err),
        RDB_E_MISUSE);
    assert_string_equal(err.message, "mine");
    assert_int_equal(rdb_state_dostring(st, "error(setmetatable({}, {__tostring = error}))", NULL, &err), RDB_E_MISUSE);
    assert_int_equal(rdb_state_dostring(st, "error(nil)", NULL, NULL), RDB_E_MISUSE);
}

static void honours_its_options(void **state) {
    (void)state;
    char folder[] = "/tmp/rdb-runtime-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char file[64];
    snprintf(file, sizeof file, "%s/extra.lua", folder);
    FILE *out = fopen(file, "w");
    fputs("return { answer = function() return 42 end }", out);
    fclose(out);
    char path[64];
    snprintf(path, sizeof path, "%s/?.lua", folder);

    rdb_runtime_options options;
    rdb_runtime_options_init(&options);
    options.path = path;
    options.lua_dir = folder; /* has no file of ours */
    rdb_runtime *own = NULL;
    rdb_state *inner = NULL;
    assert_int_equal(rdb_runtime_open(&options, &own, &err), RDB_OK);
    assert_int_equal(rdb_state_open(own, &inner, &err), RDB_OK);
    rdb_runtime_close(own); /* the state keeps it */
    long long answer = 0;
    assert_int_equal(rdb_state_call(inner, "extra.answer", ">i", &answer, &err), RDB_OK);
    assert_true(answer == 42);
    assert_int_equal(rdb_state_dostring(inner, "require 'rdb'", NULL, &err), RDB_E_MISUSE);
    assert_non_null(strstr(err.message, folder));
    rdb_state_close(inner);
    unlink(file);
    rmdir(folder);
}

static void shares_pools_by_name(void **state) {
    (void)state;
    rdb_runtime *own = NULL;
    rdb_state *inner = NULL;
    rdb_pool *pool = NULL;
    assert_int_equal(rdb_runtime_open(NULL, &own, &err), RDB_OK);
    assert_int_equal(rdb_pool_open("fake://", NULL, &pool, &err), RDB_OK);
    assert_int_equal(rdb_runtime_add_pool(own, "shared", pool, &err), RDB_OK);
    assert_int_equal(rdb_runtime_add_pool(own, "shared", pool, &err), RDB_E_CONFIG);
    assert_int_equal(rdb_state_open(own, &inner, &err), RDB_OK);
    const char *has = "function has() return require 'rdb.core'.pool_get 'shared' ~= nil end";
    assert_int_equal(rdb_state_dostring(inner, has, NULL, &err), RDB_OK);
    assert_int_equal(rdb_state_dostring(st, has, NULL, &err), RDB_OK);
    bool found = false;
    assert_int_equal(rdb_state_call(inner, "has", ">b", &found, &err), RDB_OK);
    assert_true(found);
    rdb_runtime_close(own);
    assert_int_equal(rdb_state_call(inner, "has", ">b", &found, &err), RDB_OK);
    assert_true(found); /* the state still uses it */
    rdb_state_close(inner);
    assert_int_equal(rdb_state_call(st, "has", ">b", &found, &err), RDB_OK);
    assert_false(found);
    rdb_pool_unref(pool);
}

static void loads_into_a_hosts_own_state(void **state) {
    (void)state;
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    luaL_requiref(L, "rdb", luaopen_rdb, 0);
    assert_true(lua_istable(L, -1));
    lua_getglobal(L, "require");
    lua_pushliteral(L, "rdb");
    lua_call(L, 1, 1);
    assert_true(lua_rawequal(L, -1, -2));
    lua_close(L);
}

static void *use_a_state(void *result) {
    rdb_error own_err;
    rdb_state *inner = NULL;
    long long *sum = result;
    if (rdb_state_open(runtime, &inner, &own_err) == RDB_OK &&
        rdb_state_dostring(inner,
                           "local core = require 'rdb.core'\n"
                           "function work(n) local sum = core.decimal '0'\n"
                           "for i = 1, n do sum = sum + core.decimal(tostring(i)) end\n"
                           "return sum:tointeger() end",
                           "=work", &own_err) == RDB_OK) {
        rdb_code code = rdb_state_call(inner, "work", "i>i", 1000LL, sum, &own_err);
        *sum = code == RDB_OK ? *sum : -1;
    }
    rdb_state_close(inner);
    return NULL;
}

static void runs_a_state_per_thread(void **state) {
    (void)state;
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    long long sums[THREADS] = {0};
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, use_a_state, &sums[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_true(sums[i] == 500500);
    }
}

static void survives_missing_memory(void **state) {
    (void)state;
    long live = rdb__alloc_live();
    rdb_runtime_options options;
    rdb_runtime_options_init(&options);
    options.path = "/x/?.lua";
    options.lua_dir = "/x";
    rdb_pool *pool = NULL;
    assert_int_equal(rdb_pool_open("fake://", NULL, &pool, &err), RDB_OK);
    bool done = false;
    for (long n = 0; !done; n++) {
        rdb_runtime *own = NULL;
        rdb_state *inner = NULL;
        rdb__alloc_fail_after(n);
        done = rdb_runtime_open(&options, &own, &err) == RDB_OK &&
               rdb_runtime_add_pool(own, "sweep", pool, &err) == RDB_OK && rdb_state_open(own, &inner, &err) == RDB_OK;
        if (!done) {
            assert_int_equal(err.code, RDB_E_NO_MEMORY);
        }
        rdb_state_close(inner);
        rdb_runtime_close(own);
        assert_true(n < 1000);
    }
    rdb__alloc_fail_after(-1);
    rdb_pool_unref(pool);
    assert_int_equal(rdb__alloc_live(), live);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_with_every_type),        cmocka_unit_test(keeps_returned_strings),
        cmocka_unit_test(finds_functions_of_modules),   cmocka_unit_test(turns_errors_into_values),
        cmocka_unit_test(honours_its_options),          cmocka_unit_test(shares_pools_by_name),
        cmocka_unit_test(loads_into_a_hosts_own_state), cmocka_unit_test(runs_a_state_per_thread),
        cmocka_unit_test(survives_missing_memory),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
