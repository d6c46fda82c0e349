/* dataset.c - the deterministic data set: authors, posts, comments, tags. */
#include "bench.h"

#include <stdio.h>

static const char *const SCHEMA =
    "CREATE TABLE author (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, name varchar(60) NOT NULL,"
    " email varchar(100) NOT NULL, country varchar(2) NOT NULL, created_at bigint NOT NULL);"
    "CREATE TABLE post (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, author_id bigint NOT NULL REFERENCES author (id)"
    " DEFERRABLE INITIALLY DEFERRED, title varchar(100) NOT NULL, body text NOT NULL, status varchar(10) NOT NULL,"
    " views integer NOT NULL, rating real NOT NULL, created_at bigint NOT NULL);"
    "CREATE INDEX post_author ON post (author_id);"
    "CREATE INDEX post_status_views ON post (status, views);"
    "CREATE TABLE comment (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, post_id bigint NOT NULL REFERENCES post (id)"
    " DEFERRABLE INITIALLY DEFERRED, body text NOT NULL, likes integer NOT NULL, created_at bigint NOT NULL);"
    "CREATE INDEX comment_post ON comment (post_id);"
    "CREATE TABLE tag (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, name varchar(40) NOT NULL);"
    "CREATE TABLE post_tags (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, post_id bigint NOT NULL REFERENCES post (id)"
    " DEFERRABLE INITIALLY DEFERRED, tag_id bigint NOT NULL REFERENCES tag (id) DEFERRABLE INITIALLY DEFERRED);"
    "CREATE UNIQUE INDEX post_tags_pair ON post_tags (post_id, tag_id);"
    "CREATE INDEX post_tags_tag ON post_tags (tag_id);"
    "CREATE TABLE entry (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, author_id bigint NOT NULL,"
    " title varchar(100) NOT NULL, body text NOT NULL, status varchar(10) NOT NULL, views integer NOT NULL,"
    " rating real NOT NULL, created_at bigint NOT NULL);"
    "CREATE INDEX entry_author ON entry (author_id);";

void dataset_schema(sqlite3 *db) {
    bench_exec(db, SCHEMA);
}

static void bind_text(sqlite3_stmt *stmt, int index, const char *text) {
    sqlite3_bind_text(stmt, index, text, -1, SQLITE_TRANSIENT);
}

static void fill_authors(sqlite3 *db) {
    sqlite3_stmt *stmt = bench_prepare(db, "INSERT INTO author VALUES (?,?,?,?,?)");
    char text[128];
    for (int id = 1; id <= N_AUTHORS; id++) {
        sqlite3_bind_int(stmt, 1, id);
        snprintf(text, sizeof text, "Author number %04d", id);
        bind_text(stmt, 2, text);
        snprintf(text, sizeof text, "author%04d@example.com", id);
        bind_text(stmt, 3, text);
        bind_text(stmt, 4, id % 3 ? "de" : "fr");
        sqlite3_bind_int64(stmt, 5, 1600000000 + id);
        bench_run(db, stmt);
    }
    sqlite3_finalize(stmt);
}

static void fill_posts(sqlite3 *db) {
    static const char *const STATUS[] = {"draft", "review", "published", "archived"};
    sqlite3_stmt *stmt = bench_prepare(db, "INSERT INTO post VALUES (?,?,?,?,?,?,?,?)");
    char text[128];
    uint32_t state = 42;
    for (int id = 1; id <= N_POSTS; id++) {
        sqlite3_bind_int(stmt, 1, id);
        sqlite3_bind_int64(stmt, 2, 1 + id % N_AUTHORS);
        snprintf(text, sizeof text, "Post title number %06d", id);
        bind_text(stmt, 3, text);
        snprintf(text, sizeof text, "The body of post %06d, which goes on for about eighty characters, as bodies do", id);
        bind_text(stmt, 4, text);
        bind_text(stmt, 5, STATUS[id % 4]);
        sqlite3_bind_int64(stmt, 6, bench_random(&state, 100000));
        sqlite3_bind_double(stmt, 7, (double)bench_random(&state, 500) / 100.0);
        sqlite3_bind_int64(stmt, 8, 1700000000 + id);
        bench_run(db, stmt);
    }
    sqlite3_finalize(stmt);
}

static void fill_children(sqlite3 *db) {
    sqlite3_stmt *comment = bench_prepare(db, "INSERT INTO comment VALUES (?,?,?,?,?)");
    sqlite3_stmt *tagged = bench_prepare(db, "INSERT INTO post_tags (post_id, tag_id) VALUES (?,?)");
    char text[128];
    int id = 0;
    for (int post = 1; post <= N_TAGGED_POSTS; post++) {
        for (int k = 0; k < PER_POST; k++) {
            sqlite3_bind_int(comment, 1, ++id);
            sqlite3_bind_int(comment, 2, post);
            snprintf(text, sizeof text, "Comment number %06d says something short", id);
            bind_text(comment, 3, text);
            sqlite3_bind_int(comment, 4, k);
            sqlite3_bind_int64(comment, 5, 1710000000 + id);
            bench_run(db, comment);
            sqlite3_bind_int(tagged, 1, post);
            sqlite3_bind_int(tagged, 2, 1 + (post * 7 + k * 5) % N_TAGS);
            bench_run(db, tagged);
        }
    }
    sqlite3_finalize(comment);
    sqlite3_finalize(tagged);
    sqlite3_stmt *tag = bench_prepare(db, "INSERT INTO tag VALUES (?,?)");
    for (int k = 1; k <= N_TAGS; k++) {
        sqlite3_bind_int(tag, 1, k);
        snprintf(text, sizeof text, "tag-%03d", k);
        bind_text(tag, 2, text);
        bench_run(db, tag);
    }
    sqlite3_finalize(tag);
}

void dataset_create(const char *path) {
    sqlite3 *db = bench_open(path);
    dataset_schema(db);
    bench_exec(db, "BEGIN");
    fill_authors(db);
    fill_posts(db);
    fill_children(db);
    bench_exec(db, "COMMIT; ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)");
    sqlite3_close(db);
}
