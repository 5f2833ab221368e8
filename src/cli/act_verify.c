/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <stdio.h>

#include "act.h"
#include "log.h"

static void
summarize(struct cli *c, const struct audit_total *t)
{
	const struct report_fact facts[] = {
		{ .key = "action", .text = "verify" },
		{ .key = "files", .number = (long long)t->files },
		{ .key = "bytes", .number = (long long)t->bytes },
		{ .key = "findings", .number = (long long)t->findings },
		{ .key = "unknown", .number = (long long)t->unknown }
	};
	char text[200], more[60] = "", read[60] = "";

	if (t->unknown > 0)
		snprintf(more, sizeof(more), ", %zu could not be looked at",
		         t->unknown);
	if (c->o->verbose)
		snprintf(read, sizeof(read), ", %llu bytes read",
		         (unsigned long long)t->bytes);
	snprintf(text, sizeof(text), "verified %zu file%s; %zu finding%s%s%s",
	         t->files, t->files == 1 ? "" : "s", t->findings,
	         t->findings == 1 ? "" : "s", more, read);
	report_summary(c->report, text, facts,
	               sizeof(facts) / sizeof(facts[0]));
}

int
act_verify(struct cli *c)
{
	struct diag diag = { .line = 0 };
	struct audit_total total = { .files = 0 };
	int r = cli_open(c, c->o->root, c->o->admindir, false, &diag);

	if (r == 0)
		r = cli_load(c, &diag);
	if (r == 0 && c->blind)
		r = diag_set(&diag, -EPERM, NULL, 0,
		             "requires superuser privilege");
	if (r == 0 && state_locked(c->session->state))
		log_warn("a run is under way: what it has open is told "
		         "as not immutable");
	if (r == 0)
		r = audit_run(c->session, c->o->operands, c->o->n_operands,
		              c->o->quick, cli_finding, c, &total, &diag);
	if (r < 0)
		return cli_fail(c, r, &diag);
	cli_worked(c);
	summarize(c, &total);
	if (total.unknown > 0)
		return EXIT_TROUBLE;
	return total.findings > 0 ? EXIT_FINDINGS : EXIT_CLEAN;
}
