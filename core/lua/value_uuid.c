/* value_uuid.c - the Lua type uuid: 16 bytes. */
#include <string.h>

#include "../uuid_text.h"
#include "value_types.h"

void rlua__push_uuid(lua_State *L, const unsigned char *bytes) {
    memcpy(rlua__type_new(L, RLUA_UUID, RDB_UUID_BYTES), bytes, RDB_UUID_BYTES);
}

/* core.uuid(text | uuid | nothing) -> uuid; without an argument a random one (version 4). An explicit nil is refused:
 * it is a missing value, not a wish for a new key.   [-0, +1, v] */
static int l_uuid_new(lua_State *L) {
    if (rlua__type_get(L, 1, RLUA_UUID)) {
        lua_settop(L, 1);
        return 1;
    }
    unsigned char bytes[RDB_UUID_BYTES];
    if (lua_isnone(L, 1)) {
        if (!rdb__uuid_random(bytes)) {
            return rlua_raise_code(L, RDB_E_DATABASE_ERROR, "the system gives no random bytes for a uuid");
        }
        rlua__push_uuid(L, bytes);
        return 1;
    }
    if (lua_type(L, 1) != LUA_TSTRING) {
        return rlua_raise_code(L, RDB_E_INVALID_VALUE, "expected the text of a uuid, got %s", rlua__describe(L, 1));
    }
    size_t len;
    const char *text = lua_tolstring(L, 1, &len);
    if (!rdb__uuid_parse(text, len, bytes)) {
        return rlua_raise_code(L, RDB_E_INVALID_VALUE,
                               "not a uuid: expected 32 hexadecimal digits like 8-4-4-4-12, with or without dashes");
    }
    rlua__push_uuid(L, bytes);
    return 1;
}

static int l_uuid_index(lua_State *L) {
    const unsigned char *uuid = rlua__type_check(L, 1, RLUA_UUID);
    if (lua_type(L, 2) == LUA_TSTRING) {
        const char *key = lua_tostring(L, 2);
        if (strcmp(key, "version") == 0) {
            lua_pushinteger(L, uuid[6] >> 4);
            return 1;
        }
        if (strcmp(key, "bytes") == 0) {
            lua_pushlstring(L, (const char *)uuid, RDB_UUID_BYTES);
            return 1;
        }
    }
    return rlua__type_method(L);
}

static int l_uuid_tostring(lua_State *L) {
    char text[RDB_UUID_TEXT];
    rdb__uuid_format(rlua__type_check(L, 1, RLUA_UUID), text);
    lua_pushstring(L, text);
    return 1;
}

void rlua__open_uuid(lua_State *L) {
    static const luaL_Reg methods[] = {{NULL, NULL}};
    static const luaL_Reg meta[] = {{"__tostring", l_uuid_tostring}, {NULL, NULL}};
    rlua__type_define(L, RLUA_UUID, l_uuid_index, methods, meta);
    lua_pushcfunction(L, l_uuid_new);
    lua_setfield(L, -2, "uuid");
}
