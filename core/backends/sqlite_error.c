/* sqlite_error.c - SQLite's result codes and messages as rdb errors. The only place that classifies them.
 *
 * SQLite tells names (tables, columns, constraints) in its message alone, so they are read from there; its
 * messages repeat SQL text and names, never bound values. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../clock.h"
#include "sqlite_backend.h"

/* -- names out of messages ------------------------------------------------------------------------------------ */

static void copy_name(char *out, size_t room, const char *name, size_t len) {
    if (len >= 2 && (name[0] == '"' || name[0] == '\'') && name[len - 1] == name[0]) {
        name++;
        len -= 2;
    }
    len = len < room ? len : room - 1;
    memcpy(out, name, len);
    out[len] = '\0';
}

/* What follows prefix in message, or NULL. */
static const char *after(const char *message, const char *prefix) {
    size_t len = strlen(prefix);
    return strncmp(message, prefix, len) == 0 ? message + len : NULL;
}

/* "t.a, t.b" or "index 'name'" of a UNIQUE or NOT NULL message. */
static void read_columns(rdb_error *err, const char *list) {
    const char *index = after(list, "index ");
    if (index != NULL) {
        copy_name(err->constraint, sizeof err->constraint, index, strlen(index));
        return;
    }
    size_t used = 0;
    while (*list != '\0') {
        const char *comma = strstr(list, ", ");
        const char *end = comma != NULL ? comma : list + strlen(list);
        const char *dot = memchr(list, '.', (size_t)(end - list));
        const char *column = dot != NULL ? dot + 1 : list;
        if (dot != NULL && err->table[0] == '\0') {
            copy_name(err->table, sizeof err->table, list, (size_t)(dot - list));
        }
        if (used > 0 && used + 2 < sizeof err->column) {
            memcpy(err->column + used, ", ", 3);
            used += 2;
        }
        copy_name(err->column + used, sizeof err->column - used, column, (size_t)(end - column));
        used += strlen(err->column + used);
        list = comma != NULL ? comma + 2 : end;
    }
}

/* "[qualifier.]name", perhaps followed by advice after " - ". */
static void read_name(const char *text, char *qualifier, size_t qualifier_room, char *name, size_t name_room) {
    const char *advice = strstr(text, " - ");
    const char *end = advice != NULL ? advice : text + strlen(text);
    const char *dot = memchr(text, '.', (size_t)(end - text));
    if (dot != NULL) {
        if (qualifier != NULL) {
            copy_name(qualifier, qualifier_room, text, (size_t)(dot - text));
        }
        text = dot + 1;
    }
    copy_name(name, name_room, text, (size_t)(end - text));
}

/* -- SQLITE_ERROR: only the message tells ------------------------------------------------------------------------ */

static rdb_code classify_general(rdb_error *err, const char *message) {
    const char *rest;
    if ((rest = after(message, "no such table: ")) != NULL || (rest = after(message, "no such view: ")) != NULL) {
        read_name(rest, NULL, 0, err->table, sizeof err->table);
        rdb_error_hint(err, "have the migrations been applied to this database?");
        return RDB_E_UNDEFINED_TABLE;
    }
    if ((rest = after(message, "no such column: ")) != NULL) {
        read_name(rest, err->table, sizeof err->table, err->column, sizeof err->column);
        return RDB_E_UNDEFINED_COLUMN;
    }
    const char *has_no = strstr(message, " has no column named ");
    if ((rest = after(message, "table ")) != NULL && has_no != NULL) {
        copy_name(err->table, sizeof err->table, rest, (size_t)(has_no - rest));
        rest = has_no + strlen(" has no column named ");
        copy_name(err->column, sizeof err->column, rest, strlen(rest));
        return RDB_E_UNDEFINED_COLUMN;
    }
    size_t len = strlen(message);
    static const char tail[] = ": syntax error";
    if ((len >= sizeof tail && strcmp(message + len - (sizeof tail - 1), tail) == 0) ||
        strcmp(message, "incomplete input") == 0 || after(message, "unrecognized token: ") != NULL) {
        return RDB_E_SYNTAX_ERROR;
    }
    if (strcmp(message, "integer overflow") == 0) {
        return RDB_E_OUT_OF_RANGE;
    }
    if (after(message, "malformed JSON") != NULL || after(message, "bad pattern: ") != NULL) {
        return RDB_E_INVALID_VALUE;
    }
    if (after(message, "cannot start a transaction within") != NULL ||
        strstr(message, "no transaction is active") != NULL || after(message, "no such savepoint") != NULL ||
        after(message, "too many SQL variables") != NULL) {
        return RDB_E_MISUSE;
    }
    return RDB_E_DATABASE_ERROR;
}

