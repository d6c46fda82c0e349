/* state.c - a Lua state for a C host: one per thread, with `require "rdb"` ready. Every entry is protected. */
#include <lauxlib.h>
#include <lualib.h>
#include <string.h>

#include "../alloc.h"
#include "bindings.h"
#include "runtime_internal.h"

/* Protected: argument 1 is the runtime's options. */
static int l_prepare(lua_State *L) {
    const rdb_runtime_options *options = lua_touserdata(L, 1);
    if (options->ignore_environment) {
        lua_pushboolean(L, 1);
        lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV"); /* what luaopen_package() asks */
    }
    luaL_openlibs(L);
    rlua_open_modules(L, options->ignore_environment && !options->lua_dir ? "" : options->lua_dir);
    if (options->path) {
        lua_getglobal(L, LUA_LOADLIBNAME);
        lua_pushstring(L, options->path);
        lua_pushliteral(L, ";");
        lua_getfield(L, -3, "path");
        lua_concat(L, 3);
        lua_setfield(L, -2, "path");
    }
    return 0;
}

rdb_code rdb_state_open(rdb_runtime *runtime, rdb_state **out, rdb_error *err) {
    *out = NULL;
    rdb_error_clear(err);
    rdb_state *state = rdb__calloc(1, sizeof *state);
    lua_State *L = luaL_newstate(); /* collects incrementally: rows make much short-lived garbage in bursts */
    if (!state || !L) {
        if (L) {
            lua_close(L);
        }
        rdb__free(state);
        return rdb_error_set(err, RDB_E_NO_MEMORY, "no memory for a Lua state");
    }
    lua_pushcfunction(L, l_prepare);
    lua_pushlightuserdata(L, (void *)(uintptr_t)rdb__runtime_options(runtime));
    int status = lua_pcall(L, 1, 0, 0);
    if (status != LUA_OK) {
        rdb_code code = rlua__to_error(L, status, err);
        lua_close(L);
        rdb__free(state);
        return code;
    }
    state->L = L;
    state->runtime = rdb__runtime_ref(runtime);
    *out = state;
    return RDB_OK;
}

void rdb_state_close(rdb_state *state) {
    if (state) {
        lua_close(state->L);
        rdb_runtime_close(state->runtime);
        rdb__free(state);
    }
}

lua_State *rdb_state_lua(rdb_state *state) {
    return state->L;
}

/* What dofile and dostring run, protected. */
typedef struct chunk {
    const char *file; /* or NULL */
    const char *code;
    const char *name;
} chunk;

static int l_run(lua_State *L) {
    const chunk *source = lua_touserdata(L, 1);
    int status = source->file ? luaL_loadfile(L, source->file)
                              : luaL_loadbufferx(L, source->code, strlen(source->code), source->name, "t");
    if (status != LUA_OK) {
        return lua_error(L);
    }
    lua_call(L, 0, 0);
    return 0;
}

static rdb_code run(rdb_state *state, const chunk *source, rdb_error *err) {
    lua_State *L = state->L;
    rdb_error_clear(err);
    if (!lua_checkstack(L, 4)) {
        return rdb_error_set(err, RDB_E_NO_MEMORY, "no room on the Lua stack");
    }
    int top = lua_gettop(L);
    lua_pushcfunction(L, rlua__error_handler);
    lua_pushcfunction(L, l_run);
    lua_pushlightuserdata(L, (void *)(uintptr_t)source);
    int status = lua_pcall(L, 1, 0, top + 1);
    rdb_code code = status == LUA_OK ? RDB_OK : rlua__to_error(L, status, err);
    lua_settop(L, top);
    return code;
}

rdb_code rdb_state_dofile(rdb_state *state, const char *file, rdb_error *err) {
    return run(state, &(chunk){.file = file}, err);
}

rdb_code rdb_state_dostring(rdb_state *state, const char *code, const char *chunk_name, rdb_error *err) {
    return run(state, &(chunk){.code = code, .name = chunk_name ? chunk_name : code}, err);
}
