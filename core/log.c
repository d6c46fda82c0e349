/* log.c - the process's one log hook; warnings go to stderr until a host installs its own. */
#include "log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

static void print_to_stderr(void *context, rdb_log_level level, const char *area, const char *message) {
    static const char *const names[] = {"debug", "info", "warning", "error"};
    (void)context;
    fprintf(stderr, "rdb: %s: %s: %s\n", area, names[level], message);
}

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static rdb_log_fn current_hook = print_to_stderr; /* guarded */
static void *current_context;                     /* guarded */
static atomic_int least_level = RDB_LOG_WARN;     /* read without the lock, to be cheap when unwanted */

#define SILENT (RDB_LOG_ERROR + 1)

void rdb_log_set(rdb_log_fn hook, void *context, rdb_log_level least) {
    pthread_mutex_lock(&guard);
    current_hook = hook;
    current_context = context;
    atomic_store(&least_level, hook != NULL ? (int)least : SILENT);
    pthread_mutex_unlock(&guard);
}

void rdb__log_stderr_from(rdb_log_level least) {
    pthread_mutex_lock(&guard);
    if (current_hook == print_to_stderr) {
        atomic_store(&least_level, (int)least);
    }
    pthread_mutex_unlock(&guard);
}

void rdb__log(rdb_log_level level, const char *area, const char *format, ...) {
    if ((int)level < atomic_load_explicit(&least_level, memory_order_relaxed) || level > RDB_LOG_ERROR) {
        return;
    }
    /* Formatted as an error's message is: bounded, never cut inside a character. */
    rdb_error text;
    va_list args;
    va_start(args, format);
    rdb_error_vset(&text, RDB_OK, format, args);
    va_end(args);

    pthread_mutex_lock(&guard);
    rdb_log_fn hook = current_hook;
    void *context = current_context;
    pthread_mutex_unlock(&guard);
    if (hook != NULL) {
        hook(context, level, area, text.message);
    }
}
