/* alloc.h - the core's only way to memory, so that tests can make the Nth allocation fail.
 *
 * Every core file allocates through these; freed memory goes back through rdb__free. The counter is
 * process wide and atomic. Without an armed failure the cost is one relaxed load. */
#ifndef RDB_ALLOC_H
#define RDB_ALLOC_H

#include <stddef.h>

void *rdb__malloc(size_t size);
void *rdb__calloc(size_t count, size_t size);
void *rdb__realloc(void *memory, size_t size);
/* rdb__strndup - a NUL-terminated copy of len bytes; NULL without memory. */
char *rdb__strndup(const char *text, size_t len);
void rdb__free(void *memory);

/* rdb__alloc_fail_after - tests: let n allocations succeed, then fail every later one (n < 0: never
 * fail). Returns the number of allocations since the last call. */
long rdb__alloc_fail_after(long n);
/* rdb__alloc_live - blocks allocated and not freed. */
long rdb__alloc_live(void);

#endif
