/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * Accepts what dpkg accepts when it reads its own database, and no more: a
 * last line without a newline is a truncated file to dpkg, so it is to us.
 */
#include "deb822.h"

#include <string.h>
#include <strings.h>

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

/* A single byte behind them, at the end of the text, is none to dpkg. */
static void
skip_empty_lines(struct deb822 *d)
{
	while (d->at < d->end && *d->at == '\n') {
		d->at++;
		d->line++;
	}
	if (d->at < d->end && d->end - d->at == 1)
		d->at = d->end;
}

void
deb822_init(struct deb822 *d, const char *file, const char *text, size_t len)
{
	d->file = file;
	d->at = text;
	d->end = len > 0 ? text + len : text;
	d->line = 1;
	skip_empty_lines(d);
}

bool
deb822_more(struct deb822 *d)
{
	return d->at < d->end;
}

/* Sets name and name_len; *ret_at is the byte after the colon. */
static int
take_name(struct deb822 *d, struct deb822_field *f, const char **ret_at,
          struct diag *diag)
{
	const char *p = d->at;

	while (p < d->end && *p != ':' && *p != '\n' && *p != '\0' &&
	       !blank(*p))
		p++;
	f->name = d->at;
	f->name_len = (size_t)(p - d->at);
	if (f->name_len == 0)
		return diag_set(diag, ERR_FORMAT, d->file, d->line,
		                "empty field name");
	if (f->name[0] == '-')
		return diag_set(diag, ERR_FORMAT, d->file, d->line,
		                "field name starts with a hyphen");
	while (p < d->end && blank(*p))
		p++;
	if (p == d->end || *p != ':')
		return diag_set(diag, ERR_FORMAT, d->file, d->line,
		                "field name without a colon");
	*ret_at = p + 1;
	return 0;
}

/*
 * Moves d to the line after the value that starts at p: the newline that ends
 * it is the first that no blank follows.
 */
static int
take_value(struct deb822 *d, const char *p, struct deb822_field *f,
           struct diag *diag)
{
	unsigned long line = d->line;
	const char *stop;

	while (p < d->end && blank(*p))
		p++;
	f->value = p;
	for (;;) {
		stop = memchr(p, '\n', (size_t)(d->end - p));
		if (!stop)
			return diag_set(diag, ERR_FORMAT, d->file, line,
			                "missing final newline");
		line++;
		p = stop + 1;
		if (p == d->end || !blank(*p))
			break;
	}
	while (stop > f->value && (blank(stop[-1]) || stop[-1] == '\n'))
		stop--;
	f->value_len = (size_t)(stop - f->value);
	if (memchr(f->value, '\0', f->value_len))
		return diag_set(diag, ERR_FORMAT, d->file, d->line,
		                "NUL byte in a value");
	d->at = p;
	d->line = line;
	return 0;
}

int
deb822_next(struct deb822 *d, struct deb822_field *ret, struct diag *diag)
{
	struct deb822_field f;
	const char *p = NULL;
	int err;

	if (d->at == d->end)
		return 0;
	if (*d->at == '\n') {
		skip_empty_lines(d);
		return 0;
	}
	f.line = d->line;
	err = take_name(d, &f, &p, diag);
	if (err == 0)
		err = take_value(d, p, &f, diag);
	if (err < 0)
		return err;
	*ret = f;
	return 1;
}

bool
deb822_is(const struct deb822_field *f, const char *name)
{
	return strncasecmp(f->name, name, f->name_len) == 0 &&
	       name[f->name_len] == '\0';
}
