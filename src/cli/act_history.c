/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "act.h"
#include "history.h"

struct history_walk {
	struct cli *c;
	size_t entries;
};

static int
show_entry(void *ctx, const char *line, size_t len)
{
	struct history_walk *w = ctx;

	if (len == 0)
		return 0;
	w->entries++;
	return w->c->o->check ? 0 :
	    report_transaction(w->c->report, line, len);
}

/* A history outlives the adoption, but only of an adopted root we know it. */
static int
open_history(struct cli *c, int *ret_fd, struct diag *diag)
{
	const struct options *o = c->o;
	int r = session_open(o->root, o->admindir, &c->session, diag);

	if (r < 0)
		return r;
	if (c->session->state == NULL && geteuid() != 0)
		return diag_set(diag, -EPERM, NULL, 0,
		                "requires superuser privilege");
	if (c->session->state == NULL)
		return diag_set(diag, -ENOENT, o->root[0] != '\0' ? o->root :
		                "/", 0, "is not adopted: there is no history");
	*ret_fd = c->session->state->history_fd;
	if (*ret_fd < 0)
		return diag_set(diag, -ENOENT, STATE_DIR "/history", 0,
		                "cannot be opened");
	return 0;
}

static void
summarize(struct cli *c, size_t entries, bool broken)
{
	const struct report_fact facts[] = {
		{ .key = "action", .text = "history" },
		{ .key = "entries", .number = (long long)entries },
		{ .key = "findings", .number = broken }
	};
	char text[100];

	if (broken)
		snprintf(text, sizeof(text), "the chain is broken");
	else
		snprintf(text, sizeof(text), "%zu entries, the chain is whole",
		         entries);
	report_summary(c->report, c->o->check ? text : NULL, facts,
	               sizeof(facts) / sizeof(facts[0]));
}

static void
report_broken(struct cli *c, const struct diag *d)
{
	char where[300];
	const struct finding f = {
		.kind = FINDING_HISTORY, .path = STATE_DIR "/history/log",
		.actual = where
	};

	snprintf(where, sizeof(where), "line %lu: %s", d->line, d->what);
	report_finding(c->report, &f);
}

int
act_history(struct cli *c)
{
	struct diag diag = { .line = 0 };
	struct history_walk w = { .c = c };
	int fd = -1, broken = 0, r = open_history(c, &fd, &diag);

	if (r == 0 && c->o->check) {
		r = broken = history_check(fd, &diag);
		if (r < 0)
			snprintf(diag.file, sizeof(diag.file), "%s",
			         STATE_DIR "/history/log");
	}
	if (r >= 0) {
		r = history_walk(fd, show_entry, &w);
		if (r < 0)
			diag_set(&diag, r, STATE_DIR "/history/log", 0, "%s",
			         err_text(r));
	}
	if (r < 0)
		return cli_fail(c, r, &diag);
	if (broken > 0)
		report_broken(c, &diag);
	summarize(c, w.entries, broken > 0);
	return broken > 0 ? EXIT_FINDINGS : EXIT_CLEAN;
}
