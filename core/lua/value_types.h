/* value_types.h - the value userdata that a Lua program sees: date, time, datetime, duration, decimal, uuid.
 *
 * Small, immutable, without user values. Each type's metatable carries its number under a key that only this
 * library knows, so one look tells what a userdata is. Shared by the value*.c files of this folder only. */
#ifndef RDB_LUA_VALUE_TYPES_H
#define RDB_LUA_VALUE_TYPES_H

#include <stdint.h>

#include "bindings.h"

typedef enum rlua_type {
    RLUA_NO_TYPE,
    RLUA_DATE,     /* int64_t: days since 1970-01-01 */
    RLUA_TIME,     /* int64_t: microseconds since midnight */
    RLUA_DATETIME, /* int64_t: microseconds since 1970-01-01 00:00 UTC */
    RLUA_DURATION, /* rlua_duration */
    RLUA_DECIMAL,  /* rlua_decimal */
    RLUA_UUID,     /* 16 bytes */
    RLUA_N_TYPES
} rlua_type;

/* Months beside days and microseconds, because a month has no fixed length. Normalised: days and us have the same
 * sign and us is less than a day. */
typedef struct rlua_duration {
    int32_t months;
    int32_t days;
    int64_t us;
} rlua_duration;

/* A decimal as its canonical text. */
typedef struct rlua_decimal {
    uint32_t len; /* bytes of text */
    char text[];  /* with a NUL */
} rlua_decimal;

/* -- value_types.c ---------------------------------------------------------------------------------- */
/* rlua__type_name - "date" and so on. */
const char *rlua__type_name(rlua_type type);
/* rlua__type_define - make the metatable of type.
 *   index    __index: gets the userdata and a key; upvalue 1 is the table of methods
 *   methods  the methods, upvalue-less
 *   meta     further metamethods; __eq, __lt and __le call compare unless meta brings its own */
void rlua__type_define(lua_State *L, rlua_type type, lua_CFunction index, const luaL_Reg *methods,
                       const luaL_Reg *meta);
/* rlua__type_new - push a new userdata of size bytes, to be filled at once. [-0, +1, m] */
void *rlua__type_new(lua_State *L, rlua_type type, size_t size);
/* rlua__type_test - the userdata at index and its type; NULL and RLUA_NO_TYPE for any other value. [-0, +0, -] */
void *rlua__type_test(lua_State *L, int index, rlua_type *type);
/* rlua__type_get - the userdata at index when it has the type, else NULL. */
void *rlua__type_get(lua_State *L, int index, rlua_type type);
/* rlua__type_check - the same, raises invalid_value "expected a date, got a string". */
void *rlua__type_check(lua_State *L, int index, rlua_type type);
/* rlua__type_method - the method called key from upvalue 1, or nil: the end of every __index. [-0, +1, -] */
int rlua__type_method(lua_State *L);
/* rlua__describe - "a string", "an integer", "a date": what stands at index, for messages. */
const char *rlua__describe(lua_State *L, int index);
/* rlua__integer_field - integer t[name] or t[position] of the table at index; fallback when both are nil. Raises
 * invalid_value for anything else. */
lua_Integer rlua__integer_field(lua_State *L, int index, const char *name, int position, lua_Integer fallback);

/* -- one file per type: open adds the constructor to the module table on top [-0, +0, m] ------------------ */
void rlua__open_date(lua_State *L);
void rlua__open_time(lua_State *L);
void rlua__open_datetime(lua_State *L); /* and now */
void rlua__open_duration(lua_State *L);
void rlua__open_decimal(lua_State *L);
void rlua__open_uuid(lua_State *L);
void rlua__open_json(lua_State *L); /* json_encode, json_decode, array, object */

void rlua__push_date(lua_State *L, int64_t days);
void rlua__push_time(lua_State *L, int64_t day_us);
void rlua__push_datetime(lua_State *L, int64_t timestamp_us);
/* Carries whole days out of us; raises out_of_range when months or days do not fit 32 bits. */
void rlua__push_duration(lua_State *L, int64_t months, int64_t days, int64_t us);
void rlua__push_decimal(lua_State *L, const char *text, size_t len); /* canonical text, copied */
void rlua__push_uuid(lua_State *L, const unsigned char *bytes);

/* rlua__add_months - days moved by calendar months; a day that the month lacks becomes the month's last. Raises
 * out_of_range. */
int64_t rlua__add_months(lua_State *L, int64_t days, int64_t months);
/* rlua__format_moment - the strftime-like format of date, time and datetime: %Y %m %d %H %M %S and what else os.date
 * knows, %f for microseconds. Pushes the text. */
int rlua__format_moment(lua_State *L, int64_t days, int64_t day_us, const char *format, size_t len);

/* -- value_json.c --------------------------------------------------------------------------------------- */
/* rlua__json_push - push the value of a JSON text; null becomes the sentinel. Raises invalid_value (line and column) or
 * out_of_range. */
void rlua__json_push(lua_State *L, const char *text, size_t len);
/* rlua__json_encode - push the JSON text of the value at index: keys sorted, no spaces. Returns false with err set
 * (and nothing pushed) when the value has no JSON form. */
bool rlua__json_encode(lua_State *L, int index, rdb_error *err);

#endif
