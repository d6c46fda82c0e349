/* runtime.c - what the Lua states of a host share: options and the pools that it gave a name.
 *
 * A reference count decides its lifetime: the host holds one, each state holds one. Pools are found through the
 * process's registry of pools (pool_registry.c); the runtime remembers which names are its own. */
#include "runtime_internal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "../alloc.h"
#include "bindings.h"

/* A pool under a name, in a list. */
typedef struct named_pool {
    struct named_pool *next;
    rdb_pool *pool; /* own reference, so that the address stays unique */
    char *name;
} named_pool;

struct rdb_runtime {
    atomic_int references;
    rdb_runtime_options options; /* texts are copies */
    pthread_mutex_t mu;
    named_pool *pools; /* guarded by mu */
};

void rdb_runtime_options_init(rdb_runtime_options *options) {
    *options = (rdb_runtime_options){.lua_dir = NULL};
}

static char *copy_text(const char *text, bool *failed) {
    char *copy = text ? rdb__strndup(text, strlen(text)) : NULL;
    *failed = *failed || (text && !copy);
    return copy;
}

static void free_texts(rdb_runtime *runtime) {
    rdb__free((char *)(uintptr_t)runtime->options.lua_dir);
    rdb__free((char *)(uintptr_t)runtime->options.path);
}

rdb_code rdb_runtime_open(const rdb_runtime_options *options, rdb_runtime **out, rdb_error *err) {
    *out = NULL;
    rdb_error_clear(err);
    rdb_runtime *runtime = rdb__calloc(1, sizeof *runtime);
    if (!runtime) {
        return rdb_error_set(err, RDB_E_NO_MEMORY, "no memory for a runtime");
    }
    bool failed = false;
    rdb_runtime_options_init(&runtime->options);
    if (options) {
        runtime->options.lua_dir = copy_text(options->lua_dir, &failed);
        runtime->options.path = copy_text(options->path, &failed);
        runtime->options.ignore_environment = options->ignore_environment;
    }
    if (failed || pthread_mutex_init(&runtime->mu, NULL) != 0) {
        free_texts(runtime);
        rdb__free(runtime);
        return rdb_error_set(err, RDB_E_NO_MEMORY, "no memory for a runtime");
    }
    atomic_init(&runtime->references, 1);
    *out = runtime;
    return RDB_OK;
}

const rdb_runtime_options *rdb__runtime_options(const rdb_runtime *runtime) {
    return &runtime->options;
}

rdb_runtime *rdb__runtime_ref(rdb_runtime *runtime) {
    atomic_fetch_add_explicit(&runtime->references, 1, memory_order_relaxed);
    return runtime;
}

/* Take the pool out of the registry, unless someone put another one under its name. */
static void remove_pool(named_pool *named) {
    rdb_pool *registered = rdb__pool_registry_get(named->name);
    if (registered && registered == named->pool) {
        rdb_pool_unref(rdb__pool_registry_remove(named->name));
    }
    rdb_pool_unref(registered);
    rdb_pool_unref(named->pool);
    rdb__free(named->name);
    rdb__free(named);
}

void rdb_runtime_close(rdb_runtime *runtime) {
    if (!runtime || atomic_fetch_sub_explicit(&runtime->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    while (runtime->pools) {
        named_pool *named = runtime->pools;
        runtime->pools = named->next;
        remove_pool(named);
    }
    pthread_mutex_destroy(&runtime->mu);
    free_texts(runtime);
    rdb__free(runtime);
}

rdb_code rdb_runtime_add_pool(rdb_runtime *runtime, const char *name, rdb_pool *pool, rdb_error *err) {
    rdb_error_clear(err);
    named_pool *named = rdb__calloc(1, sizeof *named);
    char *copy = rdb__strndup(name, strlen(name));
    if (!named || !copy) {
        rdb__free(named);
        rdb__free(copy);
        return rdb_error_set(err, RDB_E_NO_MEMORY, "no memory for the name of a pool");
    }
    rdb_code code = rdb__pool_registry_add(name, pool, err);
    if (code != RDB_OK) {
        rdb__free(named);
        rdb__free(copy);
        return code;
    }
    named->name = copy;
    named->pool = rdb_pool_ref(pool);
    pthread_mutex_lock(&runtime->mu);
    named->next = runtime->pools;
    runtime->pools = named;
    pthread_mutex_unlock(&runtime->mu);
    return RDB_OK;
}
