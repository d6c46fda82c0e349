/* report.c - opening, checking and timing for the plain C benchmark. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void bench_check(sqlite3 *db, int rc, int wanted) {
    if (rc != wanted) {
        fprintf(stderr, "bench_plain: %s (%d)\n", db ? sqlite3_errmsg(db) : "no database", rc);
        exit(1);
    }
}

void bench_exec(sqlite3 *db, const char *sql) {
    bench_check(db, sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

sqlite3 *bench_open(const char *path) {
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    bench_check(db, rc, SQLITE_OK);
    bench_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; "
                   "PRAGMA cache_size=-65536; PRAGMA busy_timeout=5000");
    return db;
}

sqlite3_stmt *bench_prepare(sqlite3 *db, const char *sql) {
    sqlite3_stmt *stmt = NULL;
    bench_check(db, sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL), SQLITE_OK);
    return stmt;
}

void bench_run(sqlite3 *db, sqlite3_stmt *stmt) {
    bench_check(db, sqlite3_step(stmt), SQLITE_DONE);
    sqlite3_reset(stmt);
}

static double seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

bench_sample bench_begin(void) {
    return (bench_sample){.cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), .wall = seconds(CLOCK_MONOTONIC)};
}

void bench_end(const char *workload, bench_sample begun, long operations) {
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - begun.cpu;
    double wall = seconds(CLOCK_MONOTONIC) - begun.wall;
    printf("%s %.9f %.9f %ld\n", workload, cpu, wall, operations);
}

uint32_t bench_random(uint32_t *state, uint32_t below) {
    *state = (uint32_t)(((uint64_t)*state * 48271u) % 2147483647u);
    return *state % below;
}
