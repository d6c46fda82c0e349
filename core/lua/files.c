/* files.c - the little that the migrations and the commands ask of the file system beyond io and os: what a folder
 * holds, making a folder, and whether something is a file or a folder. Failures are answered as nil and a text. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "bindings.h"

#define DIR_METATABLE "rdb.folder_stream"

static int push_failure(lua_State *L, int number) {
    lua_pushnil(L);
    lua_pushstring(L, strerror(number));
    return 2;
}

/* A path for the C library: a string without NUL. */
static const char *check_path(lua_State *L, int index) {
    size_t length;
    luaL_checktype(L, index, LUA_TSTRING);
    const char *path = lua_tolstring(L, index, &length);
    luaL_argcheck(L, strlen(path) == length && length > 0, index, "expects a path");
    return path;
}

static int l_folder_close(lua_State *L) {
    DIR **box = luaL_checkudata(L, 1, DIR_METATABLE);
    DIR *folder = *box;
    *box = NULL;
    if (folder) {
        closedir(folder);
    }
    return 0;
}

/* core.list_directory(path) -> { name, ... } (unsorted, without . and ..) | nil, reason   [-0, +1|2, v] */
static int l_list_directory(lua_State *L) {
    const char *path = check_path(L, 1);
    DIR **box = lua_newuserdatauv(L, sizeof *box, 0); /* owns the stream when a push below raises */
    *box = NULL;
    luaL_setmetatable(L, DIR_METATABLE);
    lua_toclose(L, -1);
    *box = opendir(path);
    if (!*box) {
        return push_failure(L, errno);
    }
    lua_newtable(L);
    lua_Integer count = 0;
    errno = 0;
    for (struct dirent *entry = readdir(*box); entry; entry = readdir(*box)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            lua_pushstring(L, entry->d_name);
            lua_rawseti(L, -2, ++count);
        }
        errno = 0;
    }
    if (errno != 0) {
        return push_failure(L, errno);
    }
    return 1;
}

/* core.make_directory(path) -> true (also when it exists already) | nil, reason   [-0, +1|2, v] */
static int l_make_directory(lua_State *L) {
    const char *path = check_path(L, 1);
    if (mkdir(path, 0777) != 0) {
        int number = errno;
        struct stat status;
        if (number != EEXIST || stat(path, &status) != 0 || !S_ISDIR(status.st_mode)) {
            return push_failure(L, number);
        }
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* core.file_kind(path) -> "file" | "directory" | "other" | nil when there is nothing   [-0, +1, v] */
static int l_file_kind(lua_State *L) {
    const char *path = check_path(L, 1);
    struct stat status;
    if (stat(path, &status) != 0) {
        lua_pushnil(L);
    } else {
        lua_pushstring(L, S_ISREG(status.st_mode) ? "file" : S_ISDIR(status.st_mode) ? "directory" : "other");
    }
    return 1;
}

void rlua_open_files(lua_State *L) {
    static const luaL_Reg functions[] = {{"list_directory", l_list_directory},
                                         {"make_directory", l_make_directory},
                                         {"file_kind", l_file_kind},
                                         {NULL, NULL}};
    static const luaL_Reg methods[] = {{"__gc", l_folder_close}, {"__close", l_folder_close}, {NULL, NULL}};
    luaL_newmetatable(L, DIR_METATABLE);
    luaL_setfuncs(L, methods, 0);
    lua_pop(L, 1);
    luaL_setfuncs(L, functions, 0);
}
