/* rdb_lua.c - the interpreter rdb-lua: takes what lua 5.4 takes, with `require "rdb"` built in.
 *
 * A host like any other: opens a runtime and one state, then everything runs in one protected call. Differences to lua:
 * `rdb-lua init NAME` makes a project, error objects get a traceback too, the collector works incrementally, and -E
 * also ignores RDB_LUA_DIR. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/backend.h"
#include "rdb.h"
#include "repl.h"

#define LUA_INIT      "LUA_INIT"
#define LUA_INIT_54   LUA_INIT "_5_4"
#define INIT_COMMAND  "init"
#define SHORT_VERSION "rdb " RDB_VERSION " on " LUA_RELEASE

/* What the command line asks for. */
typedef struct arguments {
    int argc;
    char **argv;
    int script;       /* index of the script, argc when there is none */
    const char *bad;  /* the switch that is none, or NULL */
    bool interactive; /* -i */
    bool version;     /* -v, -i */
    bool execute;     /* -e */
    bool no_environment;
    bool help;
} arguments;

/* Only the signal handler needs it: there is one state in this process. */
static lua_State *main_state;

static void usage(FILE *out) {
    fputs("usage: rdb-lua [options] [script [args]]\n"
          "       rdb-lua init NAME   make a new project in the folder NAME\n"
          "Available options are:\n"
          "  -e stat   execute string 'stat'\n"
          "  -i        enter interactive mode after executing 'script'\n"
          "  -l mod    require library 'mod' into global 'mod'\n"
          "  -l g=mod  require library 'mod' into global 'g'\n"
          "  -v        show version information\n"
          "  -E        ignore environment variables\n"
          "  -W        turn warnings on\n"
          "  --        stop handling options\n"
          "  -         stop handling options and execute stdin\n"
          "  --help    show this text\n",
          out);
}

static void print_version(void) {
    puts(SHORT_VERSION "  Copyright (C) 1994-2022 Lua.org, PUC-Rio");
    fflush(stdout);
}

/* -- running chunks ------------------------------------------------------------------------------------------- */

static void interrupt_hook(lua_State *L, lua_Debug *event) {
    (void)event;
    lua_sethook(L, NULL, 0, 0);
    luaL_error(L, "interrupted!");
}

static void on_interrupt(int signal_number) {
    int every = LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT;
    signal(signal_number, SIG_DFL); /* a second one kills */
    lua_sethook(main_state, interrupt_hook, every, 1);
}

/* Does the error say itself where the fault is: settings.lua, DATABASE_URL? Then a traceback would only show our code. */
static bool has_origin(lua_State *L) {
    if (!lua_istable(L, 1)) {
        return false;
    }
    lua_pushliteral(L, "origin");
    bool has = lua_rawget(L, 1) == LUA_TSTRING;
    lua_pop(L, 1);
    return has;
}

/* Message handler: a text for every error, with a traceback where that helps. Upvalue 1: a person typed the code, who
 * needs none for an error that says what is wrong. */
static int add_traceback(lua_State *L) {
    bool plain = has_origin(L) || (lua_istable(L, 1) && lua_toboolean(L, lua_upvalueindex(1)));
    const char *message = lua_tostring(L, 1);
    if (!message && luaL_getmetafield(L, 1, "__tostring") == LUA_TNIL) {
        message = lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
    } else if (!message) {
        lua_settop(L, 1);
        message = luaL_tolstring(L, 1, NULL);
    }
    if (!plain) {
        luaL_traceback(L, L, message, 1);
    }
    return 1;
}

static int call(lua_State *L, int n_arguments, int n_results, bool typed) {
    struct sigaction action, before;
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_handler = on_interrupt;
    int base = lua_gettop(L) - n_arguments;
    lua_pushboolean(L, typed);
    lua_pushcclosure(L, add_traceback, 1);
    lua_insert(L, base);
    main_state = L;
    sigaction(SIGINT, &action, &before);
    int status = lua_pcall(L, n_arguments, n_results, base);
    sigaction(SIGINT, &before, NULL);
    lua_remove(L, base);
    return status;
}

int rdb_lua_call(lua_State *L, int n_arguments, int n_results) {
    return call(L, n_arguments, n_results, false);
}

int rdb_lua_call_typed(lua_State *L, int n_arguments, int n_results) {
    return call(L, n_arguments, n_results, true);
}

