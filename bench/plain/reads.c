/* reads.c - W4 to W9 and W11 in plain C: rows become malloc'd structs, strings live in an arena. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

/* Strings of one result, freed together. */
typedef struct arena {
    struct arena_block *blocks;
    size_t used, size;
} arena;
struct arena_block {
    struct arena_block *next;
    char bytes[];
};

static const char *arena_copy(arena *a, const unsigned char *text, size_t len) {
    if (!a->blocks || a->used + len + 1 > a->size) {
        a->size = len + 1 > 65536 ? len + 1 : 65536;
        struct arena_block *block = malloc(sizeof *block + a->size);
        block->next = a->blocks;
        a->blocks = block;
        a->used = 0;
    }
    char *copy = a->blocks->bytes + a->used;
    memcpy(copy, text, len);
    copy[len] = 0;
    a->used += len + 1;
    return copy;
}

static void arena_free(arena *a) {
    while (a->blocks) {
        struct arena_block *next = a->blocks->next;
        free(a->blocks);
        a->blocks = next;
    }
    a->used = a->size = 0;
}

typedef struct author {
    int64_t id;
    const char *name, *email, *country;
    int64_t created_at;
} author;
typedef struct post {
    int64_t id, author_id;
    const char *title, *body, *status;
    int64_t views;
    double rating;
    int64_t created_at;
    author *written_by;
    void *children; /* first of PER_POST comments or tags */
    size_t n_children;
} post;
typedef struct comment {
    int64_t id, post_id;
    const char *body;
    int64_t likes, created_at;
} comment;
typedef struct tag {
    int64_t id, post_id;
    const char *name;
} tag;

/* NULL and type are looked at for each cell: a column of SQLite may hold anything. */
static const char *text_at(arena *a, sqlite3_stmt *stmt, int column) {
    if (sqlite3_column_type(stmt, column) == SQLITE_NULL) {
        return NULL;
    }
    const unsigned char *text = sqlite3_column_text(stmt, column);
    return arena_copy(a, text, (size_t)sqlite3_column_bytes(stmt, column));
}

static int64_t integer_at(sqlite3_stmt *stmt, int column) {
    return sqlite3_column_type(stmt, column) == SQLITE_NULL ? 0 : sqlite3_column_int64(stmt, column);
}

static double double_at(sqlite3_stmt *stmt, int column) {
    return sqlite3_column_type(stmt, column) == SQLITE_NULL ? 0 : sqlite3_column_double(stmt, column);
}

static void read_post(arena *a, sqlite3_stmt *stmt, post *out) {
    out->id = integer_at(stmt, 0);
    out->author_id = integer_at(stmt, 1);
    out->title = text_at(a, stmt, 2);
    out->body = text_at(a, stmt, 3);
    out->status = text_at(a, stmt, 4);
    out->views = integer_at(stmt, 5);
    out->rating = double_at(stmt, 6);
    out->created_at = integer_at(stmt, 7);
}

/* A growing array of pointers to structs of one size. */
typedef struct list {
    void **items;
    size_t count, room;
} list;

static void *list_add(list *l, size_t size) {
    if (l->count == l->room) {
        l->room = l->room ? l->room * 2 : 16;
        l->items = realloc(l->items, l->room * sizeof *l->items);
    }
    return l->items[l->count++] = calloc(1, size);
}

static void list_free(list *l) {
    for (size_t i = 0; i < l->count; i++) {
        free(l->items[i]);
    }
    free(l->items);
    *l = (list){0};
}

#define POST_COLUMNS "p.id, p.author_id, p.title, p.body, p.status, p.views, p.rating, p.created_at"

static void w4_get(sqlite3 *db, int samples) {
    sqlite3_stmt *stmt = bench_prepare(db, "SELECT " POST_COLUMNS " FROM post p WHERE p.id = ? LIMIT 2");
    const int n = 20000;
    for (int s = 0; s < samples; s++) {
        uint32_t state = 7;
        bench_sample begun = bench_begin();
        for (int i = 0; i < n; i++) {
            arena a = {0};
            post *p = calloc(1, sizeof *p);
            sqlite3_bind_int64(stmt, 1, 1 + bench_random(&state, N_POSTS));
            bench_check(db, sqlite3_step(stmt), SQLITE_ROW);
            read_post(&a, stmt, p);
            bench_run(db, stmt);
            free(p);
            arena_free(&a);
        }
        bench_end("W4", begun, n);
    }
    sqlite3_finalize(stmt);
}