/* -- constraints ----------------------------------------------------------------------------------------------- */

static rdb_code classify_constraint(rdb_error *err, int result, const char *message) {
    static const char failed[] = " constraint failed: ";
    const char *what = strstr(message, failed);
    what = what != NULL ? what + sizeof failed - 1 : "";
    switch (result) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        read_columns(err, what);
        return RDB_E_UNIQUE_VIOLATION;
    case SQLITE_CONSTRAINT_NOTNULL:
        read_columns(err, what);
        return RDB_E_NOT_NULL_VIOLATION;
    case SQLITE_CONSTRAINT_CHECK:
        copy_name(err->constraint, sizeof err->constraint, what, strlen(what));
        return RDB_E_CHECK_VIOLATION;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return RDB_E_FOREIGN_KEY_VIOLATION;
    case SQLITE_CONSTRAINT_TRIGGER: /* ON DELETE RESTRICT; also RAISE(ABORT, ...) of a user's trigger */
        return strcmp(message, "FOREIGN KEY constraint failed") == 0 ? RDB_E_FOREIGN_KEY_VIOLATION
                                                                     : RDB_E_DATABASE_ERROR;
    case SQLITE_CONSTRAINT_DATATYPE: { /* STRICT tables: "cannot store TEXT value in INTEGER column t.c" */
        const char *column = strstr(message, " column ");
        if (column != NULL) {
            read_columns(err, column + strlen(" column "));
        }
        return RDB_E_INVALID_VALUE;
    }
    default:
        return RDB_E_DATABASE_ERROR;
    }
}

/* -- all codes -------------------------------------------------------------------------------------------------- */

static rdb_code classify_stop(const rdb_backend_conn *conn, rdb_code otherwise) {
    if (conn->deadline_passed) {
        return RDB_E_STATEMENT_TIMEOUT;
    }
    return atomic_load_explicit(&conn->cancelled, memory_order_relaxed) ? RDB_E_CANCELLED : otherwise;
}

static rdb_code classify(const rdb_backend_conn *conn, int result, const char *message, rdb_error *err) {
    switch (result & 0xFF) {
    case SQLITE_CONSTRAINT:
        return classify_constraint(err, result, message);
    case SQLITE_BUSY:
        return result == SQLITE_BUSY_SNAPSHOT ? RDB_E_SERIALIZATION_FAILURE : classify_stop(conn, RDB_E_LOCK_TIMEOUT);
    case SQLITE_LOCKED:
        return RDB_E_LOCK_TIMEOUT;
    case SQLITE_INTERRUPT:
        return classify_stop(conn, RDB_E_CANCELLED);
    case SQLITE_READONLY:
        return result == SQLITE_READONLY_DBMOVED ? RDB_E_CONNECTION_LOST : RDB_E_READ_ONLY;
    case SQLITE_NOMEM:
        return RDB_E_NO_MEMORY;
    case SQLITE_TOOBIG:
        return RDB_E_DATA_TOO_LONG;
    case SQLITE_MISMATCH:
        return RDB_E_INVALID_VALUE;
    case SQLITE_CORRUPT:
    case SQLITE_IOERR:
        return result == SQLITE_IOERR_NOMEM ? RDB_E_NO_MEMORY : RDB_E_CONNECTION_LOST;
    case SQLITE_CANTOPEN:
    case SQLITE_NOTADB:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_PROTOCOL:
        return RDB_E_CONNECTION_FAILED;
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
        return RDB_E_MISUSE;
    case SQLITE_ERROR:
        return classify_general(err, message);
    default: /* SQLITE_FULL, SQLITE_NOLFS, SQLITE_SCHEMA, ... */
        return RDB_E_DATABASE_ERROR;
    }
}

