/* batch.c - the loop over a slice of instances: read, execute, keep; then give them keys and snapshots. */
#include "batch.h"

#include <string.h>

#include "hydrate.h"

static bool execute(rlua_batch *batch) {
    rlua_run *run = &batch->run;
    const rlua_params *params = &batch->insert.params;
    if (!batch->started) {
        batch->started = rlua_run_start(run, params->values, params->count);
        run->params = NULL; /* the report is about many rows */
        return batch->started && rlua_run_drain(run);
    }
    rdb_step step = rdb_query_again(&run->query, params->values, (size_t)params->count, &run->err);
    if (step > RDB_STEP_ROW) {
        step = rdb_query_wait(&run->query, step, &run->err);
    }
    return step == RDB_STEP_DONE && rlua_run_drain(run);
}

/* -- the protected call ------------------------------------------------------------------------------------------- */

/* The instance at index, the i-th, is written: give it its key and snapshot. */
static void settle(lua_State *L, rlua_batch *batch, int instance, lua_Integer i) {
    batch->row = 0;
    batch->verbs->keep(L, batch, instance);
    batch->filled[i] = batch->fill;
    rlua_batch_note_state(L, batch, instance, i);
    batch->changing = true;
    if (batch->fill) {
        rdb_value pk = rdb_value_int64(batch->pk);
        rlua_insertion_set_pk(L, &batch->insert, instance, &pk);
    }
    if (batch->row != 0) {
        rlua_insertion_attach(L, instance, RLUA_BATCH_BLOCK, batch->row);
    }
    batch->changing = false;
}

/* Write the instance at the top. False: stop. */
static bool write_one(lua_State *L, rlua_batch *batch) {
    int instance = lua_gettop(L);
    batch->fill = false;
    switch (batch->verbs->read(L, batch, instance)) {
    case RLUA_READ_OTHER:
        batch->stopped = true;
        return false;
    case RLUA_READ_FAILED:
        rlua_insertion_raise(L, &batch->insert, RLUA_BATCH_PLAN, batch->position);
        return false;
    case RLUA_READ_GOOD:
        break;
    }
    batch->nulls |= batch->insert.nulls;
    if (!execute(batch)) {
        batch->failed = true;
        return false;
    }
    batch->pk = batch->fill ? rdb_query_last_insert_id(&batch->run.query) : 0;
    settle(L, batch, instance, batch->position - batch->first);
    batch->position++;
    return true;
}

static void clear_nulls(lua_State *L, const rlua_batch *batch, lua_Integer n) {
    for (lua_Integer i = 0; i < n; i++) {
        lua_rawgeti(L, RLUA_BATCH_INSTANCES, batch->first + i);
        rlua_insertion_clear_nulls(L, &batch->insert, lua_gettop(L));
        lua_pop(L, 1);
    }
}

/* The value on top is a table, with the metatable of the plan if that has one. */
static bool is_instance(lua_State *L, const void *metatable) {
    if (lua_type(L, -1) != LUA_TTABLE || metatable == NULL) {
        return lua_type(L, -1) == LUA_TTABLE;
    }
    if (!lua_getmetatable(L, -1)) {
        return false;
    }
    bool same = lua_topointer(L, -1) == metatable;
    lua_pop(L, 1);
    return same;
}

/* Collect the values of the next instances. False: one of them is none, or cannot be written with the others. */
static bool collect_chunk(lua_State *L, rlua_batch *batch, const void *metatable) {
    size_t n = (size_t)batch->insert.params.count;
    bool good = true;
    batch->insert.together = true;
    for (int k = 0; k < batch->chunk.rows && good; k++) {
        lua_rawgeti(L, RLUA_BATCH_INSTANCES, batch->position + k);
        good = is_instance(L, metatable) && batch->verbs->read(L, batch, lua_gettop(L)) == RLUA_READ_GOOD;
        batch->nulls |= good && batch->insert.nulls;
        memcpy(batch->chunk.values + (size_t)k * n, batch->insert.params.values, n * sizeof(rdb_value));
    }
    batch->insert.together = false;
    return good;
}

/* Write as many instances as one statement takes. False: write the next one alone. */
static bool write_chunk(lua_State *L, rlua_batch *batch, const void *metatable) {
    rlua_chunk *chunk = &batch->chunk;
    if (chunk->values == NULL || !batch->started || batch->position < chunk->alone ||
        batch->last - batch->position + 1 < chunk->rows) {
        return false;
    }
    rlua_chunk_result result = RLUA_CHUNK_ALONE;
    if (collect_chunk(L, batch, metatable)) {
        result = rlua_chunk_execute(chunk, &batch->run, batch->plan);
    }
    if (result != RLUA_CHUNK_GOOD) {
        chunk->alone = batch->position + chunk->rows;
        batch->failed = result == RLUA_CHUNK_FAILED;
        return false;
    }
    size_t n = (size_t)batch->insert.params.count;
    int64_t last_pk = batch->fill ? rdb_query_last_insert_id(&chunk->query) : 0;
    for (int k = 0; k < chunk->rows; k++) {
        lua_rawgeti(L, RLUA_BATCH_INSTANCES, batch->position);
        memcpy(batch->insert.params.values, chunk->values + (size_t)k * n, n * sizeof(rdb_value));
        batch->pk = last_pk - (chunk->rows - 1 - k);
        settle(L, batch, lua_gettop(L), batch->position - batch->first);
        lua_pop(L, 1);
        batch->position++;
    }
    return true;
}

