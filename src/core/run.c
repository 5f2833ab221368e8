/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "run_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "closing.h"
#include "env.h"
#include "found.h"
#include "guard.h"
#include "history.h"
#include "hook.h"
#include "keeper.h"
#include "lifting.h"
#include "log.h"
#include "nested.h"
#include "opening.h"
#include "prepare.h"
#include "real.h"
#include "records.h"
#include "recover.h"
#include "remounted.h"
#include "settle.h"
#include "transaction.h"
#include "writable.h"

static const char *const names[] = {
	[REAL_DPKG] = "dpkg",
	[REAL_DIVERT] = "dpkg-divert",
	[REAL_STATOVERRIDE] = "dpkg-statoverride",
	[REAL_RECONFIGURE] = "dpkg-reconfigure"
};

/* From here to the last flag no signal that we could block may end
 * us with files open: those that people send, those of a limit, and that of a
 * closed pipe behind our warnings. */
static void
block_signals(struct run *r)
{
	static const int held[] = {
		SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE, SIGXFSZ, SIGXCPU,
		SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR
	};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(held) / sizeof(*held); i++)
		sigaddset(&set, held[i]);
	sigprocmask(SIG_BLOCK, &set, &r->mask);
}

/* Before the run. A command's end takes it over: it is told a last time. */
static void
on_tampered(void *ctx, const struct finding *f)
{
	const struct run *r = ctx;

	run_finding(ctx, f);
	if (r->s->conf->check_before == CONF_CHECK_REFUSE)
		before_refuses(f);
	else if (r->command != NULL)
		log_warn("%s is not what was recorded, and will be taken over "
		         "(package %s)", f->path, f->package);
}

/* Session, locks, configuration. */
static int
step_begin(struct run *r)
{
	int e = session_open(r->instdir, r->admindir, &r->s, &r->diag);

	/* released just now */
	if (e == 0 && r->s->state == NULL && r->command == NULL) {
		r->unkept = true;
		return 0;
	}
	if (e == 0 && r->s->state == NULL)
		return diag_set(&r->diag, -ENOENT, r->instdir[0] != '\0' ?
		                r->instdir : "/", 0,
		                "is not adopted; --adopt begins");
	if (e == 0)
		e = session_conf(r->s, r->command != NULL ?
		                 r->command->config : NULL, true, &r->diag);
	if (e == 0)
		e = writable_own(r->s, true, &r->diag);
	if (e == 0 && r->companion == NULL &&
	    env_get(r->envp, "DPKG_FRONTEND_LOCKED") == NULL)
		e = guard_frontend(r->s, &r->guard, &r->diag);
	if (e == 0)
		e = nested_or_own(r->s, &r->guard, &r->nested, &r->diag);
	if (e < 0)
		return e;
	session_keep_conf(r->s);
	session_log(r->s);
	if (r->companion != NULL && r->nested.journal == NULL) {
		nested_orphaned(r->s, &r->nested);
		if (r->nested.journal != NULL)
			log_line("txn=%016" PRIx64 " note=\"within a run whose "
			         "engine was killed\"", r->id);
	}
	return 0;
}

/* What can't be closed now stays in its journal and keeps nobody from dpkg,
 * unless a dpkg that is still alive is why. */
static int
step_recover(struct run *r)
{
	struct diag d = { .line = 0 };
	char text[600];
	bool did;
	int e = recover_run(r->s, &did, &d);

	if (e == ERR_BUSY || e == -ENOMEM || e == ERR_AGAIN) {
		r->diag = d;
		return e;
	}
	if (e < 0) {
		if (d.what[0] == '\0')
			diag_set(&d, e, NULL, 0, "%s", err_text(e));
		diag_text(&d, text, sizeof(text));
		log_warn("an interrupted run is not recovered: %s", text);
	}
	/* where there is no place for a lock, it was said why */
	memset(&r->diag, 0, sizeof(r->diag));
	r->unkept = !state_adopted(r->s->state);
	return r->unkept ? 0 : session_records(r->s, true, &r->diag);
}

static int
prepare(struct run *r)
{
	if (r->command != NULL)
		return prepare_packages(r->s, r->command->packages,
		                        r->command->n_packages, &r->prepared,
		                        &r->diag);
	return r->companion != NULL ?
	    prepare_companion(r->s, r->companion, &r->prepared, &r->diag) :
	    prepare_plan(r->s, r->c, &r->prepared, &r->diag);
}