static void explain(const rdb_backend_conn *conn, int result, rdb_error *err) {
    switch (result & 0xFF) {
    case SQLITE_BUSY:
        if (err->code == RDB_E_LOCK_TIMEOUT) {
            rdb_error_hint(err, "another connection held the lock of '%s' for longer than busy_timeout (%g s)",
                           conn->file, conn->options.busy_timeout);
        } else if (err->code == RDB_E_SERIALIZATION_FAILURE) {
            rdb_error_hint(err, "another connection wrote after this transaction began to read: run it again");
        }
        break;
    case SQLITE_READONLY:
        if (conn->query_only) {
            rdb_error_hint(err, "the transaction was begun as read-only");
        } else {
            rdb_error_hint(err, "the database '%s' may only be read", conn->file);
        }
        break;
    case SQLITE_CORRUPT:
        rdb_error_hint(err, "the file '%s' is damaged: restore it from a backup, or see PRAGMA integrity_check",
                       conn->file);
        break;
    case SQLITE_NOTADB:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        rdb_error_hint(err, "the file is '%s'", conn->file);
        break;
    case SQLITE_FULL:
        rdb_error_hint(err, "the disk that holds '%s' is full", conn->file);
        break;
    default:
        break;
    }
}

rdb_code rdb__sqlite_fail(rdb_backend_conn *conn, int result, rdb_error *err) {
    rdb_error unwanted;
    err = err != NULL ? err : &unwanted;
    const char *message = sqlite3_errmsg(conn->db);
    int extended = sqlite3_extended_errcode(conn->db);
    if ((extended & 0xFF) == (result & 0xFF)) { /* the finer code of the same failure */
        result = extended;
    } else {
        message = sqlite3_errstr(result);
    }
    rdb_error_set(err, RDB_E_DATABASE_ERROR, "%s", message);
    memcpy(err->backend, "sqlite", sizeof "sqlite");
    err->native = result;
    err->code = classify(conn, result, message, err);
    if (err->code == RDB_E_STATEMENT_TIMEOUT) {
        memcpy(err->message, "the statement ran past its deadline", sizeof "the statement ran past its deadline");
    } else if (err->code == RDB_E_CANCELLED) {
        memcpy(err->message, "the statement was cancelled", sizeof "the statement was cancelled");
    }
    explain(conn, result, err);
    return err->code;
}

/* -- opening ---------------------------------------------------------------------------------------------------- */

/* The folder of file into out: "." when it has none. */
static void folder_of(const char *file, char *out, size_t room) {
    const char *slash = strrchr(file, '/');
    size_t len = slash == NULL ? 0 : slash == file ? 1 : (size_t)(slash - file);
    if (len == 0 || len >= room) {
        memcpy(out, ".", 2);
        return;
    }
    memcpy(out, file, len);
    out[len] = '\0';
}

