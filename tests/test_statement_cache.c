/* test_statement_cache.c - least recently used goes first, nothing is lost or evicted twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "statement_cache.h"

typedef struct entry {
    rdb_cached_statement base; /* first */
    char sql[64];
    int evicted;
} entry;

static void evict(void *context, rdb_cached_statement *cached) {
    ((entry *)cached)->evicted++;
    ++*(int *)context;
}

static void fill(entry *e, const char *sql) {
    memset(e, 0, sizeof *e);
    snprintf(e->sql, sizeof e->sql, "%s", sql);
    e->base.sql = e->sql;
    e->base.sql_len = strlen(sql);
    e->base.hash = rdb__sql_hash(e->sql, e->base.sql_len);
}

static rdb_cached_statement *get(rdb_statement_cache *cache, const char *sql) {
    return rdb__statement_cache_get(cache, rdb__sql_hash(sql, strlen(sql)), sql, strlen(sql));
}

static void oldest_is_evicted(void **state) {
    (void)state;
    int evictions = 0;
    rdb_statement_cache *cache;
    entry a, b, c;
    fill(&a, "a"), fill(&b, "b"), fill(&c, "c");
    assert_int_equal(rdb__statement_cache_new(2, evict, &evictions, &cache, NULL), RDB_OK);
    assert_null(get(cache, "a"));
    assert_true(rdb__statement_cache_put(cache, &a.base));
    assert_true(rdb__statement_cache_put(cache, &b.base));
    assert_ptr_equal(get(cache, "a"), &a); /* b is the oldest now */
    assert_true(rdb__statement_cache_put(cache, &c.base));
    assert_int_equal(b.evicted, 1);
    assert_false(b.base.cached);
    assert_null(get(cache, "b"));
    assert_ptr_equal(get(cache, "a"), &a);
    assert_ptr_equal(get(cache, "c"), &c);
    assert_int_equal(rdb__statement_cache_count(cache), 2);
    rdb__statement_cache_free(cache);
    assert_int_equal(evictions, 3);
    assert_int_equal(a.evicted + c.evicted, 2);
}

static void same_text_is_kept_once(void **state) {
    (void)state;
    int evictions = 0;
    rdb_statement_cache *cache;
    entry a, again;
    fill(&a, "a"), fill(&again, "a");
    assert_int_equal(rdb__statement_cache_new(4, evict, &evictions, &cache, NULL), RDB_OK);
    assert_true(rdb__statement_cache_put(cache, &a.base));
    assert_false(rdb__statement_cache_put(cache, &again.base));
    assert_false(rdb__statement_cache_put(cache, &a.base));
    assert_int_equal(rdb__statement_cache_count(cache), 1);
    rdb__statement_cache_take(cache, &again.base); /* not in it: nothing happens */
    rdb__statement_cache_take(cache, &a.base);
    assert_int_equal(rdb__statement_cache_count(cache), 0);
    assert_true(rdb__statement_cache_put(cache, &again.base));
    rdb__statement_cache_clear(cache);
    assert_int_equal(evictions, 1);
    assert_int_equal(a.evicted, 0);
    rdb__statement_cache_free(cache);
    rdb__statement_cache_free(NULL);
}

static void equal_hashes_are_told_apart(void **state) {
    (void)state;
    int evictions = 0;
    rdb_statement_cache *cache;
    entry a, b;
    fill(&a, "select 1"), fill(&b, "select 2");
    b.base.hash = a.base.hash;
    assert_int_equal(rdb__statement_cache_new(4, evict, &evictions, &cache, NULL), RDB_OK);
    assert_true(rdb__statement_cache_put(cache, &a.base));
    assert_true(rdb__statement_cache_put(cache, &b.base));
    assert_ptr_equal(rdb__statement_cache_get(cache, a.base.hash, "select 1", 8), &a);
    assert_ptr_equal(rdb__statement_cache_get(cache, a.base.hash, "select 2", 8), &b);
    assert_null(rdb__statement_cache_get(cache, a.base.hash, "select 3", 8));
    rdb__statement_cache_take(cache, &a.base);
    assert_ptr_equal(rdb__statement_cache_get(cache, a.base.hash, "select 2", 8), &b);
    rdb__statement_cache_free(cache);
}

static void nothing_is_cached_without_room(void **state) {
    (void)state;
    int evictions = 0;
    rdb_statement_cache *cache;
    entry a;
    fill(&a, "a");
    assert_int_equal(rdb__statement_cache_new(0, evict, &evictions, &cache, NULL), RDB_OK);
    assert_false(rdb__statement_cache_put(cache, &a.base));
    assert_null(get(cache, "a"));
    rdb__statement_cache_free(cache);
    assert_int_equal(evictions, 0);
}

static void many_entries(void **state) {
    (void)state;
    enum { N = 1000, ROOM = 100 };
    static entry entries[N];
    int evictions = 0;
    rdb_statement_cache *cache;
    assert_int_equal(rdb__statement_cache_new(ROOM, evict, &evictions, &cache, NULL), RDB_OK);
    for (int i = 0; i < N; i++) {
        char sql[64];
        snprintf(sql, sizeof sql, "SELECT column_%d FROM somewhere WHERE id = ?", i);
        fill(&entries[i], sql);
        assert_true(rdb__statement_cache_put(cache, &entries[i].base));
    }
    assert_int_equal(rdb__statement_cache_count(cache), ROOM);
    assert_int_equal(evictions, N - ROOM);
    for (int i = 0; i < N; i++) {
        assert_int_equal(get(cache, entries[i].sql) != NULL, i >= N - ROOM);
        assert_int_equal(entries[i].evicted, i < N - ROOM);
    }
    rdb__statement_cache_free(cache);
    assert_int_equal(evictions, N);
}

static void hash_sees_every_byte(void **state) {
    (void)state;
    char text[40];
    memset(text, 'a', sizeof text);
    for (size_t len = 1; len < sizeof text; len++) {
        uint64_t whole = rdb__sql_hash(text, len);
        assert_true(whole != rdb__sql_hash(text, len - 1));
        for (size_t i = 0; i < len; i++) {
            text[i] = 'b';
            assert_true(rdb__sql_hash(text, len) != whole);
            text[i] = 'a';
        }
    }
}

static void without_memory(void **state) {
    (void)state;
    rdb_statement_cache *cache;
    rdb_error err;
    rdb__alloc_fail_after(0);
    assert_int_equal(rdb__statement_cache_new(8, evict, NULL, &cache, &err), RDB_E_NO_MEMORY);
    rdb__alloc_fail_after(-1);
    assert_null(cache);
    assert_int_equal(rdb__alloc_live(), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oldest_is_evicted),
        cmocka_unit_test(same_text_is_kept_once),
        cmocka_unit_test(equal_hashes_are_told_apart),
        cmocka_unit_test(nothing_is_cached_without_room),
        cmocka_unit_test(many_entries),
        cmocka_unit_test(hash_sees_every_byte),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
