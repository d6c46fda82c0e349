/* inserts.c - core.insert and core.insert_many: rows from instances, keys and snapshots back into them.
 *
 * Fields are read with raw gets and bound as they are; the generated key and the snapshot are set only after the database
 * has said yes. A field that holds an expression (a table that is no JSON) is the Lua layer's business: nothing is done
 * for that instance, and the answer says so. */
#include "hydrate.h"
#include "parameters.h"
#include "run.h"

/* What reading an instance's fields came to. */
typedef enum read_result { READ_GOOD, READ_EXPRESSION, READ_FAILED } read_result;

/* An insert under way: parameters of the current instance and where things are on the stack. */
typedef struct insertion {
    const rlua_plan *plan;
    rlua_params params;
    int anchor;    /* stack index of the plan's anchor */
    int pk;        /* stack index of the pk's key, nil for none */
    int bad_field; /* 0-based position, after READ_FAILED */
    rdb_error err;
} insertion;

/* Push what all instances share. */
static void enter(lua_State *L, insertion *insert, const rlua_plan *plan, int plan_index) {
    insert->plan = plan;
    if (plan->n_insert == 0 && plan->n_params > 0) {
        rlua_raise_code(L, RDB_E_MISUSE, "the plan has no insert keys");
    }
    rlua_params_begin(L, &insert->params, plan->n_insert);
    rlua_plan_anchor(L, plan_index);
    insert->anchor = lua_gettop(L);
    lua_rawgeti(L, insert->anchor, RLUA_ANCHOR_PK);
    insert->pk = insert->anchor + 1;
}

static inline bool is_json(uint8_t kind) {
    return kind == RDB_KIND_JSON || kind == RDB_KIND_ARRAY;
}

/* The fields of the instance at index as parameters; what they borrow from stays on the stack. */
static read_result read_fields(lua_State *L, insertion *insert, int instance) {
    const rlua_plan *plan = insert->plan;
    insert->params.buffers_used = 0;
    for (int i = 0; i < plan->n_insert; i++) {
        uint8_t kind = plan->insert_kinds[i];
        lua_rawgeti(L, insert->anchor, rlua_anchor_insert(plan, i));
        int type = lua_rawget(L, instance);
        if (type == LUA_TTABLE && !is_json(kind)) {
            return READ_EXPRESSION;
        }
        if (rlua_params_convert(L, &insert->params, kind, &insert->params.values[i], &insert->err) != 0) {
            insert->bad_field = i;
            return READ_FAILED;
        }
    }
    return READ_GOOD;
}

/* Raise what read_fields() found: `field` and "model.field: " in the message. position > 0: `index`. */
static int raise_field(lua_State *L, insertion *insert, int plan_index, lua_Integer position) {
    const char *label = rlua_plan_label(L, plan_index, insert->plan, 0);
    lua_rawgeti(L, insert->anchor, rlua_anchor_insert(insert->plan, insert->bad_field));
    const char *key = lua_tostring(L, -1);
    rlua_push_error(L, &insert->err, insert->plan->sql);
    lua_pushfstring(L, "%s.%s: %s", label, key, insert->err.message);
    lua_setfield(L, -2, "message");
    lua_pushstring(L, key);
    lua_setfield(L, -2, "field");
    if (position > 0) {
        lua_pushinteger(L, position);
        lua_setfield(L, -2, "index");
    }
    return lua_error(L);
}

/* -- snapshots of what was inserted ------------------------------------------------------------------------------- */

#define SOURCES_INLINE 24

/* Where the values of the columns are: parameters, the generated key, or read from the instance into `read`. */
typedef struct column_sources {
    const rdb_value **of; /* one per column of the main object */
    rdb_value *read;      /* as many */
    int n;
    rdb_value read_room[SOURCES_INLINE];
    const rdb_value *of_room[SOURCES_INLINE];
} column_sources;

