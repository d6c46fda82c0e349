/* A C program that embeds rdb: one runtime, one pool, and a Lua state for each of four threads. All of them serve
 * orders through the models of app.lua; at the end the totals are exact.
 *
 *   embed FOLDER DATABASE   FOLDER has app.lua, DATABASE is the file to use */
#include <pthread.h>
#include <rdb/rdb.h>
#include <stdio.h>
#include <stdlib.h>

#define N_THREADS 4
#define N_ORDERS  250 /* by each thread */

typedef struct worker {
    rdb_runtime *runtime;
    long long number;
    long long orders; /* what it wrote */
    long long pieces;
    rdb_error err;
} worker;

/* One thread: a state of its own, queries over the shared pool. */
static void *serve(void *argument) {
    worker *self = argument;
    rdb_state *state = NULL;
    rdb_code code = rdb_state_open(self->runtime, &state, &self->err);
    if (code == RDB_OK) {
        code = rdb_state_call(state, "app.serve", "ii>ii", self->number, (long long)N_ORDERS, &self->orders,
                              &self->pieces, &self->err);
    }
    rdb_state_close(state);
    return NULL;
}

static int fail(const char *what, const rdb_error *err) {
    fprintf(stderr, "embed: %s: %s: %s\n", what, rdb_code_name(err->code), err->message);
    return EXIT_FAILURE;
}

/* Run the threads; their orders and pieces are added to the totals. */
static int run_threads(rdb_runtime *runtime, long long *orders, long long *pieces) {
    pthread_t threads[N_THREADS];
    worker workers[N_THREADS];
    int started = 0;
    for (int i = 0; i < N_THREADS; i++, started++) {
        workers[i] = (worker){.runtime = runtime, .number = i + 1};
        if (pthread_create(&threads[i], NULL, serve, &workers[i]) != 0) {
            break;
        }
    }
    int status = started == N_THREADS ? EXIT_SUCCESS : EXIT_FAILURE;
    for (int i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
        if (workers[i].err.code != RDB_OK) {
            status = fail("a thread", &workers[i].err);
        }
        printf("thread %d wrote %lld orders of %lld pieces\n", i + 1, workers[i].orders, workers[i].pieces);
        *orders += workers[i].orders;
        *pieces += workers[i].pieces;
    }
    return status;
}

/* Make the tables, let the threads work, and compare what they say with what the database has. */
static int run(rdb_runtime *runtime, rdb_state *state) {
    rdb_error err;
    long long orders = 0, pieces = 0, stored_orders = 0, stored_pieces = 0, stock = 0;
    const char *revenue = NULL;
    if (rdb_state_call(state, "app.prepare", "", &err) != RDB_OK) {
        return fail("app.prepare", &err);
    }
    if (run_threads(runtime, &orders, &pieces) != EXIT_SUCCESS) {
        return EXIT_FAILURE;
    }
    if (rdb_state_call(state, "app.totals", ">iiis", &stored_orders, &stored_pieces, &stock, &revenue, &err) !=
        RDB_OK) {
        return fail("app.totals", &err);
    }
    printf("the database has %lld orders of %lld pieces for %s; %lld pieces are left\n", stored_orders, stored_pieces,
           revenue, stock);
    return stored_orders == orders && stored_pieces == pieces && orders == N_THREADS * N_ORDERS ? EXIT_SUCCESS
                                                                                                : EXIT_FAILURE;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: embed FOLDER DATABASE\n");
        return EXIT_FAILURE;
    }
    char path[1024], url[1024];
    snprintf(path, sizeof path, "%s/?.lua", argv[1]);
    snprintf(url, sizeof url, "sqlite:///%s", argv[2]);

    rdb_error err;
    rdb_runtime *runtime = NULL;
    rdb_pool *pool = NULL;
    rdb_state *state = NULL;
    rdb_runtime_options options;
    rdb_runtime_options_init(&options);
    options.path = path;
    int status = EXIT_FAILURE;
    if (rdb_runtime_open(&options, &runtime, &err) != RDB_OK || rdb_pool_open(url, NULL, &pool, &err) != RDB_OK ||
        rdb_runtime_add_pool(runtime, "default", pool, &err) != RDB_OK ||
        rdb_state_open(runtime, &state, &err) != RDB_OK) {
        fail("start", &err);
    } else {
        status = run(runtime, state);
    }
    rdb_state_close(state);
    rdb_runtime_close(runtime);
    rdb_pool_unref(pool);
    return status;
}
