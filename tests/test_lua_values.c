/* rdb_value to Lua and back: every kind, what each refuses, and no leak when Lua raises. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <lualib.h>

#include "calendar.h"
#include "lua/bindings.h"

static lua_State *L;

static int open_state(void **state) {
    (void)state;
    L = luaL_newstate();
    luaL_openlibs(L);
    luaL_requiref(L, "rdb.core", luaopen_rdb_core, 0);
    lua_setglobal(L, "core");
    return 0;
}

static int close_state(void **state) {
    (void)state;
    lua_close(L);
    return 0;
}

/* Push the value of a Lua expression. */
static void evaluate(const char *expression) {
    lua_settop(L, 0);
    lua_pushfstring(L, "return %s", expression);
    if (luaL_dostring(L, lua_tostring(L, -1)) != LUA_OK) {
        fail_msg("%s", luaL_tolstring(L, -1, NULL));
    }
}

/* Assert that the expression, read as kind and pushed again, prints as text. */
static void round_trip(const char *expression, rdb_kind kind, const char *text) {
    char buffer[RLUA_VALUE_BUFFER];
    rdb_value value;
    rdb_error err;
    evaluate(expression);
    int pushed = rlua_to_value(L, -1, kind, &value, buffer, &err);
    if (pushed < 0) {
        fail_msg("%s as %s: %s", expression, rdb_kind_name(kind), err.message);
    }
    rlua_push_value(L, &value);
    assert_string_equal(luaL_tolstring(L, -1, NULL), text);
}

static void refuses(const char *expression, rdb_kind kind, rdb_code code, const char *message) {
    char buffer[RLUA_VALUE_BUFFER];
    rdb_value value;
    rdb_error err;
    evaluate(expression);
    int top = lua_gettop(L);
    assert_int_equal(rlua_to_value(L, -1, kind, &value, buffer, &err), -1);
    assert_int_equal(lua_gettop(L), top);
    assert_int_equal(err.code, code);
    assert_string_equal(err.message, message);
}

