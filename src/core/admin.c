/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "admin_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "closing.h"
#include "found.h"
#include "guard.h"
#include "history.h"
#include "hook.h"
#include "lifting.h"
#include "log.h"
#include "nested.h"
#include "records.h"
#include "recover.h"
#include "remounted.h"
#include "self.h"
#include "settle.h"
#include "target.h"
#include "transaction.h"
#include "writable.h"

static void
on_finding(void *ctx, const struct finding *f)
{
	struct act *a = ctx;

	found_add(&a->found, f);
	if (a->job->on_finding != NULL)
		a->job->on_finding(a->job->ctx, f);
}

/* Which installed packages the words name; all of them with job->all. */
static int
choose(struct act *a, struct diag *diag)
{
	struct dpkgdb *db = a->s->db;
	struct admin_job *job = a->job;

	a->chosen = calloc(db->n_packages + 1, sizeof(*a->chosen));
	a->keys = calloc(db->n_packages + 1, sizeof(*a->keys));
	if (a->chosen == NULL || a->keys == NULL)
		return -ENOMEM;
	for (size_t w = 0; w < job->n_packages; w++) {
		bool any = false;

		for (size_t i = 0; i < db->n_packages; i++)
			if (db->packages[i].state > PKG_CONFIG_FILES &&
			    target_names(job->packages[w], &db->packages[i]))
				a->chosen[i] = any = true;
		if (!any)
			return diag_set(diag, -ENOENT, NULL, 0, "no package "
			                "is named %s", job->packages[w]);
	}
	job->n_matched = 0;
	for (size_t i = 0; i < db->n_packages; i++) {
		if (job->all && db->packages[i].state > PKG_CONFIG_FILES)
			a->chosen[i] = true;
		if (a->chosen[i])
			a->keys[job->n_matched++] =
			    (char *)db->packages[i].key;
	}
	return 0;
}

static bool
frontend_locked(void)
{
	return getenv("DPKG_FRONTEND_LOCKED") != NULL;
}

/*
 * As what a maintainer script calls, --adopt and --release act within the run
 * that is on, or below a plain dpkg that is configuring packages.
 */
static int
take_locks(struct act *a, struct diag *diag)
{
	struct session *s = a->s;
	int r = writable_own(s, false, diag);

	if (r < 0)
		return r;
	if (!a->joins) {
		r = guard_take(s, frontend_locked(), &a->guard, diag);
		if (r == 0)
			r = a->guard.no_place;
		return r < 0 ? r : guard_dpkg_idle(s, diag);
	}
	r = guard_front(s, frontend_locked(), &a->guard, diag);
	if (r == 0)
		r = nested_or_own(s, &a->guard, &a->nested, diag);
	if (r == 0)
		r = a->guard.no_place;
	return r < 0 || a->nested.journal != NULL ? r :
	       guard_dpkg_apart(s, diag);
}

/*
 * To dpkg a package is half-configured while its postinst runs. Ours does
 * nothing to its own files after it calls --adopt, so it counts as installed:
 * else it alone would stay open until the next run.
 */
static void
settle_own(struct act *a)
{
	const char *script = getenv("DPKG_MAINTSCRIPT_NAME");
	const char *package = getenv("DPKG_MAINTSCRIPT_PACKAGE");
	struct dpkgdb *db = a->s->db;

	if (!a->joins || a->nested.journal != NULL || script == NULL ||
	    package == NULL || strcmp(script, "postinst") != 0 ||
	    strcmp(package, SELF_PACKAGE) != 0)
		return;
	for (size_t i = 0; i < db->n_packages; i++) {
		struct package *p = &db->packages[i];

		if (strcmp(p->name, SELF_PACKAGE) == 0 && !p->reinstreq &&
		    p->state == PKG_HALF_CONFIGURED)
			p->state = PKG_INSTALLED;
	}
}

static int
look(struct act *a, struct diag *diag)
{
	int r = session_db(a->s, diag);

	if (r < 0)
		return r;
	settle_own(a);
	return session_due(a->s, diag);
}

