/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "recover.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "closing.h"
#include "file.h"
#include "found.h"
#include "guard.h"
#include "history.h"
#include "hook.h"
#include "lifting.h"
#include "log.h"
#include "nested.h"
#include "records.h"
#include "self.h"
#include "transaction.h"
#include "writable.h"

/* More rounds of nested callers than this are left to the next run. */
#define SETTLE_TRIES 16
/* Who calls us may be one of those that have joined. */
#define VISITORS_SECONDS 10
/* Of dpkg-immutable-divert: the files that it has opened. */
#define DIVERT_NOTE "divert"
#define DIVERT_NOTE_MAX 65536

static bool
is_action(const struct journal_plan *plan, const char *name)
{
	return plan != NULL && plan->action != NULL &&
	       strcmp(plan->action, name) == 0;
}

/* Whether the plan names all that is recorded. */
static bool
names_all(const struct journal_plan *plan, const struct index *x)
{
	for (size_t i = 0; i < x->n_rows; i++) {
		bool named = x->rows[i].state <= PKG_CONFIG_FILES;

		for (size_t k = 0; !named && k < plan->n_packages; k++)
			named = index_row_is(&x->rows[i], plan->packages[k]);
		if (!named)
			return false;
	}
	return true;
}

/* A database without packages: what the run was there for, or nothing that
 * --release would have to wait for. */
static int
check_populated(const struct session *outer, struct session *s,
                const struct journal_plan *plan, struct diag *diag)
{
	int e = session_populated(s, diag);

	if (e != ERR_REFUSED)
		return e;
	if ((is_action(plan, "remove") || is_action(plan, "purge")) &&
	    s->index->n_rows > 0 && names_all(plan, s->index))
		return 0;
	s->releases = outer->releases;
	return s->releases ? 0 : e;
}

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
	e = outer->apart ? guard_dpkg_apart(s, diag) :
	                   guard_dpkg_idle(s, diag);
	if (e == 0)
		e = session_conf(s, NULL, true, diag);
	if (e == 0)
		e = session_records(s, true, diag);
	if (e == 0)
		e = session_db(s, diag);
	if (e == 0)
		e = check_populated(outer, s, plan, diag);
	if (e == 0)
		e = session_due(s, diag);
	if (e == 0 && s->state->damaged == 0)
		state_adopt(s->state);	/* the marker's flags, nothing more */
	return e;
}

/* What a recovery finds, for its entry and the log. */
struct recovery {
	uint64_t id;
	struct found found;
	struct account account;
	struct closing c;
};

static void
on_finding(void *ctx, const struct finding *f)
{
	struct recovery *r = ctx;

	found_add(&r->found, f);
	transaction_finding(r->id, f);
}

static void
recovery_init(struct recovery *r, uint64_t id, const struct journal_plan *plan)
{
	memset(r, 0, sizeof(*r));
	r->id = id;
	r->c = (struct closing){
		.id = id, .plan = plan, .recovering = true,
		.account = &r->account, .on_finding = on_finding, .ctx = r
	};
}

static void
recover_record(struct session *s, struct recovery *r, const char *note)
{
	struct transaction t = {
		.id = r->id, .action = "recover", .packages = r->c.n_packages,
		.tally = r->c.tally, .exit_status = -1, .note = note,
		.found = r->found.list, .n_found = r->found.n
	};

	hook("recovered");
	account_give(&r->account, &t);
	if (s->state != NULL && r->c.record_error < 0)
		log_line("txn=%016" PRIx64 " note=\"ledger not written: %s\"",
		         r->id, err_text(r->c.record_error));
	if (s->state != NULL)
		transaction_write(s, &t);
}

/* What a program within the run has asked its end to be holds for us too. To
 * close by a database without packages would be to forget all of them: where
 * --release has called us it is lifted, and what is recorded stays. */
static int
recover_close(struct session *s, struct journal *j, struct closing *c,
              enum journal_wish wish, struct diag *diag)
{
	int e;

