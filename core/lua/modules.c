/* modules.c - makes `require` find rdb's own Lua files: one searcher in package.searchers, before those that look
 * at files. It answers from the chunks embedded in the library or, for development, from a folder. */
#include <lualib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bindings.h"
#include "embedded.h"

#define PREFIX     "rdb"
#define PREFIX_LEN (sizeof PREFIX - 1)

static const char opened_key; /* in the registry: the searcher is there */

/* The embedded module called name, or NULL. The list is sorted by name. */
static const rdb_embedded_module *find_embedded(const char *name) {
    size_t low = 0;
    size_t high = rdb__embedded_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, rdb__embedded_modules[middle].name);
        if (order == 0) {
            return &rdb__embedded_modules[middle];
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

/* Push DIR/orm/query.lua or DIR/orm/query/init.lua for rdb.orm.query, whichever can be read. */
static bool push_file_name(lua_State *L, const char *dir, const char *name) {
    const char *rest = luaL_gsub(L, name + PREFIX_LEN, ".", "/"); /* "/orm/query", or "" for rdb itself */
    bool root = *rest == '\0';
    for (int form = root ? 1 : 0; form < 2; form++) {
        const char *file = lua_pushfstring(L, form == 0 ? "%s%s.lua" : "%s%s/init.lua", dir, rest);
        if (access(file, R_OK) == 0) {
            lua_remove(L, -2);
            return true;
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return false;
}

/* searcher(name): upvalue 1 is the folder, or nil. Answers loader and where it comes from, or a message. */
static int l_search(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    bool ours = strncmp(name, PREFIX, PREFIX_LEN) == 0 && (name[PREFIX_LEN] == '.' || name[PREFIX_LEN] == '\0');
    const char *dir = lua_tostring(L, lua_upvalueindex(1));
    if (ours && dir) {
        if (!push_file_name(L, dir, name)) {
            lua_pushfstring(L, "no file for '%s' in RDB_LUA_DIR '%s'", name, dir);
            return 1;
        }
        if (luaL_loadfilex(L, lua_tostring(L, -1), "t") != LUA_OK) {
            return lua_error(L);
        }
        lua_insert(L, -2);
        return 2;
    }
    const rdb_embedded_module *module = find_embedded(name);
    if (!module) {
        lua_pushfstring(L, "no embedded module '%s'", name);
        return 1;
    }
    if (luaL_loadbufferx(L, (const char *)module->bytes, module->size, module->chunk, "b") != LUA_OK) {
        return lua_error(L);
    }
    lua_pushstring(L, module->chunk);
    return 2;
}

void rlua_open_modules(lua_State *L, const char *lua_dir) {
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &opened_key) != LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    lua_pop(L, 1);
    luaL_requiref(L, LUA_LOADLIBNAME, luaopen_package, 0);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, luaopen_rdb_core);
    lua_setfield(L, -2, "rdb.core");
    lua_pop(L, 1);

    lua_getfield(L, -1, "searchers");
    luaL_checktype(L, -1, LUA_TTABLE);
    for (lua_Integer i = luaL_len(L, -1); i >= 2; i--) { /* make room after the one for package.preload */
        lua_geti(L, -1, i);
        lua_seti(L, -2, i + 1);
    }
    lua_pushstring(L, lua_dir ? lua_dir : getenv("RDB_LUA_DIR"));
    if (lua_isstring(L, -1) && lua_rawlen(L, -1) == 0) {
        lua_pop(L, 1);
        lua_pushnil(L);
    }
    lua_pushcclosure(L, l_search, 1);
    lua_seti(L, -2, 2);
    lua_pop(L, 2);
    lua_pushboolean(L, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &opened_key);
}
