/* sqlite_options.c - the options of a SQLite URL. */
#include <stdio.h>
#include <string.h>

#include "sqlite_backend.h"

static const char allowed[] = "busy_timeout, journal_mode, synchronous, foreign_keys, cache_size, mode, immutable, "
                              "txlock, mmap_size";

static bool known(const char *name) {
    static const char *const names[] = {"busy_timeout", "journal_mode", "synchronous", "foreign_keys", "cache_size",
                                        "mode",         "immutable",    "txlock",      "mmap_size"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return strncmp(name, "pool_", 5) == 0; /* the pool's, checked there */
}

static rdb_code check_names(const rdb_url *url, rdb_error *err) {
    for (size_t i = 0; i < url->n_options; i++) {
        if (!known(url->options[i].name)) {
            rdb_error_set(err, RDB_E_CONFIG, "SQLite URL: unknown option '%s'", url->options[i].name);
            rdb_error_hint(err, "known are %s, and the pool_* options", allowed);
            return RDB_E_CONFIG;
        }
    }
    return RDB_OK;
}

/* One of the NULL-terminated choices; *out keeps its value when the option is absent. */
static rdb_code read_choice(const rdb_url *url, const char *name, const char *const *choices, const char **out,
                            rdb_error *err) {
    const char *text = rdb_url_option_get(url, name);
    if (text == NULL) {
        return RDB_OK;
    }
    char list[128] = "";
    for (size_t i = 0; choices[i] != NULL; i++) {
        if (sqlite3_stricmp(text, choices[i]) == 0) {
            *out = choices[i];
            return RDB_OK;
        }
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", choices[i]);
    }
    rdb_error_set(err, RDB_E_CONFIG, "SQLite URL: option %s: '%.40s' is not known", name, text);
    rdb_error_hint(err, "it is one of %s", list);
    return RDB_E_CONFIG;
}

static rdb_code read_choices(const rdb_url *url, sqlite_options *out, rdb_error *err) {
    /* journal_mode=off is not offered: SQLite refuses it on a defensive connection. */
    static const char *const journals[] = {"wal", "delete", "truncate", "persist", "memory", NULL};
    static const char *const levels[] = {"off", "normal", "full", "extra", NULL};
    static const char *const locks[] = {"immediate", "deferred", "exclusive", NULL};
    static const char *const modes[] = {"rwc", "rw", "ro", NULL};
    const char *mode = "rwc";
    rdb_code code = read_choice(url, "journal_mode", journals, &out->journal_mode, err);
    code = code != RDB_OK ? code : read_choice(url, "synchronous", levels, &out->synchronous, err);
    code = code != RDB_OK ? code : read_choice(url, "txlock", locks, &out->txlock, err);
    code = code != RDB_OK ? code : read_choice(url, "mode", modes, &mode, err);
    out->read_only = strcmp(mode, "ro") == 0;
    out->create = strcmp(mode, "rwc") == 0;
    return code;
}

rdb_code rdb__sqlite_options_read(const rdb_url *url, sqlite_options *out, rdb_error *err) {
    *out = (sqlite_options){.busy_timeout = 5,
                            .journal_mode = "wal",
                            .synchronous = "normal",
                            .txlock = "immediate",
                            .foreign_keys = true,
                            .memory = strcmp(url->path, ":memory:") == 0};
    rdb_code code = check_names(url, err);
    code = code != RDB_OK ? code : read_choices(url, out, err);
    code = code != RDB_OK ? code : rdb_url_option_seconds(url, "busy_timeout", &out->busy_timeout, err);
    code = code != RDB_OK ? code : rdb_url_option_bool(url, "foreign_keys", &out->foreign_keys, err);
    code = code != RDB_OK ? code : rdb_url_option_bool(url, "immutable", &out->immutable, err);
    code = code != RDB_OK ? code : rdb_url_option_int(url, "mmap_size", 0, 1L << 46, &out->mmap_size, err);
    code =
        code != RDB_OK ? code : rdb_url_option_int(url, "cache_size", -2147483647L, 2147483647L, &out->cache_size, err);
    out->has_cache_size = rdb_url_option_get(url, "cache_size") != NULL;
    if (out->immutable) {
        out->read_only = true;
        out->create = false;
    }
    return code;
}
