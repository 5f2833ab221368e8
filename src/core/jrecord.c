/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <string.h>

#include "crc32c.h"
#include "err.h"
#include "jrecord.h"

#define LATER_TRIES	4096

static uint64_t
le(const unsigned char *p, size_t n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | p[n];
	return v;
}

static void
put_le(unsigned char *to, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (unsigned char)(v >> (8 * i));
}

bool
jrecord_at(const unsigned char *data, size_t n, struct jrecord *ret)
{
	size_t len;

	if (n < JRECORD_HEAD + JRECORD_TAIL)
		return false;
	len = (size_t)le(data, 4);
	ret->type = (uint32_t)le(data + 4, 4);
	ret->id = le(data + 8, 8);
	if (len == 0 || len > n - JRECORD_HEAD - JRECORD_TAIL ||
	    ret->type < JRECORD_PLAN || ret->type > JRECORD_LAST)
		return false;
	ret->payload = data + JRECORD_HEAD;
	ret->len = len;
	ret->total = JRECORD_HEAD + len + JRECORD_TAIL;
	len += JRECORD_HEAD;
	return le(data + len, 4) == crc32c(0, data, len);
}

int
jrecord_word(const struct jrecord *rec, uint32_t *ret)
{
	if (rec->len != 4)
		return ERR_FORMAT;
	*ret = (uint32_t)le(rec->payload, 4);
	return 0;
}

bool
jrecord_later(const unsigned char *data, size_t n, uint64_t id)
{
	const unsigned char *at = data + 1, *hit;
	unsigned char bytes[8];
	struct jrecord rec;

	put_le(bytes, id, sizeof(bytes));
	for (int tries = 0; n > JRECORD_HEAD + JRECORD_TAIL; tries++) {
		size_t left = n - (size_t)(at - data);

		if (left < JRECORD_HEAD + JRECORD_TAIL)
			return false;
		hit = memmem(at + 8, left - 8, bytes, sizeof(bytes));
		if (hit == NULL)
			return false;
		hit -= 8;
		if (jrecord_at(hit, n - (size_t)(hit - data), &rec))
			return true;
		if (tries == LATER_TRIES)
			return true;	/* made to keep us busy */
		at = hit + 1;
	}
	return false;
}

int
jrecord_seal(struct buf *b, enum jrecord_type type, uint64_t id)
{
	static const char end[JRECORD_HEAD];
	unsigned char *head = (unsigned char *)b->data;
	int err;

	put_le(head, b->len - JRECORD_HEAD, 4);
	put_le(head + 4, type, 4);
	put_le(head + 8, id, 8);
	err = buf_add_u32(b, crc32c(0, b->data, b->len));
	return err == 0 ? buf_add(b, end, sizeof(end)) : err;
}
