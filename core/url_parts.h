/* url_parts.h - what url.c and url_options.c share. Private to them. */
#ifndef RDB_URL_PARTS_H
#define RDB_URL_PARTS_H

#include "url.h"

/* A part of the URL's text, still encoded; borrowed. */
typedef struct url_span {
    const char *at;
    size_t len;
} url_span;

/* rdb__url_decode - resolve %XX. what names the part in messages.
 *   out  [out, own] NUL-terminated; rdb__free() */
RDB_NODISCARD rdb_code rdb__url_decode(url_span span, const char *what, char **out, rdb_error *err);
/* rdb__wipe - overwrite a secret; the compiler keeps it. */
void rdb__wipe(char *text, size_t len);
/* rdb__url_port - a number from 1 to 65535. */
bool rdb__url_port(url_span span, int *port);
/* rdb__url_read_options - "a=1&b=2" into url->options. */
RDB_NODISCARD rdb_code rdb__url_read_options(url_span text, rdb_url *url, rdb_error *err);
/* rdb__url_printable - text with its password and password-like options masked; NULL without memory. */
char *rdb__url_printable(url_span text, bool has_password);

#endif