/* Files come and go in most runs: only what configures may do without. */
static bool
changes_files(const struct run *r)
{
	return r->c != NULL && r->c->action != CMD_CONFIGURE &&
	       r->c->action != CMD_TRIGGERS;
}

static bool
runs_scripts(const struct run *r)
{
	return r->c != NULL || (r->companion != NULL &&
	       r->companion->action == COMPANION_CONFIGURE);
}

static int
step_plan(struct run *r)
{
	struct before before = {
		.txn = r->id, .on_finding = on_tampered, .ctx = r
	};
	int e = session_db(r->s, &r->diag);

	if (e == 0)
		e = session_populated(r->s, &r->diag);
	if (e == 0)
		e = prepare(r);
	if (e == 0)
		e = writable_plan(r->s, r->prepared.plan, changes_files(r),
		                  runs_scripts(r), &r->diag);
	/* What was edited between two runs is told before this one makes it
	 * its own; beside a live run it is that one's work. */
	if (e == 0 && r->nested.journal == NULL)
		r->tally.findings += records_since_last(r->s, true,
		                                         run_finding, r);
	if (e == 0)
		e = opening_probe(r->s, r->prepared.plan, &before,
		                  &r->opening, &r->diag);
	before_free(&before);
	if (e < 0)
		return e;
	r->tally.findings += before.n_tampered;
	r->refused = before.n_tampered > 0 &&
	             r->s->conf->check_before == CONF_CHECK_REFUSE;
	if (r->refused)
		return diag_set(&r->diag, ERR_REFUSED, NULL, 0,
		                "%zu file%s not what was recorded "
		                "(check-before = refuse)", before.n_tampered,
		                before.n_tampered == 1 ? " is" : "s are");
	return 0;
}

static int
write_plan(struct run *r)
{
	size_t argc = 0;

	while (r->argv[argc] != NULL)
		argc++;
	const struct journal_plan plan = {
		.action = r->action,
		.admindir = r->s->admindir,
		.argv = r->argv, .argc = argc,
		.guest_db = r->s->guest_db,
		.paths = r->opening.paths, .n_paths = r->opening.n_paths,
		.packages = r->opening.packages,
		.n_packages = r->opening.n_packages
	};
	return journal_begin(r->journal, r->id, &plan);
}

static int
try_journal(struct run *r)
{
	int e = r->guard.no_place;

	if (e == 0)
		e = state_journal(r->s->state, &r->journal);
	if (e == 0)
		e = write_plan(r);
	if (e < 0) {
		journal_free(r->journal);
		r->journal = NULL;
	}
	return e;
}

/* Without a journal nothing may be lifted; a run that lifts nothing goes on:
 * what it installs is protected at its end, or found by the next run. */
static int
step_journal(struct run *r)
{
	int e = try_journal(r);

	if (e < 0 && state_retreat(r->s->state) == 0)
		e = try_journal(r);
	if (e == 0) {
		hook("planned");
		if (r->s->state->in_run)
			log_line("txn=%016" PRIx64 " note=\"journal in %s: a "
			         "power cut could not be repaired\"", r->id,
			         STATE_RUN);
		return 0;
	}
	if (r->opening.n_paths > 0)
		return diag_set(&r->diag, e, r->opening.paths[0].path, 0,
		                "stays protected, since no journal can be "
		                "written in %s/run or %s: %s", STATE_DIR,
		                STATE_RUN, err_text(e));
	log_line("txn=%016" PRIx64 " note=\"no journal can be written: %s\"",
	         r->id, err_text(e));
	return 0;
}

static int
step_open(struct run *r)
{
	int e = opening_lift(r->s, &r->opening, &r->diag);

	r->tally.opened = r->opening.n_lifted;
	/* what could not be closed again is for recovery */
	if (e < 0 && r->journal != NULL && r->opening.n_left == 0)
		journal_done(r->journal);
	hook("lifted");
	return e;
}

static int
step_dpkg(struct run *r)
{
	int e, note = -1;

	if (r->journal != NULL)
		note = state_child_note(r->s->state);
	e = keeper_run(r->guard.frontend_fd >= 0, note, &r->child);
	if (note >= 0)
		close(note);
	hook("ended");
	if (r->journal != NULL)
		journal_ran(r->journal, r->child.signal != 0 ?
		            r->child.signal : r->child.exit_status << 8);
	hook("ran");
	return e < 0 ? diag_set(&r->diag, e, r->real, 0,
	                        "cannot be started: %s", err_text(e)) : 0;
}

