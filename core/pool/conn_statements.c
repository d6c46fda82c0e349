/* conn_statements.c - prepared statements of a connection, as the cache and the queries see them.
 *
 * A statement is owned by the cache (kept), by the query that runs it (in_use), or by both; whoever
 * lets go last closes it. */
#include <string.h>
#include <strings.h>

#include "../alloc.h"
#include "conn_internal.h"
#include "live.h"

/* -- does a statement outlive itself? ------------------------------------------------------------ */

static const char *skip_blanks(const char *sql) {
    for (;;) {
        sql += strspn(sql, " \t\r\n(;");
        const char *end = NULL;
        if (strncmp(sql, "--", 2) == 0) {
            end = strchr(sql, '\n');
        } else if (strncmp(sql, "/*", 2) == 0) {
            end = strstr(sql + 2, "*/");
            end = end != NULL ? end + 1 : NULL;
        } else {
            return sql;
        }
        if (end == NULL) {
            return sql + strlen(sql);
        }
        sql = end + 1;
    }
}

/* sql begins with word; *rest is what follows it. */
static bool begins_with(const char *sql, const char *word, const char **rest) {
    size_t len = strlen(word);
    if (strncasecmp(sql, word, len) != 0 || (sql[len] != '\0' && strchr(" \t\r\n(;/-*'\"", sql[len]) == NULL)) {
        return false;
    }
    *rest = skip_blanks(sql + len);
    return true;
}

/* Statements that end with themselves or with their transaction. Anything else (PRAGMA, SET, ATTACH, LISTEN ...)
 * may change the session, which then costs its lease a reset. */
static bool dirties_session(const char *sql) {
    static const char *const clean[] = {
        "SELECT", "INSERT",   "UPDATE",    "DELETE",  "WITH", "VALUES", "REPLACE", "BEGIN",   "START",    "COMMIT",
        "END",    "ROLLBACK", "SAVEPOINT", "RELEASE", "DROP", "ALTER",  "ANALYZE", "EXPLAIN", "TRUNCATE",
    };
    const char *rest = NULL;
    sql = skip_blanks(sql);
    for (size_t i = 0; i < sizeof clean / sizeof *clean; i++) {
        if (begins_with(sql, clean[i], &rest)) {
            return false;
        }
    }
    if (begins_with(sql, "CREATE", &rest)) {
        return begins_with(rest, "TEMP", &rest) || begins_with(rest, "TEMPORARY", &rest);
    }
    if (begins_with(sql, "SET", &rest)) {
        return !begins_with(rest, "TRANSACTION", &rest) && !begins_with(rest, "LOCAL", &rest) &&
               !begins_with(rest, "CONSTRAINTS", &rest);
    }
    return true;
}

/* -- life ---------------------------------------------------------------------------------------- */

rdb_stmt *rdb__stmt_new(const char *sql, size_t len, uint64_t hash) {
    rdb_stmt *stmt = rdb__malloc(sizeof *stmt + len + 1);
    if (stmt == NULL) {
        return NULL;
    }
    char *text = (char *)(stmt + 1);
    memcpy(text, sql, len);
    text[len] = '\0';
    *stmt = (rdb_stmt){.entry = {.hash = hash, .sql = text, .sql_len = len}, .dirties = dirties_session(text)};
    rdb__live_add(RDB_LIVE_STATEMENT, 1);
    return stmt;
}

void rdb__stmt_close(rdb_conn *conn, rdb_stmt *stmt) {
    if (stmt == NULL) {
        return;
    }
    if (stmt->raw != NULL && conn->health != RDB_CONN_FOREIGN) {
        conn->backend->close_stmt(conn->raw, stmt->raw);
    }
    rdb__free(stmt->cells);
    rdb__free(stmt);
    rdb__live_add(RDB_LIVE_STATEMENT, -1);
}

void rdb__stmt_evict(void *context, rdb_cached_statement *entry) {
    rdb_stmt *stmt = (rdb_stmt *)entry;
    stmt->kept = false;
    if (!stmt->in_use) {
        rdb__stmt_close(context, stmt);
    }
}

rdb_code rdb__stmt_fit_cells(rdb_stmt *stmt, int n_columns, rdb_error *err) {
    if (n_columns <= stmt->n_cells) {
        return RDB_OK;
    }
    rdb_value *cells = rdb__realloc(stmt->cells, (size_t)n_columns * sizeof *cells);
    if (cells == NULL) {
        return rdb_error_set(err, RDB_E_NO_MEMORY, "no memory for a row of %d columns", n_columns);
    }
    stmt->cells = cells;
    stmt->n_cells = n_columns;
    return RDB_OK;
}
