/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <stdint.h>
#include <string.h>

#include "nearest.h"

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment; three rows of the table are enough. */
size_t
nearest_distance(const char *a, const char *b)
{
	size_t rows[3][NEAREST_MAX + 1];
	size_t *before = rows[0], *last = rows[1], *now = rows[2], *swap;
	size_t na = strlen(a), nb = strlen(b);

	if (na > NEAREST_MAX || nb > NEAREST_MAX)
		return SIZE_MAX;
	for (size_t k = 0; k <= nb; k++)
		last[k] = before[k] = k;
	for (size_t i = 1; i <= na; i++) {
		now[0] = i;
		for (size_t k = 1; k <= nb; k++) {
			size_t cost = a[i - 1] != b[k - 1];

			now[k] = least(last[k - 1] + cost,
			               least(last[k], now[k - 1]) + 1);
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] &&
			    a[i - 2] == b[k - 1])
				now[k] = least(now[k], before[k - 2] + 1);
		}
		swap = before;
		before = last;
		last = now;
		now = swap;
	}
	return last[nb];
}

int
nearest_fits(const char *word, size_t distance)
{
	/* A third of the letters wrong is another word. */
	return distance <= strlen(word) / 3 && distance <= 3;
}
