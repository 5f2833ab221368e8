/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_FOUND_H
#define DI_FOUND_H

#include <stddef.h>

#include "finding.h"

/*
 * The first findings of a run, kept with their strings for its entry in the
 * history (transaction.h). Starts as zeros.
 */
#define FOUND_MAX 100

struct arena;

struct found {
	struct finding list[FOUND_MAX];
	size_t n;
	struct arena *arena;
};

/* Nothing where it is full, or memory is. */
void found_add(struct found *f, const struct finding *one);
void found_free(struct found *f);

#endif
