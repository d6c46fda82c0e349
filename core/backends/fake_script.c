/* fake_script.c - the scripts of the fake backend: answers waiting to be used, and what ran.
 *
 * Owns the process's list of scripts by name. Two locks, registry before script; neither is held while
 * anything else is called. */
#include "fake_script.h"

#include <pthread.h>
#include <string.h>

#include "../alloc.h"

struct rdb_fake {
    char *name;
    long refs; /* guarded by registry_lock */
    rdb_fake *next;

    pthread_mutex_t lock; /* guards what follows */
    rdb_fake_reply *first;
    rdb_fake_reply *last;
    bool strict;
    bool record;
    char **ran; /* n_ran texts */
    size_t n_ran;
    size_t room;
    rdb_fake_stats stats;
};

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static rdb_fake *registry; /* guarded by registry_lock */

/* -- scripts by name ----------------------------------------------------------------------------- */

static rdb_fake *new_script(const char *name) {
    rdb_fake *fake = rdb__calloc(1, sizeof *fake);
    if (fake == NULL) {
        return NULL;
    }
    fake->name = rdb__strndup(name, strlen(name));
    if (fake->name == NULL || pthread_mutex_init(&fake->lock, NULL) != 0) {
        rdb__free(fake->name);
        rdb__free(fake);
        return NULL;
    }
    return fake;
}

rdb_code rdb_fake_open(const char *name, rdb_fake **out, rdb_error *err) {
    pthread_mutex_lock(&registry_lock);
    rdb_fake *fake = registry;
    while (fake != NULL && strcmp(fake->name, name) != 0) {
        fake = fake->next;
    }
    if (fake == NULL) {
        fake = new_script(name);
        if (fake != NULL) {
            fake->next = registry;
            registry = fake;
        }
    }
    if (fake != NULL) {
        fake->refs++;
    }
    pthread_mutex_unlock(&registry_lock);
    *out = fake;
    return fake != NULL ? RDB_OK : rdb_error_set(err, RDB_E_NO_MEMORY, "no memory for the script fake://%s", name);
}

rdb_fake *rdb__fake_ref(rdb_fake *fake) {
    pthread_mutex_lock(&registry_lock);
    fake->refs++;
    pthread_mutex_unlock(&registry_lock);
    return fake;
}

static void unref_reply(rdb_fake_reply *reply) {
    if (--reply->refs == 0) {
        rdb__free(reply);
    }
}

void rdb_fake_clear(rdb_fake *fake) {
    pthread_mutex_lock(&fake->lock);
    while (fake->first != NULL) {
        rdb_fake_reply *next = fake->first->next;
        unref_reply(fake->first);
        fake->first = next;
    }
    fake->last = NULL;
    fake->stats.answers = 0;
    for (size_t i = 0; i < fake->n_ran; i++) {
        rdb__free(fake->ran[i]);
    }
    rdb__free(fake->ran);
    fake->ran = NULL;
    fake->n_ran = fake->room = 0;
    pthread_mutex_unlock(&fake->lock);
}

void rdb_fake_close(rdb_fake *fake) {
    if (fake == NULL) {
        return;
    }
    pthread_mutex_lock(&registry_lock);
    bool last = --fake->refs == 0;
    if (last) {
        rdb_fake **link = &registry;
        while (*link != fake) {
            link = &(*link)->next;
        }
        *link = fake->next;
    }
    pthread_mutex_unlock(&registry_lock);
    if (last) {
        rdb_fake_clear(fake);
        pthread_mutex_destroy(&fake->lock);
        rdb__free(fake->name);
        rdb__free(fake);
    }
}

/* -- answers ------------------------------------------------------------------------------------- */

static bool has_bytes(const rdb_value *value) {
    switch ((rdb_kind)value->kind) {
    case RDB_KIND_DECIMAL:
    case RDB_KIND_TEXT:
    case RDB_KIND_BYTES:
    case RDB_KIND_UUID:
    case RDB_KIND_JSON:
    case RDB_KIND_ARRAY:
        return true;
    default:
        return false;
    }
}

static size_t text_size(const char *text) {
    return text != NULL ? strlen(text) + 1 : 0;
}

static size_t bytes_needed(const rdb_fake_answer *answer) {
    size_t size = text_size(answer->sql) + text_size(answer->message) + text_size(answer->constraint);
    size_t n_columns = (size_t)answer->n_columns;
    for (size_t i = 0; i < n_columns; i++) {
        size += text_size(answer->columns[i]);
    }
    for (size_t i = 0; i < answer->n_rows * n_columns; i++) {
        size += has_bytes(&answer->rows[i]) ? answer->rows[i].more.len : 0;
    }
    return size;
}

static const char *keep(char **room, const char *bytes, size_t len) {
    if (bytes == NULL || len == 0) {
        return bytes == NULL ? NULL : "";
    }
    char *copy = *room;
    memcpy(copy, bytes, len);
    *room += len;
    return copy;
}

