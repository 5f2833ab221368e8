/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * In place of src/base/buf_reserve.c in fuzz targets: a buffer that is not
 * large has the memory that was asked for and no more, so that the address
 * sanitizer sees what goes past it.
 */
#include "buf.h"

#include <errno.h>
#include <stdlib.h>

#include "err.h"

#define LARGE ((size_t)32 << 10)

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
