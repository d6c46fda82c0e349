/* originals.h - reading the snapshot of an instance.
 *
 * Everything borrows from the stack: what rlua_originals_get() pushes must stay while the answer is used. */
#ifndef RDB_LUA_ORIGINALS_H
#define RDB_LUA_ORIGINALS_H

#include "snapshot.h"

/* An instance's snapshot: where its columns are in the plan and what it knows of them. */
typedef struct rlua_originals {
    const rlua_snapshot *block;
    const rlua_plan *plan;
    const rlua_object *object; /* of the plan */
    const uint8_t *row;        /* packed */
    int plan_index;            /* stack: the plan; the block is below it */
    int anchor;                /* stack: the plan's anchor */
} rlua_originals;

/* rlua_originals_get - the snapshot of the value at index; pushes block, plan and anchor. False, and nothing pushed,
 * when it is no instance or has no snapshot. For functions with the context as upvalue 1. [-0, +(0|3), -] */
bool rlua_originals_get(lua_State *L, int index, rlua_originals *out);
/* rlua_originals_column - the column whose key is the value at index, or -1. [-0, +0, -] */
int rlua_originals_column(lua_State *L, const rlua_originals *from, int index);
/* rlua_originals_value - the original of a column; false when it was not loaded. */
bool rlua_originals_value(const rlua_originals *from, int column, rdb_value *out);

/* Each adds its function to the module table on top. [-0, +0, m] */
void rlua_open_changes(lua_State *L);       /* changed */
void rlua_open_take_snapshot(lua_State *L); /* take_snapshot */
void rlua_open_grouping(lua_State *L);      /* group */

#endif
