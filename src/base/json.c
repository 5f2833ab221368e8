/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <string.h>

#include "json.h"

/*
 * Bytes of the valid UTF-8 sequence at s, 0 if there is none. Stops at the
 * NUL, which continues no sequence.
 */
static size_t
sequence(const unsigned char *s)
{
	unsigned char low = 0x80, high = 0xbf;	/* of the second byte */
	size_t n;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	switch (s[0]) {
	case 0xe0:		/* overlong */
		low = 0xa0;
		break;
	case 0xed:		/* surrogates */
		high = 0x9f;
		break;
	case 0xf0:		/* overlong */
		low = 0x90;
		break;
	case 0xf4:		/* beyond U+10FFFF */
		high = 0x8f;
		break;
	default:
		break;
	}
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

bool
json_utf8(const char *s)
{
	const unsigned char *at = (const unsigned char *)s;
	size_t n;

	for (; *at; at += n) {
		n = sequence(at);
		if (n == 0)
			return false;
	}
	return true;
}

/* Keeps the first error. */
static void
note(struct json *j, int err)
{
	if (j->err == 0)
		j->err = err;
}

static void
add(struct json *j, const char *s)
{
	if (j->err == 0)
		note(j, buf_add_str(j->out, s));
}

/* Escaped beyond what the RFC asks for: DEL and C1, for terminals' sake. */
static void
add_control(struct json *j, unsigned int c)
{
	switch (c) {
	case '\b':
		add(j, "\\b");
		break;
	case '\f':
		add(j, "\\f");
		break;
	case '\n':
		add(j, "\\n");
		break;
	case '\r':
		add(j, "\\r");
		break;
	case '\t':
		add(j, "\\t");
		break;
	default:
		note(j, buf_addf(j->out, "\\u%04x", c));
		break;
	}
}

/* Bytes that stand for themselves are added a run at a time. */
static size_t
plain_run(const unsigned char *s)
{
	size_t i = 0, n;

	for (;;) {
		if (s[i] < 0x20 || s[i] == 0x7f || s[i] == '"' ||
		    s[i] == '\\')
			return i;
		if (s[i] == 0xc2 && s[i + 1] >= 0x80 && s[i + 1] < 0xa0)
			return i;
		n = sequence(s + i);
		if (n == 0)
			return i;
		i += n;
	}
}

static void
add_string(struct json *j, const char *value)
{
	const unsigned char *s = (const unsigned char *)value;
	size_t n;

	add(j, "\"");
	while (j->err == 0) {
		n = plain_run(s);
		if (n > 0)
			note(j, buf_add(j->out, s, n));
		s += n;
		if (*s == '\0' || j->err != 0)
			break;
		if (*s == '"') {
			add(j, "\\\"");
		} else if (*s == '\\') {
			add(j, "\\\\");
		} else if (*s < 0x80) {
			add_control(j, *s);
		} else if (sequence(s) == 2) {
			add_control(j, s[1]);
			s++;
		} else {
			add(j, "\xef\xbf\xbd");
		}
		s++;
	}
	add(j, "\"");
}

static void
add_key(struct json *j, const char *key, const char *suffix)
{
	add(j, j->comma ? ",\"" : "\"");
	add(j, key);
	add(j, suffix);
	add(j, "\":");
	j->comma = true;
}

void
json_begin(struct json *j, struct buf *out)
{
	j->out = out;
	j->comma = false;
	j->err = 0;
	add(j, "{");
}

int
json_end(struct json *j)
{
	add(j, "}");
	return j->err;
}

void
json_str(struct json *j, const char *key, const char *value)
{
	add_key(j, key, "");
	add_string(j, value);
}

void
json_path(struct json *j, const char *key, const char *value)
{
	const unsigned char *s = (const unsigned char *)value;

	json_str(j, key, value);
	if (json_utf8(value))
		return;
	add_key(j, key, "_hex");
	add(j, "\"");
	for (; *s && j->err == 0; s++)
		note(j, buf_addf(j->out, "%02x", *s));
	add(j, "\"");
}

void
json_num(struct json *j, const char *key, long long value)
{
	add_key(j, key, "");
	if (j->err == 0)
		note(j, buf_addf(j->out, "%lld", value));
}

void
json_bool(struct json *j, const char *key, bool value)
{
	add_key(j, key, "");
	add(j, value ? "true" : "false");
}

void
json_strs(struct json *j, const char *key, char *const *values, size_t n)
{
	add_key(j, key, "");
	add(j, "[");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			add(j, ",");
		add_string(j, values[i]);
	}
	add(j, "]");
}
