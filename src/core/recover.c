/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "recover.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "closing.h"
#include "file.h"
#include "guard.h"
#include "history.h"
#include "hook.h"
#include "lifting.h"
#include "log.h"
#include "self.h"
#include "transaction.h"

/* More rounds of nested callers than this are left to the next run. */
#define SETTLE_TRIES 16
/* Of dpkg-immutable-divert: the files that it has opened. */
#define DIVERT_NOTE "divert"
#define DIVERT_NOTE_MAX 65536

/* A session of its own, so that the caller's stays as it is. */
static int
recover_session(struct session *outer, const struct journal_plan *plan,
                struct session **ret, struct diag *diag)
{
	struct session *s;
	int e = session_open(outer->instdir, plan != NULL && plan->guest_db ?
	                     plan->admindir : NULL, &s, diag);

	if (e < 0)
		return e;
	*ret = s;
	/* Adoption that had not begun, or a release that was through: there is
	 * nothing to close, whoever is at work; it may be the dpkg that has
	 * called us. */
	if (s->state == NULL)
		return 0;
	e = guard_dpkg_idle(s, diag);
	if (e == 0)
		e = session_conf(s, NULL, true, diag);
	if (e == 0)
		e = session_records(s, true, diag);
	if (e == 0)
		e = session_db(s, diag);
	if (e == 0)
		e = session_due(s, diag);
	if (e == 0 && s->state->damaged == 0)
		state_adopt(s->state);	/* the marker's flags, nothing more */
	return e;
}

static void
recover_record(struct session *s, uint64_t id, const struct closing *c,
               const char *note)
{
	struct transaction t = {
		.id = id, .action = "recover", .packages = c->n_packages,
		.tally = c->tally, .exit_status = -1, .note = note
	};

	hook("recovered");
	account_give(c->account, &t);
	if (s->state != NULL)
		transaction_write(s, &t);
}

/* What a program within the run has asked its end to be holds for us too. */
static int
recover_close(struct session *s, struct closing *c, enum journal_wish wish,
              struct diag *diag)
{
	c->full |= wish != JOURNAL_NO_WISH;
	/* Half released is neither: then all is protected again. */
	if (wish == JOURNAL_RELEASED &&
	    lifting_run(s, NULL, c->plan, &c->tally, diag) == 0 &&
	    state_release(s->state) == 0)
		return 0;
	return closing_run(s, c, diag);
}

/* Then all of the system would be read, at boot with everything waiting for
 * it: digests are recorded later, as after --adopt --quick. */
static bool
is_adoption(const struct journal_plan *plan)
{
	return plan != NULL && plan->action != NULL &&
	       strcmp(plan->action, "adopt") == 0;
}

static int
recover_one(struct session *outer, struct journal *j, struct diag *diag)
{
	bool bad = journal_state(j) == JOURNAL_BAD;
	enum journal_wish wish = journal_wished(j);
	uint64_t id = bad ? transaction_new_id() : journal_id(j);
	struct closing c = {
		.id = id, .plan = bad ? NULL : journal_plan(j), .full = bad,
		.recovering = true
	};
	struct account account = { .s = NULL };
	struct session *s = NULL;
	int e = guard_child_gone(outer->state, diag);

	c.quick = is_adoption(c.plan);
	if (e == 0)
		e = recover_session(outer, c.plan, &s, diag);
	account.s = s;
	c.account = &account;
	if (e == 0 && s->state != NULL)
		e = recover_close(s, &c, wish, diag);
	if (e == 0) {
		recover_record(s, id, &c, bad ? "journal was damaged; kept as "
		               "journal.bad" : "closed an interrupted run");
		if (s->state != NULL && !state_adopted(s->state) &&
		    s->state->history_fd >= 0)
			history_unseal(s->state->history_fd);
		e = bad ? journal_set_aside(j) : journal_done(j);
	}
	session_free(s);
	return e;
}

