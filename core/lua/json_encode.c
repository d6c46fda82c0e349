/* json_encode.c - Lua values to JSON text, through jansson; the marks that tell arrays from objects.
 *
 * A table with a mark is what the mark says; without one it is an array when its keys are 1..n, an object when they
 * are all strings, and an object when it is empty. Nothing else has a JSON form. Tables are read raw. */
#include <float.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "value_types.h"

static const char array_key, object_key;

/* Where in the value we are, for messages: a list on the C stack. */
typedef struct place {
    const struct place *parent;
    const char *key;   /* of an object, or NULL */
    lua_Integer index; /* of an array */
    int depth;
} place;

typedef struct encoder {
    lua_State *L;
    rdb_error *err;
    int digits; /* that the reals need to come back exactly */
} encoder;

static json_t *encode(encoder *self, int index, const place *at);

/* -- marks ------------------------------------------------------------------------------------------------- */

void rlua__json_mark(lua_State *L, rlua_json_kind kind) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, kind == RLUA_JSON_ARRAY ? &array_key : &object_key);
    lua_setmetatable(L, -2);
}

rlua_json_kind rlua__json_marked(lua_State *L, int index) {
    if (!lua_getmetatable(L, index)) {
        return RLUA_JSON_UNMARKED;
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &object_key);
    rlua_json_kind kind = lua_rawequal(L, -3, -2)   ? RLUA_JSON_ARRAY
                          : lua_rawequal(L, -3, -1) ? RLUA_JSON_OBJECT
                                                    : RLUA_JSON_UNMARKED;
    lua_pop(L, 3);
    return kind;
}

/* -- errors ------------------------------------------------------------------------------------------------- */

static size_t write_place(const place *at, char *out, size_t room) {
    size_t used = at->parent ? write_place(at->parent, out, room) : 0;
    if (used >= room || !at->parent) {
        return used;
    }
    int added = at->key ? snprintf(out + used, room - used, "%s%s", used ? "." : "", at->key)
                        : snprintf(out + used, room - used, "[%lld]", (long long)at->index);
    return used + (added > 0 ? (size_t)added : 0);
}

static json_t *refuse(encoder *self, const place *at, const char *what) {
    char path[200];
    size_t used = write_place(at, path, sizeof path);
    rdb_error_set(self->err, RDB_E_INVALID_VALUE, "%s%s%s has no JSON form", used ? path : "", used ? ": " : "", what);
    return NULL;
}

static json_t *no_memory(encoder *self) {
    rdb_error_set(self->err, RDB_E_NO_MEMORY, "no memory for the JSON");
    return NULL;
}

/* -- tables ---------------------------------------------------------------------------------------------------- */

/* How many keys of each sort the table at index has. */
static void count_keys(lua_State *L, int index, lua_Integer *strings, lua_Integer *others) {
    *strings = *others = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        if (lua_type(L, -2) == LUA_TSTRING) {
            (*strings)++;
        } else {
            (*others)++;
        }
    }
}

static json_t *encode_array(encoder *self, int index, lua_Integer length, const place *at) {
    json_t *array = json_array();
    if (!array) {
        return no_memory(self);
    }
    for (lua_Integer i = 1; i <= length; i++) {
        lua_rawgeti(self->L, index, i);
        place inner = {at, NULL, i, at->depth + 1};
        json_t *element = lua_isnil(self->L, -1) ? refuse(self, at, "a sparse array (rdb.null stands for null)")
                                                 : encode(self, lua_gettop(self->L), &inner);
        lua_pop(self->L, 1);
        if (!element) {
            json_decref(array);
            return NULL;
        }
        if (json_array_append_new(array, element) != 0) {
            json_decref(array);
            return no_memory(self);
        }
    }
    return array;
}

