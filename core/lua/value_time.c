/* value_time.c - the Lua type time: a time of day with microseconds, without a time zone. Also the strftime-like
 * formatting that date, time and datetime share. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../calendar.h"
#include "value_types.h"

void rlua__push_time(lua_State *L, int64_t day_us) {
    *(int64_t *)rlua__type_new(L, RLUA_TIME, sizeof(int64_t)) = day_us;
}

static int64_t check_time(lua_State *L, int index) {
    return *(int64_t *)rlua__type_check(L, index, RLUA_TIME);
}

static int time_from_table(lua_State *L) {
    lua_Integer hour = rlua__integer_field(L, 1, "hour", 1, 0);
    lua_Integer minute = rlua__integer_field(L, 1, "minute", 2, 0);
    lua_Integer second = rlua__integer_field(L, 1, "second", 3, 0);
    lua_Integer us = rlua__integer_field(L, 1, "microsecond", 4, 0);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 || us < 0 ||
        us >= RDB_SECOND_US) {
        return rlua_raise_code(
            L, RDB_E_INVALID_VALUE,
            "not a time: expected hour 0 to 23, minute and second 0 to 59, microsecond below 1000000");
    }
    rlua__push_time(L, ((hour * 60 + minute) * 60 + second) * RDB_SECOND_US + us);
    return 1;
}

/* core.time(text | { hour, minute, second, microsecond } | time | datetime) -> time   [-0, +1, v] */
static int l_time_new(lua_State *L) {
    rlua_type type;
    const void *value = rlua__type_test(L, 1, &type);
    if (type == RLUA_TIME) {
        lua_settop(L, 1);
        return 1;
    }
    if (type == RLUA_DATETIME) {
        int64_t days, day_us;
        rdb__timestamp_split(*(const int64_t *)value, &days, &day_us);
        rlua__push_time(L, day_us);
        return 1;
    }
    if (lua_istable(L, 1)) {
        return time_from_table(L);
    }
    if (lua_type(L, 1) != LUA_TSTRING) {
        return rlua_raise_code(L, RDB_E_INVALID_VALUE, "expected the text of a time, got %s", rlua__describe(L, 1));
    }
    size_t len;
    const char *text = lua_tolstring(L, 1, &len);
    int64_t day_us;
    if (!rdb__time_parse(text, len, &day_us)) {
        return rlua_raise_code(L, RDB_E_INVALID_VALUE,
                               "not a time: expected HH:MM:SS with at most six digits of a fraction");
    }
    rlua__push_time(L, day_us);
    return 1;
}

static int l_time_index(lua_State *L) {
    int64_t day_us = check_time(L, 1);
    if (lua_type(L, 2) == LUA_TSTRING) {
        const char *key = lua_tostring(L, 2);
        if (strcmp(key, "hour") == 0) {
            lua_pushinteger(L, day_us / (3600 * RDB_SECOND_US));
            return 1;
        }
        if (strcmp(key, "minute") == 0) {
            lua_pushinteger(L, day_us / (60 * RDB_SECOND_US) % 60);
            return 1;
        }
        if (strcmp(key, "second") == 0) {
            lua_pushinteger(L, day_us / RDB_SECOND_US % 60);
            return 1;
        }
        if (strcmp(key, "microsecond") == 0) {
            lua_pushinteger(L, day_us % RDB_SECOND_US);
            return 1;
        }
    }
    return rlua__type_method(L);
}

static int l_time_tostring(lua_State *L) {
    char text[RDB_TIME_TEXT];
    size_t len = rdb__time_format(check_time(L, 1), text);
    lua_pushlstring(L, text, len);
    return 1;
}

/* time:format(text) -> string   [-0, +1, v] */
static int l_time_format(lua_State *L) {
    int64_t day_us = check_time(L, 1);
    size_t len;
    const char *format = luaL_checklstring(L, 2, &len);
    return rlua__format_moment(L, 0, day_us, format, len);
}

static void fill_tm(struct tm *tm, int64_t days, int64_t day_us) {
    int year, month, day;
    rdb__civil_from_days(days, &year, &month, &day);
    memset(tm, 0, sizeof *tm);
    tm->tm_year = year - 1900;
    tm->tm_mon = month - 1;
    tm->tm_mday = day;
    tm->tm_hour = (int)(day_us / (3600 * RDB_SECOND_US));
    tm->tm_min = (int)(day_us / (60 * RDB_SECOND_US) % 60);
    tm->tm_sec = (int)(day_us / RDB_SECOND_US % 60);
    tm->tm_wday = (int)(((days + 4) % 7 + 7) % 7);
    tm->tm_yday = (int)(days - rdb__days_from_civil(year, 1, 1));
}

/* One conversion of the format. strftime() does not pad the year, does not know %f, and would ask the process's zone
 * for %z, %Z and %s. */
static size_t format_one(char conversion, const struct tm *tm, int64_t days, int64_t day_us, char *out, size_t room) {
    int year = tm->tm_year + 1900;
    switch (conversion) {
    case 'f':
        return (size_t)snprintf(out, room, "%06d", (int)(day_us % RDB_SECOND_US));
    case 'Y':
        return (size_t)snprintf(out, room, "%04d", year);
    case 'F':
        return (size_t)snprintf(out, room, "%04d-%02d-%02d", year, tm->tm_mon + 1, tm->tm_mday);
    case 's':
        return (size_t)snprintf(out, room, "%lld", (long long)(days * 86400 + day_us / RDB_SECOND_US));
    case 'z':
        return (size_t)snprintf(out, room, "+0000");
    case 'Z':
        return (size_t)snprintf(out, room, "UTC");
    default: {
        char one[3] = {'%', conversion, '\0'};
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* one conversion out of the list in rlua__format_moment */
        return strftime(out, room, one, tm);
#pragma GCC diagnostic pop
    }
    }
}

int rlua__format_moment(lua_State *L, int64_t days, int64_t day_us, const char *format, size_t len) {
    static const char known[] = "aAbBcCdDeFfgGhHIjmMnprRsStTuUVwWxXyYzZ%";
    struct tm tm;
    fill_tm(&tm, days, day_us);
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    for (size_t i = 0; i < len; i++) {
        if (format[i] != '%') {
            luaL_addchar(&buffer, format[i]);
            continue;
        }
        i++;
        if (i == len || format[i] == '\0' || !strchr(known, format[i])) {
            return rlua_raise_code(L, RDB_E_INVALID_VALUE, "unknown conversion after %% at character %d of the format",
                                   (int)i);
        }
        char text[256];
        luaL_addlstring(&buffer, text, format_one(format[i], &tm, days, day_us, text, sizeof text));
    }
    luaL_pushresult(&buffer);
    return 1;
}

void rlua__open_time(lua_State *L) {
    static const luaL_Reg methods[] = {{"format", l_time_format}, {NULL, NULL}};
    static const luaL_Reg meta[] = {{"__tostring", l_time_tostring}, {NULL, NULL}};
    rlua__type_define(L, RLUA_TIME, l_time_index, methods, meta);
    lua_pushcfunction(L, l_time_new);
    lua_setfield(L, -2, "time");
}
