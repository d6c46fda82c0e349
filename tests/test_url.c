/* test_url.c - database URLs, read, refused and printed without secrets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "backends/backend.h"
#include "url.h"

#define assert_text(got, wanted)                                                                                       \
    do {                                                                                                               \
        if ((wanted) == NULL) {                                                                                        \
            assert_null(got);                                                                                          \
        } else {                                                                                                       \
            assert_non_null(got);                                                                                      \
            assert_string_equal(got, wanted);                                                                          \
        }                                                                                                              \
    } while (0)

static void good_urls(void **state) {
    (void)state;
    static const struct {
        const char *text, *scheme, *user, *password, *host;
        int port;
        const char *path, *printable;
    } good[] = {
        {"sqlite:///app.db", "sqlite", NULL, NULL, NULL, 0, "app.db", "sqlite:///app.db"},
        {"sqlite:///rel/app.db", "sqlite", NULL, NULL, NULL, 0, "rel/app.db", "sqlite:///rel/app.db"},
        {"sqlite:////abs/app.db", "sqlite", NULL, NULL, NULL, 0, "/abs/app.db", "sqlite:////abs/app.db"},
        {"SQLite://:memory:", "sqlite", NULL, NULL, NULL, 0, ":memory:", "SQLite://:memory:"},
        {"sqlite:///:memory:", "sqlite", NULL, NULL, NULL, 0, ":memory:", "sqlite:///:memory:"},
        {"sqlite:///a b%3F%25.db?mode=ro", "sqlite", NULL, NULL, NULL, 0, "a b?%.db", "sqlite:///a b%3F%25.db?mode=ro"},
        {"sqlite:///we@home:x/y", "sqlite", NULL, NULL, NULL, 0, "we@home:x/y", "sqlite:///we@home:x/y"},
        {"postgres://u:p%40ss@h:5432/db", "postgres", "u", "p@ss", "h", 5432, "db", "postgres://u:***@h:5432/db"},
        {"postgres://u:a@b:c@h/db", "postgres", "u", "a@b:c", "h", 0, "db", "postgres://u:***@h/db"},
        {"postgres://u:@h/db", "postgres", "u", "", "h", 0, "db", "postgres://u:***@h/db"},
        {"postgres://us%C3%A9r@h", "postgres", "usér", NULL, "h", 0, NULL, "postgres://us%C3%A9r@h"},
        {"postgres:///db", "postgres", NULL, NULL, NULL, 0, "db", "postgres:///db"},
        {"postgres://", "postgres", NULL, NULL, NULL, 0, NULL, "postgres://"},
        {"mysql://[::1]:3306/db", "mysql", NULL, NULL, "::1", 3306, "db", "mysql://[::1]:3306/db"},
        {"mysql://[fe80::1]/", "mysql", NULL, NULL, "fe80::1", 0, NULL, "mysql://[fe80::1]/"},
        {"postgres://a,b,[::2]/db", "postgres", NULL, NULL, "a,b,::2", 0, "db", "postgres://a,b,[::2]/db"},
        {"postgres://a:5,b:5/db", "postgres", NULL, NULL, "a,b", 5, "db", "postgres://a:5,b:5/db"},
        {"postgres://a:5,b:6/db", "postgres", NULL, NULL, "a:5,b:6", 0, "db", "postgres://a:5,b:6/db"},
        {"postgres://u@%2Fvar%2Frun:5433/db", "postgres", "u", NULL, "/var/run", 5433, "db",
         "postgres://u@%2Fvar%2Frun:5433/db"},
        {"postgres://u:pw@h/db?x=1&Password=a%26b&sslpassword=&key=k&y=2", "postgres", "u", "pw", "h", 0, "db",
         "postgres://u:***@h/db?x=1&Password=***&sslpassword=***&key=***&y=2"},
        {"fake://script?secret=abc", "fake", NULL, NULL, "script", 0, NULL, "fake://script?secret=***"},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        rdb_url *url;
        rdb_error err;
        if (rdb_url_parse(good[i].text, &url, &err) != RDB_OK) {
            fail_msg("%s: %s", good[i].text, err.message);
        }
        assert_text(url->scheme, good[i].scheme);
        assert_text(url->user, good[i].user);
        assert_text(url->password, good[i].password);
        assert_text(url->host, good[i].host);
        assert_int_equal(url->port, good[i].port);
        assert_text(url->path, good[i].path);
        assert_text(url->printable, good[i].printable);
        rdb_url_free(url);
    }
    rdb_url_free(NULL);
    assert_int_equal(rdb__alloc_live(), 0);
}

static void bad_urls_say_what_is_wrong(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"", "scheme://"},
        {"app.db", "scheme://"},
        {"sqlite:app.db", "scheme://"},
        {"://x", "scheme://"},
        {"1sqlite:///x", "scheme://"},
        {"sqlite://app.db", "third slash"},
        {"sqlite://host/app.db", "third slash"},
        {"sqlite://", "third slash"},
        {"sqlite:///", "names no file"},
        {"sqlite:///?mode=ro", "names no file"},
        {"sqlite:///a%2", "'%' in the file name"},
        {"sqlite:///a%zz", "'%' in the file name"},
        {"sqlite:///a%00", "'%' in the file name"},
        {"sqlite:///a#b", "'#' must be percent-encoded"},
        {"sqlite:///a\nb", "control characters must be percent-encoded"},
        {"postgres://h:hidden/db", "the port"},
        {"postgres://h:0/db", "the port"},
        {"postgres://h:65536/db", "the port"},
        {"postgres://h:/db", "the port"},
        {"postgres://u:hid/den@h/db", "the port"},
        {"postgres://uhid/den:x@h/db", "'@' after the path begins"},
        {"postgres://u:hid%zen@h/db", "'%' in the password"},
        {"postgres://:hidden@h/db", "user name before '@' is empty"},
        {"postgres://[::1/db", "closing ']'"},
        {"postgres://[]/db", "closing ']'"},
        {"postgres://[::1]x/db", "after ']'"},
        {"postgres://::1/db", "too many ':'"},
        {"postgres://a,,b/db", "a host is empty"},
        {"postgres://a,/db", "a host is empty"},
        {"postgres://:5432/db", "a host is empty"},
        {"sqlite:///a?mode", "option 'mode' has no value"},
        {"sqlite:///a?=1", "option 1 after '?' has no proper name"},
        {"sqlite:///a?a=1&&b=1", "option 2 after '?' has no proper name"},
        {"sqlite:///a?a=1&", "option 2 after '?' has no proper name"},
        {"sqlite:///a?password=hid%zen", "'%' in the password"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        rdb_url *url;
        rdb_error err;
        if (rdb_url_parse(bad[i].text, &url, &err) != RDB_E_CONFIG) {
            fail_msg("%s was accepted", bad[i].text);
        }
        assert_null(url);
        if (strstr(err.message, bad[i].message) == NULL) {
            fail_msg("%s: %s", bad[i].text, err.message);
        }
        assert_null(strstr(err.message, "hid"));
        assert_null(strstr(err.hint, "hid"));
    }
    assert_int_equal(rdb__alloc_live(), 0);
}

static rdb_url *parse(const char *text) {
    rdb_url *url;
    assert_int_equal(rdb_url_parse(text, &url, NULL), RDB_OK);
    return url;
}

static void options_are_read_by_type(void **state) {
    (void)state;
    rdb_url *url =
        parse("sqlite:///a?s=2.5&i=-7&on=ON&no=0&text=a%20b&text=last&bad=xyz&nan=nan&big=99999999999999999999");
    rdb_error err;
    double seconds = 9;
    long number = 9;
    bool truth = true;
    assert_string_equal(rdb_url_option_get(url, "text"), "last");
    assert_null(rdb_url_option_get(url, "none"));
    assert_int_equal(rdb_url_option_seconds(url, "none", &seconds, &err), RDB_OK);
    assert_true(seconds == 9);
    assert_int_equal(rdb_url_option_seconds(url, "s", &seconds, &err), RDB_OK);
    assert_true(seconds == 2.5);
    static const char *const not_seconds[] = {"i", "bad", "nan", "big"};
    for (size_t i = 0; i < sizeof not_seconds / sizeof *not_seconds; i++) {
        assert_int_equal(rdb_url_option_seconds(url, not_seconds[i], &seconds, &err), RDB_E_CONFIG);
    }
    assert_int_equal(rdb_url_option_seconds(url, "bad", &seconds, &err), RDB_E_CONFIG);
    assert_string_equal(err.message, "database URL: option bad: 'xyz' is not a number of seconds, for example 2.5");
    assert_int_equal(rdb_url_option_int(url, "none", 0, 5, &number, &err), RDB_OK);
    assert_int_equal(number, 9);
    assert_int_equal(rdb_url_option_int(url, "i", -10, 10, &number, &err), RDB_OK);
    assert_int_equal(number, -7);
    assert_int_equal(rdb_url_option_int(url, "i", 0, 10, &number, &err), RDB_E_CONFIG);
    assert_string_equal(err.message, "database URL: option i: '-7' is not between 0 and 10");
    assert_int_equal(rdb_url_option_int(url, "s", 0, 10, &number, &err), RDB_E_CONFIG);
    assert_int_equal(rdb_url_option_int(url, "big", 0, 10, &number, &err), RDB_E_CONFIG);
    assert_int_equal(rdb_url_option_int(url, "bad", 0, 10, &number, &err), RDB_E_CONFIG);
    assert_int_equal(rdb_url_option_bool(url, "no", &truth, &err), RDB_OK);
    assert_false(truth);
    assert_int_equal(rdb_url_option_bool(url, "on", &truth, &err), RDB_OK);
    assert_true(truth);
    assert_int_equal(rdb_url_option_bool(url, "none", &truth, &err), RDB_OK);
    assert_int_equal(rdb_url_option_bool(url, "bad", &truth, &err), RDB_E_CONFIG);
    assert_string_equal(err.message, "database URL: option bad: 'xyz' is not on or off");
    assert_true(truth);
    rdb_url_free(url);
}

static void schemes_find_their_backend(void **state) {
    (void)state;
    const rdb_backend *backend;
    rdb_error err;
    assert_int_equal(rdb__backend_find("sqlite", &backend, &err), RDB_OK);
    assert_string_equal(backend->name, "sqlite");
    assert_int_equal(rdb__backend_find("fake", &backend, &err), RDB_OK);
    assert_string_equal(backend->name, "fake");
    static const char *const absent[] = {"postgres", "postgresql", "mariadb", "mysql"};
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
        assert_int_equal(rdb__backend_find(absent[i], &backend, &err), RDB_E_UNSUPPORTED);
        assert_null(backend);
        assert_non_null(strstr(err.message, "this build of rdb has no "));
    }
    assert_int_equal(rdb__backend_find("oracle", &backend, &err), RDB_E_CONFIG);
    assert_string_equal(err.message, "database URL: unknown scheme 'oracle'");
    assert_non_null(strstr(err.hint, "sqlite, postgres"));
}

static void without_memory(void **state) {
    (void)state;
    static const char *const texts[] = {"postgres://u:secret@h1,h2:5432/db?x=1&y=2", "sqlite:///a?b=c",
                                        "postgres://u:p@a:5,b:6/db?q=1"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        rdb_code code = RDB_E_NO_MEMORY;
        long n = 0;
        for (; code != RDB_OK; n++) {
            rdb_url *url;
            rdb_error err;
            rdb__alloc_fail_after(n);
            code = rdb_url_parse(texts[i], &url, &err);
            rdb__alloc_fail_after(-1);
            assert_true(code == RDB_OK || code == RDB_E_NO_MEMORY);
            assert_int_equal(url != NULL, code == RDB_OK);
            rdb_url_free(url);
            assert_int_equal(rdb__alloc_live(), 0);
        }
        assert_true(n > 5);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_urls),
        cmocka_unit_test(bad_urls_say_what_is_wrong),
        cmocka_unit_test(options_are_read_by_type),
        cmocka_unit_test(schemes_find_their_backend),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
