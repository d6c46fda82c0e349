/* statement_cache.h - least-recently-used map from SQL text to a prepared statement.
 *
 * One per connection, used by one thread at a time. It stores opaque entries: what a statement is,
 * and how it is closed, is its owner's business. Entries are intrusive: the owner embeds
 * rdb_cached_statement first in its own struct. */
#ifndef RDB_STATEMENT_CACHE_H
#define RDB_STATEMENT_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

typedef struct rdb_cached_statement {
    uint64_t hash;                      /* rdb__sql_hash() of the text */
    const char *sql;                    /* owned by the embedding struct */
    size_t sql_len;                     /* bytes */
    struct rdb_cached_statement *newer; /* LRU list, NULL at the ends */
    struct rdb_cached_statement *older;
    struct rdb_cached_statement *chain; /* next entry of the same bucket */
    bool cached;                        /* in the cache now */
} rdb_cached_statement;

typedef struct rdb_statement_cache rdb_statement_cache;

/* rdb__sql_hash - 64-bit FNV-1a style hash of a text; plans compute it once. */
uint64_t rdb__sql_hash(const char *sql, size_t len);

/* rdb__statement_cache_new - room for capacity entries (0: nothing is ever cached).
 *   evict    called for each entry that is pushed out or cleared; it closes and frees the entry */
RDB_NODISCARD rdb_code rdb__statement_cache_new(size_t capacity, void (*evict)(void *context, rdb_cached_statement *),
                                                void *context, rdb_statement_cache **out, rdb_error *err);
void rdb__statement_cache_free(rdb_statement_cache *cache); /* evicts all; NULL allowed */

/* rdb__statement_cache_get - the entry for this text, now the most recent; NULL when absent. */
rdb_cached_statement *rdb__statement_cache_get(rdb_statement_cache *cache, uint64_t hash, const char *sql, size_t len);
/* rdb__statement_cache_put - [take] add an entry; evicts the oldest when full. An entry of the same
 * text that is present already makes this a no-op answering false: the caller keeps the entry. */
bool rdb__statement_cache_put(rdb_statement_cache *cache, rdb_cached_statement *entry);
/* rdb__statement_cache_take - remove the entry without evicting it; the caller owns it. */
void rdb__statement_cache_take(rdb_statement_cache *cache, rdb_cached_statement *entry);
void rdb__statement_cache_clear(rdb_statement_cache *cache);
size_t rdb__statement_cache_count(const rdb_statement_cache *cache);

#endif
