/* bench_plain - the workloads of bin/bench in plain C on SQLite.
 *
 *   bench_plain dataset FILE              create the data set
 *   bench_plain time COMMAND...           run a command, print its CPU and wall time
 *   bench_plain WORKLOAD FILE SAMPLES     run one workload (W1m ... W12b, W14), print a line a sample */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* W14: the first query of a new process; bin/bench times the whole process. */
static void w14_first_query(sqlite3 *db) {
    sqlite3_stmt *stmt = bench_prepare(db, "SELECT id, title FROM post WHERE id = ?");
    sqlite3_bind_int64(stmt, 1, 500);
    bench_check(db, sqlite3_step(stmt), SQLITE_ROW);
    puts((const char *)sqlite3_column_text(stmt, 1));
    sqlite3_finalize(stmt);
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "dataset") == 0) {
        dataset_create(argv[2]);
        return 0;
    }
    if (argc > 2 && strcmp(argv[1], "time") == 0) {
        return process_time(argv + 2);
    }
    if (argc != 4) {
        fprintf(stderr, "usage: %s dataset FILE | time COMMAND... | WORKLOAD FILE SAMPLES\n", argv[0]);
        return 2;
    }
    int in_memory = strcmp(argv[1], "W1m") == 0;
    sqlite3 *db = bench_open(in_memory ? ":memory:" : argv[2]);
    if (in_memory) {
        dataset_schema(db);
    }
    int samples = atoi(argv[3]);
    if (strcmp(argv[1], "W14") == 0) {
        w14_first_query(db);
    } else {
        reads_run(argv[1], db, samples);
        writes_run(argv[1], db, samples);
    }
    sqlite3_close(db);
    return 0;
}
