/* registry.c - which backend serves a URL scheme. Backends that are not in this build are known by name, so that
 * their URLs fail with the reason: a client library that was missing at build time, or a backend not written yet. */
#include <string.h>

#include "backend.h"

#ifdef RDB_WITH_SQLITE
void rdb__sqlite_own_process(void); /* sqlite_open.c */
#endif

static const rdb_backend *const built[] = {
#ifdef RDB_WITH_SQLITE
    &rdb_backend_sqlite,
#endif
    &rdb_backend_fake,
};

static const struct {
    const char *scheme;
    const char *product;
    const char *why;
} products[] = {
    {"sqlite", "SQLite", "it was built without libsqlite3"},
    {"postgres", "PostgreSQL", "this version has no such backend yet"},
    {"postgresql", "PostgreSQL", "this version has no such backend yet"},
    {"mariadb", "MariaDB", "this version has no such backend yet"},
    {"mysql", "MySQL", "this version has no such backend yet"},
};

void rdb__backends_own_process(void) {
#ifdef RDB_WITH_SQLITE
    rdb__sqlite_own_process();
#endif
}

rdb_code rdb__backend_find(const char *scheme, const rdb_backend **out, rdb_error *err) {
    *out = NULL;
    for (size_t i = 0; i < sizeof built / sizeof *built; i++) {
        for (const char *const *name = built[i]->schemes; *name != NULL; name++) {
            if (strcmp(*name, scheme) == 0) {
                *out = built[i];
                return RDB_OK;
            }
        }
    }
    for (size_t i = 0; i < sizeof products / sizeof *products; i++) {
        if (strcmp(products[i].scheme, scheme) == 0) {
            rdb_error_set(err, RDB_E_UNSUPPORTED, "this build of rdb has no %s support: %s", products[i].product,
                          products[i].why);
            rdb_error_hint(err, "%s:// URLs need a build of rdb that has the %s backend", scheme, products[i].product);
            return RDB_E_UNSUPPORTED;
        }
    }
    rdb_error_set(err, RDB_E_CONFIG, "database URL: unknown scheme '%.40s'", scheme);
    rdb_error_hint(err, "known are sqlite, postgres, postgresql, mariadb, mysql and fake");
    return RDB_E_CONFIG;
}
