/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_NEAREST_H
#define DI_NEAREST_H

#include <stddef.h>

/* For "did you mean": which known word a mistyped one is nearest to. */

#define NEAREST_MAX 32		/* longer words are nobody's */

/*
 * Number of letters inserted, dropped, changed or swapped with their
 * neighbour to make b of a. Words over NEAREST_MAX bytes: SIZE_MAX.
 */
size_t nearest_distance(const char *a, const char *b);

/* Near enough to be meant, at that distance? */
int nearest_fits(const char *word, size_t distance);

#endif
