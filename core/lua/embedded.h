/* embedded.h - the Lua layer, compiled into the library by cmake/embed.lua. */
#ifndef RDB_LUA_EMBEDDED_H
#define RDB_LUA_EMBEDDED_H

#include <stddef.h>

typedef struct rdb_embedded_module {
    const char *name;           /* "rdb.orm.query" */
    const char *chunk;          /* "@rdb/orm/query.lua", for stack traces */
    const unsigned char *bytes; /* Lua 5.4 bytecode with line numbers */
    size_t size;                /* bytes */
} rdb_embedded_module;

extern const rdb_embedded_module rdb__embedded_modules[]; /* sorted by name, bytewise */
extern const size_t rdb__embedded_count;

#endif
