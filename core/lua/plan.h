/* plan.h - a compiled statement as the bindings run it: SQL, kinds of parameters and columns, shape of the rows.
 *
 * Userdata "rdb.plan", made once per query shape by core.plan{...} and never changed, but for two size hints. Its Lua
 * values (SQL text, names, metatables, key strings) sit in one array, the plan's anchor, in user value 1. */
#ifndef RDB_LUA_PLAN_H
#define RDB_LUA_PLAN_H

#include "context.h"

/* How a row becomes a Lua value. X(ENUM, "name") */
#define RLUA_SHAPE_MAP(X)                                                                                              \
    X(INSTANCE, "instance") /* table by column key with snapshot and metatable */                                      \
    X(DICT, "dict")         /* table by column key */                                                                  \
    X(TUPLE, "tuple")       /* array by column position, holes for NULL */                                             \
    X(FLAT, "flat")         /* the first column alone, the null sentinel for NULL */                                   \
    X(NONE, "none")         /* rows are not wanted */

typedef enum rlua_shape {
#define RDB_X(name, text) RLUA_SHAPE_##name,
    RLUA_SHAPE_MAP(RDB_X)
#undef RDB_X
        RLUA_N_SHAPES
} rlua_shape;

/* Places in the anchor array. The keys of columns, related objects and inserts follow, see the functions below. */
enum {
    RLUA_ANCHOR_SQL = 1,
    RLUA_ANCHOR_DATABASE,  /* name or nil */
    RLUA_ANCHOR_METATABLE, /* of the row's main object, or nil */
    RLUA_ANCHOR_MODEL,     /* or nil */
    RLUA_ANCHOR_PK,        /* key that an insert fills, or nil */
    RLUA_ANCHOR_MANY,      /* SQL text of an insert of many rows, or nil */
    RLUA_ANCHOR_KEYS       /* first column key */
};

/* One object of a row. Number 0 is the main object, k the k-th entry of related. */
typedef struct rlua_object {
    uint16_t parent; /* object whose relations table gets this one; of object 0: itself */
    uint16_t first;  /* columns first .. last - 1 of the row, 0-based */
    uint16_t last;
    uint16_t pk;         /* column whose NULL means that there is no object */
    uint16_t n_children; /* objects that name this one as their parent */
} rlua_object;

typedef struct rlua_plan {
    const char *sql; /* anchored */
    size_t sql_len;
    uint64_t sql_hash;
    rlua_shape shape;
    int n_params;
    int n_columns;
    int n_objects;        /* 1 + related */
    int n_insert;         /* keys of an instance that are bound */
    int n_keys;           /* the last so many of them find the row: an update */
    int many_rows;        /* rows of one insert by many_sql, 0: there is none */
    const char *many_sql; /* anchored */
    size_t many_len;
    uint64_t many_hash;
    int pk_insert;               /* position of the pk among the bound keys, or -1 */
    long rows_hint;              /* rows of the last result: size of the next list */
    size_t bytes_hint;           /* bytes of the last snapshot: size of the next block */
    const uint8_t *param_kinds;  /* n_params; these arrays lie behind the struct */
    const uint8_t *column_kinds; /* n_columns */
    const uint8_t *insert_kinds; /* n_insert */
    const uint32_t *limits;      /* n_insert: most characters of a text, 0 for any number */
    const int16_t *insert_of;    /* n_columns: the bound key that is this column, RLUA_INSERT_PK, RLUA_INSERT_NONE */
    const rlua_object *objects;  /* n_objects */
} rlua_plan;

#define RLUA_INSERT_NONE (-1) /* read the instance's field */
#define RLUA_INSERT_PK   (-2) /* the generated key */
#define RLUA_MAX_COLUMNS 4000
#define RLUA_MAX_OBJECTS 100

/* rlua_check_plan - the plan at index; raises misuse for anything else. [-0, +0, v] */
rlua_plan *rlua_check_plan(lua_State *L, int index);
/* rlua_plan_anchor - push the plan's anchor array. [-0, +1, -] */
static inline void rlua_plan_anchor(lua_State *L, int plan_index) {
    lua_getiuservalue(L, plan_index, 1);
}
/* Where in the anchor: the key of column c (0-based), the attribute, metatable and model of object k >= 1, the key of
 * bound position i (0-based). */
static inline lua_Integer rlua_anchor_column(int column) {
    return RLUA_ANCHOR_KEYS + column;
}
static inline lua_Integer rlua_anchor_attr(const rlua_plan *plan, int object) {
    return RLUA_ANCHOR_KEYS + plan->n_columns + 3 * (object - 1);
}
static inline lua_Integer rlua_anchor_metatable(const rlua_plan *plan, int object) {
    return object == 0 ? RLUA_ANCHOR_METATABLE : rlua_anchor_attr(plan, object) + 1;
}
static inline lua_Integer rlua_anchor_model(const rlua_plan *plan, int object) {
    return object == 0 ? RLUA_ANCHOR_MODEL : rlua_anchor_attr(plan, object) + 2;
}
static inline lua_Integer rlua_anchor_insert(const rlua_plan *plan, int position) {
    return RLUA_ANCHOR_KEYS + plan->n_columns + 3 * (plan->n_objects - 1) + position;
}
/* rlua_plan_label - push what messages call object's model: _meta.label of a model, or "row". [-0, +1, m] */
const char *rlua_plan_label(lua_State *L, int plan_index, const rlua_plan *plan, int object);
/* rlua_open_plans - core.plan and its metatable. [-0, +0, m] */
void rlua_open_plans(lua_State *L);

#endif
