/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <limits.h>
#include <string.h>

#include "err.h"
#include "formatver.h"
#include "lines.h"

int
formatver_check(const char *line, size_t len, const char *words,
                unsigned int version)
{
	size_t n = strlen(words);
	unsigned long long found;

	if (len < n + 2 || memcmp(line, words, n) != 0 || line[n] != ' ' ||
	    lines_number(line + n + 1, len - n - 1, UINT_MAX, &found) < 0)
		return ERR_FORMAT;
	return found == version ? 0 : ERR_VERSION;
}