/* Push room (only for many columns) for the sources and fill in what is the same for all instances. pk: NULL while no key was generated. */
static void find_sources(lua_State *L, const insertion *insert, const rdb_value *pk, column_sources *sources) {
    const rlua_plan *plan = insert->plan;
    sources->n = plan->objects[0].last;
    size_t n = (size_t)sources->n;
    luaL_checkstack(L, 3 * sources->n + LUA_MINSTACK, "too many columns");
    sources->read = sources->read_room;
    sources->of = sources->of_room;
    if (n > SOURCES_INLINE) {
        sources->read = (rdb_value *)lua_newuserdatauv(L, n * (sizeof(rdb_value) + sizeof(rdb_value *)), 0);
        sources->of = (const rdb_value **)(void *)(sources->read + n);
    }
    for (int c = 0; c < sources->n; c++) {
        int bound = plan->insert_of[c];
        sources->of[c] = bound >= 0 ? &insert->params.values[bound] : bound == RLUA_INSERT_PK ? pk : &sources->read[c];
    }
}

/* Read column c from the instance; what the value borrows from stays on the stack. */
static void read_column(lua_State *L, insertion *insert, int instance, int c, rdb_value *out) {
    lua_rawgeti(L, insert->anchor, rlua_anchor_column(c));
    lua_rawget(L, instance);
    if (rlua_params_convert(L, &insert->params, insert->plan->column_kinds[c], out, &insert->err) != 0) {
        *out = rdb_value_null(); /* not a value of this column: differs from whatever it becomes */
    }
}

/* Pack the columns as the originals of the instance; answers its row in the packer's block. A pk that was not generated is
 * read from the instance. */
static uint32_t pack_instance(lua_State *L, insertion *insert, const column_sources *sources, rlua_packer *packer,
                              int instance, const rdb_value *pk, int plan_index) {
    rdb_value given_pk = *pk;
    size_t room = 0;
    for (int c = 0; c < sources->n; c++) {
        if (sources->of[c] == &sources->read[c]) {
            read_column(L, insert, instance, c, &sources->read[c]);
        } else if (sources->of[c] == pk && pk->kind == RDB_KIND_NULL) {
            read_column(L, insert, instance, c, &given_pk);
            room += rlua_pack_room(&given_pk);
        }
        room += rlua_pack_room(sources->of[c]);
    }
    uint8_t *at = rlua_pack_begin(L, packer, room, plan_index, 0, 0);
    for (int c = 0; c < sources->n; c++) {
        at = rlua_pack(at, sources->of[c] == pk ? &given_pk : sources->of[c]);
    }
    rlua_pack_end(packer, at);
    return packer->block->n_rows;
}

/* -- one ------------------------------------------------------------------------------------------------------------ */

/* Whether the generated key is wanted: there is a pk key and the instance has no value for it. */
static bool wants_pk(lua_State *L, const insertion *insert, int instance) {
    if (lua_isnil(L, insert->pk)) {
        return false;
    }
    lua_pushvalue(L, insert->pk);
    int type = lua_rawget(L, instance);
    lua_pop(L, 1);
    return type == LUA_TNIL;
}

/* Set the generated key (NULL: none was generated). */
static void set_pk(lua_State *L, const insertion *insert, int instance, const rdb_value *pk) {
    if (pk->kind != RDB_KIND_NULL) {
        lua_pushvalue(L, insert->pk);
        lua_pushinteger(L, pk->as.integer);
        lua_rawset(L, instance);
    }
}

static void set_snapshot(lua_State *L, int instance, int block, uint32_t row) {
    lua_pushvalue(L, block);
    lua_rawseti(L, instance, RLUA_SLOT_SNAPSHOT);
    lua_pushinteger(L, row);
    lua_rawseti(L, instance, RLUA_SLOT_ROW);
}

/* core.insert(target, plan, instance) -> true | false
 * INSERT from the fields plan.insert names; fills the key plan.insert.pk when it was nil and takes the snapshot
 * (plan.columns). false: a field holds an expression, nothing was done. A bad field raises with `field`.
 * [-0, +1, v]   blocks */
