/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <stdint.h>
#include <string.h>

#include "base64.h"
#include "err.h"

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int
base64_add(struct buf *out, const void *data, size_t n)
{
	const unsigned char *from = data;
	uint32_t bits = 0;
	unsigned int have = 0;
	char *to;
	int err;

	if (n > out->max)	/* so that the sum below cannot overflow */
		return ERR_LIMIT;
	err = buf_reserve(out, n / 3 * 4 + (n % 3 > 0 ? n % 3 + 1 : 0));
	if (err < 0)
		return err;
	to = out->data + out->len;
	for (size_t i = 0; i < n; i++) {
		bits = bits << 8 | from[i];
		for (have += 8; have >= 6; have -= 6)
			*to++ = digits[bits >> (have - 6) & 63];
	}
	if (have > 0)
		*to++ = digits[bits << (6 - have) & 63];
	*to = '\0';
	out->len = (size_t)(to - out->data);
	return 0;
}

/* 0 to 63; -1: no digit. */
static int
value_of(char c)
{
	const char *at = c == '\0' ? NULL : strchr(digits, c);

	return at == NULL ? -1 : (int)(at - digits);
}

int
base64_undo(const char *text, size_t n, struct buf *out)
{
	uint32_t bits = 0;
	unsigned int have = 0;
	size_t old = out->len;
	int err;

	err = buf_reserve(out, n / 4 * 3 + n % 4);
	if (err < 0)
		return err;
	for (size_t i = 0; i < n; i++) {
		int v = value_of(text[i]);

		if (v < 0)
			goto bad;
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out->data[out->len++] = (char)(bits >> have & 255);
		}
	}
	/* a whole digit left over, or bits that no byte put there */
	if (have == 6 || (bits & ((1u << have) - 1)) != 0)
		goto bad;
	out->data[out->len] = '\0';
	return 0;
bad:
	out->len = old;
	out->data[old] = '\0';
	return ERR_FORMAT;
}
