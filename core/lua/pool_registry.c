/* pool_registry.c - pools by name, shared by all Lua states of the process.
 *
 * The one mutable static of the bindings, guarded by one mutex. An entry holds one reference to its pool and counts
 * its owners: whoever added it and each state that looked it up for good. The last owner to leave takes the entry
 * along. No Lua and no pool operation but reference counting runs under the lock. */
#include <pthread.h>
#include <string.h>

#include "../alloc.h"
#include "bindings.h"

typedef struct registered {
    struct registered *next;
    rdb_pool *pool; /* one reference */
    long owners;
    char name[]; /* NUL-terminated */
} registered;

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static registered *registry; /* guarded by registry_lock */

/* Caller holds registry_lock. The link that points to the entry, or the end of the list. */
static registered **find(const char *name) {
    registered **link = &registry;
    while (*link != NULL && strcmp((*link)->name, name) != 0) {
        link = &(*link)->next;
    }
    return link;
}

rdb_code rdb__pool_registry_add(const char *name, rdb_pool *pool, rdb_error *err) {
    size_t size = strlen(name) + 1;
    registered *entry = rdb__malloc(sizeof *entry + size);
    if (entry == NULL) {
        return rdb_error_set(err, RDB_E_NO_MEMORY, "no memory to register the database \"%s\"", name);
    }
    memcpy(entry->name, name, size);
    entry->pool = pool;
    entry->owners = 1;
    pthread_mutex_lock(&registry_lock);
    bool taken = *find(name) != NULL;
    if (!taken) {
        entry->next = registry;
        registry = entry;
        rdb_pool_ref(pool);
    }
    pthread_mutex_unlock(&registry_lock);
    if (taken) {
        rdb__free(entry);
        return rdb_error_set(err, RDB_E_CONFIG, "a database named \"%s\" is open already in this process", name);
    }
    return RDB_OK;
}

static rdb_pool *look_up(const char *name, long new_owners) {
    pthread_mutex_lock(&registry_lock);
    registered *entry = *find(name);
    rdb_pool *pool = NULL;
    if (entry != NULL) {
        pool = rdb_pool_ref(entry->pool);
        entry->owners += new_owners;
    }
    pthread_mutex_unlock(&registry_lock);
    return pool;
}

rdb_pool *rdb__pool_registry_get(const char *name) {
    return look_up(name, 0);
}

rdb_pool *rdb__pool_registry_join(const char *name) {
    return look_up(name, 1);
}

/* Unlink and free the entry behind link, if any; the answer is its reference. Caller holds registry_lock. */
static rdb_pool *unlink_entry(registered **link) {
    registered *entry = *link;
    if (entry == NULL) {
        return NULL;
    }
    rdb_pool *pool = entry->pool;
    *link = entry->next;
    rdb__free(entry);
    return pool;
}

rdb_pool *rdb__pool_registry_remove(const char *name) {
    pthread_mutex_lock(&registry_lock);
    rdb_pool *pool = unlink_entry(find(name));
    pthread_mutex_unlock(&registry_lock);
    return pool;
}

void rdb__pool_registry_leave(const rdb_pool *pool) {
    rdb_pool *last = NULL;
    pthread_mutex_lock(&registry_lock);
    registered **link = &registry;
    while (*link != NULL && (*link)->pool != pool) {
        link = &(*link)->next;
    }
    if (*link != NULL && --(*link)->owners == 0) {
        last = unlink_entry(link);
    }
    pthread_mutex_unlock(&registry_lock);
    if (last != NULL) {
        rdb_pool_close(last);
        rdb_pool_unref(last);
    }
}
