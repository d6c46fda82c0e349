/* url.c - taking a database URL apart. The options that follow '?' are read in url_options.c.
 *
 * A mistake in a URL may sit in the middle of a password (an unescaped '/' or '@'), so no message
 * repeats any part of the text except the scheme and the names of options. */
#include "url.h"

#include <string.h>

#include "alloc.h"
#include "url_parts.h"

static rdb_code no_memory(rdb_error *err) {
    return rdb_error_set(err, RDB_E_NO_MEMORY, "no memory to read a database URL");
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

rdb_code rdb__url_decode(url_span span, const char *what, char **out, rdb_error *err) {
    char *copy = rdb__malloc(span.len + 1);
    *out = NULL;
    if (copy == NULL) {
        return no_memory(err);
    }
    char *end = copy;
    for (size_t i = 0; i < span.len; i++) {
        char c = span.at[i];
        if (c == '%') {
            int high = i + 2 < span.len ? hex_digit(span.at[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(span.at[i + 2]) : -1;
            if (low < 0 || high * 16 + low == 0) {
                rdb__wipe(copy, (size_t)(end - copy));
                rdb__free(copy);
                rdb_error_set(err, RDB_E_CONFIG,
                              "database URL: '%%' in the %s is not followed by two hexadecimal digits", what);
                rdb_error_hint(err, "write %%25 for a percent sign; %%00 is not allowed");
                return RDB_E_CONFIG;
            }
            c = (char)(high * 16 + low);
            i += 2;
        }
        *end++ = c;
    }
    *end = '\0';
    *out = copy;
    return RDB_OK;
}

void rdb__wipe(char *text, size_t len) {
    explicit_bzero(text, len);
}

static const char *find(url_span span, char c) {
    return span.len > 0 ? memchr(span.at, c, span.len) : NULL;
}

static const char *find_last(url_span span, char c) {
    for (size_t i = span.len; i > 0; i--) {
        if (span.at[i - 1] == c) {
            return span.at + i - 1;
        }
    }
    return NULL;
}

/* The part before at; *span becomes the part after it. */
static url_span cut(url_span *span, const char *at) {
    url_span before = {span->at, (size_t)(at - span->at)};
    span->len -= before.len + 1;
    span->at = at + 1;
    return before;
}

static bool equals(url_span span, const char *text) {
    return span.len == strlen(text) && memcmp(span.at, text, span.len) == 0;
}

/* -- scheme --------------------------------------------------------------------------------------- */

static rdb_code read_scheme(url_span *rest, rdb_url *url, rdb_error *err) {
    size_t len = 0;
    while (len < rest->len && (((rest->at[len] | 0x20) >= 'a' && (rest->at[len] | 0x20) <= 'z') ||
                               (len > 0 && (memchr("+-.0123456789", rest->at[len], 13) != NULL)))) {
        len++;
    }
    if (len == 0 || rest->len < len + 3 || memcmp(rest->at + len, "://", 3) != 0) {
        rdb_error_set(err, RDB_E_CONFIG, "database URL: it does not begin with scheme://");
        rdb_error_hint(err, "for example sqlite:///app.db or postgres://user:password@host/name");
        return RDB_E_CONFIG;
    }
    url->scheme = rdb__strndup(rest->at, len);
    if (url->scheme == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < len; i++) {
        if (url->scheme[i] >= 'A' && url->scheme[i] <= 'Z') {
            url->scheme[i] = (char)(url->scheme[i] | 0x20);
        }
    }
    rest->at += len + 3;
    rest->len -= len + 3;
    return RDB_OK;
}

/* -- sqlite --------------------------------------------------------------------------------------- */

/* rest: authority and path of a SQLite URL. */
static rdb_code read_file(url_span rest, rdb_url *url, rdb_error *err) {
    if (!equals(rest, ":memory:")) {
        if (rest.len == 0 || rest.at[0] != '/') {
            rdb_error_set(err, RDB_E_CONFIG,
                          "database URL: a SQLite URL has no host, its file follows the third slash");
            rdb_error_hint(err, "sqlite:///relative.db, sqlite:////absolute/path.db or sqlite://:memory:");
            return RDB_E_CONFIG;
        }
        rest.at++;
        rest.len--;
    }
    if (rest.len == 0) {
        rdb_error_set(err, RDB_E_CONFIG, "database URL: it names no file");
        rdb_error_hint(err, "sqlite:///relative.db, sqlite:////absolute/path.db or sqlite://:memory:");
        return RDB_E_CONFIG;
    }
    return rdb__url_decode(rest, "file name", &url->path, err);
}

/* -- servers -------------------------------------------------------------------------------------- */

/* user:password before the last '@' of the authority. */
static rdb_code read_user(url_span *authority, rdb_url *url, rdb_error *err) {
    const char *at_sign = find_last(*authority, '@');
    if (at_sign == NULL) {
        return RDB_OK;
    }
    url_span user = cut(authority, at_sign);
    const char *colon = find(user, ':');
    if (colon != NULL) {
        url_span name = cut(&user, colon);
        rdb_code code = rdb__url_decode(user, "password", &url->password, err);
        if (code != RDB_OK) {
            return code;
        }
        user = name;
    }
    if (user.len == 0) {
        return rdb_error_set(err, RDB_E_CONFIG, "database URL: the user name before '@' is empty");
    }
    return rdb__url_decode(user, "user name", &url->user, err);
}

static rdb_code bad_port(rdb_error *err) {
    rdb_error_set(err, RDB_E_CONFIG, "database URL: the port is not a number from 1 to 65535");
    rdb_error_hint(err, "in a user name or password write %%2F for '/', %%40 for '@' and %%3A for ':'");
    return RDB_E_CONFIG;
}

/* "name", "name:port", "[address]", "[address]:port". port is 0 when absent. */
static rdb_code split_host(url_span *host, int *port, rdb_error *err) {
    const char *colon;
    *port = 0;
    if (host->len > 0 && host->at[0] == '[') {
        const char *bracket = find(*host, ']');
        if (bracket == NULL || bracket == host->at + 1) {
            return rdb_error_set(err, RDB_E_CONFIG, "database URL: an IPv6 address has no closing ']'");
        }
        url_span after = *host;
        *host = cut(&after, bracket);
        host->at++;
        host->len--;
        if (after.len == 0) {
            return RDB_OK;
        }
        if (after.at[0] != ':') {
            return rdb_error_set(err, RDB_E_CONFIG, "database URL: after ']' only a port may follow");
        }
        after.at++;
        after.len--;
        return rdb__url_port(after, port) ? RDB_OK : bad_port(err);
    }
    colon = find(*host, ':');
    if (colon == NULL) {
        return RDB_OK;
    }
    url_span rest = *host;
    *host = cut(&rest, colon);
    if (find(rest, ':') != NULL) {
        rdb_error_set(err, RDB_E_CONFIG, "database URL: too many ':' in the host");
        rdb_error_hint(err, "write an IPv6 address in brackets: [::1]");
        return RDB_E_CONFIG;
    }
    return rdb__url_port(rest, port) ? RDB_OK : bad_port(err);
}

bool rdb__url_port(url_span span, int *port) {
    int number = 0;
    if (span.len == 0 || span.len > 5) {
        return false;
    }
    for (size_t i = 0; i < span.len; i++) {
        if (span.at[i] < '0' || span.at[i] > '9') {
            return false;
        }
        number = number * 10 + (span.at[i] - '0');
    }
    *port = number;
    return number >= 1 && number <= 65535;
}

/* Check each of the hosts and find the port that holds for all; *mixed when they have different ones. */
static rdb_code check_hosts(url_span hosts, int *port, bool *mixed, rdb_error *err) {
    *mixed = false;
    bool first = true;
    for (bool more = true; more; first = false) {
        const char *comma = find(hosts, ',');
        url_span host = comma != NULL ? cut(&hosts, comma) : hosts;
        int own;
        more = comma != NULL;
        rdb_code code = split_host(&host, &own, err);
        if (code != RDB_OK) {
            return code;
        }
        if (host.len == 0 && (more || !first || own != 0)) {
            return rdb_error_set(err, RDB_E_CONFIG, "database URL: a host is empty");
        }
        *mixed = *mixed || (!first && own != *port);
        *port = own;
    }
    return RDB_OK;
}

/* A list of hosts keeps its commas; ports stay in it only when they differ. */
static rdb_code read_hosts(url_span hosts, rdb_url *url, rdb_error *err) {
    bool mixed;
    int port;
    rdb_code code = check_hosts(hosts, &port, &mixed, err);
    if (code != RDB_OK || hosts.len == 0) {
        return code;
    }
    if (mixed) {
        return rdb__url_decode(hosts, "host", &url->host, err);
    }
    url->port = port;
    char *plain = rdb__malloc(hosts.len + 1);
    if (plain == NULL) {
        return no_memory(err);
    }
    size_t len = 0;
    for (bool more = true; more;) {
        const char *comma = find(hosts, ',');
        url_span host = comma != NULL ? cut(&hosts, comma) : hosts;
        more = comma != NULL;
        code = split_host(&host, &port, err); /* was checked: strips brackets and port */
        memcpy(plain + len, host.at, host.len);
        len += host.len;
        if (more) {
            plain[len++] = ',';
        }
    }
    if (code == RDB_OK) {
        code = rdb__url_decode((url_span){plain, len}, "host", &url->host, err);
    }
    rdb__free(plain);
    return code;
}

static rdb_code read_server(url_span rest, rdb_url *url, rdb_error *err) {
    const char *slash = find(rest, '/');
    url_span authority = slash != NULL ? cut(&rest, slash) : rest;
    rdb_code code = read_user(&authority, url, err);
    if (code == RDB_OK) {
        code = read_hosts(authority, url, err);
    }
    if (code == RDB_OK && slash != NULL && find(rest, '@') != NULL) {
        rdb_error_set(err, RDB_E_CONFIG, "database URL: there is an '@' after the path begins");
        rdb_error_hint(err, "in a user name or password write %%2F for '/'; in a database name write %%40 for '@'");
        return RDB_E_CONFIG;
    }
    if (code == RDB_OK && slash != NULL && rest.len > 0) {
        code = rdb__url_decode(rest, "database name", &url->path, err);
    }
    return code;
}

/* -- whole ---------------------------------------------------------------------------------------- */

static rdb_code check_characters(url_span text, rdb_error *err) {
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (c < 0x20 || c == 0x7F || c == '#') {
            rdb_error_set(err, RDB_E_CONFIG, "database URL: %s must be percent-encoded",
                          c == '#' ? "'#'" : "control characters");
            rdb_error_hint(err, "write %%%02X for it", c);
            return RDB_E_CONFIG;
        }
    }
    return RDB_OK;
}

static rdb_code read_all(url_span text, rdb_url *url, rdb_error *err) {
    rdb_code code = check_characters(text, err);
    url_span rest = text;
    if (code == RDB_OK) {
        code = read_scheme(&rest, url, err);
    }
    if (code != RDB_OK) {
        return code;
    }
    const char *question = find(rest, '?');
    url_span body = question != NULL ? cut(&rest, question) : rest;
    code = strcmp(url->scheme, "sqlite") == 0 ? read_file(body, url, err) : read_server(body, url, err);
    if (code == RDB_OK && question != NULL) {
        code = rdb__url_read_options(rest, url, err);
    }
    if (code == RDB_OK) {
        url->printable = rdb__url_printable(text, url->password != NULL);
        if (url->printable == NULL) {
            code = no_memory(err);
        }
    }
    return code;
}

rdb_code rdb_url_parse(const char *text, rdb_url **out, rdb_error *err) {
    *out = NULL;
    rdb_url *url = rdb__calloc(1, sizeof *url);
    if (url == NULL) {
        return no_memory(err);
    }
    rdb_code code = read_all((url_span){text, strlen(text)}, url, err);
    if (code != RDB_OK) {
        rdb_url_free(url);
        return code;
    }
    *out = url;
    return RDB_OK;
}

static void wipe_and_free(char *secret) {
    if (secret != NULL) {
        rdb__wipe(secret, strlen(secret));
        rdb__free(secret);
    }
}

void rdb_url_free(rdb_url *url) {
    if (url == NULL) {
        return;
    }
    for (size_t i = 0; i < url->n_options; i++) {
        rdb__free(url->options[i].name);
        wipe_and_free(url->options[i].value); /* some are passwords */
    }
    rdb__free(url->options);
    wipe_and_free(url->password);
    rdb__free(url->scheme);
    rdb__free(url->user);
    rdb__free(url->host);
    rdb__free(url->path);
    rdb__free(url->printable);
    rdb__free(url);
}
