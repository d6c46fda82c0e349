/* value_decimal.c - the Lua type decimal: an exact decimal number that keeps its places. */
#include <string.h>

#include "../decimal.h"
#include "../decimal_text.h"
#include "../number_text.h"
#include "value_types.h"

/* Results up to this size need no buffer of their own. */
#define SHORT_RESULT 256

/* A decimal, or an integer beside one. */
typedef struct operand {
    const char *text;
    size_t len;
    char integer[RDB_INTEGER_TEXT];
} operand;

void rlua__push_decimal(lua_State *L, const char *text, size_t len) {
    rlua_decimal *decimal = rlua__type_new(L, RLUA_DECIMAL, sizeof *decimal + len + 1);
    decimal->len = (uint32_t)len;
    memcpy(decimal->text, text, len);
    decimal->text[len] = '\0';
}

static const rlua_decimal *check_decimal(lua_State *L, int index) {
    return rlua__type_check(L, index, RLUA_DECIMAL);
}

/* A buffer for a result: local when it is enough, else a userdata that is pushed. */
static char *result_buffer(lua_State *L, size_t room, char *local) {
    return room <= SHORT_RESULT ? local : lua_newuserdatauv(L, room, 0);
}

static int push_integer_decimal(lua_State *L, lua_Integer number) {
    char text[RDB_INTEGER_TEXT];
    rlua__push_decimal(L, text, rdb__integer_format(number, text));
    return 1;
}

/* core.decimal(text | integer | decimal) -> decimal   [-0, +1, v] */
static int l_decimal_new(lua_State *L) {
    if (rlua__type_get(L, 1, RLUA_DECIMAL)) {
        lua_settop(L, 1);
        return 1;
    }
    if (lua_isinteger(L, 1)) {
        return push_integer_decimal(L, lua_tointeger(L, 1));
    }
    if (lua_type(L, 1) == LUA_TNUMBER) {
        return rlua_raise_code(L, RDB_E_INVALID_VALUE,
                               "a float has no exact decimal value: write rdb.decimal \"1.10\" with a string");
    }
    if (lua_type(L, 1) != LUA_TSTRING) {
        return rlua_raise_code(L, RDB_E_INVALID_VALUE, "expected the text of a decimal, got %s", rlua__describe(L, 1));
    }
    size_t len;
    const char *text = lua_tolstring(L, 1, &len);
    char local[SHORT_RESULT];
    ptrdiff_t needed = rdb__decimal_canonical(text, len, local, sizeof local);
    if (needed < 0) {
        return rlua_raise_code(L, RDB_E_INVALID_VALUE, "not a decimal: expected digits like -12.50 or 1E+3");
    }
    char *canonical = local;
    if ((size_t)needed >= sizeof local) {
        canonical = lua_newuserdatauv(L, (size_t)needed + 1, 0);
        needed = rdb__decimal_canonical(text, len, canonical, (size_t)needed + 1);
    }
    rlua__push_decimal(L, canonical, (size_t)needed);
    return 1;
}

static void read_operand(lua_State *L, int index, operand *out) {
    const rlua_decimal *decimal = rlua__type_get(L, index, RLUA_DECIMAL);
    if (decimal) {
        out->text = decimal->text;
        out->len = decimal->len;
        return;
    }
    if (!lua_isinteger(L, index)) {
        rlua_raise_code(L, RDB_E_INVALID_VALUE,
                        lua_type(L, index) == LUA_TNUMBER
                            ? "a decimal does not mix with a float: make it a decimal from a string"
                            : "expected a decimal or an integer, got %s",
                        rlua__describe(L, index));
    }
    out->len = rdb__integer_format(lua_tointeger(L, index), out->integer);
    out->text = out->integer;
}

static int compute(lua_State *L, rdb_decimal_op op) {
    operand a, b;
    read_operand(L, 1, &a);
    read_operand(L, 2, &b);
    char local[SHORT_RESULT];
    size_t room = rdb__decimal_room(a.len, b.len);
    char *out = result_buffer(L, room, local);
    size_t len;
    rdb_error err;
    if (rdb__decimal_compute(op, a.text, a.len, b.text, b.len, out, room, &len, &err) != RDB_OK) {
        return rlua_raise(L, &err, NULL);
    }
    rlua__push_decimal(L, out, len);
    return 1;
}

static int l_decimal_add(lua_State *L) {
    return compute(L, RDB_DECIMAL_ADD);
}

static int l_decimal_sub(lua_State *L) {
    return compute(L, RDB_DECIMAL_SUB);
}

static int l_decimal_mul(lua_State *L) {
    return compute(L, RDB_DECIMAL_MUL);
}

static int l_decimal_div(lua_State *L) {
    return compute(L, RDB_DECIMAL_DIV);
}

static int l_decimal_idiv(lua_State *L) {
    return compute(L, RDB_DECIMAL_IDIV);
}

static int l_decimal_mod(lua_State *L) {
    return compute(L, RDB_DECIMAL_MOD);
}

static int l_decimal_unm(lua_State *L) {
    const rlua_decimal *decimal = check_decimal(L, 1);
    if (decimal->text[0] == '-') {
        rlua__push_decimal(L, decimal->text + 1, decimal->len - 1);
        return 1;
    }
    if (rdb__decimal_sign(decimal->text, decimal->len) == 0) {
        lua_settop(L, 1);
        return 1;
    }
    rlua_decimal *negative = rlua__type_new(L, RLUA_DECIMAL, sizeof *negative + decimal->len + 2);
    negative->len = decimal->len + 1;
    negative->text[0] = '-';
    memcpy(negative->text + 1, decimal->text, (size_t)decimal->len + 1);
    return 1;
}

