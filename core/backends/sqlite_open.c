/* sqlite_open.c - opening and closing SQLite connections, and what a pool's connections share.
 *
 * Settings go through sqlite3_db_config() where that exists, the rest through as few pragmas as possible:
 * opening a connection is part of a program's start. */
#include <string.h>
#include <unistd.h>

#include "../alloc.h"
#include "../clock.h"
#include "../log.h"
#include "sqlite_backend.h"

#ifndef SQLITE_OPEN_EXRESCODE
#define SQLITE_OPEN_EXRESCODE 0 /* before 3.37: sqlite3_extended_result_codes() below */
#endif

#define JOURNAL_SIZE_LIMIT "67108864" /* bytes of a WAL file that are kept after a checkpoint */

void rdb__sqlite_own_process(void) {
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

/* -- in-memory databases: the "memdb" file system shares one by name inside the process ------------------- */

static rdb_code keep_memory(sqlite_shared *shared, rdb_error *err) {
    static atomic_ulong count;
    sqlite3_snprintf((int)sizeof shared->memory_name, shared->memory_name, "file:/rdb-%lu?vfs=memdb",
                     atomic_fetch_add(&count, 1) + 1);
    int result =
        sqlite3_open_v2(shared->memory_name, &shared->keeper,
                        SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI, NULL);
    return result == SQLITE_OK ? RDB_OK
                               : rdb__sqlite_fail_open(shared->keeper, ":memory:", &shared->options, result, err);
}

rdb_code rdb__sqlite_share(const rdb_url *url, void **out, rdb_error *err) {
    *out = NULL;
    sqlite_shared *shared = rdb__calloc(1, sizeof *shared);
    if (shared == NULL) {
        return rdb_error_set(err, RDB_E_NO_MEMORY, "no memory for a SQLite pool");
    }
    rdb_code code = rdb__sqlite_options_read(url, &shared->options, err);
    if (code == RDB_OK && shared->options.memory) {
        code = keep_memory(shared, err);
    }
    if (code != RDB_OK) {
        rdb__sqlite_unshare(shared);
        return code;
    }
    if (sqlite3_libversion_number() < 3051003 && !shared->options.memory) {
        rdb__log(RDB_LOG_INFO, "sqlite", "SQLite %s has the WAL reset bug (fixed in 3.51.3)", sqlite3_libversion());
    }
    *out = shared;
    return RDB_OK;
}

void rdb__sqlite_unshare(void *memory) {
    sqlite_shared *shared = memory;
    if (shared != NULL) {
        sqlite3_close_v2(shared->keeper);
        rdb__free(shared);
    }
}

/* -- open ------------------------------------------------------------------------------------------------- */

static const char hex[] = "0123456789ABCDEF";

/* file as an immutable database's URI. */
static char *immutable_uri(const char *file) {
    char *uri = rdb__malloc(5 + 3 * strlen(file) + sizeof "?immutable=1"), *at = uri;
    if (uri == NULL) {
        return NULL;
    }
    memcpy(at, "file:", 5);
    at += 5;
    for (; *file != '\0'; file++) {
        if (*file == '?' || *file == '#' || *file == '%') {
            *at++ = '%';
            *at++ = hex[(unsigned char)*file >> 4];
            *at++ = hex[*file & 15];
        } else {
            *at++ = *file;
        }
    }
    memcpy(at, "?immutable=1", sizeof "?immutable=1");
    return uri;
}

static rdb_code open_handle(rdb_backend_conn *conn, const char *memory_name, rdb_error *err) {
    const sqlite_options *options = &conn->options;
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    flags |= options->read_only && !options->memory ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    flags |= options->create || options->memory ? SQLITE_OPEN_CREATE : 0;
    char *made = NULL;
    const char *name = conn->file;
    if (memory_name[0] != '\0') {
        name = memory_name;
        flags |= SQLITE_OPEN_URI;
    } else if (options->immutable) {
        name = made = immutable_uri(conn->file);
        flags |= SQLITE_OPEN_URI;
    } else if (strncmp(conn->file, "file:", 5) == 0) { /* builds with SQLITE_USE_URI would read it as a URI */
        made = rdb__malloc(strlen(conn->file) + 3);
        if (made != NULL) {
            memcpy(made, "./", 2);
            strcpy(made + 2, conn->file);
        }
        name = made;
    }
    if (name == NULL) {
        return rdb_error_set(err, RDB_E_NO_MEMORY, "no memory to open '%s'", conn->file);
    }
    int result = sqlite3_open_v2(name, &conn->db, flags, NULL);
    rdb__free(made);
    if (result != SQLITE_OK) {
        return rdb__sqlite_fail_open(conn->db, conn->file, options, result, err);
    }
    return RDB_OK;
}

/* Everything that needs no SQL. */
static int configure(rdb_backend_conn *conn) {
    sqlite3 *db = conn->db;
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_handler(db, rdb__sqlite_busy, conn);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, (int)conn->options.foreign_keys, NULL);
    /* The schema stays trusted: SQLite 3.40 does not count its own JSON functions as innocuous, so that tables with
     * CHECK (json_valid(...)) and views with json_extract() could not be used. Our functions have no side effects. */
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL); /* "nosuchcolumn" is an error, not a text */
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    return rdb__sqlite_register(conn);
}

