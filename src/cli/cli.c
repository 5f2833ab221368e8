/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "cli.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "act.h"
#include "env.h"
#include "file.h"
#include "help.h"
#include "keeper.h"
#include "log.h"
#include "sandbox.h"

struct verb_row {
	int (*act)(struct cli *c);
	bool changes;		/* needs root; goes on when nobody listens */
};

static const struct verb_row verbs[VERB_COUNT] = {
	[VERB_VERIFY] = { act_verify, false },
	[VERB_PROTECT] = { act_change, true },
	[VERB_UNPROTECT] = { act_change, true },
	[VERB_ADOPT] = { act_change, true },
	[VERB_RELEASE] = { act_change, true },
	[VERB_OPEN] = { act_open, true },
	[VERB_PLAN] = { act_plan, false },
	[VERB_LIST] = { act_list, false },
	[VERB_COVERAGE] = { act_coverage, false },
	[VERB_EXPLAIN] = { act_explain, false },
	[VERB_RECOVER] = { act_recover, true },
	[VERB_EXPORT] = { act_export, false },
	[VERB_HISTORY] = { act_history, false },
	[VERB_POSTURE] = { act_posture, false },
	[VERB_SETUP] = { act_setup, false }
};

void
cli_worked(struct cli *c)
{
	watch_stop(c->watch);
	c->watch = NULL;
}

/* For a person at a terminal only, not for front ends and scripts. */
static void
start_watch(struct cli *c)
{
	static const char *const what[VERB_COUNT] = {
		[VERB_VERIFY] = "verifying", [VERB_PROTECT] = "protecting",
		[VERB_ADOPT] = "protecting", [VERB_UNPROTECT] = "lifting",
		[VERB_RELEASE] = "releasing"
	};

	if (what[c->o->verb] == NULL || c->o->no_progress || c->o->quiet ||
	    !isatty(STDERR_FILENO) ||
	    env_get(c->envp, "DPKG_FRONTEND_LOCKED") != NULL ||
	    env_get(c->envp, "DPKG_MAINTSCRIPT_NAME") != NULL)
		return;
	c->session->progress = &c->progress;
	c->watch = watch_start(STDERR_FILENO, what[c->o->verb], &c->progress);
}

int
cli_fail(struct cli *c, int err, const struct diag *d)
{
	struct diag plain = { .line = 0 };
	char text[600];

	if (err == ERR_AGAIN)
		return KEEPER_AGAIN;
	if (c->report != NULL && err == report_failed(c->report))
		return EXIT_TROUBLE;
	if (d == NULL || d->what[0] == '\0') {
		if (d != NULL)
			plain = *d;
		snprintf(plain.what, sizeof(plain.what), "%s",
		         err_text(err));
		d = &plain;
	}
	cli_worked(c);
	diag_text(d, text, sizeof(text));
	log_error("%s", text);
	if (c->report != NULL)
		report_error(c->report, d);
	return EXIT_TROUBLE;
}

void
cli_finding(void *ctx, const struct finding *f)
{
	struct cli *c = ctx;

	watch_hide(c->watch);
	report_finding(c->report, f);
}

int
cli_open(struct cli *c, const char *root, const char *admindir,
         bool lenient, struct diag *diag)
{
	int r = session_open(root, admindir, &c->session, diag);

	if (r < 0 && diag->what[0] == '\0')
		diag_set(diag, r, root[0] != '\0' ? root : "/", 0,
		         "cannot be opened: %s", err_text(r));
	if (r == 0)
		r = session_conf(c->session, c->o->config, lenient, diag);
	if (r == 0 && c->o->jobs > 0)
		c->session->conf->jobs = c->o->jobs;
	if (r == 0)
		start_watch(c);
	return r;
}

static int
load_blind(struct cli *c)
{
	struct session *s = c->session;

	log_warn("not root: what is recorded cannot be read");
	c->blind = true;
	s->index = index_new();
	s->foreign = foreign_new();
	return s->index == NULL || s->foreign == NULL ? -ENOMEM : 0;
}

int
cli_load(struct cli *c, struct diag *diag)
{
	struct session *s = c->session;
	int r;

	if (s->state == NULL && geteuid() == 0)
		return diag_set(diag, -ENOENT,
		                s->instdir[0] != '\0' ? s->instdir : "/", 0,
		                "is not adopted; --adopt begins");
	r = s->state == NULL ? load_blind(c) :
	    session_records(s, false, diag);
	if (r == 0)
		r = session_db(s, diag);
	return r < 0 ? r : session_due(s, diag);
}

static int
print_text(int (*fill)(struct buf *out), struct cli *c)
{
	struct buf text;
	int r;

	buf_init(&text, 0);
	r = fill(&text);
	if (r == 0)
		r = file_write(STDOUT_FILENO, text.data, text.len);
	buf_free(&text);
	return r < 0 ? cli_fail(c, r, &(struct diag){
		.file = "standard output"
	}) : EXIT_CLEAN;
}

