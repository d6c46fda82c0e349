/* source_checksum.c - a checksum of what a Lua file says, for migrations that must not change once they are applied.
 *
 * Comments, a byte order mark, the kind of line ends and the amount of white space between tokens do not count, so an
 * editor or a newer writer cannot make an applied file look edited. The hash is FNV-1a with 64 bits: it finds edits, it
 * does not defend against forgery. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "bindings.h"

#define FNV_OFFSET UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME  UINT64_C(0x100000001b3)

/* A position in the text, and the hash of what was read. */
typedef struct reader {
    const char *at, *end;
    uint64_t hash;
    bool begun; /* something was hashed */
    bool space; /* white space or a comment stands before what comes next */
} reader;

static bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void hash_byte(reader *self, char c) {
    self->hash = (self->hash ^ (unsigned char)c) * FNV_PRIME;
}

/* Take one character as it is; a line end of any kind is one \n. */
static void take(reader *self) {
    if (self->space && self->begun) {
        hash_byte(self, ' ');
    }
    self->space = false;
    self->begun = true;
    char c = *self->at++;
    if (c == '\r') {
        self->at += self->at < self->end && *self->at == '\n';
        c = '\n';
    }
    hash_byte(self, c);
}

/* The level of the long bracket [=*[ at `at`, or -1. */
static int long_bracket(const reader *self, const char *at) {
    int level = 0;
    if (at == self->end || *at != '[') {
        return -1;
    }
    for (at++; at < self->end && *at == '='; at++) {
        level++;
    }
    return at < self->end && *at == '[' ? level : -1;
}

/* Does a closing long bracket of this level begin at `at`? */
static bool closes(const reader *self, const char *at, int level) {
    if (self->end - at < level + 2 || *at != ']') {
        return false;
    }
    for (int i = 1; i <= level; i++) {
        if (at[i] != '=') {
            return false;
        }
    }
    return at[level + 1] == ']';
}

/* What follows a long bracket of this level that begins at `at`. */
static const char *after_long_bracket(const reader *self, const char *at, int level) {
    for (at += level + 2; at < self->end; at++) {
        if (closes(self, at, level)) {
            return at + level + 2;
        }
    }
    return self->end;
}

static void take_until(reader *self, const char *end) {
    while (self->at < end) {
        take(self);
    }
}

static void take_quoted(reader *self) {
    char quote = *self->at;
    take(self);
    while (self->at < self->end) {
        char c = *self->at;
        take(self);
        if (c == quote) {
            return;
        }
        if (c == '\\' && self->at < self->end) {
            take(self);
        }
    }
}

static void skip_comment(reader *self) {
    self->at += 2;
    int level = long_bracket(self, self->at);
    if (level >= 0) {
        self->at = after_long_bracket(self, self->at, level);
    } else {
        while (self->at < self->end && *self->at != '\n' && *self->at != '\r') {
            self->at++;
        }
    }
    self->space = true;
}

static void take_token(reader *self) {
    char c = *self->at;
    if (is_space(c)) {
        self->space = true;
        self->at++;
    } else if (c == '-' && self->end - self->at > 1 && self->at[1] == '-') {
        skip_comment(self);
    } else if (c == '"' || c == '\'') {
        take_quoted(self);
    } else {
        int level = long_bracket(self, self->at);
        take_until(self, level >= 0 ? after_long_bracket(self, self->at, level) : self->at + 1);
    }
}

/* core.source_checksum(text) -> "fnv1a64:" and 16 hexadecimal digits   [-0, +1, v] */
static int l_source_checksum(lua_State *L) {
    size_t length;
    luaL_checktype(L, 1, LUA_TSTRING);
    const char *text = lua_tolstring(L, 1, &length);
    reader self = {.at = text, .end = text + length, .hash = FNV_OFFSET};
    if (length >= 3 && text[0] == '\xEF' && text[1] == '\xBB' && text[2] == '\xBF') {
        self.at += 3;
    }
    while (self.at < self.end) {
        take_token(&self);
    }
    char digits[17];
    snprintf(digits, sizeof digits, "%016llx", (unsigned long long)self.hash);
    lua_pushfstring(L, "fnv1a64:%s", digits);
    return 1;
}

void rlua_open_source_checksum(lua_State *L) {
    lua_pushcfunction(L, l_source_checksum);
    lua_setfield(L, -2, "source_checksum");
}
