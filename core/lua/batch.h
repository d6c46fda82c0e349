/* batch.h - one statement run for each instance of a slice: what core.insert_many and core.update_many share.
 *
 * The loop runs under lua_pcall, since reading a field may raise while the statement is open. An instance gets its key
 * and snapshot while its memory is at hand, right after its row is written; when a later one fails, all get back what
 * they had. */
#ifndef RDB_LUA_BATCH_H
#define RDB_LUA_BATCH_H

#include "chunk.h"

/* Stack of the protected call: its arguments, then what all instances share. */
enum {
    RLUA_BATCH_SELF = 1,
    RLUA_BATCH_PLAN,
    RLUA_BATCH_INSTANCES,
    RLUA_BATCH_STATES, /* a table whose [1] is the list of states, when there is one */
    RLUA_BATCH_BLOCK   /* of the packer */
};

typedef struct rlua_batch rlua_batch;

/* How a kind of statement treats one instance, at stack index `instance`. */
typedef struct rlua_batch_verbs {
    /* Once, with the stack of the protected call: push what all instances share. */
    void (*enter)(lua_State *L, rlua_batch *batch);
    /* Read its parameters; sets batch->fill. */
    rlua_read_result (*read)(lua_State *L, rlua_batch *batch, int instance);
    /* It is written: pack its new originals and set batch->row, 0 to leave it as it is. */
    void (*keep)(lua_State *L, rlua_batch *batch, int instance);
} rlua_batch_verbs;

struct rlua_batch {
    const rlua_batch_verbs *verbs;
    rlua_plan *plan;
    rlua_run run;
    rlua_insertion insert;
    rlua_chunk chunk;
    lua_Integer first;
    lua_Integer last;
    lua_Integer position; /* of the instance at hand, [out] of the one that stopped the batch */
    lua_Integer affected; /* [out] rows that the database changed */
    rlua_packer packer;
    bool *filled;    /* of each instance: its key was generated; beside the protected call */
    int64_t pk;      /* of the instance at hand: the key that the database generated, when fill */
    uint32_t row;    /* and its row in the packer's block */
    bool fill;       /* and whether its key is generated */
    bool nulls;      /* some instance has sentinels that meant SQL NULL: dropped at the end */
    bool changing;   /* the instance at hand is being changed */
    bool has_states; /* some instance had a snapshot */
    int held;        /* of the collector */
    bool started;    /* the statement has run: rdb_query_again() */
    bool failed;     /* [out] the database failed: run.err */
    bool stopped;    /* [out] this plan cannot write the instance at position */
};

/* rlua_batch_run - write instances first .. last (arguments: target, plan, list, first, last). Pushes how many were
 * written, and what those with a snapshot were before: { snapshot | false, row | false, generated key | false, ... }
 * for each, or nil when none had one. Raises with `index` set; no instance was changed then.
 * [-0, +2, v]   blocks */
void rlua_batch_run(lua_State *L, rlua_batch *batch, const rlua_batch_verbs *verbs);
/* rlua_batch_note_state - before the instance at index, the i-th, is changed: note what it was. Within the protected
 * call. [-0, +0, m] */
void rlua_batch_note_state(lua_State *L, rlua_batch *batch, int instance, lua_Integer i);
/* rlua_batch_undo - give the n first instances back what they had; on the stack of rlua_batch_run(). Allocates nothing.
 * [-0, +?, -] */
void rlua_batch_undo(lua_State *L, const rlua_batch *batch, lua_Integer n);
/* rlua_open_updates - core.update, core.update_many, core.delete (updates.c). [-0, +0, m] */
void rlua_open_updates(lua_State *L);

#endif