static int compare_operands(lua_State *L) {
    operand a, b;
    read_operand(L, 1, &a);
    read_operand(L, 2, &b);
    return rdb__decimal_compare(a.text, a.len, b.text, b.len);
}

static int l_decimal_eq(lua_State *L) {
    bool both = rlua__type_get(L, 1, RLUA_DECIMAL) && rlua__type_get(L, 2, RLUA_DECIMAL);
    lua_pushboolean(L, both && compare_operands(L) == 0);
    return 1;
}

static int l_decimal_lt(lua_State *L) {
    lua_pushboolean(L, compare_operands(L) < 0);
    return 1;
}

static int l_decimal_le(lua_State *L) {
    lua_pushboolean(L, compare_operands(L) <= 0);
    return 1;
}

static int l_decimal_tostring(lua_State *L) {
    const rlua_decimal *decimal = check_decimal(L, 1);
    lua_pushlstring(L, decimal->text, decimal->len);
    return 1;
}

/* decimal:tonumber() -> the nearest float, or the integer when it has no places and fits   [-0, +1, v] */
static int l_decimal_tonumber(lua_State *L) {
    const rlua_decimal *decimal = check_decimal(L, 1);
    if (lua_stringtonumber(L, decimal->text) == 0) {
        return rlua_raise_code(L, RDB_E_OUT_OF_RANGE, "the decimal is too long for a number");
    }
    return 1;
}

/* decimal:tointeger() -> integer, or nil when it has a fraction or does not fit 64 bits   [-0, +1, v] */
static int l_decimal_tointeger(lua_State *L) {
    const rlua_decimal *decimal = check_decimal(L, 1);
    int64_t integer;
    if (rdb__decimal_to_int64(decimal->text, decimal->len, &integer)) {
        lua_pushinteger(L, integer);
    } else {
        lua_pushnil(L);
    }
    return 1;
}

/* decimal:quantize(places [, "half_even" | "half_up" | "down"]) -> decimal   [-0, +1, v] */
static int l_decimal_quantize(lua_State *L) {
    static const char *const names[] = {"half_even", "half_up", "down", NULL};
    static const rdb_rounding roundings[] = {RDB_ROUND_HALF_EVEN, RDB_ROUND_HALF_UP, RDB_ROUND_DOWN};
    const rlua_decimal *decimal = check_decimal(L, 1);
    lua_Integer places = luaL_checkinteger(L, 2);
    rdb_rounding rounding = roundings[luaL_checkoption(L, 3, "half_even", names)];
    if (places < 0 || places > RDB_DECIMAL_DIGITS) {
        return rlua_raise_code(L, RDB_E_OUT_OF_RANGE, "decimal places are from 0 to %d", RDB_DECIMAL_DIGITS);
    }
    char local[SHORT_RESULT];
    size_t room = rdb__decimal_room(decimal->len, (size_t)places);
    char *out = result_buffer(L, room, local);
    size_t len;
    rdb_error err;
    if (rdb__decimal_quantize(decimal->text, decimal->len, (uint32_t)places, rounding, out, room, &len, &err) !=
        RDB_OK) {
        return rlua_raise(L, &err, NULL);
    }
    rlua__push_decimal(L, out, len);
    return 1;
}

/* decimal:abs() -> decimal   [-0, +1, v] */
static int l_decimal_abs(lua_State *L) {
    const rlua_decimal *decimal = check_decimal(L, 1);
    if (decimal->text[0] == '-') {
        rlua__push_decimal(L, decimal->text + 1, decimal->len - 1);
    } else {
        lua_settop(L, 1);
    }
    return 1;
}

/* decimal:sign() -> -1, 0 or 1   [-0, +1, v] */
static int l_decimal_sign(lua_State *L) {
    const rlua_decimal *decimal = check_decimal(L, 1);
    lua_pushinteger(L, rdb__decimal_sign(decimal->text, decimal->len));
    return 1;
}

/* decimal:places() -> digits after the point   [-0, +1, v] */
static int l_decimal_places(lua_State *L) {
    const rlua_decimal *decimal = check_decimal(L, 1);
    const char *point = memchr(decimal->text, '.', decimal->len);
    lua_pushinteger(L, point ? (lua_Integer)(decimal->text + decimal->len - point - 1) : 0);
    return 1;
}

static int l_decimal_index(lua_State *L) {
    check_decimal(L, 1);
    return rlua__type_method(L);
}

void rlua__open_decimal(lua_State *L) {
    static const luaL_Reg methods[] = {{"tonumber", l_decimal_tonumber},
                                       {"tointeger", l_decimal_tointeger},
                                       {"quantize", l_decimal_quantize},
                                       {"abs", l_decimal_abs},
                                       {"sign", l_decimal_sign},
                                       {"places", l_decimal_places},
                                       {NULL, NULL}};
    static const luaL_Reg meta[] = {{"__tostring", l_decimal_tostring},
                                    {"__eq", l_decimal_eq},
                                    {"__lt", l_decimal_lt},
                                    {"__le", l_decimal_le},
                                    {"__add", l_decimal_add},
                                    {"__sub", l_decimal_sub},
                                    {"__mul", l_decimal_mul},
                                    {"__div", l_decimal_div},
                                    {"__idiv", l_decimal_idiv},
                                    {"__mod", l_decimal_mod},
                                    {"__unm", l_decimal_unm},
                                    {NULL, NULL}};
    rlua__type_define(L, RLUA_DECIMAL, l_decimal_index, methods, meta);
    lua_pushcfunction(L, l_decimal_new);
    lua_setfield(L, -2, "decimal");
}
