/* renewal.c - keys from the snapshot before, and the snapshot after. */
#include "renewal.h"

/* Behind renewal->slots on the stack. */
enum { SLOT_BEFORE, SLOT_PLACES, SLOT_PLAN, SLOT_HOLDER, N_SLOTS };

void rlua_renewal_enter(lua_State *L, rlua_renewal *renewal, const rlua_plan *plan, int plan_index) {
    luaL_checkstack(L, N_SLOTS + LUA_MINSTACK, NULL);
    *renewal = (rlua_renewal){.plan = plan, .plan_index = plan_index, .slots = lua_gettop(L) + 1};
    size_t columns = (size_t)plan->objects[0].last;
    renewal->before = (rlua_before *)lua_newuserdatauv(L, sizeof *renewal->before * columns + 1, 0);
    lua_pushnil(L);
    lua_pushnil(L);
    lua_pushnil(L);
}

/* -- the snapshot before ------------------------------------------------------------------------------------------ */

/* The column of the plan whose key is on top and whose kind is kind; probably the one at position. */
static int find_column(lua_State *L, const rlua_plan *plan, int anchor, int position, uint8_t kind) {
    int n = plan->objects[0].last;
    for (int i = 0; i < n; i++) {
        int c = i == 0 && position < n ? position : i - (i <= position && position < n);
        lua_rawgeti(L, anchor, rlua_anchor_column(c));
        bool found = plan->column_kinds[c] == kind && lua_rawequal(L, -1, -2);
        lua_pop(L, 1);
        if (found) {
            return c;
        }
    }
    return -1;
}

/* Find out how the columns of the instance's snapshot and of the plan correspond. */
static void match(lua_State *L, rlua_renewal *renewal, const rlua_originals *old) {
    int n = old->object->last - old->object->first;
    renewal->of = NULL;
    renewal->places = (int16_t *)lua_newuserdatauv(L, sizeof(int16_t) * (size_t)n + 1, 0);
    lua_replace(L, renewal->slots + SLOT_PLACES);
    rlua_plan_anchor(L, renewal->plan_index);
    int anchor = lua_gettop(L);
    for (int i = 0; i < n; i++) {
        int column = old->object->first + i;
        lua_rawgeti(L, old->anchor, rlua_anchor_column(column));
        renewal->places[i] = (int16_t)find_column(L, renewal->plan, anchor, i, old->plan->column_kinds[column]);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    lua_pushvalue(L, old->plan_index); /* alive, so that its address means this plan */
    lua_replace(L, renewal->slots + SLOT_PLAN);
    renewal->of = old->plan;
    renewal->object = old->block->object;
}

/* Decode the snapshot of the instance at index. */
static void decode(lua_State *L, rlua_renewal *renewal, int instance) {
    rlua_originals old;
    int columns = renewal->plan->objects[0].last;
    for (int c = 0; c < columns; c++) {
        renewal->before[c].known = false;
    }
    renewal->row = NULL;
    if (!rlua_originals_get(L, instance, &old)) {
        lua_pushnil(L);
        lua_replace(L, renewal->slots + SLOT_HOLDER);
        return;
    }
    if (old.plan != renewal->of || old.block->object != renewal->object) {
        match(L, renewal, &old);
    }
    const uint8_t *at = old.row;
    int n = old.object->last - old.object->first;
    for (int i = 0; i < n; i++) {
        rlua_before one;
        bool absent;
        at = rlua_unpack(at, &one.value, &absent);
        one.known = !absent;
        if (renewal->places[i] >= 0) {
            renewal->before[renewal->places[i]] = one;
        }
    }
    renewal->row = old.row;
    if (old.block->object == 0) {
        lua_getiuservalue(L, old.plan_index - 1, 2);
    } else {
        lua_pushnil(L);
    }
    lua_replace(L, renewal->slots + SLOT_HOLDER);
}

/* -- keys --------------------------------------------------------------------------------------------------------- */

rlua_read_result rlua_renewal_read_keys(lua_State *L, rlua_renewal *renewal, rlua_insertion *insert, int instance) {
    const rlua_plan *plan = renewal->plan;
    decode(L, renewal, instance);
    for (int i = plan->n_insert - plan->n_keys; i < plan->n_insert; i++) {
        rdb_value *value = &insert->params.values[i];
        int column = -1;
        for (int c = 0; c < plan->objects[0].last; c++) {
            column = plan->insert_of[c] == i ? c : column;
        }
        if (column >= 0 && renewal->before[column].known) {
            *value = renewal->before[column].value;
        } else {
            lua_rawgeti(L, insert->anchor, rlua_anchor_insert(plan, i));
            lua_rawget(L, instance);
            if (rlua_params_convert(L, &insert->params, plan->insert_kinds[i], value, &insert->err) != 0) {
                insert->bad_field = i;
                return RLUA_READ_FAILED;
            }
        }
        if (value->kind == RDB_KIND_NULL) {
            return RLUA_READ_OTHER;
        }
    }
    return RLUA_READ_GOOD;
}

/* -- the snapshot after ------------------------------------------------------------------------------------------- */

/* The new original of column c, NULL when it is not known. */
static const rdb_value *after(const rlua_renewal *renewal, const rlua_insertion *insert, int c) {
    int bound = renewal->plan->insert_of[c];
    if (bound >= 0) {
        return &insert->params.values[bound];
    }
    return renewal->before[c].known ? &renewal->before[c].value : NULL;
}

/* The packer's block is of another holder than the instance at hand: begin a new one. */
static void follow_holder(lua_State *L, const rlua_renewal *renewal, rlua_packer *packer) {
    if (packer->block != NULL) {
        lua_getiuservalue(L, packer->slot, 2);
        if (!lua_rawequal(L, -1, renewal->slots + SLOT_HOLDER)) {
            packer->block = NULL;
        }
        lua_pop(L, 1);
    }
}

uint32_t rlua_renewal_pack(lua_State *L, rlua_renewal *renewal, const rlua_insertion *insert, rlua_packer *packer) {
    int n = renewal->plan->objects[0].last;
    size_t room = 0;
    for (int c = 0; c < n; c++) {
        const rdb_value *value = after(renewal, insert, c);
        room += value != NULL ? rlua_pack_room(value) : 1;
    }
    follow_holder(L, renewal, packer);
    uint8_t *at = rlua_pack_begin(L, packer, room, renewal->plan_index, renewal->slots + SLOT_HOLDER, 0);
    for (int c = 0; c < n; c++) {
        const rdb_value *value = after(renewal, insert, c);
        at = value != NULL ? rlua_pack(at, value) : rlua_pack_absent(at);
    }
    rlua_pack_end(packer, at);
    return packer->block->n_rows;
}
