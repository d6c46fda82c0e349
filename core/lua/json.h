/* json.h - what json_decode.c and json_encode.c share. */
#ifndef RDB_LUA_JSON_H
#define RDB_LUA_JSON_H

#include <jansson.h>

#include "bindings.h"

/* Levels of arrays and objects, both ways: below the C stack's and jansson's own limits. */
#define RLUA_JSON_DEPTH 1000

typedef enum rlua_json_kind { RLUA_JSON_UNMARKED, RLUA_JSON_ARRAY, RLUA_JSON_OBJECT } rlua_json_kind;

/* rlua__json_box - push a userdata that drops the tree it is given when it is collected. [-0, +1, m] */
json_t **rlua__json_box(lua_State *L);
/* rlua__json_mark - make the table on top an array or an object: sets its metatable. [-0, +0, m] */
void rlua__json_mark(lua_State *L, rlua_json_kind kind);
/* rlua__json_marked - which mark the table at index carries. [-0, +0, -] */
rlua_json_kind rlua__json_marked(lua_State *L, int index);

#endif
