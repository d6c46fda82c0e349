/* url_options.c - the options of a database URL: reading them, typed access, and hiding secrets. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"
#include "url_parts.h"

static const char mask[] = "***";

/* name and encoded value of one option; false when there is no '='. */
static bool split_option(url_span option, url_span *name, url_span *value) {
    const char *equals = option.len > 0 ? memchr(option.at, '=', option.len) : NULL;
    *name = option;
    if (equals == NULL) {
        return false;
    }
    name->len = (size_t)(equals - option.at);
    value->at = equals + 1;
    value->len = option.len - name->len - 1;
    return true;
}

static url_span next_option(url_span *rest) {
    const char *ampersand = rest->len > 0 ? memchr(rest->at, '&', rest->len) : NULL;
    url_span option = *rest;
    if (ampersand == NULL) {
        rest->at += rest->len;
        rest->len = 0;
    } else {
        option.len = (size_t)(ampersand - rest->at);
        rest->at = ampersand + 1;
        rest->len -= option.len + 1;
    }
    return option;
}

/* Names are printed in messages: only letters, digits, '_', '-' and '.' are taken. */
static bool name_valid(url_span name) {
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i], lower = (char)(c | 0x20);
        if (!(lower >= 'a' && lower <= 'z') && !(c >= '0' && c <= '9') && c != '_' && c != '-' && c != '.') {
            return false;
        }
    }
    return name.len > 0 && name.len <= 64;
}

static rdb_code add_option(url_span option, rdb_url *url, rdb_error *err) {
    url_span name, value;
    bool has_value = split_option(option, &name, &value);
    if (!name_valid(name)) {
        rdb_error_set(err, RDB_E_CONFIG, "database URL: option %zu after '?' has no proper name", url->n_options + 1);
        rdb_error_hint(err, "options are written ?name=value&name=value; in values write %%26 for '&'");
        return RDB_E_CONFIG;
    }
    if (!has_value) {
        rdb_error_set(err, RDB_E_CONFIG, "database URL: option '%.*s' has no value", (int)name.len, name.at);
        rdb_error_hint(err, "write %.*s=value", (int)name.len, name.at);
        return RDB_E_CONFIG;
    }
    rdb_url_option read = {rdb__strndup(name.at, name.len), NULL};
    if (read.name == NULL) {
        return rdb_error_set(err, RDB_E_NO_MEMORY, "no memory to read a database URL");
    }
    rdb_code code = rdb__url_decode(value, read.name, &read.value, err);
    if (code != RDB_OK) {
        rdb__free(read.name);
        return code;
    }
    url->options[url->n_options++] = read;
    return RDB_OK;
}

rdb_code rdb__url_read_options(url_span text, rdb_url *url, rdb_error *err) {
    if (text.len == 0) {
        return RDB_OK;
    }
    size_t most = 1;
    for (size_t i = 0; i < text.len; i++) {
        most += text.at[i] == '&';
    }
    url->options = rdb__calloc(most, sizeof *url->options);
    if (url->options == NULL) {
        return rdb_error_set(err, RDB_E_NO_MEMORY, "no memory to read a database URL");
    }
    rdb_code code = RDB_OK;
    for (size_t i = 0; i < most && code == RDB_OK; i++) {
        code = add_option(next_option(&text), url, err);
    }
    return code;
}

/* -- typed access ------------------------------------------------------------------------------------ */

const char *rdb_url_option_get(const rdb_url *url, const char *name) {
    for (size_t i = url->n_options; i > 0; i--) {
        if (strcmp(url->options[i - 1].name, name) == 0) {
            return url->options[i - 1].value;
        }
    }
    return NULL;
}

static rdb_code bad_option(rdb_error *err, const char *name, const char *text, const char *wanted) {
    return rdb_error_set(err, RDB_E_CONFIG, "database URL: option %s: '%.40s' is not %s", name, text, wanted);
}

