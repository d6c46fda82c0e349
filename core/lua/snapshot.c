/* snapshot.c - packing and reading the original values of instances.
 *
 * A value is a tag byte (kind, and one flag bit: true, or UTC) and a payload: zigzag varints for whole numbers, eight
 * raw bytes for doubles, length and bytes for texts. NULL and booleans are the tag alone. */
#include "snapshot.h"

#include "../calendar.h"

#define TAG_FLAG   0x40
#define TAG_ABSENT 0xff

static const uint8_t *get_number(const uint8_t *at, uint64_t *number) {
    uint64_t result = 0;
    unsigned shift = 0;
    while (*at >= 0x80) {
        result |= (uint64_t)(*at++ & 0x7f) << shift;
        shift += 7;
    }
    *number = result | (uint64_t)*at++ << shift;
    return at;
}

static inline int64_t unzigzag(uint64_t number) {
    return (int64_t)(number >> 1 ^ (~(number & 1) + 1));
}

uint8_t *rlua_pack_rare(uint8_t *at, const rdb_value *value) {
    uint8_t tag = value->kind;
    bool flag = value->kind == RDB_KIND_BOOL ? value->as.boolean : value->kind == RDB_KIND_TIMESTAMP && value->utc;
    *at++ = flag ? (uint8_t)(tag | TAG_FLAG) : tag;
    switch ((rdb_kind)value->kind) {
    case RDB_KIND_BOOL:
        return at;
    case RDB_KIND_DATE:
    case RDB_KIND_TIME:
    case RDB_KIND_TIMESTAMP:
        return rlua_pack_number(at, rlua_zigzag(value->as.integer));
    case RDB_KIND_INTERVAL:
        at = rlua_pack_number(at, rlua_zigzag(value->as.integer));
        at = rlua_pack_number(at, rlua_zigzag(value->more.interval.months));
        return rlua_pack_number(at, rlua_zigzag(value->more.interval.days));
    default:
        at = rlua_pack_number(at, value->more.len);
        if (value->more.len > 0) {
            memcpy(at, value->as.text, value->more.len);
        }
        return at + value->more.len;
    }
}

uint8_t *rlua_pack_absent(uint8_t *at) {
    *at++ = TAG_ABSENT;
    return at;
}

static const uint8_t *get_integer(const uint8_t *at, int64_t *out) {
    uint64_t number;
    at = get_number(at, &number);
    *out = unzigzag(number);
    return at;
}

const uint8_t *rlua_unpack(const uint8_t *at, rdb_value *out, bool *absent) {
    uint8_t tag = *at++;
    *absent = tag == TAG_ABSENT;
    *out = rdb_value_null();
    if (*absent) {
        return at;
    }
    out->kind = (uint8_t)(tag & ~TAG_FLAG);
    int64_t months = 0, days = 0;
    uint64_t len = 0;
    switch ((rdb_kind)out->kind) {
    case RDB_KIND_NULL:
        return at;
    case RDB_KIND_BOOL:
        out->as.boolean = (tag & TAG_FLAG) != 0;
        return at;
    case RDB_KIND_DOUBLE:
        memcpy(&out->as.number, at, sizeof out->as.number);
        return at + sizeof out->as.number;
    case RDB_KIND_TIMESTAMP:
        out->utc = (tag & TAG_FLAG) != 0;
        return get_integer(at, &out->as.integer);
    case RDB_KIND_INT64:
    case RDB_KIND_DATE:
    case RDB_KIND_TIME:
        return get_integer(at, &out->as.integer);
    case RDB_KIND_INTERVAL:
        at = get_integer(at, &out->as.integer);
        at = get_integer(at, &months);
        at = get_integer(at, &days);
        out->more.interval.months = (int32_t)months;
        out->more.interval.days = (int32_t)days;
        return at;
    default:
        at = get_number(at, &len);
        out->as.text = (const char *)at;
        out->more.len = (size_t)len;
        return at + len;
    }
}

/* -- comparing -------------------------------------------------------------------------------------------------- */