/*
 * What changes files must not die because the one who reads its words went
 * away; a reader may, by SIGPIPE, as any other program.
 */
static void
outlive_pipe(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGPIPE, &ignore, NULL);
}

static int
act(void *ctx)
{
	struct cli *c = ctx;
	const struct verb_row *v = &verbs[c->o->verb];
	int status = v->act(c), r;

	cli_worked(c);
	session_free(c->session);
	c->session = NULL;
	if (status == KEEPER_AGAIN)
		return status;
	r = report_end(c->report);
	if (r == 0 || (r == -EPIPE && v->changes))
		return status;
	/* Who closed our pipe does not want to know. */
	if (r != -EPIPE)
		log_error("standard output: %s", err_text(r));
	return EXIT_TROUBLE;
}

/* What changes flags reads packages in a process without the right to. */
static int
apart(struct cli *c)
{
	const struct keeper_job job = {
		.envp = c->envp, .instdir = c->o->root
	};
	struct keeper_result result;
	int r = keeper_do(&job, act, c, NULL, 0, &result);

	if (r < 0 && r != ERR_CHILD)
		return cli_fail(c, r, NULL);
	return r < 0 ? EXIT_TROUBLE : result.status;
}

/*
 * Whoever only asks keeps the rights to read what only root may and to see what
 * a process has open and mapped; and two for a file of metrics, whose folder
 * may be somebody else's. Within Landlock nobody could look at processes, as an
 * audit and --posture do. --setup-readonly does not only ask.
 */
static void
only_ask(const struct options *o)
{
	uint64_t keep = SANDBOX_CAP(CAP_DAC_READ_SEARCH) |
	                SANDBOX_CAP(CAP_SYS_PTRACE) |
	                SANDBOX_CAP(CAP_CHECKPOINT_RESTORE);

	if (o->verb == VERB_SETUP) {
		(void)sandbox_no_flags();
		return;
	}
	if (o->metrics != NULL)
		keep |= SANDBOX_CAP(CAP_DAC_OVERRIDE) |
		        SANDBOX_CAP(CAP_FOWNER);
	(void)sandbox_caps(keep);
	(void)sandbox_limits();
	if (o->verb != VERB_VERIFY && o->verb != VERB_POSTURE)
		(void)sandbox_files(NULL, 0, o->verb == VERB_PLAN);
}

static int
run_verb(struct cli *c)
{
	const struct verb_row *v = &verbs[c->o->verb];
	int status;

	if (v->changes && (getuid() != 0 || geteuid() != 0)) {
		status = cli_fail(c, -EPERM, &(struct diag){
			.what = "requires superuser privilege"
		});
		return c->o->verb == VERB_OPEN ? EXIT_OPEN_TROUBLE : status;
	}
	/* its command gets the signal as we got it */
	if (v->changes && c->o->verb != VERB_OPEN)
		outlive_pipe();
	if (!v->changes)
		only_ask(c->o);
	return v->changes && c->o->verb != VERB_OPEN ? apart(c) : act(c);
}

/* https://no-color.org: an environment that has NO_COLOR wants none. */
static enum report_format
format_of(const struct cli *c)
{
	if (c->o->format != FORMAT_TEXT)
		return c->o->format == FORMAT_JSON ? REPORT_JSON : REPORT_RPM;
	if (c->o->color == COLOR_AUTO)
		return isatty(STDOUT_FILENO) &&
		       env_get(c->envp, "NO_COLOR") == NULL ?
		       REPORT_COLOR : REPORT_TEXT;
	return c->o->color == COLOR_ALWAYS ? REPORT_COLOR : REPORT_TEXT;
}

static int
refuse(struct cli *c, int argc, char *const *argv, int err,
       const struct diag *d)
{
	int status;

	if (options_wants_json(argc, argv))
		report_new(REPORT_JSON, STDOUT_FILENO, false, &c->report);
	status = cli_fail(c, err, d);
	report_free(c->report);
	return options_is_open(argc, argv) ? EXIT_OPEN_TROUBLE : status;
}

int
cli_main(int argc, char *const *argv, char *const *envp)
{
	struct diag diag = { .line = 0 };
	struct options o;
	struct cli c = { .o = &o, .envp = envp };
	int status, r = options_parse(argc, argv, envp, &o, &diag);

	if (r < 0)
		return refuse(&c, argc, argv, r, &diag);
	log_quiet(o.quiet);
	if (o.verb == VERB_HELP || o.verb == VERB_VERSION) {
		status = print_text(o.verb == VERB_HELP ? help_text :
		                    help_version, &c);
		options_free(&o);
		return status;
	}
	r = report_new(format_of(&c), STDOUT_FILENO, o.quiet, &c.report);
	status = r < 0 ? cli_fail(&c, r, NULL) : run_verb(&c);
	report_free(c.report);
	options_free(&o);
	return status;
}
