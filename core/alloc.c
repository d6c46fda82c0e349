/* alloc.c - counted memory; tests make allocations fail from the Nth on.
 *
 * Two counters that only grow (blocks taken, blocks given back) sit on cache lines of their own, so that
 * threads which mostly allocate and threads which mostly free do not slow each other. */
#include "alloc.h"

#include <limits.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static alignas(64) atomic_long taken;            /* allocations that succeeded */
static alignas(64) atomic_long given_back;       /* blocks freed */
static alignas(64) atomic_long limit = LONG_MAX; /* fail once taken reaches this */
static atomic_long mark;                         /* taken at the last rdb__alloc_fail_after() */

static bool refused(void) {
    long most = atomic_load_explicit(&limit, memory_order_relaxed);
    return most != LONG_MAX && atomic_load_explicit(&taken, memory_order_relaxed) >= most;
}

static void *counted(void *memory) {
    if (memory != NULL) {
        atomic_fetch_add_explicit(&taken, 1, memory_order_relaxed);
    }
    return memory;
}

void *rdb__malloc(size_t size) {
    return refused() ? NULL : counted(malloc(size > 0 ? size : 1));
}

void *rdb__calloc(size_t count, size_t size) {
    return refused() ? NULL : counted(calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

void *rdb__realloc(void *memory, size_t size) {
    if (refused()) {
        return NULL;
    }
    void *moved = counted(realloc(memory, size > 0 ? size : 1));
    if (moved != NULL && memory != NULL) {
        atomic_fetch_add_explicit(&given_back, 1, memory_order_relaxed);
    }
    return moved;
}

char *rdb__strndup(const char *text, size_t len) {
    char *copy = rdb__malloc(len + 1);
    if (copy != NULL) {
        if (len > 0) {
            memcpy(copy, text, len);
        }
        copy[len] = '\0';
    }
    return copy;
}

void rdb__free(void *memory) {
    if (memory != NULL) {
        atomic_fetch_add_explicit(&given_back, 1, memory_order_relaxed);
        free(memory);
    }
}

long rdb__alloc_fail_after(long n) {
    long now = atomic_load(&taken);
    atomic_store(&limit, n < 0 ? LONG_MAX : now + n);
    return now - atomic_exchange(&mark, now);
}

long rdb__alloc_live(void) {
    return atomic_load(&taken) - atomic_load(&given_back);
}
