/* utf8_length.h - the length of a text in characters.
 *
 * Any thread; nothing is allocated. */
#ifndef RDB_UTF8_LENGTH_H
#define RDB_UTF8_LENGTH_H

#include <stddef.h>

/* rdb__utf8_length - characters in len bytes of UTF-8; len itself when they are not UTF-8 (overlong forms, surrogates
 * and what is above U+10FFFF are not). */
size_t rdb__utf8_length(const char *text, size_t len);

#endif