rdb_code rdb_url_option_seconds(const rdb_url *url, const char *name, double *out, rdb_error *err) {
    const char *text = rdb_url_option_get(url, name);
    if (text == NULL) {
        return RDB_OK;
    }
    /* By hand: strtod would follow the locale, and take "nan", "inf" and hexadecimal. */
    double number = 0, place = 1;
    size_t i = 0, digits = 0;
    for (; text[i] >= '0' && text[i] <= '9'; i++, digits++) {
        number = number * 10 + (text[i] - '0');
    }
    if (text[i] == '.') {
        for (i++; text[i] >= '0' && text[i] <= '9'; i++, digits++) {
            place *= 10;
            number = number * 10 + (text[i] - '0');
        }
    }
    if (text[i] != '\0' || digits == 0 || digits > 15) {
        return bad_option(err, name, text, "a number of seconds, for example 2.5");
    }
    *out = number / place;
    return RDB_OK;
}

rdb_code rdb_url_option_int(const rdb_url *url, const char *name, long least, long most, long *out, rdb_error *err) {
    const char *text = rdb_url_option_get(url, name);
    if (text == NULL) {
        return RDB_OK;
    }
    char *end = NULL;
    errno = 0;
    bool plain = text[0] == '-' || (text[0] >= '0' && text[0] <= '9');
    long number = plain ? strtol(text, &end, 10) : 0;
    if (!plain || *end != '\0' || end == text || errno != 0) {
        return bad_option(err, name, text, "a whole number");
    }
    if (number < least || number > most) {
        return rdb_error_set(err, RDB_E_CONFIG, "database URL: option %s: '%.40s' is not between %ld and %ld", name,
                             text, least, most);
    }
    *out = number;
    return RDB_OK;
}

rdb_code rdb_url_option_bool(const rdb_url *url, const char *name, bool *out, rdb_error *err) {
    static const char *const yes[] = {"on", "true", "yes", "1"}, *const no[] = {"off", "false", "no", "0"};
    const char *text = rdb_url_option_get(url, name);
    for (size_t i = 0; text != NULL && i < sizeof yes / sizeof *yes; i++) {
        if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0) {
            *out = strcasecmp(text, yes[i]) == 0;
            return RDB_OK;
        }
    }
    return text == NULL ? RDB_OK : bad_option(err, name, text, "on or off");
}

/* -- printing --------------------------------------------------------------------------------------- */

static bool is_secret(url_span name) {
    static const char *const secrets[] = {"password", "passwd", "secret", "sslpassword", "key"};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        if (name.len == strlen(secrets[i]) && strncasecmp(name.at, secrets[i], name.len) == 0) {
            return true;
        }
    }
    return false;
}

static char *put(char *at, const char *text, size_t len) {
    memcpy(at, text, len);
    return at + len;
}

char *rdb__url_printable(url_span text, bool has_password) {
    size_t secrets = 1;
    for (size_t i = 0; i < text.len; i++) {
        secrets += text.at[i] == '=';
    }
    char *printable = rdb__malloc(text.len + secrets * sizeof mask + 1), *at = printable;
    if (printable == NULL) {
        return NULL;
    }
    const char *question = memchr(text.at, '?', text.len);
    url_span body = {text.at, question != NULL ? (size_t)(question - text.at) : text.len};
    if (has_password) { /* it was found between the first ':' after "://" and the last '@' of the authority */
        const char *authority = strstr(text.at, "://") + 3, *end = text.at + body.len;
        const char *slash = memchr(authority, '/', (size_t)(end - authority));
        const char *colon = memchr(authority, ':', (size_t)(end - authority));
        const char *at_sign = slash != NULL ? slash : end;
        while (at_sign[-1] != '@') {
            at_sign--;
        }
        at = put(at, body.at, (size_t)(colon + 1 - body.at));
        at = put(at, mask, sizeof mask - 1);
        body.len -= (size_t)(at_sign - 1 - body.at);
        body.at = at_sign - 1;
    }
    at = put(at, body.at, body.len);
    if (question != NULL) {
        url_span rest = {question + 1, text.len - (size_t)(question + 1 - text.at)};
        for (char separator = '?'; rest.len > 0 || separator == '?'; separator = '&') {
            url_span name, value, option = next_option(&rest);
            bool hide = split_option(option, &name, &value) && is_secret(name);
            *at++ = separator;
            at = put(at, option.at, hide ? name.len + 1 : option.len);
            if (hide) {
                at = put(at, mask, sizeof mask - 1);
            }
        }
    }
    *at = '\0';
    return printable;
}
