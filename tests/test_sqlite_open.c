/* test_sqlite_open.c - opening SQLite databases: options, what fails and how it says so, transactions' begin,
 * and what a pool's connections share. */
#include "sqlite_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

static rdb_code share(const char *text, rdb_error *err) {
    rdb_url *url;
    void *shared = NULL;
    assert_int_equal(rdb_url_parse(text, &url, err), RDB_OK);
    rdb_code code = B->share(url, &shared, err);
    assert_int_equal(shared != NULL, code == RDB_OK);
    B->unshare(shared);
    rdb_url_free(url);
    return code;
}

static rdb_code open_once(const char *text, rdb_error *err) {
    rdb_url *url;
    rdb_backend_conn *conn = NULL;
    assert_int_equal(rdb_url_parse(text, &url, err), RDB_OK);
    rdb_step step = B->open_start(url, NULL, &conn, err);
    assert_int_equal(conn != NULL, step == RDB_STEP_DONE);
    B->close(conn);
    rdb_url_free(url);
    return step == RDB_STEP_DONE ? RDB_OK : err->code;
}

static void bad_options_are_named(void **state) {
    (void)state;
    static const struct {
        const char *url, *message;
    } bad[] = {{"sqlite:///a?foo=1", "unknown option 'foo'"},
               {"sqlite:///a?Mode=ro", "unknown option 'Mode'"},
               {"sqlite:///a?busy_timeout=soon", "option busy_timeout: 'soon'"},
               {"sqlite:///a?journal_mode=off", "option journal_mode: 'off'"},
               {"sqlite:///a?synchronous=2", "option synchronous: '2'"},
               {"sqlite:///a?foreign_keys=maybe", "option foreign_keys: 'maybe'"},
               {"sqlite:///a?cache_size=big", "option cache_size: 'big'"},
               {"sqlite:///a?mode=x", "option mode: 'x'"},
               {"sqlite:///a?immutable=2", "option immutable: '2'"},
               {"sqlite:///a?txlock=none", "option txlock: 'none'"},
               {"sqlite:///a?mmap_size=-1", "option mmap_size: '-1'"}};
    rdb_error err;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(share(bad[i].url, &err), RDB_E_CONFIG);
        assert_non_null(strstr(err.message, bad[i].message));
        assert_int_equal(open_once(bad[i].url, &err), RDB_E_CONFIG);
    }
    assert_int_equal(share("sqlite:///a?foo=1", &err), RDB_E_CONFIG);
    assert_non_null(strstr(err.hint, "busy_timeout, journal_mode, synchronous"));
    assert_int_equal(share("sqlite:///a?synchronous=x", &err), RDB_E_CONFIG);
    assert_string_equal(err.hint, "it is one of off, normal, full, extra");
    assert_int_equal(share("sqlite:///a?pool_max=3&mode=RW", &err), RDB_OK);
}

static void the_settings_are_in_effect(void **state) {
    (void)state;
    fixture f;
    fixture_open(&f, "sqlite:///%s/a.db");
    assert_string_equal(ask(&f, "PRAGMA journal_mode"), "wal");
    assert_string_equal(ask(&f, "PRAGMA synchronous"), "1");
    assert_string_equal(ask(&f, "PRAGMA foreign_keys"), "1");
    assert_string_equal(ask(&f, "PRAGMA trusted_schema"), "1"); /* JSON functions in CHECK */
    assert_string_equal(ask(&f, "PRAGMA cell_size_check"), "1");
    assert_string_equal(ask(&f, "PRAGMA journal_size_limit"), "67108864");
    assert_string_equal(ask(&f, "PRAGMA mmap_size"), "0");
    assert_int_equal(try(&f, "SELECT load_extension('x')"), RDB_E_DATABASE_ERROR);
    assert_int_equal(try(&f, "DELETE FROM sqlite_schema"), RDB_E_DATABASE_ERROR);
    assert_true(B->limit_params(f.conn) >= 32766);
    assert_int_equal(B->socket(f.conn), -1);
    fixture_close(&f);

    fixture_open(&f, "sqlite:///%s/a.db?journal_mode=truncate&synchronous=full&foreign_keys=off&cache_size=-4000"
                     "&mmap_size=1048576");
    assert_string_equal(ask(&f, "PRAGMA journal_mode"), "truncate");
    assert_string_equal(ask(&f, "PRAGMA synchronous"), "2");
    assert_string_equal(ask(&f, "PRAGMA foreign_keys"), "0");
    assert_string_equal(ask(&f, "PRAGMA cache_size"), "-4000");
    assert_string_equal(ask(&f, "PRAGMA mmap_size"), "1048576");
    fixture_close(&f);
}