/* Why the operating system would not let us: looked up after the fact, because SQLite only says "unable". */
static void explain_cannot_open(const char *file, const sqlite_options *options, int system_error, rdb_error *err) {
    char folder[512];
    struct stat info;
    folder_of(file, folder, sizeof folder);
    bool exists = stat(file, &info) == 0;
    if (exists && S_ISDIR(info.st_mode)) {
        rdb_error_set(err, err->code, "cannot open '%s': it is a folder, not a file", file);
    } else if (stat(folder, &info) != 0) {
        rdb_error_set(err, err->code, "cannot open '%s': the folder '%s' does not exist", file, folder);
        rdb_error_hint(err, "create the folder; a relative path starts at the current folder");
    } else if (!exists && !options->create) {
        rdb_error_set(err, err->code, "cannot open '%s': there is no such file", file);
        rdb_error_hint(err, "mode=rwc, the default, creates it");
    } else if (exists && access(file, R_OK) != 0) {
        rdb_error_set(err, err->code, "cannot open '%s': no permission to read the file", file);
    } else if (access(folder, W_OK) != 0 && !options->immutable) {
        rdb_error_set(err, err->code, "cannot open '%s': no permission to write in the folder '%s'", file, folder);
        rdb_error_hint(err, "SQLite keeps its journal beside the file; a file that never changes opens with "
                            "?immutable=1");
    } else {
        rdb_error_set(err, err->code, "cannot open '%s': %s", file,
                      system_error != 0 ? strerror(system_error) : "SQLite is unable to");
    }
}

static void explain_read_only(const char *file, const sqlite_options *options, rdb_error *err) {
    char folder[512];
    folder_of(file, folder, sizeof folder);
    if (options->read_only) {
        rdb_error_set(err, err->code,
                      "cannot open '%s' for reading alone: its WAL file must be made or recovered first", file);
        rdb_error_hint(err, "open it once with mode=rw, or with ?immutable=1 when nobody writes it");
    } else if (access(file, W_OK) == 0) {
        rdb_error_set(err, err->code, "cannot open '%s' for writing: no permission to write in the folder '%s'", file,
                      folder);
        rdb_error_hint(err, "SQLite keeps its journal beside the file");
    } else {
        rdb_error_set(err, err->code, "cannot open '%s' for writing: no permission to write the file", file);
        rdb_error_hint(err, "to read it only, add ?mode=ro to the URL");
    }
}

rdb_code rdb__sqlite_fail_open(sqlite3 *db, const char *file, const sqlite_options *options, int result,
                               rdb_error *err) {
    rdb_error unwanted;
    err = err != NULL ? err : &unwanted;
    int extended = db != NULL ? sqlite3_extended_errcode(db) : result;
    result = (extended & 0xFF) == (result & 0xFF) ? extended : result;
    int system_error = db != NULL ? sqlite3_system_errno(db) : 0;
    rdb_code code = RDB_E_CONNECTION_FAILED;
    switch (result & 0xFF) {
    case SQLITE_NOMEM:
        code = rdb_error_set(err, RDB_E_NO_MEMORY, "no memory to open '%s'", file);
        break;
    case SQLITE_CANTOPEN:
        rdb_error_set(err, code, "%s", "");
        explain_cannot_open(file, options, system_error, err);
        break;
    case SQLITE_READONLY:
        rdb_error_set(err, code, "%s", "");
        explain_read_only(file, options, err);
        break;
    case SQLITE_NOTADB:
        rdb_error_set(err, code, "cannot open '%s': the file is not a SQLite database, or it is encrypted", file);
        rdb_error_hint(err, "check the path in the URL");
        break;
    case SQLITE_CORRUPT:
        rdb_error_set(err, code, "cannot open '%s': the file is damaged (%s)", file, sqlite3_errstr(result));
        rdb_error_hint(err, "restore it from a backup, or try the sqlite3 shell's .recover");
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        code =
            rdb_error_set(err, RDB_E_LOCK_TIMEOUT, "cannot open '%s': another process keeps the database locked", file);
        rdb_error_hint(err, "it was busy for longer than busy_timeout (%g s)", options->busy_timeout);
        break;
    default:
        rdb_error_set(err, code, "cannot open '%s': %s%s%s", file,
                      db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(result), system_error != 0 ? ", " : "",
                      system_error != 0 ? strerror(system_error) : "");
        break;
    }
    memcpy(err->backend, "sqlite", sizeof "sqlite");
    err->native = result;
    return code;
}