static void write_all(lua_State *L, rlua_batch *batch, const void *metatable) {
    int top = lua_gettop(L);
    while (batch->position <= batch->last) {
        if (!write_chunk(L, batch, metatable)) {
            lua_settop(L, top);
            lua_rawgeti(L, RLUA_BATCH_INSTANCES, batch->position);
            batch->stopped = !is_instance(L, metatable);
            if (batch->failed || batch->stopped || !write_one(L, batch)) {
                return;
            }
        }
        lua_settop(L, top);
        if (batch->held < 0 && batch->position - batch->first > RLUA_MANY_ROWS) {
            rlua_collector_hold(L, &batch->held);
        }
    }
}

/* Arguments: batch, plan, instances, states. */
static int run_batch(lua_State *L) {
    rlua_batch *batch = lua_touserdata(L, RLUA_BATCH_SELF);
    lua_pushnil(L);
    batch->packer = (rlua_packer){.slot = RLUA_BATCH_BLOCK, .next_capacity = 4096};
    rlua_insertion_enter(L, &batch->insert, batch->plan, RLUA_BATCH_PLAN);
    rlua_insertion_expect_many(L, &batch->insert);
    batch->verbs->enter(L, batch);
    rlua_chunk_enter(L, &batch->chunk, batch->plan);
    const void *metatable = NULL;
    if (lua_rawgeti(L, batch->insert.anchor, RLUA_ANCHOR_METATABLE) == LUA_TTABLE) {
        metatable = lua_topointer(L, -1);
    }
    int top = lua_gettop(L);
    write_all(L, batch, metatable);
    lua_settop(L, top);
    if (!batch->failed && batch->nulls) {
        clear_nulls(L, batch, batch->position - batch->first);
    }
    return 0;
}

/* -- around it ---------------------------------------------------------------------------------------------------- */

/* Stack of rlua_batch_run(). FIRST: the target, later the error. */
enum { FIRST = 1, PLAN, LIST, STATES, FILLED };

static void read_arguments(lua_State *L, rlua_batch *batch) {
    batch->plan = rlua_check_plan(L, PLAN);
    rlua_run_prepare(L, &batch->run, FIRST, PLAN, batch->plan);
    luaL_checktype(L, LIST, LUA_TTABLE);
    batch->first = luaL_optinteger(L, LIST + 1, 1);
    batch->last = luaL_optinteger(L, LIST + 2, (lua_Integer)lua_rawlen(L, LIST));
    lua_settop(L, LIST);
    if (batch->last >= batch->first && batch->last - batch->first >= INT32_MAX / 3) {
        rlua_raise_code(L, RDB_E_MISUSE, "too many instances in one call");
    }
    batch->position = batch->first;
    batch->affected = 0;
    batch->nulls = batch->has_states = batch->changing = false;
    batch->started = batch->failed = batch->stopped = false;
    batch->held = -1;
    batch->chunk = (rlua_chunk){0};
}

/* The error is on top: undo what was changed and raise it with `index`. */
static int fail(lua_State *L, const rlua_batch *batch) {
    if (lua_istable(L, -1)) {
        lua_pushinteger(L, batch->position);
        lua_setfield(L, -2, "index");
    }
    lua_replace(L, FIRST);
    lua_settop(L, FILLED);
    rlua_batch_undo(L, batch, batch->position - batch->first + batch->changing);
    lua_settop(L, FIRST);
    return lua_error(L);
}

void rlua_batch_run(lua_State *L, rlua_batch *batch, const rlua_batch_verbs *verbs) {
    read_arguments(L, batch);
    batch->verbs = verbs;
    if (batch->last < batch->first) {
        lua_pushinteger(L, 0);
        lua_pushnil(L);
        return;
    }
    size_t count = (size_t)(batch->last - batch->first + 1);
    lua_createtable(L, 1, 0);
    batch->filled = (bool *)lua_newuserdatauv(L, count * sizeof *batch->filled, 0);
    memset(batch->filled, 0, count * sizeof *batch->filled);
    lua_pushvalue(L, lua_upvalueindex(1)); /* the context */
    lua_pushcclosure(L, run_batch, 1);
    lua_pushlightuserdata(L, batch);
    lua_pushvalue(L, PLAN);
    lua_pushvalue(L, LIST);
    lua_pushvalue(L, STATES);
    batch->run.started_ns = 0;
    int status = lua_pcall(L, 4, 0, 0);
    rlua_chunk_end(&batch->chunk);
    if (batch->started) {
        rlua_run_end(&batch->run, batch->failed ? batch->run.err.code : RDB_OK);
    }
    rlua_collector_settle(L, batch->run.target.context, batch->held);
    if (status == LUA_OK && batch->failed) {
        rlua_run_report_failed(L, &batch->run);
        rlua_push_error(L, &batch->run.err, batch->run.sql);
    }
    if (status != LUA_OK || batch->failed) {
        fail(L, batch);
    }
    rlua_run_report(L, &batch->run, batch->position - batch->first);
    lua_pushinteger(L, batch->position - batch->first);
    lua_rawgeti(L, STATES, 1);
}
