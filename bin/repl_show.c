/* repl_show.c - results of the interactive loop, printed for people. */
#include <lauxlib.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "repl.h"

#define MOST_DEPTH   3  /* levels of tables */
#define MOST_ENTRIES 40 /* of one table */
#define LINE_WIDTH   76 /* a table that fits is on one line */

static void push_text(lua_State *L, int index, int depth);

/* "text" with the escapes of Lua; other bytes as they are. */
static void push_quoted(lua_State *L, int index) {
    size_t len;
    const char *text = lua_tolstring(L, index, &len);
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    luaL_addchar(&buffer, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        char escaped[8];
        if (c == '"' || c == '\\') {
            snprintf(escaped, sizeof escaped, "\\%c", c);
        } else if (c == '\n') {
            strcpy(escaped, "\\n");
        } else if (c < 0x20 || c == 0x7F) {
            snprintf(escaped, sizeof escaped, "\\%03d", c);
        } else {
            luaL_addchar(&buffer, (char)c);
            continue;
        }
        luaL_addstring(&buffer, escaped);
    }
    luaL_addchar(&buffer, '"');
    luaL_pushresult(&buffer);
}

static bool is_name(const char *text, size_t len) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    static const char all[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    return len > 0 && strlen(text) == len && strchr(letters, text[0]) && strspn(text, all) == len;
}

/* Push "key = value"; the key is at -2, the value at -1. */
static void push_entry(lua_State *L, int depth) {
    int value = lua_gettop(L);
    int key = value - 1;
    size_t len = 0;
    const char *name = lua_type(L, key) == LUA_TSTRING ? lua_tolstring(L, key, &len) : NULL;
    if (name && is_name(name, len)) {
        lua_pushvalue(L, key);
    } else {
        lua_pushliteral(L, "[");
        push_text(L, key, MOST_DEPTH);
        lua_pushliteral(L, "]");
        lua_concat(L, 3);
    }
    lua_pushliteral(L, " = ");
    push_text(L, value, depth + 1);
    lua_concat(L, 3);
}

/* Append the string on top to the list at index entries. */
static void append(lua_State *L, int entries) {
    lua_rawseti(L, entries, (lua_Integer)lua_rawlen(L, entries) + 1);
}

/* Fill the list at entries with the texts of the table's fields: 1..n, then string keys in order, then the rest. */
static void gather(lua_State *L, int table, int entries, int depth) {
    lua_Integer length = (lua_Integer)lua_rawlen(L, table);
    for (lua_Integer i = 1; i <= length && i <= MOST_ENTRIES; i++) {
        lua_rawgeti(L, table, i);
        push_text(L, -1, depth + 1);
        lua_remove(L, -2);
        append(L, entries);
    }
    lua_newtable(L);
    int names = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, table);) {
        if (lua_type(L, -2) == LUA_TSTRING) {
            lua_pushvalue(L, -2);
            append(L, names);
        } else if (!lua_isinteger(L, -2) || lua_tointeger(L, -2) < 1 || lua_tointeger(L, -2) > length) {
            push_entry(L, depth);
            append(L, entries);
        }
        lua_pop(L, 1);
    }
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_getfield(L, -1, "table");
    lua_getfield(L, -1, "sort");
    lua_pushvalue(L, names);
    lua_call(L, 1, 0);
    lua_Integer n_names = (lua_Integer)lua_rawlen(L, names);
    for (lua_Integer i = 1; i <= n_names && i <= MOST_ENTRIES; i++) {
        lua_settop(L, names);
        lua_rawgeti(L, names, i);
        lua_pushvalue(L, -1);
        lua_rawget(L, table);
        push_entry(L, depth);
        append(L, entries);
    }
    lua_settop(L, names - 1);
    if (length > MOST_ENTRIES || n_names > MOST_ENTRIES) {
        lua_pushfstring(L, "... (%I in all)", (LUAI_UACINT)(length + n_names));
        append(L, entries);
    }
}

static void push_table(lua_State *L, int table, int depth) {
    if (depth >= MOST_DEPTH) {
        lua_pushliteral(L, "{...}");
        return;
    }
    lua_newtable(L);
    int entries = lua_gettop(L);
    gather(L, table, entries, depth);
    lua_Integer n_entries = (lua_Integer)lua_rawlen(L, entries);
    if (n_entries == 0) {
        lua_settop(L, entries - 1);
        lua_pushliteral(L, "{}");
        return;
    }
    size_t width = (size_t)depth * 2;
    bool lines = false;
    for (lua_Integer i = 1; i <= n_entries; i++) {
        lua_rawgeti(L, entries, i);
        size_t len;
        const char *text = lua_tolstring(L, -1, &len);
        width += len + 2;
        lines = lines || strchr(text, '\n');
        lua_pop(L, 1);
    }
    lines = lines || width > LINE_WIDTH;
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    luaL_addstring(&buffer, lines ? "{" : "{ ");
    for (lua_Integer i = 1; i <= n_entries; i++) {
        if (lines) {
            luaL_addchar(&buffer, '\n');
            for (int level = 0; level <= depth; level++) {
                luaL_addstring(&buffer, "  ");
            }
        }
        lua_rawgeti(L, entries, i);
        luaL_addvalue(&buffer);
        luaL_addstring(&buffer, i == n_entries ? "" : lines ? "," : ", ");
    }
    if (lines) {
        luaL_addchar(&buffer, '\n');
        for (int level = 0; level < depth; level++) {
            luaL_addstring(&buffer, "  ");
        }
    }
    luaL_addstring(&buffer, lines ? "}" : " }");
    luaL_pushresult(&buffer);
    lua_replace(L, entries);
    lua_settop(L, entries);
}

static bool has_text(lua_State *L, int index) {
    bool found = luaL_getmetafield(L, index, "__tostring") != LUA_TNIL;
    if (found) {
        lua_pop(L, 1);
    }
    return found;
}

static void push_text(lua_State *L, int index, int depth) {
    index = lua_absindex(L, index);
    luaL_checkstack(L, 16, NULL);
    if (lua_type(L, index) == LUA_TSTRING) {
        push_quoted(L, index);
    } else if (lua_islightuserdata(L, index) && !lua_touserdata(L, index)) {
        lua_pushliteral(L, "null");
    } else if (lua_istable(L, index) && !has_text(L, index)) {
        push_table(L, index, depth);
    } else {
        luaL_tolstring(L, index, NULL);
    }
}

void rdb_repl_show(lua_State *L, int index) {
    push_text(L, index, 0);
    size_t len;
    const char *text = lua_tolstring(L, -1, &len);
    fwrite(text, 1, len, stdout);
    fputc('\n', stdout);
    fflush(stdout);
    lua_pop(L, 1);
}
