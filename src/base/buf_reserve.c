/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "buf.h"

#include <errno.h>
#include <stdlib.h>

#include "err.h"

/* How much memory a buffer takes; apart, since fuzzers want it exact. */
enum { BUF_FIRST = 64 };

int
buf_reserve(struct buf *b, size_t more)
{
	size_t cap, need;
	char *data;

	if (b->len > b->max || more > b->max - b->len)
		return ERR_LIMIT;
	need = b->len + more + 1;
	if (need <= b->cap)
		return 0;
	cap = b->cap ? b->cap : BUF_FIRST;
	while (cap < need)
		cap *= 2;
	if (cap > b->max + 1)
		cap = b->max + 1;
	data = realloc(b->data, cap);
	if (!data)
		return -ENOMEM;
	data[b->len] = '\0';
	b->data = data;
	b->cap = cap;
	return 0;
}