static json_t *encode_object(encoder *self, int index, const place *at) {
    lua_State *L = self->L;
    json_t *object = json_object();
    if (!object) {
        return no_memory(self);
    }
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        size_t len;
        const char *key = lua_tolstring(L, -2, &len); /* count_keys() saw strings only */
        place inner = {at, key, 0, at->depth + 1};
        json_t *member =
            strlen(key) != len ? refuse(self, at, "a key with a NUL character") : encode(self, lua_gettop(L), &inner);
        if (member && json_object_setn_new(object, key, len, member) != 0) {
            member = refuse(self, at, "a key that is not UTF-8");
        }
        if (!member) {
            lua_pop(L, 2);
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static json_t *encode_table(encoder *self, int index, const place *at) {
    if (at->depth > RLUA_JSON_DEPTH) {
        rdb_error_set(self->err, RDB_E_INVALID_VALUE, "nested deeper than %d levels, or a table that holds itself",
                      RLUA_JSON_DEPTH);
        return NULL;
    }
    lua_Integer strings, others;
    count_keys(self->L, index, &strings, &others);
    rlua_json_kind kind = rlua__json_marked(self->L, index);
    if (kind == RLUA_JSON_UNMARKED) {
        kind = others > 0 ? RLUA_JSON_ARRAY : RLUA_JSON_OBJECT;
    }
    if (strings > 0 && others > 0) {
        return refuse(self, at, "a table with both string keys and other keys");
    }
    if (kind == RLUA_JSON_OBJECT) {
        return others > 0 ? refuse(self, at, "an object with keys that are not strings")
                          : encode_object(self, index, at);
    }
    if (strings > 0) {
        return refuse(self, at, "an array with string keys");
    }
    /* All of 1..others present means that there are no other keys. */
    return encode_array(self, index, others, at);
}

/* -- scalars ------------------------------------------------------------------------------------------------------ */

static json_t *encode_number(encoder *self, int index, const place *at) {
    if (lua_isinteger(self->L, index)) {
        json_t *integer = json_integer(lua_tointeger(self->L, index));
        return integer ? integer : no_memory(self);
    }
    double number = lua_tonumber(self->L, index);
    if (!isfinite(number)) {
        return refuse(self, at, "a number that is not finite");
    }
    char text[40];
    while (self->digits < DBL_DECIMAL_DIG) {
        snprintf(text, sizeof text, "%.*g", self->digits, number);
        if (strtod(text, NULL) == number) { /* both follow the locale */
            break;
        }
        self->digits++;
    }
    json_t *real = json_real(number);
    return real ? real : no_memory(self);
}

static json_t *encode_string(encoder *self, int index, const place *at) {
    size_t len;
    const char *text = lua_tolstring(self->L, index, &len);
    json_t *string = json_stringn(text, len);
    return string ? string : refuse(self, at, "a string that is not UTF-8");
}

/* A new reference, or NULL with the error set. Raises nothing: no Lua call here allocates. */
static json_t *encode(encoder *self, int index, const place *at) {
    lua_State *L = self->L;
    if (!lua_checkstack(L, 6)) {
        return no_memory(self);
    }
    switch (lua_type(L, index)) {
    case LUA_TBOOLEAN:
        return json_boolean(lua_toboolean(L, index));
    case LUA_TNUMBER:
        return encode_number(self, index, at);
    case LUA_TSTRING:
        return encode_string(self, index, at);
    case LUA_TTABLE:
        return encode_table(self, index, at);
    default:
        if (rlua_is_null(L, index)) {
            return json_null();
        }
        return refuse(self, at, rlua__describe(L, index));
    }
}

bool rlua__json_encode(lua_State *L, int index, rdb_error *err) {
    index = lua_absindex(L, index);
    json_t **tree = rlua__json_box(L);
    encoder self = {L, err, 15};
    place root = {NULL, NULL, 0, 1};
    *tree = encode(&self, index, &root);
    if (!*tree) {
        lua_pop(L, 1);
        return false;
    }
    size_t flags = JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY | (size_t)JSON_REAL_PRECISION(self.digits);
    char local[1024];
    char *text = local;
    size_t size = json_dumpb(*tree, local, sizeof local, flags); /* what it needs, also when that is more */
    if (size > sizeof local) {
        text = lua_newuserdatauv(L, size, 0);
        json_dumpb(*tree, text, size, flags);
    } else {
        lua_pushnil(L);
    }
    json_decref(*tree);
    *tree = NULL;
    if (size == 0) {
        lua_pop(L, 2);
        return rdb_error_set(err, RDB_E_NO_MEMORY, "no memory for the JSON") == RDB_OK;
    }
    lua_pushlstring(L, text, size);
    lua_replace(L, -3); /* the box */
    lua_pop(L, 1);
    return true;
}

/* -- functions of the module ------------------------------------------------------------------------------------------
 */

/* core.json_encode(value) -> text; rdb.null is null   [-0, +1, v] */
static int l_json_encode(lua_State *L) {
    luaL_checkany(L, 1);
    rdb_error err;
    rdb_error_clear(&err);
    if (!rlua__json_encode(L, 1, &err)) {
        return rlua_raise(L, &err, NULL);
    }
    return 1;
}

/* core.json_decode(text) -> value   [-0, +1, v] */
static int l_json_decode(lua_State *L) {
    if (lua_type(L, 1) != LUA_TSTRING) {
        return rlua_raise_code(L, RDB_E_INVALID_VALUE, "expected JSON text, got %s", rlua__describe(L, 1));
    }
    size_t len;
    const char *text = lua_tolstring(L, 1, &len);
    rlua__json_push(L, text, len);
    return 1;
}

static int mark_argument(lua_State *L, rlua_json_kind kind) {
    lua_settop(L, 1);
    if (lua_isnil(L, 1)) {
        lua_newtable(L);
        lua_replace(L, 1);
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    rlua__json_mark(L, kind);
    return 1;
}

/* core.array([t]) -> t, marked as a JSON array   [-0, +1, v] */
static int l_json_array(lua_State *L) {
    return mark_argument(L, RLUA_JSON_ARRAY);
}

/* core.object([t]) -> t, marked as a JSON object   [-0, +1, v] */
static int l_json_object(lua_State *L) {
    return mark_argument(L, RLUA_JSON_OBJECT);
}

static void define_mark(lua_State *L, const char *name, const char *key) {
    luaL_newmetatable(L, name); /* sets __name, tells them apart in messages */
    lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

void rlua__open_json(lua_State *L) {
    static const luaL_Reg functions[] = {{"json_encode", l_json_encode},
                                         {"json_decode", l_json_decode},
                                         {"array", l_json_array},
                                         {"object", l_json_object},
                                         {NULL, NULL}};
    define_mark(L, "rdb.array", &array_key);
    define_mark(L, "rdb.object", &object_key);
    luaL_setfuncs(L, functions, 0);
}
