/* value_datetime.c - the Lua type datetime: an instant, shown in UTC, with microseconds. */
#include <string.h>

#include "../calendar.h"
#include "../clock.h"
#include "value_types.h"

void rlua__push_datetime(lua_State *L, int64_t timestamp_us) {
    *(int64_t *)rlua__type_new(L, RLUA_DATETIME, sizeof(int64_t)) = timestamp_us;
}

static int64_t check_datetime(lua_State *L, int index) {
    return *(int64_t *)rlua__type_check(L, index, RLUA_DATETIME);
}

static int datetime_from_table(lua_State *L) {
    lua_Integer year = rlua__integer_field(L, 1, "year", 1, 0);
    lua_Integer month = rlua__integer_field(L, 1, "month", 2, 1);
    lua_Integer day = rlua__integer_field(L, 1, "day", 3, 1);
    lua_Integer hour = rlua__integer_field(L, 1, "hour", 4, 0);
    lua_Integer minute = rlua__integer_field(L, 1, "minute", 5, 0);
    lua_Integer second = rlua__integer_field(L, 1, "second", 6, 0);
    lua_Integer us = rlua__integer_field(L, 1, "microsecond", 7, 0);
    bool day_ok = year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= 31 &&
                  rdb__civil_valid((int)year, (int)month, (int)day);
    bool time_ok = hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 && second >= 0 && second <= 59 && us >= 0 &&
                   us < RDB_SECOND_US;
    if (!day_ok || !time_ok) {
        return rlua_raise_code(
            L, RDB_E_INVALID_VALUE,
            "not a datetime: expected year (1 to 9999), month, day, hour, minute, second, microsecond "
            "of a moment that exists");
    }
    int64_t days = rdb__days_from_civil((int)year, (int)month, (int)day);
    rlua__push_datetime(L, days * RDB_DAY_US + ((hour * 60 + minute) * 60 + second) * RDB_SECOND_US + us);
    return 1;
}

/* core.datetime(text | { year, month, day, hour, minute, second, microsecond } | datetime | date [, time]) -> datetime
 * A text without a zone is UTC.   [-0, +1, v] */
static int l_datetime_new(lua_State *L) {
    rlua_type type;
    const void *value = rlua__type_test(L, 1, &type);
    if (type == RLUA_DATETIME) {
        lua_settop(L, 1);
        return 1;
    }
    if (type == RLUA_DATE) {
        int64_t day_us = lua_isnoneornil(L, 2) ? 0 : *(int64_t *)rlua__type_check(L, 2, RLUA_TIME);
        rlua__push_datetime(L, *(const int64_t *)value * RDB_DAY_US + day_us);
        return 1;
    }
    if (lua_istable(L, 1)) {
        return datetime_from_table(L);
    }
    if (lua_type(L, 1) != LUA_TSTRING) {
        return rlua_raise_code(L, RDB_E_INVALID_VALUE, "expected the text of a datetime, got %s", rlua__describe(L, 1));
    }
    size_t len;
    const char *text = lua_tolstring(L, 1, &len);
    int64_t timestamp_us;
    bool utc;
    if (!rdb__timestamp_parse(text, len, &timestamp_us, &utc)) {
        return rlua_raise_code(
            L, RDB_E_INVALID_VALUE,
            "not a datetime: expected YYYY-MM-DDTHH:MM:SS.ffffffZ (Z or an offset; UTC without one)");
    }
    rlua__push_datetime(L, timestamp_us);
    return 1;
}

/* core.now() -> datetime   [-0, +1, m] */
static int l_datetime_now(lua_State *L) {
    rlua__push_datetime(L, rdb__clock_utc_us());
    return 1;
}

/* The part called key, or -1. */
static int64_t part(const char *key, int64_t days, int64_t day_us) {
    static const char *const parts[] = {"year",   "month",       "day",     "hour", "minute",
                                        "second", "microsecond", "weekday", NULL};
    int which = 0;
    while (parts[which] && strcmp(parts[which], key) != 0) {
        which++;
    }
    int year, month, day;
    rdb__civil_from_days(days, &year, &month, &day);
    switch (which) {
    case 0:
        return year;
    case 1:
        return month;
    case 2:
        return day;
    case 3:
        return day_us / (3600 * RDB_SECOND_US);
    case 4:
        return day_us / (60 * RDB_SECOND_US) % 60;
    case 5:
        return day_us / RDB_SECOND_US % 60;
    case 6:
        return day_us % RDB_SECOND_US;
    case 7:
        return ((days + 3) % 7 + 7) % 7 + 1;
    default:
        return -1;
    }
}