static void w5_page(sqlite3 *db, int samples) {
    sqlite3_stmt *stmt = bench_prepare(db, "SELECT " POST_COLUMNS " FROM post p WHERE p.status = ? AND p.views >= ?"
                                           " ORDER BY p.views DESC LIMIT 20");
    const int n = 2000;
    for (int s = 0; s < samples; s++) {
        bench_sample begun = bench_begin();
        for (int i = 0; i < n; i++) {
            arena a = {0};
            list rows = {0};
            sqlite3_bind_text(stmt, 1, "published", -1, SQLITE_STATIC);
            sqlite3_bind_int64(stmt, 2, 1000 + i);
            while (sqlite3_step(stmt) == SQLITE_ROW) {
                read_post(&a, stmt, list_add(&rows, sizeof(post)));
            }
            sqlite3_reset(stmt);
            list_free(&rows);
            arena_free(&a);
        }
        bench_end("W5", begun, n);
    }
    sqlite3_finalize(stmt);
}

static void w6_all(const char *workload, sqlite3 *db, int samples) {
    sqlite3_stmt *stmt = bench_prepare(db, "SELECT " POST_COLUMNS " FROM post p");
    for (int s = 0; s < samples; s++) {
        arena a = {0};
        list rows = {0};
        bench_sample begun = bench_begin();
        while (sqlite3_step(stmt) == SQLITE_ROW) {
            read_post(&a, stmt, list_add(&rows, sizeof(post)));
        }
        sqlite3_reset(stmt);
        long n = (long)rows.count;
        list_free(&rows);
        arena_free(&a);
        bench_end(workload, begun, n);
    }
    sqlite3_finalize(stmt);
}

static void w8_join(sqlite3 *db, int samples) {
    sqlite3_stmt *stmt = bench_prepare(
        db, "SELECT " POST_COLUMNS ", a.id, a.name, a.email, a.country, a.created_at FROM post p"
            " INNER JOIN author a ON p.author_id = a.id WHERE p.id <= 10000");
    for (int s = 0; s < samples; s++) {
        arena a = {0};
        list rows = {0}, authors = {0};
        bench_sample begun = bench_begin();
        while (sqlite3_step(stmt) == SQLITE_ROW) {
            post *p = list_add(&rows, sizeof(post));
            read_post(&a, stmt, p);
            author *w = p->written_by = list_add(&authors, sizeof(author));
            w->id = integer_at(stmt, 8);
            w->name = text_at(&a, stmt, 9);
            w->email = text_at(&a, stmt, 10);
            w->country = text_at(&a, stmt, 11);
            w->created_at = integer_at(stmt, 12);
        }
        sqlite3_reset(stmt);
        long n = (long)rows.count;
        list_free(&rows);
        list_free(&authors);
        arena_free(&a);
        bench_end("W8", begun, n);
    }
    sqlite3_finalize(stmt);
}

/* "id IN (1..1000)" with bound parameters: what a prefetch sends. */
static sqlite3_stmt *prepare_in(sqlite3 *db, const char *head, const char *tail) {
    char *sql = malloc(strlen(head) + strlen(tail) + 2 * N_TAGGED_POSTS + 8);
    strcpy(sql, head);
    strcat(sql, "(?");
    char *end = sql + strlen(sql);
    for (int i = 1; i < N_TAGGED_POSTS; i++) {
        *end++ = ',';
        *end++ = '?';
    }
    *end = 0;
    strcat(sql, ")");
    strcat(sql, tail);
    sqlite3_stmt *stmt = bench_prepare(db, sql);
    free(sql);
    return stmt;
}

static void read_parents(sqlite3_stmt *posts, arena *a, list *parents, post **by_id) {
    while (sqlite3_step(posts) == SQLITE_ROW) {
        post *p = list_add(parents, sizeof *p);
        read_post(a, posts, p);
        by_id[p->id] = p;
    }
    sqlite3_reset(posts);
}

