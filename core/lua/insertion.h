/* insertion.h - what core.insert, core.update and their bulk forms share: an instance's fields as parameters, and back.
 *
 * Fields are read with raw gets, checked against the plan's limits and bound as they are. A field that holds an
 * expression (a table that is no JSON) is the Lua layer's business. */
#ifndef RDB_LUA_INSERTION_H
#define RDB_LUA_INSERTION_H

#include "parameters.h"
#include "snapshot.h"

/* What reading an instance's fields came to. OTHER: this plan cannot write it (an expression, or no key). */
typedef enum rlua_read_result { RLUA_READ_GOOD, RLUA_READ_OTHER, RLUA_READ_FAILED } rlua_read_result;

/* A write under way: parameters of the current instance and where things are on the stack. */
typedef struct rlua_insertion {
    const rlua_plan *plan;
    rlua_params params;
    int anchor;    /* stack index of the plan's anchor */
    int pk;        /* stack index of the pk's key, nil for none */
    int keys;      /* stack index of the first bound key; 0: they are in the anchor */
    bool together; /* values of several instances are read before they are bound */
    int bad_field; /* 0-based position, after RLUA_READ_FAILED */
    bool nulls;    /* a field of the instance read last holds the null sentinel, meaning SQL NULL */
    rdb_error err;
} rlua_insertion;

#define RLUA_SOURCES_INLINE 24

/* Where the values of the columns are: parameters, the generated key, or read from the instance into `read`. */
typedef struct rlua_column_sources {
    const rdb_value **of; /* one per column of the main object */
    rdb_value *read;      /* as many */
    int n;
    rdb_value read_room[RLUA_SOURCES_INLINE];
    const rdb_value *of_room[RLUA_SOURCES_INLINE];
} rlua_column_sources;

/* rlua_insertion_enter - push what all instances share. The insertion and the sources stay where they are in memory.
 * [-0, +?, v] */
void rlua_insertion_enter(lua_State *L, rlua_insertion *insert, const rlua_plan *plan, int plan_index);
/* rlua_insertion_expect_many - keep the bound keys on the stack, where reading them costs less. [-0, +?, -] */
void rlua_insertion_expect_many(lua_State *L, rlua_insertion *insert);
/* rlua_insertion_read - the fields of the instance at index (those that find the row excepted) as parameters; what they
 * borrow from stays on the stack. [-0, +?, m] */
rlua_read_result rlua_insertion_read(lua_State *L, rlua_insertion *insert, int instance);
/* rlua_insertion_raise - raise what RLUA_READ_FAILED found: `model` and `field`, both in the message, and `index` when
 * position > 0. [-0, +0, v] */
int rlua_insertion_raise(lua_State *L, rlua_insertion *insert, int plan_index, lua_Integer position);
/* rlua_insertion_wants_pk - there is a pk key, and the instance has no value for it (nil or the null sentinel). [-0,
 * +0, -] */
bool rlua_insertion_wants_pk(lua_State *L, const rlua_insertion *insert, int instance);
/* rlua_insertion_set_pk - set the generated key (NULL: none was generated). [-0, +0, m] */
void rlua_insertion_set_pk(lua_State *L, const rlua_insertion *insert, int instance, const rdb_value *pk);
/* rlua_insertion_clear_nulls - a NULL column reads as nil: drop the sentinels that meant SQL NULL. [-0, +0, -] */
void rlua_insertion_clear_nulls(lua_State *L, const rlua_insertion *insert, int instance);
/* rlua_insertion_sources - where the originals of each column will be found. pk is read at each packing: NULL while no
 * key was generated. May push room. [-0, +(0|1), m] */
void rlua_insertion_sources(lua_State *L, const rlua_insertion *insert, const rdb_value *pk,
                            rlua_column_sources *sources);
/* rlua_insertion_pack - pack the columns as the originals of the instance; answers its row in the packer's block. A pk
 * that was not generated is read from the instance. [-0, +?, m] */
uint32_t rlua_insertion_pack(lua_State *L, rlua_insertion *insert, const rlua_column_sources *sources,
                             rlua_packer *packer, int instance, const rdb_value *pk, int plan_index);
/* rlua_insertion_attach - give the instance its snapshot. [-0, +0, m] */
void rlua_insertion_attach(lua_State *L, int instance, int block, uint32_t row);

#endif