static int remember_mode(void *mode, int n_columns, char **values, char **names) {
    (void)names;
    if (n_columns == 1 && values[0] != NULL) {
        sqlite3_snprintf(16, mode, "%s", values[0]);
    }
    return 0;
}

/* Switch to the journal mode. Two processes that switch a new file at once can find each other's locks where
 * SQLite does not call the busy handler (it would be a deadlock inside one transaction): try again here. */
static int set_journal_mode(rdb_backend_conn *conn) {
    char sql[48], mode[16] = "";
    sqlite3_snprintf((int)sizeof sql, sql, "PRAGMA journal_mode=%s", conn->options.journal_mode);
    int64_t until = rdb__deadline_in(conn->options.busy_timeout);
    int result;
    while ((result = sqlite3_exec(conn->db, sql, remember_mode, mode, NULL)) != SQLITE_OK &&
           (result & 0xFF) == SQLITE_BUSY && rdb__clock_ns() < until) {
        usleep(1000);
    }
    if (result == SQLITE_OK && sqlite3_stricmp(mode, conn->options.journal_mode) != 0) {
        rdb__log(RDB_LOG_WARN, "sqlite", "'%s' stays in journal mode %s: its file system cannot do %s", conn->file,
                 mode, conn->options.journal_mode);
    }
    return result;
}

static int run_pragmas(rdb_backend_conn *conn) {
    const sqlite_options *options = &conn->options;
    char sql[256], *at = sql;
    if (!options->memory && !options->read_only) {
        int result = set_journal_mode(conn);
        if (result != SQLITE_OK) {
            return result;
        }
    }
    /* synchronous also reads the schema: a file that is no database is found here at the latest. */
    sqlite3_snprintf(200, at, "PRAGMA synchronous=%s;PRAGMA cell_size_check=1;%s", options->synchronous,
                     options->memory ? "" : "PRAGMA journal_size_limit=" JOURNAL_SIZE_LIMIT ";");
    at += strlen(at);
    if (options->has_cache_size) {
        sqlite3_snprintf(48, at, "PRAGMA cache_size=%ld;", options->cache_size);
        at += strlen(at);
    }
    if (options->mmap_size > 0) {
        sqlite3_snprintf(48, at, "PRAGMA mmap_size=%ld;", options->mmap_size);
    }
    return sqlite3_exec(conn->db, sql, NULL, NULL, NULL);
}

static rdb_code open_all(rdb_backend_conn *conn, const char *memory_name, rdb_error *err) {
    rdb_code code = open_handle(conn, memory_name, err);
    if (code != RDB_OK) {
        return code;
    }
    /* SQLite falls back to reading alone when it may not write the file: say so now, not at the first write. */
    if (!conn->options.read_only && sqlite3_db_readonly(conn->db, "main") == 1) {
        return rdb__sqlite_fail_open(conn->db, conn->file, &conn->options, SQLITE_READONLY, err);
    }
    int result = configure(conn);
    if (result == SQLITE_OK) {
        result = run_pragmas(conn);
    }
    if (result != SQLITE_OK) {
        return rdb__sqlite_fail_open(conn->db, conn->file, &conn->options, result, err);
    }
    return RDB_OK;
}

rdb_step rdb__sqlite_open_start(const rdb_url *url, void *memory, rdb_backend_conn **out, rdb_error *err) {
    const sqlite_shared *shared = memory;
    *out = NULL;
    rdb_backend_conn *conn = rdb__calloc(1, sizeof *conn);
    char *file = rdb__strndup(url->path, strlen(url->path));
    if (conn == NULL || file == NULL) {
        rdb__free(conn);
        rdb__free(file);
        rdb_error_set(err, RDB_E_NO_MEMORY, "no memory for a SQLite connection");
        return RDB_STEP_ERROR;
    }
    conn->file = file;
    conn->deadline_ns = RDB_NO_DEADLINE;
    rdb_code code = RDB_OK;
    if (shared != NULL) {
        conn->options = shared->options;
    } else {
        code = rdb__sqlite_options_read(url, &conn->options, err);
    }
    if (code == RDB_OK) {
        code = open_all(conn, shared != NULL ? shared->memory_name : "", err);
    }
    if (code != RDB_OK) {
        rdb__sqlite_close(conn);
        return RDB_STEP_ERROR;
    }
    *out = conn;
    return RDB_STEP_DONE;
}

void rdb__sqlite_close(rdb_backend_conn *conn) {
    if (conn == NULL) {
        return;
    }
    sqlite3_close_v2(conn->db);
    if (conn->utf8 != (locale_t)0) {
        freelocale(conn->utf8);
    }
    rdb__free(conn->file);
    rdb__free(conn);
}
