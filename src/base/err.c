/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "err.h"

static const char *const texts[] = {
	[ERR_FORMAT - ERR_FORMAT] = "malformed data",
	[ERR_LIMIT - ERR_FORMAT] = "larger than the limit",
	[ERR_BUSY - ERR_FORMAT] = "locked by another process",
	[ERR_VERSION - ERR_FORMAT] = "written by a newer version",
	[ERR_UNSUPPORTED - ERR_FORMAT] = "not supported by the file system",
	[ERR_NOT_REGULAR - ERR_FORMAT] = "not a regular file",
	[ERR_UNSAFE - ERR_FORMAT] = "unsafe link or owner",
	[ERR_CHILD - ERR_FORMAT] = "a helper program failed",
	[ERR_REFUSED - ERR_FORMAT] = "refused",
	[ERR_AGAIN - ERR_FORMAT] = "to be begun again",
};

const char *
err_text(int err)
{
	const char *text;

	if (err >= ERR_FORMAT && err <= ERR_AGAIN)
		return texts[err - ERR_FORMAT];
	/* Unlike strerror() this has no buffer and no translation. */
	if (err > 0 || err < -4095)
		return "unknown error";
	text = strerrordesc_np(-err);
	return text ? text : "unknown error";
}

int
diag_set(struct diag *d, int err, const char *file, unsigned long line,
         const char *fmt, ...)
{
	va_list ap;

	if (!d)
		return err;
	d->line = line;
	snprintf(d->file, sizeof(d->file), "%s", file ? file : "");
	va_start(ap, fmt);
	if (vsnprintf(d->what, sizeof(d->what), fmt, ap) < 0)
		d->what[0] = '\0';
	va_end(ap);
	return err;
}

void
diag_text(const struct diag *d, char *text, size_t size)
{
	char number[32] = "";

	if (size == 0)
		return;
	if (d->line)
		snprintf(number, sizeof(number), "%lu", d->line);
	snprintf(text, size, "%s%s%s%s%s", d->file,
	         d->file[0] && number[0] ? ":" : "", number,
	         (d->file[0] || number[0]) && d->what[0] ? ": " : "", d->what);
}
