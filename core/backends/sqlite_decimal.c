/* sqlite_decimal.c - exact decimals in SQL: order, aggregates and arithmetic.
 *
 * A value may be a text in any form of a decimal, an integer, or a real, which counts as its shortest
 * decimal text. NULL in, NULL out. Results are canonical texts.
 *
 *   COLLATE rdb_decimal                  orders decimals kept as text by their numbers
 *   rdb_decimal_sum(x) rdb_decimal_avg(x)
 *                                        aggregates; NULL for no rows; the mean has 28 significant digits
 *   rdb_decimal_add(a, b) _sub _mul      with the places that schoolbook arithmetic gives them
 *   rdb_decimal_div(a, b)                28 significant digits, half to even; NULL when b is 0, as in SQLite
 *   rdb_decimal_idiv(a, b) _mod(a, b)    towards zero, and what remains (sign of a), as SQL says; NULL when b is 0
 *   rdb_decimal_abs(a)
 *   rdb_decimal_round(a, places)         half away from zero, to exactly so many places */
#include <string.h>

#include "../alloc.h"
#include "../decimal.h"
#include "../decimal_text.h"
#include "../number_text.h"
#include "sqlite_backend.h"

static int collate_decimal(void *context, int a_len, const void *a, int b_len, const void *b) {
    (void)context;
    return rdb__decimal_compare(a, (size_t)a_len, b, (size_t)b_len);
}

/* The text of a value that is not NULL: its own, or written to room. NULL without memory. */
static const char *text_of(sqlite3_value *value, char room[RDB_DOUBLE_TEXT], size_t *len) {
    switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
        *len = rdb__integer_format(sqlite3_value_int64(value), room);
        return room;
    case SQLITE_FLOAT:
        *len = rdb__double_format(sqlite3_value_double(value), room);
        return room;
    default: {
        const char *text = (const char *)sqlite3_value_text(value);
        *len = (size_t)sqlite3_value_bytes(value);
        return text;
    }
    }
}

/* Report code; message names what is wrong unless memory is. */
static void fail(sqlite3_context *context, rdb_code code, const char *message) {
    if (code == RDB_E_NO_MEMORY) {
        sqlite3_result_error_nomem(context);
    } else {
        sqlite3_result_error(context, message, -1);
        sqlite3_result_error_code(context, SQLITE_MISMATCH);
    }
}

/* -- aggregates: the context is an rdb_decimal_sum, zeroed by SQLite ---------------------------------------------- */

static void step(sqlite3_context *context, int n, sqlite3_value **values) {
    (void)n;
    if (sqlite3_value_type(values[0]) == SQLITE_NULL) {
        return;
    }
    char room[RDB_DOUBLE_TEXT];
    size_t len;
    const char *text = text_of(values[0], room, &len);
    rdb_decimal_sum *sum = sqlite3_aggregate_context(context, (int)sizeof *sum);
    rdb_code code = sum == NULL || text == NULL ? RDB_E_NO_MEMORY : rdb__decimal_sum_add(sum, text, len);
    if (code != RDB_OK) {
        fail(context, code, "a value to sum is not a decimal");
    }
}

static void finish(sqlite3_context *context, char *(*result)(rdb_decimal_sum *, size_t *)) {
    rdb_decimal_sum *sum = sqlite3_aggregate_context(context, 0);
    if (sum == NULL) {
        return; /* no rows: NULL */
    }
    if (sum->count > 0) {
        size_t len;
        char *text = result(sum, &len);
        if (text != NULL) {
            sqlite3_result_text64(context, text, len, rdb__free, SQLITE_UTF8);
        } else {
            sqlite3_result_error_nomem(context);
        }
    }
    rdb__decimal_sum_clear(sum);
}

static void sum_final(sqlite3_context *context) {
    finish(context, rdb__decimal_sum_text);
}

static void mean_final(sqlite3_context *context) {
    finish(context, rdb__decimal_sum_mean);
}

/* -- arithmetic --------------------------------------------------------------------------------------------------- */

/* A canonical operand: borrowed from the value, written to room, or owned. */
typedef struct operand {
    const char *text;
    size_t len;
    char *owned; /* NULL, or the text, for rdb__free() */
    char room[RDB_DOUBLE_TEXT];
} operand;

static rdb_code canonical_copy(operand *out, const char *text, size_t len) {
    ptrdiff_t need = rdb__decimal_canonical(text, len, NULL, 0);
    if (need < 0) {
        return RDB_E_INVALID_VALUE;
    }
    out->owned = rdb__malloc((size_t)need + 1);
    if (out->owned == NULL) {
        return RDB_E_NO_MEMORY;
    }
    out->len = (size_t)rdb__decimal_canonical(text, len, out->owned, (size_t)need + 1);
    out->text = out->owned;
    return RDB_OK;
}

static rdb_code operand_read(operand *out, sqlite3_value *value) {
    out->owned = NULL;
    out->text = text_of(value, out->room, &out->len);
    if (out->text == NULL) {
        return RDB_E_NO_MEMORY;
    }
    return rdb__decimal_is_canonical(out->text, out->len) ? RDB_OK : canonical_copy(out, out->text, out->len);
}

/* Drop the sign; says whether there was one. */
static bool take_sign(operand *value) {
    bool negative = value->len > 0 && value->text[0] == '-';
    value->text += negative;
    value->len -= negative;
    return negative;
}

/* Hand memory over to SQLite. The text starts one byte in, so that a sign fits before it. */
static void give(sqlite3_context *context, char *memory, size_t len, bool negative) {
    if (negative && rdb__decimal_sign(memory + 1, len) != 0) {
        memory[0] = '-';
        len++;
    } else {
        memmove(memory, memory + 1, len + 1);
    }
    sqlite3_result_text64(context, memory, len, rdb__free, SQLITE_UTF8);
}

