/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_LINES_H
#define DI_LINES_H

#include <stdbool.h>
#include <stddef.h>

/* Walks the lines of a text that need not end in a newline or a NUL. */
struct lines {
	const char *at;
	const char *end;
	unsigned long number;	/* of the line last returned; 1 is the first */
};

void lines_init(struct lines *l, const char *text, size_t len);

/* The next line without its newline; false at the end. Borrows the text. */
bool lines_next(struct lines *l, const char **ret_line, size_t *ret_len);

/*
 * Decimal number of exactly n bytes, no sign, no blanks, at most max.
 * 0, or ERR_FORMAT.
 */
int lines_number(const char *s, size_t n, unsigned long long max,
                 unsigned long long *ret);

#endif
