/* pool_fixture.h - what the tests of connections, pools and transactions share. */
#ifndef POOL_FIXTURE_H
#define POOL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "backends/fake.h"
#include "clock.h"
#include "log.h"
#include "pool/pool.h"
#include "txn/txn.h"

/* A text parameter or cell without a strlen in sight. */
#define TEXT(literal) rdb_value_text(literal, sizeof(literal) - 1)

#define assert_ok(call)                                                                                                \
    do {                                                                                                               \
        rdb_code assert_code = (call);                                                                                 \
        if (assert_code != RDB_OK) {                                                                                   \
            fail_msg("%s: %s: %s", #call, rdb_code_name(assert_code), err.message);                                    \
        }                                                                                                              \
    } while (0)

/* Every live object that a test made must be gone at its end. */
typedef struct baseline {
    rdb_live live;
    long blocks;
} baseline;

static inline baseline take_baseline(void) {
    return (baseline){rdb_live_counts(), rdb__alloc_live()};
}

static inline void assert_baseline(const baseline *before) {
    rdb_live now = rdb_live_counts();
    assert_int_equal(now.connections, before->live.connections);
    assert_int_equal(now.statements, before->live.statements);
    assert_int_equal(now.leases, before->live.leases);
    assert_int_equal(now.pools, before->live.pools);
    assert_int_equal(now.transactions, before->live.transactions);
    assert_int_equal(rdb__alloc_live(), before->blocks);
}

static inline rdb_pool *open_pool(const char *url) {
    rdb_error err = {0};
    rdb_pool *pool = NULL;
    assert_ok(rdb_pool_open(url, NULL, &pool, &err));
    return pool;
}

static inline void close_pool(rdb_pool *pool) {
    rdb_pool_close(pool);
    rdb_pool_unref(pool);
}

static inline rdb_conn *lease_of(rdb_pool *pool) {
    rdb_error err = {0};
    rdb_conn *conn = NULL;
    assert_ok(rdb_pool_acquire(pool, -1, &conn, &err));
    return conn;
}

static inline void run_sql(rdb_conn *conn, const char *sql) {
    rdb_error err = {0};
    assert_ok(rdb_conn_exec(conn, sql, NULL, 0, NULL, &err));
}

/* The first cell of a statement's first row, as an integer. */
static inline int64_t ask_int(rdb_conn *conn, const char *sql) {
    rdb_error err = {0};
    rdb_query query;
    assert_int_equal(rdb_query_start(&query, conn, sql, strlen(sql), 0, NULL, 0, RDB_NO_DEADLINE, &err), RDB_STEP_DONE);
    assert_int_equal(rdb_query_next(&query, &err), RDB_STEP_ROW);
    assert_int_equal(query.cells[0].kind, RDB_KIND_INT64);
    int64_t answer = query.cells[0].as.integer;
    rdb_query_finish(&query);
    return answer;
}

static inline rdb_fake *open_script(const char *name) {
    rdb_error err = {0};
    rdb_fake *fake = NULL;
    assert_ok(rdb_fake_open(name, &fake, &err));
    return fake;
}

static inline void push(rdb_fake *fake, rdb_fake_answer answer) {
    rdb_error err = {0};
    assert_ok(rdb_fake_push(fake, &answer, &err));
}

static inline long times_done(rdb_fake *fake, rdb_fake_op op) {
    rdb_fake_stats stats;
    rdb_fake_get_stats(fake, &stats);
    return stats.done[op];
}

static inline double seconds_since(int64_t then_ns) {
    return (double)(rdb__clock_ns() - then_ns) / 1e9;
}

#endif
