/* originals.c - from an instance to the packed values of its row. */
#include "originals.h"

bool rlua_originals_get(lua_State *L, int index, rlua_originals *out) {
    if (lua_type(L, index) != LUA_TTABLE) {
        return false;
    }
    lua_rawgeti(L, index, RLUA_SLOT_SNAPSHOT);
    out->block = rlua_context_test(L, rlua_context_here(L), -1, RLUA_SNAPSHOT);
    lua_rawgeti(L, index, RLUA_SLOT_ROW);
    out->row = out->block != NULL ? rlua_block_row(out->block, lua_tointeger(L, -1)) : NULL;
    lua_pop(L, 1);
    if (out->row == NULL) {
        lua_pop(L, 1);
        return false;
    }
    lua_getiuservalue(L, -1, 1);
    out->plan = (const rlua_plan *)lua_touserdata(L, -1);
    out->object = &out->plan->objects[out->block->object];
    out->plan_index = lua_gettop(L);
    rlua_plan_anchor(L, out->plan_index);
    out->anchor = out->plan_index + 1;
    return true;
}

int rlua_originals_column(lua_State *L, const rlua_originals *from, int index) {
    for (int c = from->object->first; c < from->object->last; c++) {
        lua_rawgeti(L, from->anchor, rlua_anchor_column(c));
        bool found = lua_rawequal(L, -1, index);
        lua_pop(L, 1);
        if (found) {
            return c;
        }
    }
    return -1;
}

bool rlua_originals_value(const rlua_originals *from, int column, rdb_value *out) {
    const uint8_t *at = from->row;
    bool absent = true;
    for (int c = from->object->first; c <= column; c++) {
        at = rlua_unpack(at, out, &absent);
    }
    return !absent;
}
