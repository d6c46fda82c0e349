/* terminal.c - what the commands ask of the terminal: is a stream one, and how wide is it. */
#include <sys/ioctl.h>
#include <unistd.h>

#include "bindings.h"

/* core.isatty(fd) -> boolean; fd 0, 1 or 2   [-0, +1, v] */
static int l_isatty(lua_State *L) {
    lua_Integer fd = luaL_checkinteger(L, 1);
    luaL_argcheck(L, fd >= 0 && fd <= 2, 1, "expects 0, 1 or 2");
    lua_pushboolean(L, isatty((int)fd));
    return 1;
}

/* core.terminal_width(fd) -> columns | nil when fd is no terminal   [-0, +1, v] */
static int l_terminal_width(lua_State *L) {
    lua_Integer fd = luaL_checkinteger(L, 1);
    luaL_argcheck(L, fd >= 0 && fd <= 2, 1, "expects 0, 1 or 2");
    struct winsize size = {0};
    if (ioctl((int)fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        lua_pushnil(L);
    } else {
        lua_pushinteger(L, size.ws_col);
    }
    return 1;
}

void rlua_open_terminal(lua_State *L) {
    static const luaL_Reg functions[] = {{"isatty", l_isatty}, {"terminal_width", l_terminal_width}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
