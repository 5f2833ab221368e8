/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <string.h>

#include "err.h"
#include "lines.h"

void
lines_init(struct lines *l, const char *text, size_t len)
{
	l->at = text;
	l->end = len ? text + len : text;
	l->number = 0;
}

bool
lines_next(struct lines *l, const char **ret_line, size_t *ret_len)
{
	const char *newline;
	size_t left;

	if (l->at == l->end)
		return false;
	left = (size_t)(l->end - l->at);
	newline = memchr(l->at, '\n', left);
	*ret_line = l->at;
	*ret_len = newline ? (size_t)(newline - l->at) : left;
	l->at = newline ? newline + 1 : l->end;
	l->number++;
	return true;
}

int
lines_number(const char *s, size_t n, unsigned long long max,
             unsigned long long *ret)
{
	unsigned long long v = 0;

	if (n == 0)
		return ERR_FORMAT;
	for (size_t i = 0; i < n; i++) {
		unsigned int digit = (unsigned int)(unsigned char)s[i] - '0';

		if (digit > 9 || digit > max || v > (max - digit) / 10)
			return ERR_FORMAT;
		v = v * 10 + digit;
	}
	*ret = v;
	return 0;
}