/* One block: the reply, the cells, the column names, then all texts. */
static rdb_fake_reply *copy_answer(const rdb_fake_answer *answer) {
    size_t n_columns = (size_t)answer->n_columns;
    size_t n_cells = answer->n_rows * n_columns;
    size_t size = sizeof(rdb_fake_reply) + n_cells * sizeof(rdb_value) + n_columns * sizeof(char *);
    rdb_fake_reply *reply = rdb__malloc(size + bytes_needed(answer));
    if (reply == NULL) {
        return NULL;
    }
    rdb_value *cells = (rdb_value *)(reply + 1);
    const char **columns = (const char **)(cells + n_cells);
    char *room = (char *)(columns + n_columns);
    *reply = (rdb_fake_reply){
        .answer = *answer,
        .refs = 1,
        .after = answer->after,
        .times = answer->times == 0 ? 1 : answer->times,
    };
    for (size_t i = 0; i < n_cells; i++) {
        cells[i] = answer->rows[i];
        if (has_bytes(&cells[i])) {
            cells[i].as.text = keep(&room, cells[i].as.text, cells[i].more.len);
        }
    }
    for (size_t i = 0; i < n_columns; i++) {
        columns[i] = keep(&room, answer->columns[i], text_size(answer->columns[i]));
    }
    reply->answer.rows = cells;
    reply->answer.columns = columns;
    reply->answer.sql = keep(&room, answer->sql, text_size(answer->sql));
    reply->answer.message = keep(&room, answer->message, text_size(answer->message));
    reply->answer.constraint = keep(&room, answer->constraint, text_size(answer->constraint));
    return reply;
}

rdb_code rdb_fake_push(rdb_fake *fake, const rdb_fake_answer *answer, rdb_error *err) {
    rdb_fake_reply *reply = copy_answer(answer);
    if (reply == NULL) {
        return rdb_error_set(err, RDB_E_NO_MEMORY, "no memory for an answer of fake://%s", fake->name);
    }
    pthread_mutex_lock(&fake->lock);
    if (fake->last != NULL) {
        fake->last->next = reply;
    } else {
        fake->first = reply;
    }
    fake->last = reply;
    fake->stats.answers++;
    pthread_mutex_unlock(&fake->lock);
    return RDB_OK;
}

static bool fits(const rdb_fake_reply *reply, rdb_fake_op op, const char *sql) {
    const rdb_fake_answer *answer = &reply->answer;
    return answer->op == op && (answer->sql == NULL || (sql != NULL && strcmp(answer->sql, sql) == 0));
}

/* The first reply that fits and is due; a used-up one leaves the script. Caller holds the lock. */
static rdb_fake_reply *find_reply(rdb_fake *fake, rdb_fake_op op, const char *sql) {
    rdb_fake_reply *before = NULL;
    for (rdb_fake_reply *reply = fake->first; reply != NULL; before = reply, reply = reply->next) {
        if (!fits(reply, op, sql)) {
            continue;
        }
        if (reply->after > 0) {
            reply->after--;
            continue;
        }
        reply->refs++;
        if (reply->times != RDB_FAKE_FOREVER && --reply->times == 0) {
            *(before != NULL ? &before->next : &fake->first) = reply->next;
            fake->last = fake->last == reply ? before : fake->last;
            fake->stats.answers--;
            unref_reply(reply);
        }
        return reply;
    }
    return NULL;
}

/* Caller holds the lock. */
static bool note_statement(rdb_fake *fake, const char *sql) {
    if (fake->n_ran == fake->room) {
        size_t room = fake->room == 0 ? 16 : fake->room * 2;
        char **larger = rdb__realloc(fake->ran, room * sizeof *larger);
        if (larger == NULL) {
            return false;
        }
        fake->ran = larger;
        fake->room = room;
    }
    char *copy = rdb__strndup(sql, strlen(sql));
    if (copy == NULL) {
        return false;
    }
    fake->ran[fake->n_ran++] = copy;
    return true;
}

rdb_code rdb__fake_take(rdb_fake *fake, rdb_fake_op op, const char *sql, rdb_fake_reply **out, rdb_error *err) {
    *out = NULL;
    pthread_mutex_lock(&fake->lock);
    bool noted = op != RDB_FAKE_EXECUTE || !fake->record || note_statement(fake, sql);
    if (noted) {
        fake->stats.done[op]++;
        *out = find_reply(fake, op, sql);
    }
    bool refused = noted && *out == NULL && op == RDB_FAKE_EXECUTE && fake->strict;
    pthread_mutex_unlock(&fake->lock);
    if (refused) {
        return rdb_error_set(err, RDB_E_DATABASE_ERROR,
                             "fake://%s: the script has no answer for this statement: %.300s", fake->name, sql);
    }
    return noted ? RDB_OK
                 : rdb_error_set(err, RDB_E_NO_MEMORY, "no memory to record a statement of fake://%s", fake->name);
}

void rdb__fake_drop(rdb_fake *fake, rdb_fake_reply *reply) {
    if (reply != NULL) {
        pthread_mutex_lock(&fake->lock);
        unref_reply(reply);
        pthread_mutex_unlock(&fake->lock);
    }
}

/* -- switches and numbers ------------------------------------------------------------------------ */

void rdb_fake_strict(rdb_fake *fake, bool strict) {
    pthread_mutex_lock(&fake->lock);
    fake->strict = strict;
    pthread_mutex_unlock(&fake->lock);
}

void rdb_fake_record(rdb_fake *fake, bool record) {
    pthread_mutex_lock(&fake->lock);
    fake->record = record;
    pthread_mutex_unlock(&fake->lock);
}

const char *rdb_fake_ran(rdb_fake *fake, size_t i) {
    pthread_mutex_lock(&fake->lock);
    const char *sql = i < fake->n_ran ? fake->ran[i] : NULL;
    pthread_mutex_unlock(&fake->lock);
    return sql;
}

void rdb_fake_get_stats(rdb_fake *fake, rdb_fake_stats *out) {
    pthread_mutex_lock(&fake->lock);
    *out = fake->stats;
    pthread_mutex_unlock(&fake->lock);
}

void rdb__fake_count_open(rdb_fake *fake, long by) {
    pthread_mutex_lock(&fake->lock);
    fake->stats.open += by;
    pthread_mutex_unlock(&fake->lock);
}

void rdb__fake_count_cancel(rdb_fake *fake) {
    pthread_mutex_lock(&fake->lock);
    fake->stats.cancels++;
    pthread_mutex_unlock(&fake->lock);
}