/* SQL's // and % cut towards zero: they work on the absolute values, the sign comes after. */
static void compute(sqlite3_context *context, rdb_decimal_op op, operand *a, operand *b) {
    bool negative = false;
    if (op == RDB_DECIMAL_IDIV || op == RDB_DECIMAL_MOD) {
        negative = take_sign(a);
        bool other = take_sign(b);
        negative = op == RDB_DECIMAL_IDIV ? negative != other : negative;
    }
    size_t room = rdb__decimal_room(a->len, b->len), len;
    char *memory = rdb__malloc(room + 1);
    rdb_error err;
    rdb_code code = memory == NULL
                        ? RDB_E_NO_MEMORY
                        : rdb__decimal_compute(op, a->text, a->len, b->text, b->len, memory + 1, room, &len, &err);
    if (code == RDB_OK) {
        give(context, memory, len, negative);
    } else {
        rdb__free(memory);
        fail(context, code, "the result has too many digits for a decimal");
    }
}

static bool any_null(int n, sqlite3_value **values) {
    for (int i = 0; i < n; i++) {
        if (sqlite3_value_type(values[i]) == SQLITE_NULL) {
            return true;
        }
    }
    return false;
}

static bool divides(rdb_decimal_op op) {
    return op == RDB_DECIMAL_DIV || op == RDB_DECIMAL_IDIV || op == RDB_DECIMAL_MOD;
}

static void binary(sqlite3_context *context, int n, sqlite3_value **values) {
    if (any_null(n, values)) {
        return;
    }
    rdb_decimal_op op = (rdb_decimal_op)(intptr_t)sqlite3_user_data(context);
    operand a, b = {.owned = NULL};
    rdb_code code = operand_read(&a, values[0]);
    if (code == RDB_OK) {
        code = operand_read(&b, values[1]);
    }
    if (code != RDB_OK) {
        fail(context, code, "an operand is not a decimal");
    } else if (!divides(op) || rdb__decimal_sign(b.text, b.len) != 0) {
        compute(context, op, &a, &b);
    }
    rdb__free(a.owned);
    rdb__free(b.owned);
}

static void absolute(sqlite3_context *context, int n, sqlite3_value **values) {
    if (any_null(n, values)) {
        return;
    }
    operand a;
    rdb_code code = operand_read(&a, values[0]);
    if (code != RDB_OK) {
        fail(context, code, "an operand is not a decimal");
        return;
    }
    take_sign(&a);
    sqlite3_result_text64(context, a.text, a.len, SQLITE_TRANSIENT, SQLITE_UTF8);
    rdb__free(a.owned);
}

static void rounded(sqlite3_context *context, int n, sqlite3_value **values) {
    if (any_null(n, values)) {
        return;
    }
    int64_t places = sqlite3_value_int64(values[1]);
    if (places < 0 || places > RDB_DECIMAL_DIGITS) {
        fail(context, RDB_E_INVALID_VALUE, "a decimal is rounded to 0 places or more");
        return;
    }
    operand a;
    rdb_code code = operand_read(&a, values[0]);
    if (code == RDB_OK) {
        size_t room = rdb__decimal_room(a.len, (size_t)places), len;
        char *memory = rdb__malloc(room);
        rdb_error err;
        code = memory == NULL ? RDB_E_NO_MEMORY
                              : rdb__decimal_quantize(a.text, a.len, (uint32_t)places, RDB_ROUND_HALF_UP, memory, room,
                                                      &len, &err);
        if (code == RDB_OK) {
            sqlite3_result_text64(context, memory, len, rdb__free, SQLITE_UTF8);
        } else {
            rdb__free(memory);
        }
    }
    if (code != RDB_OK) {
        fail(context, code, "an operand is not a decimal");
    }
    rdb__free(a.owned);
}

/* -- registration ------------------------------------------------------------------------------------------------- */

int rdb__sqlite_register_decimals(sqlite3 *db, int flags) {
    static const struct {
        const char *name;
        int n_args;
        rdb_decimal_op op;
        void (*call)(sqlite3_context *, int, sqlite3_value **);
        void (*final)(sqlite3_context *);
    } functions[] = {
        {"rdb_decimal_sum", 1, 0, NULL, sum_final},
        {"rdb_decimal_avg", 1, 0, NULL, mean_final},
        {"rdb_decimal_add", 2, RDB_DECIMAL_ADD, binary, NULL},
        {"rdb_decimal_sub", 2, RDB_DECIMAL_SUB, binary, NULL},
        {"rdb_decimal_mul", 2, RDB_DECIMAL_MUL, binary, NULL},
        {"rdb_decimal_div", 2, RDB_DECIMAL_DIV, binary, NULL},
        {"rdb_decimal_idiv", 2, RDB_DECIMAL_IDIV, binary, NULL},
        {"rdb_decimal_mod", 2, RDB_DECIMAL_MOD, binary, NULL},
        {"rdb_decimal_abs", 1, 0, absolute, NULL},
        {"rdb_decimal_round", 2, 0, rounded, NULL},
    };
    int result = sqlite3_create_collation_v2(db, "rdb_decimal", SQLITE_UTF8, NULL, collate_decimal, NULL);
    for (size_t i = 0; i < sizeof functions / sizeof *functions && result == SQLITE_OK; i++) {
        result = sqlite3_create_function_v2(db, functions[i].name, functions[i].n_args, flags,
                                            (void *)(intptr_t)functions[i].op, functions[i].call,
                                            functions[i].final != NULL ? step : NULL, functions[i].final, NULL);
    }
    return result;
}
