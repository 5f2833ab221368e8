/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "act.h"
#include "admin.h"
#include "log.h"

/* What the verbs do and how they tell it. */
struct change {
	enum verb verb;
	const char *action;
	bool lifts;
	const char *done;
	const char *would;
};

static const struct change changes[] = {
	{ VERB_ADOPT, "adopt", false, "protected", "would protect" },
	{ VERB_PROTECT, "protect", false, "protected", "would protect" },
	{ VERB_UNPROTECT, "unprotect", true, "lifted", "would lift" },
	{ VERB_RELEASE, "release", true, "released", "would release" }
};

static const struct change *
change_of(enum verb verb)
{
	size_t i = 0;

	while (changes[i].verb != verb)
		i++;
	return &changes[i];
}

static const char *
plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void
summarize(struct cli *c, const struct change *ch, const struct admin_job *job)
{
	const struct tally *t = &job->tally;
	const struct report_fact facts[] = {
		{ .key = "action", .text = ch->action },
		{ .key = "packages", .number = (long long)job->n_matched },
		{ .key = "closed", .number = (long long)t->closed },
		{ .key = "cleared", .number = (long long)t->cleared },
		{ .key = "findings", .number = (long long)t->findings },
		{ .key = "failed", .number = (long long)t->failed },
		{ .key = "no_act", .number = job->no_act }
	};
	size_t files = ch->lifts ? t->cleared : t->closed;
	char text[200], lifted[40] = "", found[60] = "";

	/* what the configuration has exempted, or nobody owns any more */
	if (!ch->lifts && t->cleared > 0)
		snprintf(lifted, sizeof(lifted), ", lifted %zu", t->cleared);
	if (!ch->lifts && !job->no_act)
		snprintf(found, sizeof(found), "%s; %zu finding%s", lifted,
		         t->findings, plural(t->findings));
	snprintf(text, sizeof(text), "%s %zu file%s of %zu package%s%s",
	         job->no_act ? ch->would : ch->done, files, plural(files),
	         job->n_matched, plural(job->n_matched), found);
	report_summary(c->report, job->deferred ?
	               "the run that is on protects all files at its end" :
	               text, facts, sizeof(facts) / sizeof(facts[0]));
}

static int
change(struct cli *c, struct admin_job *job, struct diag *diag)
{
	struct session *s = c->session;

	if (s->state == NULL && c->o->verb != VERB_ADOPT)
		return diag_set(diag, -ENOENT,
		                s->instdir[0] != '\0' ? s->instdir : "/", 0,
		                "is not adopted; --adopt begins");
	switch (c->o->verb) {
	case VERB_ADOPT:
		return admin_adopt(s, job, diag);
	case VERB_RELEASE:
		return admin_release(s, job, c->o->forget, diag);
	case VERB_PROTECT:
		return admin_protect(s, job, diag);
	default:
		return admin_unprotect(s, job, diag);
	}
}

/* A bad configuration never keeps anybody from lifting flags. */
int
act_change(struct cli *c)
{
	const struct options *o = c->o;
	const struct change *ch = change_of(o->verb);
	struct diag diag = { .line = 0 };
	struct admin_job job = {
		.packages = o->operands, .n_packages = o->n_operands,
		.all = o->all, .accept = o->accept, .no_act = o->no_act,
		.quick = o->quick, .on_finding = cli_finding, .ctx = c
	};
	int r = cli_open(c, o->root, o->admindir, ch->lifts, &diag);

	if (r == 0)
		r = change(c, &job, &diag);
	if (r < 0)
		return cli_fail(c, r, &diag);
	cli_worked(c);
	summarize(c, ch, &job);
	if (job.tally.failed > 0) {
		diag_set(&diag, job.tally.first_error, NULL, 0,
		         "%zu files could not be %s: %s", job.tally.failed,
		         ch->lifts ? "lifted" : "protected",
		         err_text(job.tally.first_error));
		return cli_fail(c, job.tally.first_error, &diag);
	}
	return !ch->lifts && job.tally.findings > 0 ? EXIT_FINDINGS :
	    EXIT_CLEAN;
}

/* The boot unit calls it on any machine: nothing to do is no error. */
int
act_recover(struct cli *c)
{
	struct diag diag = { .line = 0 };
	struct admin_job job = { .on_finding = cli_finding, .ctx = c };
	struct report_fact facts[2] = {
		{ .key = "action", .text = "recover" }, { .key = "recovered" }
	};
	bool did = false;
	int r = cli_open(c, c->o->root, c->o->admindir, true, &diag);

	if (r == 0)
		r = admin_recover(c->session, &job, &did, &diag);
	if (r < 0)
		return cli_fail(c, r, &diag);
	facts[1].number = did;
	report_summary(c->report, did ? "closed what an interrupted run left "
	               "open" : "nothing to recover", facts, 2);
	return EXIT_CLEAN;
}
