/* statement_cache.c - hash table of chains plus a list from the most to the least recently used. */
#include "statement_cache.h"

#include <string.h>

#include "alloc.h"

struct rdb_statement_cache {
    size_t capacity;              /* most entries */
    size_t count;                 /* entries now */
    size_t mask;                  /* buckets - 1, a power of two minus one */
    rdb_cached_statement *newest; /* ends of the list */
    rdb_cached_statement *oldest;
    void (*evict)(void *context, rdb_cached_statement *entry);
    void *context;                   /* borrowed, for evict */
    rdb_cached_statement *buckets[]; /* mask + 1 chains */
};

#define MOST_BUCKETS 4096 /* beyond, chains grow longer */

uint64_t rdb__sql_hash(const char *sql, size_t len) {
    const uint64_t prime = UINT64_C(0x100000001b3);
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ len;
    for (; len >= 8; sql += 8, len -= 8) { /* eight bytes a round: texts of plans are long */
        uint64_t word;
        memcpy(&word, sql, 8);
        hash = (hash ^ word) * prime;
        hash ^= hash >> 32; /* FNV carries upwards only: fold the upper half back */
    }
    for (; len > 0; sql++, len--) {
        hash = (hash ^ (unsigned char)*sql) * prime;
    }
    hash ^= hash >> 29;
    return hash;
}

rdb_code rdb__statement_cache_new(size_t capacity, void (*evict)(void *context, rdb_cached_statement *), void *context,
                                  rdb_statement_cache **out, rdb_error *err) {
    size_t buckets = 8;
    while (buckets < capacity && buckets < MOST_BUCKETS) {
        buckets *= 2;
    }
    *out = rdb__calloc(1, sizeof **out + buckets * sizeof(rdb_cached_statement *));
    if (*out == NULL) {
        return rdb_error_set(err, RDB_E_NO_MEMORY, "no memory for a statement cache");
    }
    (*out)->capacity = capacity;
    (*out)->mask = buckets - 1;
    (*out)->evict = evict;
    (*out)->context = context;
    return RDB_OK;
}

void rdb__statement_cache_free(rdb_statement_cache *cache) {
    if (cache != NULL) {
        rdb__statement_cache_clear(cache);
        rdb__free(cache);
    }
}

static void unlink_from_list(rdb_statement_cache *cache, rdb_cached_statement *entry) {
    *(entry->newer != NULL ? &entry->newer->older : &cache->newest) = entry->older;
    *(entry->older != NULL ? &entry->older->newer : &cache->oldest) = entry->newer;
    entry->newer = entry->older = NULL;
}

static void make_newest(rdb_statement_cache *cache, rdb_cached_statement *entry) {
    entry->newer = NULL;
    entry->older = cache->newest;
    *(cache->newest != NULL ? &cache->newest->newer : &cache->oldest) = entry;
    cache->newest = entry;
}

static rdb_cached_statement *find(const rdb_statement_cache *cache, uint64_t hash, const char *sql, size_t len) {
    rdb_cached_statement *entry = cache->buckets[hash & cache->mask];
    while (entry != NULL && !(entry->hash == hash && entry->sql_len == len && memcmp(entry->sql, sql, len) == 0)) {
        entry = entry->chain;
    }
    return entry;
}

rdb_cached_statement *rdb__statement_cache_get(rdb_statement_cache *cache, uint64_t hash, const char *sql, size_t len) {
    rdb_cached_statement *entry = find(cache, hash, sql, len);
    if (entry != NULL && entry != cache->newest) {
        unlink_from_list(cache, entry);
        make_newest(cache, entry);
    }
    return entry;
}

bool rdb__statement_cache_put(rdb_statement_cache *cache, rdb_cached_statement *entry) {
    if (cache->capacity == 0 || entry->cached || find(cache, entry->hash, entry->sql, entry->sql_len) != NULL) {
        return false;
    }
    if (cache->count >= cache->capacity) {
        rdb_cached_statement *oldest = cache->oldest;
        rdb__statement_cache_take(cache, oldest);
        cache->evict(cache->context, oldest);
    }
    rdb_cached_statement **bucket = &cache->buckets[entry->hash & cache->mask];
    entry->chain = *bucket;
    *bucket = entry;
    make_newest(cache, entry);
    entry->cached = true;
    cache->count++;
    return true;
}

void rdb__statement_cache_take(rdb_statement_cache *cache, rdb_cached_statement *entry) {
    if (!entry->cached) {
        return;
    }
    rdb_cached_statement **link = &cache->buckets[entry->hash & cache->mask];
    while (*link != entry) {
        link = &(*link)->chain;
    }
    *link = entry->chain;
    entry->chain = NULL;
    unlink_from_list(cache, entry);
    entry->cached = false;
    cache->count--;
}

void rdb__statement_cache_clear(rdb_statement_cache *cache) {
    while (cache->oldest != NULL) {
        rdb_cached_statement *entry = cache->oldest;
        rdb__statement_cache_take(cache, entry);
        cache->evict(cache->context, entry);
    }
}

size_t rdb__statement_cache_count(const rdb_statement_cache *cache) {
    return cache->count;
}
