/* insertion.c - fields of an instance to parameters and to its snapshot. */
#include "insertion.h"

#include "../utf8_length.h"

/* The key of bound position i: from the stack when many instances are to come, else from the anchor. */
static inline void push_bound(lua_State *L, const rlua_insertion *insert, int i) {
    if (insert->keys != 0) {
        lua_pushvalue(L, insert->keys + i);
    } else {
        lua_rawgeti(L, insert->anchor, rlua_anchor_insert(insert->plan, i));
    }
}

void rlua_insertion_enter(lua_State *L, rlua_insertion *insert, const rlua_plan *plan, int plan_index) {
    insert->plan = plan;
    if (plan->n_insert == 0 && plan->n_params > 0) {
        rlua_raise_code(L, RDB_E_MISUSE, "the plan names no fields to write");
    }
    luaL_checkstack(L, 4 * plan->n_insert + 2 * LUA_MINSTACK, "too many fields");
    rlua_params_begin(L, &insert->params, plan->n_insert);
    rlua_plan_anchor(L, plan_index);
    insert->anchor = lua_gettop(L);
    lua_rawgeti(L, insert->anchor, RLUA_ANCHOR_PK);
    insert->pk = insert->anchor + 1;
    insert->keys = 0;
    insert->together = false;
}

void rlua_insertion_expect_many(lua_State *L, rlua_insertion *insert) {
    int first = lua_gettop(L) + 1;
    for (int i = 0; i < insert->plan->n_insert; i++) {
        push_bound(L, insert, i);
    }
    insert->keys = first;
}

static inline bool is_json(uint8_t kind) {
    return kind == RDB_KIND_JSON || kind == RDB_KIND_ARRAY;
}

/* The text of bound key i has more bytes than characters are allowed: does it fit? */
static bool fits(rlua_insertion *insert, int i) {
    size_t limit = insert->plan->limits[i];
    size_t length = rdb__utf8_length(insert->params.values[i].as.text, insert->params.values[i].more.len);
    if (length <= limit) {
        return true;
    }
    rdb_error_set(&insert->err, RDB_E_DATA_TOO_LONG, "holds at most %zu characters, got %zu", limit, length);
    return false;
}

rlua_read_result rlua_insertion_read(lua_State *L, rlua_insertion *insert, int instance) {
    const rlua_plan *plan = insert->plan;
    int n = plan->n_insert - plan->n_keys;
    insert->params.buffers_used = insert->together ? RLUA_PARAMS_BUFFERS : 0;
    insert->nulls = false;
    for (int i = 0; i < n; i++) {
        uint8_t kind = plan->insert_kinds[i];
        rdb_value *value = &insert->params.values[i];
        push_bound(L, insert, i);
        int type = lua_rawget(L, instance);
        if ((type == LUA_TTABLE || type == LUA_TLIGHTUSERDATA) && !is_json(kind)) {
            if (type == LUA_TTABLE) {
                return RLUA_READ_OTHER;
            }
            insert->nulls = true;
        }
        bool good = rlua_params_convert(L, &insert->params, kind, value, &insert->err) == 0;
        if (good && plan->limits[i] != 0 && value->kind == RDB_KIND_TEXT && value->more.len > plan->limits[i]) {
            good = fits(insert, i);
        }
        if (!good) {
            insert->bad_field = i;
            return RLUA_READ_FAILED;
        }
    }
    return RLUA_READ_GOOD;
}

int rlua_insertion_raise(lua_State *L, rlua_insertion *insert, int plan_index, lua_Integer position) {
    const char *label = rlua_plan_label(L, plan_index, insert->plan, 0);
    lua_rawgeti(L, insert->anchor, rlua_anchor_insert(insert->plan, insert->bad_field));
    const char *key = lua_tostring(L, -1);
    const char *colon = insert->err.code == RDB_E_DATA_TOO_LONG ? "" : ":";
    rlua_push_error(L, &insert->err, insert->plan->sql);
    lua_pushfstring(L, "%s.%s%s %s", label, key, colon, insert->err.message);
    lua_setfield(L, -2, "message");
    lua_pushstring(L, label);
    lua_setfield(L, -2, "model");
    lua_pushstring(L, key);
    lua_setfield(L, -2, "field");
    if (position > 0) {
        lua_pushinteger(L, position);
        lua_setfield(L, -2, "index");
    }
    return lua_error(L);
}

