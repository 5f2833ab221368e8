/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <stdbool.h>
#include <string.h>

#include "err.h"
#include "vis.h"

static bool
is_plain(unsigned char c)
{
	/* strchr() would find the NUL, but that is not above a blank. */
	return c > ' ' && c < 0x7f && !strchr("#\\*?[", c);
}

int
vis_add(struct buf *b, const char *s)
{
	size_t old_len = b->len, run;
	int err = 0;

	while (*s && err == 0) {
		for (run = 0; is_plain((unsigned char)s[run]); run++)
			;
		err = buf_add(b, s, run);
		s += run;
		if (*s && err == 0)
			err = buf_addf(b, "\\%03o", (unsigned char)*s++);
	}
	if (err < 0 && b->data) {
		b->len = old_len;
		b->data[b->len] = '\0';
	}
	return err;
}

/* The byte of the escape "\ooo" at s; 0 if it is none. */
static unsigned int
escaped_byte(const char *s)
{
	unsigned int value = 0;

	for (int i = 1; i <= 3; i++) {
		if (s[i] < '0' || s[i] > '7')
			return 0;
		value = value * 8 + (unsigned int)(s[i] - '0');
	}
	return value <= 0xff ? value : 0;
}

int
vis_undo(char *s)
{
	const char *from;
	char *to = s;

	/* Looked at first, so that a bad text is left as it was. */
	for (from = s; *from; from++) {
		if (*from == '\\' && escaped_byte(from) == 0)
			return ERR_FORMAT;
	}
	for (from = s; *from; to++) {
		if (*from == '\\') {
			*to = (char)escaped_byte(from);
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
	return 0;
}