	c->full |= wish != JOURNAL_NO_WISH;
	e = writable_flags(s, c->plan, c->full, diag);
	if (e < 0)
		return e;
	if (s->releases) {
		/* the journal names what the run opened, and no more */
		if (j != NULL && wish != JOURNAL_ADOPTED) {
			e = journal_wish(j, JOURNAL_ADOPTED);
			(void)journal_wished(j);	/* it is ours */
		}
		return e < 0 ? e : lifting_run(s, NULL, c->plan, &c->tally,
		                               diag);
	}
	/* Half released is neither: then all is protected again. */
	if (wish == JOURNAL_RELEASED &&
	    lifting_run(s, NULL, c->plan, &c->tally, diag) == 0 &&
	    state_release(s->state) == 0)
		return 0;
	return closing_run(s, c, diag);
}

/* No dpkg has run: what differs from what was recorded is no work of its. */
static bool
is_by_hand(const struct journal_plan *plan)
{
	return is_action(plan, "adopt") || is_action(plan, "protect") ||
	       is_action(plan, "unprotect") || is_action(plan, "release");
}

/* All is closed, and what was recorded is told by whoever comes next: with the
 * journal DONE, or the note gone, nobody would. */
static int
check_recorded(const struct recovery *r, struct diag *diag)
{
	int e = r->c.record_error;

	return !err_passes(e) ? 0 :
	       diag_set(diag, e, STATE_DIR "/ledger", 0,
	                "closed, and not recorded: %s", err_text(e));
}

/* `last`: what could not be recorded has been tried before in this call. */
static int
recover_one(struct session *outer, struct journal *j, bool last,
            struct tally *tally, struct diag *diag)
{
	enum journal_wish wish = journal_wished(j);
	bool bad = journal_state(j) == JOURNAL_BAD;
	bool closed = journal_state(j) == JOURNAL_CLOSED;
	struct session *s = NULL;
	struct recovery r;
	int e;

	recovery_init(&r, bad ? transaction_new_id() : journal_id(j),
	              bad ? NULL : journal_plan(j));
	r.c.by_hand = is_by_hand(r.c.plan);
	/* Else all of the system would be read, at boot with everything
	 * waiting for it: digests are recorded later. */
	r.c.quick = is_action(r.c.plan, "adopt");
	r.c.full = bad || r.c.quick || is_action(r.c.plan, "release");
	e = recover_session(outer, r.c.plan, &s, diag);
	r.account.s = s;
	if (e == 0 && s->state != NULL)
		e = recover_close(s, j, &r.c, wish, diag);
	if (e == 0)
		e = check_recorded(&r, diag);
	/* Once more by the next call; but what stays so must not stop dpkg. */
	if (e < 0 && last && err_passes(r.c.record_error)) {
		if (closed || bad)
			e = 0;
		else
			(void)journal_closed(j);
	}
	if (e == 0) {
		recover_record(s, &r, bad ? "journal was damaged; kept as "
		               "journal.bad" : "closed an interrupted run");
		if (s->state != NULL && !state_adopted(s->state) &&
		    s->state->history_fd >= 0)
			history_unseal(s->state->history_fd);
		e = bad ? journal_set_aside(j) : journal_done(j);
	}
	if (e == 0)
		tally_add(tally, &r.c.tally);
	found_free(&r.found);
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
	outer->releases = false;	/* it won't be */
	if (e == 0)
		e = recover_session(outer, NULL, &s, diag);
	if (e == 0 && s->state != NULL) {
		s->newer = true;
		e = writable_flags(s, NULL, true, diag);
	}
	if (e == 0 && s->state != NULL)
		e = closing_run(s, &c, diag);
	session_free(s);
	return e;
}

/* A program that has joined the run works on what it has open, though dpkg has
 * ended; and nobody may join what is being closed. */
static int
recover_journal(struct session *s, struct journal *j, struct tally *tally,
                struct diag *diag)
{
	int e = guard_child_gone(s->state, diag), visitors;

