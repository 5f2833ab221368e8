/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * In place of src/base/arena.c in fuzz targets: a piece of memory for each
 * allocation, so that the address sanitizer sees where one ends.
 */
#include "arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct arena {
	void **pieces;
	size_t n;
	size_t cap;
};

struct arena *
arena_new(void)
{
	return calloc(1, sizeof(struct arena));
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < a->n; i++)
		free(a->pieces[i]);
	free(a->pieces);
	free(a);
}

void *
arena_alloc(struct arena *a, size_t n)
{
	if (a->n == a->cap) {
		size_t cap = a->cap > 0 ? a->cap * 2 : 16;
		void **pieces = reallocarray(a->pieces, cap, sizeof(*pieces));

		if (pieces == NULL)
			return NULL;
		a->pieces = pieces;
		a->cap = cap;
	}
	if (n > PTRDIFF_MAX)
		return NULL;
	a->pieces[a->n] = calloc(1, n > 0 ? n : 1);
	return a->pieces[a->n] == NULL ? NULL : a->pieces[a->n++];
}

char *
arena_strndup(struct arena *a, const char *s, size_t n)
{
	size_t len = n > 0 ? strnlen(s, n) : 0;
	char *copy = arena_alloc(a, len + 1);

	if (copy != NULL && len > 0)
		memcpy(copy, s, len);
	return copy;
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}
