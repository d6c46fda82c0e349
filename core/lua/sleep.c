/* sleep.c - waiting for a while. */
#include <errno.h>
#include <math.h>
#include <time.h>

#include "bindings.h"

#define SECOND_NS 1000000000L
#define LONGEST   1e9 /* seconds, about 30 years: what every time_t can be added to */

static struct timespec moment_in(double seconds) {
    struct timespec moment;
    clock_gettime(CLOCK_MONOTONIC, &moment);
    double whole = floor(seconds);
    moment.tv_sec += (time_t)whole;
    moment.tv_nsec += (long)((seconds - whole) * 1e9);
    if (moment.tv_nsec >= SECOND_NS) {
        moment.tv_nsec -= SECOND_NS;
        moment.tv_sec++;
    }
    return moment;
}

/* core.sleep(seconds) - block this thread for so long; other threads of the process go on. Signals do not shorten it,
 * except one whose handler sets a debug hook, as that of Ctrl-C in rdb-lua does: the hook is to run now.
 *   seconds  not negative, fractions allowed, to the nanosecond; more than 1e9 count as 1e9
 * Returns nothing. Raises misuse for anything else.   [-0, +0, v] */
static int l_sleep(lua_State *L) {
    int is_number = 0;
    double seconds = lua_tonumberx(L, 1, &is_number);
    if (!is_number || lua_type(L, 1) != LUA_TNUMBER || !(seconds >= 0)) {
        return rlua_raise_code(L, RDB_E_MISUSE, "sleep takes a number of seconds that is not negative, got %s",
                               is_number && lua_type(L, 1) == LUA_TNUMBER ? lua_tostring(L, 1) : luaL_typename(L, 1));
    }
    lua_Hook hook = lua_gethook(L);
    struct timespec end = moment_in(fmin(seconds, LONGEST));
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == EINTR && lua_gethook(L) == hook) {
    }
    return 0;
}

void rlua_open_sleep(lua_State *L) {
    lua_pushcfunction(L, l_sleep);
    lua_setfield(L, -2, "sleep");
}
