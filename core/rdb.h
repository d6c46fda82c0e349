/* rdb.h - the public C interface of rdb in one include.
 *
 *   rdb_runtime *rt;  rdb_runtime_open(NULL, &rt, &err);
 *   rdb_pool *pool;   rdb_pool_open("sqlite:///app.db", NULL, &pool, &err);
 *   rdb_runtime_add_pool(rt, "default", pool, &err);
 *   rdb_state *st;    rdb_state_open(rt, &st, &err);       one per thread
 *   rdb_state_dofile(st, "app.lua", &err);
 *
 * Pools, connections and transactions work without Lua: pool/pool.h, pool/conn.h, txn/txn.h. */
#ifndef RDB_H
#define RDB_H

#define RDB_VERSION "0.1.0"

#include "error.h"
#include "log.h"
#include "pool/conn.h"
#include "pool/pool.h"
#include "runtime.h"
#include "txn/txn.h"
#include "value.h"

#ifdef __cplusplus
extern "C" {
#endif
/* rdb_version - the version of the library that is linked, for example "0.1.0". */
RDB_API const char *rdb_version(void);
#ifdef __cplusplus
}
#endif
#endif
