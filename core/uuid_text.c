/* uuid_text.c - UUIDs and their text form. */
#include "uuid_text.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A dash stands before bytes 4, 6, 8 and 10. */
static bool dash_before(size_t byte) {
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

bool rdb__uuid_parse(const char *text, size_t len, unsigned char out[RDB_UUID_BYTES]) {
    if (len > 2 && text[0] == '{' && text[len - 1] == '}') {
        text++;
        len -= 2;
    }
    if (len != 36 && len != 32) {
        return false;
    }
    unsigned char bytes[RDB_UUID_BYTES];
    const char *at = text;
    for (size_t i = 0; i < RDB_UUID_BYTES; i++) {
        if (len == 36 && dash_before(i) && *at++ != '-') {
            return false;
        }
        int high = hex_digit(at[0]);
        int low = high < 0 ? -1 : hex_digit(at[1]);
        if (low < 0) {
            return false;
        }
        bytes[i] = (unsigned char)(high * 16 + low);
        at += 2;
    }
    memcpy(out, bytes, sizeof bytes);
    return true;
}

void rdb__uuid_format(const unsigned char uuid[RDB_UUID_BYTES], char out[RDB_UUID_TEXT]) {
    static const char digits[] = "0123456789abcdef";
    char *at = out;
    for (size_t i = 0; i < RDB_UUID_BYTES; i++) {
        if (dash_before(i)) {
            *at++ = '-';
        }
        *at++ = digits[uuid[i] >> 4];
        *at++ = digits[uuid[i] & 15];
    }
    *at = '\0';
}

bool rdb__uuid_random(unsigned char out[RDB_UUID_BYTES]) {
    ssize_t got;
    do { /* 16 bytes come whole or not at all */
        got = getrandom(out, RDB_UUID_BYTES, 0);
    } while (got < 0 && errno == EINTR);
    if (got != RDB_UUID_BYTES) {
        return false;
    }
    out[6] = (unsigned char)((out[6] & 0x0F) | 0x40);
    out[8] = (unsigned char)((out[8] & 0x3F) | 0x80);
    return true;
}
