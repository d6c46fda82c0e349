/* log.h - one hook through which the core tells what it does. No values, no passwords. */
#ifndef RDB_LOG_H
#define RDB_LOG_H

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum rdb_log_level { RDB_LOG_DEBUG, RDB_LOG_INFO, RDB_LOG_WARN, RDB_LOG_ERROR } rdb_log_level;

/* Called on the thread that logs, possibly several at once; must not call back into rdb.
 * message is borrowed for the call. */
typedef void (*rdb_log_fn)(void *context, rdb_log_level level, const char *area, const char *message);

/* rdb_log_set - install the process's hook (NULL: silence, the default is warnings on stderr).
 * Threads any; a call under way on another thread may still use the old hook once. */
RDB_API void rdb_log_set(rdb_log_fn hook, void *context, rdb_log_level least);

/* rdb__log_stderr_from - the least level of the default hook; a hook of the host keeps its own. Threads any. */
void rdb__log_stderr_from(rdb_log_level least);

/* rdb__log - format and hand to the hook when level is wanted. area is "pool", "sqlite", ... */
void rdb__log(rdb_log_level level, const char *area, const char *format, ...) RDB_PRINTF(3, 4);

#ifdef __cplusplus
}
#endif
#endif
