/* value_duration.c - the Lua type duration: months, days and microseconds; a day counts 24 hours. */
#include <math.h>
#include <string.h>

#include "../calendar.h"
#include "value_types.h"

/* For comparisons only, as PostgreSQL does. */
#define MONTH_DAYS 30

void rlua__push_duration(lua_State *L, int64_t months, int64_t days, int64_t us) {
    days += us / RDB_DAY_US;
    us %= RDB_DAY_US;
    if (days > 0 && us < 0) {
        days--;
        us += RDB_DAY_US;
    } else if (days < 0 && us > 0) {
        days++;
        us -= RDB_DAY_US;
    }
    if (months < INT32_MIN || months > INT32_MAX || days < INT32_MIN || days > INT32_MAX) {
        rlua_raise_code(L, RDB_E_OUT_OF_RANGE, "the duration has more months or days than 32 bits hold");
    }
    rlua_duration *duration = rlua__type_new(L, RLUA_DURATION, sizeof *duration);
    *duration = (rlua_duration){.months = (int32_t)months, .days = (int32_t)days, .us = us};
}

static const rlua_duration *check_duration(lua_State *L, int index) {
    return rlua__type_check(L, index, RLUA_DURATION);
}

static int64_t seconds_to_us(lua_State *L, int index) {
    if (lua_isinteger(L, index)) {
        int64_t us;
        if (__builtin_mul_overflow((int64_t)lua_tointeger(L, index), RDB_SECOND_US, &us)) {
            rlua_raise_code(L, RDB_E_OUT_OF_RANGE, "too many seconds for a duration");
        }
        return us;
    }
    double us = rint(lua_tonumber(L, index) * (double)RDB_SECOND_US);
    if (!(us > -9.2e18 && us < 9.2e18)) {
        rlua_raise_code(L, RDB_E_OUT_OF_RANGE, "a duration is a finite number of seconds below 9.2e12");
    }
    return (int64_t)us;
}

static int64_t bounded_field(lua_State *L, const char *name, int64_t unit) {
    int64_t number;
    if (__builtin_mul_overflow((int64_t)rlua__integer_field(L, 1, name, 0, 0), unit, &number) ||
        number > INT64_MAX / 8 || number < INT64_MIN / 8) {
        rlua_raise_code(L, RDB_E_OUT_OF_RANGE, "%s: too many for a duration", name);
    }
    return number;
}

static int duration_from_table(lua_State *L) {
    int64_t months = bounded_field(L, "years", 12) + bounded_field(L, "months", 1);
    int64_t days = bounded_field(L, "weeks", 7) + bounded_field(L, "days", 1);
    int64_t us = bounded_field(L, "hours", 3600 * RDB_SECOND_US) + bounded_field(L, "minutes", 60 * RDB_SECOND_US) +
                 bounded_field(L, "microseconds", 1);
    if (lua_getfield(L, 1, "seconds") == LUA_TNUMBER) {
        int64_t seconds_us = seconds_to_us(L, -1);
        if (__builtin_add_overflow(us, seconds_us, &us)) {
            return rlua_raise_code(L, RDB_E_OUT_OF_RANGE, "too many seconds for a duration");
        }
    } else if (!lua_isnil(L, -1)) {
        return rlua_raise_code(L, RDB_E_INVALID_VALUE, "seconds: expected a number, got %s", rlua__describe(L, -1));
    }
    rlua__push_duration(L, months, days, us);
    return 1;
}

/* core.duration(text | seconds | { years, months, weeks, days, hours, minutes, seconds, microseconds } | duration)
 * -> duration   [-0, +1, v] */
static int l_duration_new(lua_State *L) {
    if (rlua__type_get(L, 1, RLUA_DURATION)) {
        lua_settop(L, 1);
        return 1;
    }
    if (lua_istable(L, 1)) {
        return duration_from_table(L);
    }
    if (lua_type(L, 1) == LUA_TNUMBER) {
        rlua__push_duration(L, 0, 0, seconds_to_us(L, 1));
        return 1;
    }
    if (lua_type(L, 1) != LUA_TSTRING) {
        return rlua_raise_code(L, RDB_E_INVALID_VALUE, "expected the text of a duration, got %s", rlua__describe(L, 1));
    }
    size_t len;
    const char *text = lua_tolstring(L, 1, &len);
    int32_t months, days;
    int64_t us;
    if (!rdb__interval_parse(text, len, &months, &days, &us)) {
        return rlua_raise_code(L, RDB_E_INVALID_VALUE, "not a duration: expected ISO 8601 like P1DT2H30M or PT0.5S");
    }
    rlua__push_duration(L, months, days, us);
    return 1;
}

/* Days and microseconds as seconds: an integer when there is no fraction. */
static void push_seconds(lua_State *L, const rlua_duration *duration) {
    if (duration->us % RDB_SECOND_US == 0) {
        lua_pushinteger(L, (lua_Integer)duration->days * 86400 + duration->us / RDB_SECOND_US);
    } else {
        lua_pushnumber(L, (double)duration->days * 86400.0 + (double)duration->us / (double)RDB_SECOND_US);
    }
}

