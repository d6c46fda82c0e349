/* parameters.h - Lua values to statement parameters.
 *
 * Values borrow from Lua values, which stay on the stack until the statement is over: read everything, run, then let
 * the function return. */
#ifndef RDB_LUA_PARAMETERS_H
#define RDB_LUA_PARAMETERS_H

#include "plan.h"

#define RLUA_PARAMS_INLINE  24
#define RLUA_PARAMS_BUFFERS 2

typedef struct rlua_params {
    rdb_value *values; /* count of them: room, or a userdata on the stack */
    int count;
    int buffers_used;
    rdb_value room[RLUA_PARAMS_INLINE];
    char buffers[RLUA_PARAMS_BUFFERS][RLUA_VALUE_BUFFER];
} rlua_params;

/* rlua_params_begin - room for count values, and on the Lua stack for all they leave there. May push. [-0, +?, m] */
void rlua_params_begin(lua_State *L, rlua_params *params, int count);
/* rlua_params_convert - the value on top as kind into out. It stays on the stack, unless out does not need it.
 * Returns 0, or -1 with err set. [-1, +(0..3), m] */
int rlua_params_convert_slowly(lua_State *L, rlua_params *params, uint8_t kind, rdb_value *out, rdb_error *err);
static inline int rlua_params_convert(lua_State *L, rlua_params *params, uint8_t kind, rdb_value *out, rdb_error *err) {
    switch (lua_type(L, -1)) {
    case LUA_TNIL:
        *out = rdb_value_null();
        lua_pop(L, 1);
        return 0;
    case LUA_TNUMBER:
        if ((kind == RDB_KIND_INT64 || kind == RDB_KIND_ANY) && lua_isinteger(L, -1)) {
            *out = rdb_value_int64(lua_tointeger(L, -1));
        } else if (kind == RDB_KIND_DOUBLE && !lua_isinteger(L, -1)) {
            *out = rdb_value_double(lua_tonumber(L, -1));
        } else {
            break;
        }
        lua_pop(L, 1);
        return 0;
    case LUA_TSTRING:
        if (kind == RDB_KIND_TEXT || kind == RDB_KIND_ANY) {
            size_t len;
            const char *text = lua_tolstring(L, -1, &len);
            *out = rdb_value_text(text, len);
            return 0;
        }
        break;
    case LUA_TBOOLEAN:
        if (kind == RDB_KIND_BOOL) {
            *out = rdb_value_bool(lua_toboolean(L, -1));
            lua_pop(L, 1);
            return 0;
        }
        break;
    default:
        break;
    }
    return rlua_params_convert_slowly(L, params, kind, out, err);
}
/* rlua_params_read - the plan's parameters from the array at index (nil when there are none); raises invalid_value with
 * `param` set. [-0, +?, v] */
void rlua_params_read(lua_State *L, rlua_params *params, const rlua_plan *plan, int index);
/* rlua_params_read_any - parameters of any kind from the array at index: its n, else its length. [-0, +?, v] */
void rlua_params_read_any(lua_State *L, rlua_params *params, int index);

#endif