	if (e < 0)
		return e;
	visitors = nested_wait(journal_folder(j), VISITORS_SECONDS);
	if (visitors == ERR_BUSY)
		return diag_set(diag, ERR_BUSY, NULL, 0, "a program within an "
		                "interrupted run is still at work");
	e = recover_one(s, j, false, tally, diag);
	for (int i = 0; i < SETTLE_TRIES && e == ERR_BUSY &&
	     diag->what[0] == '\0'; i++)
		e = recover_one(s, j, false, tally, diag);
	if (err_passes(e))
		e = recover_one(s, j, true, tally, diag);
	if (visitors >= 0)
		close(visitors);
	return e;
}

/* Whether the note has such a line: "done", it came to its end; "diversions",
 * it has changed dpkg's. */
static bool
note_says(const struct buf *text, const char *word)
{
	size_t n = strlen(word);
	const char *at = text->data, *end = at + text->len;

	while (at != NULL && at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		if (newline == NULL)
			return false;
		if ((size_t)(newline - at) == n && memcmp(at, word, n) == 0)
			return true;
		at = newline + 1;
	}
	return false;
}

/*
 * dpkg-immutable-divert was killed with files open. It holds a lock while
 * it works: as long as that is held, the note is its own. It changes
 * nothing else than it says.
 */
static int
recover_noted(struct session *outer, int run_fd, const struct buf *text,
              struct tally *tally, struct diag *diag)
{
	const char *noted[SELF_NOTED];
	struct journal_path paths[SELF_NOTED] = { { .path = NULL } };
	struct journal_plan plan = { .paths = paths };
	struct session *s = NULL;
	struct recovery r;
	int e;

	recovery_init(&r, transaction_new_id(), &plan);
	plan.n_paths = self_noted(text->data, text->len, noted);
	for (size_t i = 0; i < plan.n_paths; i++)
		paths[i].path = noted[i];
	e = recover_session(outer, NULL, &s, diag);
	r.account.s = s;
	if (e == 0 && s->state != NULL) {
		r.c.tally.findings += records_since_last(s,
		    !note_says(text, "diversions"), on_finding, &r);
		e = recover_close(s, NULL, &r.c, JOURNAL_NO_WISH, diag);
	}
	if (e == 0)
		e = check_recorded(&r, diag);
	if (e == 0) {
		recover_record(s, &r, note_says(text, "done") ?
		               "dpkg-immutable-divert was at work" :
		               "closed an interrupted dpkg-immutable-divert");
		unlinkat(run_fd, DIVERT_NOTE, 0);
		tally_add(tally, &r.c.tally);
	}
	found_free(&r.found);
	session_free(s);
	return e;
}

static int
recover_divert(struct session *s, bool *ret_did, struct tally *tally,
               struct diag *diag)
{
	int run, lock = -1, e = 0;
	struct buf text;

	run = openat(s->state->dir_fd, "run",
	             O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (run < 0)
		return 0;
	buf_init(&text, DIVERT_NOTE_MAX);
	/* At work; or there is none; or it is not for this database. The lock
	 * is where that root has what STATE_RUN is on this one. */
	if (s->guest_db || (root_open_dir(s->root, STATE_RUN, &lock) == 0 &&
	    flock(lock, LOCK_EX | LOCK_NB) < 0) ||
	    file_read(run, DIVERT_NOTE, &text) < 0)
		goto out;
	*ret_did = true;
	e = recover_noted(s, run, &text, tally, diag);
out:
	if (lock >= 0)
		close(lock);
	buf_free(&text);
	close(run);
	return e;
}

int
recover_tally(struct session *s, bool *ret_did, struct tally *tally,
              struct diag *diag)
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
		} else if (err_passes(e) || e == -EPERM) {
			/* one that can't be looked at may name what is open */
			return diag_set(diag, e, STATE_DIR "/run/journal", 0,
			                "cannot be read: %s", err_text(e));
		} else if (e < 0) {
			continue;	/* no journal, nothing to close */
		} else if (journal_state(j) != JOURNAL_IDLE) {
			e = recover_journal(s, j, tally, diag);
			*ret_did = true;
		}
		journal_free(j);
		if (e < 0)
			return e;
	}
	return recover_divert(s, ret_did, tally, diag);
}

int
recover_run(struct session *s, bool *ret_did, struct diag *diag)
{
	struct tally ignored = { .opened = 0 };

	return recover_tally(s, ret_did, &ignored, diag);
}