void rlua_insertion_sources(lua_State *L, const rlua_insertion *insert, const rdb_value *pk,
                            rlua_column_sources *sources) {
    const rlua_plan *plan = insert->plan;
    sources->n = plan->objects[0].last;
    size_t n = (size_t)sources->n;
    luaL_checkstack(L, 3 * (sources->n + plan->n_insert) + LUA_MINSTACK, "too many columns");
    sources->read = sources->read_room;
    sources->of = sources->of_room;
    if (n > RLUA_SOURCES_INLINE) {
        sources->read = (rdb_value *)lua_newuserdatauv(L, n * (sizeof(rdb_value) + sizeof(rdb_value *)), 0);
        sources->of = (const rdb_value **)(void *)(sources->read + n);
    }
    for (int c = 0; c < sources->n; c++) {
        int bound = plan->insert_of[c];
        sources->of[c] = bound >= 0 ? &insert->params.values[bound] : bound == RLUA_INSERT_PK ? pk : &sources->read[c];
    }
}

/* Read column c from the instance; what the value borrows from stays on the stack. */
static void read_column(lua_State *L, rlua_insertion *insert, int instance, int c, rdb_value *out) {
    lua_rawgeti(L, insert->anchor, rlua_anchor_column(c));
    lua_rawget(L, instance);
    if (rlua_params_convert(L, &insert->params, insert->plan->column_kinds[c], out, &insert->err) != 0) {
        *out = rdb_value_null(); /* not a value of this column: differs from whatever it becomes */
    }
}

uint32_t rlua_insertion_pack(lua_State *L, rlua_insertion *insert, const rlua_column_sources *sources,
                             rlua_packer *packer, int instance, const rdb_value *pk, int plan_index) {
    rdb_value given_pk = *pk;
    size_t room = 0;
    for (int c = 0; c < sources->n; c++) {
        if (sources->of[c] == &sources->read[c]) {
            read_column(L, insert, instance, c, &sources->read[c]);
        } else if (sources->of[c] == pk && pk->kind == RDB_KIND_NULL) {
            read_column(L, insert, instance, c, &given_pk);
            room += rlua_pack_room(&given_pk);
        }
        room += rlua_pack_room(sources->of[c]);
    }
    uint8_t *at = rlua_pack_begin(L, packer, room, plan_index, 0, 0);
    for (int c = 0; c < sources->n; c++) {
        at = rlua_pack(at, sources->of[c] == pk ? &given_pk : sources->of[c]);
    }
    rlua_pack_end(packer, at);
    return packer->block->n_rows;
}

bool rlua_insertion_wants_pk(lua_State *L, const rlua_insertion *insert, int instance) {
    if (lua_isnil(L, insert->pk)) {
        return false;
    }
    lua_pushvalue(L, insert->pk);
    int type = lua_rawget(L, instance);
    lua_pop(L, 1);
    return type == LUA_TNIL || type == LUA_TLIGHTUSERDATA;
}

void rlua_insertion_set_pk(lua_State *L, const rlua_insertion *insert, int instance, const rdb_value *pk) {
    if (pk->kind != RDB_KIND_NULL) {
        lua_pushvalue(L, insert->pk);
        lua_pushinteger(L, pk->as.integer);
        lua_rawset(L, instance);
    }
}

void rlua_insertion_clear_nulls(lua_State *L, const rlua_insertion *insert, int instance) {
    const rlua_plan *plan = insert->plan;
    for (int i = 0; i < plan->n_insert; i++) {
        push_bound(L, insert, i);
        bool null = lua_rawget(L, instance) == LUA_TLIGHTUSERDATA && !is_json(plan->insert_kinds[i]);
        lua_pop(L, 1);
        if (null) {
            push_bound(L, insert, i);
            lua_pushnil(L);
            lua_rawset(L, instance);
        }
    }
}

void rlua_insertion_attach(lua_State *L, int instance, int block, uint32_t row) {
    lua_pushvalue(L, block);
    lua_rawseti(L, instance, RLUA_SLOT_SNAPSHOT);
    lua_pushinteger(L, row);
    lua_rawseti(L, instance, RLUA_SLOT_ROW);
}
