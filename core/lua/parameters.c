/* parameters.c - reading the parameter array of a statement. */
#include "parameters.h"

void rlua_params_begin(lua_State *L, rlua_params *params, int count) {
    params->values = params->room;
    params->count = count;
    params->buffers_used = 0;
    luaL_checkstack(L, 3 * count + LUA_MINSTACK, "too many parameters");
    if (count > RLUA_PARAMS_INLINE) {
        params->values = (rdb_value *)lua_newuserdatauv(L, sizeof(rdb_value) * (size_t)count, 0);
    }
}

int rlua_params_convert_slowly(lua_State *L, rlua_params *params, uint8_t kind, rdb_value *out, rdb_error *err) {
    char *buffer;
    if (params->buffers_used < RLUA_PARAMS_BUFFERS) {
        buffer = params->buffers[params->buffers_used];
    } else {
        buffer = (char *)lua_newuserdatauv(L, RLUA_VALUE_BUFFER, 0);
        lua_insert(L, -2);
    }
    if (rlua_to_value(L, -1, (rdb_kind)kind, out, buffer, err) < 0) {
        return -1;
    }
    params->buffers_used += (out->kind > RDB_KIND_DOUBLE && out->as.text == buffer);
    return 0;
}

static int raise_param(lua_State *L, const rdb_error *err, int position, const char *sql) {
    rlua_push_error(L, err, sql);
    lua_pushinteger(L, position);
    lua_setfield(L, -2, "param");
    return lua_error(L);
}

void rlua_params_read(lua_State *L, rlua_params *params, const rlua_plan *plan, int index) {
    rlua_params_begin(L, params, plan->n_params);
    if (plan->n_params == 0) {
        return;
    }
    if (lua_type(L, index) != LUA_TTABLE) {
        rlua_raise_code(L, RDB_E_MISUSE, "the statement needs an array of %d parameters, got %s", plan->n_params,
                        luaL_typename(L, index));
    }
    for (int i = 0; i < plan->n_params; i++) {
        lua_rawgeti(L, index, i + 1);
        rdb_error err;
        if (rlua_params_convert(L, params, plan->param_kinds[i], &params->values[i], &err) != 0) {
            raise_param(L, &err, i + 1, plan->sql);
        }
    }
}

/* How many parameters the array at index has: its n, else its length. */
static int count_any(lua_State *L, int index) {
    if (lua_isnoneornil(L, index)) {
        return 0;
    }
    luaL_checktype(L, index, LUA_TTABLE);
    lua_pushliteral(L, "n");
    lua_Integer count = lua_rawget(L, index) == LUA_TNUMBER ? lua_tointeger(L, -1) : (lua_Integer)lua_rawlen(L, index);
    lua_pop(L, 1);
    if (count < 0 || count > 1000000) {
        rlua_raise_code(L, RDB_E_MISUSE, "params.n must be the number of parameters");
    }
    return (int)count;
}

void rlua_params_read_any(lua_State *L, rlua_params *params, int index) {
    int count = count_any(L, index);
    rlua_params_begin(L, params, count);
    for (int i = 0; i < count; i++) {
        lua_rawgeti(L, index, i + 1);
        rdb_error err;
        if (rlua_params_convert(L, params, RDB_KIND_ANY, &params->values[i], &err) != 0) {
            raise_param(L, &err, i + 1, NULL);
        }
    }
}
