/* fake_play.c - how the fake database plays an answer: waits, effects, errors.
 *
 * The descriptor a connection is polled on is a timer, which a cancel makes fire at once. */
#include "fake_play.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* -- waiting ------------------------------------------------------------------------------------- */

/* Caller holds conn->lock. */
static bool arm(rdb_backend_conn *conn, int ms) {
    if (conn->timer < 0) {
        conn->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    }
    struct itimerspec when = {.it_value = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000L}};
    return conn->timer >= 0 && timerfd_settime(conn->timer, 0, &when, NULL) == 0;
}

static rdb_step begin_wait(rdb_backend_conn *conn, rdb_fake_reply *reply, int ms, rdb_error *err) {
    pthread_mutex_lock(&conn->lock);
    bool armed = arm(conn, ms > 0 ? ms : 0); /* FOREVER: a timer that is not set never fires */
    conn->waiting = armed;
    conn->deaf = reply != NULL && reply->answer.deaf;
    conn->cancelled = false;
    pthread_mutex_unlock(&conn->lock);
    if (!armed) {
        rdb__fake_drop(conn->fake, reply);
        rdb_error_set(err, RDB_E_CONNECTION_FAILED, "fake: no timer: %s", strerror(errno));
        return RDB_STEP_ERROR;
    }
    conn->awaited = reply;
    return RDB_STEP_WAIT_READ;
}

void rdb__fake_cancel(rdb_backend_conn *conn) {
    rdb__fake_count_cancel(conn->fake);
    pthread_mutex_lock(&conn->lock);
    if (conn->waiting && !conn->deaf) {
        struct itimerspec now = {.it_value = {.tv_nsec = 1}};
        conn->cancelled = true;
        timerfd_settime(conn->timer, 0, &now, NULL);
    }
    pthread_mutex_unlock(&conn->lock);
}

/* Over, or still WAIT_READ. */
static rdb_step wait_over(rdb_backend_conn *conn, bool *cancelled) {
    uint64_t expirations = 0;
    pthread_mutex_lock(&conn->lock);
    bool fired = read(conn->timer, &expirations, sizeof expirations) == (ssize_t)sizeof expirations;
    *cancelled = fired && conn->cancelled;
    conn->waiting = !fired;
    pthread_mutex_unlock(&conn->lock);
    return fired ? RDB_STEP_DONE : RDB_STEP_WAIT_READ;
}

/* -- playing an answer --------------------------------------------------------------------------- */

static const char *const op_names[RDB_FAKE_N_OPS] = {
    [RDB_FAKE_EXECUTE] = "execute", [RDB_FAKE_PREPARE] = "prepare", [RDB_FAKE_FETCH] = "fetch",
    [RDB_FAKE_CONNECT] = "connect", [RDB_FAKE_PING] = "ping",       [RDB_FAKE_RESET] = "reset",
};

static bool has_prefix(const char *sql, const char *words) {
    size_t len = strlen(words);
    return strncasecmp(sql, words, len) == 0 && (sql[len] == '\0' || sql[len] == ' ' || sql[len] == ';');
}

/* Follow transactions by their statements. */
static void track_txn(rdb_backend_conn *conn, const char *sql) {
    if (has_prefix(sql, "BEGIN") || has_prefix(sql, "START TRANSACTION")) {
        conn->txn = RDB_TXN_OPEN;
    } else if (has_prefix(sql, "ROLLBACK TO")) {
        conn->txn = conn->txn == RDB_TXN_IDLE ? RDB_TXN_IDLE : RDB_TXN_OPEN;
    } else if (has_prefix(sql, "COMMIT") || has_prefix(sql, "END") || has_prefix(sql, "ROLLBACK")) {
        conn->txn = RDB_TXN_IDLE;
    }
}

