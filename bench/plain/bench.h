/* bench.h - what the parts of the plain C benchmark share.
 *
 * One process runs one workload several times and prints a line per sample:
 *   <workload> <cpu seconds> <wall seconds> <operations>
 * CPU is user + system time of the process. The numbers of rows are those of bench/orm/models.lua. */
#ifndef BENCH_H
#define BENCH_H

#include <sqlite3.h>
#include <stdint.h>

enum { N_AUTHORS = 1000, N_POSTS = 100000, N_COMMENTS = 20000, N_TAGS = 100, N_TAGGED_POSTS = 1000, PER_POST = 20 };

/* Open path as the ORM does (WAL, synchronous NORMAL, no mutex) with a 64 MB cache; exits on failure. */
sqlite3 *bench_open(const char *path);
sqlite3_stmt *bench_prepare(sqlite3 *db, const char *sql);
void bench_exec(sqlite3 *db, const char *sql);
/* Steps a statement that must finish, and resets it. */
void bench_run(sqlite3 *db, sqlite3_stmt *stmt);
void bench_check(sqlite3 *db, int rc, int wanted);

/* Timing of one sample. */
typedef struct bench_sample {
    double cpu, wall;
} bench_sample;
bench_sample bench_begin(void);
void bench_end(const char *workload, bench_sample begun, long operations);
/* A small deterministic generator, the same sequence as bench/orm/random.lua. */
uint32_t bench_random(uint32_t *state, uint32_t below);

/* dataset.c: create and fill the database; the tables of the write workloads stay empty. */
void dataset_create(const char *path);
void dataset_schema(sqlite3 *db);

/* process.c: run a command, print its CPU and wall time as a W14 sample; answers the exit code. */
int process_time(char **command);

/* A workload: db is open, samples is how often to repeat. */
void reads_run(const char *workload, sqlite3 *db, int samples);
void writes_run(const char *workload, sqlite3 *db, int samples);

#endif