/* Locks, recovery, records, database, choice. */
int
act_begin(struct act *a, struct diag *diag)
{
	struct session *s = a->s;
	struct journal_plan named = { .packages = NULL };
	bool releases = strcmp(a->name, "release") == 0;
	int r = take_locks(a, diag);

	if (r < 0)
		return r;
	session_log(s);
	if (a->nested.journal == NULL) {
		s->apart = a->joins;
		s->releases = releases && !a->job->no_act;
		session_keep_conf(s);
		r = recover_run(s, &a->recovered, diag);
	}
	if (r == 0 && a->recovered && !a->joins && !state_adopted(s->state))
		r = diag_set(diag, -ENOENT, NULL, 0,
		             "an interrupted --release is finished: "
		             "the root is not adopted");
	if (r == 0) {
		index_free(s->index);
		foreign_free(s->foreign);
		s->index = NULL;
		s->foreign = NULL;
		r = session_records(s, true, diag);
	}
	if (r == 0)
		r = look(a, diag);
	/* after a release there is nothing to lose */
	if (r == 0 && !releases && state_adopted(s->state))
		r = session_populated(s, diag);
	if (r == 0 && a->nested.journal == NULL &&
	    !(a->job->accept && a->job->all))
		a->job->tally.findings += records_since_last(s, true,
		                                             on_finding, a);
	if (r == 0)
		r = choose(a, diag);
	named.packages = a->keys;
	named.n_packages = a->job->n_matched;
	return r < 0 || a->job->no_act ? r :
	       writable_flags(s, &named, false, diag);
}

/* What a newer version has written would be lost, or not be told of it. */
int
act_no_newer(const struct session *s, struct diag *diag)
{
	return !s->newer ? 0 :
	       diag_set(diag, ERR_VERSION, STATE_DIR, 0, "holds what a newer "
	                "version has written; only flags can be set");
}

int
act_journal(struct act *a, struct diag *diag)
{
	const struct journal_plan plan = {
		.action = a->name, .admindir = a->s->admindir,
		.packages = a->keys, .n_packages = a->job->n_matched
	};
	int r = state_journal(a->s->state, &a->journal);

	a->t.id = transaction_new_id();
	if (r == 0)
		r = journal_begin(a->journal, a->t.id, &plan);
	hook("planned");
	return r < 0 ? diag_set(diag, r, STATE_DIR "/run/journal", 0,
	                        "cannot be written: %s", err_text(r)) : 0;
}

/* Closes what programs of ours that found us at work have opened: those of an
 * older version, whose upgrade is on the way. Others wait (nested.h). */
static int
close_nested(void *ctx, enum journal_wish wish)
{
	struct act *a = ctx;
	struct diag diag = { .line = 0 };
	struct closing c = {
		.id = a->t.id, .plan = journal_plan(a->journal),
		.full = wish == JOURNAL_ADOPTED, .by_hand = true,
		.quick = a->job->quick, .account = &a->account,
		.on_finding = on_finding, .ctx = a
	};
	int r = session_reroot(a->s, &diag);

	a->account.s = a->s;
	if (r == 0)
		r = look(a, &diag);
	if (r < 0)
		return r;
	if (wish == JOURNAL_RELEASED || strcmp(a->name, "release") == 0)
		return lifting_run(a->s, NULL, c.plan, &a->job->tally, &diag);
	r = closing_run(a->s, &c, &diag);
	tally_add(&a->job->tally, &c.tally);
	return r == 0 && err_passes(c.record_error) ? c.record_error : r;
}

/* Where it cannot be said that all is closed, the next run looks again. */
static bool
settled(struct act *a)
{
	struct diag diag = { .line = 0 };
	struct settling t = {
		.s = a->s, .journal = a->journal, .closed = true,
		.close = close_nested, .ctx = a, .visitors_fd = -1
	};
	int r = settle(&t, &diag);

	if (t.visitors_fd >= 0)
		close(t.visitors_fd);
	return r == 0;
}

/* What was remounted for this, or by a run that could not put it back. */
static void
put_back(struct act *a)
{
	struct diag d = { .line = 0 };
	char text[600];

	if (remounted_settle(a->s, &a->guard, true, &d) == 0)
		return;
	diag_text(&d, text, sizeof(text));
	log_warn("%s", text);
}