static void
close_journal(struct run *r)
{
	opening_free(&r->opening);
	prepared_free(&r->prepared);
	journal_free(r->journal);
	r->journal = NULL;
	nested_leave(&r->nested);
	if (r->visitors_fd >= 0)
		close(r->visitors_fd);
	r->visitors_fd = -1;
}

static void
run_free(struct run *r)
{
	close_journal(r);
	guard_drop(&r->guard);
	found_free(&r->found);
	session_free(r->s);
	log_close();
}

/* What was remounted; who keeps it from being read-only again is in log and
 * history, dpkg's words are not for that. */
static void
put_back(struct run *r)
{
	struct diag d = { .line = 0 };
	char text[600];
	int e;

	if (r->s == NULL || r->nested.journal != NULL)
		return;
	close_journal(r);
	e = remounted_settle(r->s, &r->guard, true, &d);
	if (e < 0 && e != ERR_BUSY) {
		diag_text(&d, text, sizeof(text));
		log_line("txn=%016" PRIx64 " note=\"%s\"", r->id, text);
	}
}

/* As dpkg says it, 1.21 and later: the words of lib/dpkg/file.c. */
static void
say_busy(const struct run *r, const char *text)
{
	static const char note[] =
	    "Note: removing the lock file is always wrong, can damage the "
	    "locked area\nand the entire system. See "
	    "<https://wiki.debian.org/Teams/Dpkg/FAQ#db-lock>.\n";
	bool of_a_lock = strstr(text, " locked by another process") != NULL;

	fprintf(stderr, "%s: error: %s\n%s", r->name, text,
	        of_a_lock ? note : "");
}

static void
complain(struct run *r, int e)
{
	char text[600], note[1200];

	if (r->diag.what[0] == '\0')
		snprintf(text, sizeof(text), "%s", err_text(e));
	else
		diag_text(&r->diag, text, sizeof(text));
	snprintf(note, sizeof(note), "%s; %s was not started", text, r->name);
	if (e == ERR_BUSY && r->command == NULL)
		say_busy(r, text);
	else
		log_error("%s", note);
	if (r->refused)
		run_entry(r, 2, note);
	else
		log_line("txn=%016" PRIx64 " pid=%d action=%s exit=2 "
		         "note=\"%s\"", r->id, (int)getpid(), r->action,
		         note);
}

/*
 * The outermost does not wait for ever: it may have closed all that its journal
 * told before the last lift. With one record more it closes once more (see
 * journal_closed); a run that has begun since is told of all. Where nobody would
 * close, nothing stays open.
 */
static int
confirm(struct run *r)
{
	struct journal *j = r->nested.journal;
	const struct opening *o = &r->opening;
	uint64_t id = journal_id(j);
	int e = journal_add(j, o->paths, 1);

	if (e == 0 && journal_id(j) != id)
		e = journal_add(j, o->paths, o->n_paths);
	/* released meanwhile: nobody's files have a flag any more */
	if (e == 0 || ((e == -ESTALE || e == ERR_REFUSED) &&
	               !state_adopted(r->s->state)))
		return 0;
	opening_back(r->s, &r->opening, o->n_paths);
	return diag_set(&r->diag, e, NULL, 0, "%s%s", e == ERR_REFUSED ?
	                "the run that it has joined has ended" : err_text(e),
	                o->n_left == 0 ? "" : "; files of packages stay open "
	                "until --protect");
}

/*
 * Within a live run: what we open is written into its journal, and closed by
 * the outermost, which waits for us with that.
 */
static int
visit(struct run *r)
{
	int e = 0;

	/* what its command does would not be recorded */
	if (r->command != NULL)
		return diag_set(&r->diag, ERR_BUSY, NULL, 0, "another run is "
		                "under way; --open does not go within it");
	e = session_records(r->s, true, &r->diag);

	if (e == 0)
		e = step_plan(r);
	if (e == 0 && r->opening.n_paths > 0)
		e = journal_add(r->nested.journal, r->opening.paths,
		                r->opening.n_paths);
	if (e == 0)
		e = opening_lift(r->s, &r->opening, &r->diag);
	return e < 0 || r->opening.n_paths == 0 ? e : confirm(r);
}