static void refused_with(const char *url, rdb_code code, const char *message) {
    rdb_error err;
    assert_int_equal(open_once(url, &err), code);
    if (strstr(err.message, message) == NULL) {
        fail_msg("%s", err.message);
    }
    assert_string_equal(err.backend, "sqlite");
}

static void make_file(const char *name, const char *content) {
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    fputs(content, file);
    fclose(file);
}

static void failures_name_the_file_and_the_reason(void **state) {
    (void)state;
    char folder[] = "/tmp/rdb-test-XXXXXX", name[64], url[128], message[160];
    assert_non_null(mkdtemp(folder));
    snprintf(url, sizeof url, "sqlite:///%s/none/a.db", folder);
    snprintf(message, sizeof message, "cannot open '%s/none/a.db': the folder '%s/none' does not exist", folder,
             folder);
    refused_with(url, RDB_E_CONNECTION_FAILED, message);
    snprintf(url, sizeof url, "sqlite:///%s", folder);
    refused_with(url, RDB_E_CONNECTION_FAILED, "it is a folder, not a file");
    snprintf(url, sizeof url, "sqlite:///%s/a.db?mode=rw", folder);
    refused_with(url, RDB_E_CONNECTION_FAILED, "there is no such file");
    snprintf(url, sizeof url, "sqlite:///%s/a.db?mode=ro", folder);
    refused_with(url, RDB_E_CONNECTION_FAILED, "there is no such file");

    snprintf(name, sizeof name, "%s/text", folder);
    make_file(name, "This is a text file, long enough to have what would be a header, but none of SQLite's.\n"
                    "This is a text file, long enough to have what would be a header, but none of SQLite's.\n");
    snprintf(message, sizeof message, "cannot open '%s': the file is not a SQLite database", name);
    static const char *const modes[] = {"rwc", "rw", "ro"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(url, sizeof url, "sqlite:///%s?mode=%s", name, modes[i]);
        refused_with(url, RDB_E_CONNECTION_FAILED, message);
    }
    unlink(name);
    rmdir(folder);
}

/* Permissions do not bind root: look as nobody, in a child. */
static void as_nobody(void (*check)(const char *folder), const char *folder) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) {
            _exit(99);
        }
        check(folder);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* In the child an exit code tells, since an assertion would jump out of the parent's test. */
static void expect(const char *url, rdb_code code, const char *message, int exit_code) {
    rdb_error err = {0};
    rdb_url *parsed;
    rdb_backend_conn *conn = NULL;
    if (rdb_url_parse(url, &parsed, &err) != RDB_OK) {
        _exit(100);
    }
    rdb_step step = B->open_start(parsed, NULL, &conn, &err);
    B->close(conn);
    rdb_url_free(parsed);
    if (code == RDB_OK ? step != RDB_STEP_DONE : (err.code != code || strstr(err.message, message) == NULL)) {
        fprintf(stderr, "%s: %s: %s\n", url, rdb_code_name(err.code), err.message);
        _exit(exit_code);
    }
}

static void check_permissions(const char *folder) {
    char url[160];
    snprintf(url, sizeof url, "sqlite:///%s/new.db", folder);
    expect(url, RDB_E_CONNECTION_FAILED, "no permission to write in the folder", 1);
    snprintf(url, sizeof url, "sqlite:///%s/old.db", folder);
    expect(url, RDB_E_CONNECTION_FAILED, "no permission to write", 2);
    snprintf(url, sizeof url, "sqlite:///%s/closed.db", folder);
    expect(url, RDB_E_CONNECTION_FAILED, "no permission to read the file", 3);
    snprintf(url, sizeof url, "sqlite:///%s/old.db?immutable=1", folder);
    expect(url, RDB_OK, "", 4);
}

static void permissions_are_explained(void **state) {
    (void)state;
    fixture f;
    char name[96];
    fixture_open(&f, "sqlite:///%s/old.db");
    run(&f, "CREATE TABLE t (n)");
    B->close(f.conn);
    f.conn = NULL;
    snprintf(name, sizeof name, "%s/closed.db", f.folder);
    make_file(name, "");
    assert_int_equal(chmod(name, 0), 0);
    assert_int_equal(chmod(f.folder, 0555), 0);
    as_nobody(check_permissions, f.folder);
    assert_int_equal(chmod(f.folder, 0755), 0);
    fixture_close(&f);
}

static void a_locked_file_is_told(void **state) {
    (void)state;
    fixture f;
    char url[160];
    rdb_error err;
    fixture_open(&f, "sqlite:///%s/a.db?journal_mode=delete&txlock=exclusive");
    run(&f, "CREATE TABLE t (n)");
    run(&f, "BEGIN");
    snprintf(url, sizeof url, "sqlite:///%s/a.db?busy_timeout=0.05", f.folder);
    assert_int_equal(open_once(url, &err), RDB_E_LOCK_TIMEOUT);
    assert_non_null(strstr(err.message, "another process keeps the database locked"));
    assert_non_null(strstr(err.message, f.folder));
    run(&f, "ROLLBACK");
    assert_int_equal(open_once(url, &err), RDB_OK);
    fixture_close(&f);
}

