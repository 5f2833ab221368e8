/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/*
 * Findings as rpm -V and dpkg --verify print them, for programs that read
 * those: a line a path, so that one is printed when the next path comes.
 */
#include <stdbool.h>
#include <string.h>

#include "report_priv.h"

#define BIT(kind)	(1u << (kind))
#define COLUMNS		9

_Static_assert(FINDING_COUNT <= 32, "kinds fit into one number");

/* What a column stands for; the order is rpm's. */
static const struct column {
	char letter;
	unsigned int kinds;
} columns[COLUMNS] = {
	{ 'S', BIT(FINDING_SIZE) },
	{ 'M', BIT(FINDING_MODE) | BIT(FINDING_TYPE) },
	/* another size is other content, unread or not */
	{ '5', BIT(FINDING_CONTENT) | BIT(FINDING_SIZE) |
	       BIT(FINDING_CONFFILE) },
	{ 'D', 0 },
	{ 'L', BIT(FINDING_LINK) },
	{ 'U', 0 },		/* these two by what the owner was */
	{ 'G', 0 },
	{ 'T', BIT(FINDING_TIME) },
	{ 'P', BIT(FINDING_CAPABILITY) }
};

static const unsigned int no_column = BIT(FINDING_LEDGER) |
    BIT(FINDING_HISTORY) | BIT(FINDING_SELF) | BIT(FINDING_MOUNT) |
    BIT(FINDING_DATABASE) | BIT(FINDING_ACL) | BIT(FINDING_XATTR) |
    BIT(FINDING_HARDLINK) | BIT(FINDING_WRITER) | BIT(FINDING_FLAG) |
    BIT(FINDING_FOREIGN) | BIT(FINDING_UNRECORDED);

static void
fill_columns(const struct report_last *last, char text[COLUMNS + 1])
{
	char other = last->kinds & BIT(FINDING_UNKNOWN) ? '?' : '.';

	for (size_t i = 0; i < COLUMNS; i++) {
		const struct column *c = &columns[i];
		bool bad = (last->kinds & c->kinds) != 0 ||
		           (c->letter == 'U' && last->user) ||
		           (c->letter == 'G' && last->group);

		text[i] = bad ? c->letter : other;
	}
	text[COLUMNS] = '\0';
}

static int
add_rest(struct buf *out, unsigned int kinds)
{
	const char *before = " (";
	int r = 0;

	if ((kinds & no_column) == 0)
		return 0;
	for (unsigned int k = 0; r == 0 && k < FINDING_COUNT; k++) {
		if ((kinds & no_column & BIT(k)) == 0)
			continue;
		r = buf_addf(out, "%s%s", before,
		             finding_name((enum finding_kind)k));
		before = ", ";
	}
	return r < 0 ? r : buf_add_char(out, ')');
}

int
report_rpm_settle(struct report_last *last, struct buf *out)
{
	char text[COLUMNS + 1] = "missing  ";
	int r;

	if (!last->any)
		return 0;
	if ((last->kinds & BIT(FINDING_MISSING)) == 0 && !last->gone)
		fill_columns(last, text);
	r = buf_addf(out, "%s %c %s", text,
	             last->kinds & BIT(FINDING_CONFFILE) ? 'c' : ' ',
	             last->name.data);
	if (r == 0)
		r = add_rest(out, last->kinds);
	last->any = false;
	return r < 0 ? r : buf_add_char(out, '\n');
}

/* Which number of "UID:GID" is another? Both, if they can't be told apart. */
static void
compare_owner(struct report_last *last, const struct finding *f)
{
	const char *a = f->expected, *b = f->actual;
	const char *x = a != NULL ? strchr(a, ':') : NULL;
	const char *y = b != NULL ? strchr(b, ':') : NULL;

	if (x == NULL || y == NULL) {
		last->user = last->group = true;
		return;
	}
	if (x - a != y - b || memcmp(a, b, (size_t)(x - a)) != 0)
		last->user = true;
	if (strcmp(x, y) != 0)
		last->group = true;
}

int
report_rpm_finding(struct report_last *last, struct buf *out,
                   const struct finding *f)
{
	struct buf name;
	int r;

	buf_init(&name, 0);
	r = report_name(&name, f->path);
	if (r < 0) {
		buf_free(&name);
		return r;
	}
	if (last->any && strcmp(last->name.data, name.data) == 0) {
		buf_free(&name);
	} else {
		r = report_rpm_settle(last, out);
		buf_free(&last->name);
		*last = (struct report_last){ .any = true, .name = name };
	}
	last->kinds |= BIT(f->kind);
	if (f->kind == FINDING_OWNER)
		compare_owner(last, f);
	if (f->kind == FINDING_CONFFILE && f->actual != NULL &&
	    strcmp(f->actual, "gone") == 0)
		last->gone = true;
	return r;
}
