/* plan.c - core.plan{...}: reads and checks the description of a statement into one userdata. */
#include "plan.h"

#include <string.h>

#include "../statement_cache.h"

/* What core.plan reads before it knows how large the userdata will be. */
typedef struct plan_sizes {
    int params;
    int columns;
    int objects;
    int insert;
    const char *bound; /* "insert" or "update" */
} plan_sizes;

#define SPEC 1 /* stack index of the description */

static int fail(lua_State *L, const char *what) {
    return rlua_raise_code(L, RDB_E_MISUSE, "core.plan: %s", what);
}

/* The length of the list spec[key]; 0 when absent. */
static int count_of(lua_State *L, const char *key, lua_Unsigned most) {
    int type = lua_getfield(L, SPEC, key);
    if (type != LUA_TNIL && type != LUA_TTABLE) {
        fail(L, "params, columns, related and insert are lists");
    }
    lua_Unsigned count = type == LUA_TTABLE ? lua_rawlen(L, -1) : 0;
    lua_pop(L, 1);
    if (count > most) {
        fail(L, "too many params, columns, related objects or insert keys");
    }
    return (int)count;
}

static uint8_t check_kind(lua_State *L, int index) {
    const char *name = lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : "";
    int kind = rdb_kind_from_name(name);
    if (kind < 0 || kind == RDB_KIND_NULL) {
        rlua_raise_code(L, RDB_E_MISUSE, "core.plan: unknown kind \"%s\"", name);
    }
    return (uint8_t)kind;
}

static rlua_shape read_shape(lua_State *L) {
    static const char *const names[] = {
#define RDB_X(name, text) text,
        RLUA_SHAPE_MAP(RDB_X)
#undef RDB_X
    };
    lua_getfield(L, SPEC, "shape");
    const char *shape = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "none";
    for (int i = 0; i < RLUA_N_SHAPES; i++) {
        if (strcmp(shape, names[i]) == 0) {
            lua_pop(L, 1);
            return (rlua_shape)i;
        }
    }
    rlua_raise_code(L, RDB_E_MISUSE, "core.plan: unknown shape \"%s\"", shape);
    return RLUA_SHAPE_NONE;
}

/* Move spec[key] to anchor[place]. */
static void anchor_field(lua_State *L, int anchor, const char *key, int place) {
    lua_getfield(L, SPEC, key);
    lua_rawseti(L, anchor, place);
}

/* -- the parts ---------------------------------------------------------------------------------------------- */

