/* value_date.c - the Lua type date: a day, without a time zone. */
#include <string.h>

#include "../calendar.h"
#include "value_types.h"

void rlua__push_date(lua_State *L, int64_t days) {
    *(int64_t *)rlua__type_new(L, RLUA_DATE, sizeof(int64_t)) = days;
}

static int64_t check_date(lua_State *L, int index) {
    return *(int64_t *)rlua__type_check(L, index, RLUA_DATE);
}

/* Push the date, refusing days out of the calendar. */
static int push_checked(lua_State *L, int64_t days) {
    if (days < RDB_DAYS_LEAST || days > RDB_DAYS_MOST) {
        return rlua_raise_code(L, RDB_E_OUT_OF_RANGE, "the result has no year from 1 to 9999");
    }
    rlua__push_date(L, days);
    return 1;
}

static int date_from_table(lua_State *L) {
    lua_Integer year = rlua__integer_field(L, 1, "year", 1, 0);
    lua_Integer month = rlua__integer_field(L, 1, "month", 2, 0);
    lua_Integer day = rlua__integer_field(L, 1, "day", 3, 0);
    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31 ||
        !rdb__civil_valid((int)year, (int)month, (int)day)) {
        return rlua_raise_code(L, RDB_E_INVALID_VALUE,
                               "not a date: expected year (1 to 9999), month and day of a day that exists");
    }
    rlua__push_date(L, rdb__days_from_civil((int)year, (int)month, (int)day));
    return 1;
}

/* core.date(text | { year, month, day } | date | datetime) -> date   [-0, +1, v] */
static int l_date_new(lua_State *L) {
    rlua_type type;
    const void *value = rlua__type_test(L, 1, &type);
    if (type == RLUA_DATE) {
        lua_settop(L, 1);
        return 1;
    }
    if (type == RLUA_DATETIME) {
        int64_t days, day_us;
        rdb__timestamp_split(*(const int64_t *)value, &days, &day_us);
        rlua__push_date(L, days);
        return 1;
    }
    if (lua_istable(L, 1)) {
        return date_from_table(L);
    }
    if (lua_type(L, 1) != LUA_TSTRING) {
        return rlua_raise_code(L, RDB_E_INVALID_VALUE, "expected the text of a date, got %s", rlua__describe(L, 1));
    }
    size_t len;
    const char *text = lua_tolstring(L, 1, &len);
    int64_t days;
    if (!rdb__date_parse(text, len, &days)) {
        return rlua_raise_code(L, RDB_E_INVALID_VALUE,
                               "not a date: expected YYYY-MM-DD of a day that exists, year 1 to 9999");
    }
    rlua__push_date(L, days);
    return 1;
}

static int l_date_index(lua_State *L) {
    int64_t days = check_date(L, 1);
    if (lua_type(L, 2) == LUA_TSTRING) {
        const char *key = lua_tostring(L, 2);
        int year, month, day;
        rdb__civil_from_days(days, &year, &month, &day);
        if (strcmp(key, "year") == 0) {
            lua_pushinteger(L, year);
            return 1;
        }
        if (strcmp(key, "month") == 0) {
            lua_pushinteger(L, month);
            return 1;
        }
        if (strcmp(key, "day") == 0) {
            lua_pushinteger(L, day);
            return 1;
        }
        if (strcmp(key, "weekday") == 0) { /* ISO: Monday is 1; 1970-01-01 was a Thursday */
            lua_pushinteger(L, (lua_Integer)(((days + 3) % 7 + 7) % 7 + 1));
            return 1;
        }
    }
    return rlua__type_method(L);
}

static int l_date_tostring(lua_State *L) {
    char text[RDB_DATE_TEXT];
    size_t len = rdb__date_format(check_date(L, 1), text);
    lua_pushlstring(L, text, len);
    return 1;
}

/* date:format(text) -> string   [-0, +1, v] */
static int l_date_format(lua_State *L) {
    int64_t days = check_date(L, 1);
    size_t len;
    const char *format = luaL_checklstring(L, 2, &len);
    return rlua__format_moment(L, days, 0, format, len);
}

int64_t rlua__add_months(lua_State *L, int64_t days, int64_t months) {
    if (months == 0) {
        return days;
    }
    int year, month, day;
    rdb__civil_from_days(days, &year, &month, &day);
    int64_t total = (int64_t)year * 12 + month - 1 + months;
    if (total < 12 || total >= INT64_C(12) * 10000) {
        return rlua_raise_code(L, RDB_E_OUT_OF_RANGE, "the result has no year from 1 to 9999");
    }
    year = (int)(total / 12);
    month = (int)(total % 12) + 1;
    int last = rdb__days_in_month(year, month);
    return rdb__days_from_civil(year, month, day < last ? day : last);
}

static int move(lua_State *L, int64_t days, const rlua_duration *by, int sign) {
    if (by->us != 0) {
        return rlua_raise_code(L, RDB_E_INVALID_VALUE, "a date moves by whole days: the duration has a part of a day");
    }
    return push_checked(L, rlua__add_months(L, days, (int64_t)sign * by->months) + (int64_t)sign * by->days);
}

static int l_date_add(lua_State *L) {
    int self = rlua__type_get(L, 1, RLUA_DATE) ? 1 : 2;
    const rlua_duration *by = rlua__type_check(L, 3 - self, RLUA_DURATION);
    return move(L, check_date(L, self), by, 1);
}

static int l_date_sub(lua_State *L) {
    const rlua_duration *by = rlua__type_get(L, 2, RLUA_DURATION);
    if (by) {
        return move(L, check_date(L, 1), by, -1);
    }
    rlua__push_duration(L, 0, check_date(L, 1) - check_date(L, 2), 0);
    return 1;
}

void rlua__open_date(lua_State *L) {
    static const luaL_Reg methods[] = {{"format", l_date_format}, {NULL, NULL}};
    static const luaL_Reg meta[] = {
        {"__tostring", l_date_tostring}, {"__add", l_date_add}, {"__sub", l_date_sub}, {NULL, NULL}};
    rlua__type_define(L, RLUA_DATE, l_date_index, methods, meta);
    lua_pushcfunction(L, l_date_new);
    lua_setfield(L, -2, "date");
}
