/* url.h - database URLs: scheme://user:password@host:port/path?option=value
 *
 * Percent-decoding, IPv6 hosts in brackets, several hosts separated by commas, unix sockets as
 * %2Fvar%2Frun hosts. SQLite: sqlite:///relative.db  sqlite:////absolute.db  sqlite://:memory:
 * The password is kept apart, never printed, and wiped when the URL is freed. */
#ifndef RDB_URL_H
#define RDB_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

typedef struct rdb_url_option {
    char *name;  /* decoded, lower case as written */
    char *value; /* decoded */
} rdb_url_option;

typedef struct rdb_url {
    char *scheme;            /* "sqlite", "postgres", "postgresql", "mariadb", "mysql", "fake" */
    char *user;              /* decoded, or NULL */
    char *password;          /* decoded, or NULL; wiped on free */
    char *host;              /* decoded, or NULL */
    int port;                /* 0: the scheme's default */
    char *path;              /* database name or file; ":memory:" for an in-memory database; or NULL */
    rdb_url_option *options; /* n_options of them, in the order written */
    size_t n_options;
    char *printable; /* the URL with the password (and password-like options) replaced by *** */
} rdb_url;

/* rdb_url_parse - read text into a new rdb_url.
 *   text  borrowed, NUL-terminated
 *   out   [out, own] NULL on failure; rdb_url_free()
 * Returns RDB_OK, RDB_E_CONFIG (message names the part that is wrong and shows what would be right,
 * with the password masked), RDB_E_NO_MEMORY. */
RDB_NODISCARD rdb_code rdb_url_parse(const char *text, rdb_url **out, rdb_error *err);
void rdb_url_free(rdb_url *url);

/* rdb_url_option_get - the last value given for name, or NULL. Borrowed from url. */
const char *rdb_url_option_get(const rdb_url *url, const char *name);

/* Typed reads: *out keeps its value when the option is absent; RDB_E_CONFIG names option and text. */
RDB_NODISCARD rdb_code rdb_url_option_seconds(const rdb_url *url, const char *name, double *out, rdb_error *err);
RDB_NODISCARD rdb_code rdb_url_option_int(const rdb_url *url, const char *name, long least, long most, long *out,
                                          rdb_error *err);
RDB_NODISCARD rdb_code rdb_url_option_bool(const rdb_url *url, const char *name, bool *out, rdb_error *err);

#endif
