/* values.c - rdb_value to Lua and back, and the functions of the module that make and tell values.
 *
 * A Lua value that does not fit the wanted kind exactly is refused: nothing is rounded, cut or guessed. Messages name
 * types, never the value. */
#include <math.h>
#include <string.h>

#include "../calendar.h"
#include "../decimal_text.h"
#include "../number_text.h"
#include "../uuid_text.h"
#include "json.h"
#include "value_types.h"

/* -- NULL -------------------------------------------------------------------------------------------------- */

void rlua_push_null(lua_State *L) {
    lua_pushlightuserdata(L, NULL);
}

bool rlua_is_null(lua_State *L, int index) {
    return lua_isnoneornil(L, index) || (lua_islightuserdata(L, index) && lua_touserdata(L, index) == NULL);
}

/* -- cells to Lua ------------------------------------------------------------------------------------------- */

void rlua_push_value(lua_State *L, const rdb_value *value) {
    switch ((rdb_kind)value->kind) {
    case RDB_KIND_BOOL:
        lua_pushboolean(L, value->as.boolean);
        return;
    case RDB_KIND_INT64:
        lua_pushinteger(L, value->as.integer);
        return;
    case RDB_KIND_DOUBLE:
        lua_pushnumber(L, value->as.number);
        return;
    case RDB_KIND_TEXT:
    case RDB_KIND_BYTES:
        lua_pushlstring(L, value->as.text, value->more.len);
        return;
    case RDB_KIND_DECIMAL:
        rlua__push_decimal(L, value->as.text, value->more.len);
        return;
    case RDB_KIND_DATE:
        rlua__push_date(L, value->as.integer);
        return;
    case RDB_KIND_TIME:
        rlua__push_time(L, value->as.integer);
        return;
    case RDB_KIND_TIMESTAMP:
        rlua__push_datetime(L, value->as.integer);
        return;
    case RDB_KIND_INTERVAL:
        rlua__push_duration(L, value->more.interval.months, value->more.interval.days, value->as.integer);
        return;
    case RDB_KIND_UUID:
        rlua__push_uuid(L, (const unsigned char *)value->as.text);
        return;
    case RDB_KIND_JSON:
    case RDB_KIND_ARRAY:
        rlua__json_push(L, value->as.text, value->more.len);
        return;
    case RDB_KIND_NULL:
    case RDB_KIND_ANY:
    case RDB_N_KINDS:
        break;
    }
    lua_pushnil(L);
}

/* -- Lua to parameters --------------------------------------------------------------------------------------- */

static const char *wanted(rdb_kind kind) {
    static const char *const texts[RDB_N_KINDS] = {
        [RDB_KIND_NULL] = "nil",
        [RDB_KIND_BOOL] = "a boolean",
        [RDB_KIND_INT64] = "an integer",
        [RDB_KIND_DOUBLE] = "a number",
        [RDB_KIND_DECIMAL] = "a decimal",
        [RDB_KIND_TEXT] = "a string",
        [RDB_KIND_BYTES] = "a string",
        [RDB_KIND_DATE] = "a date",
        [RDB_KIND_TIME] = "a time",
        [RDB_KIND_TIMESTAMP] = "a datetime",
        [RDB_KIND_INTERVAL] = "a duration",
        [RDB_KIND_UUID] = "a uuid",
        [RDB_KIND_JSON] = "a value with a JSON form",
        [RDB_KIND_ARRAY] = "an array",
        [RDB_KIND_ANY] = "a value",
    };
    return texts[kind];
}

static int mismatch(lua_State *L, int index, rdb_kind want, rdb_error *err) {
    rdb_error_set(err, RDB_E_INVALID_VALUE, "expected %s, got %s", wanted(want), rlua__describe(L, index));
    return -1;
}

static int from_integer(lua_State *L, int index, rdb_kind want, rdb_value *out, char *buffer, rdb_error *err) {
    lua_Integer integer = lua_tointeger(L, index);
    if (want == RDB_KIND_INT64 || want == RDB_KIND_ANY) {
        *out = rdb_value_int64(integer);
        return 0;
    }
    if (want == RDB_KIND_DOUBLE) {
        *out = rdb_value_int64(integer);
        if (rdb_value_coerce(out, RDB_KIND_DOUBLE, buffer, NULL) == RDB_OK) {
            return 0;
        }
        rdb_error_set(err, RDB_E_OUT_OF_RANGE, "the integer has no exact value as a float");
        return -1;
    }
    if (want == RDB_KIND_DECIMAL) {
        *out = rdb_value_text(buffer, rdb__integer_format(integer, buffer));
        out->kind = RDB_KIND_DECIMAL;
        return 0;
    }
    return mismatch(L, index, want, err);
}

