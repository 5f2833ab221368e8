/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "found.h"

#include <stdbool.h>
#include <string.h>

#include "arena.h"

static bool
own(struct arena *a, const char **text)
{
	if (*text != NULL)
		*text = arena_strdup(a, *text);
	return *text != NULL;
}

void
found_add(struct found *f, const struct finding *one)
{
	struct finding copy = *one;

	if (f->n == FOUND_MAX)
		return;
	if (f->arena == NULL)
		f->arena = arena_new();
	if (f->arena == NULL || !own(f->arena, &copy.path))
		return;
	own(f->arena, &copy.package);
	own(f->arena, &copy.version);
	own(f->arena, &copy.expected);
	own(f->arena, &copy.actual);
	own(f->arena, &copy.copy);
	f->list[f->n++] = copy;
}

void
found_free(struct found *f)
{
	arena_free(f->arena);
	memset(f, 0, sizeof(*f));
}