int rdb_lua_report(lua_State *L, int status) {
    if (status != LUA_OK) {
        const char *message = lua_tostring(L, -1);
        fflush(stdout);
        fprintf(stderr, "rdb-lua: %s\n", message ? message : "(error without a message)");
        fflush(stderr);
        lua_pop(L, 1);
    }
    return status;
}

/* Call the chunk that was just loaded, or report why it was not. */
static int run_chunk(lua_State *L, int load_status) {
    return rdb_lua_report(L, load_status == LUA_OK ? rdb_lua_call(L, 0, 0) : load_status);
}

static int run_string(lua_State *L, const char *code, const char *name) {
    return run_chunk(L, luaL_loadbuffer(L, code, strlen(code), name));
}

/* -l mod, -l global=mod */
static int run_library(lua_State *L, const char *argument) {
    const char *equals = strchr(argument, '=');
    const char *module = equals ? equals + 1 : argument;
    lua_pushlstring(L, argument, equals ? (size_t)(equals - argument) : strlen(argument));
    lua_getglobal(L, "require");
    lua_pushstring(L, module);
    int status = rdb_lua_call(L, 1, 1);
    if (status == LUA_OK) {
        lua_setglobal(L, lua_tostring(L, -2));
    }
    rdb_lua_report(L, status);
    lua_pop(L, 1);
    return status;
}

static int run_environment(lua_State *L) {
    const char *name = LUA_INIT_54;
    const char *code = getenv(name);
    if (!code) {
        name = LUA_INIT;
        code = getenv(name);
    }
    if (!code) {
        return LUA_OK;
    }
    if (code[0] == '@') {
        return run_chunk(L, luaL_loadfile(L, code + 1));
    }
    return run_string(L, code, lua_pushfstring(L, "=%s", name));
}

/* -- the command line -------------------------------------------------------------------------------------------- */

/* Read the switches; the same rules as lua.c. */
static void read_arguments(arguments *self, int argc, char **argv) {
    *self = (arguments){.argc = argc, .argv = argv, .script = argc};
    for (int i = 1; i < argc; i++) {
        const char *text = argv[i];
        self->script = i;
        if (text[0] != '-' || text[1] == '\0') {
            return; /* a script, or standard input */
        }
        bool alone = text[2] == '\0';
        switch (text[1]) {
        case '-':
            if (alone) {
                self->script = i + 1;
            } else if (strcmp(text, "--help") == 0) {
                self->help = true;
            } else if (strcmp(text, "--version") == 0) {
                self->version = self->execute = true;
                continue;
            } else {
                self->bad = text;
            }
            return;
        case 'E':
            self->no_environment = true;
            break;
        case 'i':
            self->interactive = self->version = true;
            break;
        case 'v':
            self->version = true;
            break;
        case 'W':
            break;
        case 'e':
            self->execute = true;
            /* fall through */
        case 'l':
            if (alone && (++i == argc || argv[i][0] == '-')) {
                self->bad = text;
                return;
            }
            alone = true;
            break;
        default:
            alone = false;
        }
        if (!alone) {
            self->bad = text;
            return;
        }
    }
    self->script = argc;
}

/* Run -e, -l and -W in their order. */
static bool run_switches(lua_State *L, const arguments *self) {
    for (int i = 1; i < self->script; i++) {
        char option = self->argv[i][1];
        if (option == 'W') {
            lua_warning(L, "@on", 0);
        } else if (option == 'e' || option == 'l') {
            const char *extra = self->argv[i] + 2;
            if (*extra == '\0') {
                extra = self->argv[++i];
            }
            int status = option == 'e' ? run_string(L, extra, "=(command line)") : run_library(L, extra);
            if (status != LUA_OK) {
                return false;
            }
        }
    }
    return true;
}

/* The global table arg: 0 is the script, what comes before it has negative indices. */
static void set_arg(lua_State *L, const arguments *self) {
    int script = self->script == self->argc ? 0 : self->script;
    lua_createtable(L, self->argc - script, script + 1);
    for (int i = 0; i < self->argc; i++) {
        lua_pushstring(L, self->argv[i]);
        lua_rawseti(L, -2, i - script);
    }
    lua_setglobal(L, "arg");
}

static int push_script_arguments(lua_State *L, const arguments *self) {
    int n = self->argc - self->script - 1;
    luaL_checkstack(L, n + 3, "too many arguments to script");
    for (int i = 1; i <= n; i++) {
        lua_pushstring(L, self->argv[self->script + i]);
    }
    return n;
}

