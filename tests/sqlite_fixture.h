/* sqlite_fixture.h - a SQLite connection straight through the backend interface, for test_sqlite*.c. */
#ifndef RDB_TESTS_SQLITE_FIXTURE_H
#define RDB_TESTS_SQLITE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "alloc.h"
#include "backends/backend.h"
#include "clock.h"

#define B (&rdb_backend_sqlite)

typedef struct fixture {
    rdb_url *url;
    void *shared;
    rdb_backend_conn *conn;
    rdb_error err;
    char folder[64]; /* "" for an in-memory database */
    long live;       /* allocations before */
} fixture;

static inline rdb_backend_conn *fixture_connect(fixture *f) {
    rdb_backend_conn *conn = NULL;
    if (B->open_start(f->url, f->shared, &conn, &f->err) != RDB_STEP_DONE) {
        fail_msg("open: %s", f->err.message);
    }
    return conn;
}

/* Open url; "%s" in it stands for a fresh folder. */
static inline void fixture_open(fixture *f, const char *url) {
    char text[256];
    memset(f, 0, sizeof *f);
    f->live = rdb__alloc_live();
    if (strstr(url, "%s") != NULL) {
        strcpy(f->folder, "/tmp/rdb-test-XXXXXX");
        assert_non_null(mkdtemp(f->folder));
    }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof text, url, f->folder);
#pragma GCC diagnostic pop
    assert_int_equal(rdb_url_parse(text, &f->url, &f->err), RDB_OK);
    if (B->share(f->url, &f->shared, &f->err) != RDB_OK) {
        fail_msg("share: %s", f->err.message);
    }
    f->conn = fixture_connect(f);
}

static inline void fixture_close(fixture *f) {
    B->close(f->conn);
    B->unshare(f->shared);
    rdb_url_free(f->url);
    assert_int_equal(rdb__alloc_live(), f->live);
    if (f->folder[0] != '\0') {
        char command[128];
        snprintf(command, sizeof command, "rm -rf '%s'", f->folder);
        assert_int_equal(system(command), 0);
    }
}

static inline rdb_backend_stmt *prepare_on(fixture *f, rdb_backend_conn *conn, const char *sql) {
    rdb_backend_stmt *stmt = NULL;
    if (B->prepare_start(conn, sql, strlen(sql), true, &stmt, &f->err) != RDB_STEP_DONE) {
        fail_msg("%s: %s", sql, f->err.message);
    }
    return stmt;
}

/* Run sql to its end on conn; the code of the first error. affected may be NULL. */
static inline rdb_code try_on(fixture *f, rdb_backend_conn *conn, const char *sql, const rdb_value *params, size_t n,
                              int64_t *affected) {
    rdb_backend_stmt *stmt = NULL;
    rdb_error_clear(&f->err);
    if (B->prepare_start(conn, sql, strlen(sql), false, &stmt, &f->err) != RDB_STEP_DONE) {
        return f->err.code;
    }
    rdb_step step = B->execute_start(conn, stmt, params, n, &f->err);
    rdb_value cells[32];
    if (step == RDB_STEP_DONE) {
        do {
            step = B->fetch_start(conn, stmt, cells, &f->err);
        } while (step == RDB_STEP_ROW);
    }
    if (affected != NULL) {
        *affected = B->affected(conn, stmt);
    }
    B->close_stmt(conn, stmt);
    return step == RDB_STEP_ERROR ? f->err.code : RDB_OK;
}

static inline rdb_code try(fixture *f, const char *sql) {
    return try_on(f, f->conn, sql, NULL, 0, NULL);
}

static inline int64_t run_on(fixture *f, rdb_backend_conn *conn, const char *sql) {
    int64_t affected;
    if (try_on(f, conn, sql, NULL, 0, &affected) != RDB_OK) {
        fail_msg("%s: %s", sql, f->err.message);
    }
    return affected;
}

static inline int64_t run(fixture *f, const char *sql) {
    return run_on(f, f->conn, sql);
}

/* The first cell of the first row as text: "NULL", a number, or the text itself. */
static inline const char *ask_with(fixture *f, rdb_backend_conn *conn, const char *sql, const rdb_value *params,
                                   size_t n) {
    static char answer[512];
    rdb_value cells[32];
    rdb_backend_stmt *stmt = prepare_on(f, conn, sql);
    if (B->execute_start(conn, stmt, params, n, &f->err) != RDB_STEP_DONE) {
        fail_msg("%s: %s", sql, f->err.message);
    }
    assert_int_equal(B->fetch_start(conn, stmt, cells, &f->err), RDB_STEP_ROW);
    switch (cells[0].kind) {
    case RDB_KIND_NULL:
        strcpy(answer, "NULL");
        break;
    case RDB_KIND_INT64:
        snprintf(answer, sizeof answer, "%lld", (long long)cells[0].as.integer);
        break;
    case RDB_KIND_DOUBLE:
        snprintf(answer, sizeof answer, "%.17g", cells[0].as.number);
        break;
    default:
        snprintf(answer, sizeof answer, "%.*s", (int)cells[0].more.len, cells[0].as.text);
    }
    B->close_stmt(conn, stmt);
    return answer;
}

static inline const char *ask(fixture *f, const char *sql) {
    return ask_with(f, f->conn, sql, NULL, 0);
}

static inline rdb_value text(const char *literal) {
    return rdb_value_text(literal, strlen(literal));
}

#endif