static int l_duration_index(lua_State *L) {
    const rlua_duration *duration = check_duration(L, 1);
    if (lua_type(L, 2) == LUA_TSTRING) {
        const char *key = lua_tostring(L, 2);
        if (strcmp(key, "seconds") == 0) {
            push_seconds(L, duration);
            return 1;
        }
        if (strcmp(key, "months") == 0) {
            lua_pushinteger(L, duration->months);
            return 1;
        }
        if (strcmp(key, "days") == 0) {
            lua_pushinteger(L, duration->days);
            return 1;
        }
        if (strcmp(key, "microseconds") == 0) {
            lua_pushinteger(L, duration->us);
            return 1;
        }
    }
    return rlua__type_method(L);
}

static int l_duration_tostring(lua_State *L) {
    const rlua_duration *duration = check_duration(L, 1);
    char text[RDB_INTERVAL_TEXT];
    size_t len = rdb__interval_format(duration->months, duration->days, duration->us, text);
    lua_pushlstring(L, text, len);
    return 1;
}

static int compare_durations(lua_State *L) {
    int64_t days[2], us[2];
    for (int i = 0; i < 2; i++) {
        const rlua_duration *duration = check_duration(L, i + 1);
        days[i] = (int64_t)duration->months * MONTH_DAYS + duration->days;
        us[i] = duration->us;
        if (us[i] < 0) {
            days[i]--;
            us[i] += RDB_DAY_US;
        }
    }
    if (days[0] != days[1]) {
        return days[0] < days[1] ? -1 : 1;
    }
    return (us[0] > us[1]) - (us[0] < us[1]);
}

static int l_duration_eq(lua_State *L) {
    bool both = rlua__type_get(L, 1, RLUA_DURATION) && rlua__type_get(L, 2, RLUA_DURATION);
    lua_pushboolean(L, both && compare_durations(L) == 0);
    return 1;
}

static int l_duration_lt(lua_State *L) {
    lua_pushboolean(L, compare_durations(L) < 0);
    return 1;
}

static int l_duration_le(lua_State *L) {
    lua_pushboolean(L, compare_durations(L) <= 0);
    return 1;
}

/* duration + duration; date and datetime have the same operation for their side. */
static int l_duration_add(lua_State *L) {
    rlua_type type;
    rlua__type_test(L, 2, &type);
    if (type == RLUA_DATE || type == RLUA_DATETIME) {
        luaL_getmetafield(L, 2, "__add");
        lua_insert(L, 1);
        lua_call(L, 2, 1);
        return 1;
    }
    const rlua_duration *a = check_duration(L, 1);
    const rlua_duration *b = check_duration(L, 2);
    rlua__push_duration(L, (int64_t)a->months + b->months, (int64_t)a->days + b->days, a->us + b->us);
    return 1;
}

static int l_duration_sub(lua_State *L) {
    const rlua_duration *a = check_duration(L, 1);
    const rlua_duration *b = check_duration(L, 2);
    rlua__push_duration(L, (int64_t)a->months - b->months, (int64_t)a->days - b->days, a->us - b->us);
    return 1;
}

static int l_duration_unm(lua_State *L) {
    const rlua_duration *a = check_duration(L, 1);
    rlua__push_duration(L, -(int64_t)a->months, -(int64_t)a->days, -a->us);
    return 1;
}

/* duration * integer, integer * duration */
static int l_duration_mul(lua_State *L) {
    int factor_at = rlua__type_get(L, 1, RLUA_DURATION) ? 2 : 1;
    const rlua_duration *a = check_duration(L, 3 - factor_at);
    if (!lua_isinteger(L, factor_at)) {
        return rlua_raise_code(L, RDB_E_INVALID_VALUE, "a duration is multiplied by an integer, got %s",
                               rlua__describe(L, factor_at));
    }
    int64_t factor = lua_tointeger(L, factor_at);
    int64_t months, days, us;
    if (__builtin_mul_overflow((int64_t)a->months, factor, &months) ||
        __builtin_mul_overflow((int64_t)a->days, factor, &days) || __builtin_mul_overflow(a->us, factor, &us) ||
        days > INT64_MAX / 2 || days < INT64_MIN / 2) {
        return rlua_raise_code(L, RDB_E_OUT_OF_RANGE, "the duration is out of range");
    }
    rlua__push_duration(L, months, days, us);
    return 1;
}

void rlua__open_duration(lua_State *L) {
    static const luaL_Reg methods[] = {{NULL, NULL}};
    static const luaL_Reg meta[] = {{"__tostring", l_duration_tostring},
                                    {"__eq", l_duration_eq},
                                    {"__lt", l_duration_lt},
                                    {"__le", l_duration_le},
                                    {"__add", l_duration_add},
                                    {"__sub", l_duration_sub},
                                    {"__unm", l_duration_unm},
                                    {"__mul", l_duration_mul},
                                    {NULL, NULL}};
    rlua__type_define(L, RLUA_DURATION, l_duration_index, methods, meta);
    lua_pushcfunction(L, l_duration_new);
    lua_setfield(L, -2, "duration");
}
