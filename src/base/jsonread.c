/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "err.h"
#include "jsonread.h"

struct cursor {
	const char *at;
	const char *end;
	int depth;
};

/* A value's bytes and kind, by its first byte; no value begins with 0. */
struct span {
	const char *at;
	const char *end;
	char first;
};

static void
skip_blanks(struct cursor *c)
{
	while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' ||
	       *c->at == '\n' || *c->at == '\r'))
		c->at++;
}

/* The byte at the cursor, 0 at the end. */
static char
peek(const struct cursor *c)
{
	return c->at < c->end ? *c->at : '\0';
}

static bool
take(struct cursor *c, char want)
{
	skip_blanks(c);
	if (c->at == c->end || *c->at != want)
		return false;
	c->at++;
	return true;
}

static int
hex4(struct cursor *c, unsigned int *ret)
{
	unsigned int v = 0;

	if (c->end - c->at < 4)
		return ERR_FORMAT;
	for (int i = 0; i < 4; i++) {
		char d = *c->at++;

		if (d >= '0' && d <= '9')
			v = v * 16 + (unsigned int)(d - '0');
		else if (d >= 'a' && d <= 'f')
			v = v * 16 + (unsigned int)(d - 'a') + 10;
		else if (d >= 'A' && d <= 'F')
			v = v * 16 + (unsigned int)(d - 'A') + 10;
		else
			return ERR_FORMAT;
	}
	*ret = v;
	return 0;
}

static int
add_utf8(struct buf *out, unsigned int v)
{
	char b[4];
	size_t n = 0;

	if (v < 0x80) {
		b[n++] = (char)v;
	} else if (v < 0x800) {
		b[n++] = (char)(0xc0 | v >> 6);
		b[n++] = (char)(0x80 | (v & 0x3f));
	} else if (v < 0x10000) {
		b[n++] = (char)(0xe0 | v >> 12);
		b[n++] = (char)(0x80 | (v >> 6 & 0x3f));
		b[n++] = (char)(0x80 | (v & 0x3f));
	} else {
		b[n++] = (char)(0xf0 | v >> 18);
		b[n++] = (char)(0x80 | (v >> 12 & 0x3f));
		b[n++] = (char)(0x80 | (v >> 6 & 0x3f));
		b[n++] = (char)(0x80 | (v & 0x3f));
	}
	return buf_add(out, b, n);
}

/* Behind "\u"; the low half of a pair must follow the high one. */
static int
read_unicode(struct cursor *c, struct buf *out)
{
	unsigned int v, low;
	int r = hex4(c, &v);

	if (r < 0)
		return r;
	if (v >= 0xd800 && v <= 0xdbff) {
		if (c->end - c->at < 2 || c->at[0] != '\\' ||
		    c->at[1] != 'u')
			return ERR_FORMAT;
		c->at += 2;
		r = hex4(c, &low);
		if (r < 0 || low < 0xdc00 || low > 0xdfff)
			return ERR_FORMAT;
		v = 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00);
	} else if (v == 0 || (v >= 0xdc00 && v <= 0xdfff)) {
		return ERR_FORMAT;
	}
	return out == NULL ? 0 : add_utf8(out, v);
}

static int
read_escape(struct cursor *c, struct buf *out)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";
	const char *which;
	char letter = peek(c);

	if (letter == '\0')
		return ERR_FORMAT;
	c->at++;
	if (letter == 'u')
		return read_unicode(c, out);
	which = strchr(from, letter);
	if (which == NULL)
		return ERR_FORMAT;
	return out == NULL ? 0 : buf_add_char(out, to[which - from]);
}

/* Where bytes end that stand for themselves. Eight at once: strings are most
 * of a text, and some texts are long. */
static const char *
plain_end(const char *at, const char *end)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;

	for (; end - at >= 8; at += 8) {
		uint64_t word, quote, slash;

		memcpy(&word, at, 8);
		quote = word ^ ones * '"';
		slash = word ^ ones * '\\';
		if ((((quote - ones) & ~quote) | ((slash - ones) & ~slash) |
		     ((word - ones * 0x20) & ~word)) & high)
			break;
	}
	while (at < end && *at != '"' && *at != '\\' &&
	       (unsigned char)*at >= 0x20)
		at++;
	return at;
}

