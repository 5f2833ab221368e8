/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <stdio.h>
#include <string.h>

#include "help.h"
#include "options.h"

#define COLUMN 34	/* where the words begin */

static const char head[] =
	"Usage: dpkg-immutable ACTION [OPTION]... [OPERAND]...\n"
	"  or:  dpkg-immutable [DPKG-OPTION]... DPKG-ACTION OPERAND...\n"
	"Keeps the files that packages installed immutable, save to dpkg.\n";

static const char tail[] =
	"\n"
	"With one of dpkg's actions --install, --unpack, --configure,\n"
	"--triggers-only, --remove and --purge it does what dpkg would do.\n"
	"Exit status: 0 all is well, 1 findings, 2 trouble; of --open that of\n"
	"its command, or 125 to 127.\n";

/* One row; further lines of its words stand below the first. */
static int
add_row(struct buf *out, const struct option_row *row)
{
	char left[80];
	const char *at = row->help;
	const char *between = row->arg == NULL ? "" :
	    row->kind == OPTION_VALUE || row->value ? "=" : " ";
	int r;

	if (row->letter != '\0')
		snprintf(left, sizeof(left), "  -%c, --%s%s%s", row->letter,
		         row->name, between,
		         row->arg != NULL ? row->arg : "");
	else
		snprintf(left, sizeof(left), "      --%s%s%s", row->name,
		         between, row->arg != NULL ? row->arg : "");
	if (strlen(left) > COLUMN - 1)
		r = buf_addf(out, "%s\n%*s", left, COLUMN, "");
	else
		r = buf_addf(out, "%-*s ", COLUMN - 1, left);
	while (r == 0 && *at != '\0') {
		size_t n = strcspn(at, "\n");

		if (at != row->help)
			r = buf_addf(out, "%*s", COLUMN, "");
		if (r == 0)
			r = buf_addf(out, "%.*s\n", (int)n, at);
		at += n + (at[n] == '\n');
	}
	return r;
}

static int
add_rows(struct buf *out, const char *title, bool actions)
{
	const struct option_row *row;
	int r = buf_addf(out, "\n%s:\n", title);

	for (size_t i = 0; r == 0 && (row = options_row(i)) != NULL; i++)
		if ((row->kind == OPTION_ACTION) == actions)
			r = add_row(out, row);
	return r;
}

int
help_text(struct buf *out)
{
	int r = buf_add_str(out, head);

	if (r == 0)
		r = add_rows(out, "Actions", true);
	if (r == 0)
		r = add_rows(out, "Options", false);
	return r < 0 ? r : buf_add_str(out, tail);
}

int
help_version(struct buf *out)
{
	return buf_add_str(out, "dpkg-immutable " DI_VERSION "\n"
	                   "Licence: GNU GPL version 2 or later. There is "
	                   "no warranty.\n");
}
