/* json_decode.c - JSON text to Lua values, through jansson.
 *
 * Objects and arrays become tables that carry the mark of their kind, so that empty ones stay apart and go out as they
 * came in. The jansson tree hangs on a userdata while Lua tables are made, so a raise leaks nothing. */
#include <jansson.h>

#include "json.h"
#include "value_types.h"

static void push_node(lua_State *L, json_t *node, int depth);

static int l_tree_free(lua_State *L) {
    json_t **tree = lua_touserdata(L, 1);
    json_decref(*tree);
    *tree = NULL;
    return 0;
}

json_t **rlua__json_box(lua_State *L) {
    static const char box_key;
    json_t **tree = lua_newuserdatauv(L, sizeof *tree, 0);
    *tree = NULL;
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &box_key) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_createtable(L, 0, 1);
        lua_pushcfunction(L, l_tree_free);
        lua_setfield(L, -2, "__gc");
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &box_key);
    }
    lua_setmetatable(L, -2);
    return tree;
}

static void push_array(lua_State *L, const json_t *array, int depth) {
    size_t size = json_array_size(array);
    lua_createtable(L, size < INT32_MAX ? (int)size : 0, 0);
    rlua__json_mark(L, RLUA_JSON_ARRAY);
    for (size_t i = 0; i < size; i++) {
        push_node(L, json_array_get(array, i), depth + 1);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_object(lua_State *L, json_t *object, int depth) {
    size_t size = json_object_size(object);
    lua_createtable(L, 0, size < INT32_MAX ? (int)size : 0);
    rlua__json_mark(L, RLUA_JSON_OBJECT);
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        lua_pushlstring(L, json_object_iter_key(at), json_object_iter_key_len(at));
        push_node(L, json_object_iter_value(at), depth + 1);
        lua_rawset(L, -3);
    }
}

static void push_node(lua_State *L, json_t *node, int depth) {
    if (depth > RLUA_JSON_DEPTH) {
        rlua_raise_code(L, RDB_E_INVALID_VALUE, "the JSON is nested deeper than %d levels", RLUA_JSON_DEPTH);
    }
    luaL_checkstack(L, 4, "JSON nested too deep");
    switch (json_typeof(node)) {
    case JSON_OBJECT:
        push_object(L, node, depth);
        return;
    case JSON_ARRAY:
        push_array(L, node, depth);
        return;
    case JSON_STRING:
        lua_pushlstring(L, json_string_value(node), json_string_length(node));
        return;
    case JSON_INTEGER:
        lua_pushinteger(L, json_integer_value(node));
        return;
    case JSON_REAL:
        lua_pushnumber(L, json_real_value(node));
        return;
    case JSON_TRUE:
    case JSON_FALSE:
        lua_pushboolean(L, json_is_true(node));
        return;
    case JSON_NULL:
        rlua_push_null(L);
        return;
    }
}

void rlua__json_push(lua_State *L, const char *text, size_t len) {
    json_t **tree = rlua__json_box(L);
    json_error_t error;
    *tree = json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (!*tree) {
        if (json_error_code(&error) == json_error_numeric_overflow) {
            rlua_raise_code(L, RDB_E_OUT_OF_RANGE, "the JSON has a number that 64 bits cannot hold, line %d column %d",
                            error.line, error.column);
        }
        if (json_error_code(&error) == json_error_out_of_memory) {
            rlua_raise_code(L, RDB_E_NO_MEMORY, "no memory for the JSON");
        }
        rlua_raise_code(L, RDB_E_INVALID_VALUE, "not JSON: error at line %d column %d", error.line, error.column);
    }
    push_node(L, *tree, 1);
    json_decref(*tree);
    *tree = NULL;
    lua_remove(L, -2);
}
