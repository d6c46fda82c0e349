/* renewal.h - the originals of an instance after an UPDATE of some columns: those as written, the others as before.
 *
 * What the snapshot before says is decoded once per row, into the order of the new plan's columns. How the columns of
 * the two plans correspond is found once for all rows of one result. */
#ifndef RDB_LUA_RENEWAL_H
#define RDB_LUA_RENEWAL_H

#include "insertion.h"
#include "originals.h"

/* The original of one column as the snapshot before has it. */
typedef struct rlua_before {
    rdb_value value;
    bool known; /* it was loaded */
} rlua_before;

typedef struct rlua_renewal {
    const rlua_plan *plan;
    int plan_index;
    int slots;           /* stack index of what follows: columns, places, the plan before, its holder */
    rlua_before *before; /* one per column of plan */
    int16_t *places;     /* per column of the object before: the column of plan that it is, -1 for none */
    const rlua_plan *of; /* the plan that places was made for */
    uint32_t object;     /* and which of its objects */
    const uint8_t *row;  /* packed, of the instance at hand; NULL for an unsaved one */
} rlua_renewal;

/* rlua_renewal_enter - push room for the rows to come. [-0, +4, m] */
void rlua_renewal_enter(lua_State *L, rlua_renewal *renewal, const rlua_plan *plan, int plan_index);
/* rlua_renewal_read_keys - the values that find the row of the instance at index, behind the fields that
 * rlua_insertion_read() read: the originals, or the present values where there are none. OTHER: one is NULL. For
 * functions with the context as upvalue 1. [-0, +?, m] */
rlua_read_result rlua_renewal_read_keys(lua_State *L, rlua_renewal *renewal, rlua_insertion *insert, int instance);
/* rlua_renewal_pack - pack the new originals of the instance that was read last; answers its row in the packer's block,
 * whose instances have one holder (so that siblings stay siblings). [-0, +?, m] */
uint32_t rlua_renewal_pack(lua_State *L, rlua_renewal *renewal, const rlua_insertion *insert, rlua_packer *packer);

#endif
