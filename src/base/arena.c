/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

enum { CHUNK_SIZE = 64 * 1024 };

struct chunk {
	struct chunk *next;
	size_t used;
	size_t size;
	alignas(max_align_t) char bytes[];
};

struct arena {
	struct chunk *first;	/* the one that is being filled */
};

struct arena *
arena_new(void)
{
	return calloc(1, sizeof(struct arena));
}

void
arena_free(struct arena *a)
{
	struct chunk *c, *next;

	if (!a)
		return;
	for (c = a->first; c; c = next) {
		next = c->next;
		free(c);
	}
	free(a);
}

void
arena_join(struct arena *to, struct arena *from)
{
	struct chunk **end = &to->first;

	if (!from)
		return;
	while (*end)
		end = &(*end)->next;
	*end = from->first;
	free(from);
}

static struct chunk *
chunk_new(size_t size)
{
	struct chunk *c;

	if (size > PTRDIFF_MAX - sizeof(*c))
		return NULL;
	c = calloc(1, sizeof(*c) + size);
	if (c)
		c->size = size;
	return c;
}

/* Something large gets a chunk of its own, behind the one being filled. */
static void *
alloc_large(struct arena *a, size_t n)
{
	struct chunk *c = chunk_new(n);

	if (!c)
		return NULL;
	c->used = n;
	if (a->first) {
		c->next = a->first->next;
		a->first->next = c;
	} else {
		a->first = c;
	}
	return c->bytes;
}

static void *
alloc_aligned(struct arena *a, size_t n, size_t align)
{
	struct chunk *c = a->first;
	size_t at;

	if (n > CHUNK_SIZE / 4)
		return alloc_large(a, n);
	at = c ? (c->used + align - 1) & ~(align - 1) : 0;
	if (!c || at > c->size || n > c->size - at) {
		c = chunk_new(CHUNK_SIZE);
		if (!c)
			return NULL;
		c->next = a->first;
		a->first = c;
		at = 0;
	}
	c->used = at + n;
	return c->bytes + at;
}

void *
arena_alloc(struct arena *a, size_t n)
{
	/* Two allocations never share an address, not even empty ones. */
	return alloc_aligned(a, n ? n : 1, alignof(max_align_t));
}

char *
arena_strndup(struct arena *a, const char *s, size_t n)
{
	size_t len = n ? strnlen(s, n) : 0;
	char *copy;

	if (len == SIZE_MAX)
		return NULL;
	copy = alloc_aligned(a, len + 1, 1);
	if (copy && len > 0)
		memcpy(copy, s, len);
	return copy;
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}
