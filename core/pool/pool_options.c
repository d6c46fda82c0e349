/* pool_options.c - the options of a pool: defaults, what the URL says, and what is refused. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "pool_state.h"

#define MOST_CONNECTIONS        100000
#define DEFAULT_REMOTE_LIFETIME 1800.0
#define BY_BACKEND              (-1.0)

void rdb_pool_options_init(rdb_pool_options *options) {
    *options = (rdb_pool_options){
        .max = 10,
        .min = 0,
        .acquire_timeout = 5,
        .create_timeout = 5,
        .idle_timeout = 600,
        .max_lifetime = BY_BACKEND,
        .lifetime_jitter = 0.2,
        .test_after_idle = 1,
        .max_waiters = 0,
        .fifo = false,
        .statement_cache_size = 256,
        .name = "default",
    };
}

/* X(URL name without pool_, member, least, most) */
#define WHOLE_NUMBERS(X)                                                                                               \
    X(max, 1, MOST_CONNECTIONS)                                                                                        \
    X(min, 0, MOST_CONNECTIONS)                                                                                        \
    X(max_waiters, 0, 1000000000)                                                                                      \
    X(statement_cache_size, 0, 100000)
#define DURATIONS(X)                                                                                                   \
    X(acquire_timeout)                                                                                                 \
    X(create_timeout)                                                                                                  \
    X(idle_timeout)                                                                                                    \
    X(test_after_idle)

static const char *const known[] = {
#define RDB_X(name, least, most) "pool_" #name,
    WHOLE_NUMBERS(RDB_X)
#undef RDB_X
#define RDB_X(name) "pool_" #name,
        DURATIONS(RDB_X)
#undef RDB_X
            "pool_max_lifetime",
    "pool_lifetime_jitter",
    "pool_fifo",
};

static rdb_code refuse_unknown(const rdb_url *url, rdb_error *err) {
    for (size_t i = 0; i < url->n_options; i++) {
        const char *name = url->options[i].name;
        bool found = strncmp(name, "pool_", 5) != 0;
        for (size_t k = 0; k < sizeof known / sizeof *known && !found; k++) {
            found = strcmp(name, known[k]) == 0;
        }
        if (!found) {
            rdb_error_set(err, RDB_E_CONFIG, "unknown pool option %s in %s", name, url->printable);
            rdb_error_hint(err, "known: pool_max pool_min pool_acquire_timeout pool_create_timeout pool_idle_timeout "
                                "pool_max_lifetime pool_lifetime_jitter pool_test_after_idle pool_max_waiters "
                                "pool_fifo pool_statement_cache_size");
            return RDB_E_CONFIG;
        }
    }
    return RDB_OK;
}

static rdb_code read_url(const rdb_url *url, rdb_pool_options *out, rdb_error *err) {
    rdb_code code = refuse_unknown(url, err);
#define RDB_X(name, least, most)                                                                                       \
    if (code == RDB_OK) {                                                                                              \
        code = rdb_url_option_int(url, "pool_" #name, least, most, &out->name, err);                                   \
    }
    WHOLE_NUMBERS(RDB_X)
#undef RDB_X
#define RDB_X(name)                                                                                                    \
    if (code == RDB_OK) {                                                                                              \
        code = rdb_url_option_seconds(url, "pool_" #name, &out->name, err);                                            \
    }
    DURATIONS(RDB_X)
    RDB_X(max_lifetime)
    RDB_X(lifetime_jitter)
#undef RDB_X
    if (code == RDB_OK) {
        code = rdb_url_option_bool(url, "pool_fifo", &out->fifo, err);
    }
    return code;
}

static rdb_code check(const rdb_pool_options *o, rdb_error *err) {
#define RDB_X(name, least, most)                                                                                       \
    if (o->name < (least) || o->name > (most)) {                                                                       \
        return rdb_error_set(err, RDB_E_CONFIG, "pool option " #name " is %ld; it must be %ld to %ld", o->name,        \
                             (long)(least), (long)(most));                                                             \
    }
    WHOLE_NUMBERS(RDB_X)
#undef RDB_X
#define RDB_X(name)                                                                                                    \
    if (!isfinite(o->name) || o->name < 0) {                                                                           \
        return rdb_error_set(err, RDB_E_CONFIG,                                                                        \
                             "pool option " #name " is %g; it must be a number of seconds, 0 or more", o->name);       \
    }
    DURATIONS(RDB_X)
#undef RDB_X
    if (!isfinite(o->max_lifetime)) {
        return rdb_error_set(err, RDB_E_CONFIG, "pool option max_lifetime must be a number of seconds");
    }
    if (!(o->lifetime_jitter >= 0 && o->lifetime_jitter <= 1)) {
        return rdb_error_set(err, RDB_E_CONFIG, "pool option lifetime_jitter is %g; it must be a fraction, 0 to 1",
                             o->lifetime_jitter);
    }
    if (o->min > o->max) {
        return rdb_error_set(err, RDB_E_CONFIG, "pool option min is %ld, more than max, which is %ld", o->min, o->max);
    }
    return RDB_OK;
}

rdb_code rdb__pool_options_read(const rdb_url *url, const rdb_pool_options *given, rdb_pool_options *out,
                                rdb_error *err) {
    if (given != NULL) {
        *out = *given;
    } else {
        rdb_pool_options_init(out);
    }
    if (out->name == NULL) {
        out->name = "default";
    }
    rdb_code code = read_url(url, out, err);
    if (code == RDB_OK) {
        code = check(out, err);
    }
    return code;
}

void rdb__pool_options_settle(rdb_pool_options *options, bool local, bool one_only) {
    if (options->max_lifetime < 0) {
        options->max_lifetime = local ? 0 : DEFAULT_REMOTE_LIFETIME;
    }
    if (one_only) {
        options->max = 1;
        options->min = options->min > 1 ? 1 : options->min;
        options->idle_timeout = 0;
        options->max_lifetime = 0;
    }
}
