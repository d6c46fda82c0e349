/* conn_wait.c - the one blocking loop over poll(2).
 *
 * Owns how a start / continue pair is driven to its end and what a passed deadline does. Client
 * libraries hang for ever on a half-open link; nothing here does. */
#include <errno.h>
#include <poll.h>

#include "../clock.h"
#include "conn_internal.h"

static bool waits(rdb_step step) {
    return step == RDB_STEP_WAIT_READ || step == RDB_STEP_WAIT_WRITE;
}

rdb_wait rdb__wait_socket(const rdb_backend *backend, const rdb_backend_conn *raw, rdb_step step, int64_t deadline) {
    struct pollfd entry = {
        .fd = backend->socket(raw),
        .events = step == RDB_STEP_WAIT_WRITE ? POLLOUT : POLLIN,
    };
    if (entry.fd < 0) {
        return RDB_WAIT_GONE;
    }
    for (;;) {
        int n = poll(&entry, 1, rdb__deadline_left_ms(deadline));
        if (n > 0) {
            return (entry.revents & POLLNVAL) != 0 ? RDB_WAIT_GONE : RDB_WAIT_READY;
        }
        if (n < 0 && errno != EINTR && errno != EAGAIN) {
            return RDB_WAIT_GONE;
        }
        if (deadline != RDB_NO_DEADLINE && rdb__clock_ns() >= deadline) {
            return RDB_WAIT_DEADLINE;
        }
    }
}

static rdb_step socket_gone(const rdb_backend *backend, rdb_error *err) {
    rdb_error_set(err, RDB_E_CONNECTION_LOST, "%s: the connection's socket is gone", backend->name);
    return RDB_STEP_ERROR;
}

rdb_step rdb__wait_drive(const rdb_backend *backend, rdb_backend_conn *raw, rdb_step step,
                         rdb_step (*go_on)(rdb_backend_conn *, rdb_error *), int64_t deadline, rdb_error *err) {
    while (waits(step)) {
        switch (rdb__wait_socket(backend, raw, step, deadline)) {
        case RDB_WAIT_READY:
            step = go_on(raw, err);
            break;
        case RDB_WAIT_GONE:
            return socket_gone(backend, err);
        case RDB_WAIT_DEADLINE:
            rdb_error_set(err, RDB_E_STATEMENT_TIMEOUT, "%s: no answer from the server in time", backend->name);
            return RDB_STEP_ERROR;
        }
    }
    return step;
}

/* The deadline has passed: ask the server to stop, and give it a moment to say so. If it does, the
 * connection is in step again; if not, a late answer could be read as the next query's, so it is lost.
 * A statement that finished in that moment did take effect, and is answered as what it is. */
static rdb_step stop_late_query(rdb_query *query, rdb_step step, rdb_error *err) {
    rdb_conn *conn = query->conn;
    conn->backend->cancel(conn->raw);
    int64_t give_up = rdb__deadline_in(RDB_CANCEL_GRACE_SECONDS);
    while (waits(step) && rdb__wait_socket(conn->backend, conn->raw, step, give_up) == RDB_WAIT_READY) {
        step = rdb_query_continue(query, err);
    }
    if (step == RDB_STEP_DONE || step == RDB_STEP_ROW) {
        return step;
    }
    if (waits(step)) {
        conn->health = RDB_CONN_LOST;
        rdb_query_finish(query);
        rdb_error_clear(err);
    } else if (err->code != RDB_E_CANCELLED && err->code != RDB_E_STATEMENT_TIMEOUT) {
        return RDB_STEP_ERROR; /* it failed for a reason of its own */
    }
    rdb_error_set(err, RDB_E_STATEMENT_TIMEOUT, "the statement was stopped: it ran past its time limit");
    return RDB_STEP_ERROR;
}

rdb_step rdb_query_wait(rdb_query *query, rdb_step step, rdb_error *err) {
    if (!waits(step)) {
        return step;
    }
    rdb_conn *conn = query->conn;
    if (err == NULL) {
        err = &conn->spare_error;
    }
    while (waits(step)) {
        switch (rdb__wait_socket(conn->backend, conn->raw, step, query->deadline_ns)) {
        case RDB_WAIT_READY:
            step = rdb_query_continue(query, err);
            break;
        case RDB_WAIT_DEADLINE:
            return stop_late_query(query, step, err);
        case RDB_WAIT_GONE:
            conn->health = RDB_CONN_LOST;
            rdb_query_finish(query);
            return socket_gone(conn->backend, err);
        }
    }
    return step;
}
