/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "act.h"
#include "audit.h"
#include "audited.h"
#include "clock.h"
#include "log.h"
#include "metrics.h"

#define DESCRIPTORS 8192
#define LONGEST_WAIT 1800	/* seconds */

static double
now(clockid_t id)
{
	return (double)clock_ns(id) / 1e9;
}

/* Each part of the sentence with what stands before it; nothing for 0. */
static void
add_part(char *text, size_t size, size_t n, const char *words)
{
	size_t len = strlen(text);

	if (n > 0)
		snprintf(text + len, size - len, ", %zu %s", n, words);
}

static void
summarize(struct cli *c, const struct audit_total *t, double seconds)
{
	const struct report_fact facts[] = {
		{ .key = "action", .text = "verify" },
		{ .key = "files", .number = (long long)t->files },
		{ .key = "bytes", .number = (long long)t->bytes },
		{ .key = "findings", .number = (long long)t->findings },
		{ .key = "unknown", .number = (long long)t->unknown },
		{ .key = "unread", .number = (long long)t->unread },
		{ .key = "milliseconds", .number = (long long)(seconds * 1e3) }
	};
	char text[300];

	snprintf(text, sizeof(text), "verified %zu file%s; %zu finding%s",
	         t->files, t->files == 1 ? "" : "s", t->findings,
	         t->findings == 1 ? "" : "s");
	add_part(text, sizeof(text), t->unknown, "could not be looked at");
	add_part(text, sizeof(text), t->unread, "whose content was not read");
	if (c->o->verbose)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		         ", %" PRIu64 " bytes read in %.3f s", t->bytes,
		         seconds);
	report_summary(c->report, text, facts,
	               sizeof(facts) / sizeof(facts[0]));
}

/* Where nothing was read at all there is nothing to be written either. */
static int
write_metrics(struct cli *c, const struct audit_total *t, double seconds,
              struct diag *diag)
{
	struct metrics m = {
		.quick = c->o->quick, .partial = t->partial,
		.time = (int64_t)now(CLOCK_REALTIME), .seconds = seconds,
		.bytes = t->bytes,
		.states = {
			{ "protected", t->states[SURVEY_PROTECTED] },
			{ "open", t->states[SURVEY_OPEN] },
			{ "off", t->states[SURVEY_OFF] },
			{ "exempt", t->states[SURVEY_EXEMPT] },
			{ "unsupported", t->states[SURVEY_UNSUPPORTED] },
			{ "unsettled", t->states[SURVEY_UNSETTLED] },
			{ "missing", t->states[SURVEY_ABSENT] },
			{ "unknown", t->states[SURVEY_UNKNOWN] }
		}
	};

	if (c->o->metrics == NULL)
		return 0;
	memcpy(m.findings, t->kinds, sizeof(m.findings));
	return metrics_write(c->o->metrics, &m, diag);
}

/* For --posture. Where nothing can be written, nobody misses it but that. */
static void
note_end(struct cli *c, const struct audit_total *t)
{
	const struct state *s = c->session->state;
	const struct audited a = {
		.time = (int64_t)now(CLOCK_REALTIME), .findings = t->findings,
		.unknown = t->unknown
	};

	if (s != NULL && !c->o->quick && !t->partial)
		(void)audited_write(s, &a);
}

/* Many files are open at once, and nothing is started from here that would
 * have our limit from us. */
static void
allow_descriptors(void)
{
	struct rlimit fds;

	if (getrlimit(RLIMIT_NOFILE, &fds) < 0 || fds.rlim_cur >= DESCRIPTORS)
		return;
	fds.rlim_cur = fds.rlim_max < DESCRIPTORS ? fds.rlim_max :
	               DESCRIPTORS;
	(void)setrlimit(RLIMIT_NOFILE, &fds);
}

/* What a run has open is no news: who is in no hurry lets it end first. */
static int
let_run_end(struct cli *c, struct diag *diag)
{
	const struct state *s = c->session->state;

	if (!c->o->polite || s == NULL || !state_locked(s))
		return 0;
	log_warn("a run is under way: waiting for its end");
	for (int i = 0; i < LONGEST_WAIT && state_locked(s); i++)
		sleep(1);
	/* It may have been a release, or an upgrade of everything. */
	session_free(c->session);
	c->session = NULL;
	return cli_open(c, c->o->root, c->o->admindir, false, diag);
}

static int
prepare(struct cli *c, struct diag *diag)
{
	int r = cli_open(c, c->o->root, c->o->admindir, false, diag);

	if (r == 0)
		r = let_run_end(c, diag);
	if (r == 0)
		r = cli_load(c, diag);
	if (r == 0 && c->blind)
		r = diag_set(diag, -EPERM, NULL, 0,
		             "requires superuser privilege");
	if (r == 0 && state_locked(c->session->state))
		log_warn("a run is under way: what it has open is told "
		         "as not immutable");
	return r;
}

int
act_verify(struct cli *c)
{
	const struct options *o = c->o;
	const struct audit_job job = {
		.targets = o->operands, .n_targets = o->n_operands,
		.since = o->since, .slice = o->slice, .slices = o->slices,
		.quick = o->quick, .all_digests = o->all_digests,
		.conffiles = o->conffiles, .polite = o->polite,
		.by_path = o->format == FORMAT_RPM, .trust = o->trust,
		.fn = cli_finding, .ctx = c
	};
	struct diag diag = { .line = 0 };
	struct audit_total total = { .files = 0 };
	double start = now(CLOCK_MONOTONIC), seconds;
	int r;

	allow_descriptors();
	r = prepare(c, &diag);
	if (r == 0)
		r = audit_run(c->session, &job, &total, &diag);
	seconds = now(CLOCK_MONOTONIC) - start;
	if (r == 0)
		r = write_metrics(c, &total, seconds, &diag);
	if (r < 0)
		return cli_fail(c, r, &diag);
	note_end(c, &total);
	cli_worked(c);
	summarize(c, &total, seconds);
	if (total.unknown > 0)
		return EXIT_TROUBLE;
	return total.findings > 0 ? EXIT_FINDINGS : EXIT_CLEAN;
}