/* At its first quote. out NULL: only looked through. */
static int
read_string(struct cursor *c, struct buf *out)
{
	int r = 0;

	if (!take(c, '"'))
		return ERR_FORMAT;
	while (r == 0 && c->at < c->end && *c->at != '"') {
		const char *from = c->at;

		c->at = plain_end(from, c->end);
		if (out != NULL)
			r = buf_add(out, from, (size_t)(c->at - from));
		if (r < 0 || c->at == c->end || *c->at == '"')
			continue;
		if (*c->at != '\\')
			return ERR_FORMAT;
		c->at++;
		r = read_escape(c, out);
	}
	if (r < 0)
		return r;
	return take(c, '"') ? 0 : ERR_FORMAT;
}

static size_t
skip_digits(struct cursor *c)
{
	const char *from = c->at;

	while (c->at < c->end && *c->at >= '0' && *c->at <= '9')
		c->at++;
	return (size_t)(c->at - from);
}

static int
skip_number(struct cursor *c)
{
	if (peek(c) == '-')
		c->at++;
	if (peek(c) == '0')
		c->at++;
	else if (skip_digits(c) == 0)
		return ERR_FORMAT;
	if (peek(c) == '.') {
		c->at++;
		if (skip_digits(c) == 0)
			return ERR_FORMAT;
	}
	if (peek(c) == 'e' || peek(c) == 'E') {
		c->at++;
		if (peek(c) == '+' || peek(c) == '-')
			c->at++;
		if (skip_digits(c) == 0)
			return ERR_FORMAT;
	}
	return 0;
}

static int
skip_word(struct cursor *c, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0)
		return ERR_FORMAT;
	c->at += n;
	return 0;
}

typedef int member_fn(void *ctx, const struct cursor *key,
                      const struct span *value);
static int read_members(struct cursor *c, char close, member_fn *fn,
                        void *ctx);

static int
skip_value(struct cursor *c, struct span *ret)
{
	int r;

	skip_blanks(c);
	ret->at = c->at;
	ret->first = peek(c);
	switch (ret->first) {
	case '"':
		r = read_string(c, NULL);
		break;
	case '{':
		r = read_members(c, '}', NULL, NULL);
		break;
	case '[':
		r = read_members(c, ']', NULL, NULL);
		break;
	case 't':
		r = skip_word(c, "true");
		break;
	case 'f':
		r = skip_word(c, "false");
		break;
	case 'n':
		r = skip_word(c, "null");
		break;
	default:
		r = skip_number(c);
		break;
	}
	ret->end = c->at;
	return r;
}

/* One member of an object (with its name) or of an array (without). */
static int
read_member(struct cursor *c, bool named, member_fn *fn, void *ctx)
{
	struct cursor key = *c;
	struct span value;
	int r = 0;

	if (named) {
		skip_blanks(&key);
		c->at = key.at;
		r = read_string(c, NULL);
		key.end = c->at;
		if (r == 0 && !take(c, ':'))
			r = ERR_FORMAT;
	}
	if (r == 0)
		r = skip_value(c, &value);
	if (r == 0 && fn != NULL)
		r = fn(ctx, &key, &value);
	return r;
}

/* At the opening bracket; goes behind the closing one. */
static int
read_members(struct cursor *c, char close, member_fn *fn, void *ctx)
{
	int r;

	if (c->depth == JSONREAD_DEPTH)
		return ERR_LIMIT;
	c->depth++;
	c->at++;
	if (!take(c, close)) {
		do {
			r = read_member(c, close == '}', fn, ctx);
			if (r != 0)
				return r;
		} while (take(c, ','));
		if (!take(c, close))
			return ERR_FORMAT;
	}
	c->depth--;
	return 0;
}

struct wanted {
	const char *key;
	struct span value;
	bool found;
};

/* Keys are compared as they read, escapes undone: 1 the same, 0 not. */
static int
is_key(const struct cursor *key, const char *wanted)
{
	struct cursor c = *key;
	size_t n = (size_t)(c.end - c.at) - 2;
	struct buf name;
	int r;

	if (memchr(c.at, '\\', n + 2) == NULL)
		return n == strlen(wanted) && memcmp(c.at + 1, wanted, n) == 0;
	buf_init(&name, 0);
	r = read_string(&c, &name);
	if (r == 0)
		r = strcmp(name.len > 0 ? name.data : "", wanted) == 0;
	buf_free(&name);
	return r;
}

