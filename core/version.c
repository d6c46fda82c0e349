/* version.c - which rdb this is. */
#include "rdb.h"

const char *rdb_version(void) {
    return RDB_VERSION;
}