static int from_float(lua_State *L, int index, rdb_kind want, rdb_value *out, rdb_error *err) {
    double number = lua_tonumber(L, index);
    if (want == RDB_KIND_DOUBLE || want == RDB_KIND_ANY) {
        *out = rdb_value_double(number);
        return 0;
    }
    if (want == RDB_KIND_INT64) {
        if (number != floor(number)) {
            rdb_error_set(err, RDB_E_INVALID_VALUE, "expected an integer, got a float with a fraction");
            return -1;
        }
        if (number < -0x1p63 || number >= 0x1p63) {
            rdb_error_set(err, RDB_E_OUT_OF_RANGE, "expected an integer, got a float beyond 64 bits");
            return -1;
        }
        *out = rdb_value_int64((int64_t)number);
        return 0;
    }
    return mismatch(L, index, want, err);
}

/* A decimal in any form: kept when canonical, else rewritten into buffer, or into a pushed string. */
static int decimal_from_text(lua_State *L, const char *text, size_t len, rdb_value *out, char *buffer) {
    ptrdiff_t needed = (ptrdiff_t)len;
    int pushed = 0;
    if (!rdb__decimal_is_canonical(text, len)) {
        needed = rdb__decimal_canonical(text, len, buffer, RLUA_VALUE_BUFFER);
        if (needed >= RLUA_VALUE_BUFFER) {
            char *canonical = lua_newuserdatauv(L, (size_t)needed + 1, 0);
            needed = rdb__decimal_canonical(text, len, canonical, (size_t)needed + 1);
            text = canonical;
            pushed = 1;
        } else {
            text = buffer;
        }
    }
    if (needed < 0) {
        return -1;
    }
    *out = rdb_value_text(text, (size_t)needed);
    out->kind = RDB_KIND_DECIMAL;
    return pushed;
}

static bool moment_from_text(const char *text, size_t len, rdb_kind want, rdb_value *out) {
    int64_t number = 0;
    int32_t months = 0, days = 0;
    bool good, utc;
    switch (want) {
    case RDB_KIND_DATE:
        good = rdb__date_parse(text, len, &number);
        break;
    case RDB_KIND_TIME:
        good = rdb__time_parse(text, len, &number);
        break;
    case RDB_KIND_TIMESTAMP:
        good = rdb__timestamp_parse(text, len, &number, &utc);
        break;
    default:
        good = rdb__interval_parse(text, len, &months, &days, &number);
        break;
    }
    *out = (rdb_value){.kind = (uint8_t)want, .utc = want == RDB_KIND_TIMESTAMP, .as.integer = number};
    if (want == RDB_KIND_INTERVAL) {
        out->more.interval.months = months;
        out->more.interval.days = days;
    }
    return good;
}

static int encode_json(lua_State *L, int index, rdb_kind want, rdb_value *out, rdb_error *err) {
    if (!rlua__json_encode(L, index, err)) {
        return -1;
    }
    size_t len;
    const char *text = lua_tolstring(L, -1, &len);
    if (want == RDB_KIND_ARRAY && text[0] == '{') {
        if (len > 2 || rlua__json_marked(L, index) == RLUA_JSON_OBJECT) {
            lua_pop(L, 1);
            rdb_error_set(err, RDB_E_INVALID_VALUE, "expected an array, got a table with string keys");
            return -1;
        }
        text = "[]"; /* {} is the empty array where an array is wanted */
    }
    *out = rdb_value_text(text, len);
    out->kind = (uint8_t)want;
    return 1;
}

static int from_string(lua_State *L, int index, rdb_kind want, rdb_value *out, char *buffer, rdb_error *err) {
    size_t len;
    const char *text = lua_tolstring(L, index, &len);
    bool good = true;
    int pushed = 0;
    switch (want) {
    case RDB_KIND_TEXT:
    case RDB_KIND_ANY:
        *out = rdb_value_text(text, len);
        return 0;
    case RDB_KIND_BYTES:
        *out = rdb_value_bytes(text, len);
        return 0;
    case RDB_KIND_DECIMAL:
        pushed = decimal_from_text(L, text, len, out, buffer);
        good = pushed >= 0;
        break;
    case RDB_KIND_DATE:
    case RDB_KIND_TIME:
    case RDB_KIND_TIMESTAMP:
    case RDB_KIND_INTERVAL:
        good = moment_from_text(text, len, want, out);
        break;
    case RDB_KIND_UUID:
        good = rdb__uuid_parse(text, len, (unsigned char *)buffer);
        *out = rdb_value_text(buffer, RDB_UUID_BYTES);
        out->kind = RDB_KIND_UUID;
        break;
    case RDB_KIND_JSON:
        return encode_json(L, index, want, out, err);
    default:
        return mismatch(L, index, want, err);
    }
    if (!good) {
        rdb_error_set(err, RDB_E_INVALID_VALUE, "expected %s, got a string of another form", wanted(want));
        return -1;
    }
    return pushed;
}

