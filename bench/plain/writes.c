/* writes.c - W1 to W3, W10 and W12 in plain C: one prepared statement, bound and stepped. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct entry {
    int64_t id, author_id;
    char title[40], body[100];
    const char *status;
    int64_t views;
    double rating;
    int64_t created_at;
} entry;

static void make_entry(entry *e, int i) {
    e->author_id = 1 + i % N_AUTHORS;
    snprintf(e->title, sizeof e->title, "Entry title number %06d", i);
    snprintf(e->body, sizeof e->body, "The body of entry %06d, which goes on for about eighty characters, as they do", i);
    e->status = i % 2 ? "draft" : "published";
    e->views = i;
    e->rating = (double)(i % 500) / 100.0;
    e->created_at = 1700000000 + i;
}

static const char *const INSERT =
    "INSERT INTO entry (author_id, title, body, status, views, rating, created_at) VALUES (?,?,?,?,?,?,?)";

static void insert_entry(sqlite3 *db, sqlite3_stmt *stmt, entry *e) {
    sqlite3_bind_int64(stmt, 1, e->author_id);
    sqlite3_bind_text(stmt, 2, e->title, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 3, e->body, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 4, e->status, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 5, e->views);
    sqlite3_bind_double(stmt, 6, e->rating);
    sqlite3_bind_int64(stmt, 7, e->created_at);
    bench_run(db, stmt);
    e->id = sqlite3_last_insert_rowid(db);
}

/* W1: each its own transaction; W2: 1000 in one. The strings are formatted in the timed part, as the ORM's are. */
static void w1_w2_create(const char *workload, sqlite3 *db, int samples, int n, int one_transaction) {
    sqlite3_stmt *stmt = bench_prepare(db, INSERT);
    for (int s = 0; s < samples; s++) {
        bench_sample begun = bench_begin();
        if (one_transaction) {
            bench_exec(db, "BEGIN IMMEDIATE");
        }
        for (int i = 0; i < n; i++) {
            entry *e = malloc(sizeof *e);
            make_entry(e, i);
            insert_entry(db, stmt, e);
            free(e);
        }
        if (one_transaction) {
            bench_exec(db, "COMMIT");
        }
        bench_end(workload, begun, n);
    }
    sqlite3_finalize(stmt);
}

static void w3_bulk(sqlite3 *db, int samples) {
    const int n = 100000;
    entry *entries = calloc((size_t)n, sizeof *entries);
    for (int i = 0; i < n; i++) {
        make_entry(&entries[i], i);
    }
    sqlite3_stmt *stmt = bench_prepare(db, INSERT);
    for (int s = 0; s < samples; s++) {
        bench_exec(db, "DELETE FROM entry");
        bench_sample begun = bench_begin();
        bench_exec(db, "BEGIN IMMEDIATE");
        for (int i = 0; i < n; i++) {
            insert_entry(db, stmt, &entries[i]);
        }
        bench_exec(db, "COMMIT");
        bench_end("W3", begun, n);
    }
    sqlite3_finalize(stmt);
    free(entries);
}

static void w10a_save(sqlite3 *db, int samples) {
    const int n = 500;
    sqlite3_stmt *stmt = bench_prepare(db, "UPDATE post SET views = ? WHERE id = ?");
    for (int s = 0; s < samples; s++) {
        bench_sample begun = bench_begin();
        for (int i = 0; i < n; i++) {
            sqlite3_bind_int64(stmt, 1, i + s * n);
            sqlite3_bind_int64(stmt, 2, 1 + i * 199);
            bench_run(db, stmt);
        }
        bench_end("W10a", begun, n);
    }
    sqlite3_finalize(stmt);
}

static void w10b_bulk_update(sqlite3 *db, int samples) {
    const int n = 10000;
    sqlite3_stmt *stmt = bench_prepare(db, "UPDATE post SET views = ?, rating = ? WHERE id = ?");
    for (int s = 0; s < samples; s++) {
        bench_sample begun = bench_begin();
        bench_exec(db, "BEGIN IMMEDIATE");
        for (int i = 0; i < n; i++) {
            sqlite3_bind_int64(stmt, 1, i + s);
            sqlite3_bind_double(stmt, 2, (double)(i % 400) / 100.0);
            sqlite3_bind_int64(stmt, 3, i + 1);
            bench_run(db, stmt);
        }
        bench_exec(db, "COMMIT");
        bench_end("W10b", begun, n);
    }
    sqlite3_finalize(stmt);
}

static void fill_entries(sqlite3 *db, int n) {
    sqlite3_stmt *stmt = bench_prepare(db, INSERT);
    bench_exec(db, "BEGIN IMMEDIATE; DELETE FROM entry");
    for (int i = 0; i < n; i++) {
        entry e;
        make_entry(&e, i);
        insert_entry(db, stmt, &e);
    }
    bench_exec(db, "COMMIT");
    sqlite3_finalize(stmt);
}

static void w12_delete(const char *workload, sqlite3 *db, int samples) {
    int by_filter = strcmp(workload, "W12b") == 0;
    const int n = by_filter ? 10000 : 1000;
    sqlite3_stmt *one = bench_prepare(db, "DELETE FROM entry WHERE id = ?");
    sqlite3_stmt *all = bench_prepare(db, "DELETE FROM entry WHERE views >= ?");
    for (int s = 0; s < samples; s++) {
        fill_entries(db, n);
        int64_t last = sqlite3_last_insert_rowid(db);
        bench_sample begun = bench_begin();
        bench_exec(db, "BEGIN IMMEDIATE");
        if (by_filter) {
            sqlite3_bind_int64(all, 1, 0);
            bench_run(db, all);
        } else {
            for (int i = 0; i < n; i++) {
                sqlite3_bind_int64(one, 1, last - i);
                bench_run(db, one);
            }
        }
        bench_exec(db, "COMMIT");
        bench_end(workload, begun, n);
    }
    sqlite3_finalize(one);
    sqlite3_finalize(all);
}

void writes_run(const char *workload, sqlite3 *db, int samples) {
    if (strcmp(workload, "W1m") == 0) {
        w1_w2_create(workload, db, samples, 10000, 0);
    } else if (strcmp(workload, "W1f") == 0) {
        w1_w2_create(workload, db, samples, 1000, 0);
    } else if (strcmp(workload, "W2") == 0) {
        w1_w2_create(workload, db, samples, 1000, 1);
    } else if (strcmp(workload, "W3") == 0) {
        w3_bulk(db, samples);
    } else if (strcmp(workload, "W10a") == 0) {
        w10a_save(db, samples);
    } else if (strcmp(workload, "W10b") == 0) {
        w10b_bulk_update(db, samples);
    } else if (strncmp(workload, "W12", 3) == 0) {
        w12_delete(workload, db, samples);
    }
}
