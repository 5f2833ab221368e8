/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_JSON_H
#define DI_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

/*
 * Writes one flat or nested JSON object (RFC 8259) into a buffer. Keys are
 * ours (plain ASCII). Errors of the buffer are kept and told by json_end.
 */
struct json {
	struct buf *out;
	bool comma;
	int err;
};

void json_begin(struct json *j, struct buf *out);	/* writes { */
int json_end(struct json *j);				/* writes }; 0 or error */
/* A string that must be UTF-8; bytes that are not become U+FFFD. */
void json_str(struct json *j, const char *key, const char *value);
/*
 * A path or other foreign name: KEY where it is UTF-8; where it is not, KEY
 * with U+FFFD for odd bytes and KEY_hex with all bytes in hex.
 */
void json_path(struct json *j, const char *key, const char *value);
void json_num(struct json *j, const char *key, long long value);
void json_bool(struct json *j, const char *key, bool value);
/* An array of strings. */
void json_strs(struct json *j, const char *key, char *const *values, size_t n);

/* True if all of s is valid UTF-8 (RFC 3629: no surrogates, no overlong). */
bool json_utf8(const char *s);

#endif
