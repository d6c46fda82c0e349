/* snapshot.h - original values of instances, packed: what dirty tracking compares with.
 *
 * Userdata "rdb.snapshot" is a block: rows packed from the front, their offsets from the back. Lua's allocator owns it,
 * so it needs no finaliser and is gone with the last instance of its rows. Each instance has its block in slot 1 and
 * its row in the block in slot 2. User value 1 is the plan, user value 2 the holder: a weak table whose [1] is the
 * result list, or nil. A result fills as many blocks as it needs. */
#ifndef RDB_LUA_SNAPSHOT_H
#define RDB_LUA_SNAPSHOT_H

#include <string.h>

#include "plan.h"

/* Slots of an instance. */
enum { RLUA_SLOT_SNAPSHOT = 1, RLUA_SLOT_ROW = 2, RLUA_SLOT_RELATIONS = 3 };

typedef struct rlua_snapshot {
    size_t capacity; /* bytes of data, a multiple of 4 */
    size_t used;     /* bytes of packed rows */
    uint32_t n_rows;
    uint32_t object; /* which object of the plan's row these are */
    uint8_t data[];
} rlua_snapshot;

/* Packs the rows of one object. */
typedef struct rlua_packer {
    rlua_snapshot *block; /* the current one, NULL at first */
    int slot;             /* stack index that holds it */
    size_t next_capacity; /* of the next block */
    size_t total;         /* bytes packed so far, offsets included */
} rlua_packer;

#define RLUA_BLOCK_LEAST 256
#define RLUA_BLOCK_MOST  65536

/* rlua_pack_room - the most bytes that a value may need. */
static inline size_t rlua_pack_room(const rdb_value *value) {
    switch (value->kind) {
    case RDB_KIND_NULL:
    case RDB_KIND_BOOL:
        return 1;
    case RDB_KIND_INT64:
    case RDB_KIND_DATE:
    case RDB_KIND_TIME:
    case RDB_KIND_TIMESTAMP:
    case RDB_KIND_DOUBLE:
        return 11;
    case RDB_KIND_INTERVAL:
        return 24;
    default:
        return 11 + value->more.len;
    }
}

static inline uint8_t *rlua_pack_number(uint8_t *at, uint64_t number) {
    while (number >= 0x80) {
        *at++ = (uint8_t)(number | 0x80);
        number >>= 7;
    }
    *at++ = (uint8_t)number;
    return at;
}
/* Small numbers of either sign become small numbers without one. */
static inline uint64_t rlua_zigzag(int64_t number) {
    return ((uint64_t)number << 1) ^ (number < 0 ? UINT64_MAX : 0);
}
/* rlua_pack - write a value; returns the end. At least rlua_pack_room() bytes are there. The common kinds in line. */
uint8_t *rlua_pack_rare(uint8_t *at, const rdb_value *value);
static inline uint8_t *rlua_pack(uint8_t *at, const rdb_value *value) {
    switch (value->kind) {
    case RDB_KIND_NULL:
        *at++ = RDB_KIND_NULL;
        return at;
    case RDB_KIND_INT64:
        *at++ = RDB_KIND_INT64;
        return rlua_pack_number(at, rlua_zigzag(value->as.integer));
    case RDB_KIND_DOUBLE:
        *at++ = RDB_KIND_DOUBLE;
        memcpy(at, &value->as.number, sizeof value->as.number);
        return at + sizeof value->as.number;
    case RDB_KIND_TEXT:
        *at++ = RDB_KIND_TEXT;
        at = rlua_pack_number(at, value->more.len);
        if (value->more.len > 0) {
            memcpy(at, value->as.text, value->more.len);
        }
        return at + value->more.len;
    default:
        return rlua_pack_rare(at, value);
    }
}
/* rlua_pack_absent - write "this column was not loaded" (1 byte). */
uint8_t *rlua_pack_absent(uint8_t *at);
/* rlua_unpack - read a value; texts point into the block. Returns the start of the next, sets *absent. */
const uint8_t *rlua_unpack(const uint8_t *at, rdb_value *out, bool *absent);
/* rlua_pack_same - both are the same value of the same kind (decimals: the same number). */
bool rlua_same_value(const rdb_value *a, const rdb_value *b);

/* rlua_block_new - push an empty block. plan_index and holder_index (0: none) are stack indices. [-0, +1, m] */
rlua_snapshot *rlua_block_new(lua_State *L, size_t capacity, int plan_index, int holder_index, int object);
/* rlua_block_row - the packed values of a row (1-based), NULL when there is none. */
const uint8_t *rlua_block_row(const rlua_snapshot *block, lua_Integer row);

/* rlua_pack_begin - room for a row of at most size bytes in the packer's block; makes a new block if the
 * current one is full. Answers where to write; rlua_pack_end() with the end. [-0, +0, m] */
uint8_t *rlua_pack_begin(lua_State *L, rlua_packer *packer, size_t size, int plan_index, int holder_index, int object);
static inline void rlua_pack_end(rlua_packer *packer, const uint8_t *end) {
    rlua_snapshot *block = packer->block;
    uint32_t *offsets = (uint32_t *)(void *)(block->data + block->capacity);
    offsets[-1 - (ptrdiff_t)block->n_rows] = (uint32_t)block->used;
    block->n_rows++;
    block->used = (size_t)(end - block->data);
}

#endif