static void carries_every_kind(void **state) {
    (void)state;
    round_trip("true", RDB_KIND_BOOL, "true");
    round_trip("math.mininteger", RDB_KIND_INT64, "-9223372036854775808");
    round_trip("3.0", RDB_KIND_INT64, "3");
    round_trip("-2^63", RDB_KIND_INT64, "-9223372036854775808");
    round_trip("0.1", RDB_KIND_DOUBLE, "0.1");
    round_trip("2^53|0", RDB_KIND_DOUBLE, "9.007199254741e+15");
    round_trip("'a\\0b'", RDB_KIND_BYTES, "a");
    round_trip("'text'", RDB_KIND_TEXT, "text");
    round_trip("core.decimal '1.10'", RDB_KIND_DECIMAL, "1.10");
    round_trip("12", RDB_KIND_DECIMAL, "12");
    round_trip("'+01.50'", RDB_KIND_DECIMAL, "1.50");
    round_trip("'1E+3'", RDB_KIND_DECIMAL, "1000");
    round_trip("core.date '2024-02-29'", RDB_KIND_DATE, "2024-02-29");
    round_trip("'2024-02-29'", RDB_KIND_DATE, "2024-02-29");
    round_trip("'23:59:59.000001'", RDB_KIND_TIME, "23:59:59.000001");
    round_trip("core.time '12:00'", RDB_KIND_TIME, "12:00:00");
    round_trip("'2024-02-29T12:00:00+02:00'", RDB_KIND_TIMESTAMP, "2024-02-29T10:00:00Z");
    round_trip("core.datetime '2024-02-29T12:00:00.000001Z'", RDB_KIND_TIMESTAMP, "2024-02-29T12:00:00.000001Z");
    round_trip("'P1Y1DT26H'", RDB_KIND_INTERVAL, "P1Y2DT2H");
    round_trip("core.duration 'P1M'", RDB_KIND_INTERVAL, "P1M");
    round_trip("'6BA7B810-9DAD-11D1-80B4-00C04FD430C8'", RDB_KIND_UUID, "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
    round_trip("core.uuid '6ba7b8109dad11d180b400c04fd430c8'", RDB_KIND_UUID, "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
}

static void takes_nil_as_null(void **state) {
    (void)state;
    for (int kind = 0; kind < RDB_N_KINDS; kind++) {
        char buffer[RLUA_VALUE_BUFFER];
        rdb_value value;
        rdb_error err;
        evaluate("nil");
        assert_int_equal(rlua_to_value(L, -1, (rdb_kind)kind, &value, buffer, &err), 0);
        assert_int_equal(value.kind, RDB_KIND_NULL);
        evaluate("core.null");
        bool json = kind == RDB_KIND_JSON; /* rdb.null is the JSON null there */
        assert_int_equal(rlua_to_value(L, -1, (rdb_kind)kind, &value, buffer, &err), json ? 1 : 0);
        assert_int_equal(value.kind, json ? RDB_KIND_JSON : RDB_KIND_NULL);
    }
}

static void binds_any_by_type(void **state) {
    (void)state;
    static const struct {
        const char *expression;
        rdb_kind kind;
    } cases[] = {
        {"true", RDB_KIND_BOOL},
        {"1", RDB_KIND_INT64},
        {"1.0", RDB_KIND_DOUBLE},
        {"'x'", RDB_KIND_TEXT},
        {"core.decimal '1'", RDB_KIND_DECIMAL},
        {"core.date '2024-01-01'", RDB_KIND_DATE},
        {"core.time '01:00'", RDB_KIND_TIME},
        {"core.now()", RDB_KIND_TIMESTAMP},
        {"core.duration 'P1D'", RDB_KIND_INTERVAL},
        {"core.uuid()", RDB_KIND_UUID},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char buffer[RLUA_VALUE_BUFFER];
        rdb_value value;
        rdb_error err;
        evaluate(cases[i].expression);
        assert_int_equal(rlua_to_value(L, -1, RDB_KIND_ANY, &value, buffer, &err), 0);
        assert_int_equal(value.kind, cases[i].kind);
    }
    refuses("{}", RDB_KIND_ANY, RDB_E_INVALID_VALUE, "expected a value, got a table");
    refuses("print", RDB_KIND_ANY, RDB_E_INVALID_VALUE, "expected a value, got a function");
    refuses("io.stdout", RDB_KIND_ANY, RDB_E_INVALID_VALUE, "expected a value, got a userdata");
}

static void refuses_what_does_not_fit(void **state) {
    (void)state;
    refuses("'1'", RDB_KIND_INT64, RDB_E_INVALID_VALUE, "expected an integer, got a string");
    refuses("1.5", RDB_KIND_INT64, RDB_E_INVALID_VALUE, "expected an integer, got a float with a fraction");
    refuses("0/0", RDB_KIND_INT64, RDB_E_INVALID_VALUE, "expected an integer, got a float with a fraction");
    refuses("2^63", RDB_KIND_INT64, RDB_E_OUT_OF_RANGE, "expected an integer, got a float beyond 64 bits");
    refuses("true", RDB_KIND_INT64, RDB_E_INVALID_VALUE, "expected an integer, got a boolean");
    refuses("(1<<53)+1", RDB_KIND_DOUBLE, RDB_E_OUT_OF_RANGE, "the integer has no exact value as a float");
    refuses("1", RDB_KIND_BOOL, RDB_E_INVALID_VALUE, "expected a boolean, got an integer");
    refuses("1", RDB_KIND_TEXT, RDB_E_INVALID_VALUE, "expected a string, got an integer");
    refuses("core.uuid()", RDB_KIND_TEXT, RDB_E_INVALID_VALUE, "expected a string, got a uuid");
    refuses("1.5", RDB_KIND_DECIMAL, RDB_E_INVALID_VALUE, "expected a decimal, got a float");
    refuses("'x'", RDB_KIND_DECIMAL, RDB_E_INVALID_VALUE, "expected a decimal, got a string of another form");
    refuses("'2023-02-29'", RDB_KIND_DATE, RDB_E_INVALID_VALUE, "expected a date, got a string of another form");
    refuses("core.now()", RDB_KIND_DATE, RDB_E_INVALID_VALUE, "expected a date, got a datetime");
    refuses("core.date '2024-01-01'", RDB_KIND_TIMESTAMP, RDB_E_INVALID_VALUE, "expected a datetime, got a date");
    refuses("1", RDB_KIND_INTERVAL, RDB_E_INVALID_VALUE, "expected a duration, got an integer");
    refuses("'x'", RDB_KIND_UUID, RDB_E_INVALID_VALUE, "expected a uuid, got a string of another form");
    refuses("{}", RDB_KIND_TEXT, RDB_E_INVALID_VALUE, "expected a string, got a table");
    refuses("{a=1}", RDB_KIND_ARRAY, RDB_E_INVALID_VALUE, "expected an array, got a table with string keys");
    refuses("{f=print}", RDB_KIND_JSON, RDB_E_INVALID_VALUE, "f: a function has no JSON form");
}

static void encodes_json(void **state) {
    (void)state;
    static const struct {
        const char *expression, *text;
        rdb_kind kind;
    } cases[] = {
        {"{b=1,a={}}", "{\"a\":{},\"b\":1}", RDB_KIND_JSON},
        {"'x'", "\"x\"", RDB_KIND_JSON},
        {"core.null", "null", RDB_KIND_JSON},
        {"false", "false", RDB_KIND_JSON},
        {"{}", "[]", RDB_KIND_ARRAY},
        {"{1,2}", "[1,2]", RDB_KIND_ARRAY},
        {"core.array{}", "[]", RDB_KIND_JSON},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char buffer[RLUA_VALUE_BUFFER];
        rdb_value value;
        rdb_error err;
        evaluate(cases[i].expression);
        assert_int_equal(rlua_to_value(L, -1, cases[i].kind, &value, buffer, &err), 1);
        assert_int_equal(value.kind, cases[i].kind);
        assert_int_equal(value.more.len, strlen(cases[i].text));
        assert_memory_equal(value.as.text, cases[i].text, value.more.len);
    }
}

static void takes_long_decimals(void **state) {
    (void)state;
    evaluate("(function() local s = '00' .. ('7'):rep(300) .. '.5' return s end)()");
    char buffer[RLUA_VALUE_BUFFER];
    rdb_value value;
    rdb_error err;
    assert_int_equal(rlua_to_value(L, -1, RDB_KIND_DECIMAL, &value, buffer, &err), 1);
    assert_int_equal(value.more.len, 302);
    assert_memory_equal(value.as.text + 298, "77.5", 4);
}

static int l_push_bad_json(lua_State *state) {
    rdb_value value = rdb_value_text("{\"a\":", 5);
    value.kind = RDB_KIND_JSON;
    rlua_push_value(state, &value);
    return 1;
}

static void raises_for_malformed_json(void **state) {
    (void)state;
    lua_settop(L, 0);
    lua_pushcfunction(L, l_push_bad_json);
    assert_int_equal(lua_pcall(L, 0, 1, 0), LUA_ERRRUN);
    lua_getfield(L, -1, "code");
    assert_string_equal(lua_tostring(L, -1), "invalid_value");
}

/* An allocator that fails after a while: whatever was half made goes with the state. */
static void *limited(void *limit, void *block, size_t old_size, size_t new_size) {
    long *left = limit;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    if ((!block || new_size > old_size) && *left >= 0 && (*left)-- == 0) {
        *left = 0;
        return NULL;
    }
    return realloc(block, new_size);
}

static int l_use_values(lua_State *state) {
    luaL_openlibs(state);
    luaL_requiref(state, "rdb.core", luaopen_rdb_core, 0);
    lua_setglobal(state, "core");
    static const char code[] = "local v = core.json_decode('{\"a\":[1,{\"b\":\"c\"}],\"d\":1.5}')\n"
                               "assert(core.json_encode(v) == '{\"a\":[1,{\"b\":\"c\"}],\"d\":1.5}')\n"
                               "local d = core.decimal(('9'):rep(300)) * core.decimal '1.5'\n"
                               "return tostring(d), tostring(core.now() + core.duration 'P1D')";
    if (luaL_dostring(state, code) != LUA_OK) {
        return lua_error(state);
    }
    return 0;
}

static void survives_missing_memory(void **state) {
    (void)state;
    bool done = false;
    for (long n = 0; !done; n += 3) {
        long left = n;
        lua_State *limited_state = lua_newstate(limited, &left);
        if (!limited_state) {
            continue;
        }
        lua_pushcfunction(limited_state, l_use_values); /* fits the new state's stack, allocates nothing */
        done = lua_pcall(limited_state, 0, 0, 0) == LUA_OK;
        left = -1;
        lua_close(limited_state);
        assert_true(n < 100000);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(carries_every_kind),
        cmocka_unit_test(takes_nil_as_null),
        cmocka_unit_test(binds_any_by_type),
        cmocka_unit_test(refuses_what_does_not_fit),
        cmocka_unit_test(encodes_json),
        cmocka_unit_test(takes_long_decimals),
        cmocka_unit_test(raises_for_malformed_json),
        cmocka_unit_test(survives_missing_memory),
    };
    return cmocka_run_group_tests(tests, open_state, close_state);
}
