/* utf8_length.c - counting characters, with all checks of RFC 3629. */
#include "utf8_length.h"

#include <stdbool.h>
#include <stdint.h>

static bool is_continuation(unsigned char byte) {
    return (byte & 0xc0) == 0x80;
}

/* Bytes of the character that begins at text, of which rest are there; 0 when it is none. */
static size_t character(const unsigned char *text, size_t rest) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = text[0];
    if (first < 0x80) {
        return 1;
    }
    size_t n = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || n > rest) {
        return 0;
    }
    uint32_t code = first & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if (!is_continuation(text[i])) {
            return 0;
        }
        code = code << 6 | (text[i] & 0x3fu);
    }
    bool surrogate = code >= 0xd800 && code < 0xe000;
    return code < least[n] || code > 0x10ffff || surrogate ? 0 : n;
}

size_t rdb__utf8_length(const char *text, size_t len) {
    const unsigned char *at = (const unsigned char *)text;
    size_t count = 0;
    for (size_t rest = len; rest > 0; count++) {
        size_t n = character(at, rest);
        if (n == 0) {
            return len;
        }
        at += n;
        rest -= n;
    }
    return count;
}
