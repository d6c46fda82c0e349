/* sqlite_functions.c - what every SQLite connection of ours can do beyond SQLite.
 *
 *   decimals                     see sqlite_decimal.c
 *   rdb_regexp(pattern, text, ignore_case)
 *                                1 or 0: POSIX extended regular expressions with GNU's \w \W \s \S \b, in
 *                                UTF-8 whatever the process's locale; NULL when pattern or text is */
#include <regex.h>
#include <string.h>

#include "../alloc.h"
#include "sqlite_backend.h"

/* -- regular expressions ------------------------------------------------------------------------------------------ */

typedef struct pattern {
    regex_t compiled;
    bool ignore_case;
} pattern;

static void free_pattern(void *memory) {
    pattern *p = memory;
    regfree(&p->compiled);
    rdb__free(p);
}

/* Make this thread speak UTF-8 for a moment; the answer goes to uselocale() afterwards. */
static locale_t enter_utf8(rdb_backend_conn *conn) {
    if (conn->utf8 == (locale_t)0) {
        conn->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    }
    return conn->utf8 != (locale_t)0 ? uselocale(conn->utf8) : (locale_t)0;
}

static void leave_utf8(locale_t before) {
    if (before != (locale_t)0) {
        uselocale(before);
    }
}

/* The compiled pattern of argument 0, which SQLite keeps for us while the argument is constant. */
static pattern *get_pattern(sqlite3_context *context, sqlite3_value **values, bool ignore_case, bool *kept) {
    pattern *p = sqlite3_get_auxdata(context, 0);
    *kept = p != NULL && p->ignore_case == ignore_case;
    if (*kept) {
        return p;
    }
    const char *text = (const char *)sqlite3_value_text(values[0]);
    p = text != NULL ? rdb__malloc(sizeof *p) : NULL;
    if (p == NULL) {
        sqlite3_result_error_nomem(context);
        return NULL;
    }
    p->ignore_case = ignore_case;
    int failed = regcomp(&p->compiled, text, REG_EXTENDED | REG_NOSUB | (ignore_case ? REG_ICASE : 0));
    if (failed != 0) {
        char reason[100], message[128];
        regerror(failed, &p->compiled, reason, sizeof reason);
        sqlite3_snprintf((int)sizeof message, message, "bad pattern: %s", reason);
        sqlite3_result_error(context, message, -1);
        rdb__free(p);
        return NULL;
    }
    return p;
}

static void match(sqlite3_context *context, sqlite3_value **values) {
    bool kept;
    pattern *p = get_pattern(context, values, sqlite3_value_int(values[2]) != 0, &kept);
    if (p == NULL) {
        return;
    }
    const char *text = (const char *)sqlite3_value_text(values[1]);
    regmatch_t range = {.rm_so = 0, .rm_eo = sqlite3_value_bytes(values[1])};
    if (text == NULL) {
        sqlite3_result_error_nomem(context);
    } else { /* REG_STARTEND: the text may contain NUL */
        sqlite3_result_int(context, regexec(&p->compiled, text, 1, &range, REG_STARTEND) == 0);
    }
    if (!kept) {
        sqlite3_set_auxdata(context, 0, p, free_pattern); /* may free it at once */
    }
}

static void regexp_function(sqlite3_context *context, int n, sqlite3_value **values) {
    (void)n;
    if (sqlite3_value_type(values[0]) == SQLITE_NULL || sqlite3_value_type(values[1]) == SQLITE_NULL) {
        return;
    }
    locale_t before = enter_utf8(sqlite3_user_data(context));
    match(context, values);
    leave_utf8(before);
}

int rdb__sqlite_register(rdb_backend_conn *conn) {
    /* Innocuous: they may stand in CHECK constraints and indexes although the schema is not trusted. */
    const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
    int result = rdb__sqlite_register_decimals(conn->db, flags);
    if (result == SQLITE_OK) {
        result = sqlite3_create_function_v2(conn->db, "rdb_regexp", 3, flags, conn, regexp_function, NULL, NULL, NULL);
    }
    return result;
}
