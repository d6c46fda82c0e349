/* A program of somebody else's: opens a pool without Lua, runs statements, and a query through Lua. */
#include <rdb/rdb.h>
#include <stdio.h>

static int fail(const char *what, const rdb_error *err) {
    fprintf(stderr, "%s: %s: %s\n", what, rdb_code_name(err->code), err->message);
    return 1;
}

int main(int argc, char **argv) {
    char url[512];
    rdb_error err;
    rdb_pool *pool = NULL;
    rdb_conn *conn = NULL;
    snprintf(url, sizeof url, "sqlite:///%s", argc > 1 ? argv[1] : "consumer.db");
    if (rdb_pool_open(url, NULL, &pool, &err) || rdb_pool_acquire(pool, -1, &conn, &err)) {
        return fail(url, &err);
    }
    rdb_value name = rdb_value_text("Ann", 3);
    int64_t affected = 0;
    if (rdb_conn_exec(conn, "CREATE TABLE IF NOT EXISTS person (name text)", NULL, 0, NULL, &err) ||
        rdb_conn_exec(conn, "INSERT INTO person VALUES (?)", &name, 1, &affected, &err)) {
        return fail("exec", &err);
    }
    rdb_conn_release(conn);

    rdb_runtime *runtime = NULL;
    rdb_state *state = NULL;
    if (rdb_runtime_open(NULL, &runtime, &err) || rdb_runtime_add_pool(runtime, "default", pool, &err) ||
        rdb_state_open(runtime, &state, &err) ||
        rdb_state_dostring(state, "function count() return require('rdb').table('person'):count() end", "=consumer",
                           &err)) {
        return fail("runtime", &err);
    }
    long long n = 0;
    if (rdb_state_call(state, "count", ">i", &n, &err)) {
        return fail("count", &err);
    }
    rdb_state_close(state);
    rdb_runtime_close(runtime);
    rdb_pool_close(pool);
    rdb_pool_unref(pool);
    printf("rdb %s: %lld row written, %lld counted through Lua\n", rdb_version(), (long long)affected, n);
    return n == 1 && affected == 1 ? 0 : 1;
}