static int run_script(lua_State *L, const arguments *self) {
    const char *name = self->argv[self->script];
    if (strcmp(name, "-") == 0 && strcmp(self->argv[self->script - 1], "--") != 0) {
        name = NULL; /* standard input */
    }
    int status = luaL_loadfile(L, name);
    if (status == LUA_OK) {
        status = rdb_lua_call(L, push_script_arguments(L, self), 0);
    }
    return rdb_lua_report(L, status);
}

/* rdb-lua init NAME: require("rdb.commands.init").run(args) -> exit code. */
static int run_init(lua_State *L, const arguments *self, int *exit_code) {
    lua_getglobal(L, "require");
    lua_pushliteral(L, "rdb.commands.init");
    int status = rdb_lua_call(L, 1, 1);
    if (status == LUA_OK) {
        lua_getfield(L, -1, "run");
        lua_createtable(L, self->argc - self->script - 1, 0);
        for (int i = self->script + 1; i < self->argc; i++) {
            lua_pushstring(L, self->argv[i]);
            lua_rawseti(L, -2, i - self->script);
        }
        status = rdb_lua_call(L, 1, 1);
    }
    if (status == LUA_OK) {
        *exit_code = (int)lua_tointeger(L, -1);
    }
    return rdb_lua_report(L, status);
}

/* -- main ------------------------------------------------------------------------------------------------------------
 */

/* Protected: argument 1 is the command line. Answers the exit code. */
static int l_main(lua_State *L) {
    const arguments *self = lua_touserdata(L, 1);
    int exit_code = EXIT_FAILURE;
    lua_settop(L, 0);
    set_arg(L, self);
    rdb_repl_open(L);
    bool good = (self->no_environment || run_environment(L) == LUA_OK) && run_switches(L, self);
    if (good && self->script < self->argc) {
        if (strcmp(self->argv[self->script], INIT_COMMAND) == 0) {
            run_init(L, self, &exit_code);
            lua_pushinteger(L, exit_code);
            return 1;
        }
        good = run_script(L, self) == LUA_OK;
    }
    if (good && self->interactive) {
        rdb_repl_run(L);
    } else if (good && self->script == self->argc && !self->execute && !self->version) {
        if (isatty(STDIN_FILENO)) {
            print_version();
            rdb_repl_run(L);
        } else {
            good = run_chunk(L, luaL_loadfile(L, NULL)) == LUA_OK;
        }
    }
    lua_pushinteger(L, good ? EXIT_SUCCESS : EXIT_FAILURE);
    return 1;
}

static int fail(const rdb_error *err) {
    fprintf(stderr, "rdb-lua: %s\n", err->message);
    return EXIT_FAILURE;
}

int main(int argc, char **argv) {
    arguments self;
    read_arguments(&self, argc, argv);
    if (self.help) {
        usage(stdout);
        return EXIT_SUCCESS;
    }
    if (self.bad) {
        bool needs = (self.bad[1] == 'e' || self.bad[1] == 'l') && self.bad[2] == '\0';
        fprintf(stderr, needs ? "rdb-lua: '%s' needs argument\n" : "rdb-lua: unrecognized option '%s'\n", self.bad);
        usage(stderr);
        return EXIT_FAILURE;
    }
    if (self.version) {
        print_version();
    }
    rdb__backends_own_process();
    rdb_error err;
    rdb_runtime *runtime = NULL;
    rdb_state *state = NULL;
    rdb_runtime_options options;
    rdb_runtime_options_init(&options);
    options.ignore_environment = self.no_environment;
    if (rdb_runtime_open(&options, &runtime, &err) != RDB_OK) {
        return fail(&err);
    }
    if (rdb_state_open(runtime, &state, &err) != RDB_OK) {
        rdb_runtime_close(runtime);
        return fail(&err);
    }
    lua_State *L = rdb_state_lua(state);
    lua_pushcfunction(L, l_main);
    lua_pushlightuserdata(L, &self);
    int status = rdb_lua_report(L, lua_pcall(L, 1, 1, 0));
    int exit_code = status == LUA_OK ? (int)lua_tointeger(L, -1) : EXIT_FAILURE;
    rdb_state_close(state);
    rdb_runtime_close(runtime);
    return exit_code;
}