/* The significant part of a canonical decimal: no zeros after the point. */
static size_t decimal_significant(const char *text, size_t len) {
    if (memchr(text, '.', len) == NULL) {
        return len;
    }
    while (len > 0 && text[len - 1] == '0') {
        len--;
    }
    return len > 0 && text[len - 1] == '.' ? len - 1 : len;
}

static bool same_text(const char *a, size_t a_len, const char *b, size_t b_len) {
    return a_len == b_len && (a_len == 0 || memcmp(a, b, a_len) == 0);
}

/* A day counts 24 hours: what SQLite keeps as microseconds reads as days in Lua. */
static bool same_interval(const rdb_value *a, const rdb_value *b) {
    int64_t us;
    int64_t days = (int64_t)a->more.interval.days - b->more.interval.days;
    return a->more.interval.months == b->more.interval.months &&
           !__builtin_sub_overflow(b->as.integer, a->as.integer, &us) && us % RDB_DAY_US == 0 &&
           us / RDB_DAY_US == days;
}

bool rlua_same_value(const rdb_value *a, const rdb_value *b) {
    if (a->kind != b->kind) {
        return false;
    }
    switch ((rdb_kind)a->kind) {
    case RDB_KIND_NULL:
        return true;
    case RDB_KIND_BOOL:
        return a->as.boolean == b->as.boolean;
    case RDB_KIND_DOUBLE: /* a NaN is the same as itself here */
        return a->as.number == b->as.number || (a->as.number != a->as.number && b->as.number != b->as.number);
    case RDB_KIND_INT64:
    case RDB_KIND_DATE:
    case RDB_KIND_TIME:
    case RDB_KIND_TIMESTAMP:
        return a->as.integer == b->as.integer;
    case RDB_KIND_INTERVAL:
        return same_interval(a, b);
    case RDB_KIND_DECIMAL:
        return same_text(a->as.text, decimal_significant(a->as.text, a->more.len), b->as.text,
                         decimal_significant(b->as.text, b->more.len));
    default:
        return same_text(a->as.text, a->more.len, b->as.text, b->more.len);
    }
}

/* -- blocks ------------------------------------------------------------------------------------------------------- */

rlua_snapshot *rlua_block_new(lua_State *L, size_t capacity, int plan_index, int holder_index, int object) {
    capacity = (capacity + 3) & ~(size_t)3;
    rlua_snapshot *block = (rlua_snapshot *)lua_newuserdatauv(L, sizeof *block + capacity, 2);
    block->capacity = capacity;
    block->used = 0;
    block->n_rows = 0;
    block->object = (uint32_t)object;
    lua_pushvalue(L, plan_index);
    lua_setiuservalue(L, -2, 1);
    if (holder_index != 0) {
        lua_pushvalue(L, holder_index);
        lua_setiuservalue(L, -2, 2);
    }
    rlua_context_set(L, RLUA_SNAPSHOT);
    return block;
}

const uint8_t *rlua_block_row(const rlua_snapshot *block, lua_Integer row) {
    if (row < 1 || row > (lua_Integer)block->n_rows) {
        return NULL;
    }
    const uint32_t *offsets = (const uint32_t *)(const void *)(block->data + block->capacity);
    return block->data + offsets[-row];
}

uint8_t *rlua_pack_begin(lua_State *L, rlua_packer *packer, size_t size, int plan_index, int holder_index, int object) {
    rlua_snapshot *block = packer->block;
    size += sizeof(uint32_t);
    packer->total += size;
    if (block != NULL && block->used + block->n_rows * sizeof(uint32_t) + size <= block->capacity) {
        return block->data + block->used;
    }
    size_t capacity = packer->next_capacity > size ? packer->next_capacity : size;
    packer->next_capacity = packer->next_capacity < RLUA_BLOCK_MOST / 4 ? packer->next_capacity * 4 : RLUA_BLOCK_MOST;
    packer->block = rlua_block_new(L, capacity, plan_index, holder_index, object);
    lua_replace(L, packer->slot);
    return packer->block->data;
}
