/* fake_open.c - URLs, options and connections of the fake database. */
#include <string.h>
#include <unistd.h>

#include "../alloc.h"
#include "fake_play.h"

static const char *script_name(const rdb_url *url) {
    return url->host != NULL ? url->host : url->path != NULL ? url->path : "";
}

static rdb_code read_latency(const rdb_url *url, const char *name, int *out_ms, rdb_error *err) {
    double seconds = 0;
    rdb_code code = rdb_url_option_seconds(url, name, &seconds, err);
    if (code == RDB_OK && !(seconds >= 0 && seconds <= 3600)) {
        code = rdb_error_set(err, RDB_E_CONFIG, "fake: option %s must be 0 to 3600 seconds", name);
    }
    *out_ms = (int)(seconds * 1000);
    return code;
}

static rdb_code check_options(const rdb_url *url, rdb_error *err) {
    for (size_t i = 0; i < url->n_options; i++) {
        const char *name = url->options[i].name;
        if (strncmp(name, "pool_", 5) != 0 && strcmp(name, "latency") != 0 && strcmp(name, "connect_latency") != 0 &&
            strcmp(name, "strict") != 0) {
            rdb_error_set(err, RDB_E_CONFIG, "fake: unknown option %s in %s", name, url->printable);
            rdb_error_hint(err, "known: latency connect_latency strict");
            return RDB_E_CONFIG;
        }
    }
    return RDB_OK;
}

void rdb__fake_share_close(void *shared) {
    rdb_fake_share *share = shared;
    if (share != NULL) {
        rdb_fake_close(share->fake);
        rdb__free(share);
    }
}

rdb_code rdb__fake_share_open(const rdb_url *url, void **out, rdb_error *err) {
    *out = NULL;
    rdb_fake_share *made = rdb__calloc(1, sizeof *made);
    if (made == NULL) {
        return rdb_error_set(err, RDB_E_NO_MEMORY, "no memory for %s", url->printable);
    }
    bool strict = false;
    rdb_code code = check_options(url, err);
    if (code == RDB_OK) {
        code = read_latency(url, "latency", &made->latency_ms, err);
    }
    if (code == RDB_OK) {
        code = read_latency(url, "connect_latency", &made->connect_latency_ms, err);
    }
    if (code == RDB_OK) {
        code = rdb_url_option_bool(url, "strict", &strict, err);
    }
    if (code == RDB_OK) {
        code = rdb_fake_open(script_name(url), &made->fake, err);
    }
    if (code != RDB_OK) {
        rdb__fake_share_close(made);
        return code;
    }
    if (strict) {
        rdb_fake_strict(made->fake, true);
    }
    *out = made;
    return RDB_OK;
}

void rdb__fake_conn_free(rdb_backend_conn *conn) {
    if (conn == NULL) {
        return;
    }
    rdb__fake_drop(conn->fake, conn->awaited);
    if (conn->timer >= 0) {
        close(conn->timer);
    }
    rdb__fake_count_open(conn->fake, -1);
    rdb_fake_close(conn->fake);
    pthread_mutex_destroy(&conn->lock);
    rdb__free(conn);
}

rdb_code rdb__fake_conn_new(const rdb_url *url, const rdb_fake_share *shared, rdb_backend_conn **out, rdb_error *err) {
    *out = NULL;
    rdb_backend_conn *conn = rdb__calloc(1, sizeof *conn);
    if (conn == NULL || pthread_mutex_init(&conn->lock, NULL) != 0) {
        rdb__free(conn);
        return rdb_error_set(err, RDB_E_NO_MEMORY, "no memory for a connection");
    }
    conn->timer = -1;
    if (shared != NULL) {
        conn->fake = rdb__fake_ref(shared->fake);
        conn->latency_ms = shared->latency_ms;
    } else if (rdb_fake_open(script_name(url), &conn->fake, err) != RDB_OK) {
        pthread_mutex_destroy(&conn->lock);
        rdb__free(conn);
        return RDB_E_NO_MEMORY;
    }
    rdb__fake_count_open(conn->fake, 1);
    *out = conn;
    return RDB_OK;
}