static void bind_keys(sqlite3_stmt *stmt, const list *parents) {
    for (size_t i = 0; i < parents->count; i++) {
        sqlite3_bind_int64(stmt, (int)i + 1, ((post *)parents->items[i])->id);
    }
}

static void w9_prefetch(const char *workload, sqlite3 *db, int samples) {
    int comments = strcmp(workload, "W9a") == 0;
    sqlite3_stmt *posts = bench_prepare(db, "SELECT " POST_COLUMNS " FROM post p WHERE p.id <= 1000");
    sqlite3_stmt *children =
        comments ? prepare_in(db, "SELECT c.id, c.post_id, c.body, c.likes, c.created_at FROM comment c WHERE c.post_id IN ", "")
                 : prepare_in(db, "SELECT t.id, l.post_id, t.name FROM tag t INNER JOIN post_tags l ON t.id = l.tag_id"
                                  " WHERE l.post_id IN ", "");
    post **by_id = calloc(N_TAGGED_POSTS + 1, sizeof *by_id);
    for (int s = 0; s < samples; s++) {
        arena a = {0};
        list parents = {0}, found = {0};
        bench_sample begun = bench_begin();
        read_parents(posts, &a, &parents, by_id);
        bind_keys(children, &parents);
        while (sqlite3_step(children) == SQLITE_ROW) {
            post *parent = by_id[integer_at(children, 1)];
            if (comments) {
                comment *c = list_add(&found, sizeof *c);
                c->id = integer_at(children, 0);
                c->post_id = parent->id;
                c->body = text_at(&a, children, 2);
                c->likes = integer_at(children, 3);
                c->created_at = integer_at(children, 4);
            } else {
                tag *t = list_add(&found, sizeof *t);
                t->id = integer_at(children, 0);
                t->post_id = parent->id;
                t->name = text_at(&a, children, 2);
            }
            if (!parent->children) {
                parent->children = calloc(PER_POST, sizeof(void *));
            }
            ((void **)parent->children)[parent->n_children++] = found.items[found.count - 1];
        }
        sqlite3_reset(children);
        long n = (long)parents.count;
        for (size_t i = 0; i < parents.count; i++) {
            free(((post *)parents.items[i])->children);
        }
        list_free(&parents);
        list_free(&found);
        arena_free(&a);
        bench_end(workload, begun, n);
    }
    free(by_id);
    sqlite3_finalize(posts);
    sqlite3_finalize(children);
}

static void w11_group(sqlite3 *db, int samples) {
    sqlite3_stmt *stmt = bench_prepare(db, "SELECT p.author_id, count(p.id), avg(p.rating), sum(p.views) FROM post p"
                                           " GROUP BY p.author_id");
    for (int s = 0; s < samples; s++) {
        struct group {
            int64_t author_id, n, views;
            double rating;
        } *groups = calloc(N_AUTHORS, sizeof *groups);
        long n = 0;
        bench_sample begun = bench_begin();
        while (sqlite3_step(stmt) == SQLITE_ROW) {
            groups[n].author_id = integer_at(stmt, 0);
            groups[n].n = integer_at(stmt, 1);
            groups[n].rating = double_at(stmt, 2);
            groups[n++].views = integer_at(stmt, 3);
        }
        sqlite3_reset(stmt);
        bench_end("W11", begun, n);
        free(groups);
    }
    sqlite3_finalize(stmt);
}

void reads_run(const char *workload, sqlite3 *db, int samples) {
    if (strcmp(workload, "W4") == 0) {
        w4_get(db, samples);
    } else if (strcmp(workload, "W5") == 0) {
        w5_page(db, samples);
    } else if (strncmp(workload, "W6", 2) == 0 || strncmp(workload, "W7", 2) == 0) {
        w6_all(workload, db, samples);
    } else if (strcmp(workload, "W8") == 0) {
        w8_join(db, samples);
    } else if (strncmp(workload, "W9", 2) == 0) {
        w9_prefetch(workload, db, samples);
    } else if (strcmp(workload, "W11") == 0) {
        w11_group(db, samples);
    }
}
