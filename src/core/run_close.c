/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright (C) 2026 The dpkg-immutable authors */
#include "run_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "history.h"
#include "hook.h"
#include "keeper.h"
#include "lifting.h"
#include "log.h"
#include "settle.h"
#include "transaction.h"
#include "writable.h"

void
run_finding(void *ctx, const struct finding *f)
{
	struct run *r = ctx;

	found_add(&r->found, f);
	transaction_finding(r->id, f);
}

/* What the database now says, with the folders as they are now. */
static int
look_again(struct run *r)
{
	int e = session_reroot(r->s, &r->diag);

	if (e == 0)
		e = session_db(r->s, &r->diag);
	return e < 0 ? e : session_due(r->s, &r->diag);
}

/* Our own program may have been replaced by the run: the closing then sets
 * flags and writes nothing (session_replaced). */
static int
close_once(struct run *r, const struct journal_plan *plan, bool all,
           bool accept)
{
	struct closing c = {
		.id = r->id, .plan = plan,
		.full = all,
		.only_plan = accept || (r->companion != NULL && !all),
		.moves_only = r->companion != NULL &&
		              r->companion->path != NULL,
		.accept = accept,
		.n_known = r->opening.n_paths, .account = &r->account,
		.on_finding = run_finding, .ctx = r
	};
	int e;

	r->account.s = r->s;
	e = closing_run(r->s, &c, &r->diag);

	tally_add(&r->tally, &c.tally);
	if (e == 0)
		transaction_caught(r->id, &c);
	if (e == 0 && r->record_error == 0)
		r->record_error = c.record_error;
	if (e == 0 && c.record_error < 0)
		log_line("txn=%016" PRIx64 " note=\"ledger not written: %s\"",
		         r->id, err_text(c.record_error));
	return e;
}

/* A program of ours within the run has ended the adoption: so do we. */
static int
let_go(struct run *r, const struct journal_plan *plan)
{
	int e = lifting_run(r->s, NULL, plan, &r->tally, &r->diag);

	if (e == 0)
		e = state_release(r->s->state);
	r->released = e == 0;
	return e;
}

static int
step_close(void *ctx, enum journal_wish wish)
{
	struct run *r = ctx;
	const struct journal_plan own = {
		.paths = r->opening.paths, .n_paths = r->opening.n_paths,
		.packages = r->opening.packages,
		.n_packages = r->opening.n_packages
	};
	const struct journal_plan named = {
		.packages = r->opening.packages,
		.n_packages = r->opening.n_named
	};
	/* The journal knows what nested callers opened. */
	const struct journal_plan *plan = r->journal == NULL ? NULL :
	                                  journal_plan(r->journal);
	int e = look_again(r);

	if (plan == NULL)
		plan = &own;
	/* What nested callers have opened in a mount namespace of theirs, and
	 * what scripts have made read-only. Where we have no namespace
	 * ourselves, flags that can't be set will say so. */
	if (e == 0 && keeper_private())
		e = writable_flags(r->s, plan, false, &r->diag);
	if (e == 0 && wish == JOURNAL_RELEASED) {
		/* Half released is neither: then all is protected again. */
		if (let_go(r, plan) < 0)
			e = close_once(r, plan, true, false);
		hook("closed");
		return e;
	}
	/* What a command has made of the files is what it was called for;
	 * of anybody else's that is not so. */
	if (e == 0 && r->command != NULL)
		e = close_once(r, &named, false, true);
	if (e == 0)
		e = close_once(r, plan, wish == JOURNAL_ADOPTED, false);
	hook("closed");
	return e;
}

/* What a nested caller opened while we were closing is closed as well. */
int
run_settle(struct run *r)
{
	struct settling t = {
		.s = r->s, .journal = r->journal, .close = step_close,
		.ctx = r, .visitors_fd = -1
	};
	int e = settle(&t, &r->diag);

	r->visitors_fd = t.visitors_fd;
	return e;
}

void
run_entry(struct run *r, int exit_status, const char *note)
{
	struct transaction t = {
		.id = r->id, .action = r->action,
		.argv = r->argv, .packages = r->opening.n_packages,
		.tally = r->tally, .exit_status = exit_status,
		.signal = r->child.signal, .note = note,
		.found = r->found.list, .n_found = r->found.n
	};

	while (r->argv[t.argc] != NULL)
		t.argc++;
	account_give(&r->account, &t);
	transaction_write(r->s, &t);
}

void
run_record(struct run *r, int closed)
{
	char note[600] = "";

	if (closed < 0)
		diag_text(&r->diag, note, sizeof(note));
	hook("flagged");
	run_entry(r, r->child.exit_status, note);
	/* released, or undone past us by the end of our own package */
	if ((r->released || !state_adopted(r->s->state)) &&
	    r->s->state->history_fd >= 0)
		history_unseal(r->s->state->history_fd);
	hook("recorded");
	/* The program that has taken our place finds the journal CLOSED, closes
	 * once more and records; so does the next run where that is not to be
	 * had for the moment. */
	if (!r->released && session_replaced(r->s)) {
		log_line("txn=%016" PRIx64 " note=\"our own program was "
		         "replaced: the new one records\"", r->id);
		r->replaced = closed == 0 && r->journal != NULL;
	} else if (closed == 0 && r->journal != NULL &&
	           (r->released || !err_passes(r->record_error))) {
		journal_done(r->journal);
	}
	hook("done");
}