static int l_datetime_index(lua_State *L) {
    int64_t timestamp_us = check_datetime(L, 1);
    if (lua_type(L, 2) == LUA_TSTRING) {
        int64_t days, day_us;
        rdb__timestamp_split(timestamp_us, &days, &day_us);
        int64_t number = part(lua_tostring(L, 2), days, day_us);
        if (number >= 0) {
            lua_pushinteger(L, number);
            return 1;
        }
    }
    return rlua__type_method(L);
}

static int l_datetime_tostring(lua_State *L) {
    char text[RDB_TIMESTAMP_TEXT];
    size_t len = rdb__timestamp_format(check_datetime(L, 1), 'T', true, text);
    lua_pushlstring(L, text, len);
    return 1;
}

/* datetime:format(text) -> string   [-0, +1, v] */
static int l_datetime_format(lua_State *L) {
    int64_t days, day_us;
    rdb__timestamp_split(check_datetime(L, 1), &days, &day_us);
    size_t len;
    const char *format = luaL_checklstring(L, 2, &len);
    return rlua__format_moment(L, days, day_us, format, len);
}

/* datetime:date() -> date, datetime:time() -> time: its UTC day and time of day. */
static int l_datetime_date(lua_State *L) {
    int64_t days, day_us;
    rdb__timestamp_split(check_datetime(L, 1), &days, &day_us);
    rlua__push_date(L, days);
    return 1;
}

static int l_datetime_time(lua_State *L) {
    int64_t days, day_us;
    rdb__timestamp_split(check_datetime(L, 1), &days, &day_us);
    rlua__push_time(L, day_us);
    return 1;
}

/* Months move the calendar day, days and microseconds the instant. */
static int move(lua_State *L, int64_t timestamp_us, const rlua_duration *by, int sign) {
    int64_t days, day_us;
    rdb__timestamp_split(timestamp_us, &days, &day_us);
    days = rlua__add_months(L, days, (int64_t)sign * by->months) + (int64_t)sign * by->days;
    day_us += sign * by->us; /* each below a day */
    if (days < RDB_DAYS_LEAST - 1 || days > RDB_DAYS_MOST + 1 || days * RDB_DAY_US + day_us < RDB_TIMESTAMP_LEAST ||
        days * RDB_DAY_US + day_us > RDB_TIMESTAMP_MOST) {
        return rlua_raise_code(L, RDB_E_OUT_OF_RANGE, "the result has no year from 1 to 9999");
    }
    rlua__push_datetime(L, days * RDB_DAY_US + day_us);
    return 1;
}

static int l_datetime_add(lua_State *L) {
    int self = rlua__type_get(L, 1, RLUA_DATETIME) ? 1 : 2;
    const rlua_duration *by = rlua__type_check(L, 3 - self, RLUA_DURATION);
    return move(L, check_datetime(L, self), by, 1);
}

static int l_datetime_sub(lua_State *L) {
    const rlua_duration *by = rlua__type_get(L, 2, RLUA_DURATION);
    if (by) {
        return move(L, check_datetime(L, 1), by, -1);
    }
    rlua__push_duration(L, 0, 0, check_datetime(L, 1) - check_datetime(L, 2));
    return 1;
}

void rlua__open_datetime(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"format", l_datetime_format}, {"date", l_datetime_date}, {"time", l_datetime_time}, {NULL, NULL}};
    static const luaL_Reg meta[] = {
        {"__tostring", l_datetime_tostring}, {"__add", l_datetime_add}, {"__sub", l_datetime_sub}, {NULL, NULL}};
    rlua__type_define(L, RLUA_DATETIME, l_datetime_index, methods, meta);
    lua_pushcfunction(L, l_datetime_new);
    lua_setfield(L, -2, "datetime");
    lua_pushcfunction(L, l_datetime_now);
    lua_setfield(L, -2, "now");
}
