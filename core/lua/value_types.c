/* value_types.c - see value_types.h: metatables, the type test and what all value types share. */
#include "value_types.h"

#include <string.h>

static const char *const names[RLUA_N_TYPES] = {"nothing", "date", "time", "datetime", "duration", "decimal", "uuid"};
static const char *const described[RLUA_N_TYPES] = {"a userdata", "a date",    "a time", "a datetime",
                                                    "a duration", "a decimal", "a uuid"};

/* Addresses are keys: of the metatables in the registry, and of the type's number in a metatable. */
static const char metatable_keys[RLUA_N_TYPES];
static const char type_key;

const char *rlua__type_name(rlua_type type) {
    return names[type];
}

static int l_value_no_write(lua_State *L) {
    rlua_type type;
    rlua__type_test(L, 1, &type);
    return rlua_raise_code(L, RDB_E_MISUSE, "%s cannot be changed", described[type]);
}

static int compare_values(lua_State *L) {
    rlua_type left_type, right_type;
    const void *left = rlua__type_test(L, 1, &left_type);
    const void *right = rlua__type_test(L, 2, &right_type);
    if (left_type != right_type) {
        return rlua_raise_code(L, RDB_E_INVALID_VALUE, "cannot compare %s with %s", rlua__describe(L, 1),
                               rlua__describe(L, 2));
    }
    if (left_type == RLUA_UUID) {
        return memcmp(left, right, 16);
    }
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static int l_value_eq(lua_State *L) {
    rlua_type left_type, right_type;
    rlua__type_test(L, 1, &left_type);
    rlua__type_test(L, 2, &right_type);
    lua_pushboolean(L, left_type == right_type && compare_values(L) == 0);
    return 1;
}

static int l_value_lt(lua_State *L) {
    lua_pushboolean(L, compare_values(L) < 0);
    return 1;
}

static int l_value_le(lua_State *L) {
    lua_pushboolean(L, compare_values(L) <= 0);
    return 1;
}

void rlua__type_define(lua_State *L, rlua_type type, lua_CFunction index, const luaL_Reg *methods,
                       const luaL_Reg *meta) {
    static const luaL_Reg shared[] = {{"__eq", l_value_eq},
                                      {"__lt", l_value_lt},
                                      {"__le", l_value_le},
                                      {"__newindex", l_value_no_write},
                                      {NULL, NULL}};
    char registered[32] = "rdb.";
    strcat(registered, names[type]);
    luaL_newmetatable(L, registered); /* sets __name */
    luaL_setfuncs(L, shared, 0);
    luaL_setfuncs(L, meta, 0);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_pushcclosure(L, index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushinteger(L, (lua_Integer)type);
    lua_rawsetp(L, -2, &type_key);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &metatable_keys[type]);
}

void *rlua__type_new(lua_State *L, rlua_type type, size_t size) {
    void *value = lua_newuserdatauv(L, size, 0);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &metatable_keys[type]);
    lua_setmetatable(L, -2);
    return value;
}

void *rlua__type_test(lua_State *L, int index, rlua_type *type) {
    *type = RLUA_NO_TYPE;
    if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index)) {
        return NULL;
    }
    lua_rawgetp(L, -1, &type_key);
    *type = (rlua_type)lua_tointeger(L, -1);
    lua_pop(L, 2);
    return *type == RLUA_NO_TYPE ? NULL : lua_touserdata(L, index);
}

void *rlua__type_get(lua_State *L, int index, rlua_type type) {
    rlua_type found;
    void *value = rlua__type_test(L, index, &found);
    return found == type ? value : NULL;
}

void *rlua__type_check(lua_State *L, int index, rlua_type type) {
    void *value = rlua__type_get(L, index, type);
    if (!value) {
        rlua_raise_code(L, RDB_E_INVALID_VALUE, "expected %s, got %s", described[type], rlua__describe(L, index));
    }
    return value;
}

int rlua__type_method(lua_State *L) {
    lua_settop(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    return 1;
}

const char *rlua__describe(lua_State *L, int index) {
    rlua_type type;
    switch (lua_type(L, index)) {
    case LUA_TNONE:
    case LUA_TNIL:
        return "nil";
    case LUA_TBOOLEAN:
        return "a boolean";
    case LUA_TNUMBER:
        return lua_isinteger(L, index) ? "an integer" : "a float";
    case LUA_TSTRING:
        return "a string";
    case LUA_TTABLE:
        return "a table";
    case LUA_TFUNCTION:
        return "a function";
    case LUA_TTHREAD:
        return "a coroutine";
    case LUA_TLIGHTUSERDATA:
        return rlua_is_null(L, index) ? "rdb.null" : "a pointer";
    default:
        rlua__type_test(L, index, &type);
        return described[type];
    }
}

lua_Integer rlua__integer_field(lua_State *L, int index, const char *name, int position, lua_Integer fallback) {
    int type = lua_getfield(L, index, name);
    if (type == LUA_TNIL && position > 0) {
        lua_pop(L, 1);
        type = lua_geti(L, index, position);
    }
    lua_Integer number = fallback;
    if (type != LUA_TNIL) {
        int exact = 0;
        number = lua_tointegerx(L, -1, &exact);
        if (type != LUA_TNUMBER || !exact) {
            rlua_raise_code(L, RDB_E_INVALID_VALUE, "%s: expected an integer, got %s", name, rlua__describe(L, -1));
        }
    }
    lua_pop(L, 1);
    return number;
}