int
act_finish(struct act *a, int r)
{
	bool done = false, nested;

	a->t.action = a->name;
	a->t.exit_status = -1;
	a->t.packages = a->job->n_matched;
	a->t.tally = a->job->tally;
	a->t.note = r < 0 ? err_text(r) : a->note != NULL ? a->note : "";
	if (a->journal != NULL) {
		hook("closed");
		if (r == 0 || a->undone)
			done = settled(a);
		a->t.tally = a->job->tally;
		a->t.found = a->found.list;
		a->t.n_found = a->found.n;
		account_give(&a->account, &a->t);
		hook("flagged");
		transaction_write(a->s, &a->t);
		hook("recorded");
		if (done)
			journal_done(a->journal);
		hook("done");
	}
	if (r == 0 && a->nested.journal != NULL && !a->job->no_act) {
		a->t.id = transaction_new_id();
		transaction_write(a->s, &a->t);
	}
	nested = a->nested.journal != NULL;
	journal_free(a->journal);
	nested_leave(&a->nested);
	if (!nested && r != ERR_AGAIN && !a->job->no_act && !a->goes_on)
		put_back(a);
	if (!a->goes_on)
		guard_drop(&a->guard);
	found_free(&a->found);
	free(a->keys);
	free(a->chosen);
	log_close();
	return r;
}

int
act_close(struct act *a, bool full, struct diag *diag)
{
	const struct journal_plan plan = {
		.packages = a->keys, .n_packages = a->job->n_matched
	};
	struct closing c = {
		.id = a->t.id, .plan = &plan, .full = full, .by_hand = true,
		.quick = a->job->quick, .accept = a->job->accept,
		.account = &a->account, .on_finding = on_finding, .ctx = a
	};
	int r;

	a->account.s = a->s;
	r = closing_run(a->s, &c, diag);
	tally_add(&a->job->tally, &c.tally);
	if (r == 0)
		transaction_caught(a->t.id, &c);
	if (r == 0 && c.record_error < 0)
		r = diag_set(diag, c.record_error, STATE_DIR "/ledger", 0,
		             "cannot be written: %s",
		             err_text(c.record_error));
	return r;
}

/* The admindir as the marker has it: below the root. */
static const char *
admindir_below(const struct session *s)
{
	size_t n = strlen(s->instdir);

	if (strncmp(s->admindir, s->instdir, n) == 0 &&
	    s->admindir[n] == '/')
		return s->admindir + n;
	return NULL;
}

/* Nobody but us flags our own engine, and a release lifts that. */
static bool
flags_left(const struct session *s)
{
	struct node n;

	if (state_was_released(s->state) ||
	    root_stat(s->root, SELF_ENGINE, &n) < 0 ||
	    !(iflag_of_node(&n, true) & IFLAG_IMMUTABLE))
		return false;
	log_warn("flags are there already, as after the loss of %s: they count "
	         "as ours", STATE_DIR);
	return true;
}

/*
 * The marker comes before the first flag: a root with flags and no marker
 * would be one on which dpkg fails in silence.
 */
static int
adopt_new(struct act *a, struct diag *diag)
{
	struct session *s = a->s;
	int r = 0;

	if (a->job->all && !a->recovered) {
		a->lost = flags_left(s);
		foreign_free(s->foreign);
		s->foreign = foreign_new();
		r = s->foreign == NULL ? -ENOMEM :
		    act_each_verdict(a, act_note_foreign, diag);
		if (r == 0)
			r = foreign_store(s->state->ledger_fd, s->foreign);
	}
	if (r == 0)
		r = act_journal(a, diag);
	if (r == 0) {
		r = state_adopt(s->state);
		if (r < 0)
			diag_set(diag, r, STATE_DIR "/adopted", 0, "%s",
			         err_text(r));
	}
	hook("adopted");
	return r < 0 ? r : act_close(a, true, diag);
}

/* The run that is on protects everything at its end; where the root is adopted
 * it closes what it opened anyway, and to look at all is not quick. */
static int
adopt_within(struct act *a, bool adopted)
{
	int r = state_adopt(a->s->state);

	if (r == 0 && !(adopted && a->job->quick))
		r = journal_wish(a->nested.journal, JOURNAL_ADOPTED);
	a->job->deferred = r == 0;
	hook("wished");
	return r;
}

/* What must be so before the first trace of us is there. */
static int
prepare_adoption(struct session *s, struct diag *diag)
{
	int r = writable_own(s, false, diag);

	if (r == 0)
		r = session_db(s, diag);
	return r < 0 ? r : writable_adoption(s, diag);
}

