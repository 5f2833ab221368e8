/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * In place of src/base/buf.c in fuzz targets: a buffer that is not large has
 * the memory that was asked for and no more, so that the address sanitizer
 * sees what goes past it.
 */
#include "buf.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"

#define LARGE ((size_t)32 << 10)

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max > 0 ? max : BUF_MAX_DEFAULT };
	if (b->max > SIZE_MAX / 4)
		b->max = SIZE_MAX / 4;
}

void
buf_free(struct buf *b)
{
	free(b->data);
	b->data = NULL;
	b->len = b->cap = 0;
}

void
buf_clear(struct buf *b)
{
	b->len = 0;
	if (b->data != NULL)
		b->data[0] = '\0';
}

int
buf_reserve(struct buf *b, size_t more)
{
	size_t need = b->len + more + 1;
	char *data;

	if (b->len > b->max || more > b->max - b->len)
		return ERR_LIMIT;
	if (need == b->cap || (need < b->cap && b->cap > LARGE))
		return 0;
	if (need > LARGE && need <= b->max / 2)
		need *= 2;
	data = realloc(b->data, need);
	if (data == NULL)
		return -ENOMEM;
	data[b->len] = '\0';
	b->data = data;
	b->cap = need;
	return 0;
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
	char *text;
	va_list ap;
	int err, n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		return -ENOMEM;
	err = buf_add(b, text, (size_t)n);
	free(text);
	return err;
}

static int
add_little_endian(struct buf *b, unsigned long long v, size_t n)
{
	unsigned char bytes[8];

	for (size_t i = 0; i < n; i++)
		bytes[i] = (unsigned char)(v >> (8 * i));
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
