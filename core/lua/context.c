/* context.c - the per-state context: metatable addresses and the list of held leases. */
#include "context.h"

#include <string.h>

/* The address is the registry key of the context; its metatables are found by type number beside it. */
static const char context_key = 0;

rlua_context *rlua_context_open(lua_State *L) {
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &context_key) == LUA_TUSERDATA) {
        return (rlua_context *)lua_touserdata(L, -1);
    }
    lua_pop(L, 1);
    rlua_context *context = (rlua_context *)lua_newuserdatauv(L, sizeof *context, 2);
    memset(context, 0, sizeof *context);
    lua_createtable(L, RLUA_N_USERDATA, 0);
    lua_setiuservalue(L, -2, 2); /* user value 2: the metatables, for rlua_context_set() */
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &context_key);
    return context;
}

void rlua_context_functions(lua_State *L, const luaL_Reg *functions) {
    rlua_context_open(L);
    luaL_setfuncs(L, functions, 1);
}

void rlua_context_define(lua_State *L, rlua_userdata type, const char *name, const luaL_Reg *meta,
                         const luaL_Reg *methods) {
    rlua_context *context = rlua_context_open(L);
    luaL_newmetatable(L, name);
    rlua_context_functions(L, meta);
    if (methods != NULL) {
        lua_newtable(L);
        rlua_context_functions(L, methods);
        lua_setfield(L, -2, "__index");
    }
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_getiuservalue(L, -2, 2);
    lua_pushvalue(L, -2);
    lua_rawseti(L, -2, (lua_Integer)type + 1);
    lua_pop(L, 1);
    context->metatables[type] = lua_topointer(L, -1);
    lua_pop(L, 2);
}

void rlua_context_set(lua_State *L, rlua_userdata type) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &context_key);
    lua_getiuservalue(L, -1, 2);
    lua_rawgeti(L, -1, (lua_Integer)type + 1);
    lua_setmetatable(L, -4);
    lua_pop(L, 2);
}

/* -- held leases ----------------------------------------------------------------------------------- */

void rlua_held_add(rlua_context *context, rlua_held *entry, rlua_userdata kind, rdb_pool *pool, rdb_conn *conn) {
    *entry = (rlua_held){.next = context->held, .pool = pool, .conn = conn, .kind = kind, .users = 1};
    if (context->held != NULL) {
        context->held->prev = entry;
    }
    context->held = entry;
}

void rlua_held_remove(rlua_context *context, rlua_held *entry) {
    if (entry->users == 0) {
        return;
    }
    if (entry->prev != NULL) {
        entry->prev->next = entry->next;
    } else {
        context->held = entry->next;
    }
    if (entry->next != NULL) {
        entry->next->prev = entry->prev;
    }
    *entry = (rlua_held){0};
}

rlua_held *rlua_held_find(const rlua_context *context, const rdb_pool *pool, rlua_userdata kind) {
    for (rlua_held *entry = context->held; entry != NULL; entry = entry->next) {
        if (entry->pool == pool && entry->kind == kind) {
            return entry;
        }
    }
    return NULL;
}

bool rlua_held_all(const rlua_context *context, rdb_pool *pool) {
    long count = 0;
    for (const rlua_held *entry = context->held; entry != NULL; entry = entry->next) {
        count += entry->pool == pool;
    }
    if (count == 0) {
        return false;
    }
    rdb_pool_stats stats;
    rdb_pool_get_stats(pool, &stats);
    return count >= stats.max;
}
