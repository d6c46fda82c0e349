/* repl.c - the interactive loop of rdb-lua: line editing, history and completion by libedit.
 *
 * Nothing of libedit is touched before the first prompt. A line that is an expression is shown; a chunk that is not
 * complete asks for more. libedit calls back without a context pointer, hence the few static variables: one loop runs
 * per process. */
#include "repl.h"

#include <editline/readline.h>
#include <lauxlib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HISTORY_FILE  ".rdb_history"
#define HISTORY_LINES 1000
/* How the message of a syntax error ends when more input may help. */
#define MORE_MARK "<eof>"

static lua_State *completing_state;
static int completing_next;    /* position in the table of matches */
static const char matches_key; /* registry: that table */

/* -- completion --------------------------------------------------------------------------------------------- */

/* Protected: argument 1 is the text to continue. */
static int l_find_matches(lua_State *L) {
    const char *text = lua_touserdata(L, 1);
    rdb_repl_complete(L, text);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &matches_key);
    return 0;
}

/* libedit asks for one match after the other; it frees them. */
static char *next_match(const char *text, int state) {
    (void)text;
    lua_State *L = completing_state;
    if (state == 0) {
        completing_next = 0;
    }
    char *match = NULL;
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &matches_key) == LUA_TTABLE &&
        lua_rawgeti(L, -1, ++completing_next) == LUA_TSTRING) {
        match = strdup(lua_tostring(L, -1));
    }
    lua_settop(L, 0);
    return match;
}

static char **complete(const char *text, int start, int end) {
    (void)start;
    (void)end;
    lua_State *L = completing_state;
    rl_attempted_completion_over = 1; /* no file names */
    lua_pushcfunction(L, l_find_matches);
    lua_pushlightuserdata(L, (void *)(size_t)text);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
        lua_settop(L, 0);
        return NULL;
    }
    return rl_completion_matches(text, next_match);
}

/* -- input ----------------------------------------------------------------------------------------------------- */

/* Push a line; false at the end of input. */
static bool push_line(lua_State *L, bool first) {
    if (!isatty(STDIN_FILENO)) { /* rdb-lua -i with a pipe, as tests do */
        int c = getc(stdin);
        if (c == EOF) {
            return false;
        }
        luaL_Buffer buffer;
        luaL_buffinit(L, &buffer);
        for (; c != EOF && c != '\n'; c = getc(stdin)) {
            luaL_addchar(&buffer, (char)c);
        }
        luaL_pushresult(&buffer);
        return true;
    }
    char *line = readline(first ? "> " : ">> ");
    if (!line) {
        return false;
    }
    lua_pushstring(L, line);
    free(line);
    return true;
}

/* Does the syntax error on the stack ask for more lines? Pops it then. */
static bool incomplete(lua_State *L, int status) {
    if (status != LUA_ERRSYNTAX) {
        return false;
    }
    size_t len;
    const char *message = lua_tolstring(L, -1, &len);
    size_t mark = sizeof MORE_MARK - 1;
    if (len < mark || strcmp(message + len - mark, MORE_MARK) != 0) {
        return false;
    }
    lua_pop(L, 1);
    return true;
}

/* Replace the line at index 1 by the chunk that it begins, reading more lines as needed; LUA_OK, or a status with the
 * message on top, or -1 at the end of input. Index 1 becomes the whole text. */
static int load_chunk(lua_State *L) {
    lua_settop(L, 0);
    if (!push_line(L, true)) {
        return -1;
    }
    const char *text = lua_pushfstring(L, "return %s", lua_tostring(L, 1));
    if (luaL_loadbuffer(L, text, strlen(text), "=stdin") == LUA_OK) {
        lua_remove(L, 2);
        return LUA_OK;
    }
    lua_settop(L, 1);
    for (;;) {
        size_t len;
        const char *chunk = lua_tolstring(L, 1, &len);
        int status = luaL_loadbuffer(L, chunk, len, "=stdin");
        if (!incomplete(L, status) || !push_line(L, false)) {
            return status == LUA_ERRSYNTAX && lua_gettop(L) == 1 ? -1 : status;
        }
        lua_pushliteral(L, "\n");
        lua_insert(L, -2);
        lua_concat(L, 3);
    }
}

/* -- the loop ------------------------------------------------------------------------------------------------------ */

static int l_show(lua_State *L) {
    for (int i = 1; i <= lua_gettop(L); i++) {
        rdb_repl_show(L, i);
    }
    return 0;
}

static void start_editing(lua_State *L, char *history, size_t room) {
    const char *home = getenv("HOME");
    history[0] = '\0';
    completing_state = L;
    rl_initialize();
    rl_readline_name = "rdb-lua";
    rl_attempted_completion_function = complete;
    rl_completion_append_character = '\0';
    static const char word_breaks[] = " \t\n\"\\'><=;+-*/%^~#{}()[],|&";
    rl_completer_word_break_characters = (char *)(size_t)word_breaks;
    if (home && snprintf(history, room, "%s/" HISTORY_FILE, home) < (int)room) {
        using_history();
        stifle_history(HISTORY_LINES);
        read_history(history);
    } else {
        history[0] = '\0';
    }
}

static void remember(lua_State *L, const char *history) {
    const char *text = lua_tostring(L, 1);
    if (*text != '\0' && isatty(STDIN_FILENO)) {
        add_history(text);
        if (*history != '\0') {
            write_history(history); /* at once: an interrupt at the prompt ends the process */
        }
    }
}

static void loop(lua_State *L) {
    char history[4096] = "";
    bool terminal = isatty(STDIN_FILENO);
    if (terminal) {
        start_editing(L, history, sizeof history);
    }
    int status;
    while ((status = load_chunk(L)) != -1) {
        if (status == LUA_OK) {
            remember(L, history);
            lua_replace(L, 1); /* the text */
            status = rdb_lua_call_typed(L, 0, LUA_MULTRET);
        }
        if (status == LUA_OK && lua_gettop(L) > 0) {
            lua_pushcfunction(L, l_show);
            lua_insert(L, 1);
            status = rdb_lua_call_typed(L, lua_gettop(L) - 1, 0);
        }
        rdb_lua_report(L, status);
    }
    lua_settop(L, 0);
    if (terminal) {
        putchar('\n');
    }
    fflush(stdout);
}

static int l_repl_run(lua_State *L) {
    loop(L); /* has this call's own stack: it counts from index 1 */
    return 0;
}

void rdb_repl_run(lua_State *L) {
    lua_pushcfunction(L, l_repl_run);
    lua_call(L, 0, 0);
}

static int l_repl_load(lua_State *L) {
    lua_pushcfunction(L, l_repl_run);
    return 1;
}

void rdb_repl_open(lua_State *L) {
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, l_repl_load);
    lua_setfield(L, -2, "rdb.repl");
    lua_pop(L, 1);
}