/* A journal of a newer format may name what is open; we can't read it, nor
 * say in it that all is closed. */
static int
recover_newer(struct session *outer, struct diag *diag)
{
	struct closing c = { .full = true };
	struct session *s = NULL;
	int e = guard_child_gone(outer->state, diag);

	outer->newer = true;
	if (e == 0)
		e = recover_session(outer, NULL, &s, diag);
	if (e == 0 && s->state != NULL) {
		s->newer = true;
		e = closing_run(s, &c, diag);
	}
	session_free(s);
	return e;
}

static int
recover_journal(struct session *s, struct journal *j, struct diag *diag)
{
	int e = recover_one(s, j, diag);

	for (int i = 0; i < SETTLE_TRIES && e == ERR_BUSY &&
	     diag->what[0] == '\0'; i++)
		e = recover_one(s, j, diag);
	return e;
}

/* Its last line, where it has come to its end. */
static bool
is_done(const struct buf *text)
{
	return text->len >= 5 &&
	       memcmp(text->data + text->len - 5, "done\n", 5) == 0;
}

/*
 * dpkg-immutable-divert was killed with files open. It locks dpkg's folder
 * while it works: as long as that is held, the note is its own.
 */
static int
recover_noted(struct session *outer, int run_fd, const struct buf *text,
              struct diag *diag)
{
	const char *noted[SELF_NOTED];
	struct journal_path paths[SELF_NOTED] = { { .path = NULL } };
	struct journal_plan plan = { .paths = paths };
	struct account account = { .s = NULL };
	struct closing c = {
		.plan = &plan, .recovering = true, .account = &account
	};
	struct session *s = NULL;
	int e;

	plan.n_paths = self_noted(text->data, text->len, noted);
	for (size_t i = 0; i < plan.n_paths; i++)
		paths[i].path = noted[i];
	e = recover_session(outer, NULL, &s, diag);
	account.s = s;
	if (e == 0 && s->state != NULL)
		e = closing_run(s, &c, diag);
	if (e == 0) {
		recover_record(s, transaction_new_id(), &c,
		               is_done(text) ?
		               "dpkg-immutable-divert was at work" :
		               "closed an interrupted dpkg-immutable-divert");
		unlinkat(run_fd, DIVERT_NOTE, 0);
	}
	session_free(s);
	return e;
}

static int
recover_divert(struct session *s, bool *ret_did, struct diag *diag)
{
	int run, lock = -1, e;
	struct buf text;

	run = openat(s->state->dir_fd, "run",
	             O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (run < 0)
		return 0;
	buf_init(&text, DIVERT_NOTE_MAX);
	e = file_read(run, DIVERT_NOTE, &text);
	if (e < 0 || s->guest_db) {
		e = 0;		/* none, or not for this database */
		goto out;
	}
	lock = open(s->admindir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) < 0)
		goto out;
	*ret_did = true;
	e = recover_noted(s, run, &text, diag);
out:
	if (lock >= 0)
		close(lock);
	buf_free(&text);
	close(run);
	return e;
}

int
recover_run(struct session *s, bool *ret_did, struct diag *diag)
{
	int (*const places[])(struct state *, struct journal **) = {
		state_journal, state_other_journal
	};

	*ret_did = false;
	for (size_t i = 0; i < 2; i++) {
		struct journal *j = NULL;
		int e = places[i](s->state, &j);

		if (e == ERR_VERSION) {
			log_warn("the journal is of a newer format: all that "
			         "is due is protected, nothing is recorded");
			e = recover_newer(s, diag);
		} else if (e < 0) {
			continue;	/* no journal, nothing to close */
		} else if (journal_state(j) != JOURNAL_IDLE) {
			e = recover_journal(s, j, diag);
			*ret_did = true;
		}
		journal_free(j);
		if (e < 0)
			return e;
	}
	return recover_divert(s, ret_did, diag);
}
