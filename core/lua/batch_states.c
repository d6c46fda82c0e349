/* batch_states.c - what instances were before a bulk write: for the caller's rollback, and for our own when a later one
 * fails. */
#include "batch.h"

static void push_key(lua_State *L, const rlua_batch *batch, lua_Integer i) {
    if (batch->filled[i]) {
        lua_rawgeti(L, batch->insert.anchor, RLUA_ANCHOR_PK);
    } else {
        lua_pushboolean(L, 0);
    }
}

/* Push the list of states, making it when the instance at hand, the i-th, is the first with a snapshot. */
static void push_states(lua_State *L, const rlua_batch *batch, lua_Integer i) {
    if (lua_rawgeti(L, RLUA_BATCH_STATES, 1) == LUA_TTABLE) {
        return;
    }
    lua_pop(L, 1);
    lua_createtable(L, (int)(3 * (batch->last - batch->first + 1)), 0);
    for (lua_Integer k = 0; k < i; k++) {
        lua_pushboolean(L, 0);
        lua_rawseti(L, -2, 3 * k + 1);
        lua_pushboolean(L, 0);
        lua_rawseti(L, -2, 3 * k + 2);
        push_key(L, batch, k);
        lua_rawseti(L, -2, 3 * k + 3);
    }
    lua_pushvalue(L, -1);
    lua_rawseti(L, RLUA_BATCH_STATES, 1);
}

void rlua_batch_note_state(lua_State *L, rlua_batch *batch, int instance, lua_Integer i) {
    bool saved = lua_rawgeti(L, instance, RLUA_SLOT_SNAPSHOT) != LUA_TNIL;
    if (!saved && !batch->has_states) {
        lua_pop(L, 1);
        return;
    }
    push_states(L, batch, i);
    batch->has_states = true;
    if (saved) {
        lua_pushvalue(L, -2);
        lua_rawseti(L, -2, 3 * i + 1);
        lua_rawgeti(L, instance, RLUA_SLOT_ROW);
        lua_rawseti(L, -2, 3 * i + 2);
    } else {
        lua_pushboolean(L, 0);
        lua_rawseti(L, -2, 3 * i + 1);
        lua_pushboolean(L, 0);
        lua_rawseti(L, -2, 3 * i + 2);
    }
    push_key(L, batch, i);
    lua_rawseti(L, -2, 3 * i + 3);
    lua_pop(L, 2);
}

/* Stack of rlua_batch_run() and what is pushed onto it. */
enum { PLAN = 2, LIST, STATES, FILLED, OLD_STATES, ANCHOR, KEY, INSTANCE };

void rlua_batch_undo(lua_State *L, const rlua_batch *batch, lua_Integer n) {
    bool any = lua_rawgeti(L, STATES, 1) == LUA_TTABLE;
    rlua_plan_anchor(L, PLAN);
    lua_rawgeti(L, ANCHOR, RLUA_ANCHOR_PK);
    for (lua_Integer i = 0; i < n; i++) {
        if (lua_rawgeti(L, LIST, batch->first + i) == LUA_TTABLE) {
            for (int slot = RLUA_SLOT_SNAPSHOT; slot <= RLUA_SLOT_ROW; slot++) {
                if (!any || lua_rawgeti(L, OLD_STATES, 3 * i + slot) == LUA_TBOOLEAN) {
                    lua_pushnil(L);
                }
                lua_rawseti(L, INSTANCE, slot);
            }
            if (batch->filled[i]) {
                lua_pushvalue(L, KEY);
                lua_pushnil(L);
                lua_rawset(L, INSTANCE);
            }
        }
        lua_settop(L, KEY);
    }
}