static int l_insert(lua_State *L) {
    rlua_run run;
    insertion insert;
    rlua_plan *plan = rlua_check_plan(L, 2);
    rlua_run_prepare(L, &run, 1, 2, plan);
    luaL_checktype(L, 3, LUA_TTABLE);
    lua_settop(L, 3);
    enter(L, &insert, plan, 2);
    switch (read_fields(L, &insert, 3)) {
    case READ_EXPRESSION:
        lua_pushboolean(L, 0);
        return 1;
    case READ_FAILED:
        return raise_field(L, &insert, 2, 0);
    case READ_GOOD:
        break;
    }
    bool fill = wants_pk(L, &insert, 3);
    if (!rlua_run_start(&run, insert.params.values, insert.params.count)) {
        return rlua_run_fail(L, &run);
    }
    if (!rlua_run_drain(&run)) {
        rlua_run_end(&run, run.err.code);
        return rlua_run_fail(L, &run);
    }
    rdb_value pk = fill ? rdb_value_int64(rdb_query_last_insert_id(&run.query)) : rdb_value_null();
    rlua_run_end(&run, RDB_OK);
    set_pk(L, &insert, 3, &pk);
    if (plan->n_columns > 0) {
        lua_pushnil(L);
        rlua_packer packer = {.slot = lua_gettop(L)};
        column_sources sources;
        find_sources(L, &insert, &pk, &sources);
        uint32_t row = pack_instance(L, &insert, &sources, &packer, 3, &pk, 2);
        set_snapshot(L, 3, packer.slot, row);
    }
    rlua_run_report(L, &run, 1);
    lua_pushboolean(L, 1);
    return 1;
}

/* -- many ----------------------------------------------------------------------------------------------------------- */

/* What is known of an inserted instance until all are done. */
typedef struct inserted {
    int64_t pk;
    uint32_t row;   /* in its block */
    uint32_t block; /* in the list of blocks; 0: no snapshot */
    bool fill;      /* pk was generated */
} inserted;

/* Stack of the protected call, then the keys. */
enum { ARG_BATCH = 1, ARG_PLAN, ARG_INSTANCES, BLOCKS, DONE_ROWS, BLOCK };

typedef struct bulk_insert {
    rlua_plan *plan;
    rlua_run *run;
    insertion insert;
    lua_Integer first;
    lua_Integer last;
    lua_Integer position;   /* of the instance at hand, [out] of the one that stopped the batch */
    inserted *rows;         /* on the stack of the protected call */
    rdb_value pk; /* of the instance at hand; NULL when not generated */
    column_sources sources;
    rlua_packer packer;
    uint32_t n_blocks;
    bool started;           /* the statement has run: rdb_query_again() */
    bool failed;            /* [out] the database failed: run->err */
    bool expression;        /* [out] the instance at position has one */
} bulk_insert;

static bool execute(bulk_insert *batch) {
    rlua_run *run = batch->run;
    const rlua_params *params = &batch->insert.params;
    if (!batch->started) {
        batch->started = rlua_run_start(run, params->values, params->count);
        return batch->started && rlua_run_drain(run);
    }
    rdb_step step = rdb_query_again(&run->query, params->values, (size_t)params->count, &run->err);
    if (step > RDB_STEP_ROW) {
        step = rdb_query_wait(&run->query, step, &run->err);
    }
    return step == RDB_STEP_DONE && rlua_run_drain(run);
}

/* Insert the instance at the top. False: stop. */
static bool insert_next(lua_State *L, bulk_insert *batch, inserted *row) {
    int instance = lua_gettop(L);
    switch (read_fields(L, &batch->insert, instance)) {
    case READ_EXPRESSION:
        batch->expression = true;
        return false;
    case READ_FAILED:
        raise_field(L, &batch->insert, ARG_PLAN, batch->position);
        return false;
    case READ_GOOD:
        break;
    }
    row->fill = wants_pk(L, &batch->insert, instance);
    if (!execute(batch)) {
        batch->failed = true;
        return false;
    }
    batch->pk = rdb_value_null();
    if (row->fill) {
        row->pk = rdb_query_last_insert_id(&batch->run->query);
        batch->pk = rdb_value_int64(row->pk);
    }
    if (batch->plan->n_columns > 0) {
        const rlua_snapshot *before = batch->packer.block;
        row->row = pack_instance(L, &batch->insert, &batch->sources, &batch->packer, instance, &batch->pk, ARG_PLAN);
        if (batch->packer.block != before) {
            lua_pushvalue(L, BLOCK);
            lua_rawseti(L, BLOCKS, ++batch->n_blocks);
        }
        row->block = batch->n_blocks;
    }
    return true;
}