static void read_params(lua_State *L, const rlua_plan *plan, uint8_t *kinds) {
    lua_getfield(L, SPEC, "params");
    for (int i = 0; i < plan->n_params; i++) {
        lua_rawgeti(L, -1, i + 1);
        kinds[i] = check_kind(L, -1);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* Read a list of { key, kind } pairs: kinds into C, keys into the anchor from place on. */
static void read_keys(lua_State *L, int anchor, const char *list, int count, lua_Integer place, uint8_t *kinds) {
    lua_getfield(L, SPEC, list);
    for (int i = 0; i < count; i++) {
        if (lua_rawgeti(L, -1, i + 1) != LUA_TTABLE) {
            fail(L, "a column is { key, kind }");
        }
        lua_rawgeti(L, -1, 2);
        kinds[i] = check_kind(L, -1);
        lua_pop(L, 1);
        int type = lua_rawgeti(L, -1, 1);
        if (type != LUA_TSTRING && type != LUA_TNUMBER) {
            lua_pop(L, 1);
            lua_pushinteger(L, i + 1); /* tuples need no key, but the anchor has no holes */
        }
        lua_rawseti(L, anchor, place + i);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* Integer entry[key] of the table on top, from least to most. */
static uint16_t read_position(lua_State *L, const char *key, int least, int most) {
    lua_getfield(L, -1, key);
    int whole = 0;
    lua_Integer number = lua_tointegerx(L, -1, &whole);
    lua_pop(L, 1);
    if (!whole || number < least || number > most) {
        rlua_raise_code(L, RDB_E_MISUSE, "core.plan: related.%s must be an integer from %d to %d", key, least, most);
    }
    return (uint16_t)number;
}

static void read_related_entry(lua_State *L, int anchor, const rlua_plan *plan, rlua_object *objects, int k) {
    rlua_object *object = &objects[k];
    object->parent = read_position(L, "parent", 0, k - 1);
    object->first = (uint16_t)(read_position(L, "first", 1, plan->n_columns) - 1);
    object->last = read_position(L, "last", object->first + 1, plan->n_columns);
    object->pk = (uint16_t)(object->first + read_position(L, "pk", 1, object->last - object->first) - 1);
    objects[object->parent].n_children++;
    lua_Integer place = rlua_anchor_attr(plan, k);
    if (lua_getfield(L, -1, "attr") != LUA_TSTRING) {
        fail(L, "related.attr must be a string");
    }
    lua_rawseti(L, anchor, place);
    if (lua_getfield(L, -1, "metatable") == LUA_TNIL) {
        lua_pop(L, 1);
        lua_pushboolean(L, 0);
    }
    lua_rawseti(L, anchor, place + 1);
    if (lua_getfield(L, -1, "model") == LUA_TNIL) {
        lua_pop(L, 1);
        lua_pushboolean(L, 0);
    }
    lua_rawseti(L, anchor, place + 2);
}

static void read_objects(lua_State *L, int anchor, const rlua_plan *plan, rlua_object *objects) {
    objects[0] = (rlua_object){.last = (uint16_t)plan->n_columns};
    if (plan->n_objects > 1 && plan->shape != RLUA_SHAPE_INSTANCE) {
        fail(L, "related objects need shape = \"instance\"");
    }
    lua_getfield(L, SPEC, "related");
    for (int k = 1; k < plan->n_objects; k++) {
        objects[k] = (rlua_object){0};
        if (lua_rawgeti(L, -1, k) != LUA_TTABLE) {
            fail(L, "related is a list of tables");
        }
        read_related_entry(L, anchor, plan, objects, k);
        lua_pop(L, 1);
        if (k == 1) {
            objects[0].last = objects[1].first;
        }
    }
    lua_pop(L, 1);
}

/* Which bound key each column of the main object is, so that a snapshot can be taken from the parameters. */
static void match_insert(lua_State *L, int anchor, rlua_plan *plan, int16_t *insert_of) {
    lua_rawgeti(L, anchor, RLUA_ANCHOR_PK);
    plan->pk_insert = -1;
    for (int c = 0; c < plan->n_columns; c++) {
        insert_of[c] = RLUA_INSERT_NONE;
        lua_rawgeti(L, anchor, rlua_anchor_column(c));
        if (lua_rawequal(L, -1, -2)) {
            insert_of[c] = RLUA_INSERT_PK;
        }
        for (int i = 0; i < plan->n_insert && insert_of[c] == RLUA_INSERT_NONE; i++) {
            lua_rawgeti(L, anchor, rlua_anchor_insert(plan, i));
            if (lua_rawequal(L, -1, -2) && plan->insert_kinds[i] == plan->column_kinds[c]) {
                insert_of[c] = (int16_t)i;
            }
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
    for (int i = 0; i < plan->n_insert; i++) {
        lua_rawgeti(L, anchor, rlua_anchor_insert(plan, i));
        if (lua_rawequal(L, -1, -2)) {
            plan->pk_insert = i;
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* -- core.plan ---------------------------------------------------------------------------------------------------- */

/* The userdata with its arrays behind the struct, all zero; the arrays are handed out as writable by the caller's
 * copies of the pointers. */
static rlua_plan *allocate(lua_State *L, const plan_sizes *sizes) {
    size_t limits = sizeof(uint32_t) * (size_t)sizes->insert;
    size_t objects = sizeof(rlua_object) * (size_t)sizes->objects;
    size_t insert_of = sizeof(int16_t) * (size_t)sizes->columns;
    size_t kinds = (size_t)sizes->params + (size_t)sizes->columns + (size_t)sizes->insert;
    size_t size = sizeof(rlua_plan) + limits + objects + insert_of + kinds;
    rlua_plan *plan = (rlua_plan *)lua_newuserdatauv(L, size, 1);
    memset(plan, 0, size);
    plan->n_params = sizes->params;
    plan->n_columns = sizes->columns;
    plan->n_objects = sizes->objects;
    plan->n_insert = sizes->insert;
    plan->limits = (const uint32_t *)(plan + 1);
    char *behind = (char *)(plan + 1) + limits;
    plan->objects = (const rlua_object *)(const void *)behind;
    plan->insert_of = (const int16_t *)(const void *)(behind + objects);
    plan->param_kinds = (const uint8_t *)behind + objects + insert_of;
    plan->column_kinds = plan->param_kinds + sizes->params;
    plan->insert_kinds = plan->column_kinds + sizes->columns;
    return plan;
}

static void read_sql(lua_State *L, int anchor, rlua_plan *plan) {
    if (lua_getfield(L, SPEC, "sql") != LUA_TSTRING) {
        fail(L, "sql must be a string");
    }
    plan->sql = lua_tolstring(L, -1, &plan->sql_len);
    plan->sql_hash = rdb__sql_hash(plan->sql, plan->sql_len);
    lua_rawseti(L, anchor, RLUA_ANCHOR_SQL);
    anchor_field(L, anchor, "database", RLUA_ANCHOR_DATABASE);
    anchor_field(L, anchor, "metatable", RLUA_ANCHOR_METATABLE);
    anchor_field(L, anchor, "model", RLUA_ANCHOR_MODEL);
}

/* The third item of each bound key: the most characters of a text. */
static void read_limits(lua_State *L, const rlua_plan *plan, uint32_t *limits) {
    for (int i = 0; i < plan->n_insert; i++) {
        lua_rawgeti(L, -1, i + 1);
        if (lua_rawgeti(L, -1, 3) != LUA_TNIL) {
            int whole = 0;
            lua_Integer limit = lua_tointegerx(L, -1, &whole);
            if (!whole || limit < 1 || plan->insert_kinds[i] != RDB_KIND_TEXT) {
                fail(L, "the third item of a bound key is the most characters of a text");
            }
            limits[i] = limit < UINT32_MAX ? (uint32_t)limit : 0;
        }
        lua_pop(L, 2);
    }
}

/* The statement for many rows, from the list on top: { SQL, rows }. */
static void read_many(lua_State *L, int anchor, rlua_plan *plan) {
    if (lua_getfield(L, -1, "many") == LUA_TTABLE) {
        lua_rawgeti(L, -1, 2);
        plan->many_rows = (int)lua_tointeger(L, -1);
        lua_pop(L, 1);
        if (plan->many_rows < 2 || plan->many_rows > 1000 || plan->n_insert == 0 ||
            lua_rawgeti(L, -1, 1) != LUA_TSTRING) {
            fail(L, "insert.many is { SQL text, number of rows }, from 2 to 1000");
        }
        plan->many_sql = lua_tolstring(L, -1, &plan->many_len);
        plan->many_hash = rdb__sql_hash(plan->many_sql, plan->many_len);
        lua_rawseti(L, anchor, RLUA_ANCHOR_MANY);
    }
    lua_pop(L, 1);
}

/* The arrays are the plan's own, writable here. */
static void read_bound(lua_State *L, int anchor, const char *list, rlua_plan *plan, uint8_t *kinds, uint32_t *limits) {
    read_keys(L, anchor, list, plan->n_insert, rlua_anchor_insert(plan, 0), kinds);
    if (lua_getfield(L, SPEC, list) == LUA_TTABLE) {
        read_limits(L, plan, limits);
        lua_getfield(L, -1, "pk");
        lua_rawseti(L, anchor, RLUA_ANCHOR_PK);
        if (strcmp(list, "update") == 0) {
            plan->n_keys = read_position(L, "keys", 1, plan->n_insert);
        } else {
            read_many(L, anchor, plan);
        }
    }
    lua_pop(L, 1);
}

/* core.plan{ sql=, database=, params=, shape=, columns=, metatable=, model=, related=, insert=, update= } -> plan
 *   params   { kind, ... }             columns  { {key, kind}, ... }
 *   shape    "instance", "dict", "tuple", "flat", "none" (default)
 *   related  { {attr=, parent=, first=, last=, pk=, metatable=, model=}, ... }
 *   insert   { {key, kind [, most characters]}, ..., pk = key }   fields that core.insert binds
 *            many = { SQL text for so many rows at once, rows }: for core.insert_many
 *   update   { {key, kind [, most characters]}, ..., keys = n }    fields that core.update binds, then n that find the
 * row Reads the tables once; raises misuse for what makes no sense.   [-0, +1, v] */
static int l_plan(lua_State *L) {
    luaL_checktype(L, SPEC, LUA_TTABLE);
    lua_settop(L, 1);
    plan_sizes sizes = {
        .params = count_of(L, "params", INT16_MAX * 4),
        .columns = count_of(L, "columns", RLUA_MAX_COLUMNS),
        .objects = 1 + count_of(L, "related", RLUA_MAX_OBJECTS),
    };
    sizes.bound = lua_getfield(L, SPEC, "update") == LUA_TNIL ? "insert" : "update";
    sizes.insert = count_of(L, sizes.bound, RLUA_MAX_COLUMNS);
    lua_settop(L, 1);
    rlua_plan *plan = allocate(L, &sizes);
    lua_createtable(L, RLUA_ANCHOR_KEYS + sizes.columns + 3 * sizes.objects + sizes.insert, 0);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 2, 1);
    uint8_t *kinds = (uint8_t *)(plan + 1) + (plan->param_kinds - (const uint8_t *)(plan + 1));
    uint32_t *limits = (uint32_t *)(plan + 1);
    rlua_object *objects = (rlua_object *)(void *)(limits + sizes.insert);
    read_sql(L, 3, plan);
    plan->shape = read_shape(L);
    read_params(L, plan, kinds);
    read_keys(L, 3, "columns", plan->n_columns, rlua_anchor_column(0), kinds + plan->n_params);
    read_objects(L, 3, plan, objects);
    read_bound(L, 3, sizes.bound, plan, kinds + plan->n_params + plan->n_columns, limits);
    match_insert(L, 3, plan, (int16_t *)(void *)(objects + plan->n_objects));
    if (plan->shape != RLUA_SHAPE_NONE && plan->n_columns == 0) {
        fail(L, "this shape needs columns");
    }
    lua_settop(L, 2);
    rlua_context_set(L, RLUA_PLAN);
    rlua_context_here(L)->plans++;
    return 1;
}

rlua_plan *rlua_check_plan(lua_State *L, int index) {
    rlua_plan *plan = rlua_context_test(L, rlua_context_here(L), index, RLUA_PLAN);
    if (plan == NULL) {
        rlua_raise_code(L, RDB_E_MISUSE, "argument %d must be a plan, got %s", index, luaL_typename(L, index));
    }
    return plan;
}

const char *rlua_plan_label(lua_State *L, int plan_index, const rlua_plan *plan, int object) {
    int top = lua_gettop(L);
    rlua_plan_anchor(L, plan_index);
    if (lua_rawgeti(L, -1, rlua_anchor_model(plan, object)) == LUA_TTABLE) {
        lua_pushliteral(L, "_meta");
        if (lua_rawget(L, -2) == LUA_TTABLE) {
            lua_pushliteral(L, "label");
            lua_rawget(L, -2);
        }
    }
    if (lua_type(L, -1) != LUA_TSTRING) {
        lua_pushliteral(L, "row");
    }
    lua_replace(L, top + 1);
    lua_settop(L, top + 1);
    return lua_tostring(L, -1);
}

static int l_plan_gc(lua_State *L) {
    rlua_context_here(L)->plans--;
    return 0;
}

static int l_plan_tostring(lua_State *L) {
    lua_pushfstring(L, "rdb.plan (%s)", ((const rlua_plan *)lua_touserdata(L, 1))->sql);
    return 1;
}

void rlua_open_plans(lua_State *L) {
    static const luaL_Reg meta[] = {{"__gc", l_plan_gc}, {"__tostring", l_plan_tostring}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"plan", l_plan}, {NULL, NULL}};
    rlua_context_define(L, RLUA_PLAN, "rdb.plan", meta, NULL);
    rlua_context_functions(L, functions);
}