static int
find_member(void *ctx, const struct cursor *key, const struct span *value)
{
	struct wanted *w = ctx;
	int r = is_key(key, w->key);

	if (r <= 0)
		return r;
	if (w->found)
		return ERR_FORMAT;
	w->found = true;
	w->value = *value;
	return 0;
}

/* key NULL: only looked through. */
static int
find(const char *text, size_t len, const char *key, struct span *ret)
{
	struct cursor c = { text, len > 0 ? text + len : text, 0 };
	struct wanted w = { .key = key };
	int r;

	skip_blanks(&c);
	if (peek(&c) != '{')
		return ERR_FORMAT;
	r = read_members(&c, '}', key != NULL ? find_member : NULL, &w);
	if (r < 0)
		return r;
	skip_blanks(&c);
	if (c.at != c.end)
		return ERR_FORMAT;
	if (key == NULL)
		return 0;
	if (!w.found)
		return -ENOENT;
	*ret = w.value;
	return 0;
}

int
jsonread_check(const char *text, size_t len)
{
	return find(text, len, NULL, NULL);
}

static int
add_string(const struct span *s, struct buf *ret)
{
	struct cursor c = { s->at, s->end, 0 };
	size_t n = (size_t)(s->end - s->at);

	if (s->first != '"')
		return -ENOENT;
	if (memchr(s->at, '\\', n) == NULL)
		return buf_add(ret, s->at + 1, n - 2);
	return read_string(&c, ret);
}

/* What was added to b since it had len bytes is taken back. */
static int
undo(struct buf *b, size_t len, int err)
{
	if (err < 0 && b->data != NULL) {
		b->len = len;
		b->data[len] = '\0';
	}
	return err;
}

int
jsonread_str(const char *text, size_t len, const char *key, struct buf *ret)
{
	size_t old = ret->len;
	struct span s;
	int r = find(text, len, key, &s);

	return r < 0 ? r : undo(ret, old, add_string(&s, ret));
}

int
jsonread_num(const char *text, size_t len, const char *key, long long *ret)
{
	unsigned long long v = 0, max = LLONG_MAX;
	bool minus;
	struct span s;
	int r = find(text, len, key, &s);

	if (r < 0)
		return r;
	minus = s.first == '-';
	max += minus;
	for (const char *at = s.at + minus; at < s.end; at++) {
		unsigned int d = (unsigned int)(unsigned char)*at - '0';

		if (d > 9 || v > (max - d) / 10)
			return -ENOENT;
		v = v * 10 + d;
	}
	*ret = minus ? (long long)(0 - v) : (long long)v;
	return 0;
}

struct strings {
	const char *between;
	struct buf *out;
	bool any;
};

static int
add_one(void *ctx, const struct cursor *key, const struct span *value)
{
	struct strings *s = ctx;
	int r = 0;

	(void)key;
	if (s->any)
		r = buf_add_str(s->out, s->between);
	s->any = true;
	return r < 0 ? r : add_string(value, s->out);
}

int
jsonread_strs(const char *text, size_t len, const char *key,
              const char *between, struct buf *ret)
{
	struct strings strings = { .between = between, .out = ret };
	size_t old = ret->len;
	struct cursor c = { .depth = 0 };
	struct span s;
	int r = find(text, len, key, &s);

	if (r == 0 && s.first != '[')
		r = -ENOENT;
	if (r < 0)
		return r;
	c.at = s.at;
	c.end = s.end;
	return undo(ret, old, read_members(&c, ']', add_one, &strings));
}

struct each {
	jsonread_fn *fn;
	void *ctx;
	struct buf text;
};

static int
give_one(void *ctx, const struct cursor *key, const struct span *value)
{
	struct each *e = ctx;
	int r;

	(void)key;
	buf_clear(&e->text);
	r = add_string(value, &e->text);
	if (r < 0)
		return r == -ENOENT ? ERR_FORMAT : r;
	return e->fn(e->ctx, e->text.len > 0 ? e->text.data : "");
}

int
jsonread_each(const char *text, size_t len, const char *key, jsonread_fn *fn,
              void *ctx)
{
	struct each each = { .fn = fn, .ctx = ctx };
	struct cursor c = { .depth = 0 };
	struct span s;
	int r = find(text, len, key, &s);

	if (r == 0 && s.first != '[')
		r = ERR_FORMAT;
	if (r < 0)
		return r;
	c.at = s.at;
	c.end = s.end;
	buf_init(&each.text, 0);
	r = read_members(&c, ']', give_one, &each);
	buf_free(&each.text);
	return r;
}