static void apply_effect(rdb_backend_conn *conn, rdb_backend_stmt *stmt, const rdb_fake_answer *answer) {
    switch (answer->effect) {
    case RDB_FAKE_VOIDS_TXN:
        conn->txn = RDB_TXN_IDLE;
        break;
    case RDB_FAKE_FAILS_TXN:
        conn->txn = conn->txn == RDB_TXN_IDLE ? RDB_TXN_IDLE : RDB_TXN_FAILED;
        break;
    case RDB_FAKE_LOSES:
        conn->lost = true;
        break;
    case RDB_FAKE_STALE:
        if (stmt != NULL) {
            stmt->stale = true;
        }
        break;
    case RDB_FAKE_NO_EFFECT:
        break;
    }
    if (rdb_code_fatal(answer->code)) {
        conn->lost = true;
    }
    if (conn->lost) {
        conn->txn = RDB_TXN_UNKNOWN;
    }
}

rdb_step rdb__fake_fail(rdb_error *err, rdb_code code, const char *constraint, const char *message) {
    rdb_error_clear(err);
    rdb_error_set(err, code, "%s", message);
    if (err != NULL) {
        snprintf(err->backend, sizeof err->backend, "fake");
        snprintf(err->constraint, sizeof err->constraint, "%s", constraint != NULL ? constraint : "");
    }
    return RDB_STEP_ERROR;
}

/* Takes the caller's reference to reply. */
static rdb_step play(rdb_backend_conn *conn, rdb_fake_op op, rdb_backend_stmt *stmt, rdb_fake_reply *reply,
                     rdb_error *err) {
    rdb_step step = RDB_STEP_DONE;
    if (reply != NULL) {
        const rdb_fake_answer *answer = &reply->answer;
        rdb_code code = answer->code;
        if (code == RDB_OK && answer->effect == RDB_FAKE_STALE) {
            code = RDB_E_DATABASE_ERROR;
        }
        apply_effect(conn, stmt, answer);
        if (code != RDB_OK) {
            char message[64];
            snprintf(message, sizeof message, "fake: %s failed as scripted", op_names[op]);
            step = rdb__fake_fail(err, code, answer->constraint, answer->message != NULL ? answer->message : message);
        }
    }
    if (step == RDB_STEP_DONE && op == RDB_FAKE_EXECUTE) {
        track_txn(conn, stmt->sql);
        stmt->row = 0;
        stmt->result = reply; /* keeps the reference */
        conn->last_insert_id = reply != NULL ? reply->answer.last_insert_id : 0;
        return step;
    }
    rdb__fake_drop(conn->fake, reply);
    return step;
}

rdb_step rdb__fake_start(rdb_backend_conn *conn, rdb_fake_op op, rdb_backend_stmt *stmt, int latency_ms,
                         rdb_error *err) {
    if (conn->lost) {
        return rdb__fake_fail(err, RDB_E_CONNECTION_LOST, NULL, "fake: the connection is lost");
    }
    if (op == RDB_FAKE_EXECUTE && conn->txn == RDB_TXN_FAILED && !has_prefix(stmt->sql, "ROLLBACK")) {
        return rdb__fake_fail(err, RDB_E_DATABASE_ERROR, NULL,
                              "fake: the transaction has failed, only ROLLBACK is accepted");
    }
    rdb_fake_reply *reply = NULL;
    if (rdb__fake_take(conn->fake, op, stmt != NULL ? stmt->sql : NULL, &reply, err) != RDB_OK) {
        return RDB_STEP_ERROR;
    }
    int wait_ms = reply != NULL && reply->answer.wait_ms != 0 ? reply->answer.wait_ms : latency_ms;
    return wait_ms != 0 ? begin_wait(conn, reply, wait_ms, err) : play(conn, op, stmt, reply, err);
}

rdb_step rdb__fake_go_on(rdb_backend_conn *conn, rdb_fake_op op, rdb_backend_stmt *stmt, rdb_error *err) {
    bool cancelled = false;
    rdb_step step = wait_over(conn, &cancelled);
    if (step != RDB_STEP_DONE) {
        return step;
    }
    rdb_fake_reply *reply = conn->awaited;
    conn->awaited = NULL;
    if (cancelled) {
        rdb__fake_drop(conn->fake, reply);
        return rdb__fake_fail(err, RDB_E_CANCELLED, NULL, "fake: the statement was cancelled");
    }
    return play(conn, op, stmt, reply, err);
}
