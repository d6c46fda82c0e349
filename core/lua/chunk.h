/* chunk.h - several rows of a bulk insert by one statement, which costs the database half as much per row.
 *
 * The plan says how (insert.many). The caller of core.insert_many answers for the keys: those of one statement follow
 * each other in the order of the rows. */
#ifndef RDB_LUA_CHUNK_H
#define RDB_LUA_CHUNK_H

#include "insertion.h"
#include "run.h"

typedef struct rlua_chunk {
    rdb_query query;
    rdb_value
        *values; /* rows * fields of them, on the stack of the protected call; NULL: the plan has no such statement */
    lua_Integer alone; /* instances before this position are written one by one */
    int rows;
    bool open; /* query has run */
} rlua_chunk;

/* What writing a chunk came to. ALONE: nothing was written, its rows have to be tried one by one. */
typedef enum rlua_chunk_result { RLUA_CHUNK_GOOD, RLUA_CHUNK_ALONE, RLUA_CHUNK_FAILED } rlua_chunk_result;

/* rlua_chunk_enter - push room for the values, if the plan has a statement for many rows. [-0, +(0|1), v] */
void rlua_chunk_enter(lua_State *L, rlua_chunk *chunk, const rlua_plan *plan);
/* rlua_chunk_execute - write the rows whose values were collected, on run's connection; err in run. Never touches Lua.
 * Blocks. */
rlua_chunk_result rlua_chunk_execute(rlua_chunk *chunk, rlua_run *run, const rlua_plan *plan);
/* rlua_chunk_end - give the statement back. */
void rlua_chunk_end(rlua_chunk *chunk);

#endif
