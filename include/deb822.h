/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#ifndef DI_DEB822_H
#define DI_DEB822_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

/*
 * deb822(5) as dpkg writes it: stanzas of "Field: value" with continuation
 * lines, an empty line between stanzas. Works on a text in memory, copies
 * nothing: names and values point into the text and are not terminated.
 */
struct deb822 {
	const char *file;	/* for messages; borrowed */
	const char *at;
	const char *end;
	unsigned long line;	/* of `at` */
};

struct deb822_field {
	const char *name;
	size_t name_len;
	const char *value;	/* first line without leading blanks, then
				 * "\n" and continuation lines as they stand */
	size_t value_len;
	unsigned long line;
};

void deb822_init(struct deb822 *d, const char *file, const char *text,
                 size_t len);

/*
 * The next field of the present stanza: 1 and *ret; 0 at the end of the
 * stanza (call again for the next stanza); ERR_FORMAT with *diag.
 * deb822_more() tells whether another stanza follows.
 */
int deb822_next(struct deb822 *d, struct deb822_field *ret, struct diag *diag);
bool deb822_more(struct deb822 *d);

/* Field names compare without case (Debian Policy 5.1). */
bool deb822_is(const struct deb822_field *f, const char *name);

#endif