int
admin_adopt(struct session *s, struct admin_job *job, struct diag *diag)
{
	struct act a = {
		.s = s, .job = job, .name = "adopt", .joins = true,
		.guard = { .frontend_fd = -1 }, .nested = { .hold_fd = -1 }
	};
	const char *admindir = admindir_below(s);
	bool adopted = s->state != NULL;
	int r = 0;

	job->all = true;
	if (admindir == NULL)
		return diag_set(diag, -EINVAL, s->admindir, 0,
		                "is not below the root");
	if (job->no_act && !adopted) {
		r = session_db(s, diag);
		if (r == 0)
			r = session_due(s, diag);
		if (r == 0)
			r = choose(&a, diag);
		if (r == 0)
			r = act_each_verdict(&a, act_count_due, diag);
		return act_finish(&a, r);
	}
	r = prepare_adoption(s, diag);
	if (r == 0 && !adopted)
		r = state_create(s->root, admindir, &s->state, diag);
	if (r == 0)
		r = act_begin(&a, diag);
	if (r == 0 && !adopted && a.nested.journal == NULL)
		r = guard_may_adopt(s, diag);
	if (r == 0 && !adopted)
		r = act_no_newer(s, diag);
	if (r == 0 && a.nested.journal != NULL && !job->no_act)
		return act_finish(&a, adopt_within(&a, adopted));
	if (r == 0 && adopted && !job->no_act)
		r = state_adopt(s->state);
	if (r == 0 && adopted)
		r = job->no_act ? act_each_verdict(&a, act_count_due, diag) :
		    act_journal(&a, diag);
	if (r == 0 && adopted && !job->no_act)
		r = act_close(&a, true, diag);
	else if (r == 0 && !adopted)
		r = adopt_new(&a, diag);
	return act_finish(&a, r);
}

int
admin_release(struct session *s, struct admin_job *job, bool forget,
              struct diag *diag)
{
	struct act a = {
		.s = s, .job = job, .name = "release", .joins = true,
		.guard = { .frontend_fd = -1 }, .nested = { .hold_fd = -1 }
	};
	bool nested;
	int r;

	job->all = true;
	r = act_begin(&a, diag);
	if (r == 0)
		r = act_no_newer(s, diag);
	if (r == 0 && job->no_act)
		return act_finish(&a, act_each_verdict(&a, act_count_lifts, diag));
	nested = a.nested.journal != NULL;
	/* Else whoever goes on with it would lift, with the right that we
	 * don't have. */
	if (r == 0)
		r = guard_may_flag(s, diag);
	if (r == 0)
		r = nested ? journal_wish(a.nested.journal, JOURNAL_RELEASED) :
		    act_journal(&a, diag);
	hook("wished");
	if (r == 0)
		r = lifting_run(s, NULL, NULL, &job->tally, diag);
	hook("lifted");
	if (r == 0)
		r = state_release(s->state);
	/* the run that is on need not try it as well */
	if (r < 0 && nested)
		journal_wish(a.nested.journal, JOURNAL_ADOPTED);
	a.goes_on = r == 0;
	r = act_finish(&a, r);
	if (!a.goes_on)
		return r;
	if (s->state->history_fd >= 0)
		r = history_unseal(s->state->history_fd);
	if (r == 0 && forget)
		r = state_forget(s->state);
	if (!nested)
		put_back(&a);
	guard_drop(&a.guard);
	return r;
}

int
admin_recover(struct session *s, struct admin_job *job, bool *ret_did,
              struct diag *diag)
{
	struct guard guard = { .frontend_fd = -1 };
	int r;

	/* an adoption that did not come to its end */
	if (s->state == NULL)
		return remounted_settle(s, &guard, false, diag);
	r = writable_own(s, false, diag);
	if (r == 0)
		r = guard_take(s, frontend_locked(), &guard, diag);
	if (r == 0)
		r = guard.no_place;
	if (r == 0) {
		session_log(s);
		r = recover_tally(s, ret_did, &job->tally, diag);
		if (r == 0)
			r = remounted_settle(s, &guard, *ret_did, diag);
		log_close();
	}
	if (r == 0 && job->tally.failed > 0)
		r = diag_set(diag, job->tally.first_error, NULL, 0,
		             "%zu files could not be protected: %s",
		             job->tally.failed,
		             err_text(job->tally.first_error));
	guard_drop(&guard);
	return r;
}
