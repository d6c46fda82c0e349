/* uuid_text.h - UUIDs: 16 bytes and their text form.
 *
 * Any thread; nothing is allocated. */
#ifndef RDB_UUID_TEXT_H
#define RDB_UUID_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#define RDB_UUID_BYTES 16
#define RDB_UUID_TEXT  37 /* 8-4-4-4-12 lower case digits and NUL */

/* rdb__uuid_parse - read 36 characters (dashes at their places, either case), 32 digits without dashes, or
 * either in braces; false, with out untouched, for anything else. */
bool rdb__uuid_parse(const char *text, size_t len, unsigned char out[RDB_UUID_BYTES]);
/* rdb__uuid_format - write the canonical text and a NUL. */
void rdb__uuid_format(const unsigned char uuid[RDB_UUID_BYTES], char out[RDB_UUID_TEXT]);
/* rdb__uuid_random - a random (version 4) UUID from the kernel; false when it has no randomness to give. */
bool rdb__uuid_random(unsigned char out[RDB_UUID_BYTES]);

#endif
