/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_ARENA_H
#define DI_ARENA_H

#include <stddef.h>

/* Memory that is freed all at once; for records of a database or a plan. */
struct arena;

struct arena *arena_new(void);		/* NULL: no memory */
void arena_free(struct arena *a);	/* NULL is fine */

/* All that `from` has is `to`'s from now on; `from` is gone, NULL is fine. */
void arena_join(struct arena *to, struct arena *from);

/* Zeroed, aligned for any type; NULL: no memory. */
void *arena_alloc(struct arena *a, size_t n);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_strdup(struct arena *a, const char *s);

#endif
