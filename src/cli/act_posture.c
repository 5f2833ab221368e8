/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "act.h"
#include "clock.h"
#include "env.h"
#include "posture.h"

/* The running kernel's, where / is asked for; -1: there is none. */
static int
open_folder(const struct cli *c, const char *path)
{
	return c->session->guest ? -1 :
	       open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void
close_folder(int fd)
{
	if (fd >= 0)
		close(fd);
}

static const char *
plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static int
tell(struct cli *c, const struct posture *p)
{
	size_t bad = posture_total(p, POSTURE_BAD);
	size_t unknown = posture_total(p, POSTURE_UNKNOWN);
	size_t notes = posture_total(p, POSTURE_NOTE);
	size_t ok = posture_total(p, POSTURE_OK), n;
	const struct report_fact facts[] = {
		{ .key = "action", .text = "posture" },
		{ .key = "bad", .number = (long long)bad },
		{ .key = "unknown", .number = (long long)unknown },
		{ .key = "notes", .number = (long long)notes },
		{ .key = "ok", .number = (long long)ok }
	};
	const struct posture_line *lines = posture_lines(p, &n);
	char text[200];

	if (c->o->quiet)
		n -= ok;	/* they are the last */
	report_posture(c->report, lines, n);
	snprintf(text, sizeof(text), "%zu bad, %zu unknown, %zu note%s, "
	         "%zu ok", bad, unknown, notes, plural(notes), ok);
	report_summary(c->report, text, facts,
	               sizeof(facts) / sizeof(facts[0]));
	return unknown > 0 ? EXIT_TROUBLE : bad > 0 ? EXIT_FINDINGS :
	       EXIT_CLEAN;
}

int
act_posture(struct cli *c)
{
	const struct options *o = c->o;
	struct diag diag = { .line = 0 };
	struct posture_job job = {
		.conf = o->config, .path = env_get(c->envp, "PATH"),
		.now = clock_ns(CLOCK_REALTIME) / 1000000000
	};
	struct posture *p = NULL;
	int status, r = session_open(o->root, o->admindir, &c->session,
	                             &diag);

	if (r < 0)
		return cli_fail(c, r, &diag);
	job.session = c->session;
	job.proc = open_folder(c, "/proc");
	job.sys = open_folder(c, "/sys");
	r = posture_run(&job, &p);
	status = r < 0 ? cli_fail(c, r, NULL) : tell(c, p);
	posture_free(p);
	close_folder(job.proc);
	close_folder(job.sys);
	return status;
}
