/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */

/* Findings as text: a heading for each package, a line for each of them. */
#include <stdbool.h>
#include <string.h>

#include "report_priv.h"

static const char *const words[FINDING_COUNT] = {
	[FINDING_LEDGER] = "not the ledger that the history names",
	[FINDING_HISTORY] = "the chain is broken",
	[FINDING_SELF] = "our own, and not as it must be",
	[FINDING_MOUNT] = "something is mounted over it",
	[FINDING_DATABASE] = "dpkg's own record was changed",
	[FINDING_CONTENT] = "content differs",
	[FINDING_SIZE] = "size differs",
	[FINDING_TYPE] = "type of file differs",
	[FINDING_MISSING] = "missing",
	[FINDING_LINK] = "the symlink leads elsewhere",
	[FINDING_CAPABILITY] = "capabilities differ",
	[FINDING_MODE] = "mode differs",
	[FINDING_OWNER] = "owner differs",
	[FINDING_ACL] = "access control list differs",
	[FINDING_XATTR] = "extended attribute differs",
	[FINDING_HARDLINK] = "has other names as well (hard links)",
	[FINDING_WRITER] = "a process has it open for writing",
	[FINDING_FLAG] = "not immutable",
	[FINDING_FOREIGN] = "carries a flag that we did not set",
	[FINDING_TIME] = "modification time differs",
	[FINDING_UNRECORDED] = "nothing is recorded of this package",
	[FINDING_CONFFILE] = "conffile is not the package's own",
	[FINDING_UNKNOWN] = "could not be looked at"
};

/* Of the package that comes, if it is another one. */
static int
add_heading(struct report_last *last, struct buf *out,
            const struct finding *f, const char *color)
{
	bool known = f->package != NULL && f->package[0] != '\0';
	struct buf name;
	int r;

	buf_init(&name, 0);
	r = known ? report_name(&name, f->package) :
	    buf_add_str(&name, "of no package");
	if (r == 0 && known && f->version != NULL && f->version[0] != '\0') {
		r = buf_add_char(&name, ' ');
		if (r == 0)
			r = report_name(&name, f->version);
	}
	if (r < 0 || (last->any && strcmp(name.data, last->name.data) == 0)) {
		buf_free(&name);
		return r;
	}
	buf_free(&last->name);
	last->name = name;
	last->any = true;
	r = report_colored(out, color, name.data);
	return r < 0 ? r : buf_add_char(out, '\n');
}

/* The other end of a link and the like are as foreign as a path. */
static int
add_value(struct buf *out, const char *before, const char *value)
{
	int r = buf_add_str(out, before);

	return r < 0 ? r : report_name(out, value);
}

static int
add_finding(struct report_last *last, struct buf *out,
            const struct finding *f, const char *bold, const char *color)
{
	/* Of this the words say all. */
	bool plain = f->kind == FINDING_FLAG;
	int r = add_heading(last, out, f, bold);

	if (r == 0)
		r = add_value(out, "  ", f->path);
	if (r == 0)
		r = buf_add_str(out, ": ");
	if (r == 0)
		r = report_colored(out, color, words[f->kind]);
	if (r == 0 && f->expected != NULL && !plain)
		r = add_value(out, ": expected ", f->expected);
	if (r == 0 && f->actual != NULL && !plain)
		r = add_value(out, f->expected != NULL ? ", found " : ": ",
		              f->actual);
	return r < 0 ? r : buf_add_char(out, '\n');
}

int
report_finding_text(struct report_last *last, struct buf *out,
                    const struct finding *f)
{
	return add_finding(last, out, f, NULL, NULL);
}

int
report_finding_color(struct report_last *last, struct buf *out,
                     const struct finding *f)
{
	return add_finding(last, out, f, "1",
	                   f->kind == FINDING_UNKNOWN ? "33" : "31");
}

/* What comes next stands below no heading. */
int
report_finding_settle(struct report_last *last, struct buf *out)
{
	(void)out;
	last->any = false;
	return 0;
}
