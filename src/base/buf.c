/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "err.h"

void
buf_init(struct buf *b, size_t max)
{
	b->data = NULL;
	b->len = 0;
	b->cap = 0;
	b->max = max ? max : BUF_MAX_DEFAULT;
	/* So that len, the NUL and doubling never overflow. */
	if (b->max > SIZE_MAX / 4)
		b->max = SIZE_MAX / 4;
}

void
buf_free(struct buf *b)
{
	free(b->data);
	b->data = NULL;
	b->len = 0;
	b->cap = 0;
}

void
buf_clear(struct buf *b)
{
	b->len = 0;
	if (b->data)
		b->data[0] = '\0';
}

int
buf_add(struct buf *b, const void *data, size_t n)
{
	int err = buf_reserve(b, n);

	if (err < 0)
		return err;
	if (n > 0)
		memcpy(b->data + b->len, data, n);
	b->len += n;
	b->data[b->len] = '\0';
	return 0;
}

int
buf_add_str(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

int
buf_add_char(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

int
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int err, n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return errno == ENOMEM ? -ENOMEM : ERR_LIMIT;
	err = buf_reserve(b, (size_t)n);
	if (err < 0)
		return err;

	va_start(ap, fmt);
	n = vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->data[b->len] = '\0';
		return -ENOMEM;
	}
	b->len += (size_t)n;
	return 0;
}

static int
add_little_endian(struct buf *b, unsigned long long v, size_t n)
{
	unsigned char bytes[8];

	for (size_t i = 0; i < n; i++) {
		bytes[i] = (unsigned char)(v & 0xff);
		v >>= 8;
	}
	return buf_add(b, bytes, n);
}

int
buf_add_u32(struct buf *b, unsigned int v)
{
	return add_little_endian(b, v, 4);
}

int
buf_add_u64(struct buf *b, unsigned long long v)
{
	return add_little_endian(b, v, 8);
}