/* As the outermost: all up to the real program. */
static int
set_out(struct run *r)
{
	int e = r->unkept ? 0 : step_recover(r);

	if (r->unkept)
		return e;
	/* its command must not meet a dpkg that works on without us */
	if (e == 0 && r->command != NULL)
		e = guard_dpkg_idle(r->s, &r->diag);
	if (e == 0)
		e = step_plan(r);
	if (e == 0)
		e = step_journal(r);
	return e < 0 ? e : step_open(r);
}

/* All of it, in the worker. */
static int
run_within(void *ctx)
{
	struct run *r = ctx;
	int e = step_begin(r);
	bool nested = r->nested.journal != NULL;

	if (e == 0)
		e = nested ? visit(r) : set_out(r);
	r->outcome.error = e;
	if (e < 0) {
		if (e != ERR_AGAIN) {
			complain(r, e);
			put_back(r);
		}
		run_free(r);
		return e == ERR_AGAIN ? KEEPER_AGAIN : 0;
	}
	e = step_dpkg(r);
	r->outcome.executed = true;
	if (e < 0)
		complain(r, e);
	r->outcome.error = e;
	if (!nested && !r->unkept)
		run_record(r, run_settle(r));
	put_back(r);
	run_free(r);
	/* Once all our locks are free: the program that has taken our place
	 * records what we have closed, so that no audit before the next run
	 * misses it. What keeps it from that is told by that audit, and put
	 * right by that run. */
	if (r->replaced)
		keeper_succeed();
	return 0;
}

static void
run_all(struct run *r, struct run_outcome *ret)
{
	const struct keeper_job job = {
		.path = r->real, .argv = r->argv, .envp = r->envp,
		.mask = &r->mask, .instdir = r->instdir,
		/* As if it were the program that was killed: who has called it
		 * goes on, and what is open will be closed. What runs scripts,
		 * which would not die along with it, is better left to come to
		 * its end. */
		.bound = r->companion != NULL && !runs_scripts(r)
	};
	struct keeper_result result;
	int e;

	block_signals(r);
	r->outcome.status = 2;
	e = keeper_do(&job, run_within, r, &r->outcome, sizeof(r->outcome),
	              &result);
	if (e < 0 && e != ERR_CHILD)
		log_error("%s; %s was not started", err_text(e), r->name);
	if (e < 0)
		r->outcome.error = e;
	/* what the worker said of it is not what counts */
	r->outcome.started = result.ran;
	r->outcome.child = result.child;
	/* what came for us meanwhile must not end us other than dpkg ended */
	if (!r->outcome.started)
		sigprocmask(SIG_SETMASK, &r->mask, NULL);
	*ret = r->outcome;
}

static void
run_init(struct run *r, char *const *argv, char *const *envp)
{
	memset(r, 0, sizeof(*r));
	r->argv = argv;
	r->envp = envp;
	r->id = transaction_new_id();
	r->guard.frontend_fd = -1;
	r->nested.hold_fd = -1;
	r->visitors_fd = -1;
	r->child.exit_status = -1;
}

void
run_dpkg(const struct cmdline *c, char *const *argv, char *const *envp,
         struct run_outcome *ret)
{
	struct run r;

	run_init(&r, argv, envp);
	r.c = c;
	r.instdir = c->instdir;
	r.admindir = c->admindir;
	r.name = names[REAL_DPKG];
	r.real = real_path(REAL_DPKG);
	r.action = cmdline_action_name(c->action);
	run_all(&r, ret);
}

void
run_companion(enum real_program program, const struct companion *c,
              char *const *argv, char *const *envp, struct run_outcome *ret)
{
	struct run r;

	run_init(&r, argv, envp);
	r.companion = c;
	r.instdir = c->instdir;
	r.admindir = c->admindir;
	r.name = r.action = names[program];
	r.real = real_path(program);
	run_all(&r, ret);
}

void
run_command(const struct run_command *c, char *const *argv,
            char *const *envp, struct run_outcome *ret)
{
	struct run r;

	run_init(&r, argv, envp);
	r.command = c;
	r.instdir = c->instdir;
	r.admindir = c->admindir;
	r.name = argv[0];
	r.real = c->path;
	r.action = "open";
	run_all(&r, ret);
}