/* All are in the database: set keys and snapshots of the n first. */
static void settle_all(lua_State *L, const bulk_insert *batch, lua_Integer n) {
    uint32_t current = 0;
    for (lua_Integer i = 0; i < n; i++) {
        const inserted *row = &batch->rows[i];
        lua_rawgeti(L, ARG_INSTANCES, batch->first + i);
        int instance = lua_gettop(L);
        rdb_value pk = row->fill ? rdb_value_int64(row->pk) : rdb_value_null();
        set_pk(L, &batch->insert, instance, &pk);
        if (row->block != current) {
            current = row->block;
            lua_rawgeti(L, BLOCKS, current);
            lua_replace(L, BLOCK);
        }
        if (current != 0) {
            set_snapshot(L, instance, BLOCK, row->row);
        }
        lua_pop(L, 1);
    }
}

/* The protected call. Arguments: batch, plan, instances. */
static int insert_batch(lua_State *L) {
    bulk_insert *batch = lua_touserdata(L, ARG_BATCH);
    lua_Integer count = batch->last - batch->first + 1;
    lua_newtable(L);
    batch->rows = (inserted *)lua_newuserdatauv(L, sizeof(inserted) * (size_t)count, 0);
    lua_pushnil(L);
    batch->packer = (rlua_packer){.slot = BLOCK, .next_capacity = 4096};
    enter(L, &batch->insert, batch->plan, ARG_PLAN);
    find_sources(L, &batch->insert, &batch->pk, &batch->sources);
    int top = lua_gettop(L);
    lua_Integer i = 0;
    for (; i < count; i++) {
        batch->position = batch->first + i;
        if (lua_rawgeti(L, ARG_INSTANCES, batch->position) != LUA_TTABLE) {
            rlua_raise_code(L, RDB_E_MISUSE, "instance %d is not a table", (int)batch->position);
        }
        batch->rows[i] = (inserted){0};
        if (!insert_next(L, batch, &batch->rows[i])) {
            break;
        }
        lua_settop(L, top);
    }
    lua_settop(L, top);
    if (!batch->failed) {
        settle_all(L, batch, i);
    }
    return 0;
}

/* Set `index` in the error table on top. */
static void set_index(lua_State *L, lua_Integer position) {
    if (lua_istable(L, -1)) {
        lua_pushinteger(L, position);
        lua_setfield(L, -2, "index");
    }
}

/* core.insert_many(target, plan, instances, first, last) -> true | false, position
 * The same for instances[first .. last] with one prepared statement; the caller owns the transaction. false: the instance
 * at position holds an expression; those before it are inserted. An error has `index`, and no instance was changed.
 * [-0, +(1|2), v]   blocks */
static int l_insert_many(lua_State *L) {
    rlua_run run;
    bulk_insert batch = {.plan = rlua_check_plan(L, 2), .run = &run};
    rlua_run_prepare(L, &run, 1, 2, batch.plan);
    luaL_checktype(L, 3, LUA_TTABLE);
    batch.first = luaL_optinteger(L, 4, 1);
    batch.last = luaL_optinteger(L, 5, (lua_Integer)lua_rawlen(L, 3));
    lua_settop(L, 3);
    if (batch.last < batch.first) {
        lua_pushboolean(L, 1);
        return 1;
    }
    if (batch.last - batch.first >= INT32_MAX) {
        return rlua_raise_code(L, RDB_E_MISUSE, "core.insert_many: too many instances in one call");
    }
    lua_pushcfunction(L, insert_batch);
    lua_pushlightuserdata(L, &batch);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 3);
    run.started_ns = 0;
    int status = lua_pcall(L, 3, 0, 0);
    if (batch.started) {
        rlua_run_end(&run, batch.failed ? run.err.code : RDB_OK);
    }
    if (status != LUA_OK) {
        set_index(L, batch.position);
        return lua_error(L);
    }
    if (batch.failed) {
        rlua_run_report_failed(L, &run);
        rlua_push_error(L, &run.err, run.sql);
        set_index(L, batch.position);
        return lua_error(L);
    }
    lua_Integer inserted_rows = batch.expression ? batch.position - batch.first : batch.last - batch.first + 1;
    rlua_run_report(L, &run, inserted_rows);
    lua_pushboolean(L, !batch.expression);
    if (!batch.expression) {
        return 1;
    }
    lua_pushinteger(L, batch.position);
    return 2;
}

void rlua_open_inserts(lua_State *L) {
    static const luaL_Reg functions[] = {{"insert", l_insert}, {"insert_many", l_insert_many}, {NULL, NULL}};
    rlua_context_functions(L, functions);
}