static int from_userdata(lua_State *L, int index, rdb_kind want, rdb_value *out, rdb_error *err) {
    static const rdb_kind kinds[RLUA_N_TYPES] = {
        [RLUA_NO_TYPE] = RDB_N_KINDS,         [RLUA_DATE] = RDB_KIND_DATE,         [RLUA_TIME] = RDB_KIND_TIME,
        [RLUA_DATETIME] = RDB_KIND_TIMESTAMP, [RLUA_DURATION] = RDB_KIND_INTERVAL, [RLUA_DECIMAL] = RDB_KIND_DECIMAL,
        [RLUA_UUID] = RDB_KIND_UUID};
    rlua_type type;
    const void *value = rlua__type_test(L, index, &type);
    rdb_kind kind = kinds[type];
    if (type == RLUA_NO_TYPE || (want != kind && want != RDB_KIND_ANY)) {
        return mismatch(L, index, want, err);
    }
    *out = (rdb_value){.kind = (uint8_t)kind, .utc = kind == RDB_KIND_TIMESTAMP};
    if (type == RLUA_DECIMAL) {
        const rlua_decimal *decimal = value;
        out->as.text = decimal->text;
        out->more.len = decimal->len;
    } else if (type == RLUA_UUID) {
        out->as.text = value;
        out->more.len = RDB_UUID_BYTES;
    } else if (type == RLUA_DURATION) {
        const rlua_duration *duration = value;
        out->as.integer = duration->us;
        out->more.interval.months = duration->months;
        out->more.interval.days = duration->days;
    } else {
        out->as.integer = *(const int64_t *)value;
    }
    return 0;
}

int rlua_to_value(lua_State *L, int index, rdb_kind want, rdb_value *out, char *buffer, rdb_error *err) {
    index = lua_absindex(L, index);
    switch (lua_type(L, index)) {
    case LUA_TNIL:
    case LUA_TNONE:
        *out = rdb_value_null();
        return 0;
    case LUA_TBOOLEAN:
        if (want == RDB_KIND_JSON) {
            return encode_json(L, index, want, out, err);
        }
        *out = rdb_value_bool(lua_toboolean(L, index));
        return want == RDB_KIND_BOOL || want == RDB_KIND_ANY ? 0 : mismatch(L, index, want, err);
    case LUA_TNUMBER:
        if (want == RDB_KIND_JSON) {
            return encode_json(L, index, want, out, err);
        }
        return lua_isinteger(L, index) ? from_integer(L, index, want, out, buffer, err)
                                       : from_float(L, index, want, out, err);
    case LUA_TSTRING:
        return from_string(L, index, want, out, buffer, err);
    case LUA_TTABLE:
        return want == RDB_KIND_JSON || want == RDB_KIND_ARRAY ? encode_json(L, index, want, out, err)
                                                               : mismatch(L, index, want, err);
    case LUA_TLIGHTUSERDATA:
        if (!rlua_is_null(L, index)) {
            return mismatch(L, index, want, err);
        }
        if (want == RDB_KIND_JSON) { /* JSON null; SQL NULL is nil */
            return encode_json(L, index, want, out, err);
        }
        *out = rdb_value_null();
        return 0;
    default:
        return from_userdata(L, index, want, out, err);
    }
}

/* -- the module ------------------------------------------------------------------------------------------------- */

/* core.is(value) -> "date" | "time" | "datetime" | "duration" | "decimal" | "uuid" | nil   [-0, +1, -] */
static int l_value_is(lua_State *L) {
    rlua_type type;
    rlua__type_test(L, 1, &type);
    if (type == RLUA_NO_TYPE) {
        lua_pushnil(L);
    } else {
        lua_pushstring(L, rlua__type_name(type));
    }
    return 1;
}

void rlua_open_values(lua_State *L) {
    rlua_push_null(L);
    lua_setfield(L, -2, "null");
    lua_pushcfunction(L, l_value_is);
    lua_setfield(L, -2, "is");
    rlua__open_date(L);
    rlua__open_time(L);
    rlua__open_datetime(L);
    rlua__open_duration(L);
    rlua__open_decimal(L);
    rlua__open_uuid(L);
    rlua__open_json(L);
}