static void file_names_are_taken_literally(void **state) {
    (void)state;
    char folder[] = "/tmp/rdb-test-XXXXXX", before[256];
    assert_non_null(mkdtemp(folder));
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder), 0);
    static const char *const names[][2] = {{"file:x%3Fmode=memory", "file:x?mode=memory"},
                                           {"with space%25.db", "with space%.db"},
                                           {"a%3Fb%23c.db", "a?b#c.db"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char url[64];
        rdb_error err;
        snprintf(url, sizeof url, "sqlite:///%s", names[i][0]);
        assert_int_equal(open_once(url, &err), RDB_OK);
        assert_int_equal(access(names[i][1], F_OK), 0);
        snprintf(url, sizeof url, "sqlite:///%s?immutable=on", names[i][0]);
        assert_int_equal(open_once(url, &err), RDB_OK);
        unlink(names[i][1]);
    }
    assert_int_equal(chdir(before), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void memory_is_shared_by_the_pool_alone(void **state) {
    (void)state;
    fixture a, b;
    fixture_open(&a, "sqlite://:memory:");
    fixture_open(&b, "sqlite:///:memory:");
    run(&a, "CREATE TABLE t (n)");
    run(&a, "INSERT INTO t VALUES (1)");
    B->close(a.conn); /* a reconnect keeps the data */
    a.conn = fixture_connect(&a);
    assert_string_equal(ask(&a, "SELECT n FROM t"), "1");
    rdb_backend_conn *second = fixture_connect(&a);
    assert_string_equal(ask_with(&a, second, "SELECT n FROM t", NULL, 0), "1");
    assert_string_equal(ask_with(&a, second, "PRAGMA foreign_keys", NULL, 0), "1");
    B->close(second);
    assert_int_equal(try(&b, "SELECT * FROM t"), RDB_E_UNDEFINED_TABLE);
    fixture_close(&b);
    fixture_close(&a);
}

static const char *begin_text(rdb_begin_options options) {
    const char *statements[5];
    rdb_error err;
    assert_int_equal(B->begin_sql(&options, statements, &err), RDB_OK);
    assert_null(statements[1]);
    return statements[0];
}

/* Does another connection find the write lock taken after text? Or even the read lock? */
static const char *locks_after(fixture *f, const char *begin) {
    rdb_backend_conn *other = fixture_connect(f);
    run(f, begin);
    bool write = try_on(f, other, "BEGIN IMMEDIATE", NULL, 0, NULL) == RDB_E_LOCK_TIMEOUT;
    if (!write) {
        run_on(f, other, "ROLLBACK");
    }
    bool read = try_on(f, other, "SELECT * FROM t", NULL, 0, NULL) == RDB_E_LOCK_TIMEOUT;
    run(f, "ROLLBACK");
    B->close(other);
    return read ? "exclusive" : write ? "immediate" : "deferred";
}

static void begin_locks_as_txlock_says(void **state) {
    (void)state;
    static const char *const locks[] = {"immediate", "deferred", "exclusive"};
    for (size_t i = 0; i < 3; i++) {
        fixture f;
        char url[128];
        snprintf(url, sizeof url, "sqlite:///%%s/a.db?journal_mode=delete&busy_timeout=0&txlock=%s", locks[i]);
        fixture_open(&f, url);
        run(&f, "CREATE TABLE t (n)");
        assert_string_equal(locks_after(&f, begin_text((rdb_begin_options){0})), locks[i]);
        assert_string_equal(locks_after(&f, begin_text((rdb_begin_options){.isolation = "read committed"})), locks[i]);
        assert_string_equal(locks_after(&f, begin_text((rdb_begin_options){.deferred = true})), "deferred");
        assert_string_equal(locks_after(&f, begin_text((rdb_begin_options){.read_only = true})), "deferred");
        fixture_close(&f);
    }
    const char *statements[5];
    rdb_error err;
    assert_int_equal(B->begin_sql(&(rdb_begin_options){.isolation = "snapshot"}, statements, &err), RDB_E_UNSUPPORTED);
    assert_string_equal(err.message, "SQLite has no isolation level 'snapshot'");
}

static void read_only_transactions_write_nothing(void **state) {
    (void)state;
    fixture f;
    fixture_open(&f, "sqlite://:memory:");
    run(&f, "CREATE TABLE t (n)");
    static const char *const ends[] = {"COMMIT", "ROLLBACK"};
    for (size_t i = 0; i < 2; i++) {
        run(&f, begin_text((rdb_begin_options){.read_only = true}));
        assert_int_equal(try(&f, "INSERT INTO t VALUES (1)"), RDB_E_READ_ONLY);
        assert_string_equal(f.err.hint, "the transaction was begun as read-only");
        assert_int_equal(try(&f, "CREATE TABLE u (n)"), RDB_E_READ_ONLY);
        assert_string_equal(ask(&f, "SELECT count(*) FROM t"), "0");
        assert_int_equal(B->txn_status(f.conn), RDB_TXN_OPEN);
        run(&f, ends[i]);
        assert_int_equal(run(&f, "INSERT INTO t VALUES (1)"), 1);
        run(&f, "DELETE FROM t");
    }
    run(&f, begin_text((rdb_begin_options){.read_only = true}));
    assert_int_equal(B->reset_start(f.conn, &f.err), RDB_STEP_DONE);
    assert_int_equal(run(&f, "INSERT INTO t VALUES (1)"), 1);
    fixture_close(&f);
}

static void reset_gives_back_a_new_connection(void **state) {
    (void)state;
    fixture f;
    fixture_open(&f, "sqlite:///%s/a.db");
    run(&f, "CREATE TABLE t (n)");
    run(&f, "INSERT INTO t VALUES (1), (2)");
    run(&f, "PRAGMA foreign_keys=off");
    run(&f, "BEGIN");
    run(&f, "DELETE FROM t");
    rdb_value cell;
    rdb_backend_stmt *select = prepare_on(&f, f.conn, "SELECT 1 UNION SELECT 2");
    assert_int_equal(B->execute_start(f.conn, select, NULL, 0, &f.err), RDB_STEP_DONE);
    assert_int_equal(B->fetch_start(f.conn, select, &cell, &f.err), RDB_STEP_ROW);
    assert_int_equal(B->txn_status(f.conn), RDB_TXN_OPEN);
    assert_int_equal(B->reset_start(f.conn, &f.err), RDB_STEP_DONE);
    assert_int_equal(B->txn_status(f.conn), RDB_TXN_IDLE);
    B->reset_stmt(f.conn, select);
    B->close_stmt(f.conn, select);
    assert_string_equal(ask(&f, "SELECT count(*) FROM t"), "2");
    assert_string_equal(ask(&f, "PRAGMA foreign_keys"), "1");
    fixture_close(&f);
}

static void ping_finds_a_moved_file(void **state) {
    (void)state;
    fixture f;
    char name[96];
    fixture_open(&f, "sqlite:///%s/a.db");
    assert_int_equal(B->ping_start(f.conn, &f.err), RDB_STEP_DONE);
    snprintf(name, sizeof name, "%s/a.db", f.folder);
    assert_int_equal(unlink(name), 0);
    assert_int_equal(B->ping_start(f.conn, &f.err), RDB_STEP_ERROR);
    assert_int_equal(f.err.code, RDB_E_CONNECTION_LOST);
    assert_non_null(strstr(f.err.message, name));
    fixture_close(&f);
}

/* Eight processes open a new file at the same moment; switching it to WAL must not fail any of them. */
static void a_new_file_is_opened_by_many_at_once(void **state) {
    (void)state;
    for (int round = 0; round < 5; round++) {
        char folder[] = "/tmp/rdb-test-XXXXXX", url[96], command[64];
        int gate[2];
        pid_t children[8];
        assert_non_null(mkdtemp(folder));
        snprintf(url, sizeof url, "sqlite:///%s/a.db", folder);
        assert_int_equal(pipe(gate), 0);
        for (size_t i = 0; i < 8; i++) {
            children[i] = fork();
            assert_true(children[i] >= 0);
            if (children[i] == 0) {
                char byte;
                close(gate[1]);
                (void)!read(gate[0], &byte, 1); /* until the parent closes its end */
                expect(url, RDB_OK, "", 1);
                _exit(0);
            }
        }
        close(gate[0]);
        close(gate[1]);
        for (size_t i = 0; i < 8; i++) {
            int status;
            assert_int_equal(waitpid(children[i], &status, 0), children[i]);
            assert_int_equal(status, 0);
        }
        snprintf(command, sizeof command, "rm -rf '%s'", folder);
        assert_int_equal(system(command), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_options_are_named),
        cmocka_unit_test(the_settings_are_in_effect),
        cmocka_unit_test(failures_name_the_file_and_the_reason),
        cmocka_unit_test(permissions_are_explained),
        cmocka_unit_test(a_locked_file_is_told),
        cmocka_unit_test(file_names_are_taken_literally),
        cmocka_unit_test(memory_is_shared_by_the_pool_alone),
        cmocka_unit_test(begin_locks_as_txlock_says),
        cmocka_unit_test(read_only_transactions_write_nothing),
        cmocka_unit_test(reset_gives_back_a_new_connection),
        cmocka_unit_test(ping_finds_a_moved_file),
        cmocka_unit_test(a_new_file_is_opened_by_many_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
