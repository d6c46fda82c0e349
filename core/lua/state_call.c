/* state_call.c - rdb_state_call(): C values in, a Lua function, C values out. */
#include <lauxlib.h>
#include <stdarg.h>
#include <string.h>

#include "bindings.h"
#include "runtime_internal.h"

/* Inputs and results that a signature may have, together. */
#define MOST_ARGUMENTS 32

/* One letter of the signature with its argument. */
typedef struct argument {
    char type; /* s i n b */
    union {
        const char *text;
        long long integer;
        double number;
        bool boolean;
        void *result; /* where a result goes */
    } as;
} argument;

typedef struct call {
    const char *function; /* "module.function" or a global's name */
    argument arguments[MOST_ARGUMENTS];
    int n_inputs;
    int n_results;
    const void *anchor; /* registry key of the table that keeps returned strings alive */
} call;

/* Read the variable arguments as the signature says. The rdb_error that follows them is found only when the whole
 * signature is understood: false otherwise. */
static bool read_arguments(call *self, const char *signature, va_list args, rdb_error **err) {
    bool results = false;
    for (const char *at = signature; *at; at++) {
        if (*at == '>' && !results) {
            results = true;
            continue;
        }
        int n = self->n_inputs + self->n_results;
        if (n == MOST_ARGUMENTS || !strchr("sinb", *at)) {
            return false;
        }
        argument *next = &self->arguments[n];
        next->type = *at;
        if (results) {
            next->as.result = va_arg(args, void *);
            self->n_results++;
            continue;
        }
        self->n_inputs++;
        switch (*at) {
        case 's':
            next->as.text = va_arg(args, const char *);
            break;
        case 'i':
            next->as.integer = va_arg(args, long long);
            break;
        case 'n':
            next->as.number = va_arg(args, double);
            break;
        default:
            next->as.boolean = va_arg(args, int) != 0;
        }
    }
    *err = va_arg(args, rdb_error *);
    return true;
}

/* Push the function: "app.blog.handle" is field handle of module app.blog, "handle" a global. */
static void push_function(lua_State *L, const char *name) {
    const char *dot = strrchr(name, '.');
    if (dot) {
        lua_getglobal(L, "require");
        lua_pushlstring(L, name, (size_t)(dot - name));
        lua_call(L, 1, 1);
        if (!lua_istable(L, -1)) {
            rlua_raise_code(L, RDB_E_MISUSE, "cannot call %s: its module is no table", name);
        }
        lua_getfield(L, -1, dot + 1);
        lua_remove(L, -2);
    } else {
        lua_getglobal(L, name);
    }
    if (!lua_isfunction(L, -1)) {
        rlua_raise_code(L, RDB_E_MISUSE, "cannot call %s: it is no function", name);
    }
}

static void push_input(lua_State *L, const argument *input) {
    switch (input->type) {
    case 's':
        lua_pushstring(L, input->as.text); /* NULL gives nil */
        break;
    case 'i':
        lua_pushinteger(L, input->as.integer);
        break;
    case 'n':
        lua_pushnumber(L, input->as.number);
        break;
    default:
        lua_pushboolean(L, input->as.boolean);
    }
}

/* Raise unless the value at index is what the signature promises. */
static void check_result(lua_State *L, int index, const argument *result, const call *self, int number) {
    int type = lua_type(L, index);
    int exact = 0;
    bool good = false;
    switch (result->type) {
    case 's':
        good = type == LUA_TSTRING || type == LUA_TNIL;
        break;
    case 'i':
        lua_tointegerx(L, index, &exact);
        good = type == LUA_TNUMBER && exact;
        break;
    case 'n':
        good = type == LUA_TNUMBER;
        break;
    default:
        good = type == LUA_TBOOLEAN;
    }
    if (!good) {
        rlua_raise_code(L, RDB_E_INVALID_VALUE, "result %d of %s does not fit '%c' of the signature: it is %s", number,
                        self->function, result->type, luaL_typename(L, index));
    }
}

static void store_result(lua_State *L, int index, const argument *result) {
    switch (result->type) {
    case 's':
        *(const char **)result->as.result = lua_tostring(L, index);
        break;
    case 'i':
        *(long long *)result->as.result = lua_tointeger(L, index);
        break;
    case 'n':
        *(double *)result->as.result = lua_tonumber(L, index);
        break;
    default:
        *(bool *)result->as.result = lua_toboolean(L, index);
    }
}

/* Protected: argument 1 is the call. Results are stored only when all of them fit. */
static int l_call(lua_State *L) {
    const call *self = lua_touserdata(L, 1);
    luaL_checkstack(L, MOST_ARGUMENTS + 8, NULL);
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, self->anchor);
    push_function(L, self->function);
    for (int i = 0; i < self->n_inputs; i++) {
        push_input(L, &self->arguments[i]);
    }
    lua_call(L, self->n_inputs, self->n_results);
    const argument *results = self->arguments + self->n_inputs;
    lua_createtable(L, self->n_results, 0);
    for (int i = 0; i < self->n_results; i++) {
        check_result(L, 2 + i, &results[i], self, i + 1);
        lua_pushvalue(L, 2 + i);
        lua_rawseti(L, -2, i + 1);
    }
    lua_rawsetp(L, LUA_REGISTRYINDEX, self->anchor);
    for (int i = 0; i < self->n_results; i++) {
        store_result(L, 2 + i, &results[i]);
    }
    return 0;
}

rdb_code rdb_state_call(rdb_state *state, const char *function, const char *signature, ...) {
    call self = {.function = function, .anchor = state};
    rdb_error *err = NULL;
    va_list args;
    va_start(args, signature);
    bool understood = read_arguments(&self, signature, args, &err);
    va_end(args);
    if (!understood) {
        return RDB_E_MISUSE;
    }
    rdb_error_clear(err);
    lua_State *L = state->L;
    if (!lua_checkstack(L, 4)) {
        return rdb_error_set(err, RDB_E_NO_MEMORY, "no room on the Lua stack");
    }
    int top = lua_gettop(L);
    lua_pushcfunction(L, rlua__error_handler);
    lua_pushcfunction(L, l_call);
    lua_pushlightuserdata(L, &self);
    int status = lua_pcall(L, 1, 0, top + 1);
    rdb_code code = status == LUA_OK ? RDB_OK : rlua__to_error(L, status, err);
    lua_settop(L, top);
    return code;
}
